"""Facts of the live loop, rebuilt from kube-state-metrics on a real Prometheus."""

import time

import pytest

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.facts import MetricFacts
from aiops.errors import PortError, Unavailable
from aiops.model import EventKind, PrometheusSettings, Target
from tests.integration import past
from tests.integration.servers import prometheus

pytestmark = [pytest.mark.integration]

CART, DB = Target("Deployment", "shop", "cart"), Target("StatefulSet", "shop", "db")
START_MS = (int(time.time()) // 60 - past.MINUTES - 5) * 60_000


def at(minute):
    return START_MS + minute * past.MINUTE


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    with prometheus(folder, history=past.text(START_MS)) as server:
        source = PrometheusSource(PrometheusSettings(url=server.url))
        yield source
        source.close()


def events(facts, kind):
    return [
        (event.target, (event.at_ms - START_MS) // past.MINUTE)
        for event in facts.events
        if event.kind is kind
    ]


def test_the_first_look_goes_back_so_that_a_recent_rollout_is_known(source):
    facts = MetricFacts(source, "blue").facts(at(100))
    assert facts.at_ms == at(100)
    assert (facts.workloads[CART].replicas, facts.workloads[CART].images) == (2, ("cart:2",))
    assert (CART, past.ROLLOUT) in events(facts, EventKind.ROLLOUT)
    owners = {pod.target.name: pod.owner for pod in facts.pods.values()}
    assert owners == {"cart-bbb-1": CART, "cart-bbb-2": CART, "db-0": DB}
    assert facts.workloads[CART].uid is None


def test_names_are_asked_again_until_kube_state_metrics_shows_them(tmp_path):
    """M7: it was down at the first look; its pods are not taken for its own pod afterwards."""

    def foreign(labels):
        moved = {f"exported_{k}" if k in ("namespace", "pod") else k: v for k, v in labels.items()}
        return {**moved, "namespace": "monitoring", "pod": "exporter-0"}

    with prometheus(tmp_path, history=past.text(START_MS, foreign)) as server:
        source = PrometheusSource(PrometheusSettings(url=server.url))
        watch = MetricFacts(source, "blue")
        assert watch.facts(at(-10)).workloads == {}
        watch.refresh(at(100))
        assert set(watch.facts(at(100)).workloads) == {CART, DB}
        late = MetricFacts(source, "blue").facts(at(past.MINUTES + 10))  # down since 10 min, as it starts
        assert [at for at, _ in events(late, EventKind.SCALE)] == [CART]
        source.close()


def test_later_looks_add_what_happened_since_and_forget_what_is_gone(source):
    watch = MetricFacts(source, "blue", ("aiops.dev/opt-in",))
    watch.facts(at(89))
    for minute in range(90, 126, 5):
        watch.refresh(at(minute))
    facts = watch.facts(at(126))
    assert facts.at_ms == at(125)  # the newest refresh, not the time of asking
    assert CART in [target for target, _ in events(facts, EventKind.ROLLOUT)]
    assert [owner for owner, _ in events(facts, EventKind.OOM_KILLED)]
    assert "cart-aaa-1" not in {pod.target.name for pod in facts.pods.values()}
    assert {condition.name for condition in facts.conditions} >= {"CrashLoopBackOff"}
    assert [alert.name for alert in facts.alerts if alert.until_ms is None] == ["DbDown"]
    assert facts.namespace_labels["shop"]["aiops.dev/opt-in"] == "true"


def test_it_keeps_what_is_true_however_old_and_drops_what_is_over(source):
    """Refreshes do not grow for ever: a state keeps its beginning, an old change is no suspect."""
    watch = MetricFacts(source, "blue")
    watch.facts(at(100))
    watch._history.forget(at(99))  # what six hours would do
    watch.refresh(at(104))
    facts = watch.facts(at(104))
    assert facts.workloads[CART].replicas == 2
    assert all(len(steps) <= 2 for rows in watch._history.tracks.values() for steps in rows.values())


def test_a_server_that_is_gone_leaves_what_was_known_to_grow_old(source):
    watch = MetricFacts(source, "blue")
    known, told = watch.facts(at(100)), []
    down = PrometheusSource(PrometheusSettings(url="http://127.0.0.1:9", retries=0))
    watch._source = down
    with pytest.raises(Unavailable):
        watch.refresh(at(160))
    watch.keep_fresh(lambda: at(160), lambda what, error: told.append((what, isinstance(error, PortError))))
    assert told == [("facts", True)]
    assert watch.facts(at(160)) == known
    assert watch.facts(at(160)).at_ms == at(100)


def test_a_first_look_that_fails_is_told_by_our_own_error():
    """Unknown, not empty: nothing is taken for a cluster without workloads."""
    down = PrometheusSource(PrometheusSettings(url="http://127.0.0.1:9", retries=0))
    with pytest.raises(Unavailable):
        MetricFacts(down, "blue").facts(at(0))
