"""Context: what a step is about, as guards see it; and how spans are told."""

import pytest

from aiops.core.guards.context import span
from aiops.model import Autoscaler, BlastRadius, Change, ChangeVerb, Target
from tests.unit.core.cases import CART, NODE, NOW, POD, cordon, evict, facts, plan, situation, step, workload
from tests.unit.core.guard_cases import TILL, context

HPA = Target("HorizontalPodAutoscaler", "shop", "till")
STRAY = Target("ConfigMap", "shop", "stray")


def on(target, verb=ChangeVerb.PATCH):
    return plan(step(change=Change(target, "1", {"x": 1}, "u", verb)))


@pytest.mark.parametrize(
    ("target", "subject"),
    [
        (TILL, TILL),  # what is changed, though the plan is for the cart
        (HPA, TILL),
        (POD, CART),
        (STRAY, CART),  # nobody knows whose it is: the plan's
    ],
)
def test_the_subject_is_the_workload_of_what_is_changed_or_else_of_the_plan(target, subject):
    there = facts(workload(), workload(TILL), autoscalers={HPA: Autoscaler(HPA, TILL)})
    made = context(on(target), the_facts=there)
    assert made.subject == subject
    assert made.workload.target == subject


def test_an_unread_subject_is_none():
    assert context(on(STRAY), the_facts=facts(workload(TILL))).workload is None


@pytest.mark.parametrize(
    ("the_step", "on_node"),
    [
        (step(), False),
        (cordon(), True),
        (cordon(blast_radius=BlastRadius(0, 0.0, nodes=0)), True),  # whatever it says of itself
        (step(blast_radius=BlastRadius(0, 0.0, nodes=1)), True),
    ],
)
def test_a_step_is_on_a_node_by_its_target_or_by_its_own_word(the_step, on_node):
    assert context(plan(the_step)).on_node is on_node


def test_touched_is_everything_that_is_written_with_its_workload_and_the_subject():
    other = Change(TILL, "1", {}, "u", ChangeVerb.DELETE)
    look = Change(Target("Pod", "bank", "x"), None, {}, verb=ChangeVerb.CAPTURE)
    made = context(plan(evict(then=(other,), before=(look,))))
    assert made.touched == (POD, CART, TILL)
    assert made.writes == (evict().change, other)
    assert context(on(STRAY)).touched == (STRAY, CART)
    assert context(on(STRAY, ChangeVerb.CAPTURE)).touched == (CART,)


def test_of_a_step_on_a_node_the_plans_workload_is_not_touched():
    assert context(plan(cordon())).touched == (NODE,)


def test_the_time_is_that_of_the_situation():
    assert context(the_situation=situation(now_ms=NOW + 1)).now_ms == NOW + 1


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (89_999, "90 s"),
        (40_000, "40 s"),
        (90_000, "2 min"),
        (420_000, "7 min"),
        (5_399_000, "90 min"),
        (5_400_000, "1.5 h"),
        (9_000_000, "2.5 h"),
    ],
)
def test_spans_are_told_in_the_unit_that_people_would_use(ms, text):
    assert span(ms) == text
