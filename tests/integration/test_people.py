"""What people do at the command line, against a real API server: stop, resume, and plan anew."""

import json
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.switch import ConfigMapStop, hasty
from aiops.adapters.switch import Switch
from aiops.cli import app
from aiops.errors import Forbidden, Unavailable
from aiops.model import Access, Change, KubernetesSettings, Result, Target
from tests.chaos.scripted_prometheus import Scripted
from tests.controlplane.identities import rule
from tests.controlplane.objects import deployment, is_complete
from tests.integration.daemon import Daemon
from tests.unit.cli import acted
from tests.unit.core import cases

pytestmark = pytest.mark.integration
NAME = "aiops-stop"
QUICK = "detection: {step: 1s, history: 1m}\n"
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


@pytest.fixture
def carried_out(api, namespace, tmp_path):
    """A Deployment that the daemon has scaled from 4 to 5 pods, and the state folder in which it says so."""
    api.create(deployment(namespace, "cart", replicas=4), fieldManager="kubectl-create")
    made = api.wait("Deployment", namespace, "cart", is_complete)
    target, uid = Target("Deployment", namespace, "cart"), made["metadata"]["uid"]
    version = made["metadata"]["resourceVersion"]
    change = Change(target, version, {"spec": {"replicas": 5}}, uid)
    step = cases.scale(change=change, undo=replace(change, patch={"spec": {"replicas": 4}}))
    acted.make(
        tmp_path / "state",
        Result.APPLIED,
        Result.VERIFIED,
        the_plan=acted.plan(step, target=target),
        namespace=namespace,
    )
    mark = {"metadata": {"annotations": {"aiops.dev/intent": "intent1", "aiops.dev/term": "1"}}}
    api.patch("Deployment", namespace, "cart", {**mark, "spec": {"replicas": 5}}, fieldManager="aiops")
    return target


@pytest.fixture
def daemon(carried_out, service_account, tmp_path):
    """``aiops run`` in mode observe, that may scale Deployments; its Prometheus shows nothing bad."""
    account = service_account(
        "aiops",
        cluster_rules=[rule("get list watch", "*", "*"), rule("patch", "deployments", "apps")],
    )
    access = f"kubernetes: {{access: kubeconfig, kubeconfig: {account}}}"
    folder = config(tmp_path, f"{access}\ndetection: {{step: 1s, history: 1m}}\n")
    with Scripted() as scripted, Daemon(tmp_path, scripted.url, folder) as running:
        until = time.monotonic() + 60
        while running.get("/readyz")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        yield running


def replicas(api, target):
    return api.get("Deployment", target.namespace, target.name)["spec"]["replicas"]


def test_a_persons_undo_is_carried_out_by_the_daemon_and_marked(
    api, audit, daemon, carried_out, namespace, tmp_path
):
    """E5: once, under a mark of its own; the journal names who asked and why."""
    since = audit.now()
    result = run("undo", "i1", "--state", daemon.state, "--reason", "made checkout slower", "--wait", "60s")
    assert result.exit_code == 0, (result.stderr, result.exception, daemon.log[-20:])
    assert replicas(api, carried_out) == 4
    (seen,) = audit.mutating(namespace=namespace, since=since, user_agent="aiops/", dry_run=False)
    assert (seen.verb, seen.resource, seen.code) == ("patch", "deployments", 200)
    told = run("journal", "--state", daemon.state, "--incident", "i1").stdout
    assert "made checkout slower" in told
    assert "done: " in told
    again = run("undo", "i1", "--state", daemon.state)
    assert (again.exit_code, "undone" in again.stderr) == (1, True)


def test_an_undo_is_asked_for_over_http_by_whom_the_token_belongs_to(
    api, audit, daemon, carried_out, namespace, tmp_path
):
    """S1: without a token, and with a wrong one, it is refused before anything is handed in."""
    url, since = daemon.wait_for("started")["url"], audit.now()
    wrong = tmp_path / "wrong.token"
    wrong.write_text("nobody-s")
    refused = run("undo", "i1", "--server", url, "--token-file", wrong)
    assert isinstance(refused.exception, Forbidden | Unavailable)  # its API server may not be asked for it
    shown = run("undo", "i1", "--server", url, "--state", daemon.state, "--dry-run")
    assert (shown.exit_code, "take back" in shown.stdout) == (0, True), shown.exception
    assert audit.mutating(namespace=namespace, since=since, user_agent="aiops/", dry_run=False) == []
    where = ("--server", url, "--state", daemon.state, "--reason", "made checkout slower", "--wait", "60s")
    result = run("undo", "i1", *where)
    assert result.exit_code == 0, (result.stderr, result.exception, daemon.log[-20:])
    assert replicas(api, carried_out) == 4
    assert len(audit.mutating(namespace=namespace, since=since, user_agent="aiops/", dry_run=False)) == 1
    told = run("journal", "--state", daemon.state, "--incident", "i1").stdout
    assert "made checkout slower" in told
    assert "(local:" in told  # who, by the token


