"""Objects of the API server become facts: what they say, what they do not, and what others add to it."""

import pytest

from aiops.adapters.kubernetes.fields import quantity
from aiops.model import Container, Node, Target
from tests.unit.adapters.kubernetes.cases import (
    CART,
    NOW,
    OBJECTS,
    TEMPLATE,
    facts,
    meta,
    owned,
    pictured,
    put,
)

POD = Target("Pod", "shop", "cart-b-1")
MANAGED = [
    {
        "manager": "argocd-controller",
        "time": "2026-03-01T10:00:00Z",
        "fieldsV1": {
            "f:metadata": {"f:labels": {".": {}, "f:app.kubernetes.io/name": {}}},
            "f:spec": {
                "f:template": {
                    "f:spec": {
                        "f:containers": {
                            'k:{"name":"web"}': {
                                ".": {},
                                "f:image": {},
                                "f:ports": {
                                    'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:name": {}}
                                },
                            }
                        }
                    }
                }
            },
        },
    },
    {"manager": "hpa", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    {"manager": "kcm", "subresource": "status", "fieldsV1": {"f:status": {"f:replicas": {}}}},
]


def cart(listed=OBJECTS, **more):
    return facts({**listed, **more}).workloads[CART]


def changed(kind, **more):
    """The first object of a kind with other metadata, spec or status."""
    item = OBJECTS[kind][0]
    merged = {key: {**item.get(key, {}), **value} for key, value in more.items()}
    return [{**item, **merged}]


def test_a_workload_has_what_acting_needs():
    found = cart()
    assert (found.uid, found.resource_version, found.replicas, found.ready) == ("uid-cart", "7", 4, 4)
    assert (found.rolling, found.paused, found.deleting, found.managed_by) == (False, False, False, "helm")
    assert (found.hpa_name, found.hpa_min, found.hpa_max) == ("hpa", 1, 9)
    assert (found.node_names, found.zones) == (("n1",), ("a",))


@pytest.mark.parametrize(
    ("kind", "strategy", "pods"),
    [
        ("Deployment", {"rollingUpdate": {"maxUnavailable": "30%"}}, 1),  # 30 % of 4 is 1.2, rounded down
        ("Deployment", {"rollingUpdate": {"maxUnavailable": 2}}, 2),
        ("Deployment", {"rollingUpdate": {"maxUnavailable": "10%", "maxSurge": "10%"}}, 0),  # it surges by 1
        ("Deployment", {"rollingUpdate": {"maxUnavailable": "10%", "maxSurge": 0}}, 1),  # or stands still
        ("Deployment", {"type": "Recreate"}, 4),
        ("Deployment", {}, None),
        ("StatefulSet", {"type": "RollingUpdate"}, 1),  # one after the other
        ("StatefulSet", {"rollingUpdate": {"maxUnavailable": "30%"}}, 2),  # rounded up
        ("StatefulSet", {"type": "OnDelete"}, None),
        ("DaemonSet", {"rollingUpdate": {"maxUnavailable": "30%"}}, 2),
    ],
)
def test_how_many_pods_a_rollout_takes_away_follows_the_kind(kind, strategy, pods):
    """B4."""
    key = "strategy" if kind == "Deployment" else "updateStrategy"
    item = {
        "metadata": meta("x"),
        "spec": {"replicas": 4, key: strategy},
        "status": {"desiredNumberScheduled": 4},
    }
    found = facts({**OBJECTS, kind: [item]}).workloads[Target(kind, "shop", "x")]
    assert found.max_unavailable == pods


@pytest.mark.parametrize(
    ("strategy", "updated", "rolling"),
    [
        ({}, 4, False),
        ({}, 3, True),
        ({"rollingUpdate": {"partition": 3}}, 1, False),  # three are to stay as they were
        ({"rollingUpdate": {"partition": 3}}, 0, True),
        ({"type": "OnDelete"}, 0, False),  # nobody rolls it
    ],
)
def test_a_statefulset_is_at_rest_when_it_has_rolled_as_far_as_it_is_to(strategy, updated, rolling):
    """M16."""
    status = {"replicas": 4, "readyReplicas": 4, "updatedReplicas": updated}
    db = {"metadata": meta("db"), "spec": {"replicas": 4, "updateStrategy": strategy}, "status": status}
    found = facts({**OBJECTS, "StatefulSet": [db]}).workloads[Target("StatefulSet", "shop", "db")]
    assert found.rolling is rolling


def test_pods_that_are_only_left_behind_count_for_nothing():
    """B4: an evicted pod can be neither on a node nor be spared."""
    left = {**OBJECTS["Pod"][0], "status": {"phase": "Failed", "reason": "Evicted"}}
    found = cart(Pod=[left], PodDisruptionBudget=[])
    assert (found.node_names, found.pdb_disruptions_allowed) == ((), 0)
    picture = pictured({**OBJECTS, "PodDisruptionBudget": []})
    assert picture.facts(NOW, frozenset(OBJECTS)).workloads[CART].pdb_disruptions_allowed == 1
    put(picture, "Pod", left)
    assert picture.facts(NOW, frozenset(OBJECTS)).workloads[CART].pdb_disruptions_allowed == 0


def test_revisions_keep_their_numbers_and_templates():
    assert [(one.number, one.images) for one in cart().revisions] == [(9, ("cart:2",)), (12, ("cart:2",))]
    assert cart().revisions[0].template == TEMPLATE


def test_a_template_that_is_read_is_a_copy_of_the_reader():
    template = cart().revisions[0].template
    template["spec"]["containers"].clear()
    assert template == TEMPLATE


def test_a_revision_taken_up_again_became_current_nobody_knows_when():
    """Its object is older than that of the revision before it."""
    old, new = OBJECTS["ReplicaSet"]
    aged = {**old, "metadata": {**old["metadata"], "creationTimestamp": "2026-02-01T00:00:00Z"}}
    assert [one.since_ms is None for one in cart(ReplicaSet=[aged, new]).revisions] == [False, True]


def test_sizes_are_bytes_and_thousandths_and_zero_where_none_is_set():
    (app,) = cart().containers
    assert app == Container("app", "cart:2", 512 * 1024**2, 0, 500, 100)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1Gi", 2**30), ("1G", 10**9), ("250m", 0), ("3", 3), ("1e3", None), (None, None), ("1.2.3", None)],
)
def test_quantities(text, value):
    assert quantity(text) == value


