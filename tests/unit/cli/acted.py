"""A daemon's state folder in which a step was carried out: the cart was scaled from 4 to 5 pods."""

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.journal import JOURNAL
from aiops.core.ledger import Ledger, decided_entry, outcome_entry, start_entry
from aiops.core.life import Applied, Apply, Life, Verified
from aiops.core.lifecycle import intent_of
from aiops.engine import entries
from aiops.engine.window import Rings
from aiops.model import (
    Act,
    Answer,
    Lean,
    Mark,
    Outcome,
    Reason,
    Receipt,
    Result,
    Target,
)
from tests.unit.core import cases
from tests.unit.core.cases import MINUTE, NOW

MARK = Mark("intent1", 1)
PERMIT = Reason("opt_in", Lean.PERMIT, "namespace shop is opted in")


def plan(*steps, **changes):
    """Scale the cart; if that does not help, restart it."""
    made = steps or (
        cases.scale(command="kubectl -n shop scale deployment/cart --replicas=5"),
        cases.step(rung=1),
    )
    more = {"skipped": ("evict_pod: no pod stands out",), "facts_unknown": ("pdb",)}
    return cases.plan(*made, **more, **changes)


def make(state, *result, the_plan=None, answer=Answer.DONE, namespace="shop"):
    """Write ``state``; ``result`` are the outcomes of the plan's first step, one after the other."""
    state.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(state / JOURNAL)
    store.begin_term(1)
    made, incident = the_plan or plan(), cases.incident(prime=Target("Deployment", namespace, "cart"))
    intent = intent_of(made, 0)
    life = Life(incident.id, intent=intent)
    receipt = Receipt(answer, resource_version="42")
    store.append(
        [
            *entries.opened(incident, Rings(10), NOW - MINUTE),
            decided_entry(Act(made, (PERMIT,)), NOW),
            start_entry(made, 0, Ledger(), NOW),
            entries.lived(life, Applied(made.id, 0), (Apply("intent1", intent),), NOW),
            entries.sending("intent1", 0, made.steps[0].change, life, NOW),
            entries.answered("intent1", 0, receipt, life, NOW + 100),
        ],
        1,
    )
    for number, one in enumerate(result or (Result.APPLIED,)):
        store.append([outcome_entry(Outcome(made.id, 0, one, NOW + 1000 * (number + 1), "", ("r",)))], 1)
    if result and result[-1] is Result.VERIFIED:
        settled = Life(incident.id, applied=("intent1",))
        store.append([entries.lived(settled, Verified(made.id, 0), (), NOW + 5_000)], 1)
    store.close()
    return state
