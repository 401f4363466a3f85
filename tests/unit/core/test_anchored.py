"""Anchored: the same answers as a backtracking matcher, in linear time whatever a stranger wrote (S2)."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.anchored import LONGEST, Anchored

ATOMS = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(?:ab|)", r"\d", "[0-9x-z]", r"\.", "(a*b)", "a-b"]
COUNTS = ["", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?"]


@given(
    st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from(COUNTS)), max_size=4).map(
        lambda parts: "".join(atom + count for atom, count in parts)
    ),
    st.text(alphabet="ab1.x\n-", max_size=8),
)
def test_it_agrees_with_pythons_own_on_what_both_read(pattern, text):
    assert Anchored(pattern).matches(text) == bool(re.fullmatch(pattern, text, re.ASCII))


@pytest.mark.parametrize("pattern", ["(a*)*(a*)*b", "(.*)+.*.*.*.*.*x", "(a|aa)+b", "(a?){30}a{30}b"])
def test_a_pattern_made_to_backtrack_is_answered_at_once(pattern):
    """S2: Python's own would take longer than the age of the universe for these."""
    began = time.process_time()
    assert not Anchored(pattern).matches("a" * 253)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(",
        "a)",
        "[",
        "a{9999}",
        "(a{50}){50}",
        r"\1",
        "*",
        "(" * 30 + ")" * 30,
        r"\pL",
        "[[:alpha:]]",
    ],
)
def test_what_it_does_not_read_is_an_error_and_no_guess(pattern):
    with pytest.raises(ValueError, match="pattern: expected"):
        Anchored(pattern)


@pytest.mark.parametrize(("length", "good"), [(LONGEST, True), (LONGEST + 1, False)])
def test_a_pattern_may_be_five_hundred_characters_long(length, good):
    if good:
        assert Anchored("a" * length).matches("a" * length)
    else:
        with pytest.raises(ValueError, match="at most 500 characters"):
            Anchored("a" * length)


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("cart-.*", "cart-1", True),
        ("cart-.*", "my-cart-1", False),  # anchored at both ends, as Alertmanager does
        ("(?i)Cart-.*", "CART-1", True),
        ("^cart$", "cart", True),
        ("shop|bank", "bank", True),
        ("shop|bank", "banks", False),
        ("", "", True),
    ],
)
def test_matchers_as_people_write_them(pattern, text, same):
    assert Anchored(pattern).matches(text) is same
