"""Merge: incidents that blame the same first suspect are one problem."""

from dataclasses import replace

import pytest

from aiops.core.book import Book
from aiops.core.merge import absorbed, twin
from aiops.model import IncidentKind, Role, Suspect, Target
from tests.unit.core.cases import CART, MINUTE, NOW, POD, anomaly, facts, incident

FRONT = Target("Deployment", "shop", "front")
OPEN = incident(id="old", opened_ms=NOW - 40 * MINUTE)  # blames the cart with 0.9
LATE = incident(anomaly(FRONT, "latency", Role.LATENCY), id="new", suspects=(Suspect(CART, 0.7),))


def found(new=LATE, old=OPEN, among=("old",)):
    book = Book(open={one.id: one for one in (old, new)})
    other = twin(new, book, facts(), set(among))
    return other.id if other else ""


def test_who_blames_the_same_is_the_same_problem():
    assert found() == "old"
    assert found(replace(LATE, suspects=(Suspect(POD, 0.7),))) == "old"  # a pod of the cart


@pytest.mark.parametrize(("confidence", "other"), [(0.5, "old"), (0.49, "")])
def test_a_diagnosis_that_is_not_sure_moves_nothing(confidence, other):
    assert found(replace(LATE, suspects=(Suspect(CART, confidence),))) == other


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (replace(LATE, suspects=(Suspect(FRONT, 0.9),)), OPEN),  # another is blamed
        (replace(LATE, suspects=()), OPEN),
        (LATE, replace(OPEN, suspects=())),
        (replace(LATE, kind=IncidentKind.PREDICTED), OPEN),
        (LATE, replace(OPEN, kind=IncidentKind.KNOWN)),
        (LATE, replace(OPEN, anomalies=(anomaly(cleared_ms=NOW),))),  # calm: it is about to close
    ],
)
def test_what_is_not_the_same_stays_apart(new, old):
    assert found(new, old) == ""


def test_nothing_joins_what_nobody_was_told_of_yet():
    """Of two that open in one tick the first is told, and the second joins it."""
    assert found(among=()) == ""


def test_of_several_the_oldest_takes_it_in():
    older = replace(OPEN, id="older", opened_ms=NOW - 50 * MINUTE)
    book = Book(open={one.id: one for one in (OPEN, older, LATE)})
    assert twin(LATE, book, facts(), {"old", "older"}).id == "older"


def test_one_incident_holds_what_both_held():
    both = absorbed(OPEN, replace(LATE, storm=True), NOW)
    assert (both.id, both.storm, both.updated_ms) == ("old", True, NOW)
    assert {one.signal for one in both.anomalies} == {"memory", "latency"}
    assert both.since_ms == min(one.since_ms for one in both.anomalies)
