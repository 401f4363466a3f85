"""PromQL as far as we read it: every selector is found, and what is unknown is refused."""

import re

import pytest

from aiops.adapters.prometheus.promql import Grouping, Matching, parse
from aiops.adapters.prometheus.tokens import MAX_QUERY
from aiops.errors import Rejected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("up", ["up"]),
        ("a + on (x) group_left (y) b", ["a", "b"]),
        ("sum by (pod) (rate(a[5m])) / sum(b) by (pod)", ["a", "b"]),
        ('{__name__=~"a|b"}', [""]),
        ("topk(5, a) or a offset 5m unless b @ 1700000000", ["a", "a", "b"]),
        ("max_over_time(rate(a[1m])[1h:5m] offset -1d)", ["a"]),
        ("sum", ["sum"]),  # a metric may be called as an aggregation is
        ("histogram_quantile(0.9, a) # up\n", ["a"]),
        ("-a^-b", ["a", "b"]),
        ("a == bool 1 and job:b:rate5m", ["a", "job:b:rate5m"]),
        ("(((a)))", ["a"]),
        ("label_replace(a, 'x', '$1', 'y', '(.*)')", ["a"]),
        ("1 + 0x1F + 1e3 + Inf + NaN", []),
        ("a @ start() + b @ end()", ["a", "b"]),
    ],
)
def test_every_selector_is_found(query, names):
    assert [one.name for one in parse(query).selectors] == names


def test_strings_hold_whatever_they_hold():
    matchers = parse(r"""a{x="}\"",y='{\'b',z=`c}`}""").selectors[0].matchers
    assert matchers == (("x", "=", r'"}\""'), ("y", "=", r"'{\'b'"), ("z", "=", "`c}`"))


def test_groupings_and_matchings_are_told():
    parsed = parse("sum by (a, b) (x) / on (a) group_left (c) max without (d) (y)")
    assert parsed.groupings == [
        Grouping("sum", True, frozenset({"a", "b"})),
        Grouping("max", False, frozenset({"d"})),
    ]
    assert parsed.matchings == [Matching(True, frozenset({"a"}))]


def test_reach_adds_up_ranges_and_offsets():
    assert parse("rate(a[5m] offset 1h30m)").reach_s == 300 + 5400


@pytest.mark.parametrize(
    ("query", "plain"), [('a{b="c"}', True), ("(a)", True), ("a[5m]", False), ("-a", False)]
)
def test_only_a_lone_selector_is_plain(query, plain):
    assert parse(query).plain is plain


@pytest.mark.parametrize(
    "query",
    [
        "",
        "a b",
        "a{",
        'a{b="c}',
        "a{b}",
        "sum(",
        "a[5m",
        "a)",
        "rate(a[5m]))",
        "a;b",
        "$x",
        "a{b=='c'}",
        "a offset",
    ],
)
def test_what_is_not_promql_is_refused_with_its_place(query):
    with pytest.raises(Rejected, match=r"query, at character \d+"):
        parse(query)


def test_brackets_nest_sixty_deep_and_no_deeper():
    assert parse("(" * 60 + "a" + ")" * 60).plain
    with pytest.raises(Rejected, match=re.escape("at most 60 levels")):
        parse("(" * 61 + "a" + ")" * 61)


def test_a_query_is_at_most_64_kib():
    assert parse("a" * MAX_QUERY).selectors
    with pytest.raises(Rejected, match="at most 65536 characters"):
        parse("a" * (MAX_QUERY + 1))
