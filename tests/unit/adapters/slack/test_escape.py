"""Escaping: nothing from a label steers what people read (H9)."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.slack.escape import escape, escape_lines, group, unescape, unmarked, user

ACTIVE = re.compile(r"<[^>]*>")
UNSEEN = "\u200b\u200d\u2060\u202e\u2066\ufeff\u00ad\u3164\U000e0041\x1b\x07\x00"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<!channel> now", "&lt;!channel&gt; now"),
        ("<@U012> did it", "&lt;@U012&gt; did it"),
        ("<!subteam^S01>", "&lt;!subteam^S01&gt;"),
        ("<https://evil.example|docs>", "&lt;https[:]//evil.example|docs&gt;"),
        ("https://evil.example", "https[:]//evil.example"),
        ("mailto:a@evil.example", "mailto[:]a@evil.example"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("two\nlines", "two lines"),
        ("```code``` ends", "'''code''' ends"),
        ("pay\u202egnp.exe", "pay\ufffdgnp.exe"),
    ],
)
def test_what_would_steer_slack_is_only_shown(raw, shown):
    """H9"""
    assert escape(raw) == shown


@given(st.text(max_size=400), st.integers(min_value=1, max_value=200))
def test_no_text_is_active_longer_than_its_limit_or_cut_in_an_entity(raw, limit):
    """H9"""
    for made in (escape(raw, limit), escape_lines(raw, limit)):
        assert len(made) <= limit
        assert not ACTIVE.search(made)
        assert not re.search(r"&(?!amp;|lt;|gt;)", made)
        assert "://" not in made


@given(st.text(alphabet=st.sampled_from([*UNSEEN, "a", " "]), max_size=50))
def test_nothing_unseen_stays(raw):
    """H9"""
    assert not set(escape(raw)) & set(UNSEEN)
    assert not set(unmarked(raw, 40)) & set(UNSEEN)


@given(st.text(max_size=200))
def test_a_short_text_without_tricks_reads_as_it_was(raw):
    plain = "".join(one for one in raw if one.isalnum() and one.isascii())
    assert html.unescape(escape(plain)) == plain


@given(st.text(max_size=300), st.integers(min_value=1, max_value=75))
def test_a_plain_text_field_holds_no_control_character_of_slack(raw, limit):
    """H9"""
    made = unmarked(raw, limit)
    assert len(made) <= limit
    assert not set(made) & set("<>&\n")


def test_lines_of_a_command_stay_lines():
    assert escape_lines("a <x\nb") == "a &lt;x\nb"


def test_only_ids_of_ours_become_mentions():
    """H9"""
    assert user("U0123") == "<@U0123>"
    assert group("S0123") == "<!subteam^S0123>"
    for bad in ("", "u01", "U01|x", "!channel", "S01", "U01>", "U01\n"):
        with pytest.raises(ValueError, match="expected an id"):
            user(bad)
    for bad in ("", "U01", "S01>", "S01|@here"):
        with pytest.raises(ValueError, match="expected an id"):
            group(bad)


@given(st.text(max_size=100))
def test_what_a_person_types_comes_back_as_typed(typed):
    wire = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert unescape(wire) == typed
