"""Story: what a replay told, put together from its journal alone, with the plots beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from aiops.core.ledger import decision_of
from aiops.engine.bands import Band
from aiops.engine.entries import if_known_of, incidents
from aiops.engine.moments import alert_words, apart, timeline
from aiops.engine.rules import Rules
from aiops.model import (
    Alert,
    Decided,
    Facts,
    Incident,
    IncidentKind,
    IncidentStory,
    Moment,
    Panel,
    Plot,
    Record,
    Story,
    Target,
    TrueIncident,
)
from aiops.ports import Store

BEFORE_MS, AFTER_MS = 5_400_000, 2_700_000  # what a plot shows around an incident
MOST_PLOTS = 6


class Told(Protocol):
    """What of a recording goes into its story."""

    @property
    def name(self) -> str: ...  # noqa: D102 - attributes
    @property
    def start_ms(self) -> int: ...  # noqa: D102
    @property
    def end_ms(self) -> int: ...  # noqa: D102
    @property
    def step_ms(self) -> int: ...  # noqa: D102
    @property
    def truths(self) -> tuple[TrueIncident, ...]: ...  # noqa: D102
    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102


def tell(
    recording: Told,
    rules: Rules,
    store: Store,
    facts: Facts,
    panels: Mapping[str, Panel],
    bands: Mapping[tuple[str, str], Band],
    elapsed_s: float,
    end_ms: int | None = None,
) -> Story:
    """The whole story up to ``end_ms``, or the recording's end; ``facts`` are those of that time, which know
    every event and alert before it."""
    end_ms = recording.end_ms if end_ms is None else end_ms
    found = incidents(store)
    records: dict[str, list[Record]] = {incident_id: [] for incident_id in found}
    starts, weather = [], []
    for record in store.read():
        if record.entry.stream in {"storm", "sight"}:
            weather.append(record)
        if record.entry.kind == "plan_started":
            starts.append(record.entry.at_ms)
        if record.entry.stream in records:
            records[record.entry.stream].append(record)
    stories = [
        one_story(incident, records[incident.id], facts, rules, bands)
        for incident in found.values()
        if incident.kind is not IncidentKind.KNOWN
    ]
    targets = frozenset(target for panel in panels.values() for target in panel.targets)
    known = tuple(truth for truth in recording.truths if truth.start_ms <= end_ms)
    truths = known or candidates(facts.alerts)
    return Story(
        recording=recording.name,
        cluster=rules.cluster,
        start_ms=recording.start_ms,
        end_ms=end_ms,
        step_ms=recording.step_ms,
        series=sum(len(panel.targets) for panel in panels.values()),
        signals=len(panels),
        workloads=len({facts.owner(target) for target in targets}),
        incidents=tuple(sorted(stories, key=lambda story: (story.incident.opened_ms, story.incident.id))),
        known=tuple(one for one in found.values() if one.kind is IncidentKind.KNOWN),
        truths=truths,
        warnings=recording.warnings,
        budgets=budgets(starts, rules),
        elapsed_s=elapsed_s,
        config_digest=rules.digest,
        samples=sum(int(np.isfinite(panel.values).sum()) for panel in panels.values()),
        moments=tuple(moment for record in weather for moment in apart(record)),
        owners=owners([*targets, *named(found.values(), truths)], facts),
    )


def named(incidents: Iterable[Incident], truths: Iterable[TrueIncident]) -> Iterator[Target]:
    """Every target that incidents and true incidents name."""
    for incident in incidents:
        yield from incident.targets
        yield from (suspect.target for suspect in incident.suspects)
    for truth in truths:
        yield from truth.affected
        if truth.target is not None:
            yield truth.target


def owners(targets: Iterable[Target], facts: Facts) -> dict[Target, Target]:
    """Which of ``targets`` are part of a workload, and of which."""
    found = {target: facts.owner(target) for target in targets}
    return {target: owner for target, owner in found.items() if owner != target}


def one_story(
    incident: Incident,
    records: Sequence[Record],
    facts: Facts,
    rules: Rules,
    bands: Mapping[tuple[str, str], Band],
) -> IncidentStory:
    """Decisions, timeline, changes and plots of one incident."""
    end_ms = (incident.closed_ms or incident.updated_ms) + AFTER_MS
    involved = {facts.owner(target) for target in incident.targets} | set(incident.targets)
    changes = tuple(
        event
        for event in facts.events
        if event.is_change
        and incident.since_ms - BEFORE_MS <= event.at_ms <= end_ms
        and event.target in involved
    )
    decisions = tuple(
        Decided(record.entry.at_ms, decision_of(record.entry), if_known_of(record.entry))
        for record in records
        if record.entry.kind == "decided"
    )
    moments = list(timeline(records))
    moments += [
        Moment(one.at_ms, "change", f"{one.kind} {one.target} {one.detail}".strip()) for one in changes
    ]
    moments += [Moment(one.since_ms, "alert", alert_words(one)) for one in incident.alerts]
    return IncidentStory(
        incident,
        decisions,
        tuple(sorted(moments, key=lambda moment: moment.at_ms)),
        plots_of(incident, rules, bands, end_ms, facts),
        changes,
        runbook_of(decisions, rules),
    )


def runbook_of(decisions: Sequence[Decided], rules: Rules) -> str:
    """What the playbook that spoke last tells a person to do."""
    names = {one.decision.plan.playbook for one in decisions[-1:]}
    return next((one.runbook for one in rules.playbooks if one.name in names), "")


def plots_of(
    incident: Incident,
    rules: Rules,
    bands: Mapping[tuple[str, str], Band],
    end_ms: int,
    facts: Facts,
) -> tuple[Plot, ...]:
    """The anomalies' windows: what opened the incident, then those of the first suspect, the worst first."""
    signals = {signal.name: signal for signal in rules.signals}
    ranks = {facts.owner(suspect.target): rank for rank, suspect in enumerate(incident.suspects)}
    order = sorted(
        incident.anomalies,
        key=lambda one: (
            one is not incident.anomalies[0],
            ranks.get(facts.owner(one.target), 99),
            -one.score,
            one.signal,
        ),
    )
    plots: dict[tuple[Target, str], Plot] = {}
    for anomaly in order:
        signal = signals.get(anomaly.signal)
        band = bands.get((anomaly.signal, anomaly.detector)) or next(
            (one for (name, _), one in bands.items() if name == anomaly.signal), None
        )
        if signal is None or band is None or anomaly.key in plots or len(plots) >= MOST_PLOTS:
            continue
        plot = band.plot(signal, anomaly.target, incident.since_ms - BEFORE_MS, end_ms)
        if plot is not None:
            plots[anomaly.key] = plot
    return tuple(plots.values())


def candidates(alerts: Sequence[Alert]) -> tuple[TrueIncident, ...]:
    """Fired alerts as candidates for true incidents: what the pager would have said."""
    return tuple(
        TrueIncident(
            name=alert.name,
            start_ms=alert.since_ms,
            end_ms=alert.until_ms if alert.until_ms is not None else alert.since_ms,
            target=alert.target,
            source="alert",
        )
        for alert in alerts
    )


def budgets(starts: Sequence[int], rules: Rules) -> dict[str, str]:
    """The most plans that any window of each budget saw, beside its limit."""
    limits = rules.policy.budgets
    spans = {
        "cluster per 10 min": (600_000, limits.cluster_per_10min),
        "cluster per hour": (3_600_000, limits.cluster_per_hour),
        "cluster per day": (86_400_000, limits.cluster_per_day),
    }
    return {
        name: f"{max((sum(at - span < one <= at for one in starts) for at in starts), default=0)} of {limit}"
        for name, (span, limit) in spans.items()
    }