def budget(name="b", allowed=0, status=None, **selector):
    status = {"disruptionsAllowed": allowed} if status is None else status
    return {"metadata": meta(name), "spec": {"selector": selector}, "status": status}


APP = {"matchLabels": {"app": "cart"}}


@pytest.mark.parametrize(
    ("budgets", "allowed", "number"),
    [
        ([], 1, 0),  # no budget: the number of its pods
        ([budget(**APP)], 0, 1),
        ([budget(matchLabels={"app": "other"})], 1, 0),
        ([budget(matchExpressions=[{"key": "app", "operator": "In", "values": ["cart", "x"]}])], 0, 1),
        ([budget(matchExpressions=[{"key": "app", "operator": "NotIn", "values": ["cart"]}])], 1, 0),
        ([budget(matchExpressions=[{"key": "tier", "operator": "NotIn", "values": ["a"]}])], 0, 1),
        ([budget(matchExpressions=[{"key": "app", "operator": "Exists"}], **APP)], 0, 1),
        ([budget(matchExpressions=[{"key": "app", "operator": "DoesNotExist"}])], 1, 0),
        ([budget()], 0, 1),  # an empty selector chooses every pod of the namespace
        ([{"metadata": meta("none"), "spec": {}}], 1, 0),  # none at all chooses no pod
        ([budget("b1", 2, **APP), budget("b2", 1, matchLabels={})], 1, 2),
        ([{**budget(**APP), "metadata": meta("b", namespace="other")}], 1, 0),
        ([budget(matchExpressions=[{"key": "app", "operator": "Like", "values": ["c"]}])], None, None),
    ],
)
def test_disruption_budgets_apply_by_their_selector(budgets, allowed, number):
    """B4. Of an operator that we do not know nobody can say whether it is meant."""
    found = cart(PodDisruptionBudget=budgets)
    assert (found.pdb_disruptions_allowed, found.budgets) == (allowed, number)


