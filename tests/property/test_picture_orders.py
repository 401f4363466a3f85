"""A picture that was kept up to date, in whatever order things came, is the picture of how things are."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.kubernetes.kinds import BY_NAME
from aiops.adapters.kubernetes.picture import Picture
from aiops.model import Target
from tests.unit.adapters.kubernetes.cases import NOW, OBJECTS, meta, owned, put

NAMES = ("a", "b")
KNOWN = frozenset(BY_NAME)
ZONE = "topology.kubernetes.io/zone"


def target_of(kind, name):
    return Target(kind, "" if kind in ("Node", "Namespace", "StorageClass") else "shop", name)


@st.composite
def objects(draw):
    """(kind, object): small, so that they meet one another."""
    kind = draw(
        st.sampled_from(
            ["Deployment", "ReplicaSet", "Pod", "Node", "PodDisruptionBudget", "HorizontalPodAutoscaler",
             "PersistentVolumeClaim", "StorageClass", "Application"]
        )
    )  # fmt: skip
    name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
    labels = {"app": other}
    version = str(draw(st.integers(1, 9)))
    match kind:
        case "Deployment":
            spec = {"replicas": draw(st.integers(0, 3)), "template": {"metadata": {"labels": labels}}}
            item = {"metadata": meta(name, resourceVersion=version), "spec": spec, "status": {}}
        case "ReplicaSet":
            marks = {"deployment.kubernetes.io/revision": str(NAMES.index(name) + 1)}
            item = {"metadata": owned(name, "Deployment", other, annotations=marks), "spec": {"template": {}}}
        case "Pod":
            volumes = [{"persistentVolumeClaim": {"claimName": other}}]
            phase = draw(st.sampled_from(["Running", "Failed"]))
            item = {
                "metadata": owned(name, "ReplicaSet", other),
                "spec": {"nodeName": other, "volumes": volumes},
                "status": {"phase": phase},
            }
        case "Node":
            item = {"metadata": {"name": name, "labels": {ZONE: other}}, "spec": {}, "status": {}}
        case "PodDisruptionBudget":
            item = {
                "metadata": meta(name),
                "spec": {"selector": {"matchLabels": labels}},
                "status": {"disruptionsAllowed": draw(st.integers(0, 2))},
            }
        case "HorizontalPodAutoscaler":
            item = {
                "metadata": meta(name),
                "spec": {
                    "scaleTargetRef": {"kind": "Deployment", "name": other},
                    "maxReplicas": draw(st.integers(1, 3)),
                },
            }
        case "PersistentVolumeClaim":
            item = {"metadata": meta(name), "spec": {"storageClassName": other}}
        case "StorageClass":
            item = {"metadata": {"name": name}, "allowVolumeExpansion": draw(st.booleans())}
        case _:
            made = [{"kind": "Deployment", "namespace": "shop", "name": other}]
            item = {"metadata": meta(name), "spec": {"project": "p"}, "status": {"resources": made}}
    return kind, item


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), objects()),
        st.tuples(st.just("remove"), objects()),
        st.tuples(st.just("forget"), objects()),
        st.tuples(st.just("list"), objects()),
        st.tuples(st.just("look"), objects()),
    ),
    max_size=40,
)


def is_so(picture):
    """Facts without what depends on the way they came about."""
    return replace(picture.facts(NOW, KNOWN), events=(), conditions=())


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_the_order_in_which_things_came_leaves_no_trace(steps):
    """E7: after gaps, relists and kinds that were given up, the facts are those of a fresh look."""
    picture, there = Picture(), {}
    for step, (kind, item) in steps:
        if kind == "ReplicaSet" and step in ("remove", "forget"):
            continue  # its pods stay those of the workload that they had: they go next, and are told of it
        target, read = target_of(kind, item["metadata"]["name"]), BY_NAME[kind].read
        match step:
            case "put":
                put(picture, kind, item)
                there[kind, target] = item
            case "remove":
                picture.remove(kind, target, NOW)
                there.pop((kind, target), None)
            case "forget":
                picture.forget(kind)
                there = {key: one for key, one in there.items() if key[0] != kind}
            case "list":
                listed = {one: found for (k, one), found in there.items() if k == kind}
                picture.replace(kind, {one: read(found, NOW) for one, found in listed.items()}, NOW)
            case "look":
                is_so(picture)
    fresh = Picture()
    for kind in BY_NAME:
        put(fresh, kind, *(item for (k, _), item in there.items() if k == kind))
    assert is_so(picture) == is_so(fresh)


@pytest.mark.parametrize("backwards", [False, True])
def test_lists_that_arrive_in_any_order_make_the_same(backwards):
    picture, kinds = Picture(), list(OBJECTS)
    for kind in reversed(kinds) if backwards else kinds:
        put(picture, kind, *OBJECTS[kind])
    fresh = Picture()
    for kind in sorted(OBJECTS):
        put(fresh, kind, *OBJECTS[kind])
    assert is_so(picture) == is_so(fresh)
