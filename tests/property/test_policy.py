"""Policy and guards, whatever the situation: what may never happen."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.guards import GUARDS, blast
from aiops.core.guards.context import Context
from aiops.core.ledger import Ledger
from aiops.core.policy import decide_twice, settle
from aiops.core.quality import SEEING, Quality
from aiops.model import Act, Escalate, Hold, Impact, Lean, Mode, Reason, Refuse, Result, Scope
from tests.unit.core.cases import (
    CRASHING,
    DAY,
    NOW,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    policy,
    scale,
    situation,
    step,
    workload,
)
from tests.unit.core.guard_cases import attempt

STEPS = st.builds(
    lambda make, impact, remediation: make(impact=impact, remediation=remediation),
    st.sampled_from([step, evict, scale, cordon]),
    st.sampled_from(Impact),
    st.sampled_from(["restart_rollout", "rollback", "drain", "scale_out"]),
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "uid": st.none(),
        "resource_version": st.sampled_from([None, "42"]),
        "replicas": st.none() | st.integers(0, 9),
        "ready": st.none() | st.integers(0, 9),
        "rolling": st.sampled_from([None, True, False]),
        "paused": st.booleans(),
        "managed_by": st.sampled_from([None, "", "argocd", "somebody"]),
        "hpa_max": st.sampled_from([None, 0, 6]),
        "pdb_disruptions_allowed": st.sampled_from([None, 0, 1]),
        "max_unavailable": st.none() | st.integers(0, 9),
        "labels": st.sampled_from([{}, {"aiops.dev/protected": "true"}]),
    },
)
WORKLOADS = st.just({}) | st.just({}) | ODD  # so that some of the cases do end in an Act
FACTS = st.builds(
    lambda changes, labels, conditions, age: facts(
        workload(**changes),
        at_ms=NOW - age,
        conditions=conditions,
        **({} if labels is None else {"namespace_labels": labels}),
    ),
    WORKLOADS,
    st.sampled_from([None] * 6 + [{}, {"shop": {}}]),
    st.sampled_from([(), CRASHING]),
    st.sampled_from([0] * 6 + [31_000]),
)
SITUATIONS = st.builds(
    situation,
    quality=st.just(SEEING) | st.sampled_from([SEEING, Quality({"m": "no data"}), Quality({}, NOW + 1)]),
    storm=st.sampled_from(["", "", "", "many"]),
    kill_switch=st.sampled_from([False] * 6 + [True, None]),
    term=st.sampled_from([1] * 6 + [None]),
)
ATTEMPTS = st.lists(st.tuples(st.integers(0, DAY), st.sampled_from([None, *Result])), max_size=4)
LEDGERS = (st.just([]) | ATTEMPTS).map(
    lambda many: Ledger(
        attempts=tuple(
            attempt(NOW - ago, result=result) for ago, result in sorted(many, key=lambda one: -one[0])
        )
    )
)
MODES = st.just(Mode.AUTO) | st.sampled_from(Mode)
POLICIES = st.builds(
    lambda mode, scope: policy(mode=mode, scopes=(Scope(scope, namespace="shop"),)),
    MODES,
    MODES,
)
CASES = st.builds(
    lambda one, mode, *rest: (plan(one, mode=mode), incident(), *rest),
    STEPS,
    MODES,
    FACTS,
    LEDGERS,
    POLICIES,
    SITUATIONS,
)


STRICTER = (Act, Escalate, Hold, Refuse)


def rank(decision):
    return STRICTER.index(type(decision))


@given(CASES, st.sets(st.sampled_from(GUARDS)))
@settings(max_examples=80, deadline=None)
def test_one_more_guard_never_loosens(case, left_out):
    fewer = [guard for guard in GUARDS if guard not in left_out]
    try:
        loose = decide_twice(*case, guards=fewer)
    except ValueError:  # without the guard of impact a HIGH step would be an Act, which cannot be built
        return
    for strict, loose_one in zip(decide_twice(*case), loose, strict=True):
        if loose_one.reasons:  # without any, nobody looked, and it is refused
            assert rank(strict) >= rank(loose_one)


@given(CASES)
@settings(max_examples=80, deadline=None)
def test_high_impact_never_becomes_an_act_and_unknown_never_permits(case):
    """5.3: in both decisions for HIGH; in the live one for what is unknown."""
    live, known = decide_twice(*case)
    high = case[0].steps[0].impact is Impact.HIGH or case[0].steps[0].remediation in {"rollback", "drain"}
    assert not (high and isinstance(live, Act))
    assert not (high and isinstance(known, Act))
    if any(reason.unknown for reason in live.reasons):
        assert not isinstance(live, Act)


@given(CASES)
@settings(max_examples=60, deadline=None)
def test_every_decision_carries_every_reason(case):
    made, problem, there, ledger, rules, standing = case
    context = Context(made, made.steps[0], problem, there, ledger, rules, standing)
    asked = [reason for guard in GUARDS if (reason := guard(context)) is not None]
    live, known = decide_twice(*case)
    assert list(live.reasons[:-1]) == asked
    assert live.reasons[-1].guard == "mode"
    assert list(known.reasons) == [reason for reason in asked if not reason.unknown]


@given(CASES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_guards_decides_nothing(case, random):
    shuffled = list(GUARDS)
    random.shuffle(shuffled)
    assert [type(one) for one in decide_twice(*case)] == [
        type(one) for one in decide_twice(*case, guards=shuffled)
    ]


@given(st.sets(st.sampled_from(["managed_by", "hpa_max", "ready", "rolling"])))
@settings(max_examples=50, deadline=None)
def test_what_is_forgotten_never_permits(forgotten):
    """Of the facts that a scale-out needs, any one that is not known holds it."""
    changes = dict.fromkeys(forgotten) | {"annotations": {"aiops.dev/max-replicas": "6"}}
    live, _ = decide_twice(
        plan(scale()), incident(), facts(workload(**changes)), Ledger(), policy(), situation()
    )
    assert isinstance(live, Act) == (not forgotten)


@given(st.lists(st.sampled_from(Lean), max_size=6), st.sampled_from(Lean))
def test_one_more_reason_never_loosens(leans, more):
    context = Context(plan(), step(), incident(), facts(), Ledger(), policy(), situation())
    reasons = [Reason("g", lean, "t") for lean in leans]
    if reasons:
        assert rank(settle(context, [*reasons, Reason("h", more, "t")])) >= rank(settle(context, reasons))


@given(st.integers(2, 60), st.data())
@settings(max_examples=80, deadline=None)
def test_the_ready_floor_is_three_quarters_and_one(replicas, data):
    """B4: judged by integers, so that no rounding lets one more go."""
    ready = data.draw(st.integers(0, replicas))
    at_once = data.draw(st.integers(1, replicas))
    gone = replace(evict().blast_radius, at_once=at_once)
    made = plan(evict(blast_radius=gone))
    context = Context(
        made,
        made.steps[0],
        incident(),
        facts(workload(replicas=replicas, ready=ready)),
        Ledger(),
        policy(),
        situation(),
    )
    left = ready - at_once
    enough = 4 * left >= 3 * replicas and left >= 1
    assert (blast.ready_floor(context).lean is Lean.PERMIT) == enough


@given(st.integers(2, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_nodes_are_held_from_a_fifth_on(total, data):
    """5.3: 20 % of all nodes, in integers."""
    down = data.draw(st.integers(0, total - 1))
    there = facts(nodes=[node(f"n{i}", zone=f"z{i}", ready=i <= total - down) for i in range(1, total + 1)])
    made = plan(cordon())
    context = Context(made, made.steps[0], incident(), there, Ledger(), policy(), situation())
    assert (blast.nodes(context).lean is Lean.HOLD) == (5 * down >= total)
