"""``aiops handover``: what the next person on call is told, from a journal of one night."""

import json
from dataclasses import replace

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.handover import make_handover
from aiops.bootstrap.journal import JOURNAL
from aiops.core.approvals.book import asked_entry, moved_entry, voted_entry
from aiops.core.approvals.claims import claimed_entry
from aiops.core.ledger import Ledger, decided_entry, outcome_entry, start_entry
from aiops.engine import entries
from aiops.engine.window import Rings
from aiops.errors import InputError
from aiops.model import (
    Act,
    Actor,
    ApprovalState,
    Ballot,
    Channel,
    Entry,
    Hold,
    IncidentKind,
    IncidentState,
    Lean,
    Outcome,
    Reason,
    Result,
    Severity,
    Vote,
)
from tests.fakes.forum import an_approval
from tests.unit.core.cases import HOUR, MINUTE, NOW, incident, plan

ANNA = Actor(Channel.SLACK, "T1/U1", "anna")
SINCE, UNTIL = NOW - 12 * HOUR, NOW + HOUR
QUIET = {"opened_ms": NOW - 2 * HOUR, "since_ms": NOW - 2 * HOUR - MINUTE}


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Yesterday something was mended; tonight a step did not help three times, anna took one incident, one
    question waits, one was approved, the switch is on, and we were blind for ten minutes."""
    state = tmp_path_factory.mktemp("night")
    store = SqliteStore(state / JOURNAL)
    store.begin_term(1)

    def write(*what):
        store.append(what, 1)

    old = incident(id="old", opened_ms=NOW - 30 * HOUR, since_ms=NOW - 31 * HOUR)
    write(*entries.opened(old, Rings(10), NOW - 30 * HOUR))
    over = replace(old, state=IncidentState.CLOSED, closed_ms=NOW - 29 * HOUR, closed_because="calm")
    write(entries.closed(over, NOW - 29 * HOUR))
    write(Entry("sight_changed", "sight", NOW - 13 * HOUR, {"blind": True, "because": "no data"}))
    write(Entry("sight_changed", "sight", SINCE + 10 * MINUTE, {"blind": False, "because": ""}))
    for number, (severity, kind) in enumerate(
        (
            (Severity.MEDIUM, IncidentKind.OBSERVED),
            (Severity.CRITICAL, IncidentKind.OBSERVED),
            (Severity.HIGH, IncidentKind.OBSERVED),
            (Severity.LOW, IncidentKind.KNOWN),
        )
    ):
        one = incident(id=f"i{number}", severity=severity, kind=kind, **QUIET)
        write(*entries.opened(one, Rings(10), NOW - 2 * HOUR + number))
    for number in range(3):
        made = plan(made_at_ms=NOW - (100 - 10 * number) * MINUTE, incident_id="i0")
        made = replace(made, id=f"plan{number}")
        at_ms = made.made_at_ms
        permit = Reason("opt_in", Lean.PERMIT, "opted in")
        write(decided_entry(Act(made, (permit,)), at_ms), start_entry(made, 0, Ledger(), at_ms))
        write(outcome_entry(Outcome(made.id, 0, Result.FAILED, at_ms + MINUTE, "still out of its band")))
    held = Reason("silenced", Lean.HOLD, "silenced until 2023-11-15 08:00 UTC by bert: release")
    write(decided_entry(Hold(plan(incident_id="i2"), (held,)), NOW - HOUR))
    write(claimed_entry(incident(id="i1"), (), ANNA, NOW - HOUR))
    waits = an_approval(incident_id="i2", asked_ms=NOW, until_ms=UNTIL + 15 * MINUTE)
    done = an_approval("beef00000000", incident_id="i1", asked_ms=NOW - HOUR)
    write(asked_entry(done, NOW - HOUR))
    write(voted_entry(done, Vote(ANNA, Ballot.YES, NOW - 50 * MINUTE, ref="r1"), NOW - 50 * MINUTE))
    write(moved_entry(done, ApprovalState.APPROVED, "approved by anna", NOW - 50 * MINUTE))
    said = {"incident_id": "i1", "done": True, "text": "approved by anna: scale it", "via": "slack button"}
    actor = {"channel": "slack", "id": "T1/U1", "name": "anna"}
    write(
        Entry("said", "forum", NOW - 50 * MINUTE, {**said, "actor": actor, "by": "slack:T1/U1", "ref": "x"})
    )
    write(Entry("said", "forum", NOW - 49 * MINUTE, {**said, "done": False, "text": "no", "actor": actor}))
    write(asked_entry(waits, NOW))
    write(entries.switch(True, "pulled by bert: storm of pages", NOW + MINUTE))
    write(Entry("said", "forum", UNTIL + 1, {**said, "text": "tomorrow", "actor": actor}))
    store.close()
    return state


@pytest.fixture(scope="module")
def told(night):
    return make_handover(None, night, SINCE, UNTIL)


def test_the_figures_are_those_of_the_period(told):
    counts = told.counts
    assert (counts.opened, counts.closed, counts.reopened) == (4, 0, 0)  # the old one is before it
    assert counts.steps == {"failed": 3}
    assert (counts.asked, counts.answers) == (2, {"approved": 1})
    assert counts.people == {"anna": 1}  # what was refused, and what was said later, is not counted
    assert counts.blind_ms == 10 * MINUTE  # of 1 h 10 min, 10 min are in the period


def test_what_to_look_at_first_is_in_the_order_of_what_presses(told):
    assert [one.partition(":")[0] for one in told.first] == [
        "nothing is changed",
        "answer a1b2 within 15 min, else it is a no",
        "nobody is on it",  # i2, high; i1 is worse, and anna is on it
        "what was tried did not help",
        "locked, until somebody has looked",
    ]


def test_open_incidents_are_told_the_worst_first_and_known_breakage_is_counted(told):
    assert [one.id for one in told.open] == ["i1", "i2", "i0"]
    assert told.known == 1
    assert told.open[0].claimed_by == "anna"
    assert told.open[2].done[-1].endswith("did not help (still out of its band)")


def test_what_people_hold_is_told_with_who_and_why(told):
    assert told.held == ("Deployment/shop/cart: silenced until 2023-11-15 08:00 UTC by bert: release",)
    assert told.claimed == ("anna is on incident i1 since 2.0 h",)
    assert told.locked == ("Deployment/shop/cart: 3 failures in a row (aiops unlock Deployment/shop/cart)",)
    assert told.stopped == "pulled by bert: storm of pages"


def test_every_doing_names_who_did_it(told):
    assert [(one.by, one.incident_id) for one in told.doings] == [
        *[("aiops", "i0")] * 6,
        ("anna", "i1"),
        ("aiops", ""),
    ]
    assert told.doings[-1].what.startswith("stopped: pulled by bert")


def test_the_command_says_it_in_text(aiops, night):
    result = aiops(
        "handover", "--state", night, "--since", "2023-11-14T10:13Z", "--until", "2023-11-14T23:13:20Z"
    )
    assert result.exit_code == 0, result.stderr
    for heading in (
        "Look at first",
        "Waits for an answer",
        "Open",
        "Done, and by whom",
        "Held by people",
        "Locked",
    ):
        assert f"\n{heading}\n" in result.stdout
    assert "4 incidents opened, 0 closed, 0 came back, 3 open now, and 1 known before" in result.stdout
    assert "a1b2  scale Deployment/shop/web from 2 to 4 replicas; 0 of 1 yes, asks on-call" in result.stdout


def test_the_command_says_it_in_json(aiops, night):
    until = "2023-11-14T23:13:20Z"
    result = aiops(
        "handover", "--state", night, "--since", "2023-11-14T10:13:20Z", "--until", until, "--json"
    )
    made = json.loads(result.stdout)
    assert made["counts"]["steps"] == {"failed": 3}
    assert [one["id"] for one in made["open"]] == ["i1", "i2", "i0"]


def test_a_quiet_night_says_so(aiops, tmp_path):
    store = SqliteStore(tmp_path / JOURNAL)
    store.begin_term(1)
    store.close()
    result = aiops("handover", "--state", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "nothing presses" in result.stdout


def test_a_period_that_ends_before_it_begins_is_an_error(night):
    with pytest.raises(InputError, match="--until: expected a later time"):
        make_handover(None, night, UNTIL, SINCE)


def test_without_a_journal_the_error_says_what_is_missing(aiops, tmp_path):
    result = aiops("handover", "--state", tmp_path / "nowhere")
    assert "the journal of a daemon that has run" in str(result.exception)
