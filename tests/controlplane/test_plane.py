"""The control plane: real answers, an audit log that sees every write, an end without remains."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.controlplane.api import MERGE, Api, ApiError, path
from tests.controlplane.identities import rule
from tests.controlplane.objects import budget, config_map, deployment, is_complete
from tests.controlplane.plane import Options

pytestmark = pytest.mark.integration


def test_the_audit_log_shows_a_write_with_its_body_its_user_and_its_answer(
    api, audit, namespace, service_account
):
    api.create(config_map(namespace))
    writer = Api.of(service_account("writer", [rule("get patch", "configmaps")]), "aiops/1 intent/x term/1")
    since = audit.now()
    writer.get("ConfigMap", namespace, "settings")
    writer.patch("ConfigMap", namespace, "settings", {"data": {"mode": "new"}}, content_type=MERGE)
    (seen,) = audit.mutating(namespace=namespace, since=since)
    assert (seen.verb, seen.resource, seen.name, seen.code) == ("patch", "configmaps", "settings", 200)
    assert seen.user == f"system:serviceaccount:{namespace}:writer"
    assert seen.user_agent == "aiops/1 intent/x term/1"
    assert seen.request == {"data": {"mode": "new"}}
    assert seen.response["data"] == {"mode": "new"}
    reads = audit.entries(namespace=namespace, user=seen.user, since=since)
    assert [one.verb for one in reads] == ["get", "patch"]


def test_the_audit_log_shows_what_was_refused_and_by_which_code(api, audit, namespace, service_account):
    reader = Api.of(service_account("reader", [rule("get list", "pods")]))
    since = audit.now()
    with pytest.raises(ApiError, match='cannot create resource "configmaps"'):
        reader.create(config_map(namespace))
    (seen,) = audit.mutating(namespace=namespace, since=since)
    assert (seen.verb, seen.code, seen.succeeded) == ("create", 403, False)


def test_a_dry_run_is_told_from_a_write(api, audit, namespace):
    since = audit.now()
    api.create(config_map(namespace), dryRun="All")
    assert [one.dry_run for one in audit.mutating(namespace=namespace, since=since)] == [True]
    assert audit.mutating(namespace=namespace, since=since, dry_run=False) == []
    api.create(config_map(namespace))
    api.delete("ConfigMap", namespace, "settings", {"dryRun": ["All"]})
    verbs = [(one.verb, one.dry_run) for one in audit.mutating(namespace=namespace, since=since)]
    assert verbs == [("create", True), ("create", False), ("delete", True)]


def test_a_delete_with_a_body_is_no_dry_run_by_its_query(api, audit, namespace):
    """Measured: with DeleteOptions in the body the API server does not look at the query."""
    api.create(config_map(namespace))
    since = audit.now()
    api.delete("ConfigMap", namespace, "settings", {"propagationPolicy": "Background"}, dryRun="All")
    assert api.find("ConfigMap", namespace, "settings") is None
    assert [one.dry_run for one in audit.mutating(namespace=namespace, since=since)] == [False]


def test_the_work_of_the_controllers_is_left_out_unless_asked_for(api, audit, namespace):
    since = audit.now()
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait("Deployment", namespace, "cart", is_complete)
    people = audit.mutating(namespace=namespace, since=since)
    assert [(one.verb, one.resource) for one in people] == [("create", "deployments")]
    everybody = audit.mutating(namespace=namespace, since=since, system=True)
    assert {"replicasets", "pods"} <= {one.resource for one in everybody}


def test_an_eviction_against_a_disruption_budget_is_429_and_without_one_is_done(api, audit, namespace):
    """E8: the refusal of a budget names it; nothing is evicted."""
    api.create(deployment(namespace, "cart", replicas=2))
    api.create(budget(namespace, "cart", min_available=2))
    api.wait("Deployment", namespace, "cart", is_complete)
    api.wait("PodDisruptionBudget", namespace, "cart", lambda one: one["status"].get("currentHealthy") == 2)
    pod = api.list("Pod", namespace)[0]["metadata"]["name"]
    since = audit.now()
    with pytest.raises(ApiError, match="would violate the pod's disruption budget") as refused:
        api.evict(namespace, pod)
    assert refused.value.status == 429
    assert refused.value.body["details"]["causes"][0]["reason"] == "DisruptionBudget"
    api.delete("PodDisruptionBudget", namespace, "cart")
    api.evict(namespace, pod)
    api.wait_gone("Pod", namespace, pod)
    evictions = audit.mutating(namespace=namespace, since=since, user="admin")
    assert [(one.subresource, one.code) for one in evictions if one.subresource] == [
        ("eviction", 429),
        ("eviction", 201),
    ]


def test_the_api_server_comes_back_on_its_port_with_everything_it_knew(own_plane, api, namespace):
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait("Deployment", namespace, "cart", is_complete)
    own_plane.restart_api_server()
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 2}})
    api.wait("Deployment", namespace, "cart", is_complete)


def test_kube_state_metrics_tells_of_what_is_there(api, own_plane, namespace):
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait("Deployment", namespace, "cart", is_complete)
    wanted = f'kube_deployment_status_replicas_ready{{namespace="{namespace}",deployment="cart"}} 1'
    until = time.monotonic() + 10
    while wanted not in (text := page(f"{own_plane.metrics_url}/metrics")) and time.monotonic() < until:
        time.sleep(0.1)
    assert wanted in text


def page(url):
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return answer.read().decode()


@pytest.mark.slow
def test_without_a_watch_cache_a_watch_from_a_compacted_version_is_410(special_plane):
    """E7: the condition that a test of relisting needs."""
    plane = special_plane(Options(watch_cache=False, compaction="1s", state_metrics=False))
    old = plane.api.call("GET", path("ConfigMap", "default"))["metadata"]["resourceVersion"]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        plane.api.ensure(config_map("default", f"c-{time.monotonic_ns()}"))
        events = plane.api.watch(path("ConfigMap", "default"), old, silence_s=2)
        with contextlib.suppress(ApiError):
            first = next(events)
            if first["type"] == "ERROR" and first["object"]["code"] == 410:
                return
        time.sleep(0.5)
    raise AssertionError("no 410 within 20 s")


@pytest.mark.slow
def test_killed_from_outside_nothing_of_it_stays_behind(tmp_path, control_plane):
    command = [sys.executable, "-m", "tests.controlplane", "run"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    folder = str(Path(process.stdout.readline().decode().strip().split("=")[1]).parent)
    assert children(folder)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    until = time.monotonic() + 10
    while (left := children(folder)) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def children(folder):
    """Ids of the processes that have ``folder`` in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if folder.encode() in entry.read_bytes():
                found.append(entry.parent.name)
    return found
