"""Guards on both sides of their boundaries: how often, does it help, is it sure."""

from dataclasses import replace

import pytest

from aiops.core.guards import GUARDS, pace, trust
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.model import (
    Breaker,
    Budget,
    Budgets,
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
    StreamAt,
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
        ([FLAGGED], facts(unknown=frozenset({"conditions"})), "escalate"),
        ([anomaly(TILL)], facts(conditions=CRASHING), "escalate"),  # the metric is another one's
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


ONE = {"cluster_per_10min": 99, "cluster_per_hour": 99, "cluster_per_day": 99, "namespace_per_hour": 99}


@pytest.mark.parametrize(
    ("limit", "target", "window_ms", "words"),
    [
        ({"cluster_per_10min": 1}, BANK, 10 * MINUTE, "in the cluster in 10 min"),
        ({"cluster_per_hour": 1}, BANK, HOUR, "in the cluster in 1 h"),
        ({"cluster_per_day": 1}, BANK, DAY, "in the cluster in 24 h"),
        ({"namespace_per_hour": 1}, TILL, HOUR, "in namespace shop in 1 h"),
        ({"workload_window_s": 7200}, CART, 2 * HOUR, "for Deployment/shop/cart"),
    ],
)
def test_a_window_ends_to_the_millisecond(limit, target, window_ms, words):
    """B2: and a hold says when."""
    rules = policy(budgets=Budgets(**ONE | limit))
    for at_ms, expected in ((NOW - window_ms, "permit"), (NOW - window_ms + 1, "hold")):
        reason = pace.budget(context(ledger=ledger(attempt(at_ms, target)), the_policy=rules))
        assert reason.lean == expected
    assert reason.until_ms == NOW + 1
    assert reason.text == f"1 of 1 plans {words} are used"
    spare = policy(budgets=Budgets(**ONE | {"workload_per_window": 2}))
    reason = pace.budget(context(ledger=ledger(), the_policy=spare))
    assert reason.text.endswith("0 of 2 for Deployment/shop/cart, 0 of 99 in namespace shop in 1 h")


def test_of_more_than_the_limit_so_many_must_leave_the_window():
    """Three were used, two are the limit: the second one's end makes room for a new one."""
    rules = policy(budgets=Budgets(**ONE | {"cluster_per_10min": 2}))
    tries = [attempt(NOW - minutes * MINUTE, replace(BANK, name=f"b{minutes}")) for minutes in (8, 5, 2)]
    reason = pace.budget(context(ledger=ledger(*tries), the_policy=rules))
    assert reason.until_ms == NOW + 5 * MINUTE


def test_what_a_node_uses_is_no_namespaces():
    """It has none."""
    rules = policy(budgets=Budgets(**ONE | {"namespace_per_hour": 0}))
    assert lean(pace.budget, **CORDON, the_policy=rules) == "permit"
    assert pace.budget(context(the_policy=rules)).until_ms is None  # never: none may be used
    assert lean(pace.budget, the_policy=rules) == "hold"
    flying = ledger(attempt(NOW, Target("Zone", "", "a"), result=None))
    assert lean(pace.in_flight, **CORDON, ledger=flying) == "permit"


def test_one_step_at_a_time_on_a_workload_whatever_the_namespace_allows():
    """B2; on another one of it two are fine."""
    rules = policy(budgets=Budgets(namespace_in_flight=9))
    for target, expected in ((CART, "hold"), (TILL, "permit")):
        flying = ledger(attempt(NOW - DAY, target, result=None))
        assert lean(pace.in_flight, ledger=flying, the_policy=rules) == expected
    reason = pace.in_flight(context(ledger=ledger(attempt(NOW, CART, result=None)), the_policy=rules))
    assert reason.text == "1 of 1 steps for Deployment/shop/cart are under way"


def test_the_journal_checks_the_same_table_in_its_own_transaction():
    """B2: what the append of a first rung is conditioned on."""
    known = ledger(seq=7)
    assert pace.conditions(plan(), 0, known, policy(), NOW) == (
        StreamAt("actions", 7),
        Budget("plan_started", 6, NOW - 10 * MINUTE, "", ""),
        Budget("plan_started", 20, NOW - HOUR, "", ""),
        Budget("plan_started", 60, NOW - DAY, "", ""),
        Budget("plan_started", 1, NOW - 30 * MINUTE, "target", "Deployment/shop/cart"),
        Budget("plan_started", 4, NOW - HOUR, "namespace", "shop"),
    )
    of_node = pace.conditions(plan(cordon(), target=NODE), 0, known, policy(), NOW)
    assert [one.field for one in of_node[1:]] == ["", "", "", "target"]


def test_a_further_rung_is_conditioned_on_the_stream_alone():
    """5.3: it shares its plan's budget."""
    failed = ledger(attempt(NOW - MINUTE, incident_id="i1", result=Result.FAILED), seq=9)
    ladder = plan(step(), step(rung=1))
    assert pace.conditions(ladder, 1, failed, policy(), NOW) == (StreamAt("actions", 9),)
    assert len(pace.conditions(ladder, 0, failed, policy(), NOW)) == 6


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "hold"),
        ({"ended_ms": None, "result": None}, "hold"),  # since it began
        ({"at_ms": NOW - HOUR, "ended_ms": NOW - MINUTE}, "hold"),  # since it ended
        ({"at_ms": NOW - HOUR, "ended_ms": None, "result": None}, "permit"),
        ({"target": TILL}, "permit"),
        ({"playbook": "other"}, "permit"),
    ],
)
def test_a_cooldown_is_the_playbooks_on_that_target(changes, expected):
    """M10."""
    values = {"at_ms": NOW - MINUTE, "ended_ms": NOW - MINUTE} | changes
    at_ms = values.pop("at_ms")
    assert lean(pace.cooldown, ledger=ledger(attempt(at_ms, **values))) == expected


