"""Guards: what each alone stops (G13)."""

from dataclasses import replace

import pytest

from aiops.core.guards import GUARDS, blast, muted, ownership, pace, reach, sight, stops, trust
from aiops.core.policy import decide_twice
from aiops.core.quality import Quality
from aiops.model import (
    Act,
    Budgets,
    Change,
    ChangeVerb,
    Condition,
    Edge,
    FreezeWindow,
    IncidentState,
    LabelMatcher,
    Result,
    Service,
    Silence,
    Target,
)
from tests.unit.core.cases import (
    CART,
    CRASHING,
    DAY,
    HOUR,
    MINUTE,
    NOW,
    POD,
    evict,
    facts,
    incident,
    node,
    plan,
    pod,
    policy,
    scale,
    situation,
    step,
    workload,
)
from tests.unit.core.guard_cases import CORDON, EVICT, SCALE, SOLD, TILL, attempt, context, ledger


@pytest.mark.parametrize("base", [{}, EVICT, SCALE, CORDON], ids=["restart", "evict", "scale", "cordon"])
def test_where_all_is_well_it_acts(base):
    """The positive control of every test in this file."""
    decision, _ = decide(base)
    assert isinstance(decision, Act), [reason for reason in decision.reasons if reason.lean != "permit"]


def decide(changes, guards=GUARDS):
    made = context(**changes)
    return decide_twice(
        made.plan,
        made.incident,
        made.facts,
        made.ledger,
        made.policy,
        made.situation,
        guards=guards,
    )


