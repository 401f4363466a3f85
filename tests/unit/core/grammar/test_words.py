"""What a reply became is said back in plain words, and help names only what counts."""

import pytest

from aiops.core.grammar import HELP, Chatter, Unclear, describe, explain, parse
from aiops.model import (
    Amend,
    Approve,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Snooze,
    StopAll,
    Why,
)

ID = "a1b2c3d4e5f6"
NOON = 1_700_049_600_000  # 2023-11-15T12:00Z


@pytest.mark.parametrize(
    ("saying", "words"),
    [
        (Approve(ID), "approve plan a1b2"),
        (Approve(ID, NOON), "approve plan a1b2, only until 2023-11-15 13:00 Europe/Berlin"),
        (Deny(ID, "it is late"), "deny plan a1b2, because: it is late"),
        (Snooze(ID, NOON), "put plan a1b2 off until 2023-11-15 13:00 Europe/Berlin"),
        (
            Amend(ID, "scale_to", {"replicas": 6}, "the sale"),
            "instead of plan a1b2, plan scale_to with replicas=6, and ask about that, because: the sale",
        ),
        (Why("i1"), "show why incident i1 is open and what speaks for its plan"),
        (FalseAlarm("i1", "batch"), "incident i1 was a false alarm: batch"),
        (Mine("i1"), "keep automation off the targets of incident i1 until they are released"),
        (Release("i1"), "let automation go on with the targets of incident i1"),
        (StopAll("we are blind"), "stop every write of the automation, because: we are blind"),
        (ResumeAll(), "let the automation write again"),
    ],
)
def test_a_saying_is_echoed_as_the_decision_it_is(saying, words):
    assert describe(saying, {ID: "a1b2"}, "Europe/Berlin") == words


def test_without_a_short_id_the_whole_one_is_said():
    assert describe(Approve(ID)) == f"approve plan {ID}"


def test_an_explanation_says_that_nothing_was_decided_and_what_could_be():
    assert explain(Unclear("it is late", "approve a1b2")) == (
        'Nothing was decided: it is late. Did you mean "approve a1b2"?'
    )


def test_every_line_of_the_help_is_read_by_the_grammar():
    forms = [form.partition(" (")[0] for line in HELP.splitlines()[1:-1] for form in line[2:].split(" | ")]
    assert len(forms) > 15
    for form in forms:
        assert not isinstance(parse(form.replace("...", "it is late")), Unclear | Chatter), form
