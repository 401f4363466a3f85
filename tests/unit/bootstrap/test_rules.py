"""Rules: what the loop decides by, made from settings."""

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.bootstrap.check import CHECKS
from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.rules import make_rules
from aiops.bootstrap.run import assemble
from aiops.errors import ConfigError
from aiops.settings import load
from tests.fakes.source import FakeSource
from tests.unit.settings.folders import folder, problems, signals

GRAPH = "edges: [{caller: Deployment/shop/web, callee: StatefulSet/shop/db}]"


def test_series_edges_and_facts_name_the_same_targets(tmp_path):
    """Targets are compared as they are: a cluster's name in one place only and no pod has a workload."""
    settings = load(folder(tmp_path, "cluster: {name: eu-1}", graph=GRAPH))
    live = assemble(settings, MemoryStore(), FakeSource({}), tmp_path, None)
    (edge,) = live.loop.rules.edges
    assert {edge.caller.cluster, edge.callee.cluster, live.collector.cluster} == {""}
    assert live.loop.rules.cluster == "eu-1"


def test_a_forest_reads_the_signals_that_the_configuration_names(tmp_path):
    main = "detectors: {forests: {isolation_forest: [errors, latency]}}"
    settings = load(folder(tmp_path, main, signals__own=signals("errors", "latency")), None, CHECKS)
    assert make_rules(settings, settings.signals).forests == {"isolation_forest": ("errors", "latency")}


def test_a_forest_over_a_signal_that_nobody_has_is_refused(tmp_path):
    settings = load(folder(tmp_path, "detectors: {forests: {isolation_forest: [errors, latecny]}}"))
    with pytest.raises(ConfigError, match="'latecny'"):
        make_rules(settings, settings.signals)


@pytest.mark.parametrize(
    ("forests", "says"),
    [
        ("{isolation_forrest: [errors, latency]}", '"isolation_forest" (did you mean that?)'),
        ("{ewma_level: [errors, latency]}", "a detector of several signals"),
        ("{isolation_forest: [errors, errors]}", "two or more signals"),
    ],
)
def test_a_forest_that_is_none_is_named(tmp_path, forests, says):
    (problem,) = problems(folder(tmp_path, f"detectors: {{forests: {forests}}}"), CHECKS)
    assert says in problem


def test_every_shipped_signal_has_its_detectors():
    settings = load_shipped()
    rules = make_rules(settings, settings.signals)
    for signal in rules.signals:
        for name in signal.detectors:
            assert rules.detector(name, signal, 15.0)


def test_every_step_of_the_shipped_playbooks_can_be_made():
    rules = make_rules(load_shipped(), ())
    for book in rules.playbooks:
        for step in book.steps:
            assert rules.remediation(step.remediation, step.parameters).rights is not None
