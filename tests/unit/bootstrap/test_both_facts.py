"""Facts from two sources of which either may fail: what is left, and what is told."""

import pytest

from aiops.bootstrap.facts import BothFacts
from aiops.errors import Unavailable
from aiops.model import Edge, Facts, Target, Workload

CART, WEB = Target("Deployment", "shop", "cart"), Target("Deployment", "shop", "web")
CLUSTER = Facts(1000, workloads={CART: Workload(CART, "uid")})
METRIC = Facts(990, workloads={CART: Workload(CART)}, edges=(Edge(WEB, CART),))


class Source:
    """Answers with its facts, or fails."""

    def __init__(self, facts):
        self.known, self.down = facts, ""

    def facts(self, at_ms):
        if self.down:
            raise Unavailable(self.down)
        return self.known


@pytest.fixture
def both():
    told = []
    facts = BothFacts(Source(CLUSTER), Source(METRIC), lambda name, error: told.append(f"{name}: {error}"))
    facts.cluster, facts.metric, facts.told = facts._cluster, facts._metric, told
    return facts


def test_both_are_joined(both):
    found = both.facts(1000)
    assert (found.workloads[CART].uid, found.edges) == ("uid", METRIC.edges)


def test_metrics_that_fail_do_not_stop_the_cluster(both):
    """M1: what is unknown is named."""
    both.metric.down = "no Prometheus"
    found = both.facts(1000)
    assert found.workloads[CART].uid == "uid"
    assert found.unknown == {"edges", "alerts"}


def test_a_cluster_that_was_never_read_leaves_what_can_be_shown_and_not_sent(both):
    """E9: without a uid nothing is acted upon."""
    both.cluster.down = "not listed yet"
    assert both.facts(1000) == METRIC
    assert both.facts(1000).workloads[CART].uid is None


def test_where_both_fail_it_is_the_clusters_failure(both):
    both.cluster.down, both.metric.down = "no cluster", "no Prometheus"
    with pytest.raises(Unavailable, match="no cluster"):
        both.facts(1000)


def test_a_failure_is_told_once_until_it_is_over(both):
    both.metric.down = "gone"
    both.facts(1000)
    both.facts(1015)
    both.metric.down = ""
    both.facts(1030)
    both.metric.down = "gone"
    both.facts(1045)
    assert both.told == ["facts: gone", "facts: gone"]


def test_without_metrics_at_all_the_cluster_is_enough():
    found = BothFacts(Source(CLUSTER), None, lambda *_: None).facts(1000)
    assert found.workloads[CART].uid == "uid"
