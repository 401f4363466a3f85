"""A journal with an incident, and a herald over it whose one channel is an outbox."""

from dataclasses import replace

from aiops.core.approvals.book import asked_entry, moved_entry, reminded_entry
from aiops.core.ledger import decided_entry
from aiops.engine.entries import changed, closed
from aiops.engine.herald import Herald, Outlet
from aiops.engine.posts import StorePosts
from aiops.model import (
    ApprovalState,
    Entry,
    Escalate,
    IncidentState,
    Lean,
    NotifySettings,
    Reason,
    Severity,
)
from aiops.model.wire import to_json
from tests.fakes.clock import FakeClock
from tests.fakes.forum import an_approval
from tests.fakes.notifier import Outbox
from tests.fakes.store import FakeStore
from tests.unit.core.cases import CART, MINUTE, NOW, facts, incident, plan, step

__all__ = ["CART", "MINUTE", "NOW", "Town", "facts", "incident"]


class Town:
    """Journal, clock, channel and herald; what happens is written into the journal, as the loop would."""

    def __init__(
        self,
        notify=None,
        store=None,
        box=None,
        *,
        takes=lambda _owner: True,
        grouped=True,
        again_s=0.0,
        term=0,
        questions=True,
    ):
        self.store = store or FakeStore()
        self.clock = FakeClock(NOW)
        self.failures = []
        self.settings = notify or NotifySettings()
        self.posts = StorePosts(self.store, term, self.clock.now_ms)
        self.box = box or Outbox()
        self.box.posts = self.posts
        outlet = Outlet(self.box, takes=takes, grouped=grouped, again_s=again_s, questions=questions)
        self.herald = Herald(
            self.store,
            self.posts,
            [outlet],
            self.settings,
            self.clock,
            failed=lambda what, error: self.failures.append((what, error)),
            draw=lambda _incident, seen: b"png:" + str(len(seen)).encode(),
        )
        self.herald.follow(facts())

    def write(self, *entries):
        self.store.append(entries, 0)

    def opens(self, *incidents):
        for one in incidents or (incident(),):
            self.write(Entry("incident_opened", one.id, one.opened_ms, {"incident": to_json(one)}))

    def decides(self, made=None):
        """The restart is to be approved; its plan, and the approval that asks for it."""
        made = made or plan(step())
        reason = Reason("impact", Lean.ESCALATE, "impact high")
        decision = Escalate(made, (reason,), ("on-call",), NOW + 15 * MINUTE)
        self.write(decided_entry(decision, self.clock.now_ms()))
        return made

    def asks(self, name="a1b2c3d4e5f6", **changes):
        made = self.decides()
        approval = an_approval(
            name,
            incident_id="i1",
            digest=made.digest,
            asked_ms=self.clock.now_ms(),
            remind_ms=self.clock.now_ms() + 5 * MINUTE,
            until_ms=self.clock.now_ms() + 15 * MINUTE,
            **changes,
        )
        self.write(asked_entry(approval, self.clock.now_ms()))
        return approval

    def moves(self, approval, state, said=""):
        self.write(moved_entry(approval, ApprovalState(state), said or state, self.clock.now_ms()))

    def reminds(self, approval):
        self.write(reminded_entry(approval, self.clock.now_ms()))

    def changes(self, one, *what):
        self.write(changed(one, what, self.clock.now_ms()))

    def closes(self, one):
        over = replace(
            one,
            state=IncidentState.CLOSED,
            closed_ms=self.clock.now_ms(),
            closed_because="all signals are back",
        )
        self.write(closed(over, self.clock.now_ms()))

    def delivers(self, seconds=0.0):
        """Time passes in steps of a second, and what is due is told."""
        self.herald.deliver()
        for _ in range(int(seconds)):
            self.clock.advance(1)
            self.herald.deliver()

    def again(self, **changes):
        """The daemon was killed; a new one starts on the same journal and the same channel."""
        return Town(self.settings, self.store, self.box, **changes)

    def many(self, count, **changes):
        """So many incidents of different workloads."""
        return [
            incident(
                id=f"i{number}",
                targets=(replace(CART, name=f"w{number}"),),
                suspects=(),
                severity=Severity.HIGH if number % 7 else Severity.CRITICAL,
                opened_ms=NOW,
                **changes,
            )
            for number in range(count)
        ]
