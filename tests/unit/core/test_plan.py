"""Plan: which playbook speaks, what exactly it would change, and what binds an approval to it (G11)."""

from dataclasses import fields, replace

import pytest

from aiops.bootstrap.plugins import remediation
from aiops.core.learn import learn
from aiops.core.ledger import Ledger
from aiops.core.memory import Lessons
from aiops.core.plan import is_intact, make_plan, seal
from aiops.model import (
    Impact,
    Matcher,
    Mode,
    Plan,
    Playbook,
    PlaybookStep,
    Pod,
    Result,
    Role,
    Suspect,
    Target,
    Verification,
)
from tests.unit.core.cases import (
    CART,
    MINUTE,
    NODE,
    NOW,
    POD,
    anomaly,
    facts,
    incident,
    plan,
    pod,
    workload,
)
from tests.unit.core.guard_cases import attempt
from tests.unit.core.lesson_cases import Story
from tests.unit.engine.loop_cases import HELD, LADDER

SHOP = facts(workload(revisions=HELD))


def made(*playbooks, the_incident=None, the_facts=SHOP, ledger=None, now_ms=NOW, lessons=None):
    return make_plan(
        the_incident or incident(),
        playbooks or (LADDER,),
        the_facts,
        remediation,
        now_ms,
        ledger or Ledger(),
        lessons,
    )


def names(the_plan):
    return [step.remediation for step in the_plan.steps]


def test_a_playbook_becomes_a_ladder_of_concrete_steps():
    one = made()
    assert names(one) == ["restart_rollout", "rollback"]
    assert [step.rung for step in one.steps] == [0, 1]
    assert (one.target, one.playbook, one.mode, one.incident_id) == (CART, "restart-leaking", Mode.AUTO, "i1")


def test_the_same_inputs_give_the_same_plan_and_another_time_another():
    """G11: a function of its arguments, to the digest."""
    assert made() == made()
    assert made().digest != made(now_ms=NOW + 1000).digest


@pytest.mark.parametrize(
    "field", [field.name for field in fields(Plan) if field.name not in {"id", "digest"}]
)
def test_every_change_of_a_plan_shows_in_its_digest(field):
    """G11: mutate each field in turn; none may pass unseen."""
    values = {
        "incident_id": "i2",
        "target": NODE,
        "playbook": "x",
        "playbook_version": "2",
        "steps": plan().steps * 2,
        "verification": Verification(good=1),
        "made_at_ms": 1,
        "reason": "x",
        "skipped": ("x",),
        "cost_difference": 1.0,
        "facts_unknown": ("x",),
        "mode": Mode.ASK,
        "cooldown_s": 1,
        "max_attempts": 1,
        "approvers": ("x",),
        "runbook_url": "x",
        "changed_by": ("slack:T1/U1",),
    }
    mutated = replace(plan(), **{field: values[field]})
    assert is_intact(plan())
    assert not is_intact(mutated)
    assert seal(mutated).digest != plan().digest


def test_a_rung_that_does_not_fit_is_skipped_with_its_reason():
    one = made(the_facts=facts())  # no revisions are known
    assert names(one) == ["restart_rollout"]
    assert one.skipped == ("rollback: the revisions of Deployment/shop/cart are not known",)


def test_where_no_rung_fits_the_plan_is_empty_and_says_so():
    one = made(the_facts=facts(workload(rolling=True)))
    assert one.steps == ()
    assert one.reason.startswith("no rung fits: restart_rollout: ")


def test_a_class_for_which_nothing_is_right_has_a_plan_that_says_so():
    nothing = Playbook("leave", "1", Matcher(classes=("memory_leak",)), (), do_nothing_because="it heals")
    assert made(nothing).reason == "the right answer is to do nothing: it heals"


def test_without_a_playbook_the_plan_says_what_was_looked_for():
    one = made(the_incident=incident(incident_class="network"))
    assert one.reason == "no playbook matches: class network, suspect Deployment/shop/cart"


def tried(result, rung=0, at_ms=NOW - MINUTE):
    return Ledger(attempts=(attempt(at_ms, incident_id="i1", rung=rung, result=result),))


@pytest.mark.parametrize(
    ("result", "rungs"),
    [
        (Result.FAILED, ["rollback"]),
        (Result.UNDONE, ["rollback"]),
        (Result.CONTAINED, ["rollback"]),  # it stands, and was never to heal
        (Result.DRY_RUN, ["restart_rollout", "rollback"]),  # nobody knows
        (Result.UNVERIFIED, ["restart_rollout", "rollback"]),
        (Result.VERIFIED, ["restart_rollout", "rollback"]),
        (Result.APPLIED, ["restart_rollout", "rollback"]),
    ],
)
def test_the_ladder_goes_on_behind_what_was_verified_not_to_help(result, rungs):
    """5.5: never two rungs without verification between."""
    assert names(made(ledger=tried(result))) == rungs


def test_what_was_tried_is_told():
    assert made(ledger=tried(Result.FAILED)).skipped[0] == "restart_rollout: tried at 22:12, did not help"
    assert made(ledger=tried(Result.CONTAINED)).skipped[0] == "restart_rollout: tried at 22:12, stands"


def test_after_the_last_rung_it_starts_again_and_the_guards_decide_for_how_long():
    assert names(made(ledger=tried(Result.FAILED, rung=1))) == ["restart_rollout", "rollback"]


