"""What only the composition root can tell: plug-ins and their parameters, and queries."""

import pytest

from aiops.bootstrap.check import CHECKS
from aiops.settings import load
from tests.unit.settings.folders import folder, playbooks, problems, signals


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("{remediation: rolback}", 'steps[0].remediation: expected "rollback" (did you mean that?)'),
        ("{remediation: shell}", "steps[0].remediation: expected one of adjust_resources, capture_evidence"),
        ("{remediation: cordon, parameters: {force: true}}", "parameters.force: expected no parameters"),
        ("{remediation: rollback, parameters: {revison: 3}}", 'parameters.revison: expected "revision" (did'),
        (
            "{remediation: rollback, parameters: {revision: '3'}}",
            "parameters.revision: expected a value of type int",
        ),
        (
            "{remediation: rollback, parameters: {revision: true}}",
            "parameters.revision: expected a value of type int",
        ),
        (
            "{remediation: rollback, parameters: {revision: 1.5}}",
            "parameters.revision: expected a value of type int",
        ),
        (
            "{remediation: scale_out, parameters: {factor: 11}}",
            "parameters.factor: expected above 1 and at most 10",
        ),
        (
            "{remediation: scale_out, parameters: {factor: 1}}",
            "parameters.factor: expected above 1 and at most 10",
        ),
    ],
)
def test_what_is_wrong_with_a_step(tmp_path, step, says):
    text = playbooks().replace("{remediation: rollback}", step)
    (one,) = problems(folder(tmp_path, playbooks__own=text), CHECKS)
    assert one.startswith("playbooks/own.yaml:5 playbooks[0].steps[0]")
    assert says in one


@pytest.mark.parametrize("factor", ["10", "1.01"])
def test_a_parameter_at_the_edge_is_accepted(tmp_path, factor):
    step = f"{{remediation: scale_out, parameters: {{factor: {factor}}}}}"
    text = playbooks().replace("{remediation: rollback}", step)
    assert load(folder(tmp_path, playbooks__own=text), None, CHECKS).playbooks


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sum(up", "expected PromQL"),
        ("up{job=}", "expected PromQL"),
        ("SELECT 1", "expected PromQL"),
        ("1 + 1", "expected a query with the name of a metric, got a query that selects no series"),
        ("vector(1)", "a query that selects no series"),
        ('{job="a"}', "expected one with it: this matches everything, got a selector without the name"),
        ('{__name__=~".+"}', "this matches everything"),
        ('{__name__=~"(.*)"}', "this matches everything"),
        ('{__name__!="up"}', "this matches everything"),
        ('up{a="b",a="c"}', "expected one value: this matches nothing"),
        ('up / on () {job="a"}', "this matches everything"),
    ],
)
def test_what_is_wrong_with_a_query(tmp_path, query, says):
    """B1: a selector of everything or of nothing is not what its author meant."""
    text = signals().replace("query: up", f"query: '{query}'")
    (one,) = problems(folder(tmp_path, signals__own=text), CHECKS)
    assert one.startswith("signals/own.yaml:3 signals[0].query: ")
    assert says in one


@pytest.mark.parametrize(
    "query", ['{__name__="up"}', '{__name__=~"http_.+"}', 'up{a="b",a!="c"}', "max(up) by (pod)"]
)
def test_a_query_that_names_what_it_selects_is_accepted(tmp_path, query):
    text = signals().replace("query: up", f"query: '{query}'")
    assert load(folder(tmp_path, signals__own=text), None, CHECKS).signals


@pytest.mark.parametrize(
    ("detectors", "says"),
    [
        ("[thresold]", 'detectors[0]: expected "threshold" (did you mean that?)'),
        ("[default, magic]", "detectors[1]: expected one of absence"),
    ],
)
def test_a_detector_of_a_signal_must_exist(tmp_path, detectors, says):
    text = signals().replace("unit: ratio", f"unit: ratio\n    detectors: {detectors}")
    (one,) = problems(folder(tmp_path, signals__own=text), CHECKS)
    assert says in one


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        (
            "{robust_zscor: {}}",
            'detectors.parameters.robust_zscor: expected "robust_zscore" (did you mean that?)',
        ),
        (
            "{robust_zscore: {treshold: 3}}",
            'robust_zscore.treshold: expected "threshold" (did you mean that?)',
        ),
        ("{robust_zscore: {threshold: 0}}", "robust_zscore.threshold: expected a number above 0, got 0"),
        (
            "{robust_zscore: {threshold: high}}",
            "robust_zscore.threshold: expected a value of type float, got 'high'",
        ),
        ("{robust_zscore: 3}", "detectors.parameters.robust_zscore: expected a mapping, got 3"),
    ],
)
def test_what_is_wrong_with_the_parameters_of_a_detector(tmp_path, parameters, says):
    (one,) = problems(folder(tmp_path, f"detectors: {{parameters: {parameters}}}"), CHECKS)
    assert says in one
