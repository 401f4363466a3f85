"""``aiops stop`` and ``aiops resume``: pulled at once, whatever else is broken; what still stops is said."""

import json

import pytest

from aiops.adapters.switch import StopFile, Switch
from aiops.cli import exit_code
from aiops.errors import InputError
from tests.fakes.config_maps import ConfigMaps

PATH = "/api/v1/namespaces/aiops/configmaps/aiops-stop"


@pytest.fixture
def state(tmp_path):
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def server():
    made = ConfigMaps()
    yield made
    made.close()


def stopped(state):
    return Switch([StopFile(state / "STOP")])()


def test_stop_pulls_the_switch_that_the_daemon_reads_and_resume_lets_it_go(state, aiops):
    """B5."""
    assert stopped(state) is False
    result = aiops("stop", "--state", state, "--reason", "sale tonight")
    assert (result.exit_code, stopped(state)) == (0, True)
    assert "stopped  file" in result.stdout
    assert "sale tonight" in result.stdout
    assert "aiops resume" in result.stderr
    result = aiops("resume", "--state", state)
    assert (result.exit_code, stopped(state)) == (0, False)
    assert "running  file" in result.stdout


def test_both_may_be_said_twice(state, aiops):
    aiops("stop", "--state", state, "--reason", "first")
    result = aiops("stop", "--state", state, "--reason", "second")
    assert (result.exit_code, "first" in result.stdout, "second" in result.stdout) == (0, True, False)
    aiops("resume", "--state", state)
    assert aiops("resume", "--state", state).exit_code == 0


def test_the_command_of_kubectl_is_shown_where_the_cluster_was_not_asked(state, aiops):
    assert (
        "kubectl -n aiops create configmap aiops-stop --from-literal=stop=true"
        in aiops("stop", "--state", state).stderr
    )
    assert "kubectl -n aiops delete configmap aiops-stop" in aiops("resume", "--state", state).stderr


def test_a_broken_configuration_keeps_nobody_from_stopping(state, aiops, tmp_path):
    """B5: at 3 a.m. the switch works whatever else does not."""
    (tmp_path / "aiops.yaml").write_text("nonsense: {")
    result = aiops("stop", "--state", state, "--config", tmp_path)
    assert (result.exit_code, stopped(state)) == (0, True)
    assert "the configuration cannot be used" in result.stderr


def test_the_configured_file_is_the_one_that_is_pulled(state, aiops, tmp_path):
    (tmp_path / "config").mkdir()
    text = f"state: {state}\nkubernetes: {{stop: {{file: HALT}}}}\n"
    (tmp_path / "config" / "aiops.yaml").write_text(text)
    aiops("stop", "--config", tmp_path / "config")
    assert (state / "HALT").exists()


def test_a_folder_that_is_not_there_is_an_error_and_not_a_stop(tmp_path, aiops):
    """Who mistypes the folder must not believe that the daemon is stopped."""
    result = aiops("stop", "--state", tmp_path / "stat")
    assert isinstance(result.exception, InputError)
    assert exit_code(result.exception) == 2
    assert "expected the state folder of the daemon" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_stops_and_one_with_content_is_named(state, aiops):
    (state / "STOP").mkdir()
    (state / "STOP" / "x").write_text("")
    assert "stopped" in aiops("stop", "--state", state).stdout
    result = aiops("resume", "--state", state)
    assert isinstance(result.exception, InputError)
    assert "a file that can be changed" in str(result.exception)


def test_the_cluster_is_stopped_with_the_callers_own_kubeconfig(server, tmp_path, aiops):
    """B5."""
    kubeconfig = server.kubeconfig(tmp_path)
    result = aiops("stop", "--kubeconfig", kubeconfig, "--reason", "sale tonight")
    assert result.exit_code == 0, result.exception
    assert server.objects[PATH]["stop"] == "true"
    assert server.objects[PATH]["why"] == "sale tonight"
    assert "stopped  ConfigMap aiops/aiops-stop stops us" in result.stdout
    assert f"asked {server.url}" in result.stderr
    assert aiops("resume", "--kubeconfig", kubeconfig).exit_code == 0
    assert server.objects[PATH]["stop"] == "false"


def test_resume_names_the_place_that_it_did_not_look_at(server, state, tmp_path, aiops):
    """Let go in one place, the daemon may be stopped by the other still."""
    assert "ConfigMap aiops/aiops-stop was not looked at" in aiops("resume", "--state", state).stderr
    result = aiops("resume", "--kubeconfig", server.kubeconfig(tmp_path))
    assert "the file STOP in the daemon's state folder was not looked at" in result.stderr


def test_what_cannot_be_read_after_resuming_still_stops(server, tmp_path, aiops, state):
    kubeconfig = server.kubeconfig(tmp_path)
    server.objects[PATH] = {"stop": "false"}
    assert aiops("resume", "--state", state, "--kubeconfig", kubeconfig).exit_code == 0
    server.reply = lambda method, path, body: (200, b"{}") if method == "PATCH" else (500, b"")
    result = aiops("resume", "--state", state, "--kubeconfig", kubeconfig)
    assert result.exit_code == 1
    assert "still stopped" in result.stderr
    assert "cannot be read" in result.stdout


def test_showing_changes_nothing(server, state, tmp_path, aiops):
    where = ("--state", state, "--kubeconfig", server.kubeconfig(tmp_path))
    server.objects[PATH] = {"stop": "true", "by": "bob"}
    result = aiops("stop", "--show", *where)
    assert (result.exit_code, stopped(state)) == (0, False)
    assert "running  file" in result.stdout
    assert "stopped  ConfigMap aiops/aiops-stop stops us, by bob" in result.stdout
    assert {method for method, _ in server.asked} == {"GET"}


def test_too_long_a_reason_is_refused(state, aiops):
    result = aiops("stop", "--state", state, "--reason", "x" * 1001)
    assert isinstance(result.exception, InputError)
    assert stopped(state) is False


def test_json_says_the_same(state, aiops):
    told = json.loads(aiops("stop", "--state", state, "--json").stdout)
    assert told["stopped"] is True
    assert told["stops"][0]["on"] is True