def test_a_cooldown_says_why_and_until_when():
    old, young = attempt(NOW - 20 * MINUTE), attempt(NOW - 10 * MINUTE)
    reason = pace.cooldown(context(ledger=ledger(old, young)))
    assert reason.until_ms == NOW + 20 * MINUTE
    assert reason.text == "restart_rollout was done 10 min ago; cooling down for 20 min more"
    assert pace.cooldown(context()).text == "nothing was done to Deployment/shop/cart lately"
    late = attempt(NOW - 25 * MINUTE, ended_ms=NOW - MINUTE)  # the one before ended later
    assert pace.cooldown(context(ledger=ledger(late, old))).until_ms == NOW + 29 * MINUTE


@pytest.mark.parametrize(
    ("cooldown_s", "window_s", "wait_ms"),
    [(7200, 1800, 4 * HOUR), (600, 1800, HOUR), (60, 7200, 4 * HOUR)],  # the longer one, doubled
)
def test_the_wait_begins_with_the_longer_of_cooldown_and_window(cooldown_s, window_s, wait_ms):
    """M11."""
    rules = policy(budgets=Budgets(workload_window_s=window_s))
    for ago_ms, expected in ((wait_ms - 1, "hold"), (wait_ms, "permit")):
        made = ledger(failures={str(CART): 1}, failed_ms={str(CART): NOW - ago_ms})
        found = {"ledger": made, "the_policy": rules, "the_plan": plan(cooldown_s=cooldown_s)}
        assert lean(pace.cooldown, **found) == expected


def test_no_number_of_failures_breaks_the_arithmetic():
    """2 to the 2000th is more than a float holds."""
    made = ledger(failures={str(CART): 2000}, failed_ms={str(CART): NOW - DAY + 1})
    reason = pace.cooldown(context(ledger=made))
    assert (reason.lean, reason.until_ms) == (Lean.HOLD, NOW + 1)
    assert "2000 failures in a row" in reason.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "escalate"),
        ({"target": TILL}, "permit"),
        ({"playbook": "other"}, "permit"),
        ({"counted": False}, "permit"),  # a later rung
    ],
)
def test_attempts_are_the_playbooks_on_that_target(changes, expected):
    """M11: once is all that this playbook may."""
    made = {"ledger": ledger(attempt(NOW - DAY + 1, **changes)), "the_plan": plan(max_attempts=1)}
    assert lean(pace.attempts, **made) == expected


def test_an_open_breaker_says_until_when_and_why():
    seen = {"restart-leaking": verdicts("+-----", NOW - MINUTE)}
    reason = trust.breaker(context(ledger=ledger(verdicts=seen)))
    assert reason.until_ms == NOW + 59 * MINUTE
    assert reason.text == "open: 5 failed of the last 6 verifications of restart-leaking"
    assert trust.breaker(context()).text == "0 failed of the last 0 verifications of restart-leaking"
    many = {"restart-leaking": verdicts("-" * 3 + "+" * 10)}
    assert trust.breaker(context(ledger=ledger(verdicts=many))).text.startswith("0 failed of the last 10")


