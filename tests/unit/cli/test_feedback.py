"""``aiops feedback``: what false alarms adjusted is listed, and the daemon is asked to undo or renew it."""

import json
import time
from dataclasses import replace

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.feedback import rows
from aiops.core.adjust import choose
from aiops.core.feedback import made_entry, undone_entry
from aiops.errors import InputError
from aiops.model import RequestKind
from tests.unit.cli.daemons import daemon
from tests.unit.core.excursions import BOUNDS, DAY, excursion, wish

NOW = int(time.time() * 1000)


def adjustment(incident_id="i1", now_ms=NOW, **changes):
    return replace(choose(excursion(incident_id), (), (), wish(now_ms=now_ms), BOUNDS), **changes)


ACTIVE = adjustment()
PROPOSED = adjustment("i2", proposed=True)
OVER = adjustment("i3", now_ms=NOW - 31 * DAY)
UNDONE = adjustment("i4")


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    store = SqliteStore(folder / "journal.sqlite")
    store.begin_term(1)
    entries = [made_entry(one, one.made_ms) for one in (OVER, ACTIVE, PROPOSED, UNDONE)]
    store.append([*entries, undone_entry(UNDONE, "ada", "", NOW)], 1)
    store.close()
    return folder


def test_what_is_in_force_or_proposed_is_listed_with_what_is_expected(state, aiops):
    text = aiops("feedback", "list", "--state", state).stdout
    assert ACTIVE.id in text
    assert PROPOSED.id in text
    assert OVER.id not in text
    assert UNDONE.id not in text
    for word in ("active", "proposed", "slack:T1/U1", "nightly batch", "up to 1.65 times as far above"):
        assert word in " ".join(text.split())


def test_what_is_over_is_listed_when_asked_for(state, aiops):
    told = json.loads(aiops("feedback", "list", "--state", state, "--all", "--json").stdout)
    assert [(one["id"], one["state"]) for one in told] == [
        (OVER.id, "expired"),
        (ACTIVE.id, "active"),
        (PROPOSED.id, "proposed"),
        (UNDONE.id, "undone"),
    ]
    assert told[1]["factor"] == 1.65


def test_nothing_expected_is_said(tmp_path, aiops, state):
    result = aiops("feedback", "list", "--state", state)
    assert result.exit_code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    SqliteStore(empty / "journal.sqlite").close()
    assert "nothing is expected" in aiops("feedback", "list", "--state", empty).stderr
    assert aiops("feedback", "list", "--state", empty, "--json").stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("verb", "kind"), [("undo", RequestKind.UNDO_FEEDBACK), ("renew", RequestKind.RENEW_FEEDBACK)]
)
def test_the_daemon_is_asked_and_its_answer_is_the_outcome(state, aiops, verb, kind):
    with daemon(state) as heard:
        result = aiops(
            *(
                "feedback",
                verb,
                ACTIVE.id[:6],
                "--state",
                state,
                "--reason",
                "it was the leak",
                "--wait",
                "10s",
            )
        )
    assert result.exit_code == 0, result.exception
    (request,) = heard
    assert (request.kind, request.adjustment, request.reason) == (kind, ACTIVE.id, "it was the leak")
    assert "done: as asked" in result.stdout


def test_a_refusal_is_exit_code_one_with_the_reason(state, aiops):
    with daemon(state, (False, "100 adjustments are in force")):
        result = aiops("feedback", "renew", OVER.id, "--state", state, "--wait", "10s", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["done"], told["adjustment"], told["incident"]) == (False, OVER.id, "i3")


@pytest.mark.parametrize("name", ["zzzz", ""])
def test_an_unknown_name_is_answered(state, aiops, name):
    result = aiops("feedback", "undo", name, "--state", state)
    assert isinstance(result.exception, InputError)
    assert "aiops feedback list --all" in str(result.exception)


def test_without_a_daemon_nothing_is_handed_in(state, aiops):
    result = aiops("feedback", "undo", ACTIVE.id, "--state", state)
    assert isinstance(result.exception, InputError)
    assert "a daemon that runs there" in str(result.exception)
    assert not (state / "inbox").exists()


def test_rows_are_oldest_first(state):
    assert next(row.adjustment.id for row in rows(None, state, every=True)) == OVER.id
