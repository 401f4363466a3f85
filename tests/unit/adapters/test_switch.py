"""Switch: what stops us, what does not, and that whatever cannot be read stops us too."""

import json
import os

import pytest

from aiops.adapters.switch import Stop, StopFile, Switch, verdict
from tests.fakes.clock import FakeClock

NOW = 1_772_323_200_000  # 2026-03-01T00:00Z


@pytest.fixture
def file(tmp_path):
    return StopFile(tmp_path / "STOP")


def test_without_a_file_nothing_stops_us(file):
    """B5: the positive control of the tests below."""
    assert Switch([file])() is False
    assert Switch([file]).why() == ""


def test_the_file_that_was_put_stops_us_and_says_who_when_and_why(file):
    """B5."""
    file.put("ada", "the shop sells tickets tonight", NOW)
    switch = Switch([file])
    assert switch() is True
    words = f"file {file.path} stops us, by ada since 2026-03-01 00:00:00 UTC: the shop sells tickets tonight"
    assert switch.why() == words


def test_putting_it_twice_keeps_who_was_first(file):
    file.put("ada", "first", NOW)
    file.put("bob", "second", NOW + 1)
    assert "by ada" in str(file())
    assert [one.name for one in file.path.parent.iterdir()] == ["STOP"]  # nothing is left beside it


def test_taking_it_away_lets_us_go_on_and_is_harmless_twice(file):
    file.put("ada", "", NOW)
    assert file.take_away()
    assert file() == Stop(f"file {file.path}", False)
    assert not file.take_away()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ", by "),
        (b"down for maintenance", "down for maintenance"),
        (b'{"by": "ada"}', "by ada"),
        (b"[1]", "[1]"),
        (b"\xff\x00\x1b[2J", "\N{REPLACEMENT CHARACTER}"),
        (b"{" * 100_000, "{{{"),
    ],
)
def test_the_presence_of_the_file_stops_us_whatever_it_holds(file, content, words):
    """B5."""
    file.path.write_bytes(content)
    switch = Switch([file])
    assert switch() is True
    assert words in switch.why()
    assert "\x1b" not in switch.why()  # S9


@pytest.mark.parametrize("make", ["folder", "link to nothing", "pipe"])
def test_something_else_than_a_file_stops_us_too_and_keeps_us_waiting_never(file, make):
    """B5."""
    if make == "folder":
        file.path.mkdir()
    elif make == "pipe":
        os.mkfifo(file.path)
    else:
        file.path.symlink_to("nothing")
    assert Switch([file])() is True
    assert file.take_away()
    assert Switch([file])() is False


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_stops_us(file):
    """B5."""
    file.path.write_text("x")
    file.path.chmod(0)
    assert Switch([file])() is True


def test_a_state_folder_that_is_gone_or_none_stops_us(tmp_path):
    """B5: an unreadable switch is on."""
    (tmp_path / "file").write_text("")
    for parent in ("gone", "file"):
        switch = Switch([StopFile(tmp_path / parent / "STOP")])
        assert switch() is None
        assert "cannot be read" in switch.why()


@pytest.mark.parametrize(
    ("answers", "together"),
    [
        ((False, False), False),
        ((False, None), None),
        ((None, True), True),
        ((True, False), True),
        ((), False),
    ],
)
def test_one_place_that_stops_us_is_enough(answers, together):
    stops = [Stop(f"place {number}", answer) for number, answer in enumerate(answers)]
    assert verdict(stops) is together
    assert Switch([lambda one=one: one for one in stops])() is together


def test_an_answer_counts_for_one_second_from_before_it_was_asked(file):
    """G16: within 5 s at the very latest; here 1 s."""
    clock = FakeClock()
    switch = Switch([file], monotonic_s=clock.monotonic_s)
    assert switch() is False
    file.put("ada", "", NOW)
    clock.advance(0.99)
    assert switch() is False
    clock.advance(0.01)
    assert switch() is True


def test_a_place_that_answers_slowly_is_asked_again_a_second_after_the_question():
    """G16: the wait for an answer counts against its second."""
    clock, asked = FakeClock(), []

    def slow():
        asked.append(clock.monotonic_s())
        clock.advance(2)
        return Stop("slow", False)

    switch = Switch([slow], monotonic_s=clock.monotonic_s)
    switch()
    switch()
    assert len(asked) == 2


def test_what_is_written_can_be_read_by_others_and_by_a_machine(file):
    file.put("ada", "why", NOW)
    assert json.loads(file.path.read_text()) == {"by": "ada", "at": "2026-03-01 00:00:00 UTC", "why": "why"}
    assert file.path.stat().st_mode & 0o777 == 0o644
