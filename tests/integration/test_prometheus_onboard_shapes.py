"""``aiops onboard`` on plainer servers: as exporters mean it, telling little of itself, and empty."""

import json
import urllib.error
import urllib.request
from contextlib import ExitStack

import pytest

from aiops.bootstrap.config import load_settings
from tests.integration.foreign import Cluster, Page, client_golang
from tests.integration.servers import prometheus
from tests.integration.test_prometheus_faults import Scripted
from tests.integration.test_prometheus_signals_check import aiops

pytestmark = pytest.mark.integration

CLUSTER = Cluster({"cart": 2})
PLACE = {"cart": {"namespace": "shop", "pod": "cart-5d4f7-0"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    relabel = [
        {"source_labels": ["job"], "regex": job, "target_label": label, "replacement": value}
        for job, labels in PLACE.items()
        for label, value in labels.items()
    ]
    relabel.append(
        {"source_labels": ["job"], "regex": "db", "target_label": "cluster", "replacement": "db-1"}
    )
    pages = {
        "db": lambda: "redis_up 1\n",
        "ksm": CLUSTER.kube_state_metrics,
        "kubelet": CLUSTER.cadvisor,
        "cart": lambda: client_golang("status"),
    }
    with ExitStack() as stack:
        jobs = {job: [stack.enter_context(Page(make))] for job, make in pages.items()}
        running = stack.enter_context(
            prometheus(
                tmp_path_factory.mktemp("prometheus"),
                jobs,
                honor_labels=True,
                external_labels={"cluster": "blue", "replica": "0"},
                job_extra={"relabel_configs": relabel},
            )
        )
        for job in jobs:
            running.wait_for(f'count_over_time(up{{job="{job}"}}[5s]) >= 5')
        yield running


def onboard(url, folder, *more):
    code, out, err = aiops("onboard", "--prometheus", url, "-o", str(folder), "--json", *more)
    return code, json.loads(out) if code == 0 else err


def test_a_server_as_exporters_mean_it_keeps_the_shipped_names(server, tmp_path):
    code, report = onboard(server.url, tmp_path / "c")
    assert code == 0
    settings = load_settings(tmp_path / "c")
    assert settings.prometheus.cluster_matchers == {}
    assert report["exported_labels"] == []
    by_name = {signal.name: signal for signal in settings.signals}
    assert by_name["cpu_usage"].target.name == "pod"
    assert "label_replace" not in by_name["cpu_usage"].query
    assert 'status=~"5.."' in by_name["error_ratio"].query
    assert (report["workloads"], report["covered"]) == (1, 1)


def test_a_label_cluster_of_something_else_is_not_taken_for_the_clusters(server, tmp_path):
    """The job db has a label cluster of its own, as exporters of databases do; nodes and pods have none."""
    assert onboard(server.url, tmp_path / "c")[1]["other_clusters"] == []
    assert load_settings(tmp_path / "c").prometheus.cluster_matchers == {}


def test_the_servers_external_label_becomes_the_identity_that_is_checked(server, tmp_path):
    """M7: and a replica's own label does not."""
    onboard(server.url, tmp_path / "c")
    assert load_settings(tmp_path / "c").prometheus.expected_identity == {"cluster": "blue"}
    assert load_settings(tmp_path / "c").cluster.name == "blue"


def test_a_name_for_the_only_cluster_must_be_its_own(server, tmp_path):
    assert onboard(server.url, tmp_path / "a", "--cluster", "blue")[0] == 0
    code, err = onboard(server.url, tmp_path / "b", "--cluster", "green")
    assert (code, "got 'green'" in err) == (2, True)


def test_a_label_that_targets_lack_is_refused(server, tmp_path):
    code, err = onboard(server.url, tmp_path / "c", "--cluster-label", "nonsense")
    assert (code, "--cluster-label: expected a label of nodes, pods or targets" in err) == (2, True)


@pytest.mark.parametrize("label", ['a"} or up{x="', "a b", ""])
def test_a_label_that_is_no_label_is_refused_in_words(server, tmp_path, label):
    """S4."""
    code, err = onboard(server.url, tmp_path / "c", "--cluster-label", label)
    assert (code, "--cluster-label: expected" in err) == (2, True)


def test_what_a_server_does_not_tell_is_estimated_or_told_as_unknown(server, tmp_path):
    """As Thanos and Mimir: queries and labels, but no targets, rules or configuration."""

    def forward(page, _):
        if any(word in page.path for word in ("/targets", "/rules", "/status")):
            page.send(404, b"404 page not found")
            return
        body = page.server.asked[-1]
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{server.url}{page.path}", data=body or None, method=page.command
        )
        if body:
            request.add_header("Content-Type", "application/x-www-form-urlencoded")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
                page.send(200, reply.read(), Content_Type="application/json")
        except urllib.error.HTTPError as error:
            page.send(error.code, error.read())

    with Scripted(forward) as scripted:
        scripted._server.asked = Bodies(scripted)
        code, report = onboard(scripted.url, tmp_path / "c")
    assert code == 0, report
    assert report["unknown"] == [
        "targets and scrape intervals (estimated from `up`)",
        "recording and alerting rules",
    ]
    assert report["covered"] == 1
    assert report["targets"] == 0
    assert report["identity"] == {}


class Bodies:
    """The body of the newest question of a Scripted server."""

    def __init__(self, scripted):
        self.scripted = scripted

    def __getitem__(self, index):
        return self.scripted.asked[index][3]


def test_an_empty_server_is_told_and_nothing_pretends_to_work(tmp_path):
    """M2: no data is not healthy."""
    with prometheus(tmp_path / "data") as server:
        code, report = onboard(server.url, tmp_path / "c")
    assert code == 1
    assert "nothing was written" in report
    assert not (tmp_path / "c").exists()
