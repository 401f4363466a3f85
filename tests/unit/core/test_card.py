"""Card and board: an incident in words, as the journal has it; no secret among them (S8)."""

from dataclasses import replace

import pytest

from aiops.core.board import Board
from aiops.core.card import card, question, stage, why
from aiops.core.ledger import decided_entry
from aiops.core.policy import refuse
from aiops.core.redact import BY_HAND
from aiops.model import Entry, Hold, IncidentState, Lean, Reason, Record, Refuse
from aiops.model.wire import to_json
from tests.fakes.forum import an_approval
from tests.unit.core.cases import MINUTE, NOW, facts, incident, plan, step

HOLD = Hold(plan(), (Reason("cooldown", Lean.HOLD, "cooling down"),))


def board(*entries):
    made = Board()
    made.take(Record(number + 1, 1, entry, "", "") for number, entry in enumerate(entries))
    return made


def opened(one=None):
    one = one or incident()
    return Entry("incident_opened", one.id, one.opened_ms, {"incident": to_json(one)})


@pytest.mark.parametrize(
    ("changes", "decision", "word"),
    [
        ({"suspects": ()}, None, "open"),
        ({}, None, "diagnosing"),
        ({}, HOLD, "diagnosing"),
        ({}, Refuse(plan(), (refuse("mode", "observe"),)), "open"),  # nothing more will be done
        ({"state": IncidentState.WAITING}, HOLD, "waiting"),
        ({"state": IncidentState.ACTING}, HOLD, "acting"),
        ({"state": IncidentState.VERIFYING}, HOLD, "verifying"),
        ({"state": IncidentState.ESCALATED}, HOLD, "escalated"),
        ({"state": IncidentState.CLOSED, "closed_because": "all 2 signals are back"}, HOLD, "resolved"),
        ({"state": IncidentState.CLOSED, "closed_because": "lost from sight: no sample"}, HOLD, "closed"),
        ({"state": IncidentState.CLOSED, "closed_because": "deleted: Pod/a/b"}, HOLD, "closed"),
    ],
)
def test_the_stage_is_one_word(changes, decision, word):
    assert stage(incident(**changes), decision) == word


@pytest.mark.parametrize(
    ("result", "word"), [("verified", "verified"), ("contained", "verified"), ("failed", "diagnosing")]
)
def test_what_helped_says_so_until_the_incident_is_over(result, word):
    assert stage(incident(), HOLD, result) == word
    assert stage(incident(state=IncidentState.ACTING), HOLD, result) == "acting"


def test_neither_a_command_nor_a_secret_comes_into_a_card_or_a_why():
    """S8."""
    secret = "hunter2hunter2"  # noqa: S105 - it is none
    texts = (f"refused{BY_HAND}kubectl set env deploy/x A={secret}", f"token: {secret}")
    reasons = tuple(Reason("server", Lean.ESCALATE, text) for text in texts)
    made = plan(skipped=(f"rollback: password={secret}",))
    result = {"plan_id": made.id, "step": 0, "result": "failed", "detail": f"api_key={secret}"}
    folded = board(
        opened(),
        decided_entry(Hold(made, reasons), NOW),
        Entry("step_ended", "actions", NOW, result),
        Entry(
            "said",
            "forum",
            NOW,
            {"incident_id": "i1", "done": True, "text": f"secret {secret}: x", "via": ""},
        ),
    )
    shown = card(folded, folded.standing("i1"), NOW, facts())
    told = str(why(folded, "i1"))
    everything = f"{shown.decision} {shown.lines} {told}"
    assert "refused" in everything
    assert "kubectl" not in everything
    assert "A=" not in everything
    assert f"password={secret}" not in everything
    assert f"api_key={secret}" not in everything
    assert f"token: {secret}" not in everything


def test_records_are_taken_once():
    records = [Record(1, 1, opened(), "", ""), Record(2, 1, Entry("claimed", "forum", NOW, CLAIM), "", "")]
    made = Board()
    made.take(records)
    made.take(records)
    assert [one.text for one in made.standing("i1").told] == ["anna is on it: automation keeps off"]
    assert made.claimed_by("i1") == "anna"


CLAIM = {"incident_id": "i1", "targets": ["Deployment/shop/cart"], "by": "slack:T/U", "name": "anna"}


def test_what_ended_long_ago_is_forgotten():
    made = Board(keep_ms=MINUTE)
    over = incident(state=IncidentState.CLOSED, closed_ms=NOW)
    made.take([Record(1, 1, Entry("incident_closed", "i1", NOW, {"incident": to_json(over)}), "", "")])
    made.forget(NOW + MINUTE)
    assert made.standing("i1") is not None
    made.forget(NOW + MINUTE + 1)
    assert made.standing("i1") is None


def test_evidence_that_comes_before_its_incident_is_no_incident():
    made = board(Entry("evidence_seen", "i1", NOW, {"signal": "memory"}))
    assert made.standing("i1") is None


def test_a_decision_that_says_the_same_again_is_told_once():
    folded = board(opened(), decided_entry(HOLD, NOW), decided_entry(HOLD, NOW + MINUTE))
    assert [one.text for one in folded.standing("i1").told] == [
        "hold: restart Deployment/shop/cart, 4 pods (cooldown: cooling down)"
    ]


@pytest.mark.parametrize(
    ("patch", "command", "shown"),
    [
        ({"spec": {"replicas": 5}}, "kubectl scale --replicas=5", "kubectl scale --replicas=5"),
        (
            {"spec": {"containers": [{"env": [{"name": "A", "value": "1"}]}]}},
            "kubectl set env A=1",
            "aiops plan i1",
        ),
        ({"spec": {"containers": [{"env": [{"name": "A"}]}]}}, "kubectl set env A-", "kubectl set env A-"),
        ({}, "curl -H 'Authorization: Bearer abcdefghijkl'", "aiops plan i1"),
        ({}, "", ""),
    ],
)
def test_a_question_carries_the_command_unless_that_holds_values(patch, command, shown):
    """S8: who reads the chat need not be who reads the journal."""
    made = plan(step(change=replace(step().change, patch=patch)))
    folded = board(opened())
    asked = question(an_approval(incident_id="i1", command=command), folded.standing("i1"), made)
    assert asked.approval.command == shown
