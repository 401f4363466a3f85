"""Policy: what modes make of a decision, and how reasons become one."""

from dataclasses import replace

import pytest

from aiops.core.plan import seal
from aiops.core.policy import decide, decide_if_known, decide_twice, mode_of, phrase, recheck, settle, why
from aiops.model import Act, Escalate, Hold, Impact, Lean, Mode, Reason, Refuse, Scope
from tests.unit.core.cases import (
    CART,
    MINUTE,
    NODE,
    NOW,
    facts,
    judged,
    plan,
    policy,
    scale,
    situation,
    step,
    workload,
)
from tests.unit.core.guard_cases import context, ledger


def modes(the_policy=Mode.AUTO, playbook=Mode.AUTO, scope=Mode.AUTO):
    made = policy(mode=the_policy, scopes=(Scope(scope, namespace="shop"),))
    return judged(plan(mode=playbook), the_policy=made)


@pytest.mark.parametrize(
    ("mode", "kind", "word"),
    [
        (Mode.OBSERVE, Refuse, "shown only; would have acted: restart"),
        (Mode.SUGGEST, Escalate, "nobody is asked"),
        (Mode.ASK, Escalate, "a person approves"),
        (Mode.AUTO, Act, "mode auto"),
    ],
)
@pytest.mark.parametrize("where", ["the_policy", "playbook", "scope"])
def test_the_lowest_mode_decides_wherever_it_stands(mode, kind, word, where):
    """B8: of the policy, of the playbook, of the scope."""
    decision = modes(**{where: mode})
    assert isinstance(decision, kind)
    assert word in decision.reasons[-1].text


def test_without_a_scope_nothing_is_bound_to_a_place_and_the_mode_is_observe():
    """B8: opt-in by namespace label *and* playbook binding."""
    decision = judged(the_policy=policy(scopes=()))
    assert isinstance(decision, Refuse)
    assert "no scope binds playbook restart-leaking to shop" in decision.reasons[-1].text


@pytest.mark.parametrize(
    ("scope", "mode"),
    [
        (Scope(Mode.AUTO, namespace="shop"), Mode.AUTO),
        (Scope(Mode.AUTO, namespace="bank"), Mode.OBSERVE),
        (Scope(Mode.AUTO, workload="Deployment/shop/cart"), Mode.AUTO),
        (Scope(Mode.AUTO, workload="Deployment/shop/till"), Mode.OBSERVE),
        (Scope(Mode.AUTO, playbook="restart-leaking"), Mode.AUTO),
        (Scope(Mode.AUTO, playbook="other"), Mode.OBSERVE),
        (Scope(Mode.AUTO, playbook="restart-leaking", namespace="bank"), Mode.OBSERVE),
    ],
)
def test_a_scope_speaks_where_everything_it_names_agrees(scope, mode):
    assert mode_of(plan(), policy(scopes=(scope,)))[0] is mode


def test_of_several_scopes_the_lowest_counts():
    scopes = (Scope(Mode.AUTO, namespace="shop"), Scope(Mode.ASK, workload=str(CART)))
    assert mode_of(plan(), policy(scopes=scopes)) == (Mode.ASK, "of the scope Deployment/shop/cart")


def test_people_who_are_told_cannot_approve_and_people_who_are_asked_have_a_quarter_of_an_hour():
    """H8."""
    told, asked = modes(scope=Mode.SUGGEST), modes(scope=Mode.ASK)
    assert (told.approvers, told.until_ms) == ((), None)
    assert (asked.approvers, asked.until_ms) == (("on-call",), NOW + 15 * MINUTE)


def test_a_playbook_names_its_own_approvers():
    asked = judged(plan(mode=Mode.ASK, approvers=("dba",)))
    assert asked.approvers == ("dba",)


def test_a_plan_without_steps_is_refused_with_its_reason():
    decision = judged(plan(steps=(), reason="no playbook matches"))
    assert isinstance(decision, Refuse)
    assert why(decision).text == "no playbook matches"


@pytest.mark.parametrize(
    ("leans", "kind"),
    [
        ("permit permit", Act),
        ("permit escalate", Escalate),
        ("escalate hold", Hold),
        ("hold refuse escalate", Refuse),
        ("", Refuse),  # nobody looked
    ],
)
def test_the_strictest_reason_counts(leans, kind):
    reasons = [Reason("g", Lean(one), "t") for one in leans.split()]
    assert isinstance(settle(context(), reasons), kind)


def test_a_hold_says_when_to_look_again_only_if_time_alone_ends_all_that_holds():
    first, second = (Reason("g", Lean.HOLD, "t", until_ms=at) for at in (5, 9))
    assert settle(context(), [first, second]).until_ms == 9
    assert settle(context(), [first, Reason("h", Lean.HOLD, "t")]).until_ms is None


def test_high_impact_is_escalated_in_mode_auto():
    """5.3."""
    decision = judged(plan(step(impact=Impact.HIGH)))
    assert isinstance(decision, Escalate)
    assert why(decision).guard == "impact"


def twice(the_facts, the_policy=None, the_plan=None):
    args = the_plan or plan(), context().incident, the_facts, ledger(), the_policy or policy(), situation()
    return decide_twice(*args)


