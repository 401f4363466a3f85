"""``aiops signals``: what is listed, what a check says, and its exit codes."""

import json
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from aiops.cli import app, exit_code
from aiops.errors import AiopsError
from tests.integration.foreign import Cluster, Page
from tests.integration.servers import free_port, prometheus

pytestmark = pytest.mark.integration


def aiops(*arguments):
    """Exit code, standard output, standard error, as ``main`` would give them."""
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, AiopsError):
        return exit_code(result.exception), result.stdout, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ExitStack() as stack:
        page = stack.enter_context(Page(Cluster({"cart": 3}).kube_state_metrics))
        directory = tmp_path_factory.mktemp("prometheus")
        running = stack.enter_context(prometheus(directory, {"kube": [page]}, honor_labels=True))
        running.wait_for("kube_pod_info")
        yield running


def test_a_check_tells_data_from_what_is_empty(server):
    code, out, _ = aiops("signals", "check", "--prometheus", server.url, "--json")
    found = {one["signal"]: one for one in json.loads(out)}
    assert code == 0
    assert (found["pod_pending"]["says"], found["pod_pending"]["targets"]) == ("data", 3)
    assert found["pod_pending"]["samples"] == 3
    # a state that holds nowhere is 0 for each pod: data, and not a hole
    assert (found["crash_looping"]["says"], found["crash_looping"]["targets"]) == ("data", 3)
    assert found["cpu_usage"]["says"] == "empty"


def test_a_check_says_when_ticks_would_go_over_the_budget(server, tmp_path):
    """Of three pods there are far more than ten series; no query of the check itself is cut short."""
    settings = f'prometheus: {{url: "{server.url}", budget: {{series: 10, max_skip: 1}}}}\n'
    (tmp_path / "aiops.yaml").write_text(settings)
    code, out, err = aiops("signals", "check", "--config", str(tmp_path), "--json")
    assert code == 0
    assert "error" not in {one["says"] for one in json.loads(out)}
    assert "series, above the budget of 10: ticks will be skipped" in err


def test_what_cannot_be_mapped_is_told_with_an_example(server, tmp_path):
    (tmp_path / "signals").mkdir()
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "aiops.yaml").write_text(f"prometheus: {{url: '{server.url}'}}\n")
    (tmp_path / "signals" / "mine.yaml").write_text(
        "signals:\n- name: phases\n  query: kube_pod_status_phase\n  unit: bool\n  role: other\n"
        "  target: {kind: Pod, namespace: namespace, name: nonsense}\n"
    )
    code, out, err = aiops("signals", "check", "--config", str(tmp_path))
    assert code == 1
    assert "no signal returns data" in err
    assert "15 series: no label nonsense" in out  # 3 pods in 5 phases
    assert "such as {__name__=kube_pod_status_phase" in out


def test_a_server_that_does_not_answer_is_exit_code_three():
    code, _, err = aiops("signals", "check", "--prometheus", f"http://127.0.0.1:{free_port()}")
    assert code == 3
    assert "connection failed" in err


def test_an_address_that_is_none_is_exit_code_two():
    code, _, err = aiops("signals", "check", "--prometheus", "localhost")
    assert code == 2
    assert "--prometheus: url: expected" in err


def test_signals_are_listed_with_their_pack():
    code, out, _ = aiops("signals", "list", "--json")
    assert code == 0
    assert {"containers", "kubernetes", "nodes"} <= {one["pack"] for one in json.loads(out)}
    assert "crash_looping" in aiops("signals", "list")[1]
