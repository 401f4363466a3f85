"""Rules: what the loop decides by, made from settings."""

from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.rules import make_rules
from aiops.model import Edge, Target
from aiops.settings import load
from tests.unit.settings.folders import folder

GRAPH = "edges: [{caller: Deployment/shop/web, callee: StatefulSet/shop/db}]"


def edge(cluster):
    return Edge(Target("Deployment", "shop", "web", cluster), Target("StatefulSet", "shop", "db", cluster))


def test_edges_of_the_configuration_are_of_the_cluster_that_is_looked_at(tmp_path):
    """Targets of series carry the cluster's name: edges without it would join nothing."""
    settings = load(folder(tmp_path, "cluster: {name: eu-1}", graph=GRAPH))
    assert make_rules(settings, settings.signals).edges == (edge("eu-1"),)
    assert make_rules(settings, settings.signals, "recorded").edges == (edge("recorded"),)


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
