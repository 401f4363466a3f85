"""Answering a real forum over HTTP, by tokens of a real API server and by the daemon's own (H5, H8, S1).

The journal is on disk, the server listens, the command line is the one that people type at.
"""

import contextlib
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from aiops.adapters.clock import SystemClock
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.reviews import Reviews
from aiops.adapters.sqlite.store import SqliteStore
from aiops.adapters.token import LocalToken
from aiops.bootstrap.answers import write_address
from aiops.bootstrap.identity import Known
from aiops.bootstrap.journal import JOURNAL
from aiops.cli import app
from aiops.core.approvals.book import asked_entry
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.model import Access, ApprovalSettings, KubernetesSettings
from aiops.web.api.reading import Reading
from aiops.web.api.routes import api_routes
from aiops.web.app import Doors, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.server import Server
from aiops.web.sessions import Sessions
from tests.controlplane.apiproxy import refusal
from tests.controlplane.identities import rule, token
from tests.fakes.forum import an_approval

pytestmark = pytest.mark.integration

MEMBER = rule("get", "approvals", "aiops.dev")
APPROVER = rule("approve", "approvals", "aiops.dev", names=["on-call"])
ASK = [
    rule("create", "tokenreviews", "authentication.k8s.io"),
    rule("create", "subjectaccessreviews", "authorization.k8s.io"),
]
MINUTE = 60_000


def question(namespace, quorum=1, **changes):
    now_ms = SystemClock().now_ms()
    asked = an_approval(namespace=namespace, target=f"Deployment/{namespace}/web", quorum=quorum)
    return replace(
        asked, asked_ms=now_ms, remind_ms=now_ms + 5 * MINUTE, until_ms=now_ms + 15 * MINUTE, **changes
    )


@contextlib.contextmanager
def daemon(state, kubeconfig, *questions, settings=ApprovalSettings()):  # noqa: B008 - frozen
    """What of a daemon takes answers, on ``state``; gives its URL."""
    clock = SystemClock()
    api = connect(KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(kubeconfig)))
    store = SqliteStore(state / JOURNAL)
    term = store.term() + 1
    store.begin_term(term)
    store.append([asked_entry(one, one.asked_ms) for one in questions], term)
    known = Known(LocalToken(state), Reviews(api))
    hall = Hall(store, term, settings, clock)
    forum = OpenForum(store, term, settings, clock, hall, roles=("on-call",), grants=known.roles)
    forum.restore()
    reading = Reading(store=store, now_ms=clock.now_ms, forum=forum, status=lambda: {"timezone": "UTC"})
    served = make_app(
        metrics=lambda: (b"", "text/plain"),
        healthy=lambda: (True, {}),
        ready=lambda: (True, {}),
        doors=Doors(Doorkeeper(known, Sessions(60)), api_routes(reading)),
    )
    with Server(served, "127.0.0.1", 0) as server:
        write_address(state, server.url)
        yield server.url
    store.close()
    api.close()


@pytest.fixture
def holding(api, namespace, service_account, tmp_path):
    """``holding("eve", approves=True)``: a file with the token of a member."""

    def make(name, *, approves, member=True):
        service_account(name, [APPROVER] if approves else (), cluster_rules=[MEMBER] if member else ())
        file = tmp_path / f"{name}.token"
        file.write_text(token(api, namespace, name))
        return file

    return make


