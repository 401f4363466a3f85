"""Guards on both sides of their boundaries: how often, does it help, is it sure."""

from dataclasses import replace

import pytest

from aiops.core.guards import GUARDS, pace, trust
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.model import (
    Breaker,
    Change,
    ChangeVerb,
    ClusterEvent,
    Condition,
    EventKind,
    Impact,
    Lean,
    Outcome,
    Pod,
    Result,
    Role,
    Target,
)
from tests.unit.core.cases import (
    CART,
    CRASHING,
    DAY,
    HOUR,
    MINUTE,
    NODE,
    NOW,
    POD,
    anomaly,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    pod,
    policy,
    step,
)
from tests.unit.core.guard_cases import CORDON, EVICT, SCALE, TILL, attempt, context, lean, ledger

BANK = Target("Deployment", "bank", "till")


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([(NOW - i * MINUTE, Target("Deployment", f"ns{i}", "x")) for i in range(5)], "permit"),
        ([(NOW - i * MINUTE, Target("Deployment", f"ns{i}", "x")) for i in range(6)], "hold"),  # 6 in 10 min
        ([(NOW - (11 + 2 * i) * MINUTE, Target("Deployment", f"n{i}", "x")) for i in range(19)], "permit"),
        ([(NOW - (11 + 2 * i) * MINUTE, Target("Deployment", f"n{i}", "x")) for i in range(20)], "hold"),
        ([(NOW - (61 + 20 * i) * MINUTE, Target("Deployment", f"n{i}", "x")) for i in range(59)], "permit"),
        ([(NOW - (61 + 20 * i) * MINUTE, Target("Deployment", f"n{i}", "x")) for i in range(60)], "hold"),
        ([(NOW - 11 * i * MINUTE, Target("Deployment", "shop", f"x{i}")) for i in range(1, 4)], "permit"),
        ([(NOW - 11 * i * MINUTE, Target("Deployment", "shop", f"x{i}")) for i in range(1, 5)], "hold"),
        ([(NOW - 30 * MINUTE, CART)], "permit"),  # the workload's window of 30 min has just passed
        ([(NOW - 30 * MINUTE + 1, CART)], "hold"),
    ],
)
def test_budgets_count_what_the_journal_says(attempts, expected):
    """B2: 6 in 10 min, 20 an hour, 60 a day, 4 an hour in a namespace, 1 in 30 min for a workload."""
    made = ledger(*sorted((attempt(at, target) for at, target in attempts), key=lambda one: one.at_ms))
    assert lean(pace.budget, ledger=made) == expected


def test_a_budget_says_when_it_is_free_again():
    reason = pace.budget(context(ledger=ledger(attempt(NOW - 20 * MINUTE))))
    assert reason.until_ms == NOW + 10 * MINUTE


@pytest.mark.parametrize(
    ("base", "flying", "expected"),
    [
        ({}, [], "permit"),
        ({}, [TILL], "hold"),  # one in the namespace
        ({}, [BANK, replace(BANK, name="b")], "permit"),  # two elsewhere
        ({}, [BANK, replace(BANK, name="b"), replace(BANK, name="c")], "hold"),  # three in the cluster
        (CORDON, [BANK], "permit"),
    ],
)
def test_what_is_under_way_is_finished_first(base, flying, expected):
    """B2, 5.3."""
    made = ledger(*(attempt(NOW - DAY, one, result=Result.APPLIED) for one in flying))
    assert lean(pace.in_flight, **base, ledger=made) == expected


def test_one_node_at_a_time():
    """5.3."""
    other = ledger(attempt(NOW - HOUR, Target("Node", "", "n2"), node=True, result=None))
    assert lean(pace.in_flight, **CORDON, ledger=other) == "hold"


@pytest.mark.parametrize(
    ("ago_ms", "expected"), [(30 * MINUTE, "permit"), (30 * MINUTE - 1, "hold"), (DAY, "permit")]
)
def test_a_cooldown_lasts_as_long_as_the_playbook_says(ago_ms, expected):
    """M10: 1800 s by default."""
    assert lean(pace.cooldown, ledger=ledger(attempt(NOW - ago_ms))) == expected


@pytest.mark.parametrize(
    ("failures", "wait_ms"),
    [(1, 60 * MINUTE), (2, 120 * MINUTE), (5, 16 * HOUR), (6, DAY), (60, DAY)],  # 30 min doubled, to 24 h
)
def test_each_failure_doubles_the_wait_up_to_a_day(failures, wait_ms):
    """M11."""

    def after(ms):
        made = ledger(failures={str(CART): failures}, failed_ms={str(CART): NOW - ms})
        return lean(pace.cooldown, ledger=made)

    assert (after(wait_ms - 1), after(wait_ms)) == ("hold", "permit")


