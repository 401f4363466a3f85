"""Diagnose: rank an incident's suspects on the samples around its onset, and name its class anew."""

from aiops.core.assess import with_suspects
from aiops.core.rootcause import rank
from aiops.engine.rules import Rules
from aiops.engine.window import Recent
from aiops.model import Facts, Incident, IncidentKind

CALM_MS = 3 * 3_600_000  # of what came before the onset: what normal is measured on


def diagnose(incident: Incident, facts: Facts, recent: Recent, rules: Rules, now_ms: int) -> Incident:
    """``incident`` with suspects, class and severity as they follow from what is known at ``now_ms``."""
    if incident.kind is not IncidentKind.OBSERVED:
        return incident
    suspects = rank(
        recent.between(incident.since_ms - CALM_MS, now_ms + 1),
        {signal.name: signal.role for signal in rules.signals},
        incident.since_ms,
        facts,
        incident.anomalies,
        rules.correlation.change_within_s,
    )
    if not suspects:
        return incident
    return with_suspects(incident, suspects, facts, now_ms, rules.correlation, rules.cluster)
