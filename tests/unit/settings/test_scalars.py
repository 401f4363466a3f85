"""Scalars: what two readers of YAML would take for different things is refused, with advice (S2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.settings import scalars
from aiops.settings.document import Scalar
from aiops.settings.scalars import UnfitError


def plain(text):
    return Scalar(text, True, 1)


def quoted(text):
    return Scalar(text, False, 1)


@pytest.mark.parametrize(
    "text", ["no", "NO", "off", "y", "true", "1e3", "017", "0o17", "0x1f", "1_000", ".nan", "~", ""]
)
def test_text_that_could_be_something_else_must_stand_in_quotes(text):
    with pytest.raises(UnfitError):
        scalars.text(plain(text))
    assert scalars.text(quoted(text)) == text


@pytest.mark.parametrize("text", ["nope", "Norway", "1.2.3-rc", "v1", "on-call", "8.2.2 b", "/no"])
def test_text_that_can_only_be_text_needs_no_quotes(text):
    assert scalars.text(plain(text)) == text


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\u202eb", "a\x00", "a\rb"])
def test_text_does_not_steer_a_terminal(text):
    """S9."""
    with pytest.raises(UnfitError, match="control characters"):
        scalars.text(quoted(text))


@pytest.mark.parametrize(
    "text", ["1e3", "1.0", "017", "0o17", "0x1f", "1_000", "+", "", "9" * 30, "9007199254740993"]
)
def test_a_whole_number_is_written_in_decimal_and_small_enough_to_be_exact(text):
    with pytest.raises(UnfitError):
        scalars.whole(plain(text))


def test_a_number_in_quotes_is_text():
    assert scalars.whole(plain("12")) == 12
    with pytest.raises(UnfitError, match="without quotes"):
        scalars.whole(quoted("12"))


@pytest.mark.parametrize("text", [".nan", ".inf", "-.inf", "nan", "inf", "1e999", "1.", ".5", "1,5", "0x1p3"])
def test_a_number_is_finite_and_decimal(text):
    with pytest.raises(UnfitError):
        scalars.number(plain(text))


@pytest.mark.parametrize("text", ["yes", "no", "on", "1", "tRue", "t"])
def test_a_truth_is_true_or_false(text):
    assert scalars.truth(plain("false")) is False
    with pytest.raises(UnfitError, match="true or false"):
        scalars.truth(plain(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("90m", 5400),
        ("1h30m", 5400),
        ("14d", 1_209_600),
        ("2w", 1_209_600),
        ("250ms", 0.25),
        ("0s", 0),
    ],
)
def test_a_duration_is_text_with_its_unit(text, seconds):
    assert scalars.duration(plain(text)) == seconds


@pytest.mark.parametrize("text", ["15", "s", "15 s", "-1s", "1M", "1y", "1e3s", "11000w", ""])
def test_a_duration_without_a_unit_or_beyond_ten_years_is_refused(text):
    with pytest.raises(UnfitError, match="duration with its unit"):
        scalars.duration(plain(text))


@given(st.integers(0, 315_360_000_000))
def test_a_duration_that_is_spelled_is_read_back(milliseconds):
    """Up to ten years of 365 days, in milliseconds."""
    assert scalars.duration(plain(scalars.spell(milliseconds / 1000))) == milliseconds / 1000
