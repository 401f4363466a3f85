"""What people do at the command line, against a real API server: stop, resume, and plan anew."""

import json
import time

import pytest
from click.testing import CliRunner

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.switch import ConfigMapStop, hasty
from aiops.adapters.switch import Switch
from aiops.cli import app
from aiops.errors import Forbidden
from aiops.model import Access, KubernetesSettings
from tests.controlplane.identities import rule
from tests.controlplane.objects import deployment, is_complete
from tests.unit.cli import acted

pytestmark = pytest.mark.integration
NAME = "aiops-stop"
READ = [rule("get", "configmaps")]
READ_AND_WRITE = [rule("get patch create", "configmaps")]


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def place(kubeconfig, namespace):
    settings = KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(kubeconfig))
    return ConfigMapStop(connect(hasty(settings)), namespace, NAME)


@pytest.fixture
def switch(service_account, namespace):
    """The switch as the daemon reads it, with no other right than to read it."""
    return Switch([place(service_account("aiops", READ), namespace)], kept_s=0)


def put(api, namespace, value):
    metadata = {"name": NAME, "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"stop": value}})


def test_without_a_config_map_nothing_stops_us(switch):
    """B5: the positive control."""
    assert switch() is False


def test_a_person_stops_and_resumes_with_their_own_rights(control_plane, namespace, switch):
    """B5: what is written is what the daemon reads, with who and why."""
    where = ("--kubeconfig", control_plane.kubeconfig, "--namespace", namespace)
    result = run("stop", *where, "--reason", "sale tonight")
    assert result.exit_code == 0, result.exception
    assert switch() is True
    assert "sale tonight" in switch.why()
    assert run("stop", *where).exit_code == 0  # the ConfigMap is there by now
    assert run("resume", *where).exit_code == 0
    assert switch() is False
    assert run("stop", *where).exit_code == 0
    assert switch() is True


def test_what_the_command_of_kubectl_writes_stops_us_too(api, namespace, switch):
    """B5."""
    put(api, namespace, "true")
    assert switch() is True
    api.delete("ConfigMap", namespace, NAME)
    assert switch() is False


def test_a_value_that_is_not_clear_stops_us(api, namespace, switch):
    """B5."""
    put(api, namespace, "yes")
    assert switch() is None


def test_a_right_that_is_missing_stops_us(service_account, namespace):
    """B5: who may not look cannot know."""
    blind = Switch([place(service_account("blind", [rule("get", "pods")]), namespace)])
    assert blind() is None
    assert 'cannot get resource "configmaps"' in blind.why()


def test_a_person_without_the_right_is_told_which_one(service_account, namespace):
    kubeconfig = service_account("reader", READ)
    result = run("stop", "--kubeconfig", kubeconfig, "--namespace", namespace)
    assert isinstance(result.exception, Forbidden)
    assert 'cannot patch resource "configmaps"' in str(result.exception)


def test_nothing_but_the_config_map_is_written(audit, service_account, namespace):
    since = audit.now()
    where = ("--kubeconfig", service_account("ada", READ_AND_WRITE), "--namespace", namespace)
    assert run("stop", *where).exit_code == 0
    assert run("resume", *where).exit_code == 0
    seen = audit.mutating(namespace=namespace, since=since, user=f"system:serviceaccount:{namespace}:ada")
    assert {(one.resource, one.name) for one in seen if one.succeeded} == {("configmaps", NAME)}
    assert [one.verb for one in seen if one.succeeded] == ["create", "patch"]


def test_a_silent_api_server_stops_us_in_time(api_proxy, service_account, namespace):
    """B5, G16: within 5 s."""
    kubeconfig = api_proxy.kubeconfig(service_account("aiops", READ))
    switch = Switch([place(kubeconfig, namespace)], kept_s=0)
    assert switch() is False
    api_proxy.freeze()
    began = time.monotonic()
    assert switch() is None
    assert time.monotonic() - began < 5
    api_proxy.heal()
    assert switch() is False


def test_a_pull_is_seen_within_five_seconds_at_any_moment(api, namespace, service_account):
    """G16: ten readers, each somewhere else in the second for which an answer is kept, and two changes."""
    kubeconfig = service_account("aiops", READ)
    readers = [Switch([place(kubeconfig, namespace)]) for _ in range(10)]
    put(api, namespace, "false")
    for value, wanted in (("true", True), ("false", False)):
        for reader in readers:
            reader()
            time.sleep(0.09)
        api.patch("ConfigMap", namespace, NAME, {"data": {"stop": value}})
        pulled, seen = time.monotonic(), {}
        while len(seen) < len(readers) and time.monotonic() - pulled < 10:
            late = {n: time.monotonic() - pulled for n, reader in enumerate(readers) if reader() is wanted}
            seen = late | seen  # the first time that each of them saw it
            time.sleep(0.01)
        assert len(seen) == len(readers)
        assert max(seen.values()) < 5


def config(tmp_path, text):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "aiops.yaml").write_text(text)
    return folder


def test_a_plan_is_made_anew_on_the_cluster_as_it_is_and_nothing_is_written(
    api, audit, namespace, service_account, tmp_path
):
    """B9: planning reads. The incident is of a Deployment that is there, with a uid of its own."""
    api.create(deployment(namespace, "cart", replicas=2), fieldManager="kubectl-create")
    made = api.wait("Deployment", namespace, "cart", is_complete)
    state = acted.make(tmp_path / "state", namespace=namespace)
    folder = config(tmp_path, f"policy: {{mode: auto, scopes: [{{namespace: {namespace}, mode: ask}}]}}\n")
    reader = service_account("ada", cluster_rules=[rule("get list watch", "*", "*")])
    since = audit.now()
    result = run("plan", "i1", "--state", state, "--config", folder, "--kubeconfig", reader, "--json")
    assert result.exit_code == 0, result.exception or result.stderr
    told = json.loads(result.stdout)
    steps = told["plan"]["steps"]
    assert steps, told["plan"]["reason"]
    assert steps[0]["change"]["uid"] == made["metadata"]["uid"]
    assert steps[0]["change"]["resource_version"]
    assert told["commands"][0]["do"].startswith(f"kubectl -n {namespace} ")
    assert any("planned anew just now" in one for one in told["notes"])
    assert any("no daemon runs" in one for one in told["notes"])
    assert audit.mutating(namespace=namespace, since=since) == []


def test_a_plan_with_fewer_rights_says_what_it_could_not_see(namespace, service_account, tmp_path):
    state = acted.make(tmp_path / "state", namespace=namespace)
    reader = service_account("ada", cluster_rules=[rule("list watch get", "pods")])
    result = run("plan", "i1", "--state", state, "--kubeconfig", reader)
    assert result.exit_code == 0
    assert "is not known to the cluster facts" in result.stdout
    (unseen,) = [one for one in result.stdout.splitlines() if "could not be read with your rights" in one]
    assert "workloads" in unseen
    assert "pods" not in unseen
