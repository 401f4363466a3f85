"""`aiops record` against a real Prometheus whose past was back-filled."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiops.bootstrap.recordings import open_recording
from aiops.model import EventKind, Target
from tests.integration import past
from tests.integration.faults import PASS, FaultProxy, Latency
from tests.integration.servers import openmetrics, prometheus

pytestmark = pytest.mark.integration

MINUTE = past.MINUTE
CART, DB = Target("Deployment", "shop", "cart"), Target("StatefulSet", "shop", "db")
NODE = Target("Node", "", "node-1")
STEPS = past.MINUTES - 1
SIGNALS = """\
signals:
  - name: requests
    query: sum by (namespace, pod) ({selector})
    unit: 1/s
    role: traffic
    rollup: sum
    target: {{kind: Pod, namespace: {namespace}, name: {pod}}}
"""
RULES = """\
groups:
  - name: shop
    rules:
      - alert: DbDown
        expr: vector(0) > 1
        annotations: {runbook_url: "https://wiki/db-down", summary: "the database is down"}
"""


def config(folder, prometheus="", **mapping):
    fields = {"selector": "shop_requests", "namespace": "namespace", "pod": "pod", **mapping}
    (folder / "signals").mkdir(parents=True)
    (folder / "signals" / "shop.yaml").write_text(SIGNALS.format(**fields))
    (folder / "aiops.yaml").write_text(prometheus or "{}\n")
    return folder


@pytest.fixture(scope="module")
def start_ms():
    """Three hours ago at the end: Prometheus does not back-fill into its newest block."""
    return (int(time.time() * 1000) // MINUTE - past.MINUTES - 180) * MINUTE


@pytest.fixture(scope="module")
def server(tmp_path_factory, start_ms):
    with prometheus(tmp_path_factory.mktemp("prom"), history=past.text(start_ms), rules=RULES) as running:
        yield running


def arguments(url, config_dir, start_ms, output, *more):
    until = str((start_ms + STEPS * MINUTE) // 1000)
    since = f"{STEPS}m"
    command = [sys.executable, "-m", "aiops", "record", "--prometheus", url, "--since", since]
    command += ["--until", until, "--step", "1m", "--config", str(config_dir), "--name", "past"]
    return [*command, "--signal", "requests", "-o", str(output), *more]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(path):
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


@pytest.fixture(scope="module")
def recorded(server, start_ms, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    run(*arguments(server.url, config(folder / "config"), start_ms, folder / "r"))
    return folder / "r"


def test_pods_are_rolled_up_to_workloads(recorded):
    panel = open_recording(recorded).panel("requests")
    assert panel.targets == (CART, DB)
    # at minute 60: each of the two pods of cart serves 5 + 60 % 7 = 9, db too
    assert panel.values[:, 60].tolist() == [18, 9]


def test_facts_before_and_after_the_rollout(recorded, start_ms):
    recording = open_recording(recorded)

    def cart(minute):
        return recording.facts(start_ms + minute * MINUTE).workloads[CART]

    before, during, after = cart(past.ROLLOUT - 1), cart(past.ROLLOUT), cart(past.ROLLOUT + 2)
    assert (before.images, during.images) == (("cart:1",), ("cart:2",))
    assert (before.rolling, during.rolling, after.rolling) == (False, True, False)
    assert (after.managed_by, after.hpa_min, after.hpa_max, after.max_unavailable) == ("argocd", 2, 6, 1)
    assert cart(past.SCALE).replicas == 3
    assert after.uid is None  # only the API server may give one


def test_events_are_told_at_their_minute(recorded, start_ms):
    recording = open_recording(recorded)
    events = recording.facts(recording.end_ms).events
    assert [((one.at_ms - start_ms) // MINUTE, one.target, one.kind) for one in events] == [
        (past.ROLLOUT, CART, EventKind.ROLLOUT),
        (past.ROLLOUT, CART, EventKind.IMAGE),
        (past.OOM, DB, EventKind.OOM_KILLED),
        (past.OOM, DB, EventKind.RESTART),
        (past.SCALE, CART, EventKind.SCALE),
        (past.NODE_DOWN, NODE, EventKind.NODE),
        (past.NODE_UP, NODE, EventKind.NODE),
    ]


def test_conditions_nodes_and_labels_are_as_they_were(recorded, start_ms):
    recording = open_recording(recorded)
    facts = recording.facts(start_ms + (past.OOM + 2) * MINUTE)
    assert [(one.name, one.target) for one in facts.conditions] == [("CrashLoopBackOff", DB)]
    assert facts.workloads[DB].ready == 0
    assert facts.namespace_labels == {"shop": {"aiops.dev/opt-in": "true"}}
    assert facts.nodes[NODE].ready is True
    assert facts.unknown == {"claims", "pdb"}
    assert recording.facts(start_ms + past.NODE_DOWN * MINUTE).nodes[NODE].ready is False


def test_fired_alerts_are_recorded_with_their_runbook(recorded):
    recording = open_recording(recorded)
    (alert,) = recording.facts(recording.end_ms).alerts
    assert (alert.name, alert.target, alert.severity) == ("DbDown", DB, "page")
    assert (alert.runbook_url, alert.summary) == ("https://wiki/db-down", "the database is down")
    assert alert.until_ms is not None


def killed_after(command, plan, seconds):
    """Start ``command``, wait until it has begun, and kill it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not plan.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)


