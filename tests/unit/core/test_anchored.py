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


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a*", ["", "a", "aaa"], ["b", "ab"]),
        ("a+", ["a", "aaa"], ["", "b"]),
        ("a?", ["", "a"], ["aa"]),
        ("a+?b", ["ab", "aab"], ["b"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]),
        ("a{1,3}", ["a", "aaa"], ["", "aaaa"]),
        ("a{0}", [""], ["a"]),
        ("(ab){2,3}", ["abab", "ababab"], ["ab", "abababab"]),
        ("(a|b)+c", ["abc", "bc"], ["c", "abd"]),
        ("(?:ab|)c", ["abc", "c"], ["ac"]),
        ("a|b|", ["a", "b", ""], ["ab"]),
        ("^a$", ["a"], ["^a$", ""]),
        ("a^b", [], ["ab", "a^b"]),
        ("a$b", [], ["ab", "a$b"]),
        ("$a", [], ["a"]),
        ("a^", [], ["a"]),
        (".", ["a", "é"], ["", "\n", "ab"]),
        ("(?s).", ["a", "\n"], [""]),
        ("(?i)aB", ["ab", "AB", "Ab"], ["a", "cb"]),
        ("(?i)[a-c]+", ["ABC", "abc"], ["d"]),
        ("(?is)A.", ["a\n", "AB"], ["b."]),
        ("(?si)A.", ["a\n"], ["\n"]),
        ("aB", ["aB"], ["ab", "AB"]),
        (r"\d+", ["0", "19"], ["a", "٣", ""]),
        (r"\D", ["a", "٣"], ["1"]),
        (r"\w+", ["a_1"], ["-", "é"]),
        (r"\W", ["-"], ["a", "_"]),
        (r"\s", [" ", "\t"], ["a"]),
        (r"\S", ["a"], [" "]),
        (r"\n\t", ["\n\t"], ["nt"]),
        (r"a\.b\-c\*", ["a.b-c*"], ["axb-c*", "a.b-c"]),
        (r"\\", ["\\"], ["a"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[^]a]", ["b"], ["]", "a"]),
        ("[a-c-]", ["a", "b", "-"], ["d"]),
        ("[-a]", ["-", "a"], ["b"]),
        (r"[\d_]", ["1", "_"], ["a"]),
        (r"[\]\-\n]", ["]", "-", "\n"], ["n", "a"]),
        ("[a-a]", ["a"], ["b"]),
        ("[^a-c]", ["d", "\n"], ["a", "c"]),
        ("a}", ["a}"], ["a"]),
        ("a]", ["a]"], ["a"]),
    ],
)
def test_each_form_matches_what_it_says_and_nothing_else(pattern, yes, no):
    made = Anchored(pattern)
    assert [text for text in yes if not made.matches(text)] == []
    assert [text for text in no if made.matches(text)] == []


@pytest.mark.parametrize(
    "pattern",
    ["[b-a]", "[a", "[a-", r"[\q]", "a\\", r"\q", "a{x}", "a{3,2}", "(?i", "(?P<a>b)", "+a", "?"],
)
def test_a_form_that_is_cut_off_or_turned_round_is_an_error(pattern):
    with pytest.raises(ValueError, match="pattern: expected"):
        Anchored(pattern)


@pytest.mark.parametrize(("depth", "good"), [(19, True), (20, False)])
def test_nineteen_groups_in_each_other_are_the_most(depth, good):
    """The pattern itself is the twentieth."""
    pattern = "(" * depth + "a" + ")" * depth
    if good:
        assert Anchored(pattern).matches("a")
    else:
        with pytest.raises(ValueError, match="at most 20 groups"):
            Anchored(pattern)


def test_a_text_that_is_too_long_for_a_label_is_an_error():
    assert Anchored("a*").matches("a" * 1_000)
    with pytest.raises(ValueError, match="at most 1000 characters"):
        Anchored("a*").matches("a" * 1_001)
