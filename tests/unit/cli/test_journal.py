"""``aiops journal``: every record in words and as stored, filtered, followed, and its chain checked."""

import itertools
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.core.adjust import choose
from aiops.core.chronicle import TELLERS, tell
from aiops.core.feedback import called_entry, made_entry, renewed_entry, undone_entry
from aiops.core.ledger import overwritten_entry, unlock_entry
from aiops.core.requests import request_ended_entry, requested_entry
from aiops.engine import entries
from aiops.errors import InputError, Rejected
from aiops.model import Entry, Request, RequestKind, Result
from tests.unit.cli import acted, journals
from tests.unit.core import guard_cases
from tests.unit.core.cases import CART, NOW
from tests.unit.core.excursions import BOUNDS, excursion, wish

WIDER = choose(excursion(score=1.5), (), (), wish(), BOUNDS)
NIGHT = choose(excursion(score=7.0, observed=5.5), (), (), wish(), BOUNDS)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return acted.make(tmp_path_factory.mktemp("acted") / "state", Result.APPLIED, Result.VERIFIED)


@pytest.fixture
def copy(state, tmp_path):
    return shutil.copytree(state, tmp_path / "state")


def lines(aiops, *arguments):
    result = aiops("journal", *arguments)
    assert result.exit_code == 0, result.stderr or repr(result.exception)
    return result.stdout.splitlines()


def append(state, *new):
    store = SqliteStore(state / "journal.sqlite")
    store.append(new, 1)
    store.close()


def test_a_line_tells_when_what_and_about_which_incident(state, aiops):
    told = lines(aiops, "--state", state)
    assert told[0] == (
        "2023-11-14 22:12:20  incident opened   [i1] medium memory leak of Deployment/shop/cart:"
        " memory of Deployment/shop/cart left its band"
    )
    sending = next(one for one in told if "change sending" in one)
    assert sending.endswith("[i1] patch Deployment/shop/cart: spec.replicas=5 (intent intent1)")
    assert "now version 42" in next(one for one in told if "change answered" in one)
    assert [one for one in told if "step ended" in one][-1].endswith(": verified")


def test_machines_get_a_record_a_line_with_its_hash(state, aiops):
    records = [json.loads(one) for one in lines(aiops, "--state", state, "--format", "json")]
    assert [one["seq"] for one in records] == list(range(1, len(records) + 1))
    assert all(later["previous"] == one["hash"] for one, later in itertools.pairwise(records))
    assert records[0]["payload"]["incident"]["id"] == "i1"


def test_kinds_may_be_picked_and_a_typing_error_is_answered(state, aiops):
    told = lines(aiops, "--state", state, "--kind", "change_sending", "--kind", "step_ended")
    assert [one[21:35].strip() for one in told] == ["change sending", "step ended", "step ended"]
    result = aiops("journal", "--state", state, "--kind", "change_sendin")
    assert isinstance(result.exception, InputError)
    assert "did you mean change_sending" in str(result.exception)


@pytest.mark.parametrize(("since_s", "count"), [(1_700_000_001, 2), (1_700_000_002, 1), (1_700_000_003, 0)])
def test_since_is_inclusive(state, aiops, since_s, count):
    """The two outcomes are of one and of two seconds after 1,700,000,000 s."""
    told = lines(aiops, "--state", state, "--kind", "step_ended", "--since", since_s)
    assert len(told) == count


def test_an_incident_holds_what_its_plans_and_requests_led_to(copy, aiops):
    undo = Request("r1", RequestKind.UNDO, "ada", NOW, plan_id=acted.plan().id, incident_id="i1")
    other = Request("r2", RequestKind.UNLOCK, "ada", NOW, playbook="")
    append(copy, requested_entry(undo, NOW), request_ended_entry(undo, True, "taken back", NOW))
    append(copy, requested_entry(other, NOW), request_ended_entry(other, True, "reset", NOW))
    told = lines(aiops, "--state", copy, "--incident", "i1")
    assert any("done: taken back" in one for one in told)
    assert not any("reset" in one for one in told)
    assert any("step ended" in one for one in told)


def test_an_unknown_incident_is_answered_with_close_ones(state, aiops):
    result = aiops("journal", "--state", state, "--incident", "i2")
    assert isinstance(result.exception, InputError)
    assert "did you mean i1" in str(result.exception)


