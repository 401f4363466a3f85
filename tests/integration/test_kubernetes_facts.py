"""Facts from a real API server: what faults look like, who wrote what, and what the cache outlives."""

import json
import time
from contextlib import contextmanager, suppress

import pytest

from aiops.adapters.kubernetes.cache import Cache
from aiops.adapters.kubernetes.calls import resource_of
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.kinds import KINDS
from aiops.core.guards.context import Context
from aiops.core.guards.sight import fresh_facts
from aiops.core.ledger import Ledger
from aiops.model import Access, EventKind, KubernetesSettings, Lean, Target
from tests.controlplane.api import ApiError
from tests.controlplane.apiproxy import ApiProxy, Drop
from tests.controlplane.faults import Crash, OomKill
from tests.controlplane.identities import rule, token
from tests.controlplane.objects import budget, daemon_set, deployment, is_complete, job, stateful_set
from tests.controlplane.plane import Options
from tests.unit.core import cases

pytestmark = pytest.mark.integration
WATCH_S = 2


@contextmanager
def watched(kubeconfig, ready=True):
    """A cache of the cluster that the kubeconfig leads to."""
    settings = KubernetesSettings(Access.KUBECONFIG, str(kubeconfig), watch_s=WATCH_S, read_timeout_s=2.0)
    told = []
    cache = Cache(connect(settings), "", lambda where, error: told.append(f"{where}: {error}"))
    cache.told = told
    cache.start()
    try:
        assert not ready or cache.wait_ready(20)
        yield cache
    finally:
        cache.close()


def now_ms():
    return int(time.time() * 1000)


def facts_of(cache):
    return cache.facts(now_ms())


def age_ms(cache):
    at_ms = now_ms()
    return at_ms - cache.facts(at_ms).at_ms


