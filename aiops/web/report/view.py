"""View: from model values to what the template shows, so that the template holds no logic worth a test."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from aiops.core.classify import TABLE
from aiops.core.policy import why
from aiops.core.score import Score, shown
from aiops.core.words import clock, number, percent, plain, quantity, span
from aiops.model import (
    Act,
    Anomaly,
    ClusterEvent,
    Decided,
    Decision,
    Escalate,
    Hold,
    IncidentStory,
    Moment,
    Plot,
    Reason,
    Refuse,
    Step,
    Story,
    Suspect,
    TrueIncident,
)
from aiops.web.report import overview, plot
from aiops.web.report.change import as_yaml, heading

SUMMARIES = {row.name: row.summary for row in reversed(TABLE)}
VERBS = {"act": "act", "escalate": "ask", "hold": "hold", "refuse": "refuse"}
MARKED = {"opened": "opened", "closed": "closed", "decided": "decided", "alert": "alert"}
MOST_MOMENTS, MOST_SUSPECTS = 60, 5
FAINT = 0.01  # a suspect with less confidence is only counted


@dataclass(frozen=True, slots=True)
class StepView:
    """A step with its exact change."""

    step: Step
    heading: str
    yaml: str  # empty for evictions and deletions: there is nothing but the object
    blast: str
    undo: str
    undo_yaml: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision as it is shown: what a live run would do, and what if unknown facts permitted."""

    at_ms: int
    kind: str  # "act", "escalate", "hold", "refuse" of what is shown
    headline: str
    live_kind: str
    live: str
    reasons: tuple[Reason, ...]
    known_kind: str  # empty: decided once only
    known: str
    known_reasons: tuple[Reason, ...]
    steps: tuple[StepView, ...]  # the step decided on first, the later rungs after it
    skipped: tuple[str, ...]
    unknown: tuple[str, ...]
    playbook: str


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


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure of the header. ``tone`` is "good", "bad" or empty."""

    value: str
    name: str
    note: str = ""
    tone: str = ""


def anchor(incident_id: str) -> str:
    """The fragment of an incident: only what may stand in an address."""
    return "incident-" + "".join(
        letter if letter.isalnum() and letter.isascii() else "-" for letter in incident_id
    )


def kind(decision: Decision) -> str:
    """ "act", "escalate", "hold", "refuse": also the style of it."""
    return type(decision).__name__.lower()


def sentence(decision: Decision) -> str:
    """A decision in a few words."""
    plan = decision.plan
    what = plan.steps[decision.step].summary if plan.steps else "nothing"
    match decision:
        case Act():
            return f"act: {what}"
        case Escalate():
            return f"ask {', '.join(decision.approvers) or 'nobody, only tell people'}: {what}"
        case Hold():
            return f"hold: {what}"
        case Refuse():
            return f"do nothing: {plan.reason}" if not plan.steps else f"refuse: {what}"


def decision_view(decided: Decided) -> DecisionView:
    """A decision for the page."""
    main, live, known = shown(decided), decided.decision, decided.if_known
    plan = main.plan
    reason = why(main)
    headline = sentence(main)
    if plan.steps and not isinstance(main, Act):
        headline += f" ({reason.guard}: {reason.text})"
    return DecisionView(
        at_ms=decided.at_ms,
        kind=kind(main),
        headline=headline,
        live_kind=kind(live),
        live=sentence(live),
        reasons=ordered(live.reasons),
        known_kind=kind(known) if known is not None else "",
        known=sentence(known) if known is not None else "",
        known_reasons=ordered(known.reasons) if known is not None else (),
        steps=tuple(step_view(step) for step in plan.steps[main.step :]),
        skipped=plan.skipped,
        unknown=plan.facts_unknown,
        playbook=f"{plan.playbook} {plan.playbook_version}".strip(),
    )


def ordered(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """What speaks against first; permits last."""
    rank = {"refuse": 0, "hold": 1, "escalate": 2, "permit": 3}
    return tuple(sorted(reasons, key=lambda one: rank[one.lean]))


def step_view(step: Step) -> StepView:
    """A step for the page."""
    blast = step.blast_radius
    parts = [f"{blast.pods} pods", f"{percent(blast.share)} of the target's"]
    if blast.at_once is not None:
        parts.append(f"{blast.at_once} away at once")
    if blast.nodes:
        parts.append(f"{blast.nodes} nodes")
    return StepView(
        step=step,
        heading=heading(step.change),
        yaml=as_yaml(step.change.patch) if step.change.patch else "",
        blast=", ".join(parts),
        undo=heading(step.undo) if step.undo is not None else "",
        undo_yaml=as_yaml(step.undo.patch) if step.undo is not None and step.undo.patch else "",
    )


def main_decision(decisions: Sequence[Decided]) -> Decided | None:
    """The one that is shown first: the first that would act, else ask, else the newest."""
    for wanted in (Act, Escalate):
        found = next((one for one in decisions if isinstance(shown(one), wanted)), None)
        if found is not None:
            return found
    return decisions[-1] if decisions else None


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


def suspect_words(suspect: Suspect) -> str:
    """A suspect and how sure we are."""
    return f"{suspect.target} {percent(suspect.confidence)}"


def bars(story: Story, incidents: Sequence[IncidentView], score: Score | None) -> str:
    """The picture of the whole period."""
    mine = [
        overview.Bar(
            one.told.incident.since_ms,
            one.told.incident.closed_ms or story.end_ms,
            one.told.incident.severity,
            f"{one.number}: {one.told.incident.incident_class}, {one.told.incident.prime}",
            one.anchor,
            str(one.number),
        )
        for one in incidents
    ]
    rows: list[tuple[str, Sequence[overview.Bar]]] = [("Incidents", mine)]
    if score is not None:
        name = "Alerts" if score.source == "alert" else "True incidents"
        links = {one.told.incident.id: one.anchor for one in incidents}
        truths = [
            overview.Bar(
                row.truth.start_ms,
                row.truth.end_ms,
                "found" if row.found else "missed",
                f"{row.truth.name}{'' if row.found else ' (missed)'}",
                links.get(row.incident_ids[0], "") if row.incident_ids else "",
            )
            for row in score.rows
        ]
        rows.append((name, truths))
    return overview.draw(story.start_ms, story.end_ms, rows, story.watched_ms)


def tiles(story: Story, score: Score | None) -> tuple[Tile, ...]:
    """The figures at the top."""
    count = len(story.incidents)
    first = [Tile(str(count), "incident" if count == 1 else "incidents", known_words(story))]
    if score is None:
        return (*first, Tile(str(story.workloads), "workloads watched", f"{story.series} series"))
    alerts = score.source == "alert"
    total = len(score.rows)
    apart = len(score.false_ids)
    lead = score.delay_median_s
    wrong = len(score.wrong)
    return (
        *first,
        Tile(
            f"{score.found} of {total}",
            "alerts seen" if alerts else "true incidents found",
            tone="good" if score.found == total else "bad",
        ),
        Tile(
            span(lead * 1000) if lead is not None else "-",
            "before the pager"
            if lead is not None and lead < 0
            else "after the pager"
            if alerts
            else "to detect",
            f"median; 95 %: {span(score.delay_p95_s * 1000)}" if score.delay_p95_s is not None else "",
        ),
        Tile(
            str(apart),
            "without an alert" if alerts else "false incidents",
            f"{number(score.false_per_day)} a day",
            "" if alerts else "bad" if apart else "good",
        ),
        Tile(
            percent(score.cause_at_1),
            "right cause first",
            f"of {score.causes_known}; among three: {percent(score.cause_at_3)}",
        ),
        Tile(
            str(len(score.proposals)),
            "actions proposed",
            "" if alerts else f"{wrong} wrong",
            "" if alerts or not score.proposals else "bad" if wrong else "good",
        ),
    )


def known_words(story: Story) -> str:
    """Known breakage in a few words."""
    return f"and {len(story.known)} known before" if story.known else ""