def test_a_budget_that_its_controller_has_not_looked_at_allows_nobody_knows_what():
    """B4."""
    behind = budget(status={"disruptionsAllowed": 1, "observedGeneration": 1}, **APP)
    behind["metadata"]["generation"] = 2
    assert cart(PodDisruptionBudget=[behind]).pdb_disruptions_allowed is None


def known(picture):
    return picture.facts(NOW, frozenset(OBJECTS)).workloads[CART]


def test_a_budget_that_is_pointed_elsewhere_is_over_its_pods_no_more():
    """B4."""
    picture = pictured({**OBJECTS, "PodDisruptionBudget": [budget(**APP)]})
    assert known(picture).pdb_disruptions_allowed == 0
    put(picture, "PodDisruptionBudget", budget(matchLabels={"app": "other"}))
    assert known(picture).pdb_disruptions_allowed == 1
    put(picture, "PodDisruptionBudget", budget(**APP))
    assert known(picture).pdb_disruptions_allowed == 0


def test_a_node_that_moves_to_another_zone_takes_its_workloads_along():
    picture = pictured(OBJECTS)
    assert known(picture).zones == ("a",)
    put(picture, "Node", *changed("Node", metadata={"labels": {"topology.kubernetes.io/zone": "b"}}))
    assert known(picture).zones == ("b",)


def test_a_budget_over_one_workload_is_its_own_and_over_two_is_nobodys():
    other = [*OBJECTS["Deployment"], {**OBJECTS["Deployment"][0], "metadata": meta("basket")}]
    pdb = Target("PodDisruptionBudget", "shop", "b")
    assert facts({**OBJECTS, "PodDisruptionBudget": [budget(**APP)]}).owner(pdb) == CART
    assert facts({**OBJECTS, "PodDisruptionBudget": [budget(**APP)], "Deployment": other}).owner(pdb) == pdb


def test_what_could_not_be_listed_is_unknown():
    few = facts({kind: items for kind, items in OBJECTS.items() if kind in ("Deployment", "Pod")})
    found = few.workloads[CART]
    assert (found.hpa_max, found.pdb_disruptions_allowed, found.budgets) == (None, None, None)
    assert few.pods[POD].owner is None  # without ReplicaSets nobody can say
    assert {"owners", "pdb", "autoscalers", "labels", "conditions", "freezes", "jobs"} <= few.unknown
    assert not {"pods"} & few.unknown


def test_a_pod_is_of_the_workload_above_its_replicaset():
    pod = facts().pods[POD]
    assert (pod.owner, pod.controller) == (CART, Target("ReplicaSet", "shop", "cart-b"))
    assert (pod.uid, pod.node, pod.phase, pod.ready) == ("uid-cart-b-1", "n1", "Running", True)
    assert (pod.mirror, pod.local_storage, pod.deleting, pod.reason) == (False, False, False, "")


def pod(**more):
    """The pod, with other parts."""
    return facts({**OBJECTS, "Pod": changed("Pod", **more)}).pods[POD]


def test_of_two_owners_the_controller_counts():
    owners = [
        {"kind": "Watcher", "name": "w", "controller": False},
        {"kind": "ReplicaSet", "name": "cart-b", "controller": True},
    ]
    assert pod(metadata={"ownerReferences": owners}).owner == CART
    assert pod(metadata={"ownerReferences": owners[:1]}).owner is None


