"""Measure: what a row says of its goal, and what is written."""

import json
import math

import pytest

from tests.measure import row, table, write


@pytest.mark.parametrize(
    ("value", "better", "ok"),
    [(0.95, "higher", True), (0.949, "higher", False), (0.95, "lower", True), (0.951, "lower", False)],
)
def test_a_goal_is_met_at_its_edge_and_missed_just_beyond(value, better, ok):
    assert row("found", value, "share", goal=0.95, better=better).ok is ok


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_could_not_be_measured_misses_its_goal_whichever_side_is_better(value):
    for better in ("higher", "lower"):
        assert not row("found", value, "share", goal=0.95, better=better).ok


def test_a_row_for_information_has_no_goal_to_miss():
    assert row("delay", 3.0, "min").ok


def test_the_file_holds_commit_machine_and_every_row(tmp_path, capsys):
    path = write(
        "seeds", [row("found", 0.5, "share", goal=0.95, better="higher"), row("n", None, "")], tmp_path
    )
    document = json.loads(path.read_text())
    assert sorted(document) == ["commit", "machine", "rows"]
    assert document["rows"][0] == {
        "name": "found",
        "value": 0.5,
        "unit": "share",
        "goal": 0.95,
        "better": "higher",
        "ok": False,
    }
    assert document["rows"][1]["value"] is None
    assert "NO" in capsys.readouterr().out


def test_the_table_shows_the_side_of_the_goal():
    assert ">= 0.95" in table([row("found", 0.5, "share", goal=0.95, better="higher")])


def test_nothing_measured_is_an_error():
    with pytest.raises(ValueError, match="at least one row"):
        write("seeds", [])