@pytest.mark.parametrize(
    ("settings", "seen", "expected"),
    [
        (Breaker(failures=2, of_last=3, at_least=3), "--+-", "hold"),  # 2 of the last 3
        (Breaker(failures=2, of_last=3, at_least=3), "-++-", "permit"),
        (Breaker(failures=1, of_last=9, at_least=1), "-", "hold"),
        (Breaker(failures=3, of_last=10, at_least=5), "---+-", "hold"),
    ],
)
def test_a_breaker_is_as_configured(settings, seen, expected):
    made = ledger(verdicts={"restart-leaking": verdicts(seen)})
    assert lean(trust.breaker, ledger=made, the_policy=policy(breaker=settings)) == expected


def test_the_global_breaker_counts_all_playbooks_and_stays_where_one_alone_would_not():
    """M11: it was tripped once, long ago, and it never was with four."""
    for seen, expected in (
        ("-----", "hold"),
        ("----", "permit"),
        ("-+++-+++++", "permit"),
        ("--+---+", "hold"),
    ):
        assert lean(trust.breaker, ledger=ledger(verdicts={"": verdicts(seen)})) == expected
    reason = trust.breaker(context(ledger=ledger(verdicts={"": verdicts("-----")})))
    assert reason.until_ms is None


def test_a_locked_workload_says_so():
    assert trust.lock_out(context()).text == "0 of 3 failures in a row on Deployment/shop/cart"
    other = ledger(failures={str(TILL): 3})
    assert lean(trust.lock_out, ledger=other) == "permit"


def test_a_node_under_way_keeps_no_workload_waiting():
    """5.3: one node at a time, beside it what the budgets of the cluster allow."""
    flying = ledger(attempt(NOW, NODE, node=True, result=None))
    assert lean(pace.in_flight, ledger=flying) == "permit"
    assert pace.in_flight(context(ledger=flying)).text == "1 of 3 steps are under way"


def test_without_an_incident_only_what_happens_now_is_evidence():
    """M9: a review destroys nothing on the strength of an old event."""
    for at_ms, seen in ((NOW - 1, "nothing"), (NOW, "oom_killed")):
        there = facts(events=(ClusterEvent(at_ms, POD, EventKind.OOM_KILLED),))
        reason = trust.evidence(replace(context(plan(evict()), the_facts=there), incident=None))
        assert reason.text == f"one source only ({seen}): it destroys, so a person decides"


def test_evidence_names_its_two_sources():
    reason = trust.evidence(context(**EVICT))
    assert reason.text == "two sources agree: memory and CrashLoopBackOff"
    unread = facts(unknown=frozenset({"conditions"}))
    assert trust.evidence(context(plan(evict()), the_facts=unread)).unknown
    there = facts(pods={POD: pod(ready=False)})
    named = trust.evidence(context(plan(evict()), the_facts=there)).text
    assert named == "two sources agree: memory and Pod/shop/cart-1 not ready"


def test_impact_says_why():
    assert trust.impact(context()).text == "impact low"
    why = trust.impact(context(plan(step(remediation="rollback")))).text
    assert why == "impact high: rollback is always high"


def test_a_failure_of_which_nobody_knows_the_time_was_just_now():
    """Unknown holds."""
    made = ledger(failures={str(CART): 1})
    assert pace.cooldown(context(ledger=made)).until_ms == NOW + HOUR


def test_the_very_first_failure_may_open_the_global_breaker():
    """M11: where it is configured so, and whatever helped since."""
    rules = policy(breaker=Breaker(failures=1, of_last=9, at_least=1))
    for seen, expected in (("-+", "hold"), ("++", "permit")):
        assert lean(trust.breaker, ledger=ledger(verdicts={"": verdicts(seen)}), the_policy=rules) == expected


def test_one_change_that_destroys_is_enough_to_ask_for_evidence():
    """M9: whatever else the step does."""
    gone = Change(CART, "41", {}, "uid-cart", ChangeVerb.DELETE)
    made = plan(step(change=gone, then=(step().change,)))
    assert lean(trust.evidence, the_plan=made) == "escalate"
    assert lean(trust.evidence, the_plan=plan(step(then=(gone,)))) == "escalate"