def test_the_next_rung_waits_for_no_cooldown():
    """5.3: the rungs of a ladder share their plan's budget and cooldown, after the last one was verified."""
    failed = ledger(attempt(NOW - MINUTE, incident_id="i1", result=Result.FAILED))
    second = plan(step(rung=1))
    assert lean(pace.cooldown, the_plan=second, ledger=failed) == "permit"
    assert lean(pace.budget, the_plan=second, ledger=failed) == "permit"
    assert lean(pace.cooldown, the_plan=plan(step(rung=0)), ledger=failed) == "hold"
    dry = ledger(attempt(NOW - MINUTE, incident_id="i1"))  # nobody knows whether it would have helped
    assert lean(pace.cooldown, the_plan=second, ledger=dry) == "hold"


@pytest.mark.parametrize(
    ("hours", "expected"),
    [((8, 5), "permit"), ((8, 5, 2), "escalate"), ((24, 5, 2), "permit")],  # the first is a day old
)
def test_a_fix_that_was_tried_three_times_is_not_the_fix(hours, expected):
    """M11, G9."""
    made = ledger(*(attempt(NOW - hour * HOUR) for hour in hours))
    assert lean(pace.attempts, ledger=made) == expected


def verdicts(text, end_ms=NOW):
    """Newest last: "+" helped, "-" did not."""
    return tuple((end_ms - (len(text) - i) * MINUTE, sign == "+") for i, sign in enumerate(text, 1))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("++---", "hold"),  # 3 of 5
        ("+---", "permit"),  # 4 are too few to judge
        ("+++--", "permit"),
        ("---++++++++", "permit"),  # 2 of the last 10
        ("--+++++++-", "hold"),  # 3 of the last 10
        ("---++", "permit"),  # it helps again
    ],
)
def test_the_breaker_opens_at_three_failures_of_the_last_ten(seen, expected):
    """M11, 5.3."""
    assert lean(trust.breaker, ledger=ledger(verdicts={"restart-leaking": verdicts(seen)})) == expected


def test_an_open_breaker_lets_one_trial_through_after_an_hour():
    """M11: half open; the failure of the trial opens it again."""
    for ago_ms, expected in [(HOUR - 1, "hold"), (HOUR, "permit")]:
        made = ledger(verdicts={"restart-leaking": verdicts("-----", NOW - ago_ms)})
        assert lean(trust.breaker, ledger=made) == expected


@pytest.mark.parametrize("seen", ["-----", "-----++++++++++"])
def test_when_everything_fails_only_a_person_resets(seen):
    """M11, 5.3: the global breaker stays open, however long ago it was and whatever helped since."""
    made = ledger(verdicts={"": verdicts(seen, NOW - 9 * DAY)})
    assert lean(trust.breaker, ledger=made, the_policy=policy(breaker=Breaker())) == "hold"


@pytest.mark.parametrize(("failures", "expected"), [(2, "permit"), (3, "escalate"), (4, "escalate")])
def test_three_failures_in_a_row_lock_a_workload(failures, expected):
    """M11, G9."""
    assert lean(trust.lock_out, ledger=ledger(failures={str(CART): failures})) == expected


OOM, EARLIER = (
    facts(events=(ClusterEvent(at_ms, POD, EventKind.OOM_KILLED),)) for at_ms in (NOW, NOW - HOUR)
)
FLAGGED = anomaly(signal="crash", role=Role.CONDITION, condition="CrashLoopBackOff")
BAD_POD = {POD: Pod(POD, CART, "uid-pod", "n1", "Running", ready=False)}


@pytest.mark.parametrize(
    ("seen", "there", "expected"),
    [
        ([anomaly()], facts(conditions=CRASHING), "permit"),
        ([anomaly()], facts(), "escalate"),  # a metric alone
        ([anomaly()], facts(pods=BAD_POD), "permit"),
        ([anomaly()], OOM, "permit"),
        ([anomaly()], EARLIER, "escalate"),  # it was before the incident
        ([anomaly()], facts(conditions=(Condition(TILL, "CrashLoopBackOff", NOW),)), "escalate"),
        ([FLAGGED], facts(conditions=CRASHING), "escalate"),  # no metric
        ([anomaly(), FLAGGED], facts(), "escalate"),  # a detector that flags all does not vouch for itself
        ([anomaly()], facts(unknown=frozenset({"conditions"})), "hold"),
    ],
)
def test_what_destroys_needs_two_sources(seen, there, expected):
    """M9."""
    made = {"the_plan": plan(evict()), "the_incident": incident(*seen), "the_facts": there}
    assert lean(trust.evidence, **made) == expected


def test_an_eviction_destroys_whether_its_remediation_says_so_or_not():
    """M9."""
    assert lean(trust.evidence, the_plan=plan(evict(destructive=False))) == "escalate"
    assert lean(trust.evidence) is None


@pytest.mark.parametrize(
    ("impact", "expected"), [(Impact.LOW, "permit"), (Impact.MEDIUM, "permit"), (Impact.HIGH, "escalate")]
)
def test_high_impact_goes_to_a_person(impact, expected):
    """5.3."""
    assert lean(trust.impact, the_plan=plan(step(impact=impact))) == expected