REQUEST = Request("r1", RequestKind.UNDO, "ada", NOW, "it was wrong", plan_id="p1")
WORDS = {
    "unlocked": (unlock_entry("ada", NOW, CART), "lock-out of Deployment/shop/cart lifted"),
    "breaker": (unlock_entry("ada", NOW, playbook=""), "breaker of everything reset"),
    "requested": (requested_entry(REQUEST, NOW), "take back step 0 of plan p1: it was wrong"),
    "request_ended": (request_ended_entry(REQUEST, False, "too late", NOW), "not done: too late"),
    "overwritten": (
        overwritten_entry(guard_cases.attempt(NOW), "argocd", "spec.replicas=4", NOW),
        "wrote over what restart_rollout had changed of Deployment/shop/cart: spec.replicas=4",
    ),
    "stopped": (entries.switch(True, "file STOP", NOW), "stopped: file STOP"),
    "unreadable": (entries.switch(None, "no answer", NOW), "stopped, the switch cannot be read: no answer"),
    "going on": (entries.switch(False, "", NOW), "not stopped"),
    "rise": (
        Entry(
            "autonomy_accepted",
            "actions",
            NOW,
            {"by": "ada", "playbook": "x", "scope": "shop", "level": "auto"},
        ),
        "playbook x may do more alone in shop to auto",
    ),
    "reverted": (
        Entry(
            "reverted",
            "actions",
            NOW,
            {"plan_id": "p", "step": 1, "result": "undone", "detail": "", "by": "ada"},
        ),
        "step 1 of plan p, on request: undone",
    ),
    "called false": (called_entry("i1", "ada", "batch", NOW), "incident i1 was a false alarm: batch"),
    "adjusted": (
        made_entry(WIDER, NOW),
        f"cpu of Deployment/shop/web is expected, up to 1.65 times as far out as its edge,"
        f" until 2024-07-05 10:00:00 UTC: nightly batch ({WIDER.id})",
    ),
    "proposed": (
        made_entry(replace(NIGHT, proposed=True), NOW),
        "cpu of Deployment/shop/web would be expected, once a person says so, at a time of the week,"
        f" until 2024-07-05 10:00:00 UTC: nightly batch ({NIGHT.id})",
    ),
    "renewed": (
        renewed_entry(WIDER, "ada", NOW, "", NOW),
        f"adjustment {WIDER.id} goes on until 2023-11-14 22:13:20 UTC",
    ),
    "undone": (
        undone_entry(WIDER, "ada", "it was the leak", NOW),
        f"adjustment {WIDER.id} is undone: it was the leak",
    ),
    "unknown kind": (Entry("made_coffee", "kitchen", NOW, {"cups": 2}), "cups: 2"),
}


@pytest.mark.parametrize("name", WORDS)
def test_each_kind_has_its_words(name):
    entry, words = WORDS[name]
    assert tell(entry).what == words


def test_who_did_it_is_named_where_it_was_not_us():
    assert tell(WORDS["unlocked"][0]).actor == "ada"
    assert tell(WORDS["overwritten"][0]).actor == "argocd"
    assert tell(WORDS["stopped"][0]).actor == "aiops"


@pytest.mark.parametrize("kind", TELLERS)
@pytest.mark.parametrize(
    "payload", [{}, {"incident": 3}, {"by": ["x"], "request": "y", "change": None, "value": []}]
)
def test_a_payload_of_another_version_is_shown_raw(kind, payload):
    assert isinstance(tell(Entry(kind, "s", NOW, payload)).what, str)


def test_what_is_long_or_steers_a_terminal_is_cut_and_escaped():
    """S9."""
    told = tell(Entry("odd", "s", NOW, {"text": "\x1b[2J" + "x" * 10_000}))
    assert "\x1b" not in told.what
    assert len(told.what) < 500


def test_an_intact_chain_is_exit_code_zero(state, aiops):
    result = aiops("journal", "--state", state, "--verify")
    assert (result.exit_code, result.stdout.split(":")[0]) == (0, "intact")


def test_a_broken_chain_is_exit_code_one_and_says_where(copy, aiops):
    """S10."""
    journal = sqlite3.connect(copy / "journal.sqlite")
    for (trigger,) in journal.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        journal.execute(f"drop trigger {trigger}")
    journal.execute("delete from journal where seq = 3")
    journal.commit()
    journal.close()
    result = aiops("journal", "--state", copy, "--verify")
    assert result.exit_code == 1
    assert "record 3 is missing" in result.stderr
    assert isinstance(aiops("journal", "--state", copy).exception, Rejected)


def test_a_file_that_is_no_journal_is_broken_and_no_traceback(tmp_path, aiops):
    (tmp_path / "journal.sqlite").write_text("not a database, but long enough to be taken for one" * 100)
    assert aiops("journal", "--state", tmp_path, "--verify").exit_code == 1
    assert isinstance(aiops("journal", "--state", tmp_path).exception, Rejected)


def test_following_shows_what_is_written_while_it_is_read(copy):
    """The daemon writes on one connection while a person reads on another."""
    shown = subprocess.Popen(
        [sys.executable, "-m", "aiops", "journal", "--state", str(copy), "--follow", "--kind", "unlocked"],
        stdout=subprocess.PIPE,
        text=True,
    )
    ends = threading.Timer(20, shown.kill)
    ends.start()
    try:
        append(copy, unlock_entry("ada", NOW, CART))
        assert "lock-out of Deployment/shop/cart lifted" in shown.stdout.readline()
        append(copy, unlock_entry("bob", NOW, CART))
        assert " bob: " in shown.stdout.readline()
    finally:
        ends.cancel()
        shown.kill()
        shown.wait()


def test_the_journal_of_a_whole_replay_has_words_for_every_record(small, tmp_path, aiops):
    told = lines(aiops, "--state", journals.make(tmp_path / "state", small))
    assert len(told) > 8
    assert not any("payload" in one or "{" in one for one in told)
