"""Remediations: what no example could cover."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Container, NotApplicable, Service, Target
from aiops.model.revisions import bare
from remediations.adjust_resources import AdjustResources
from remediations.drain import Drain
from remediations.quarantine_pod import QuarantinePod
from tests.contract.remediation_cases import CART, DB, FACTS, JOB, MIB, NODE, NOW, POD, merged, pod, workload

KEYS = ("app", "tier", "zone", "team")
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from("ab"), min_size=1)


@given(labels=LABELS, owner=LABELS, selectors=st.lists(LABELS, max_size=5))
def test_a_pod_in_quarantine_is_found_by_nobody_who_found_it_and_by_nobody_new(labels, owner, selectors):
    targets = [Target("Service", "shop", f"s{n}") for n in range(len(selectors))]
    facts = replace(
        FACTS,
        pods={POD: pod(labels=labels)},
        workloads={**FACTS.workloads, CART: workload(CART, selector=owner)},
        services={t: Service(t, one) for t, one in zip(targets, selectors, strict=True)},
    )
    step = QuarantinePod().propose(POD, facts, NOW)
    if isinstance(step, NotApplicable):
        assert not owner.items() <= labels.items()
        return
    after = merged({"metadata": {"labels": labels}}, step.change.patch)["metadata"]["labels"]
    assert not any(one.items() <= after.items() for one in (owner, *selectors))
    back = merged({"metadata": {"labels": after}}, step.undo.patch)["metadata"]
    assert back["labels"] == labels


SIZES = st.one_of(st.none(), st.integers(0, 5000))


@given(
    limit=SIZES,
    request_=SIZES,
    side=st.sampled_from(["requests", "limits"]),
    factor=st.one_of(st.floats(0.1, 0.99), st.floats(1.01, 4)),
    resource=st.sampled_from(["cpu", "memory"]),
)
def test_a_request_never_passes_its_limit_and_goes_only_the_way_it_was_told(
    limit, request_, side, factor, resource
):
    unit = MIB if resource == "memory" else 1
    sized = [None if one is None else one * unit for one in (limit, request_)]
    container = Container("app", "", *(sized if resource == "memory" else [0, 0, *sized]))
    facts = replace(FACTS, workloads={CART: workload(CART, containers=(container,))})
    step = AdjustResources(resource, side, factor).propose(CART, facts, NOW)
    if isinstance(step, NotApplicable):
        return
    (written,) = step.change.patch["spec"]["template"]["spec"]["containers"]
    value = int(written["resources"][side][resource].rstrip("Mim"))
    before = {"requests": request_, "limits": limit}
    assert (value - before[side]) * (factor - 1) > 0
    after = before | {side: value}
    if before["limits"] and before["requests"] and before["requests"] <= before["limits"]:
        assert after["requests"] <= after["limits"]


@given(st.lists(st.tuples(st.sampled_from([CART, DB, JOB]), st.booleans()), min_size=1, max_size=12))
def test_a_drain_takes_one_pod_of_each_workload_in_turn_after_those_that_serve_nobody(kinds):
    many = {
        target: pod(target, owner, ready=ready, controller=owner)
        for n, (owner, ready) in enumerate(kinds)
        for target in [Target("Pod", "shop", f"p-{n}")]
    }
    step = Drain().propose(NODE, replace(FACTS, pods=many), NOW)
    order = [many[change.target] for change in step.then]
    assert sorted(one.target for one in order) == sorted(many)
    serving = [one.ready for one in order]
    assert serving == sorted(serving)  # False, those that are not ready, comes first
    nth = [
        sum(other.owner == one.owner for other in many.values() if other.target < one.target) for one in order
    ]
    assert all(
        a <= b for (a, b), (one, other) in zip(pairwise(nth), pairwise(serving), strict=True) if one == other
    )


JSON = st.recursive(
    st.sampled_from(["a", 1, None]), lambda inner: st.dictionaries(st.sampled_from("abc"), inner)
)


@given(labels=st.dictionaries(st.sampled_from(["app", "pod-template-hash"]), st.just("x")), spec=JSON)
def test_a_template_without_bookkeeping_is_the_same_done_twice(labels, spec):
    template = {"$patch": "replace", "metadata": {"labels": labels, "creationTimestamp": None}, "spec": spec}
    once = bare(template)
    assert bare(once) == once
    assert once["spec"] == spec
    assert set(once["metadata"]["labels"]) == set(labels) - {"pod-template-hash"}
