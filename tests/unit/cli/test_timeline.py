"""The timeline on a terminal: colours, wrapping below the text, nothing that a label could steer."""

import io

import pytest
from rich.console import Console

from aiops.bootstrap.report import DryRun
from aiops.cli.timeline import line, put, show
from aiops.core.compare import compare
from aiops.core.score import score
from aiops.model import Escalate, Severity
from tests.unit.report.stories import (
    CATALOG,
    COOL,
    DAY,
    START,
    decided,
    incident,
    plan,
    second_day,
    step,
    story,
    told,
    truth,
)


def printed(told_story=None, *, width=120, terminal=False, comparison=None, **more):
    told_story = story() if told_story is None else told_story
    out = Console(file=io.StringIO(), force_terminal=terminal, width=width, markup=False, highlight=False)
    show(DryRun(told_story, score(told_story), comparison), out, **more)
    return out.file.getvalue()


def test_a_terminal_gets_colours_and_a_pipe_gets_none():
    assert ("\x1b[" in printed(terminal=True), "\x1b[" in printed()) == (True, False)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_a_long_line_goes_on_below_its_own_beginning(width):
    out = Console(file=io.StringIO(), force_terminal=True, width=width, no_color=True, markup=False)
    put(out, [line(("because  ", ""), "word " * 30, indent=1)])
    first, *rest = out.file.getvalue().rstrip("\n").split("\n")
    assert first.startswith("   because  word")
    assert all(part.startswith(" " * 12 + "word") for part in rest)
    assert bool(rest) is (width < 160)


def test_each_incident_says_which_true_one_it_was_or_that_it_was_none():
    text = printed(story([told(), second_day()], [truth()]))
    assert "true     leak" in text
    assert "true     none: a false incident" in text


def test_an_incident_about_which_nothing_was_decided_says_so():
    assert "decided  nothing" in printed(story([second_day()]))


def test_later_rungs_are_told_as_if_that_had_not_helped():
    made = plan(steps=(step(), step(remediation="rollback", summary="roll back to revision 41")))
    assert "if that had not helped: roll back to revision 41" in printed(
        story([told(decisions=(decided(made),))])
    )


def test_who_would_be_asked_is_named():
    asks = decided()
    asked = Escalate(asks.decision.plan, (COOL,), ("on-call", "data-owner"))
    text = printed(story([told(decisions=(type(asks)(START, asked),))]))
    assert "would ask on-call, data-owner: restart Deployment/shop/cart" in text


def test_what_is_unknown_is_marked_in_the_reasons():
    assert "hold blast: disruption budget of Deployment/shop/cart is not known (not known)" in printed()


def test_known_breakage_storms_and_warnings_are_told_after_the_incidents():
    text = printed(story([], [], known=(incident(severity=Severity.LOW),), warnings=tuple("abcdefghijkl")))
    assert "known breakage memory leak: Deployment/shop/cart" in text
    assert "warning and 2 more (--json has all)" in text  # twelve, of which ten are shown


def test_a_missed_incident_is_called_missed():
    text = printed(story([told()], [truth(), truth("surge", START + DAY, CATALOG)]))
    assert "surge  2026-03-02 00:00  missed" in text


def test_a_comparison_is_told_incident_by_incident():
    both = compare(story([told(), second_day()]), story(), ("ours", "theirs"))
    text = printed(story([told(), second_day()]), comparison=both)
    assert "ours against theirs: 1 of 2 differ" in text
    assert "error burst after deploy: Deployment/shop/catalog  only with ours" in text
    assert "memory leak: Deployment/shop/cart  the same" in text
