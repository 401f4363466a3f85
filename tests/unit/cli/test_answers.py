"""Answering from the command line, against a server that listens: its echo, its refusals, its exit codes."""

import json
import os
import pty
import subprocess
import sys
import time

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.sqlite.store import SqliteStore
from aiops.adapters.token import NAME
from aiops.bootstrap import answers
from aiops.bootstrap.answers import write_address
from aiops.bootstrap.journal import JOURNAL
from aiops.bootstrap.remote import ADDRESS
from aiops.core.approvals.book import asked_entry, moved_entry
from aiops.core.calendar import day_end
from aiops.model import Actor, ApprovalState, Approve, Channel, Deny, ResumeAll, Snooze, StopAll
from aiops.web.server import Server
from tests.fakes.forum import an_approval
from tests.unit.web.api_cases import Api, an_incident

MINUTE = 60_000


@pytest.fixture(scope="module")
def api():
    return Api([an_incident(number) for number in range(3)], status=lambda: {"timezone": "Pacific/Auckland"})


@pytest.fixture(scope="module")
def url(api):
    with Server(api.app, "127.0.0.1", 0) as server:
        yield server.url


@pytest.fixture
def forum(api, url):
    """A fresh forum behind the same server, with one question."""
    api.forum.__init__([an_approval()])
    return api.forum


@pytest.fixture
def state(tmp_path, api, url):
    """The state folder of that daemon, as it writes it."""
    write_address(tmp_path, url)
    (tmp_path / NAME).write_text("token-of-ada\n")
    return tmp_path


def test_what_waits_is_listed_with_who_is_asked_and_what_for(aiops, forum, state):
    shown = aiops("approvals", "--state", state)
    assert shown.exit_code == 0
    for words in ("a1b2", "pending", "scale Deployment/shop/web", "on-call", "kubectl -n shop scale"):
        assert words in shown.stdout
    listed = json.loads(aiops("approvals", "--state", state, "--json").stdout)
    assert [one["id"] for one in listed] == ["a1b2c3d4e5f6"]


def test_a_yes_is_said_as_the_owner_of_the_token_and_its_echo_printed(aiops, forum, state):
    """H5: the identity is the token's, whatever the command line says."""
    done = aiops("approve", "a1b2", "--state", state)
    assert (done.exit_code, done.stdout) == (0, "approved by ada\n")
    (said,) = forum.heard
    assert said.actor == Actor(Channel.LOCAL, "ada", "ada")
    assert (said.saying, said.via) == (Approve("a1b2c3d4e5f6"), "aiops approve")


def test_only_today_ends_at_the_midnight_of_the_daemon_s_people(aiops, forum, state):
    aiops("approve", "a1b2", "--only-today", "--state", state)
    (said,) = forum.heard
    assert said.saying.until_ms == day_end(said.saying.until_ms - 1, "Pacific/Auckland")
    assert said.saying.until_ms != day_end(said.saying.until_ms - 1, "UTC")


def test_a_no_has_its_reason(aiops, forum, state):
    denied = aiops("deny", "a1b2", "--reason", "sale tonight", "--state", state, "--json")
    assert forum.heard[0].saying == Deny("a1b2c3d4e5f6", "sale tonight")
    assert json.loads(denied.stdout)["approval"]["state"] == "denied"


def test_a_question_is_put_off_for_so_long(aiops, forum, state):
    before_ms = int(time.time() * 1000)
    assert aiops("snooze", "a1b2", "30m", "--state", state).exit_code == 0
    until_ms = forum.heard[0].saying.until_ms
    assert forum.heard[0].saying == Snooze("a1b2c3d4e5f6", until_ms)
    assert before_ms <= until_ms - 30 * MINUTE <= int(time.time() * 1000)


def test_what_was_decided_already_is_exit_code_1_with_the_reason(aiops, forum, state):
    aiops("deny", "a1b2", "--state", state)
    late = aiops("approve", "a1b2", "--state", state)
    assert (late.exit_code, late.stderr) == (1, "it was decided already\n")


def test_a_name_that_fits_nothing_shows_what_waits(aiops, forum, state):
    wrong = aiops("approve", "ffff", "--state", state)
    assert wrong.exit_code != 0
    assert "expected one of a1b2" in str(wrong.exception)
    assert forum.heard == []


def test_a_name_is_never_a_path(aiops, forum, state):
    for name in ("../stop", "a1b2/approve", "a1b2?x=1", "..%2fstop"):
        assert aiops("approve", name, "--state", state).exit_code != 0
    assert forum.heard == []


def test_at_a_terminal_the_plan_is_shown_first_and_whoever_says_no_there_said_nothing(forum, state):
    shown = at_a_terminal(["approve", "a1b2", "--state", str(state)], "n\n")
    for words in ("scale Deployment/shop/web", "kubectl -n shop scale", "digest dddddddddddd", "in prod?"):
        assert words in shown
    assert forum.heard == []


