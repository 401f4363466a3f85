"""The simulated nodes as Prometheus sees them: what a fix changes in the cluster changes in the numbers."""

import re
import time

import pytest

from tests.controlplane.objects import claim, deployment, is_complete
from tests.controlplane.traffic import Spoil
from tests.integration.servers import prometheus

pytestmark = pytest.mark.integration


@pytest.fixture
def cart(api, namespace, kubelet):
    """Two pods of half a core each, and a load that half a core bears."""
    api.create(deployment(namespace, "cart", replicas=2, cpu="500m", memory="128Mi"))
    api.wait("Deployment", namespace, "cart", is_complete)
    return kubelet.telemetry.app(namespace, "cart", rps=100, cpu_s=0.002)


def total(page, name, namespace, **labels):
    """Sum of the samples of a series in a namespace whose labels are these."""
    wanted = [f'namespace="{namespace}"', *(f'{key}="{text}"' for key, text in labels.items())]
    lines = [line for line in page.splitlines() if line.startswith(f"{name}{{")]
    return sum(float(line.split()[-1]) for line in lines if all(one in line for one in wanted))


def error_ratio(kubelet, namespace, seconds=0.5):
    """Share of the requests of the next moment that are answered with 503."""
    count = "http_server_request_duration_seconds_count"
    before = kubelet.telemetry.page()
    time.sleep(seconds)
    after = kubelet.telemetry.page()
    codes = {
        code: total(after, count, namespace, http_response_status_code=code)
        - total(before, count, namespace, http_response_status_code=code)
        for code in ("200", "503")
    }
    return codes["503"] / sum(codes.values())


def test_a_surge_is_refused_in_part_until_there_are_more_pods(api, namespace, kubelet, cart):
    assert error_ratio(kubelet, namespace) == 0
    cart.rps = 800  # 0.8 cores a pod of 0.5: three of eight are refused
    assert error_ratio(kubelet, namespace) == pytest.approx(3 / 8, abs=0.02)
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 4}})
    api.wait("Deployment", namespace, "cart", is_complete)
    assert error_ratio(kubelet, namespace) == 0


def test_errors_of_an_image_end_with_the_rollback(api, namespace, kubelet, cart):
    kubelet.telemetry.spoil(Spoil(error_ratio=0.5), namespace=namespace, image="cart:2")
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "shop/cart:2"}]}}}}
    api.patch("Deployment", namespace, "cart", image)
    api.wait("Deployment", namespace, "cart", is_complete)
    time.sleep(0.3)  # until the old pods have gone
    assert error_ratio(kubelet, namespace) == pytest.approx(0.5, abs=0.02)
    image["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/cart:1"
    api.patch("Deployment", namespace, "cart", image)
    api.wait("Deployment", namespace, "cart", is_complete)
    time.sleep(0.3)
    assert error_ratio(kubelet, namespace) == 0


def test_a_process_that_leaks_is_killed_at_its_limit_and_begins_with_little(api, namespace, kubelet, cart):
    kubelet.telemetry.spoil(Spoil(leak_mib_s=60), namespace=namespace)  # 64 MiB left: a good second
    pod = api.list("Pod", namespace)[0]["metadata"]["name"]
    until = time.monotonic() + 10
    while time.monotonic() < until:
        kubelet.telemetry.page()
        status = api.get("Pod", namespace, pod)["status"]["containerStatuses"][0]
        if status["restartCount"]:
            break
        time.sleep(0.1)
    assert status["lastState"]["terminated"]["reason"] == "OOMKilled"
    api.wait("Pod", namespace, pod, lambda one: one["status"]["containerStatuses"][0]["ready"])
    assert total(kubelet.telemetry.page(), "container_memory_working_set_bytes", namespace, pod=pod) < 100e6


def test_a_claim_is_never_fuller_than_it_is_large(api, namespace, kubelet):
    api.create(claim(namespace, "data", "1Gi"))
    api.wait("PersistentVolumeClaim", namespace, "data", lambda one: one["status"].get("phase") == "Bound")
    kubelet.telemetry.volume(namespace, "data", used_mib=2000)
    assert used_ratio(kubelet, namespace) == 1.0
    room = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    api.patch("PersistentVolumeClaim", namespace, "data", room)
    api.wait(
        "PersistentVolumeClaim", namespace, "data", lambda one: one["status"]["capacity"]["storage"] == "2Gi"
    )
    assert used_ratio(kubelet, namespace) == 0.5


def used_ratio(kubelet, namespace):
    page = kubelet.telemetry.page()
    used, capacity = (
        total(page, f"kubelet_volume_stats_{what}_bytes", namespace) for what in ("used", "capacity")
    )
    return used / capacity


def test_the_node_numbers_are_of_living_nodes_and_as_told(kubelet, nodes):
    kubelet.telemetry.node(nodes[0]).disk = 0.95
    kubelet.kill_node(nodes[1])
    page = kubelet.telemetry.page()
    free = dict(re.findall(r'node_filesystem_avail_bytes\{node="([^"]+)".*?\} (\S+)', page))
    assert set(free) == {nodes[0], nodes[2]}
    assert float(free[nodes[0]]) == pytest.approx(0.05 * 100 * 2**30)


def test_a_real_prometheus_reads_the_page(namespace, kubelet, cart, tmp_path):
    with prometheus(tmp_path, {"nodes": [kubelet.telemetry]}, honor_labels=True) as server:
        rate = f'sum(rate(http_server_request_duration_seconds_count{{namespace="{namespace}"}}[5s]))'
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = server.get("query", query=rate)["result"]
            if found and float(found[0]["value"][1]) == pytest.approx(100, rel=0.1):
                return
            time.sleep(0.3)
        raise AssertionError(f"expected about 100 requests a second, got {found}")
