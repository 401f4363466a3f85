"""``aiops explain`` decides again from what was recorded: on a journal of the real loop, whole and forged."""

import json
from contextlib import closing

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.core.witnessed import FACTS_SEEN, RULES_SEEN, WITNESSED
from tests.unit.cli import journals

SAME = "decided again from what was recorded: the same ("


@pytest.fixture(scope="module")
def state(small, tmp_path_factory):
    """The state of a daemon that saw an incident begin and end."""
    return journals.make(tmp_path_factory.mktemp("state") / "state", small)


def records_of(state):
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        return [one.entry for one in store.read()]


def written_anew(state, entries):
    """The same journal with other entries, and a chain that holds: the work of whoever owns the file."""
    state.mkdir()
    with closing(SqliteStore(state / "journal.sqlite")) as store:
        store.begin_term(1)
        store.append(entries, 1)
    return state


@pytest.fixture(scope="module")
def incident_id(state):
    return next(one.stream for one in records_of(state) if one.kind == "incident_opened")


def test_each_decision_of_a_real_run_comes_out_the_same(state, incident_id, aiops):
    told = aiops("explain", incident_id, "--state", state)
    assert told.exit_code == 0
    decisions = sum(one.kind == "decided" for one in records_of(state))
    assert decisions == told.stdout.count(SAME) >= 2


def test_a_replay_is_explained_with_its_decisions_made_again(small, incident_id, aiops):
    assert SAME in aiops("explain", incident_id, "--recording", small).stdout


def test_with_rerun_every_reason_and_what_it_was_made_on_is_shown(state, incident_id, aiops):
    told = aiops("explain", incident_id, "--state", state, "--rerun").stdout
    assert "on     1 workload: Deployment/shop/cart; 2 other workloads by state alone" in told
    assert "kill_switch: permit: the kill switch is off" in told
    answer = json.loads(aiops("explain", incident_id, "--state", state, "--rerun", "--json").stdout)
    (first, *_) = answer["decided_again"]
    assert (first["came"], first["differences"]) == ("same", [])
    assert {
        "guard": "kill_switch",
        "lean": "permit",
        "text": "the kill switch is off",
        "unknown": False,
    } in first["reasons"]


def test_a_decision_that_was_forged_together_with_the_chain_is_found(state, incident_id, aiops, tmp_path):
    """The chain holds, and ``journal --verify`` is content; but the reasons do not follow from the inputs."""
    entries = records_of(state)
    for entry in entries:
        if entry.kind == "decided":
            for reason in entry.payload["value"]["reasons"]:
                reason["text"] = reason["text"].replace("2 of 3 pods", "3 of 3 pods")
    forged = written_anew(tmp_path / "state", entries)
    assert aiops("journal", "--verify", "--state", forged).exit_code == 0
    told = aiops("explain", incident_id, "--state", forged)
    assert told.exit_code == 1
    assert "decided again from what was recorded: DIFFERENT: ready floor" in told.stdout
    assert "written down: escalate: 3 of 3 pods" in told.stdout
    assert "comes out:    escalate: 2 of 3 pods" in told.stdout


def test_a_journal_of_an_older_version_says_that_it_cannot_be_decided_again(
    state, incident_id, aiops, tmp_path
):
    kept = [one for one in records_of(state) if one.kind not in {WITNESSED, RULES_SEEN, FACTS_SEEN}]
    told = aiops("explain", incident_id, "--state", written_anew(tmp_path / "state", kept))
    assert told.exit_code == 0
    assert "cannot be decided again: what it was decided on was not recorded" in told.stdout
    assert SAME not in told.stdout
