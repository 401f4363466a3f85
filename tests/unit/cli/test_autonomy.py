"""``aiops autonomy``: the level with its figures and its reason, and a person's yes to what was earned."""

import json
import time
from dataclasses import replace

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.config import load_shipped
from aiops.core.autonomy import accepted_entry
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.core.plan import seal
from aiops.errors import InputError
from aiops.model import Entry, Outcome, Request, RequestKind, Result
from aiops.model.wire import to_json
from tests.unit.cli.daemons import daemon
from tests.unit.core import cases
from tests.unit.core.cases import DAY, HOUR

NAME = "crash-loop"
WHERE = "crash_loop in shop"
VERSION = next(one.version for one in load_shipped().playbooks if one.name == NAME)
HELPED, LASTED = 60, 40  # helped 60 of 60: 94 % at least; of 40 left alone none healed: 9 % at most


@pytest.fixture(scope="module")
def now_ms():
    return int(time.time() * 1000)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config").mkdir()
    scope = "{namespace: shop, mode: auto, earned: true}"
    (tmp_path / "config" / "aiops.yaml").write_text(f"policy: {{mode: auto, scopes: [{scope}]}}\n")
    return tmp_path / "config"


def opened(name, at_ms):
    incident = cases.incident(
        id=name, incident_class="crash_loop", opened_ms=at_ms, since_ms=at_ms, updated_ms=at_ms
    )
    return Entry("incident_opened", name, at_ms, {"incident": to_json(incident)})


def tried(number, at_ms, result):
    plan = cases.plan(
        cases.step(), playbook=NAME, playbook_version=VERSION, incident_id=f"t{number}", made_at_ms=at_ms
    )
    end = Outcome(plan.id, 0, result, at_ms + 1, harmed=result is Result.FAILED)
    return [opened(f"t{number}", at_ms), start_entry(seal(plan), 0, Ledger(), at_ms), outcome_entry(end)]


def make(state, now_ms, *results, helped=HELPED):
    """A daemon that helped ``helped`` times, then ``results``; ``LASTED`` more incidents were left alone."""
    entries = [opened(f"a{number}", now_ms - 60 * DAY + number) for number in range(LASTED)]
    for number, result in enumerate([Result.VERIFIED] * helped + list(results)):
        entries += tried(number, now_ms - 30 * DAY + number * HOUR, result)
    state.mkdir()
    store = SqliteStore(state / "journal.sqlite")
    store.begin_term(1)
    store.append(entries, 1)
    store.close()
    return state


@pytest.fixture
def state(tmp_path, now_ms):
    return make(tmp_path / "state", now_ms)


def row(aiops, config, state):
    told = json.loads(aiops("autonomy", "--config", config, "--state", state, "--json").stdout)
    return next(one for one in told if (one["playbook"], one["scope"]) == (NAME, WHERE))


def test_a_rise_that_was_earned_is_proposed_with_its_figures(aiops, config, state):
    found = row(aiops, config, state)
    assert (found["level"], found["ceiling"], found["proposal"]) == ("ask", "auto", "auto")
    assert found["figures"] == "helped 60 of 60 times (at least 94%); left alone, 0 of 40 healed (at most 9%)"
    text = aiops("autonomy", "--config", config, "--state", state, "--proposals")
    assert f"{NAME} {VERSION}" in text.stdout
    assert "ask → auto?" in text.stdout
    assert f"proposed: aiops autonomy accept {NAME} {WHERE}" in text.stderr


def test_a_step_that_harmed_lowers_it_so_far_that_nothing_can_be_earned(aiops, config, tmp_path, now_ms):
    found = row(aiops, config, make(tmp_path / "fell", now_ms, Result.FAILED))
    assert (found["level"], found["proposal"]) == ("suggest", "ask")  # which is a person's word alone
    assert found["reason"] == "fell: a step harmed"


def test_a_persons_yes_goes_to_the_daemon(aiops, config, state):
    with daemon(state) as heard:
        result = aiops("autonomy", "accept", NAME, *WHERE.split(), "--config", config, "--state", state)
    assert result.exit_code == 0, result.exception
    (request,) = heard
    assert (request.kind, request.playbook, request.scope) == (RequestKind.ACCEPT_AUTONOMY, NAME, WHERE)


def test_what_was_accepted_is_in_force_and_says_by_whom(aiops, config, state, now_ms):
    store = SqliteStore(state / "journal.sqlite")
    request = Request("r1", RequestKind.ACCEPT_AUTONOMY, "ada", now_ms, playbook=NAME, scope=WHERE)
    store.append([accepted_entry(request, now_ms - 1000)], 1)
    store.close()
    found = row(aiops, config, state)
    assert (found["level"], found["reason"]) == ("auto", "ada accepted the rise")


def test_what_was_not_earned_cannot_be_accepted(aiops, config, tmp_path, now_ms):
    """The daemon is not even asked."""
    state = make(tmp_path / "new", now_ms, helped=0)
    result = aiops("autonomy", "accept", NAME, WHERE, "--config", config, "--state", state)
    assert result.exit_code == 1
    assert "no rise is proposed there: mode ask, auto is to be earned here" in result.stderr


@pytest.mark.parametrize("arguments", [("crash-lop", WHERE), (NAME, "crash_loop in shpo")])
def test_a_typing_error_is_answered_with_what_is_close(aiops, config, state, arguments):
    result = aiops("autonomy", "accept", *arguments, "--config", config, "--state", state)
    assert isinstance(result.exception, InputError)
    assert f"did you mean {NAME} {WHERE}" in str(result.exception)


def test_without_a_scope_nothing_may_be_done_alone_and_that_is_said(aiops, state):
    result = aiops("autonomy", "--state", state)
    assert result.stdout == ""
    assert "all is in mode observe" in result.stderr


def test_what_another_version_did_proves_nothing(aiops, config, tmp_path, now_ms):
    """Evidence of version 0 does not count for the version that is configured."""
    state = tmp_path / "other"
    state.mkdir()
    store = SqliteStore(state / "journal.sqlite")
    store.begin_term(1)
    for number in range(5):
        start = tried(number, now_ms - DAY + number, Result.VERIFIED)
        start[1] = replace(start[1], payload={**start[1].payload, "playbook_version": "0"})
        store.append(start, 1)
    store.close()
    assert row(aiops, config, state)["counts"]["verified"] == 0