def test_a_pod_without_owner_is_nobodys_and_of_a_lone_replicaset_its_own():
    assert pod(metadata={"ownerReferences": []}).controller is None
    lone = [{**one, "metadata": {**one["metadata"], "ownerReferences": []}} for one in OBJECTS["ReplicaSet"]]
    found = facts({**OBJECTS, "ReplicaSet": lone}).pods[POD]
    assert found.owner == Target("ReplicaSet", "shop", "cart-b")


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}, "mirror", True),
        ({"metadata": {"deletionTimestamp": "2026-03-01T10:00:00Z"}}, "deleting", True),
        ({"metadata": {"labels": {"a": "b"}}}, "labels", {"a": "b"}),
        ({"metadata": {"creationTimestamp": "2026-03-01T10:00:00Z"}}, "since_ms", NOW - 3_600_000),
        ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}, "local_storage", True),
        ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c"}}]}}, "local_storage", False),
        (
            {"spec": {"containers": [{"name": "a", "image": "i"}]}},
            "containers",
            (Container("a", "i", 0, 0, 0, 0),),
        ),
        ({"status": {"phase": "Failed", "reason": "Evicted"}}, "reason", "Evicted"),
    ],
)
def test_a_pod_says(part, field, value):
    assert getattr(pod(**part), field) == value


def test_nodes_claims_services_and_namespaces():
    service = {"metadata": meta("web"), "spec": {"selector": {"app": "cart"}}}
    found = facts({**OBJECTS, "Service": [service, {"metadata": meta("headless"), "spec": {}}]})
    claim = found.claims[Target("PersistentVolumeClaim", "shop", "data")]
    assert (claim.size, claim.expandable, claim.owner) == (10 * 2**30, True, CART)
    assert found.namespace_labels == {"shop": {"team": "a"}}
    assert found.namespace_annotations == {"shop": {}}
    assert [one.scales for one in found.autoscalers.values()] == [CART]
    assert {one.target.name: one.selector for one in found.services.values()} == {"web": {"app": "cart"}}


def node(**more):
    return facts({**OBJECTS, "Node": changed("Node", **more)}).nodes[Target("Node", "", "n1")]


def test_a_node_of_which_nothing_is_heard_is_not_ready():
    """As kube-state-metrics has it: a status Unknown is not "true"."""
    unheard = node()
    assert (unheard.ready, unheard.unschedulable, unheard.zone) == (False, True, "a")
    assert node(status={"conditions": []}).ready is None


def test_taints_of_a_node_are_kept_as_they_are():
    taint = {"key": "a", "effect": "NoSchedule", "timeAdded": "2026-03-01T10:00:00Z"}
    assert node(spec={"taints": [taint]}).taints == (taint,)
    assert node().taints == ()
    assert Node(Target("Node", "", "x")).taints is None


def test_who_wrote_which_field_is_told_by_path_and_the_status_left_out():
    argo, hpa = cart(Deployment=changed("Deployment", metadata={"managedFields": MANAGED})).managers
    assert argo.fields == (
        "metadata.labels.app.kubernetes.io/name",
        "spec.template.spec.containers[web].image",
        "spec.template.spec.containers[web].ports[80,TCP].name",
    )
    assert (argo.name, argo.at_ms, argo.subresource) == ("argocd-controller", NOW - 3_600_000, "")
    assert (hpa.name, hpa.at_ms, hpa.fields, hpa.subresource) == ("hpa", None, ("spec.replicas",), "scale")


def test_who_wrote_is_unknown_where_the_object_does_not_say():
    assert cart().managers is None
    assert cart(Deployment=changed("Deployment", metadata={"managedFields": []})).managers == ()


def test_a_selector_with_expressions_is_not_told_as_labels():
    plain = {"matchLabels": {"app": "cart"}}
    more = {**plain, "matchExpressions": [{"key": "x", "operator": "Exists"}]}
    assert cart(Deployment=changed("Deployment", spec={"selector": plain})).selector == {"app": "cart"}
    assert cart(Deployment=changed("Deployment", spec={"selector": more})).selector is None


def test_a_workload_that_is_deleted_says_so():
    """Finalizers are worked off, or held by somebody."""
    gone = {"deletionTimestamp": "2026-03-01T10:00:00Z", "finalizers": ["x"]}
    assert cart(Deployment=changed("Deployment", metadata=gone)).deleting is True