def soon(holds, within_s=15.0):
    """What ``holds()`` says once it is true; fails after ``within_s``."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not so after {within_s} s")


def of(namespace, kind, name):
    return Target(kind, namespace, name)


@pytest.fixture
def cache(control_plane):
    with watched(control_plane.kubeconfig) as cache:
        yield cache


def conditions(cache, namespace):
    """Name of the workload and of the state, of one namespace."""
    return {
        (one.target.name, one.name) for one in facts_of(cache).conditions if one.target.namespace == namespace
    }


def test_states_of_real_faults_have_the_names_that_signals_and_playbooks_use(cache, api, kubelet, namespace):
    kubelet.inject(Crash(exit_code=3), namespace=namespace, image="cart:crash")
    kubelet.inject(OomKill(), namespace=namespace, image="cart:oom")
    wrong = {"envFrom": [{"configMapRef": {"name": "missing"}}]}
    for name, image in (
        ("crash", "cart:crash"),
        ("oom", "cart:oom"),
        ("pull", "no-such-image:1"),
        ("conf", "cart:1"),
    ):
        made = deployment(namespace, name, replicas=1, image=image, memory="64Mi")
        if name == "conf":
            made["spec"]["template"]["spec"]["containers"][0].update(wrong)
        if name == "pull":
            made["spec"]["progressDeadlineSeconds"] = 1
        api.create(made)
    api.create(deployment(namespace, "big", replicas=1, cpu="999"))
    failing = job(namespace, "load", image="cart:crash")
    failing["spec"]["backoffLimit"] = 0
    api.create(failing)
    wanted = {
        ("crash", "CrashLoopBackOff"),
        ("oom", "OOMKilled"),
        ("pull", "ImagePullBackOff"),
        ("pull", "RolloutStuck"),
        ("conf", "CreateContainerConfigError"),
        ("big", "Unschedulable"),
        ("load", "JobFailed"),
    }
    soon(lambda: wanted <= conditions(cache, namespace), within_s=30)
    facts = facts_of(cache)
    (stuck,) = [
        one for one in facts.conditions if one.name == "RolloutStuck" and one.target.namespace == namespace
    ]
    assert stuck.target == of(namespace, "Deployment", "pull")
    assert "ProgressDeadlineExceeded" in stuck.detail
    kinds = {(one.target.name, one.kind) for one in facts.events if one.target.namespace == namespace}
    assert {("crash", EventKind.RESTART), ("oom", EventKind.OOM_KILLED)} <= kinds


def test_an_evicted_pod_is_told_of_its_workload_and_stays_its_own(cache, api, kubelet, namespace):
    api.create(deployment(namespace, "cart", replicas=2))
    api.wait("Deployment", namespace, "cart", is_complete)
    pod = api.list("Pod", namespace)[0]["metadata"]["name"]
    kubelet.evict(namespace, pod)
    soon(lambda: ("cart", "Evicted") in conditions(cache, namespace))
    facts = facts_of(cache)
    left = facts.pods[of(namespace, "Pod", pod)]
    assert (left.phase, left.reason, left.owner) == ("Failed", "Evicted", of(namespace, "Deployment", "cart"))
    assert any(
        one.kind is EventKind.EVICTED and one.target == left.owner and pod in one.detail
        for one in facts.events
    )


def test_a_node_that_is_cordoned_pressed_and_silent(cache, api, kubelet, nodes):
    node = Target("Node", "", nodes[0])
    api.patch("Node", None, node.name, {"spec": {"unschedulable": True}})
    kubelet.set_pressure(node.name, "DiskPressure")
    soon(lambda: any(one.target == node and one.name == "DiskPressure" for one in facts_of(cache).conditions))
    assert facts_of(cache).nodes[node].unschedulable is True
    kubelet.set_not_ready(node.name)
    soon(lambda: facts_of(cache).nodes[node].ready is False)
    facts = facts_of(cache)
    assert any(one.target == node and one.name == "NodeNotReady" for one in facts.conditions)
    told = [one.detail for one in facts.events if one.target == node and one.kind is EventKind.NODE]
    assert {"cordoned", "DiskPressure", "not ready"} <= set(told)
    soon(lambda: "node.kubernetes.io/not-ready" in {one["key"] for one in facts_of(cache).nodes[node].taints})


def test_what_a_person_changes_is_seen_at_once_with_who_did_it(cache, api, namespace):
    """M16: the re-check before a write sees the person's hand."""
    cart = of(namespace, "Deployment", "cart")
    api.create(deployment(namespace, "cart", replicas=1), fieldManager="argocd-controller")
    api.wait("Deployment", namespace, "cart", is_complete)
    before = soon(lambda: facts_of(cache).workloads.get(cart))
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 2}}, fieldManager="kubectl-edit")
    begun = time.monotonic()
    after = soon(lambda: (found := facts_of(cache).workloads[cart]).replicas == 2 and found)
    assert time.monotonic() - begun < 1.5
    assert after.resource_version != before.resource_version
    owners = {field: one.name for one in after.managers for field in one.fields}
    assert owners["spec.replicas"] == "kubectl-edit"
    assert owners["spec.template.spec.containers[web].image"] == "argocd-controller"
    assert not any(field.startswith("status") for field in owners)
    (scaled,) = [one for one in facts_of(cache).events if one.target == cart and one.kind is EventKind.SCALE]
    assert scaled.detail == "1 to 2 replicas by kubectl-edit"


