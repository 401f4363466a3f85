"""Words: times, durations and figures for people; text from labels without what could steer a screen."""

import pytest

from aiops.core.words import clock, count, day, delay, number, percent, plain, quantity, span


@pytest.mark.parametrize(
    "bad", ["\x1b[31m", "\x07", "\x9b", "\n", "\u2028", "\u202e", "\u200f", "\u2066", "\ud800", "\ufeff"]
)
def test_what_could_steer_a_terminal_or_turn_text_is_replaced(bad):
    """S9."""
    assert "\N{REPLACEMENT CHARACTER}" in plain(f"a{bad}b")
    assert bad[0] not in plain(f"a{bad}b")


@pytest.mark.parametrize("good", ["Überwachung", "監視", "a b", "emoji 🚀", "shop/cart-7f9"])
def test_names_that_people_use_stay(good):
    assert plain(good) == good


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 s"),
        (89_499, "89 s"),
        (90_000, "2 min"),
        (5_399_000, "90 min"),
        (5_400_000, "1.5 h"),
        (129_600_000, "1.5 d"),
        (None, "-"),
    ],
)
def test_durations_change_their_unit_where_it_reads_better(ms, words):
    assert span(ms) == words


@pytest.mark.parametrize(
    ("how_many", "words"), [(0, "0 signals"), (1, "1 signal"), (2, "2 signals"), (2400, "2,400 signals")]
)
def test_one_is_singular(how_many, words):
    assert count(how_many, "signal") == words


def test_a_delay_before_is_called_so():
    assert (delay(-120_000), delay(120_000), delay(None)) == ("2 min before", "2 min", "-")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (3.1 * 2**28, "bytes", "794 MiB"),
        (0, "bytes", "0 B"),
        (0.048, "s", "48 ms"),
        (2.5, "s", "2.5 s"),
        (0.0, "s", "0 s"),
        (7200, "s", "2.0 h"),
        (4e-6, "s", "4 µs"),
        (0.0254, "ratio", "2.54 %"),
        (1234.5, "1/s", "1234 1/s"),
        (float("nan"), "s", "-"),
        (float("inf"), "bytes", "∞"),
        (-0.5, "s", "-500 ms"),
        (1.0, "bool", "yes"),
        (9999.0, "", "9999"),
        (34_123.0, "", "34.1k"),
        (12_345_678.0, "1/s", "12.3M 1/s"),
        (-2.5e9, "", "-2500M"),
        (1e300, "", "1e+300"),
        (0.0, "bool", "no"),
    ],
)
def test_quantities_have_the_size_that_people_use(value, unit, words):
    assert quantity(value, unit) == words


def test_times_are_in_utc():
    assert (clock(1_772_323_205_000), day(1_772_323_205_000), clock(None)) == (
        "2026-03-01 00:00:05",
        "1 Mar 00:00",
        "-",
    )


def test_what_is_not_known_is_a_dash():
    assert (number(float("nan")), number(None), percent(None), percent(0.834)) == ("-", "-", "-", "83 %")
