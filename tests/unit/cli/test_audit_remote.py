"""``aiops audit`` and ``aiops explain`` with ``--server``: a running daemon, checked at this desk."""

import json
from contextlib import closing

import pytest

from aiops.adapters.signing import make_key
from aiops.adapters.sqlite.store import SqliteStore
from aiops.core.audit import SignedHead, head_entry
from aiops.web.server import Server
from tests.unit.cli import journals
from tests.unit.core.cases import NOW
from tests.unit.web.api_cases import Api

TOKEN = "token-of-ada"  # noqa: S105 - of the fake authenticator


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key") / "audit.key")


@pytest.fixture(scope="module")
def entries(small, tmp_path_factory):
    """What a real run wrote."""
    state = journals.make(tmp_path_factory.mktemp("state") / "state", small)
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        return [one.entry for one in store.read()]


@pytest.fixture(scope="module")
def api(entries):
    return Api(entries)


@pytest.fixture(scope="module")
def head(api, signer):
    seq, value = api.store.head()
    made = signer.sign(SignedHead(seq, value, 0, NOW, "prod", ""))
    api.store.append([head_entry(made, NOW)], 0)
    return made


@pytest.fixture(scope="module")
def url(api, head):
    with Server(api.app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def ask(aiops, url, tmp_path):
    """Run a command against the server."""
    (tmp_path / "token").write_text(TOKEN)
    return lambda *words: aiops(*words, "--server", url, "--token-file", tmp_path / "token")


def test_the_journal_of_a_daemon_is_verified_here(ask, head, signer):
    result = ask("audit", "verify", "--head", head, "--public-key", signer.public)
    assert result.exit_code == 0, result.stdout
    assert "1 in it and 1 from outside agree" in result.stdout


def test_without_a_key_that_is_said(ask, url):
    """The key lies beside the daemon's journal, and is not served."""
    answer = json.loads(ask("audit", "verify", "--json").stdout)
    assert (answer["intact"], answer["where"], answer["keys"]) == (True, url, [])
    assert any("no public key is known" in one for one in answer["not_checked"])


def test_an_export_of_it_verifies(ask, aiops, head, signer, tmp_path):
    assert ask("audit", "export", "--out", tmp_path / "out").exit_code == 0
    result = aiops(
        "audit", "verify", "--export", tmp_path / "out", "--head", head, "--public-key", signer.public
    )
    assert result.exit_code == 0, result.stdout
    assert ask("audit", "heads").stdout.strip().endswith(str(head))


def test_an_incident_of_it_is_explained_and_decided_again(ask, entries):
    incident_id = next(one.stream for one in entries if one.kind == "incident_opened")
    result = ask("explain", incident_id)
    assert result.exit_code == 0, result.stdout
    assert "decided again from what was recorded: the same (" in result.stdout


def test_a_server_that_keeps_the_end_back_is_found(ask, api, monkeypatch):
    """S10: it says how long its journal is, and gives less."""
    whole = api.store.read
    monkeypatch.setattr(api.store, "read", lambda *a, **k: (one for one in whole(*a, **k) if one.seq < 5))
    result = ask("audit", "verify")
    assert result.exit_code == 1
    assert "and gives them up to 4" in result.stdout
