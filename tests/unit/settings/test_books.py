"""Playbooks: a matcher that fits everything, or that could never fit, is refused (B1)."""

import pytest

from aiops.core.classify import TABLE
from aiops.model import Direction, Impact, Mode
from aiops.settings import load
from tests.unit.settings.folders import folder, problems, signals

BOOK = """\
playbooks:
  - name: back
    version: "1"
    when: {when}
    steps: [{{remediation: rollback}}]
"""


def told(root, when="{classes: [crash_loop]}", change=("", ""), **files):
    return problems(folder(root, playbooks__own=BOOK.format(when=when).replace(*change), **files))


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{}", "when: expected classes or symptoms, got none: it matches all incidents"),
        ("{classes: []}", "when: expected classes or symptoms"),
        ("{kinds: [Deployment], namespaces: [shop]}", "when: expected classes or symptoms"),
        (
            "{symptoms: [{}]}",
            "when.symptoms[0]: expected a role, a signal or a condition, got none: it matches",
        ),
        ("{symptoms: [{direction: up}]}", "when.symptoms[0]: expected a role, a signal or a condition"),
        ("{classes: ['']}", "when.classes[0]: expected one of"),
        ("{classes: ['*']}", "when.classes[0]: expected one of"),
        ("{classes: [memory_leek]}", 'when.classes[0]: expected "memory_leak" (did you mean that?)'),
        (
            "{classes: [crash_loop], kinds: [deployment]}",
            'when.kinds[0]: expected "Deployment" (did you mean',
        ),
        ("{classes: [crash_loop], kinds: ['*']}", "when.kinds[0]: expected one of"),
        ("{classes: [crash_loop], namespaces: ['shop-*']}", "when.namespaces[0]: expected the exact name"),
        ("{classes: [crash_loop], namespaces: ['']}", "when.namespaces[0]: expected the exact name"),
        ("{classes: [crash_loop], min_confidence: 1.01}", "when.min_confidence: expected 0 to 1, got 1.01"),
        (
            "{classes: [node_pressure], kinds: [Node], namespaces: [shop]}",
            "namespaces: expected no namespaces",
        ),
        ("{classes: [node_pressure], kinds: [Node], labels: {a: b}}", "labels: expected no labels"),
        (
            "{classes: [crash_loop], changed_within: 10m, unchanged_for: 11m}",
            "when.unchanged_for: expected one of the two, or it would never match",
        ),
        ("{symptoms: [{signal: error}]}", 'when.symptoms[0].signal: expected "errors" (did you mean that?)'),
        (
            "{symptoms: [{signal: errors, role: latency}]}",
            "symptoms[0].role: expected errors, as signal errors",
        ),
        (
            "{symptoms: [{role: cpu, condition: OOMKilled}]}",
            "symptoms[0].role: expected condition or no role",
        ),
        ("{symptoms: [{condition: OOMKiled}]}", 'symptoms[0].condition: expected "OOMKilled" (did you mean'),
        (
            "{symptoms: [{condition: OOMKilled, direction: down}]}",
            "symptoms[0].direction: expected up or none",
        ),
        ("{symptoms: [{role: cpu, direction: both}]}", "symptoms[0].direction: expected up or down"),
    ],
)
def test_a_matcher_of_everything_or_of_nothing_is_refused(tmp_path, when, says):
    """B1."""
    (one,) = told(tmp_path, when)
    assert says in one


@pytest.mark.parametrize(
    "when",
    [
        "{classes: [crash_loop], changed_within: 10m, unchanged_for: 10m}",
        "{classes: [crash_loop], kinds: [Rollout]}",  # somebody's own kind
        "{classes: [node_pressure], kinds: [Node, Deployment], namespaces: [shop]}",
        "{symptoms: [{signal: errors, role: errors, direction: up}, {condition: OOMKilled}]}",
        "{classes: [unclassified], symptoms: [{role: queue}], labels: {app.kubernetes.io/name: cart}}",
    ],
)
def test_a_matcher_that_can_fit_is_accepted(tmp_path, when):
    assert load(folder(tmp_path, playbooks__own=BOOK.format(when=when))).playbooks


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_incident_class_can_be_matched(tmp_path, row):
    when = f"{{classes: [{row.name}]}}"
    assert load(folder(tmp_path, playbooks__own=BOOK.format(when=when))).playbooks