DB, DB_POD = Target("StatefulSet", "shop", "db"), Target("Pod", "shop", "db-0")
LEADER = Service(Target("Service", "shop", "db-leader"), {"role": "leader"})
QUORUM = {  # of three, one is away already, and the floor alone would let a second one go
    "the_plan": plan(evict(change=Change(DB_POD, None, {}, "u", ChangeVerb.EVICT)), target=DB),
    "the_incident": incident(prime=DB),
    "the_facts": facts(
        workload(DB, replicas=3, ready=2),
        conditions=(Condition(DB, "CrashLoopBackOff", NOW),),
        pods={DB_POD: replace(pod(), target=DB_POD, owner=DB, uid="u")},
    ),
    "the_policy": policy(ready_floor=0.3),
}
WEB = Target("Deployment", "shop", "web")
MUTED = Silence("s1", (LabelMatcher("namespace", "shop"),), NOW - MINUTE, NOW + HOUR, "anna", "release")
TRIPPED = tuple((NOW - (5 - i) * MINUTE, False) for i in range(5))
# For each guard a situation in which it is the only one that stops the step.
ALONE = {
    stops.kill_switch: {"the_situation": situation(kill_switch=True)},
    stops.leadership: {"the_situation": situation(term=None)},
    muted.silenced: {"the_facts": facts(silences=(MUTED,))},
    sight.blindness: {"the_situation": situation(quality=Quality({"memory": "no data"}))},
    sight.warm_up: {"the_situation": situation(quality=Quality({}, NOW + 1))},
    sight.fresh_facts: {"the_facts": facts(at_ms=NOW - 30_001)},
    stops.stopped_here: {"the_facts": facts(workload(annotations={"aiops.dev/stop": "true"}))},
    stops.fenced: {"the_facts": facts(workload(annotations={"aiops.dev/term": "2"}))},
    stops.claimed: {"the_situation": situation(claims={str(CART): "Ada"})},
    sight.storm: {"the_situation": situation(storm="16 workloads are bad at once")},
    sight.all_down: {
        "the_facts": facts(workload(), nodes=[node(f"n{i}", ready=False) for i in range(1, 4)]),
    },
    sight.own_noise: {
        "ledger": ledger(attempt(NOW - 6 * MINUTE, WEB, result=Result.VERIFIED, settle_s=600)),
        "the_facts": facts(edges=(Edge(WEB, CART),)),
    },
    reach.still_open: {"the_incident": incident(state=IncidentState.CLOSED, closed_ms=NOW)},
    reach.known_breakage: {"the_situation": situation(known={CART: NOW - DAY})},
    reach.protected: {"the_facts": facts(workload(labels={"aiops.dev/protected": "true"}))},
    reach.opt_in: {"the_facts": facts(namespace_labels={"shop": {}})},
    reach.freeze: {"the_policy": policy(freeze_windows=(FreezeWindow("always"),))},
    ownership.intact: {"the_plan": replace(plan(), max_attempts=4)},
    ownership.bound: {"the_facts": facts(workload(resource_version="42"))},
    ownership.at_rest: {"the_facts": facts(workload(rolling=True))},
    ownership.owner_of_field: {**SCALE, "the_facts": facts(replace(SOLD, managed_by="argocd"))},
    ownership.autoscaler: {**SCALE, "the_facts": facts(replace(SOLD, hpa_max=6))},
    ownership.fight: {"ledger": ledger(overwritten={str(CART): 2})},
    reach.one_target: {
        **SCALE,
        "the_plan": plan(scale(blast_radius=replace(scale().blast_radius, workloads=2))),
    },
    blast.ready_floor: {"the_facts": facts(workload(ready=3, max_unavailable=2))},
    blast.quorum: QUORUM,
    blast.local_storage: {
        **EVICT,
        "the_facts": facts(conditions=CRASHING, pods={POD: pod(local_storage=True)}),
    },
    blast.dependents: {
        **EVICT,
        "the_facts": facts(
            conditions=CRASHING,
            services={LEADER.target: LEADER},
            pods={POD: pod(labels={"role": "leader"})},
        ),
    },
    blast.disruption_budget: {
        **EVICT,
        "the_facts": facts(workload(pdb_disruptions_allowed=0), conditions=CRASHING),
    },
    blast.nodes: {**CORDON, "the_facts": facts(nodes=[node(f"n{i}", ready=i < 9) for i in range(1, 11)])},
    pace.budget: {
        "the_policy": policy(budgets=Budgets(cluster_per_10min=1)),
        "ledger": ledger(attempt(NOW - MINUTE, Target("Deployment", "bank", "till"))),
    },
    pace.in_flight: {"ledger": ledger(attempt(NOW - 2 * HOUR, TILL, result=Result.APPLIED))},
    pace.cooldown: {"the_plan": plan(cooldown_s=3600), "ledger": ledger(attempt(NOW - 40 * MINUTE))},
    pace.attempts: {"ledger": ledger(*(attempt(NOW - hours * HOUR) for hours in (8, 5, 2)))},
    trust.breaker: {"ledger": ledger(verdicts={"restart-leaking": TRIPPED})},
    trust.lock_out: {"ledger": ledger(failures={str(CART): 3}, failed_ms={str(CART): NOW - DAY})},
    trust.evidence: {**EVICT, "the_facts": facts()},
    trust.impact: {"the_plan": plan(step(remediation="rollback"))},
}


def test_every_guard_has_a_situation_that_it_alone_stops():
    """G13: a guard that is added without one fails here."""
    assert set(ALONE) == set(GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_without_this_guard_it_would_act(guard):
    """G13, guard mutation: with all guards the step is stopped, with this one taken away it is an Act."""
    stopped, _ = decide(ALONE[guard])
    mutated, _ = decide(ALONE[guard], guards=[one for one in GUARDS if one is not guard])
    assert not isinstance(stopped, Act)
    assert [reason.guard for reason in stopped.reasons if reason.lean != "permit"] == [guard.__name__]
    assert isinstance(mutated, Act)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_a_guard_names_itself(guard):
    """So that a reason in the journal leads to the code that gave it."""
    assert guard(context(**ALONE[guard])).guard == guard.__name__


def test_what_somebody_is_on_is_left_alone_whichever_workload_is_blamed_by_now():
    """ "I'm on it" is about the incident, and about what it was about when it was said."""
    for on, lean in ((incident().id, "hold"), ("another", "permit")):
        said = stops.claimed(context(the_situation=situation(claims={on: "Ada"})))
        assert said.lean == lean
