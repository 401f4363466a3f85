"""Shards: where a query may be split by a label, and that no series is lost or asked for twice."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.prometheus.shards import looks, plan, splits
from aiops.errors import Rejected
from aiops.ports import Series


@pytest.mark.parametrize(
    ("query", "label", "sound"),
    [
        ("a", "pod", True),
        ("sum by (pod) (a)", "pod", True),
        ("sum by (namespace) (a)", "pod", False),  # the label is gone
        ("sum without (pod) (a)", "pod", False),
        ("sum without (x) (a)", "pod", True),
        ("a / b", "pod", True),  # both sides must have the same pod
        ("a / on (pod) b", "pod", True),
        ("a / on (namespace) group_left () b", "pod", False),  # b has another pod, or none
        ("a / ignoring (pod) b", "pod", False),
        ("topk(5, a)", "pod", False),  # five of each shard
        ("topk by (pod) (5, a)", "pod", True),
        ("label_replace(a, 'pod', '$1', 'x', '(.*)')", "pod", False),
        ("a or vector(0)", "pod", False),
        ("absent(a)", "pod", False),
        ("made_up(a)", "pod", False),
        ("count_values by (pod) ('pod', a)", "pod", False),
    ],
)
def test_a_label_splits_only_where_it_picks_rows_and_changes_none(query, label, sound):
    assert splits(query, label) is sound


@pytest.mark.parametrize(("hours", "number"), [(1, 1), (11, 1), (12, 2), (24, 3), (336, 3)])
def test_series_are_counted_at_the_end_and_of_a_long_range_earlier_too(hours, number):
    times = looks(0, hours * 3_600_000)
    assert len(times) == number
    assert times[0] == hours * 3_600_000
    assert number == 1 or times[-1] == 0


def counts(sizes):
    """What the server would say to the counting query."""

    def ask(query, at_ms):
        assert query == "count by (namespace, pod) (a\n)"
        labels = tuple({"namespace": namespace, "pod": pod} for namespace, pod in sizes)
        return Series(
            labels, np.array([at_ms]), np.array([[size] for size in sizes.values()], float).reshape(-1, 1)
        )

    return ask


def picks(shard, namespace, pod):
    """Whether a series is in a shard, by the meaning of its matchers."""
    row = {"namespace": namespace, "pod": pod}
    for label, how, value in shard.matchers:
        hit = row[label] == value if how == "=" else re.fullmatch(value, row[label]) is not None
        if hit is (how == "!~"):
            return False
    return True


NAMES = st.text(alphabet="ab.*|+(\\", max_size=3)


@given(
    st.dictionaries(st.tuples(NAMES, NAMES), st.integers(1, 9), max_size=12),
    st.lists(st.tuples(NAMES, NAMES), max_size=5),
    st.integers(1, 12),
)
def test_every_series_is_in_exactly_one_shard_also_one_that_nobody_counted(sizes, others, most):
    shards = plan(counts(sizes), "a", ("namespace", "pod"), [0], most)
    for namespace, pod in [*sizes, *others]:
        assert sum(picks(shard, namespace, pod) for shard in shards) == 1


@given(st.dictionaries(st.tuples(NAMES, NAMES), st.just(1), min_size=1, max_size=12), st.integers(1, 12))
def test_no_shard_has_more_series_than_asked_for_where_targets_are_told_apart(sizes, most):
    shards = plan(counts(sizes), "a", ("namespace", "pod"), [0], most)
    assert all(sum(picks(shard, *one) for one in sizes) <= most for shard in shards)


@pytest.mark.parametrize(("series", "looked"), [(0, 3), (1, 1), (50, 1), (51, 3)])
def test_with_some_but_at_most_a_quarter_of_the_most_one_look_is_enough(series, looked):
    asked = []

    def ask(query, at_ms):
        asked.append(at_ms)
        return counts({("a", "b"): series})(query, at_ms)

    plan(ask, "a", ("namespace", "pod"), [3, 2, 1], 200)
    assert asked == [3, 2, 1][:looked]


def test_few_series_are_not_split_at_all():
    shards = plan(counts({("a", "b"): 200}), "a", ("namespace", "pod"), [0], 200)
    assert [(shard.matchers, shard.series) for shard in shards] == [((), 200)]


def test_a_query_that_cannot_be_counted_stays_whole():
    def refuse(query, at_ms):
        raise Rejected("expected type instant vector in aggregation expression, got scalar")

    assert [shard.matchers for shard in plan(refuse, "a", ("namespace", "pod"), [0], 1)] == [()]