def test_what_is_unknown_always_holds():
    """Every answer that leans so for want of a fact is a hold, and marked."""
    blank = replace(facts(), workloads={}, pods={}, nodes={}, namespace_labels={})
    for base in ({}, EVICT, SCALE, CORDON):
        made = context(**{**base, "the_facts": blank})
        reasons = [reason for guard in GUARDS if (reason := guard(made)) is not None and reason.unknown]
        assert reasons
        assert {reason.lean for reason in reasons} == {Lean.HOLD}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([Result.SUPERSEDED] * 2, "permit"),
        ([Result.SUPERSEDED] * 3, "escalate"),
        ([Result.REFUSED, Result.SUPERSEDED, Result.REFUSED], "escalate"),
        ([Result.SUPERSEDED, Result.VERIFIED, Result.SUPERSEDED], "permit"),
    ],
)
def test_a_plan_that_could_change_nothing_is_made_anew_three_times_at_most(results, expected):
    """E6: within one incident; 3 of 9 attempts a day are no limit here."""
    tries = [
        attempt(NOW - i * MINUTE, incident_id="i1", result=result, counted=False)
        for i, result in enumerate(results, 1)
    ]
    made = {"ledger": ledger(*tries), "the_plan": plan(max_attempts=9)}
    assert lean(pace.attempts, **made) == expected
    other = ledger(*(replace(one, incident_id="i0") for one in tries))
    assert lean(pace.attempts, ledger=other, the_plan=plan(max_attempts=9)) == "permit"


def test_what_changed_nothing_is_no_failure():
    """M11: neither breaker nor lock-out nor back-off learn from it."""
    for result in (Result.REFUSED, Result.SUPERSEDED):
        made = plan()
        begun = Ledger().fold([start_entry(made, 0, Ledger(), NOW)])
        over = begun.fold([outcome_entry(Outcome(made.id, 0, result, NOW))])
        assert (over.failures, over.verdicts, over.in_flight()) == ({}, {}, ())


def test_a_half_open_breaker_lets_one_trial_through_at_a_time():
    """M11."""
    seen = {"restart-leaking": verdicts("-----", NOW - HOUR)}
    flying = attempt(NOW - MINUTE, TILL, result=Result.APPLIED)
    assert lean(trust.breaker, ledger=ledger(flying, verdicts=seen)) == "hold"
    assert lean(trust.breaker, ledger=ledger(replace(flying, playbook="other"), verdicts=seen)) == "permit"
    assert (
        lean(trust.breaker, ledger=ledger(replace(flying, result=Result.VERIFIED), verdicts=seen)) == "permit"
    )
    calm = {"restart-leaking": verdicts("+++++", NOW - HOUR)}
    assert lean(trust.breaker, ledger=ledger(flying, verdicts=calm)) == "permit"


@pytest.mark.parametrize(
    ("made", "known", "expected"),
    [
        (evict(destructive=False), pod(phase="Failed"), None),  # it has ended: nothing that runs is destroyed
        (evict(destructive=False), pod(phase="Succeeded"), None),
        (evict(destructive=False), pod(phase="Pending"), "escalate"),
        (evict(), pod(phase="Failed"), "escalate"),  # its remediation says that it destroys
        (step(change=Change(CART, "41", {}, "u", ChangeVerb.DELETE)), pod(), "escalate"),
    ],
)
def test_to_clear_away_what_has_ended_destroys_nothing(made, known, expected):
    """M9."""
    assert lean(trust.evidence, the_plan=plan(made), the_facts=facts(pods={POD: known})) == expected


def test_of_several_events_the_one_within_the_incident_counts():
    """M9: oldest first, as facts have them; the incident began 5 min ago."""
    old, late = (ClusterEvent(NOW - ago, POD, EventKind.OOM_KILLED) for ago in (HOUR, 5 * MINUTE))
    other = ClusterEvent(NOW, TILL, EventKind.OOM_KILLED)
    change = ClusterEvent(NOW, POD, EventKind.ROLLOUT)
    for events, expected in [
        ((old, late, other, change), "permit"),
        ((old, other, change), "escalate"),
        ((late,), "permit"),
        ((replace(late, at_ms=NOW - 5 * MINUTE - 1),), "escalate"),
    ]:
        made = {"the_plan": plan(evict()), "the_facts": facts(events=events)}
        assert lean(trust.evidence, **made) == expected


def test_a_node_that_is_not_ready_speaks_for_itself():
    """M9."""
    ends = plan(cordon(destructive=True), target=NODE)
    problem = incident(anomaly(NODE), prime=NODE)
    for ready, expected in [(False, "permit"), (True, "escalate"), (None, "escalate")]:
        there = facts(nodes=[node(ready=ready), node("n2")])
        assert lean(trust.evidence, the_plan=ends, the_incident=problem, the_facts=there) == expected
