"""A loop over the leaking cart of ``tests.unit.core.cases``, with real remediations and a real journal."""

from dataclasses import replace

from aiops.adapters.memory import MemoryStore
from aiops.bootstrap.plugins import remediation
from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.engine.loop import Loop
from aiops.engine.rules import Rules
from aiops.engine.window import Recorded
from aiops.model import (
    Correlation,
    Detection,
    Matcher,
    Mode,
    Playbook,
    PlaybookStep,
    Revision,
    Role,
    Signal,
    TargetMapping,
)
from tests.unit.core.cases import CART, DAY, MINUTE, NOW, anomaly, facts, policy, workload

MEMORY = Signal("memory", "m", "B", Role.MEMORY, TargetMapping("Deployment", "deployment", "namespace"))
LADDER = Playbook(
    "restart-leaking",
    "1",
    Matcher(classes=("memory_leak",)),
    (PlaybookStep("restart_rollout"), PlaybookStep("rollback")),
    mode=Mode.AUTO,
)
HELD = (
    Revision(1, ("shop/cart:0",), NOW - 9 * DAY, {"spec": {"containers": [{"image": "shop/cart:0"}]}}),
    Revision(2, ("shop/cart:1",), NOW - 5 * DAY, {"spec": {"containers": [{"image": "shop/cart:1"}]}}),
)
SHOP = workload(revisions=HELD)


def rules(*playbooks, **changes):
    """What the loop decides by: auto in the shop, one ladder."""
    plain = Rules(
        signals=(MEMORY,),
        detection=Detection(),
        correlation=Correlation(),
        policy=policy(),
        playbooks=playbooks or (LADDER,),
        detector=lambda name, signal, interval_s: None,
        remediation=remediation,
    )
    return replace(plain, **changes)


class Timeline:
    """Drives a loop minute by minute. The shop was healthy for an hour when it begins at ``NOW``."""

    def __init__(self, the_rules=None, store=None, workloads=(SHOP,), **loop):
        self.store = store or MemoryStore()
        self.store.begin_term(self.store.term() + 1)
        self.workloads = workloads
        self.loop = Loop(the_rules or rules(), self.store, self.store.term(), Recorded({}), **loop)

    def facts(self, minute, **changes):
        return facts(*self.workloads, at_ms=NOW + minute * MINUTE, **changes)

    def tick(self, minute, *happenings, quality=SEEING, the_facts=None):
        """Advance to ``minute``."""
        return self.loop.advance(
            int(NOW + minute * MINUTE), happenings, the_facts or self.facts(minute), quality
        )

    def calm_hour(self):
        """An hour in which nothing happens, so that what comes is new."""
        self.tick(-60)
        return self

    def leaks(self, minute, target=CART, quality=SEEING, **changes):
        """The memory of ``target`` left its band two minutes ago."""
        one = anomaly(
            target, since_ms=NOW + (minute - 2) * MINUTE, **{"at_ms": NOW + minute * MINUTE} | changes
        )
        return self.tick(minute, Raised(one), quality=quality)

    def calms(self, minute, target=CART):
        """It is back."""
        return self.tick(minute, Cleared(target, "memory", NOW + minute * MINUTE, "default"))

    @property
    def incident(self):
        """The only incident, open or just closed."""
        (one,) = {one.id: one for one in (*self.loop.book.open.values(), *self.loop.book.closed)}.values()
        return one

    def kinds(self, *wanted):
        """Kinds of what was written, in order."""
        kinds = [record.entry.kind for record in self.store.read()]
        return [kind for kind in kinds if not wanted or kind in wanted]

    def decisions(self):
        """What was decided, with what it would have been if known."""
        return [
            record.entry.payload["decision"] + "/" + record.entry.payload.get("if_known", "")
            for record in self.store.read(kinds=("decided",))
        ]
