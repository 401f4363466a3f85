"""What happened, told from how objects change: the kinds and words are those of rebuilt facts."""

import pytest

from aiops.adapters.kubernetes.happenings import MOST, Happenings
from aiops.model import ClusterEvent, EventKind, Target
from tests.unit.adapters.kubernetes.cases import CART, NOW, OBJECTS, TEMPLATE, meta, owned, pictured, put

HOUR = 3_600_000
KINDS = frozenset(OBJECTS)
POD = OBJECTS["Pod"][0]
NODE = OBJECTS["Node"][0]


def at(text):
    return {"creationTimestamp": text}


def happened(picture, target=CART, now=NOW):
    """(kind, detail, minutes ago) of what happened to a target, the API server's own events left out."""
    events = picture.facts(now, KINDS).events
    mine = [one for one in events if one.target == target and "low on memory" not in one.detail]
    return [(one.kind, one.detail, (now - one.at_ms) // 60_000) for one in mine]


def deployment(**more):
    item = OBJECTS["Deployment"][0]
    return {**item, **{key: {**item[key], **value} for key, value in more.items()}}


def pod(name="cart-b-1", count=0, last=None, state=None, uid="uid-cart-b-1", **status):
    """A pod of the workload; ``last`` is how its container ended last."""
    one = {"name": "app", "restartCount": count, "state": state or {"running": {}}}
    one |= {"lastState": {"terminated": last}} if last else {}
    return {
        **POD,
        "metadata": {**POD["metadata"], "name": name, "uid": uid},
        "status": {"containerStatuses": [one], **status},
    }


ENDED = {"reason": "Error", "finishedAt": "2026-03-01T10:50:00Z"}  # ten minutes before NOW
KILLED = {**ENDED, "reason": "OOMKilled"}


def test_nothing_that_was_long_ago_is_an_event():
    assert happened(pictured(OBJECTS)) == []


def test_scaling_is_told_with_who_did_it():
    picture = pictured(OBJECTS)
    who = [
        {
            "manager": "kubectl-scale",
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
            "time": "2026-03-01T10:00:00Z",
        }
    ]
    put(picture, "Deployment", deployment(spec={"replicas": 9}, metadata={"managedFields": who}))
    assert happened(picture) == [(EventKind.SCALE, "4 to 9 replicas by kubectl-scale", 0)]


def test_a_status_that_changes_is_no_event():
    picture = pictured(OBJECTS)
    put(picture, "Deployment", deployment(status={"readyReplicas": 3}))
    assert happened(picture) == []


def test_a_new_revision_is_a_rollout_at_the_time_that_it_was_made_and_told_once():
    picture = pictured(OBJECTS)
    labels = {"deployment.kubernetes.io/revision": "13"}
    spec = {"containers": [{"name": "app", "image": "cart:3"}]}
    made = owned("cart-c", "Deployment", "cart", annotations=labels, **at("2026-03-01T10:40:00Z"))
    group = {"metadata": made, "spec": {"template": {**TEMPLATE, "spec": spec}}}
    put(picture, "ReplicaSet", group)
    wanted = [(EventKind.ROLLOUT, "revision 13", 20), (EventKind.IMAGE, "cart:2 to cart:3", 20)]
    assert happened(picture) == wanted
    put(picture, "ReplicaSet", {**group, "status": {"replicas": 1}})
    put(picture, "Deployment", deployment(status={"readyReplicas": 3}))
    assert happened(picture) == wanted


def test_a_first_list_tells_of_rollouts_that_were_lately():
    lately = [
        {**one, "metadata": {**one["metadata"], **at(f"2026-03-01T{hour}:00:00Z")}}
        for one, hour in zip(OBJECTS["ReplicaSet"], ("10", "09"), strict=True)
    ]
    assert happened(pictured({**OBJECTS, "ReplicaSet": lately})) == [(EventKind.ROLLOUT, "revision 12", 60)]


def test_an_older_revision_taken_up_again_is_a_rollout_now():
    """A rollback: its object keeps its age and gets a new number."""
    picture = pictured(OBJECTS)
    picture.facts(NOW, KINDS)
    old = OBJECTS["ReplicaSet"][1]
    again = {**old["metadata"], "annotations": {"deployment.kubernetes.io/revision": "13"}}
    put(picture, "ReplicaSet", {**old, "metadata": again})
    assert happened(picture) == [(EventKind.ROLLOUT, "revision 13", 0)]
    assert picture.facts(NOW, KINDS).workloads[CART].revisions[-1].since_ms == NOW


def test_another_reference_is_a_change_of_configuration():
    def using(name):
        containers = [{"name": "app", "image": "cart:2", "envFrom": [{"configMapRef": {"name": name}}]}]
        return deployment(spec={"template": {**TEMPLATE, "spec": {"containers": containers}}})

    picture = pictured({**OBJECTS, "Deployment": [using("one")]})
    put(picture, "Deployment", using("two"))
    assert happened(picture) == [(EventKind.CONFIG, "ConfigMap one to ConfigMap two", 0)]


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "settings"}}]}]},
        {
            "containers": [
                {"name": "a", "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings"}}}]}
            ]
        },
        {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]},
        {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "settings"}}]}}]},
        {"initContainers": [{"name": "a", "envFrom": [{"configMapRef": {"name": "settings"}}]}]},
    ],
)
def test_a_configmap_that_changes_is_told_of_those_that_take_it(spec):
    def settings(version, name="settings"):
        return {"metadata": meta(name, resourceVersion=version)}

    picture = pictured(
        {**OBJECTS, "Deployment": [deployment(spec={"template": {"spec": spec}})], "ConfigMap": []}
    )
    put(picture, "ConfigMap", settings("1"), settings("1", "other"))
    assert happened(picture) == []  # it was there before we looked
    put(picture, "ConfigMap", settings("2"), settings("2", "other"))
    assert happened(picture) == [(EventKind.CONFIG, "ConfigMap settings changed", 0)]


