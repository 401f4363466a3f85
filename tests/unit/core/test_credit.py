"""Credit: whose fix it was, told only where somebody else wrote what was blamed while it was bad."""

from dataclasses import replace

import pytest

from aiops.core.credit import SKEW_MS, SOMEBODY, credited, words
from aiops.model import Autoscaler, ClusterEvent, EventKind, Manager, Result, Target
from tests.unit.core import cases, guard_cases
from tests.unit.core.cases import CART, MINUTE, NOW

SINCE = NOW - 5 * MINUTE  # the first bad sample, see ``cases.anomaly``
BACK = NOW + 10 * MINUTE  # the last signal is back in its band; closed five minutes later
HPA = Target("HorizontalPodAutoscaler", "shop", "cart")
IMAGE = "spec.template.spec.containers[app].image"


def incident(**changes):
    cleared = cases.anomaly(cleared_ms=BACK)
    return cases.incident(cleared, **{"closed_ms": BACK + 5 * MINUTE} | changes)


def wrote(name="kubectl-edit", at_ms=NOW, fields=(IMAGE,), **changes):
    return Manager(name, at_ms, fields, **changes)


def facts(*managers, events=(), **changes):
    return cases.facts(cases.workload(managers=managers), events=events, **changes)


def found(the_facts, attempts=(), one=None):
    return credited(one or incident(), the_facts, attempts, BACK + 6 * MINUTE)


def test_who_wrote_the_spec_while_it_was_bad_gets_the_credit():
    credit = found(facts(wrote()))
    assert (credit.who, credit.target, credit.what, credit.at_ms) == ("kubectl-edit", CART, (IMAGE,), NOW)
    assert words(credit) == f"kubectl-edit changed Deployment/shop/cart at 2023-11-14 22:13:20 UTC: {IMAGE}"


def test_an_event_near_the_write_says_what_changed():
    event = ClusterEvent(NOW + 30_000, CART, EventKind.ROLLOUT, "to revision 13")
    assert found(facts(wrote(), events=(event,))).what == ("rollout to revision 13",)


def test_where_our_own_step_was_verified_it_was_us():
    attempt = guard_cases.attempt(NOW, result=Result.VERIFIED)
    assert found(facts(wrote()), [attempt]) is None


def test_where_our_steps_did_not_help_the_person_gets_the_credit():
    attempt = guard_cases.attempt(NOW - MINUTE, result=Result.FAILED)
    assert found(facts(wrote("aiops"), wrote()), [attempt]).who == "kubectl-edit"


@pytest.mark.parametrize("name", ["aiops", "kube-controller-manager", "kubelet", "cluster-autoscaler"])
def test_we_and_kubernetes_itself_get_no_credit(name):
    assert found(facts(wrote(name))) is None


@pytest.mark.parametrize(
    "manager",
    [
        wrote(subresource="status"),
        wrote(fields=("metadata.annotations.note",)),
        wrote(fields=()),
        wrote(at_ms=None),
    ],
)
def test_what_is_no_change_of_the_spec_is_no_fix(manager):
    assert found(facts(manager)) is None


@pytest.mark.parametrize(
    ("at_ms", "counts"),
    [
        (SINCE - MINUTE, False),  # before: it may be the cause
        (SINCE + SKEW_MS, False),
        (SINCE + SKEW_MS + 1, True),
        (BACK, True),
        (BACK + 1, False),  # after all was well again
    ],
)
def test_only_a_write_between_the_first_bad_sample_and_the_recovery_counts(at_ms, counts):
    assert (found(facts(wrote(at_ms=at_ms))) is not None) is counts


def test_where_no_signal_came_back_the_closing_is_the_end():
    """Deleted, or lost from sight."""
    gone = cases.incident(closed_ms=BACK)
    assert found(facts(wrote(at_ms=BACK)), one=gone) is not None
    assert found(facts(wrote(at_ms=BACK + 1)), one=gone) is None


def test_of_several_the_newest_write_ended_it():
    first, last = wrote("helm", NOW - MINUTE), wrote("argocd-controller", NOW)
    assert found(facts(last, first)).who == "argocd-controller"


def test_a_raised_bound_of_the_autoscaler_is_a_fix_too():
    scaler = Autoscaler(HPA, CART, 1, 10, managers=(wrote(fields=("spec.maxReplicas",)),))
    credit = found(facts(autoscalers={HPA: scaler}))
    assert (credit.target, credit.what) == (HPA, ("spec.maxReplicas",))


def test_an_autoscaler_of_another_workload_is_none_of_it():
    other = Autoscaler(HPA, Target("Deployment", "shop", "web"), managers=(wrote(),))
    assert found(facts(autoscalers={HPA: other})) is None


def test_a_node_that_a_person_mended_is_credited():
    node = cases.node(managers=(wrote(fields=("spec.unschedulable",)),))
    one = incident(suspects=(), targets=(cases.NODE,))
    assert found(cases.facts(nodes=(node,)), one=one).target == cases.NODE


def test_a_writer_of_many_fields_is_told_in_short():
    many = wrote(fields=tuple(f"spec.field{number}" for number in range(9)))
    assert found(facts(many)).what[-1] == "5 more fields"


ROLLED = ClusterEvent(NOW, CART, EventKind.ROLLOUT, "to revision 13")
SCALED = ClusterEvent(NOW, CART, EventKind.SCALE, "from 4 to 8")


def unnamed(*events, **changes):
    return cases.facts(cases.workload(managers=None, **changes), events=events)


def test_where_nobody_keeps_who_writes_it_was_somebody():
    assert found(unnamed(ROLLED)).who == SOMEBODY
    assert found(unnamed()) is None


def test_then_what_we_may_have_caused_ourselves_is_nobodys():
    assert found(unnamed(ROLLED), [guard_cases.attempt(NOW, result=Result.UNDONE)]) is None


@pytest.mark.parametrize(("hpa_max", "credit"), [(0, True), (10, False), (None, False)])
def test_a_scaling_is_a_persons_only_where_there_is_surely_no_autoscaler(hpa_max, credit):
    assert (found(unnamed(SCALED, hpa_max=hpa_max)) is not None) is credit


def test_a_restart_is_what_failed_and_no_fix():
    assert found(unnamed(replace(ROLLED, kind=EventKind.RESTART))) is None
