"""A loop that asks people: the leaking cart, in mode ask, with a forum that answers by the same journal."""

from dataclasses import replace

from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.model import (
    Actor,
    ApprovalSettings,
    ApproverRole,
    Channel,
    Mode,
    Said,
    Scope,
)
from tests.fakes.clock import FakeClock
from tests.unit.core.cases import MINUTE, NOW, policy
from tests.unit.engine.acting_cases import Acting, acting_rules, playbook

ADA = Actor(Channel.SLACK, "T1/U1", "Ada")
BOB = Actor(Channel.SLACK, "T1/U2", "Bob")
EVE = Actor(Channel.SLACK, "T1/U9", "Ada")  # by name only
SETTINGS = ApprovalSettings(
    roles={
        "on-call": ApproverRole(slack_users=("T1/U1", "T1/U2")),
        "lead": ApproverRole(slack_users=("T1/U3",)),
    },
    second_tier=("lead",),
)


class Asking(Acting):
    """``Acting`` in mode ask, with a forum; ``say`` is at the loop's time."""

    def __init__(self, *steps, settings=SETTINGS, mode=Mode.ASK, **options):
        asking = policy(scopes=(Scope(mode, namespace="shop"),))
        book = playbook(*(steps or ("annotate",)))
        the_rules = replace(acting_rules(book, policy=asking), approvals=settings, cluster="prod")
        super().__init__(the_rules=the_rules, **options)
        self.clock = FakeClock(NOW)
        self.minute = 0.0
        self.stops = []
        self.hall = Hall(
            self.store,
            self.loop.term,
            settings,
            self.clock,
            explain=lambda incident_id: f"because of {incident_id}",
            change=self._change,
            stop=lambda by, why: self.stops.append((by, why)) or True,
            resume=lambda: bool(self.stops) and not self.stops.clear(),
        )
        self.forum = OpenForum(self.store, self.loop.term, settings, self.clock, self.hall)
        self.forum.restore()

    def tick(self, minute, *happenings, **options):
        self.minute = minute
        self.clock.jump((NOW + minute * MINUTE - self.clock.now_ms()) / 1000)
        return super().tick(minute, *happenings, **options)

    def _change(self, said, wish, asked):
        now_ms = self.clock.now_ms()
        return self.loop.amend(said, wish, asked, now_ms, self.facts(self.minute))

    def asks(self):
        """An hour of calm, then the leak: the approval that is asked for."""
        self.calm_hour()
        self.leaks(0)
        (approval,) = self.forum.approvals()
        return approval

    def say(self, actor, saying, ref="", via="slack reply"):
        return self.forum.say(Said(actor, saying, self.clock.now_ms(), via, ref))

    def state(self, approval):
        return self.forum.approval(approval.id).state

    def moves(self):
        """(state, said) of every move of an approval, as journalled."""
        moved = self.store.read(kinds=("approval_moved",))
        return [(one.entry.payload["state"], one.entry.payload["said"]) for one in moved]


def critical():
    """Two people for everything."""
    return replace(SETTINGS, critical_share=0.0, critical_remediations=("annotate",))