JOB = {
    "metadata": meta("load", creationTimestamp="2026-03-01T10:00:00Z"),
    "spec": {"suspend": True, "parallelism": 2, "template": TEMPLATE},
    "status": {"ready": 1},
}


def test_a_job_keeps_its_spec_to_run_it_again():
    cron = {
        "metadata": meta("nightly"),
        "spec": {"suspend": True, "jobTemplate": {"spec": {"template": TEMPLATE}}},
    }
    found = facts({**OBJECTS, "Job": [JOB], "CronJob": [cron]}).workloads
    job, nightly = found[Target("Job", "shop", "load")], found[Target("CronJob", "shop", "nightly")]
    assert job.manifest == JOB["spec"]
    assert [one.template for one in job.revisions] == [TEMPLATE]
    assert (job.suspended, job.replicas, job.ready, job.images) == (True, 2, 1, ("cart:2",))
    assert (nightly.suspended, nightly.images, nightly.manifest) == (True, ("cart:2",), None)
    assert found[CART].suspended is None


def test_revisions_of_a_statefulset_are_its_controllerrevisions_the_current_one_last():
    def stored(name, number, image):
        template = {"$patch": "replace", "spec": {"containers": [{"name": "db", "image": image}]}}
        return {
            "metadata": owned(name, "StatefulSet", "db"),
            "revision": number,
            "data": {"spec": {"template": template}},
        }

    db = {"metadata": meta("db"), "spec": {"template": TEMPLATE}, "status": {"updateRevision": "db-a"}}
    kinds = {
        "StatefulSet": [db],
        "ControllerRevision": [stored("db-a", 3, "db:1"), stored("db-b", 2, "db:2")],
    }
    found = facts({**OBJECTS, **kinds}).workloads[Target("StatefulSet", "shop", "db")]
    assert [(one.number, one.images) for one in found.revisions] == [(2, ("db:2",)), (3, ("db:1",))]
    assert found.revisions[-1].template == {"spec": {"containers": [{"name": "db", "image": "db:1"}]}}


def test_daemonsets_count_nodes():
    status = {
        "desiredNumberScheduled": 3,
        "numberReady": 2,
        "currentNumberScheduled": 3,
        "updatedNumberScheduled": 1,
    }
    agent = {"metadata": meta("agent"), "spec": {"template": TEMPLATE}, "status": status}
    found = facts({**OBJECTS, "DaemonSet": [agent]}).workloads[Target("DaemonSet", "shop", "agent")]
    assert (found.replicas, found.ready, found.rolling) == (3, 2, True)


def test_namespaces_that_come_and_go_leave_nothing_behind():
    """G15: memory stays flat where pipelines make a namespace for each run."""
    picture = pictured(OBJECTS)
    picture.facts(NOW, frozenset(OBJECTS))
    before = sizes(picture)
    for number in range(3):
        space = f"run-{number}"
        for kind in ("Deployment", "ReplicaSet", "Pod", "PodDisruptionBudget"):
            for item in OBJECTS[kind]:
                put(picture, kind, {**item, "metadata": {**item["metadata"], "namespace": space}})
        picture.facts(NOW, frozenset(OBJECTS))
        for kind in ("Pod", "ReplicaSet", "PodDisruptionBudget", "Deployment"):
            for item in OBJECTS[kind]:
                picture.remove(kind, Target(kind, space, item["metadata"]["name"]), NOW)
        picture.facts(NOW, frozenset(OBJECTS))
    after = sizes(picture)
    assert {key for key in after if after[key] != before[key]} <= {"_links._gone"}  # bounded by number


def sizes(picture):
    """How much every index holds, by its name."""
    found = {}
    for name, value in vars(picture).items():
        inner = vars(value) if name in ("_links", "_budgets", "_conditions") else {"": value}
        for key, one in inner.items():
            if isinstance(one, dict | set):
                found[f"{name}.{key}"] = len(one)
    return found