def test_restarts_are_told_of_the_workload_at_the_time_the_container_ended():
    picture = pictured(OBJECTS)
    put(picture, "Pod", pod(count=2, last=ENDED))
    wanted = [(EventKind.RESTART, "pod cart-b-1, container app, 2 restarts", 10)]
    assert happened(picture) == wanted
    put(picture, "Pod", pod(count=2, last=ENDED, phase="Running"))
    assert happened(picture) == wanted


def test_a_kill_for_memory_is_told_beside_the_restart():
    picture = pictured(OBJECTS)
    put(picture, "Pod", pod(count=1, last=KILLED))
    kinds = [kind for kind, *_ in happened(picture)]
    assert kinds == [EventKind.OOM_KILLED, EventKind.RESTART]


def test_a_container_that_stays_dead_after_its_kill_is_told_once():
    """Of a Job whose pods are not restarted."""
    picture = pictured(OBJECTS)
    put(picture, "Pod", pod(state={"terminated": KILLED}), pod(state={"terminated": KILLED}, phase="Failed"))
    assert [kind for kind, *_ in happened(picture)] == [EventKind.OOM_KILLED]


def test_a_pod_of_the_same_name_that_is_made_anew_starts_from_nothing():
    """Of a StatefulSet: from 5 to 1 is one restart of the new one, and to 0 is none."""
    picture = pictured({**OBJECTS, "Pod": [pod(count=5, last=ENDED)]})
    put(picture, "Pod", pod(uid="new", count=1, last=ENDED))
    assert [detail for _, detail, _ in happened(picture)][1:] == ["pod cart-b-1, container app, 1 restarts"]
    put(picture, "Pod", pod(uid="newer"))
    assert len(happened(picture)) == 2


def test_an_eviction_is_told_of_the_workload_once():
    picture = pictured(OBJECTS)
    for _ in range(2):
        put(picture, "Pod", pod(phase="Failed", reason="Evicted"))
    assert happened(picture) == [(EventKind.EVICTED, "pod cart-b-1", 0)]


def node(ready="True", since="2026-03-01T10:50:00Z", uid="u", **spec):
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": since}]
    metadata = {**NODE["metadata"], "uid": uid, **at("2026-02-01T00:00:00Z")}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": conditions}}