def test_a_lock_is_listed_and_lifted_over_http(tmp_path):
    """By who can read the daemon's token; what is not locked is told, with what is."""
    state = acted.make(tmp_path / "state", Result.APPLIED, Result.FAILED)
    with Scripted() as scripted, Daemon(tmp_path, scripted.url, config(tmp_path, QUICK)) as running:
        there = ("--server", running.wait_for("started")["url"], "--state", state)
        listed = json.loads(run("unlock", "--list", "--json", *there).stdout)
        assert listed["targets"] == {"Deployment/shop/cart": "1 in a row did not help"}
        refused = run("unlock", "Deployment/shop/card", *there)
        assert "did you mean Deployment/shop/cart" in str(refused.exception)
        lifted = run("unlock", "Deployment/shop/cart", "--reason", "mended", "--wait", "30s", *there)
        assert lifted.exit_code == 0, (lifted.stderr, lifted.exception)
        assert json.loads(run("unlock", "--list", "--json", *there).stdout)["targets"] == {}
        (request,) = [
            json.loads(line)
            for line in run("journal", "--state", state, "--kind", "requested", "--json").stdout.splitlines()
        ]
    assert request["payload"]["by"].endswith(")")
    assert "(local:" in request["payload"]["by"]


def test_a_plan_is_made_anew_beside_a_daemon_that_is_asked_over_http(
    api, namespace, service_account, tmp_path
):
    """Its journal comes from there; the cluster is read with the person's own rights."""
    api.create(deployment(namespace, "cart", replicas=2), fieldManager="kubectl-create")
    made = api.wait("Deployment", namespace, "cart", is_complete)
    state = acted.make(tmp_path / "state", namespace=namespace)
    reader = service_account("ada", cluster_rules=[rule("get list watch", "*", "*")])
    with Scripted() as scripted, Daemon(tmp_path, scripted.url, config(tmp_path, QUICK)) as running:
        there = ("--server", running.wait_for("started")["url"], "--state", state)
        result = run("plan", "i1", "--kubeconfig", reader, "--json", *there)
        assert result.exit_code == 0, result.exception or result.stderr
        silence = run(
            "explain", "--target", f"Deployment/{namespace}/cart", "--at", "2026-03-02T10:00Z", *there
        )
        assert silence.exit_code == 0, silence.exception
    told = json.loads(result.stdout)
    assert told["plan"]["steps"][0]["change"]["uid"] == made["metadata"]["uid"]
    assert any("not seen from here" in one for one in told["notes"])
    assert "the journal answers alone" in " ".join(silence.stdout.split())
    assert "no detector looked" not in silence.stdout  # which is not known over HTTP


def test_what_somebody_changed_since_is_left_alone_and_the_person_is_told(
    api, audit, daemon, carried_out, namespace
):
    """M16."""
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 7}}, fieldManager="kubectl-scale")
    since = audit.now()
    result = run("undo", "i1", "--state", daemon.state, "--wait", "60s")
    assert result.exit_code == 1, (result.stdout, result.exception)
    assert "changed" in result.stderr
    assert replicas(api, carried_out) == 7
    assert audit.mutating(namespace=namespace, since=since, user_agent="aiops/", dry_run=False) == []


def test_while_it_is_stopped_nothing_is_taken_back_and_after_resuming_it_is(
    api, audit, daemon, carried_out, namespace
):
    """B5: the switch holds a person's own request too."""
    assert run("stop", "--state", daemon.state, "--reason", "hands off").exit_code == 0
    since = audit.now()
    held = run("undo", "i1", "--state", daemon.state, "--wait", "5s")
    assert isinstance(held.exception, Unavailable)
    assert "under way still" in str(held.exception)
    assert audit.mutating(namespace=namespace, since=since, user_agent="aiops/", dry_run=False) == []
    assert replicas(api, carried_out) == 5
    assert run("resume", "--state", daemon.state).exit_code == 0
    until = time.monotonic() + 20
    while replicas(api, carried_out) != 4:
        assert time.monotonic() < until
        time.sleep(0.2)
    switched = run("journal", "--state", daemon.state, "--kind", "switch_changed").stdout
    assert "hands off" in switched
