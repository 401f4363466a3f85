"""Incidents for the page: what the template shows, so that the template holds no logic worth a test."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from aiops.core.classify import TABLE
from aiops.core.score import Score, shown
from aiops.core.words import clock, number, plain, quantity, span
from aiops.model import (
    Anomaly,
    ClusterEvent,
    Direction,
    IncidentStory,
    Moment,
    Plot,
    Story,
    Suspect,
    TrueIncident,
)
from aiops.web.report import plot
from aiops.web.report.decisions import DecisionView, decision_view, kind, main_decision, sentence

SUMMARIES = {row.name: row.summary for row in reversed(TABLE)}
VERBS = {"act": "act", "escalate": "ask", "hold": "hold", "refuse": "refuse"}
MARKED = {"opened": "opened", "closed": "closed", "decided": "decided", "alert": "alert"}
MOST_MOMENTS, MOST_SUSPECTS = 60, 5
FAINT = 0.01  # a suspect with less confidence is only counted


@dataclass(frozen=True, slots=True)
class PlotView:
    """A plot with its caption."""

    svg: Markup
    name: str
    target: str
    words: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident of the report."""

    number: int
    anchor: str
    told: IncidentStory
    summary: str
    delay: str
    lasted: str
    truths: tuple[str, ...]
    false: bool  # no true incident matches, where the truth is known
    plots: tuple[PlotView, ...]
    decision: DecisionView | None
    other_decisions: tuple[DecisionView, ...]
    suspects: tuple[Suspect, ...]  # worth naming; the first one always
    moments: tuple[Moment, ...]
    runbook_url: str


def anchor(incident_id: str) -> str:
    """The fragment of an incident: only what may stand in an address."""
    return "incident-" + "".join(
        letter if letter.isalnum() and letter.isascii() else "-" for letter in incident_id
    )


def incident_view(story: Story, place: int, told: IncidentStory, score: Score | None) -> IncidentView:
    """One incident for the page."""
    incident = told.incident
    truths = truths_of(score, incident.id)
    main = main_decision(told.decisions)
    marks, stretches = marks_of(told), stretches_of(story, told, truths)
    url = main.decision.plan.runbook_url if main is not None else ""
    return IncidentView(
        number=place,
        anchor=anchor(incident.id),
        told=told,
        summary=SUMMARIES.get(incident.incident_class, "no class fits"),
        delay=span(incident.opened_ms - incident.since_ms),
        lasted=lasted(story, told),
        truths=tuple(truth.name for truth in truths),
        false=score is not None and score.source == "truth" and incident.id in score.false_ids,
        plots=tuple(plot_view(one, told, marks, stretches) for one in told.plots),
        decision=decision_view(main) if main is not None else None,
        other_decisions=tuple(decision_view(one) for one in told.decisions if one is not main),
        suspects=worth_naming(incident.suspects, MOST_SUSPECTS),
        moments=told.moments[:MOST_MOMENTS],
        runbook_url=safe_url(url),
    )


def worth_naming(suspects: Sequence[Suspect], most: int) -> tuple[Suspect, ...]:
    """The first suspect, and of the next ones those that are suspected in earnest."""
    return (*suspects[:1], *(one for one in suspects[1:most] if one.confidence >= FAINT))


def lasted(story: Story, told: IncidentStory) -> str:
    """How long an incident lasted, or that it still does."""
    incident = told.incident
    if incident.closed_ms is None:
        return f"{span(story.end_ms - incident.since_ms)}, still open at the end"
    return span(incident.closed_ms - incident.since_ms)


def safe_url(url: str) -> str:
    """``url`` where it is a link to a page; a label may hold anything, a script too (S3)."""
    return plain(url) if url.startswith(("https://", "http://")) else ""


def truths_of(score: Score | None, incident_id: str) -> tuple[TrueIncident, ...]:
    """The true incidents that an incident matches."""
    return (
        tuple(row.truth for row in score.rows if incident_id in row.incident_ids) if score is not None else ()
    )


def marks_of(told: IncidentStory) -> tuple[plot.Mark, ...]:
    """The upright lines of an incident's plots."""
    marks = [
        plot.Mark(one.at_ms, one.what, MARKED[one.what], one.text)
        for one in told.moments
        if one.what in MARKED and one.what != "decided"
    ]
    main = main_decision(told.decisions)
    if main is not None and shown(main).plan.steps:
        marks.append(
            plot.Mark(main.at_ms, "decided", f"would {VERBS[kind(shown(main))]}", sentence(shown(main)))
        )
    at: dict[int, list[ClusterEvent]] = {}
    for event in told.changes:
        at.setdefault(event.at_ms, []).append(event)
    for at_ms, events in at.items():
        label = ", ".join(dict.fromkeys(event.kind for event in events))
        detail = "; ".join(f"{event.target} {event.detail}" for event in events)
        marks.append(plot.Mark(at_ms, "change", label, detail))
    return tuple(marks)


def stretches_of(
    story: Story, told: IncidentStory, truths: Sequence[TrueIncident]
) -> tuple[plot.Stretch, ...]:
    """What lasts, in an incident's plots: itself, and the true incidents it matches."""
    incident = told.incident
    end_ms = incident.closed_ms if incident.closed_ms is not None else story.end_ms
    mine = plot.Stretch(incident.opened_ms, end_ms, "incident", f"incident {incident.id}")
    return mine, *(plot.Stretch(one.start_ms, one.end_ms, "truth", f"true: {one.name}") for one in truths)


def plot_view(
    one: Plot, told: IncidentStory, marks: Sequence[plot.Mark], stretches: Sequence[plot.Stretch]
) -> PlotView:
    """A plot for the page."""
    found = next((each for each in told.incident.anomalies if each.key == (one.target, one.signal)), None)
    words = anomaly_words(found) if found is not None else ""
    return PlotView(
        Markup(plot.draw(one, marks, stretches)),  # noqa: S704 - made by svg.py, which escapes
        one.signal,
        str(one.target),
        words,
    )


def anomaly_words(anomaly: Anomaly) -> str:
    """ "312 MiB, expected at most 210 MiB, score 3": the observed value beside what was expected of it."""
    low, high = anomaly.low, anomaly.high
    unit = anomaly.unit
    if anomaly.expected_at_ms is not None:
        limit = low if anomaly.direction is Direction.DOWN else high
        reached = f"{quantity(limit, unit)} at {clock(anomaly.expected_at_ms)}"
        return f"{quantity(anomaly.observed, unit)}, on its way to {reached}"
    if anomaly.condition:
        return f"{anomaly.condition} since {clock(anomaly.since_ms)}"
    has_low, has_high = low - low == 0 and not low < 0 <= anomaly.observed, high - high == 0
    expected = "not known"
    if has_low and has_high:
        expected = f"{quantity(low, unit)} to {quantity(high, unit)}"
    elif has_high:
        expected = f"at most {quantity(high, unit)}"
    elif has_low:
        expected = f"at least {quantity(low, unit)}"
    return f"{quantity(anomaly.observed, unit)}, expected {expected}, score {number(anomaly.score)}"
