"""Guards: one check of all of them, with a journal of 100,000 rows behind it and a large cluster before it.

The journal is what budgets allow in most of a year: 60 plans a day, each with a start, a write and its ends.
The cluster has 10,000 pods of 1,000 workloads on 500 nodes. A decision is the guards, the mode that
the record of 90 days still allows, and the reasons.
"""

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aiops.core.guards import GUARDS
from aiops.core.guards.context import Context
from aiops.core.learn import learn
from aiops.core.ledger import STREAM, Ledger, outcome_entry, start_entry
from aiops.core.memory import Lessons
from aiops.core.policy import decide_twice
from aiops.model import Change, ChangeVerb, Edge, Entry, Facts, Outcome, Plan, Result, Target
from tests.measure import Row, row
from tests.unit.core.cases import (
    DAY,
    NODE,
    NOW,
    OPTED_IN,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    pod,
    policy,
    situation,
    step,
    workload,
)

ROWS, A_DAY, ROWS_A_PLAN, REPEATS = 100_000, 60, 5, 60
WORKLOADS, PODS_EACH, NODES = 1_000, 10, 500


def journal() -> list[Entry]:
    """100,000 rows, the newest a minute old."""
    plans, entries = ROWS // ROWS_A_PLAN, list[Entry]()
    for number in range(plans):
        at_ms = NOW - 60_000 - (plans - number) * DAY // A_DAY
        target = Target("Deployment", f"ns-{number % 40}", f"w-{number % 400}")
        made = plan(step(summary=f"{number}"), target=target, incident_id=f"i{number}", made_at_ms=at_ms)
        bare = {"intent": made.id, "index": 0}
        entries.append(start_entry(made, 0, Ledger(), at_ms))
        entries.append(Entry("change_sending", STREAM, at_ms, bare))
        entries.append(Entry("change_answered", STREAM, at_ms, bare))
        for result in (Result.APPLIED, Result.VERIFIED if number % 7 else Result.FAILED):
            entries.append(outcome_entry(Outcome(made.id, 0, result, at_ms + 30_000)))
    return entries


def cluster() -> Facts:
    """The cases' shop, and 1,000 workloads beside it that call each other in a row."""
    names = [Target("Deployment", "shop", f"w-{number}") for number in range(WORKLOADS)]
    known = facts()
    pods = {
        Target("Pod", "shop", f"w-{number}-{at}"): replace(
            pod(f"w-{number}-{at}"), owner=name, node=f"n{(number * PODS_EACH + at) % NODES + 1}"
        )
        for number, name in enumerate(names)
        for at in range(PODS_EACH)
    }
    return replace(
        known,
        workloads={**known.workloads, **{one: workload(one, replicas=10, ready=10) for one in names}},
        pods={**known.pods, **{one: replace(known_pod, target=one) for one, known_pod in pods.items()}},
        nodes={one.target: one for one in (node(f"n{i}", zone="abc"[i % 3]) for i in range(1, NODES + 1))},
        edges=tuple(Edge(caller, callee) for caller, callee in itertools.pairwise(names)),
        namespace_labels=OPTED_IN,
    )


def drain(known: Facts) -> Plan:
    """Everything on the first node."""
    there = [one for one in known.pods.values() if one.node == NODE.name]
    evictions = tuple(Change(one.target, None, {}, one.uid, ChangeVerb.EVICT) for one in there)
    return plan(cordon(then=evictions), target=NODE)


def rows(folder: Path) -> list[Row]:
    """Milliseconds of a check, for a restart, an eviction and a drain; of a decision; of the folding."""
    entries, known = journal(), cluster()
    began = time.process_time()
    ledger = Ledger().fold(entries)
    folded_s = time.process_time() - began
    lessons = learn(Lessons(), entries)
    made = {"a restart": plan(), "an eviction": plan(evict()), "a drain": drain(known)}
    found = [row("fold 100,000 rows of the journal into the ledger", folded_s, "s CPU")]
    for name, one in made.items():
        problem = incident(prime=one.target)
        context = Context(one, one.steps[0], problem, known, ledger, policy(), situation())
        spent = _median_ms(lambda context=context: [guard(context) for guard in GUARDS])  # type: ignore[misc]
        found.append(row(f"all {len(GUARDS)} guards, {name}", spent, "ms CPU", goal=5))
    whole = plan(), incident(), known, ledger, policy(), situation()
    spent = _median_ms(lambda: decide_twice(*whole, lessons=lessons))
    return [*found, row("a whole decision, with what was learned", spent, "ms CPU", goal=10)]


def _median_ms(work: Callable[[], object]) -> float:
    """Of our own CPU: the machine may be busy with others."""
    spans = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        spans.append(1000 * (time.process_time() - began))
    return statistics.median(spans)