def test_rollouts_of_each_kind_have_their_revisions_and_their_events(cache, api, namespace):
    made = {
        "Deployment": deployment(namespace, "web"),
        "StatefulSet": stateful_set(namespace, "db"),
        "DaemonSet": daemon_set(namespace, "agent"),
    }
    for manifest in made.values():
        api.create(manifest)
    soon(
        lambda: (
            len([one for one in facts_of(cache).workloads.values() if one.target.namespace == namespace]) == 3
        )
    )
    new = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop/cart:2"}]}}}}
    for kind, manifest in made.items():
        api.patch(kind, namespace, manifest["metadata"]["name"], new)
    for kind, manifest in made.items():
        target = of(namespace, kind, manifest["metadata"]["name"])
        found = soon(lambda t=target: (w := facts_of(cache).workloads[t]) and len(w.revisions) == 2 and w)
        assert [one.number for one in found.revisions] == [1, 2]
        assert [one.images for one in found.revisions] == [("shop/cart:1",), ("shop/cart:2",)]
        assert found.revisions[0].template["spec"]["containers"][0]["image"] == "shop/cart:1"
        assert "$patch" not in found.revisions[0].template
        kinds = [one.kind for one in facts_of(cache).events if one.target == target and one.is_change]
        assert kinds.count(EventKind.ROLLOUT) == 1
        assert kinds.count(EventKind.IMAGE) == 1


def test_a_revision_that_is_taken_up_again_is_the_current_one_since_then(cache, api, namespace):
    """A rollback gives an old ReplicaSet a new number."""
    target = of(namespace, "Deployment", "web")
    api.create(deployment(namespace, "web", replicas=1))
    for at, name in enumerate(("shop/cart:2", "shop/cart:1"), 1):
        soon(lambda n=at: target in (all_ := facts_of(cache).workloads) and len(all_[target].revisions) == n)
        time.sleep(1.1)  # creation times are in whole seconds
        containers = [{"name": "web", "image": name}]
        api.patch(
            "Deployment", namespace, "web", {"spec": {"template": {"spec": {"containers": containers}}}}
        )
    found = soon(lambda: (w := facts_of(cache).workloads[target]).revisions[-1].number == 3 and w)
    assert [(one.number, one.images) for one in found.revisions] == [
        (2, ("shop/cart:2",)),
        (3, ("shop/cart:1",)),
    ]
    assert found.revisions[1].since_ms > found.revisions[0].since_ms


def test_what_is_being_deleted_and_held_by_a_finalizer_says_so(cache, api, namespace):
    target = of(namespace, "Deployment", "held")
    made = deployment(namespace, "held", replicas=0)
    made["metadata"]["finalizers"] = ["example.com/hold"]
    api.create(made)
    soon(lambda: target in facts_of(cache).workloads)
    api.delete("Deployment", namespace, "held")
    soon(lambda: facts_of(cache).workloads[target].deleting)
    api.patch("Deployment", namespace, "held", {"metadata": {"finalizers": None}})
    soon(lambda: target not in facts_of(cache).workloads)
    assert any(one.target == target and one.kind is EventKind.DELETED for one in facts_of(cache).events)


def test_budgets_that_match_twice_are_counted_and_the_tighter_one_counts(cache, api, namespace):
    """B4: two budgets over one pod make every eviction fail."""
    target = of(namespace, "Deployment", "cart")
    api.create(deployment(namespace, "cart", replicas=3))
    api.wait("Deployment", namespace, "cart", is_complete)
    api.create(budget(namespace, "one", 2, app="cart"))
    first = soon(
        lambda: (w := facts_of(cache).workloads[target]).budgets == 1 and w.pdb_disruptions_allowed == 1 and w
    )
    assert first.budgets == 1
    assert facts_of(cache).owner(of(namespace, "PodDisruptionBudget", "one")) == target
    second = budget(namespace, "two", 3, app="cart")
    second["spec"]["selector"] = {
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "x"]}]
    }
    api.create(second)
    soon(lambda: (w := facts_of(cache).workloads[target]).budgets == 2 and w.pdb_disruptions_allowed == 0)


def test_a_kind_that_rbac_forbids_is_unknown_and_named_as_the_server_names_it(
    control_plane, service_account, api, namespace
):
    api.create(deployment(namespace, "cart", replicas=1))
    allowed = [
        rule("get list watch", resource, group)
        for resource, _, group in (resource_of(kind.path).partition(".") for kind in KINDS)
        if resource != "poddisruptionbudgets"
    ]
    with watched(service_account("reader", cluster_rules=allowed)) as cache:
        facts = facts_of(cache)
        assert facts.unknown == {"pdb"}
        assert of(namespace, "Deployment", "cart") in facts.workloads
        (told,) = cache.told
        assert told.startswith("cluster PodDisruptionBudget: list poddisruptionbudgets.policy: HTTP 403")
        assert 'cannot list resource "poddisruptionbudgets"' in told


