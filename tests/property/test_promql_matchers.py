"""S4: whatever a matcher's value is, it stays a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.prometheus.matchers import inject, literal, quote
from aiops.adapters.prometheus.promql import parse
from aiops.errors import Rejected

QUERIES = [
    "up",
    'a{b="c"}',
    "a{}",
    'sum by (pod) (rate(a{x=~"y|z"}[5m])) / on (pod) group_left () b # {c}',
    'max_over_time((a unless {__name__="b"})[1h:1m]) or a offset 5m',
]
HOSTILE = ['"} or up{x="', "\\", '\\"', "\n", "}", "`", "a\x00b", "\\u0022", "é\u2028", "'} or up #", "#", ""]
VALUES = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(HOSTILE)


def unquoted(text):
    """What Go's strconv.Unquote makes of our quoting."""
    inner, out, at = text[1:-1], [], 0
    while at < len(inner):
        if inner[at] != "\\":
            out.append(inner[at])
            at += 1
        elif inner[at + 1] == "u":
            out.append(chr(int(inner[at + 2 : at + 6], 16)))
            at += 6
        else:
            out.append(inner[at + 1])
            at += 2
    return "".join(out)


@given(VALUES)
def test_a_quoted_value_means_itself(value):
    assert unquoted(quote(value)) == value


@given(st.sampled_from(QUERIES), VALUES, st.sampled_from(["=", "!=", "=~", "!~"]))
def test_a_value_never_leaves_its_quotes_and_is_in_every_selector(query, value, how):
    before, after = parse(query), parse(inject(query, (("cluster", how, value),)))
    assert len(after.selectors) == len(before.selectors)
    for old, new in zip(before.selectors, after.selectors, strict=True):
        assert new.name == old.name
        assert new.matchers == (("cluster", how, quote(value)), *old.matchers)
    assert (after.functions, after.groupings, after.matchings) == (
        before.functions,
        before.groupings,
        before.matchings,
    )


@given(VALUES)
def test_a_value_in_a_regular_expression_matches_itself_alone(value):
    import re  # noqa: PLC0415 - RE2 and re agree on escaped signs

    pattern = literal(value)
    assert re.fullmatch(pattern, value, re.S)
    assert not re.fullmatch(pattern, value + "x", re.S)


@given(st.text(st.sampled_from("ab_{}()[]\"'`\\=~!,#: 15m+-/@\n")))
def test_what_was_read_is_read_again_the_same_with_matchers_and_all_else_is_rejected(query):
    try:
        before = parse(query)
    except Rejected:
        return
    after = parse(inject(query, (("cluster", "=", "x"),)))
    assert [one.name for one in after.selectors] == [one.name for one in before.selectors]
    assert all(one.matchers[0] == ("cluster", "=", '"x"') for one in after.selectors)


def test_half_a_character_is_rejected():
    with pytest.raises(Rejected, match="expected text"):
        quote("\ud800")