def test_a_node_turns_and_is_cordoned():
    n1 = Target("Node", "", "n1")
    picture = pictured({**OBJECTS, "Node": [node(since="2026-03-01T01:00:00Z")]})
    put(picture, "Node", node(ready="Unknown"))
    assert happened(picture, n1) == [(EventKind.NODE, "not ready", 10)]
    put(picture, "Node", node(ready="Unknown", unschedulable=True))
    put(picture, "Node", node(ready="Unknown"))
    assert [detail for _, detail, _ in happened(picture, n1)] == ["not ready", "cordoned", "open"]
    picture.remove("Node", n1, NOW)
    assert happened(picture, n1)[-1][0] is EventKind.DELETED


def test_a_workload_appears_and_is_deleted():
    picture = pictured(OBJECTS)
    api = Target("Deployment", "shop", "api")
    put(picture, "Deployment", {**deployment(), "metadata": meta("api", **at("2026-03-01T10:59:00Z"))})
    picture.remove("Deployment", api, NOW)
    assert [(kind, ago) for kind, _, ago in happened(picture, api)] == [
        (EventKind.DEPLOYED, 1),
        (EventKind.DELETED, 0),
    ]


def test_what_is_only_forgotten_was_not_deleted():
    picture = pictured(OBJECTS)
    picture.forget("Deployment")
    facts = picture.facts(NOW, KINDS)
    assert CART not in facts.workloads
    assert happened(picture) == []


def test_the_api_servers_events_of_pods_are_told_of_the_workload_though_the_pod_is_gone():
    picture = pictured(OBJECTS)
    picture.remove("Pod", Target("Pod", "shop", "cart-b-1"), NOW)
    (event,) = picture.facts(NOW, KINDS).events
    assert (event.target, event.kind, event.at_ms) == (CART, EventKind.EVICTED, NOW - HOUR)
    assert event.detail == "pod cart-b-1: Evicted: low on memory"


def test_secrets_in_what_others_wrote_are_not_kept():
    """S8."""
    told = {**OBJECTS["Event"][0], "message": "login failed, password=hunter2"}
    (event,) = pictured({**OBJECTS, "Event": [told]}).facts(NOW, KINDS).events
    assert "hunter2" not in event.detail


@pytest.mark.parametrize(("hours", "kept"), [(5, 1), (6, 0)])
def test_events_are_kept_for_six_hours(hours, kept):
    happenings = Happenings()
    happenings.add(iter([ClusterEvent(NOW, CART, EventKind.SCALE)]), NOW)
    assert len(happenings.events({}, False, lambda _: None, NOW + hours * HOUR)) == kept


def test_what_was_long_ago_pushes_nothing_out():
    """A first list of ten thousand pods tells of restarts of last year."""
    happenings = Happenings()
    happenings.add(iter([ClusterEvent(NOW, CART, EventKind.SCALE)]), NOW)
    happenings.add((ClusterEvent(number, CART, EventKind.RESTART) for number in range(MOST)), NOW)
    assert [one.kind for one in happenings.events({}, False, lambda _: None, NOW)] == [EventKind.SCALE]


def test_an_event_of_a_clock_that_is_ahead_of_ours_happened_now():
    """M13."""
    happenings = Happenings()
    happenings.add(iter([ClusterEvent(NOW + HOUR, CART, EventKind.SCALE)]), NOW)
    assert [one.at_ms for one in happenings.events({}, False, lambda _: None, NOW)] == [NOW]


def test_the_number_of_events_is_bounded_and_the_oldest_go():
    happenings = Happenings()
    events = [ClusterEvent(NOW + number, CART, EventKind.RESTART) for number in range(MOST + 10)]
    happenings.add(iter(events), NOW + MOST + 10)
    told = {Target("Event", "shop", str(number)): event for number, event in enumerate(events)}
    kept = happenings.events(told, True, lambda _: None, NOW + MOST + 10)
    assert len(kept) == 2 * MOST
    assert kept[0].at_ms == NOW + 10