LISTENS = (  # to Ctrl-C, which a run in the background is born ignoring
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def test_ctrl_c_is_one_line_and_keeps_what_was_fetched(server, start_ms, tmp_path):
    config_dir, plan = config(tmp_path / "config"), tmp_path / "r" / "partial" / "plan.json"
    with FaultProxy(server.url) as proxy:
        proxy.fault = Latency(0.05)
        command = arguments(proxy.url, config_dir, start_ms, tmp_path / "r")
        process = subprocess.Popen(
            [sys.executable, "-c", LISTENS, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until = time.monotonic() + 60
        while not plan.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "stopped; what was fetched is kept, and the same command goes on\n"
    assert plan.exists()


def test_killed_in_the_middle_and_called_again_it_makes_the_same_bytes(server, start_ms, tmp_path):
    config_dir = config(tmp_path / "config")
    output = tmp_path / "r"
    with FaultProxy(server.url) as proxy:
        run(*arguments(proxy.url, config_dir, start_ms, tmp_path / "whole"))
        proxy.fault = Latency(0.05)  # 60 questions and more: three seconds at least
        command = arguments(proxy.url, config_dir, start_ms, output)
        for seconds in (0.02, 0.5, 1.5):
            killed_after(command, output / "partial" / "plan.json", seconds)
            assert not (output / "recording.yaml").exists()
        proxy.fault = PASS
        run(*command)
    assert files(output) == files(tmp_path / "whole")


def two_clusters(start_ms):
    """One server, two clusters, and a scrape without honor_labels: the plain names are the exporter's."""

    def place(cluster):
        def named(labels):
            moved = {f"exported_{k}" if k in ("namespace", "pod") else k: v for k, v in labels.items()}
            return {**moved, "namespace": "monitoring", "pod": "exporter-0", "cluster": cluster}

        return named

    blue = past.shape(start_ms, place("blue"))
    green = [row for row in past.shape(start_ms, place("green")) if row[0] == "shop_requests"]
    return openmetrics(sorted([*blue, *green], key=lambda row: row[0]))


def foreign_config(folder):
    ours = "cluster: {name: blue}\nprometheus: {cluster_matchers: {cluster: blue}}\n"
    selector = 'label_replace(shop_requests, "namespace", "$1", "exported_namespace", "(.+)")'
    selector = f'label_replace({selector}, "pod", "$1", "exported_pod", "(.+)")'
    return config(folder, ours, selector=selector)


def test_a_foreign_server_without_honor_labels_names_the_workloads_of_the_right_cluster(tmp_path, start_ms):
    """M7: two clusters behind one server."""
    config_dir = foreign_config(tmp_path / "config")
    with prometheus(tmp_path / "prom", history=two_clusters(start_ms)) as foreign:
        run(*arguments(foreign.url, config_dir, start_ms, tmp_path / "r"))
    recording = open_recording(tmp_path / "r")
    assert recording.cluster == "blue"
    panel = recording.panel("requests")
    assert panel.targets == (CART, DB)
    assert panel.values[:, 60].tolist() == [18, 9]  # green would double it
    assert set(recording.facts(recording.end_ms).workloads) == {CART, DB}


def test_objects_are_those_that_are_meant_though_nobody_watched_at_the_end(tmp_path, start_ms):
    """M7: kube-state-metrics is down as the recording ends; objects are not its exporter's."""
    config_dir = foreign_config(tmp_path / "config")
    with prometheus(tmp_path / "prom", history=two_clusters(start_ms)) as foreign:
        command = arguments(foreign.url, config_dir, start_ms, tmp_path / "r")
        late = str((start_ms + (past.MINUTES + 30) * MINUTE) // 1000)  # half an hour of nothing
        command[command.index("--until") + 1] = late
        run(*command)
    recording = open_recording(tmp_path / "r")
    facts = recording.facts(start_ms + 200 * MINUTE)
    assert set(facts.workloads) == {CART, DB}
    assert {pod.owner for pod in facts.pods.values()} == {CART, DB}


def test_a_server_that_is_not_there_is_one_line_and_exit_code_3(tmp_path, start_ms):
    """M1."""
    command = arguments("http://127.0.0.1:9", config(tmp_path / "config"), start_ms, tmp_path / "r")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert not (Path(tmp_path) / "r" / "recording.yaml").exists()