def aiops(*arguments):
    """Run a command; (exit code, what it said)."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    return done.exit_code, f"{done.stdout}{done.stderr}{done.exception or ''}"


def votes(state):
    """Who answered what, as the journal has it."""
    store = SqliteStore(state / JOURNAL)
    try:
        return [
            (one.entry.payload["by"], one.entry.payload["vote"]["ballot"])
            for one in store.read(kinds=("approval_voted",))
        ]
    finally:
        store.close()


def test_two_people_approve_by_their_own_tokens_and_one_of_them_twice_does_not(
    tmp_path, service_account, namespace, holding
):
    """H5: a quorum counts people, by the names that the API server gives."""
    kubeconfig = service_account("aiops", cluster_rules=ASK)
    eve, bob = holding("eve", approves=True), holding("bob", approves=True)
    with daemon(tmp_path, kubeconfig, question(namespace, quorum=2)) as url:
        first = aiops("approve", "a1b2", "--server", url, "--token-file", eve)
        again = aiops("approve", "a1b2", "--server", url, "--token-file", eve)
        waits = json.loads(CliRunner().invoke(app, ["approvals", "--state", str(tmp_path), "--json"]).stdout)
        second = aiops("approve", "a1b2", "--server", url, "--token-file", bob)
    assert (first[0], again[0], second[0]) == (0, 1, 0), (first, again, second)
    assert "different people" in again[1]
    assert waits[0]["state"] == "pending"
    user = f"kubernetes:system:serviceaccount:{namespace}:"
    assert votes(tmp_path) == [(f"{user}eve", "yes"), (f"{user}bob", "yes")]


def test_who_has_no_role_there_is_refused_and_nothing_is_counted(
    tmp_path, service_account, namespace, holding
):
    """H4."""
    kubeconfig = service_account("aiops", cluster_rules=ASK)
    guest, pod = holding("guest", approves=False), holding("pod", approves=True, member=False)
    elsewhere = holding("eve", approves=True)
    asked = (question(namespace), question("default", id="b2c3d4e5f6a1", short="b2c3"))
    with daemon(tmp_path, kubeconfig, *asked) as url:
        code, said = aiops("approve", "a1b2", "--server", url, "--token-file", guest)
        assert (code, "you have no such role" in said) == (1, True), said
        code, said = aiops("approve", "b2c3", "--server", url, "--token-file", elsewhere)
        assert (code, "you have no such role" in said) == (1, True), said
        code, said = aiops("approve", "a1b2", "--server", url, "--token-file", pod)
        assert (code != 0, "HTTP 403" in said, "may not get approvals.aiops.dev" in said) == (True,) * 3, said
    assert votes(tmp_path) == []


def test_while_the_api_server_is_down_its_tokens_open_nothing_and_the_daemon_s_own_does(
    tmp_path, service_account, namespace, holding, api_proxy
):
    """H8: another way to answer, with an identity of its own; what nobody can tell is a no."""
    kubeconfig = api_proxy.kubeconfig(service_account("aiops", cluster_rules=ASK))
    eve = holding("eve", approves=True)
    with daemon(tmp_path, kubeconfig, question(namespace)) as url:
        api_proxy.inject(refusal(503, "ServiceUnavailable"), method="POST")
        code, said = aiops("approve", "a1b2", "--server", url, "--token-file", eve)
        assert (code != 0, "HTTP 503" in said) == (True, True), said
        assert votes(tmp_path) == []
        code, said = aiops("approve", "a1b2", "--state", tmp_path)
        assert code == 0, said
    assert [by.partition(":")[0] for by, _ in votes(tmp_path)] == ["local"]


def test_a_right_that_was_taken_away_does_not_count_though_the_token_is_known(
    tmp_path, service_account, namespace, holding, api
):
    kubeconfig = service_account("aiops", cluster_rules=ASK)
    eve = holding("eve", approves=True)
    with daemon(tmp_path, kubeconfig, question(namespace)) as url:
        assert aiops("approvals", "--server", url, "--token-file", eve)[0] == 0
        api.delete("RoleBinding", namespace, "eve")
        code, said = aiops("approve", "a1b2", "--server", url, "--token-file", eve)
        assert (code, "you have no such role" in said) == (1, True), said


def test_after_a_restart_the_old_token_is_worth_nothing_and_the_answer_stands(
    tmp_path, service_account, namespace
):
    kubeconfig = service_account("aiops", cluster_rules=ASK)
    with daemon(tmp_path, kubeconfig, question(namespace)):
        kept = tmp_path / "kept.token"
        kept.write_text((tmp_path / "token").read_text())
        assert aiops("deny", "a1b2", "--reason", "sale", "--state", tmp_path)[0] == 0
    with daemon(tmp_path, kubeconfig) as url:
        code, said = aiops("approve", "a1b2", "--server", url, "--token-file", kept)
        assert (code != 0, "HTTP 401" in said) == (True, True), said
        code, said = aiops("approve", "a1b2", "--state", tmp_path)
        assert (code, "decided already" in said) == (1, True), said
