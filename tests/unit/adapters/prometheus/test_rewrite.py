"""Rewrite: the same query for a server that names things otherwise."""

import pytest

from aiops.adapters.prometheus import rewrite
from aiops.errors import Rejected

USED = 'sum by (namespace, pod) (rate(a{pod!="pod", x="ns"}[1m])) / on (pod) b # pod'


def test_labels_are_renamed_in_matchers_and_lists_and_never_in_strings_or_comments():
    renamed = rewrite.renamed(USED, {"pod": "exported_pod", "namespace": "n", "ns": "never"})
    assert renamed == (
        'sum by (n, exported_pod) (rate(a{exported_pod!="pod", x="ns"}[1m])) / on (exported_pod) b # pod'
    )


def test_where_metrics_differ_each_is_brought_to_the_names_of_the_query():
    query = 'sum by (pod) (rate(a{pod!=""}[1m])) / sum by (pod) (b{pod!=""})'
    there = {"a": {}, "b": {"pod": "exported_pod"}}
    assert rewrite.normalised(query, there.__getitem__) == (
        'sum by (pod) (rate(a{pod!=""}[1m])) / sum by (pod)'
        ' (label_replace(b{exported_pod!=""}, "pod", "$1", "exported_pod", "(.*)"))'
    )
    back = {"a": {"pod": "pod_name"}, "b": {}}
    assert rewrite.normalised(query, back.__getitem__).startswith(
        'sum by (pod) (label_replace(rate(a{pod_name!=""}[1m]), "pod", "$1", "pod_name", "(.*)"))'
    )


def test_a_recorded_series_stands_in_for_the_rate_it_was_recorded_from():
    assert (
        rewrite.replaced('sum by (pod) (rate(a{x="y"}[1m])) / rate(b[1m])', "a", "pod:a:rate5m")
        == 'sum by (pod) (pod:a:rate5m{x="y"}) / rate(b[1m])'
    )


@pytest.mark.parametrize(
    ("window", "interval_s", "expected"),
    [
        ("1m", 15, "1m"),
        ("1m", 30, "2m"),
        ("1m", 5, "20s"),
        ("2m", 0.25, "1s"),
        ("2m", 0.1, "400ms"),
        ("10m", 5, "10m"),  # counts restarts in ten minutes
        ("10m", 300, "20m"),
    ],
)
def test_a_window_holds_four_scrapes(window, interval_s, expected):
    assert rewrite.windowed(f"rate(a[{window}])", interval_s) == f"rate(a[{expected}])"


def test_uses_tell_metrics_from_functions_labels_and_keywords():
    query = "topk by (x) (5, a) + ignoring (y) group_left (z) b unless c offset 5m and sum(d) by (e)"
    assert [use.metric for use in rewrite.uses(query)] == ["a", "b", "c", "d"]
    assert rewrite.listed_labels(query) == {"x", "y", "z", "e"}


def test_a_range_without_its_function_is_rejected():
    with pytest.raises(Rejected, match="inside the brackets of a function"):
        rewrite.uses("a[5m]")
