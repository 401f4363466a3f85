"""The cluster as one port: what it writes it soon sees itself, and what it was is kept."""

import threading
import time

import pytest

from aiops.adapters.kubernetes.cluster import KubernetesCluster
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.evidence import Capture
from aiops.model import (
    Access,
    Answer,
    Change,
    EventKind,
    EvidenceSettings,
    KubernetesSettings,
    Mark,
    Sight,
    Target,
)
from tests.controlplane.objects import deployment, is_complete

pytestmark = pytest.mark.integration


@pytest.fixture
def cluster(control_plane):
    api = connect(KubernetesSettings(Access.KUBECONFIG, str(control_plane.kubeconfig), watch_s=2))
    cluster = KubernetesCluster(api, "", Capture(api, EvidenceSettings()), lambda *_: None)
    cluster.start()
    assert cluster.wait_ready(20)
    yield cluster
    cluster.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("watch ")]


def now_ms():
    return int(time.time() * 1000)


def test_a_write_on_the_facts_is_seen_in_the_facts_by_its_mark_and_its_author(cluster, api, namespace):
    """E2, M16: planned on uid and version of the facts, sent once, found again in the facts."""
    cart = Target("Deployment", namespace, "cart")
    api.create(deployment(namespace, "cart", replicas=1))
    api.wait("Deployment", namespace, "cart", is_complete)
    seen = soon(
        lambda: (found := cluster.facts(now_ms()).workloads.get(cart)) and found.rolling is False and found
    )
    change = Change(cart, seen.resource_version, {"spec": {"replicas": 2}}, seen.uid)
    mark = Mark("intent-1", 3)
    begun = time.monotonic()
    receipt = cluster.send(change, mark)
    assert receipt.answer is Answer.DONE
    after = soon(lambda: (found := cluster.facts(now_ms()).workloads[cart]).replicas == 2 and found)
    assert time.monotonic() - begun < 2
    assert after.annotations["aiops.dev/intent"] == "intent-1"
    assert "aiops" in {one.name for one in after.managers if "spec.replicas" in one.fields}
    assert cluster.look(change, mark).sight is Sight.ARRIVED
    events = [one for one in cluster.facts(now_ms()).events if one.target == cart]
    assert "1 to 2 replicas by aiops" in [one.detail for one in events if one.kind is EventKind.SCALE]
    assert cluster.capture(cart, now_ms())["target"] == str(cart)


def test_a_change_planned_on_facts_that_are_old_is_a_conflict(cluster, api, namespace):
    """E5, E6: a person was faster."""
    cart = Target("Deployment", namespace, "cart")
    api.create(deployment(namespace, "cart", replicas=0))
    seen = soon(lambda: cluster.facts(now_ms()).workloads.get(cart))
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 1}})
    change = Change(cart, seen.resource_version, {"spec": {"replicas": 2}}, seen.uid)
    assert cluster.send(change, Mark("intent-2", 3)).answer is Answer.CONFLICT
    assert cluster.look(change, Mark("intent-2", 3)).sight is Sight.CHANGED


def soon(holds, within_s=15.0):
    """What ``holds()`` says once it is true; fails after ``within_s``."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not so after {within_s} s")
