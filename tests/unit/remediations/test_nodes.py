"""Remediations of nodes: whose cordon it is, what a drain moves, which taints stay."""

from dataclasses import replace

import pytest

from aiops.model import ChangeVerb, Condition, Impact, NotApplicable, Target
from remediations.cordon import Cordon
from remediations.drain import Drain
from remediations.taint import Taint
from remediations.uncordon import Uncordon
from remediations.untaint import Untaint
from tests.contract.remediation_cases import (
    AGENT,
    CART,
    CLOSED,
    DB,
    FACTS,
    JOB,
    NODE,
    NOW,
    NOW_MS,
    OURS,
    POD,
    THEIRS,
    node,
    pod,
    workload,
)

OUR_MARK = {"aiops.dev/cordoned-by": "aiops"}


def with_node(target=NODE, **changes):
    return replace(FACTS, nodes={**FACTS.nodes, target: node(target, **changes)})


def with_pods(*pods, **changes):
    return replace(FACTS, pods={one.target: one for one in pods}, **changes)


def named(name, owner=CART, **changes):
    return pod(Target("Pod", "shop", name), owner, **changes)


def declined(answer):
    assert isinstance(answer, NotApplicable)
    return answer.reason


@pytest.mark.parametrize(("unschedulable", "impact"), [(False, Impact.MEDIUM), (None, Impact.HIGH)])
def test_what_may_have_been_cordoned_before_is_never_uncordoned_by_an_undo(unschedulable, impact):
    step = Cordon().propose(NODE, with_node(unschedulable=unschedulable), NOW)
    assert step.impact is impact
    assert (step.undo is None) is (unschedulable is None)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"annotations": {}}, "not cordoned by us"),
        ({"annotations": None}, "not cordoned by us"),
        ({"annotations": {"aiops.dev/cordoned-by": "maria"}}, "not cordoned by us"),
        ({"unschedulable": False}, "not known to be cordoned"),
        ({"unschedulable": None}, "not known to be cordoned"),
        ({"ready": False}, "not known to be ready"),
        ({"ready": None}, "not known to be ready"),
    ],
)
def test_only_our_own_cordon_of_a_node_that_is_well_is_ended(changes, word):
    """M16: a person's cordon is that person's."""
    assert isinstance(Uncordon().propose(CLOSED, FACTS, NOW).change.patch, dict)
    known = {"unschedulable": True, "annotations": OUR_MARK} | changes
    assert word in declined(Uncordon().propose(CLOSED, with_node(CLOSED, **known), NOW))


@pytest.mark.parametrize("fix", [Uncordon(), Untaint()])
def test_a_node_under_pressure_gets_no_new_pods(fix):
    facts = replace(FACTS, conditions=(Condition(CLOSED, "DiskPressure", NOW_MS),))
    assert "DiskPressure" in declined(fix.propose(CLOSED, facts, NOW))


def test_the_cordon_is_written_with_our_mark_and_undone_with_it():
    step = Uncordon().propose(CLOSED, FACTS, NOW)
    assert step.change.patch == {
        "metadata": {"annotations": {"aiops.dev/cordoned-by": None}},
        "spec": {"unschedulable": False},
    }
    assert step.undo.patch == {"metadata": {"annotations": OUR_MARK}, "spec": {"unschedulable": True}}


def test_a_drain_is_a_cordon_and_then_one_eviction_a_pod_chosen_now():
    """5.1: pod uids chosen at planning. What serves nobody goes first; then one of each workload in turn."""
    pods = (
        named("cart-a", ready=True),
        named("cart-b", ready=True),
        named("cart-c", ready=False),
        named("db-0", DB, controller=DB, ready=True),
        named("bill-1", JOB, controller=JOB, ready=True),
        named("elsewhere", ready=True, node="n2"),
    )
    step = Drain().propose(NODE, with_pods(*pods), NOW)
    assert step.change.patch == {"metadata": {"annotations": OUR_MARK}, "spec": {"unschedulable": True}}
    names = [change.target.name for change in step.then]
    assert names == ["cart-c", "bill-1", "cart-a", "db-0", "cart-b"]
    assert {(change.verb, change.uid) for change in step.then} == {
        (ChangeVerb.EVICT, f"uid-{name}") for name in names
    }
    blast = step.blast_radius
    assert (blast.pods, blast.workloads, blast.nodes, blast.at_once) == (5, 3, 1, 4)
    assert (step.impact, step.destructive, step.deadline_s) == (Impact.HIGH, True, 900)
    assert step.undo.patch["spec"] == {"unschedulable": False}
    assert step.command == "kubectl drain n1 --ignore-daemonsets --timeout=900s"