def at_a_terminal(arguments, typed):
    """Run the command with a terminal to type at; what it showed there."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    command = [sys.executable, "-m", "aiops", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            shown += piece
        process.wait(30)
    os.close(ours)
    return " ".join(shown.decode().split())


def test_a_token_that_is_not_valid_says_nothing_and_is_not_shown(aiops, forum, state):
    """S8."""
    (state / NAME).write_text("canary-token\n")
    refused = aiops("approve", "a1b2", "--state", state)
    assert refused.exit_code != 0
    assert "HTTP 401" in str(refused.exception)
    assert "canary" not in refused.stdout + refused.stderr + str(refused.exception)


def test_the_token_comes_from_a_file_the_environment_or_the_state_folder(
    aiops, forum, state, url, tmp_path, monkeypatch
):
    file = tmp_path / "eve.token"
    file.write_text("token-of-eve")
    aiops("approve", "a1b2", "--server", url, "--token-file", file)
    assert forum.heard[-1].actor.key == "kubernetes:eve@example.com"
    aiops("deny", "a1b2", "--server", url, "--state", state)
    assert forum.heard[-1].actor.key == "local:ada"
    monkeypatch.setenv("AIOPS_TOKEN", "token-of-eve")
    aiops("deny", "a1b2", "--server", url, "--state", state)
    assert forum.heard[-1].actor.key == "kubernetes:eve@example.com"


def test_a_token_never_travels_in_the_clear(aiops, state):
    for server in ("http://aiops.example.com", "http://10.0.0.1:9911"):
        refused = aiops("approvals", "--server", server, "--state", state)
        assert "would travel in the clear" in str(refused.exception)


@pytest.mark.parametrize(
    "server", ["aiops.example.com", "ftp://x", "http://", "http://u:p@localhost", "http://[x"]
)
def test_a_server_that_is_no_url_is_refused(aiops, server):
    assert "a URL such as" in str(aiops("approvals", "--server", server).exception)


def test_without_a_daemon_the_command_says_what_to_start(aiops, tmp_path):
    refused = aiops("approvals", "--state", tmp_path)
    assert "aiops run --state" in str(refused.exception)


def test_while_no_daemon_runs_its_journal_tells_what_waits(aiops, tmp_path):
    """Nobody can answer then, which is said beside it."""
    now_ms = SystemClock().now_ms()
    asked = an_approval(asked_ms=now_ms, until_ms=now_ms + 15 * MINUTE)
    over = an_approval("b2c3d4e5f6a1", short="b2c3", asked_ms=now_ms)
    store = SqliteStore(tmp_path / JOURNAL)
    store.begin_term(1)
    store.append([asked_entry(asked, now_ms), asked_entry(over, now_ms)], 1)
    store.append([moved_entry(over, ApprovalState.EXPIRED, "no answer", now_ms)], 1)
    store.close()
    shown = aiops("approvals", "--state", tmp_path, "--json")
    assert [one["id"] for one in json.loads(shown.stdout)] == ["a1b2c3d4e5f6"]
    assert "no daemon runs" in shown.stderr
    every = aiops("approvals", "--state", tmp_path, "--all", "--json")
    assert [one["state"] for one in json.loads(every.stdout)] == ["pending", "expired"]


def test_a_daemon_that_is_gone_is_told(aiops, tmp_path):
    write_address(tmp_path, "http://127.0.0.1:9")
    (tmp_path / NAME).write_text("x")
    assert "GET http://127.0.0.1:9" in str(aiops("approvals", "--state", tmp_path).exception)


def test_the_journal_that_refuses_is_told_after_trying_again(aiops, forum, state, monkeypatch):
    """H8: nothing counts, and whoever answered knows it."""
    monkeypatch.setattr(answers, "PAUSE_S", 0)
    forum.down = True
    refused = aiops("approve", "a1b2", "--state", state)
    assert "disk is full" in str(refused.exception)
    forum.down = False
    assert aiops("approve", "a1b2", "--state", state).exit_code == 0


@pytest.mark.parametrize(
    ("listens", "called"),
    [
        ("http://127.0.0.1:9911", "http://127.0.0.1:9911"),
        ("http://0.0.0.0:9911", "http://127.0.0.1:9911"),
        ("http://[::]:9911", "http://[::1]:9911"),
        ("http://10.0.0.7:80", "http://10.0.0.7:80"),
    ],
)
def test_the_state_folder_says_where_its_daemon_is_reached(tmp_path, listens, called):
    write_address(tmp_path, listens)
    assert (tmp_path / ADDRESS).read_text() == f"{called}\n"


def test_a_running_daemon_is_stopped_and_resumed_over_http(aiops, forum, url, state):
    """B5: from any desk, as whoever the token belongs to."""
    where = ("--server", url, "--token-file", state / NAME)
    assert aiops("stop", *where, "--reason", "smoke").stdout == "stopall: noted\n"
    assert aiops("resume", *where).exit_code == 0
    assert [(one.saying, one.via) for one in forum.heard] == [
        (StopAll("smoke"), "aiops stop"),
        (ResumeAll(), "aiops resume"),
    ]
    assert aiops("stop", *where, "--cluster").exit_code == 2


def test_a_stop_that_was_not_done_is_exit_code_1(aiops, forum, url, state, monkeypatch):
    monkeypatch.setattr(forum, "refuses", lambda said: "there is no kill switch here")
    refused = aiops("stop", "--server", url, "--token-file", state / NAME)
    assert (refused.exit_code, refused.stderr) == (1, "there is no kill switch here\n")


def test_reading_commands_say_the_same_of_a_server_as_of_its_journal(aiops, api, forum, url, monkeypatch):
    monkeypatch.setenv("AIOPS_TOKEN", "token-of-ada")
    listed = json.loads(aiops("incidents", "--server", url, "--json").stdout)
    assert [one["id"] for one in listed] == ["0000incident", "0001incident", "0002incident"]
    assert "3 records" in aiops("journal", "--verify", "--server", url).stdout
    shown = aiops("journal", "--server", url, "--json").stdout.splitlines()
    assert [json.loads(one)["hash"] for one in shown] == [one.hash for one in api.store.read()]
    explained = json.loads(aiops("explain", "0001", "--server", url, "--json").stdout)
    assert (explained["incident"], explained["chain"]) == ("0001incident", "intact")
    assert aiops("autonomy", "--server", url).exit_code == 0


def test_the_journal_is_not_read_without_a_token(aiops, url, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert "HTTP 401" in str(aiops("journal", "--server", url).exception)
