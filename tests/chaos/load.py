"""A load of incidents for the daemon of ``tests.chaos.daemon``: which comes next, and what is known of it.

Incident number k is act ``MIX[k % len(MIX)]`` at a place of its own, tagged ``-k<number>x``. Each third fix
is useless, so that undos are under way too. While fewer than ``MOST`` are under way the next
one begins. Everything follows from the number: a daemon that is killed goes on with the same load.
"""

import time
from dataclasses import replace

from aiops.core.detect import Cleared, Raised
from aiops.model import (
    Breaker,
    Budgets,
    Correlation,
    Facts,
    Mode,
    Policy,
    Scope,
    Status,
    StormLimits,
    Verification,
)
from tests.chaos.acts import ACTS, Place
from tests.chaos.server import PARTS, TAG, renewed
from tests.chaos.stage import healthy
from tests.unit.core.cases import anomaly
from tests.unit.engine.loop_cases import rules

MIX = tuple(one for one in ACTS if not one.asks and one.name != "cordon")  # a node has no namespace to opt in
MOST = 8  # incidents at once
EVERY_S = 0.3  # between the beginnings of two
SEEN = 5  # numbers that are known before they are bad: what is bad at first sight is not acted upon
FRESH_S = 0.2  # as old may the picture of the cluster be
QUICK = Verification(settle_s=1, deadline_s=2, good=1, of=1)
MANY = 10**6
BUDGETS = Budgets(MANY, MANY, MANY, MANY, MANY, MANY, MANY, 1, 1800)
STORM = StormLimits(2.0, MANY, MANY, MANY, MANY)
BREAKER = Breaker(MANY, MANY, MANY)  # a third of all fixes is useless on purpose
GROUPING = Correlation(join_window_s=0, close_after_s=1, reopen_within_s=0, hops=0, first_sight_s=0)


def act_of(number: int):
    return MIX[number % len(MIX)]


def place_of(namespace: str, number: int) -> Place:
    return Place(namespace, f"-k{number}x")


def number_of(name: str) -> int:
    """Of the incident that an object belongs to."""
    found = TAG.search(name)
    return int(found[0][2:-1])


def load_rules(namespace: str):
    """Every act in mode auto, no limit but those of one workload; each incident for itself."""
    books = []
    for act in MIX:
        (book,) = act.rules().playbooks
        symptom = replace(book.when.symptoms[0], signal=f"memory-{act.name}")
        books.append(
            replace(
                book,
                name=f"chaos-{act.name}",
                when=replace(book.when, symptoms=(symptom,)),
                verification=QUICK,
                mode=Mode.AUTO,
            )
        )
    policy = Policy(
        mode=Mode.AUTO,
        scopes=(Scope(Mode.AUTO, namespace=namespace),),
        budgets=BUDGETS,
        storm=STORM,
        breaker=BREAKER,
    )
    return rules(*books, policy=policy, correlation=GROUPING)


class Load:
    """What there is to see. ``api`` reads the objects."""

    def __init__(self, namespace: str, api):
        self.namespace, self.api = namespace, api
        self._read_s, self._there = 0.0, {}

    def prime(self, number: int):
        return act_of(number).prime(place_of(self.namespace, number))

    def raised(self, number: int, now_ms: int) -> Raised:
        one = anomaly(self.prime(number), f"memory-{act_of(number).name}", since_ms=now_ms)
        return Raised(replace(one, at_ms=now_ms))

    def cleared(self, number: int, now_ms: int) -> Cleared:
        return Cleared(self.prime(number), f"memory-{act_of(number).name}", now_ms, "default")

    def status(self, target, _signal, _detector) -> Status:
        """Every third fix is useless."""
        return Status.ANOMALY if number_of(target.name) % 3 == 2 else Status.NORMAL

    def facts(self, now_ms: int, numbers) -> Facts:
        """What the acts of these incidents know, as the objects are now; what is not there is left out."""
        found = [act_of(one).facts(place_of(self.namespace, one), now_ms) for one in sorted(numbers)]
        base, there = act_of(0).facts(place_of(self.namespace, 0), now_ms), self._objects()
        parts = {
            name: {
                target: renewed(known, there[target.kind, target.name])
                for one in found
                for target, known in getattr(one, name).items()
                if (target.kind, target.name) in there
            }
            for name in PARTS
        }
        conditions = tuple(condition for one in found for condition in one.conditions)
        return healthy(replace(base, conditions=conditions, **parts | {"nodes": base.nodes}))

    def _objects(self):
        if time.monotonic() - self._read_s > FRESH_S:
            self._there = {
                (kind, one["metadata"]["name"]): one
                for kind in ("Deployment", "Pod", "Job", "CronJob")
                for one in self.api.list(kind, self.namespace)
            }
            self._read_s = time.monotonic()
        return self._there