def test_a_playbook_may_raise_an_impact_and_not_lower_it():
    def impact(raised_to):
        playbook = replace(LADDER, steps=(PlaybookStep("restart_rollout", impact=raised_to),))
        (step,) = made(playbook).steps
        return step.impact

    assert impact(Impact.HIGH) is Impact.HIGH
    assert impact(None) is Impact.LOW
    rollback = replace(LADDER, steps=(PlaybookStep("rollback", impact=Impact.LOW),))
    assert made(rollback).steps[0].impact is Impact.HIGH


def test_a_fix_is_asked_about_the_suspect_and_then_about_its_workload():
    """A pod is suspected: an eviction takes the pod, a restart the workload that it belongs to."""
    bad = facts(pods={POD: Pod(POD, CART, "uid-pod", "n1", "Running", ready=False)})
    suspected = incident(prime=POD, suspects=(Suspect(POD, 0.9),))
    both = replace(LADDER, steps=(PlaybookStep("evict_pod"), PlaybookStep("restart_rollout")))
    one = made(both, the_incident=suspected, the_facts=bad)
    assert [step.change.target for step in one.steps] == [POD, CART]
    assert one.target == CART


def test_what_is_not_known_is_named():
    one = made(the_facts=facts(workload(uid=None, resource_version=None), unknown=frozenset({"pdb"})))
    assert one.facts_unknown == ("pdb", "resource_version", "uid", "version of what is changed")
    stray = made(the_incident=incident(prime=Target("Deployment", "shop", "x")))
    assert stray.steps == ()


def captured(the_step):
    return [(change.verb, str(change.target)) for change in the_step.before]


def test_evidence_is_captured_before_the_pod_or_workload_is_changed():
    """Where the playbook says so: of what ends, else of what is changed. It binds an approval too."""
    bad = facts(pods={POD: pod(ready=False)})
    both = tuple(PlaybookStep(name, capture=True) for name in ("evict_pod", "restart_rollout"))
    steps = made(replace(LADDER, steps=both), the_facts=bad).steps
    assert [captured(one) for one in steps] == [[("capture", str(POD))], [("capture", str(CART))]]
    assert steps[0].changes == (*steps[0].before, steps[0].change)
    silent = made(replace(LADDER, steps=(PlaybookStep("evict_pod"),)), the_facts=bad)
    assert captured(silent.steps[0]) == []
    assert seal(replace(silent, steps=steps[:1])).digest != silent.digest


def test_of_a_drain_the_evidence_of_a_few_pods_is_enough():
    many = {one.target: one for one in (pod(f"cart-{n}", uid=f"u{n}", ready=False) for n in range(25))}
    empty = replace(
        LADDER, when=Matcher(classes=("node_not_ready",)), steps=(PlaybookStep("drain", capture=True),)
    )
    down = incident(prime=NODE, incident_class="node_not_ready")
    (drain,) = made(empty, the_incident=down, the_facts=facts(pods=many)).steps
    assert (len(drain.before), len(drain.then)) == (5, 25)


def test_a_fix_is_asked_about_the_one_pod_that_the_incident_is_about_first():
    """Its sisters are well: the pod is ready, so the workload alone would not tell which is meant."""
    odd = anomaly(POD, "latency_out_of_line", Role.CONDITION, condition="OneBadPod")
    calm = facts(pods={POD: pod(), **{one.target: one for one in (pod("cart-2"), pod("cart-3"))}})
    both = replace(LADDER, steps=(PlaybookStep("evict_pod"), PlaybookStep("restart_rollout")))
    one = made(both, the_incident=incident(odd), the_facts=calm)
    assert [step.change.target for step in one.steps] == [POD, CART]
    other = replace(odd, target=Target("Pod", "shop", "cart-2"))
    several = made(both, the_incident=incident(odd, other), the_facts=calm)
    assert [step.change.target for step in several.steps] == [CART]  # which of the two nobody said


NEW = incident(id="new")


def failed(times, **changes):
    """Lessons of so many incidents in which a restart did not help."""
    story = Story()
    for _ in range(times):
        story.tries(Result.FAILED, **changes)
    return learn(Lessons(), story.entries)


def test_a_rung_that_never_helped_this_pattern_is_passed_over():
    """Issue 4, item 7: with the reason, and the next rung is the first."""
    assert names(made(the_incident=NEW, lessons=failed(1))) == ["restart_rollout", "rollback"]
    one = made(the_incident=NEW, lessons=failed(2))
    assert names(one) == ["rollback"]
    assert one.steps[0].rung == 1
    (why,) = one.skipped
    assert why.startswith("restart_rollout: passed over: 2 times it did not help memory_leak here")


@pytest.mark.parametrize("changes", [{"playbook": "other"}, {"playbook_version": "0"}])
def test_what_another_playbook_or_version_learned_is_no_reason(changes):
    assert names(made(the_incident=NEW, lessons=failed(2, **changes))) == ["restart_rollout", "rollback"]


def test_where_every_rung_is_passed_over_a_person_is_told_why():
    alone = replace(LADDER, steps=(PlaybookStep("restart_rollout"),))
    one = made(alone, the_incident=NEW, lessons=failed(2))
    assert one.steps == ()
    assert one.reason.startswith("no rung fits: restart_rollout: passed over: 2 times")