@pytest.mark.slow
def test_the_watch_outlives_the_api_server(own_plane, api, namespace):
    """E9, E7: killed and started again; nothing is told to be deleted, and nothing that follows is missed."""
    target = of(namespace, "Deployment", "cart")
    api.create(deployment(namespace, "cart", replicas=1))
    with watched(own_plane.kubeconfig) as cache:
        soon(lambda: target in facts_of(cache).workloads)
        pods = set(facts_of(cache).pods)
        own_plane.kill_api_server()
        time.sleep(3)
        facts = facts_of(cache)
        assert target in facts.workloads
        assert set(facts.pods) >= pods
        assert age_ms(cache) > 2000
        own_plane.start_api_server()
        soon(lambda: age_ms(cache) < 1000 * (WATCH_S + 1), within_s=30)
        api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 0}})
        soon(lambda: facts_of(cache).workloads[target].replicas == 0)
        assert not [
            one for one in facts_of(cache).events if one.kind is EventKind.DELETED and one.target == target
        ]


@pytest.mark.slow
def test_a_gap_longer_than_etcd_remembers_is_closed_without_phantom_deletes(special_plane):
    """E7: etcd compacted while we were cut off. What was deleted meanwhile is gone, and only that."""
    plane = special_plane(Options(watch_cache=False, compaction="3s", state_metrics=False))
    for name in ("stays", "goes"):
        plane.api.create(deployment("default", name, replicas=1))
    with ApiProxy(plane) as proxy, watched(proxy.kubeconfig(plane.kubeconfig)) as cache:
        stays, goes = of("default", "Deployment", "stays"), of("default", "Deployment", "goes")
        soon(lambda: {stays, goes} <= set(facts_of(cache).workloads))
        rule_ = proxy.inject(Drop())
        proxy.cut()
        plane.api.delete("Deployment", "default", "goes")
        plane.api.wait_gone("Deployment", "default", "goes")
        for at in range(12):  # compaction every 3 s keeps what is younger than that
            plane.api.patch("Deployment", "default", "stays", {"metadata": {"labels": {"at": str(at)}}})
            time.sleep(1)
        assert rule_.hits
        assert {stays, goes} <= set(facts_of(cache).workloads)  # old, and said to be
        assert age_ms(cache) > 10_000
        proxy.heal()
        soon(lambda: goes not in facts_of(cache).workloads, within_s=30)
        facts = facts_of(cache)
        assert facts.workloads[stays].labels["at"] == "11"
        assert {
            one.target
            for one in facts.events
            if one.kind is EventKind.DELETED and one.target.kind == "Deployment"
        } == {goes}


@pytest.mark.slow
def test_behind_a_black_hole_the_facts_grow_old_and_no_decision_is_taken(control_plane, namespace):
    """E10: connections stand, not a byte comes. The guard that asks for fresh facts holds until they are."""
    with ApiProxy(control_plane) as proxy, watched(proxy.kubeconfig(control_plane.kubeconfig)) as cache:
        assert judged(cache).lean is Lean.PERMIT
        proxy.freeze()
        time.sleep(WATCH_S + 3)
        assert age_ms(cache) > 2500
        held = judged(cache, limit_s=2)
        assert held.lean is Lean.HOLD
        assert held.unknown
        proxy.heal()
        soon(lambda: judged(cache, limit_s=4).lean is Lean.PERMIT, within_s=30)


def judged(cache, limit_s=30):
    """What the guard says of a step that is planned on these facts now."""
    at_ms = now_ms()
    policy, situation = cases.policy(facts_max_age_s=limit_s), cases.situation(now_ms=at_ms)
    context = Context(
        cases.plan(), cases.step(), cases.incident(), cache.facts(at_ms), Ledger(), policy, situation
    )
    return fresh_facts(context)


