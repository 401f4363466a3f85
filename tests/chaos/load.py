"""A load of incidents for the daemon of ``tests.chaos.daemon``: what begins when, and what is known then.

Incident number k is act ``MIX[k % 8]`` at a place of its own, tagged ``-k<number>x``; it is seen from
``SEEN_S`` before its metric leaves the band, which is at ``k * EVERY_S`` after the start. Every third fix is
useless, so that undos are under way too. Everything follows from the number and the start: a daemon that is
killed goes on with the same load.
"""

from dataclasses import dataclass, replace

from aiops.core.detect import Cleared, Raised
from aiops.model import Budgets, Correlation, Facts, Mode, Policy, Scope, Status, StormLimits, Verification
from tests.chaos.acts import ACTS, Place
from tests.chaos.server import PARTS, TAG, renewed
from tests.chaos.stage import healthy
from tests.unit.core.cases import anomaly
from tests.unit.engine.loop_cases import rules

MIX = tuple(one for one in ACTS if not one.asks and one.name != "cordon")  # a node has no namespace to opt in
EVERY_S, SEEN_S = 0.4, 1.0
LAST_S = 20.0  # an incident that is not over by then is looked at no more, unless something is under way
QUICK = Verification(settle_s=1, deadline_s=2, good=1, of=1)
MANY = 10**6
BUDGETS = Budgets(MANY, MANY, MANY, MANY, MANY, MANY, MANY, 1, 1800)
STORM = StormLimits(2.0, MANY, MANY, MANY, MANY)
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
        mode=Mode.AUTO, scopes=(Scope(Mode.AUTO, namespace=namespace),), budgets=BUDGETS, storm=STORM
    )
    return rules(*books, policy=policy, correlation=GROUPING)


@dataclass
class Load:
    """What the daemon sees at a time. ``began_ms``: the start of the very first daemon."""

    namespace: str
    began_ms: int
    api: object  # reads the objects

    def due_ms(self, number: int) -> int:
        """When incident ``number`` begins."""
        return self.began_ms + int(1000 * EVERY_S * (number + 1)) + int(1000 * SEEN_S)

    def prime(self, number: int):
        return act_of(number).prime(place_of(self.namespace, number))

    def begun(self, now_ms: int) -> range:
        """Numbers whose metric has left its band."""
        return range(
            max(0, int((now_ms - self.due_ms(0)) / (1000 * EVERY_S)) + 1) if now_ms >= self.due_ms(0) else 0
        )

    def raised(self, number: int, now_ms: int) -> Raised:
        since_ms = min(self.due_ms(number), now_ms)
        one = anomaly(self.prime(number), f"memory-{act_of(number).name}", since_ms=since_ms)
        return Raised(replace(one, at_ms=now_ms))

    def cleared(self, number: int, now_ms: int) -> Cleared:
        return Cleared(self.prime(number), f"memory-{act_of(number).name}", now_ms, "default")

    def status(self, target, _signal, _detector) -> Status:
        """Every third fix is useless."""
        return Status.ANOMALY if number_of(target.name) % 3 == 2 else Status.NORMAL

    def facts(self, now_ms: int, under_way: frozenset[int]) -> Facts:
        """Of the incidents that are young, or under way: what their acts know, as the objects are now."""
        last = int((now_ms - self.began_ms) / (1000 * EVERY_S)) + 1
        young = range(max(0, last - int(LAST_S / EVERY_S)), max(0, last))
        numbers = sorted({*young, *under_way})
        found = [act_of(one).facts(place_of(self.namespace, one), now_ms) for one in numbers]
        base = act_of(0).facts(place_of(self.namespace, 0), now_ms)
        parts = {name: {} for name in PARTS} | {"nodes": dict(base.nodes)}
        for one in found:
            for name in PARTS:
                parts[name].update(getattr(one, name))
        conditions = tuple(condition for one in found for condition in one.conditions)
        there = self._objects()
        known = {
            name: {
                target: renewed(one, there[target.kind, target.name])
                for target, one in part.items()
                if (target.kind, target.name) in there
            }
            for name, part in parts.items()
            if name != "nodes"
        }
        return healthy(replace(base, conditions=conditions, **known))

    def _objects(self):
        kinds = ("Deployment", "Pod", "Job", "CronJob")
        return {
            (kind, one["metadata"]["name"]): one
            for kind in kinds
            for one in self.api.list(kind, self.namespace)
        }