def test_unknown_facts_hold_the_live_run_and_are_named():
    """A recording knows no versions: a live run holds, as if they permitted it acts."""
    blank = plan(step(change=replace(step().change, uid=None, resource_version=None)))
    live, known = twice(facts(workload(uid=None, resource_version=None, rolling=None)), the_plan=blank)
    assert isinstance(live, Hold)
    assert {reason.guard for reason in live.reasons if reason.unknown} == {"bound", "at_rest"}
    assert isinstance(known, Act)


def test_the_second_decision_ignores_the_mode_and_nothing_else():
    """The dry run of a fresh install, in observe: "would have acted", and HIGH would still be asked."""
    live, known = twice(facts(), policy(mode=Mode.OBSERVE))
    assert (type(live), type(known)) == (Refuse, Act)
    _, asked = twice(facts(), policy(mode=Mode.OBSERVE), plan(step(impact=Impact.HIGH)))
    assert isinstance(asked, Escalate)
    _, refused = twice(facts(namespace_labels={"shop": {}}), policy(mode=Mode.OBSERVE))
    assert isinstance(refused, Refuse)


def test_a_phrase_tells_what_would_have_come_after():
    ladder = plan(step(), scale())
    acted = phrase(judged(ladder))
    assert acted == (
        "acted: restart Deployment/shop/cart, 4 pods; "
        "if that had not helped: scale Deployment/shop/cart from 4 to 5 pods"
    )
    held = phrase(judged(ladder, the_situation=situation(kill_switch=True)))
    assert held == "held: restart Deployment/shop/cart, 4 pods (kill switch: the kill switch is on)"


def test_a_phrase_of_an_empty_plan_says_why_nothing_is_done():
    assert (
        phrase(judged(seal(replace(plan(), steps=(), reason="no rung fits")))) == "done nothing: no rung fits"
    )


def rechecked(**changes):
    values = {
        "plan": plan(step(impact=Impact.HIGH)),
        "incident": context().incident,
        "facts": facts(),
        "ledger": ledger(),
        "policy": policy(),
        "situation": situation(),
    }
    return [reason.guard for reason in recheck(**values | changes)]


def test_an_approval_answers_what_was_escalated_and_nothing_else():
    """E5, H6, M16: just before sending holds and refusals still stand."""
    assert rechecked() == []
    assert rechecked(situation=situation(kill_switch=True)) == ["kill_switch"]
    assert rechecked(facts=facts(workload(resource_version="42"))) == ["bound"]
    assert rechecked(policy=policy(mode=Mode.SUGGEST)) == ["mode"]  # nobody can approve there


def test_what_nobody_was_asked_about_is_sent_only_if_it_would_be_decided_so_again():
    """5.1.3: in auto an escalation between decision and write stops it."""
    assert rechecked(plan=plan(), asked=False) == []
    assert rechecked(asked=False) == ["impact"]
    assert rechecked(plan=plan(), asked=False, situation=situation(term=None)) == ["leadership"]


def test_in_mode_ask_an_approved_step_is_sent():
    assert rechecked(policy=policy(mode=Mode.ASK)) == []


def test_what_people_are_told_in_suggest_is_whom_it_would_have_asked():
    told = modes(scope=Mode.SUGGEST).reasons[-1].text
    assert told.endswith("would have acted: restart Deployment/shop/cart, 4 pods")
    rules = policy(scopes=(Scope(Mode.SUGGEST, namespace="shop"),))
    asked = judged(plan(step(impact=Impact.HIGH)), the_policy=rules)
    assert "would have asked on-call to approve" in asked.reasons[-1].text
    assert asked.approvers == ()


def test_only_what_holds_says_when_to_look_again():
    reasons = [
        Reason("g", Lean.HOLD, "t", until_ms=5),
        Reason("h", Lean.PERMIT, "t"),
        Reason("i", Lean.ESCALATE, "t"),
    ]
    assert settle(context(), reasons).until_ms == 5


def test_a_node_without_a_scope_is_named_itself():
    mode, why_not = mode_of(plan(target=NODE), policy(scopes=()))
    assert (mode, why_not) == (Mode.OBSERVE, "no scope binds playbook restart-leaking to Node/n1")


def test_each_decision_can_be_asked_for_alone():
    rules = policy(mode=Mode.OBSERVE)
    args = plan(), context().incident, facts(), ledger(), rules, situation()
    assert isinstance(decide_if_known(*args), Act)
    assert isinstance(decide(*args), Refuse)


def test_a_decision_without_reasons_says_what_there_is_to_say():
    nothing = plan(steps=(), reason="no rung fits")
    assert why(Refuse(nothing, ())).text == "no rung fits"
    assert why(Hold(plan(), ())).text == "no guard was asked"


def test_only_later_rungs_come_later():
    ladder = plan(step(summary="one"), step(summary="two"), step(summary="three"))
    assert phrase(Act(ladder, (), 1)) == "acted: two; if that had not helped: three"
    assert phrase(Act(ladder, (), 2)) == "acted: three"