def test_a_token_that_is_rotated_is_taken_up_without_a_restart(
    control_plane, service_account, api, namespace, tmp_path
):
    """E11: the old one ends; the file has a new one. No watch is lost for longer than a moment."""
    everything = [rule("get list watch", "*", "*")]
    for name in ("old", "new"):
        service_account(name, cluster_rules=everything)
    (tmp_path / "token").write_text(token(api, namespace, "old"))
    kubeconfig = control_plane.write_kubeconfig("rotated", {"tokenFile": str(tmp_path / "token")})
    target = of(namespace, "Deployment", "cart")
    with watched(kubeconfig) as cache:
        api.delete("ServiceAccount", namespace, "old")  # its tokens end with it
        (tmp_path / "next").write_text(token(api, namespace, "new"))
        (tmp_path / "next").replace(tmp_path / "token")
        time.sleep(2 * WATCH_S)
        api.create(deployment(namespace, "cart", replicas=1))
        soon(lambda: target in facts_of(cache).workloads)
        soon(lambda: age_ms(cache) < 1000 * (WATCH_S + 1))


def test_a_ca_that_changes_is_taken_up_without_a_restart(control_plane, tmp_path):
    """E11: as it stands the server is not trusted, so nothing is asked of it; the new file mends that."""
    right = (control_plane.pki / "ca.crt").read_bytes()
    (tmp_path / "ca.crt").write_bytes((control_plane.pki / "api.crt").read_bytes())
    config = json.loads(control_plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {
        "server": control_plane.url,
        "certificate-authority": str(tmp_path / "ca.crt"),
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    with watched(tmp_path / "kubeconfig", ready=False) as cache:
        assert not cache.wait_ready(1)
        (tmp_path / "new.crt").write_bytes(right)
        (tmp_path / "new.crt").replace(tmp_path / "ca.crt")
        assert cache.wait_ready(15)


def crd(group, version, kind, plural):
    """A kind of a product that is not there, as loose as can be."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


@pytest.fixture
def argo(api):
    """The kinds of Argo CD, without it."""
    base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    made = [("AppProject", "appprojects"), ("Application", "applications")]
    for kind, plural in made:
        api.call("POST", base, crd("argoproj.io", "v1alpha1", kind, plural))
        soon(lambda name=plural: serves(api, f"/apis/argoproj.io/v1alpha1/{name}"))
    yield api
    for _, plural in made:
        api.call("DELETE", f"{base}/{plural}.argoproj.io")


def serves(api, where):
    with suppress(ApiError):
        return bool(api.call("GET", where))
    return False


def test_a_sync_window_of_argo_is_a_freeze_and_what_it_made_is_its_own(argo, control_plane, namespace):
    cart = of(namespace, "Deployment", "cart")
    argo.create(deployment(namespace, "cart", replicas=0))
    base = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}"
    always = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["cart"]}
    made = {"metadata": {"name": "shop"}, "spec": {"syncWindows": [always]}}
    argo.call(
        "POST", f"{base}/appprojects", {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", **made}
    )
    made = {
        "metadata": {"name": "cart"},
        "spec": {"project": "shop", "destination": {"namespace": namespace}},
        "status": {"resources": [{"kind": "Deployment", "namespace": namespace, "name": "cart"}]},
    }
    argo.call(
        "POST", f"{base}/applications", {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", **made}
    )
    with watched(control_plane.kubeconfig) as cache:
        facts = facts_of(cache)
        (freeze,) = facts.freezes
        assert (freeze.namespace, freeze.workloads) == (namespace, frozenset({cart}))
        assert facts.workloads[cart].managed_by == "argocd"
        argo.call("DELETE", f"{base}/appprojects/shop")
        soon(lambda: not facts_of(cache).freezes)
