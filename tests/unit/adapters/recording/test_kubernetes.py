"""--kubeconfig: objects and events as the API server has them; refusals are ours, nothing is written."""

import json

import pytest

from aiops.adapters.recording.kubernetes_now import read_now, state
from aiops.errors import Forbidden, InputError, Rejected, Unavailable
from aiops.model import Workload
from aiops.model.recording import NamespaceLabels
from tests.fakes.api_server import PATHS, Answer, ApiServer, status
from tests.unit.adapters.kubernetes.cases import OBJECTS

NOW = 1_772_362_800_000  # an hour after the event


@pytest.fixture
def api():
    with ApiServer(page=1) as server:
        for kind, items in OBJECTS.items():
            for item in items:
                server.put(kind, item)
        yield server


def refuse(api, *answers):
    """Every list is answered so."""
    for kind in PATHS.values():
        api.lists[kind] = list(answers)


def test_everything_is_listed_page_by_page_and_only_read(api, tmp_path):
    """B9: no verb but GET."""
    lines, known = read_now(api.kubeconfig(tmp_path), "", NOW)
    assert {verb for verb, *_ in api.asked} == {"GET"}
    assert api.count("ReplicaSet") == 2  # two of them, one a page
    listed = {kind: list(items.values()) for kind, items in api.objects.items()}
    assert [line.value for line in lines if line.at_ms == NOW] == list(state(listed, NOW))
    assert {"pdb", "labels", "owners", "workloads", "conditions"} <= known


def test_objects_of_a_recording_are_those_of_the_live_cluster(api, tmp_path):
    lines, _ = read_now(api.kubeconfig(tmp_path), "", NOW)
    kinds = [type(line.value) for line in lines]
    assert kinds.count(Workload) == 1
    assert next(line.value.labels for line in lines if isinstance(line.value, NamespaceLabels)) == {
        "team": "a"
    }


def test_a_kind_that_may_not_be_listed_stays_unknown(api, tmp_path):
    api.forbidden.add("PodDisruptionBudget")
    lines, known = read_now(api.kubeconfig(tmp_path), "", NOW)
    assert "pdb" not in known
    workload = next(line.value for line in lines if isinstance(line.value, Workload))
    assert workload.pdb_disruptions_allowed is None


@pytest.mark.parametrize(
    ("code", "error"),
    [(403, Forbidden), (401, Forbidden), (503, Unavailable), (429, Unavailable), (400, Rejected)],
)
def test_an_api_server_that_refuses_everything_is_a_port_error(api, tmp_path, code, error):
    refuse(api, status(code), status(code))  # a 401 is asked twice, with fresh credentials
    with pytest.raises(error, match=f"HTTP {code}: told to"):
        read_now(api.kubeconfig(tmp_path), "", NOW)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff", b"{}", b'{"kind": "PodList", "items": [1]}'])
def test_an_answer_that_is_no_list_is_a_port_error(api, tmp_path, body):
    refuse(api, Answer(200, body))
    with pytest.raises(Unavailable):
        read_now(api.kubeconfig(tmp_path), "", NOW)


def test_objects_that_are_none_are_a_port_error(api, tmp_path):
    item = {"metadata": {"name": "a", "ownerReferences": [1]}}
    bad = json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [item]}).encode()
    api.lists["Pod"] = [Answer(200, bad)]
    with pytest.raises(Rejected, match="an object that is none"):
        read_now(api.kubeconfig(tmp_path), "", NOW)


def test_an_api_server_that_is_not_there_is_unavailable(tmp_path):
    with ApiServer() as gone:
        kubeconfig = gone.kubeconfig(tmp_path)
    with pytest.raises(Unavailable, match="does not answer"):
        read_now(kubeconfig, "", NOW)


@pytest.mark.parametrize("text", ["", "not: [a kubeconfig", "{}"])
def test_a_bad_kubeconfig_is_named(tmp_path, text):
    (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(InputError, match="a kubeconfig that works"):
        read_now(tmp_path / "kubeconfig", "", NOW)


def test_a_missing_kubeconfig_or_context_is_named(api, tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_now(tmp_path / "kubeconfig", "", NOW)
    with pytest.raises(InputError, match="nope"):
        read_now(api.kubeconfig(tmp_path), "nope", NOW)