def test_a_symptom_is_not_called_unknown_while_its_signal_cannot_be_read(tmp_path):
    broken = signals("errors").replace("role: errors", "role: eror")
    (one,) = told(tmp_path, "{symptoms: [{signal: errors}]}", signals__own=broken)
    assert one.startswith("signals/own.yaml")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("name: back", "name: Back_1"), "name: expected a name of small letters"),
        (('version: "1"', "version: 1"), 'version: expected text, in quotes: "1", got 1'),
        (('version: "1"', 'version: ""'), "version: expected a version"),
        (
            ("steps: [{remediation: rollback}]", "steps: []"),
            "playbooks[0]: expected steps, or do_nothing_because",
        ),
        (
            ("steps:", "do_nothing_because: it heals\n    steps:"),
            "do_nothing_because: expected either of the two",
        ),
        (("steps:", "cooldown: 30s\n    steps:"), "cooldown: expected 1m to 30d, got 30s"),
        (("steps:", "max_attempts: 0\n    steps:"), "max_attempts: expected 1 to 100, got 0"),
        (("steps:", "mode: automatic\n    steps:"), 'mode: expected "auto" (did you mean that?)'),
        (("steps:", "approvers: ['']\n    steps:"), "approvers: expected roles with a name"),
        (
            ("steps:", "runbook_url: javascript:x\n    steps:"),
            "runbook_url: expected an address such as https",
        ),
        (("steps:", "verification: {good: 5}\n    steps:"), "verification.good: expected at most 4"),
        (("steps:", "verification: {settle: 11m}\n    steps:"), "verification.settle: expected at most 600"),
        (
            ("steps:", "verification: {signals: [eror]}\n    steps:"),
            'verification.signals[0]: expected "errors" (did you',
        ),
        (("steps: [{", "steps: [{impact: none, "), "steps[0].impact: expected one of high, low, medium"),
        (("steps: [{", "steps: [{command: rm, "), "steps[0].command: expected one of"),
        (
            ("rollback}]", "rollback, parameters: {a: [1]}}]"),
            "steps[0].parameters.a: expected a single value",
        ),
        (
            ("rollback}]", "rollback, parameters: {a: .nan}}]"),
            "steps[0].parameters.a: expected text, in quotes",
        ),
    ],
)
def test_what_is_wrong_with_a_playbook(tmp_path, change, says):
    (one,) = told(tmp_path, change=change)
    assert says in one


def test_a_playbook_is_read(tmp_path):
    text = """\
playbooks:
  - name: back
    version: "2"
    summary: go back
    when: {symptoms: [{signal: errors, direction: up}], changed_within: 1h30m}
    steps:
      - {remediation: rollback, parameters: {revision: 3, share: 1.5, named: "3", sure: true}, impact: high}
    verification: {settle: 90s, good: 2}
    mode: ask
    cooldown: 1d
"""
    (book,) = load(folder(tmp_path, playbooks__own=text)).playbooks
    (symptom,), (step,) = book.when.symptoms, book.steps
    assert (symptom.signal, symptom.direction, symptom.role) == ("errors", Direction.UP, None)
    assert book.when.changed_within_s == 5400
    assert dict(step.parameters) == {"revision": 3, "share": 1.5, "named": "3", "sure": True}
    assert (step.impact, book.mode, book.cooldown_s) == (Impact.HIGH, Mode.ASK, 86_400)
    assert (book.verification.settle_s, book.verification.good, book.verification.of) == (90, 2, 4)