@pytest.mark.parametrize(
    "changes",
    [
        {"owner": AGENT, "controller": AGENT},
        {"mirror": True},
        {"deleting": True},
        {"phase": "Succeeded"},
        {"phase": "Failed"},
    ],
)
def test_what_a_drain_would_not_move_stays(changes):
    stays = {"owner": CART} | changes
    step = Drain().propose(NODE, with_pods(pod(), named("stays", **stays)), NOW)
    assert [change.target for change in step.then] == [POD]
    assert "is empty" in declined(Drain().propose(NODE, with_pods(named("stays", **stays)), NOW))


@pytest.mark.parametrize(
    ("changes", "allowing", "word"),
    [
        ({"local_storage": True}, {"local_storage": True}, "would lose what it keeps"),
        ({"owner": None, "controller": None}, {"unowned": True}, "nobody is known who would replace"),
        ({"owner": None, "controller": None, "local_storage": True}, {"unowned": True}, "would lose"),
    ],
)
def test_a_drain_that_would_lose_something_is_planned_only_where_it_was_allowed(changes, allowing, word):
    facts = with_pods(pod(), named("odd", **{"owner": CART} | changes))
    assert word in declined(Drain().propose(NODE, facts, NOW))
    both = {"local_storage": True, "unowned": True}
    assert len(Drain(**both).propose(NODE, facts, NOW).then) == 2
    if len(changes) < 3:
        assert len(Drain(**allowing).propose(NODE, facts, NOW).then) == 2
    else:
        assert word in declined(Drain(**allowing).propose(NODE, facts, NOW))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"budgets": 2}, "refuses every eviction"),
        ({"pdb_disruptions_allowed": 0, "ready": 4}, "allows none though all its pods are ready"),
        ({"pdb_disruptions_allowed": 0, "ready": 3}, ""),  # it will allow one when the fourth is ready
        ({"pdb_disruptions_allowed": 0, "ready": None}, ""),
    ],
)
def test_a_drain_that_can_never_end_is_not_begun(changes, word):
    facts = replace(FACTS, workloads={**FACTS.workloads, CART: workload(CART, **changes)})
    answer = Drain().propose(NODE, facts, NOW)
    assert isinstance(answer, NotApplicable) is bool(word)
    if word:
        assert word in answer.reason


@pytest.mark.parametrize(("max_pods", "drained"), [(3, True), (2, False)])
def test_a_drain_moves_no_more_pods_than_it_may(max_pods, drained):
    facts = with_pods(*(named(f"cart-{n}") for n in range(3)))
    assert isinstance(Drain(max_pods=max_pods).propose(NODE, facts, NOW), NotApplicable) is not drained


def test_a_node_that_a_person_cordoned_is_left_to_that_person():
    """draino issue 50: whoever cordoned it may be draining it."""
    facts = with_node(unschedulable=True, annotations={})
    assert "somebody else" in declined(Drain().propose(NODE, facts, NOW))
    ours = with_node(unschedulable=True, annotations=OUR_MARK)
    step = Drain().propose(NODE, ours, NOW)
    assert (step.change.target, step.undo) == (NODE, None)  # the cordon was there before, and stays


def test_a_drain_needs_to_know_the_pods():
    facts = replace(FACTS, unknown=frozenset({"pods"}))
    assert "are not known" in declined(Drain().propose(NODE, facts, NOW))


def test_a_taint_is_added_to_those_that_are_there():
    """The API server replaces the list as a whole: nobody's taint may be lost."""
    step = Taint().propose(NODE, with_node(taints=(THEIRS,)), NOW)
    assert step.change.patch == {"spec": {"taints": [THEIRS, OURS]}}
    assert step.undo.patch == {"spec": {"taints": [THEIRS]}}


def test_only_our_taint_is_taken_off():
    step = Untaint().propose(CLOSED, FACTS, NOW)
    assert step.change.patch == {"spec": {"taints": [THEIRS]}}
    assert step.undo.patch == {"spec": {"taints": [THEIRS, OURS]}}
    foreign = with_node(CLOSED, taints=({**OURS, "value": "somebody"},))
    assert "not known to have our taint" in declined(Untaint().propose(CLOSED, foreign, NOW))


def test_a_node_is_tainted_once_and_never_blindly():
    assert "already" in declined(Taint().propose(CLOSED, FACTS, NOW))
    assert "not known" in declined(Taint().propose(NODE, with_node(taints=None), NOW))


@pytest.mark.parametrize("ready", [False, None])
def test_a_taint_stays_until_the_node_is_ready(ready):
    facts = with_node(CLOSED, taints=(OURS,), ready=ready)
    assert "not known to be ready" in declined(Untaint().propose(CLOSED, facts, NOW))


def test_a_taint_that_ends_pods_cannot_be_asked_for():
    with pytest.raises(ValueError, match="effect"):
        Taint(effect="NoExecute")
