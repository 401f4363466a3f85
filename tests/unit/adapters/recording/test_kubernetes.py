"""--kubeconfig: objects and events as the API server has them; refusals are ours, nothing is written."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from aiops.adapters.recording.kubernetes_now import PATHS, read_now
from aiops.adapters.recording.kubernetes_objects import events, quantity, state
from aiops.errors import Forbidden, InputError, Rejected, Unavailable
from aiops.model import Autoscaler, Claim, EventKind, Node, Pod, Target, Workload
from aiops.model.recording import NamespaceLabels

CART = Target("Deployment", "shop", "cart")


def meta(name, **more):
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7", **more}


def owned(name, kind, owner, **more):
    return meta(name, ownerReferences=[{"kind": kind, "name": owner, "controller": True}], **more)


TEMPLATE = {
    "metadata": {"labels": {"app": "cart"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "cart:2",
                "resources": {"limits": {"memory": "512Mi", "cpu": "500m"}, "requests": {"cpu": "0.1"}},
            }
        ]
    },
}
OBJECTS = {
    "Deployment": [
        {
            "metadata": meta("cart", generation=3, labels={"app.kubernetes.io/managed-by": "Helm"}),
            "spec": {
                "replicas": 4,
                "template": TEMPLATE,
                "strategy": {"rollingUpdate": {"maxUnavailable": "30%"}},
            },
            "status": {"readyReplicas": 4, "replicas": 4, "updatedReplicas": 4, "observedGeneration": 3},
        }
    ],
    "StatefulSet": [],
    "DaemonSet": [],
    "ReplicaSet": [
        {
            "metadata": owned(
                f"cart-{letter}",
                "Deployment",
                "cart",
                creationTimestamp="2026-03-01T00:00:00Z",
                annotations={"deployment.kubernetes.io/revision": number},
            ),
            "spec": {"template": TEMPLATE},
        }
        for letter, number in (("b", "12"), ("a", "9"))
    ],
    "Pod": [
        {
            "metadata": owned("cart-b-1", "ReplicaSet", "cart-b"),
            "spec": {"nodeName": "n1", "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }
    ],
    "Node": [
        {
            "metadata": {"name": "n1", "uid": "u", "labels": {"topology.kubernetes.io/zone": "a"}},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
        }
    ],
    "Namespace": [{"metadata": {"name": "shop", "labels": {"team": "a"}}}],
    "PersistentVolumeClaim": [
        {
            "metadata": meta("data"),
            "spec": {"storageClassName": "ssd", "resources": {"requests": {"storage": "10Gi"}}},
        }
    ],
    "StorageClass": [{"metadata": {"name": "ssd"}, "allowVolumeExpansion": True}],
    "HorizontalPodAutoscaler": [
        {
            "metadata": meta("hpa"),
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}, "maxReplicas": 9},
        }
    ],
    "PodDisruptionBudget": [
        {
            "metadata": meta("pdb"),
            "spec": {"selector": {"matchLabels": {"app": "cart"}}},
            "status": {"disruptionsAllowed": 0},
        }
    ],
    "Event": [
        {
            "metadata": meta("e"),
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "cart-b-1"},
            "reason": "Evicted",
            "message": "low on memory",
            "lastTimestamp": "2026-03-01T10:00:00Z",
        }
    ],
}


def one(kind, listed=OBJECTS):
    return next(value for value in state(listed) if isinstance(value, kind))


def test_a_workload_has_what_acting_needs():
    cart = one(Workload)
    assert (cart.uid, cart.resource_version, cart.replicas, cart.ready) == ("uid-cart", "7", 4, 4)
    assert (cart.rolling, cart.paused, cart.managed_by) == (False, False, "helm")
    assert (cart.hpa_name, cart.hpa_min, cart.hpa_max) == ("hpa", 1, 9)
    assert cart.max_unavailable == 1  # 30 % of 4 is 1.2, rounded down
    assert (cart.node_names, cart.zones) == (("n1",), ("a",))


def test_revisions_keep_their_numbers_and_templates():
    assert [(one.number, one.images) for one in one(Workload).revisions] == [
        (9, ("cart:2",)),
        (12, ("cart:2",)),
    ]
    assert one(Workload).revisions[0].template == TEMPLATE


def test_sizes_are_bytes_and_thousandths_and_zero_where_none_is_set():
    (app,) = one(Workload).containers
    assert (app.memory_limit, app.memory_request, app.cpu_limit, app.cpu_request) == (
        512 * 1024**2,
        0,
        500,
        100,
    )


@pytest.mark.parametrize(
    ("text", "value"), [("1Gi", 2**30), ("1G", 10**9), ("250m", 0), ("3", 3), ("1e3", None), (None, None)]
)
def test_quantities(text, value):
    assert quantity(text) == value


@pytest.mark.parametrize(
    ("budgets", "allowed"),
    [
        ([], 1),  # no budget: the number of its pods
        (OBJECTS["PodDisruptionBudget"], 0),
        ([{"metadata": meta("x"), "spec": {"selector": {"matchLabels": {"app": "other"}}}}], 1),
        ([{"metadata": meta("x"), "spec": {"selector": {"matchExpressions": [{"key": "app"}]}}}], None),
    ],
)
def test_disruption_budgets_apply_by_their_selector_or_are_unknown(budgets, allowed):
    """B4."""
    assert one(Workload, {**OBJECTS, "PodDisruptionBudget": budgets}).pdb_disruptions_allowed == allowed


def test_what_could_not_be_listed_is_unknown():
    few = {kind: items for kind, items in OBJECTS.items() if kind in ("Deployment", "Pod")}
    cart = one(Workload, few)
    assert (cart.hpa_max, cart.pdb_disruptions_allowed) == (None, None)
    assert one(Pod, few).owner is None  # without ReplicaSets nobody can say


def test_pods_nodes_claims_and_namespaces():
    assert one(Pod) == Pod(Target("Pod", "shop", "cart-b-1"), CART, "uid-cart-b-1", "n1", "Running", True)
    assert (one(Node).ready, one(Node).unschedulable, one(Node).zone) == (None, True, "a")  # Unknown is None
    claim = one(Claim)
    assert (claim.size, claim.expandable, claim.owner) == (10 * 2**30, True, CART)
    assert one(NamespaceLabels).labels == {"team": "a"}
    assert one(Autoscaler).scales == CART


def test_events_are_told_at_their_time():
    (event,) = events(OBJECTS)
    assert (event.kind, event.at_ms) == (EventKind.EVICTED, 1_772_359_200_000)  # 2026-03-01T10:00Z
    assert event.detail == "Evicted: low on memory"


class Api:
    """An API server that lists: ``status`` by path, pages of ``page`` objects."""

    def __init__(self, page=500):
        self.status, self.asked, self.body = {}, [], None
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                api.asked.append((self.command, parts.path))
                status = api.status.get(parts.path, api.status.get("*", 200))
                body = api.body or json.dumps(self.listed(parts)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def listed(self, parts):
                kind = next(kind for kind, path in PATHS.items() if path == parts.path)
                first = int(parse_qs(parts.query).get("continue", ["0"])[0])
                items = OBJECTS[kind][first : first + page]
                more = str(first + page) if first + page < len(OBJECTS[kind]) else ""
                return {"kind": f"{kind}List", "metadata": {"continue": more}, "items": items}

            def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def kubeconfig(self, folder):
        cluster = {"server": f"http://127.0.0.1:{self.server.server_address[1]}"}
        data = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "k", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        }
        (folder / "kubeconfig").write_text(json.dumps(data))
        return folder / "kubeconfig"


NOW = 1_772_362_800_000  # an hour after the event


def test_everything_is_listed_page_by_page_and_only_read(tmp_path):
    """B9: no verb but GET."""
    with Api(page=1) as api:
        lines, known = read_now(api.kubeconfig(tmp_path), "", NOW)
    assert {verb for verb, _ in api.asked} == {"GET"}
    assert sum(path == PATHS["ReplicaSet"] for _, path in api.asked) == 2
    assert [line.value for line in lines if line.at_ms == NOW] == list(state(OBJECTS))
    assert {"pdb", "labels", "owners"} <= known


def test_a_kind_that_may_not_be_listed_stays_unknown(tmp_path):
    with Api() as api:
        api.status[PATHS["PodDisruptionBudget"]] = 403
        lines, known = read_now(api.kubeconfig(tmp_path), "", NOW)
    assert "pdb" not in known
    assert (
        next(line.value for line in lines if isinstance(line.value, Workload)).pdb_disruptions_allowed is None
    )


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, Forbidden), (401, Forbidden), (503, Unavailable), (429, Unavailable), (400, Rejected)],
)
def test_an_api_server_that_refuses_everything_is_a_port_error(tmp_path, status, error):
    with Api() as api:
        api.status["*"] = status
        with pytest.raises(error, match=f"HTTP {status}"):
            read_now(api.kubeconfig(tmp_path), "", NOW)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff"])
def test_an_answer_that_is_no_list_is_a_port_error(tmp_path, body):
    with Api() as api:
        api.body = body
        with pytest.raises(Unavailable):
            read_now(api.kubeconfig(tmp_path), "", NOW)


def test_objects_that_are_none_are_a_port_error(tmp_path):
    with Api() as api:
        api.body = b'{"items": [{"metadata": {}}]}'
        with pytest.raises(Rejected, match="an object that is none"):
            read_now(api.kubeconfig(tmp_path), "", NOW)


def test_an_api_server_that_is_not_there_is_unavailable(tmp_path):
    with Api() as api:
        kubeconfig = api.kubeconfig(tmp_path)
    with pytest.raises(Unavailable):
        read_now(kubeconfig, "", NOW)


@pytest.mark.parametrize("text", ["", "not: [a kubeconfig", "{}"])
def test_a_bad_kubeconfig_is_named(tmp_path, text):
    (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(InputError, match="a kubeconfig that works"):
        read_now(tmp_path / "kubeconfig", "", NOW)


def test_a_missing_kubeconfig_or_context_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_now(tmp_path / "kubeconfig", "", NOW)
    with Api() as api, pytest.raises(InputError, match="nope"):
        read_now(api.kubeconfig(tmp_path), "nope", NOW)
