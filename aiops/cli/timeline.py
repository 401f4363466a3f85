"""Timeline: a dry run on a terminal, incident by incident, then the summary and the score.

Everything is rich ``Text``, never rich's markup: a label may hold brackets, and must not steer anything (S9).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from aiops.bootstrap.report import DryRun
from aiops.cli.show import STYLES, clock, plain, span
from aiops.core.compare import Comparison, score_figures
from aiops.core.policy import why
from aiops.core.score import Score, TruthRow, shown
from aiops.core.words import count, delay, minute, percent
from aiops.model import (
    Act,
    Decided,
    Decision,
    Escalate,
    Incident,
    IncidentStory,
    Reason,
    Step,
    Story,
    Suspect,
)
from aiops.web.report.change import as_yaml, heading
from aiops.web.report.decisions import main_decision, sentence
from aiops.web.report.view import anomaly_words, lasted, worth_naming

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LEANS = {"permit": "green", "escalate": "blue", "hold": "yellow", "refuse": "red"}
KINDS = {"act": "bold green", "escalate": "bold blue", "hold": "bold yellow", "refuse": "bold"}
MOST_ANOMALIES, MOST_SUSPECTS, MOST_WARNINGS = 4, 3, 10
INDENT, LABEL = "   ", 9  # a label such as "suspect  "


def line(*parts: str | tuple[str, str], indent: int = 0) -> "Text":
    """One line of plain text; a part may be (text, style)."""
    from rich.text import Text

    text = Text(INDENT * indent)
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(plain(words), style)
    return text


def put(out: "Console", texts: Iterable["Text"]) -> None:
    """Print lines; on a terminal a long one goes on below its own beginning, and not below its label."""
    from rich.text import Text

    for text in texts:
        hang = len(text.plain) - len(text.plain.lstrip()) + LABEL if text.plain.startswith(" ") else 0
        if not out.is_terminal or text.cell_len <= out.width or out.width < 2 * hang:
            out.print(text)
            continue
        first, *rest = text.wrap(out, out.width - hang)
        out.print(first)
        for part in rest:
            out.print(Text(" " * hang) + part)


def show(run: DryRun, out: "Console", *, only_open: bool = False) -> None:
    """The whole dry run."""
    story = run.story
    told = [one for one in story.incidents if not (only_open and one.incident.closed_ms is not None)]
    for number, one in enumerate(told, 1):
        put(out, incident_lines(story, number, one, run.score))
        out.print()
    put(out, summary_lines(story))
    if run.score is not None:
        out.print()
        put(out, score_lines(run.score))
    if run.comparison is not None:
        out.print()
        put(out, comparison_lines(run.comparison))


def incident_lines(story: Story, number: int, told: IncidentStory, score: Score | None) -> Iterable["Text"]:
    """One incident: what, where, when, who, what would have been done, how it ended."""
    one = told.incident
    yield line(
        (f"{number}. ", "bold"),
        (f"{one.severity} ", STYLES[one.severity]),
        (f"{one.incident_class.replace('_', ' ')}: {one.prime}", "bold"),
        (f"  {one.id}", "dim"),
    )
    yield from sighting_lines(one)
    for suspect in worth_naming(one.suspects, MOST_SUSPECTS):
        yield from suspect_lines(suspect)
    for change in told.changes[:3]:
        words = f"{clock(change.at_ms)} {change.kind} {change.target} {change.detail}"
        yield line(("changed  ", "dim"), words, indent=1)
    for alert in one.alerts[:3]:
        words = f"{clock(alert.since_ms)} {alert.name} {alert.runbook_url}"
        yield line(("alert    ", "dim"), words, indent=1)
    main = main_decision(told.decisions)
    if main is None:
        yield line(("decided  ", "dim"), "nothing", indent=1)
    else:
        yield from decision_lines(main, len(told.decisions) - 1)
    ended = f", because {one.closed_because}" if one.closed_because else ""
    yield line(("lasted   ", "dim"), lasted(story, told), ended, indent=1)
    yield from truth_lines(one.id, score)


def sighting_lines(one: Incident) -> Iterable["Text"]:
    """When and why it was opened, and what was seen."""
    after = span(one.opened_ms - one.since_ms)
    yield line(("opened   ", "dim"), clock(one.opened_ms), f", {after} after the first bad sample", indent=1)
    yield line(("because  ", "dim"), one.opened_because, indent=1)
    for anomaly in sorted(one.anomalies, key=lambda each: -each.score)[:MOST_ANOMALIES]:
        words = f"{anomaly.signal.replace('_', ' ')} of {anomaly.target}: {anomaly_words(anomaly)}"
        yield line(("saw      ", "dim"), words, indent=1)
    if len(one.anomalies) > MOST_ANOMALIES:
        yield line(("         ", "dim"), f"and {len(one.anomalies) - MOST_ANOMALIES} more", indent=1)


def suspect_lines(suspect: Suspect) -> Iterable["Text"]:
    """A suspect with its best evidence."""
    change = f" ({suspect.change})" if suspect.change else ""
    yield line(("suspect  ", "dim"), f"{percent(suspect.confidence):>5} {suspect.target}{change}", indent=1)
    for evidence in sorted(suspect.evidence, key=lambda each: -each.weight)[:2]:
        yield line("               ", evidence.what, indent=1)


def decision_lines(decided: Decided, others: int, said: str = " would ") -> Iterable["Text"]:
    """The decision, twice where facts were unknown, and the exact change."""
    main, live = shown(decided), decided.decision
    yield line(("decided  ", "dim"), clock(decided.at_ms), said, styled(main), indent=1)
    if main.plan.steps and not isinstance(main, Act):
        yield reason_line(why(main))
    if live.reasons != main.reasons:
        yield line("         as a live run would: ", styled(live), indent=1)
        for reason in live.reasons:
            if reason.lean != "permit":
                yield reason_line(reason)
    if main.plan.steps and isinstance(main, Act | Escalate):
        yield from step_lines(main.plan.steps[main.step])
        for later in main.plan.steps[main.step + 1 :]:
            yield line(("         ", ""), f"if that had not helped: {later.summary}", indent=1)
    if others:
        yield line("         ", (f"and {count(others, 'other answer')} as things changed", "dim"), indent=1)


def styled(decision: Decision) -> tuple[str, str]:
    """A decision in its colour."""
    return sentence(decision), KINDS[type(decision).__name__.lower()]


def reason_line(reason: Reason) -> "Text":
    """One reason."""
    unknown = (" (not known)", "yellow") if reason.unknown else ""
    words = f" {reason.guard.replace('_', ' ')}: {reason.text}"
    return line("         ", (f"{reason.lean:>8}", LEANS[reason.lean]), words, unknown, indent=1)


def step_lines(step: Step) -> Iterable["Text"]:
    """What would have been sent, and what a person would type."""
    yield line(("change   ", "dim"), heading(step.change), indent=1)
    if step.change.patch:
        for text in as_yaml(step.change.patch).split("\n"):
            yield line("         ", (text, "cyan"), indent=1)
    if step.command:
        yield line(("command  ", "dim"), step.command, indent=1)


def truth_lines(incident_id: str, score: Score | None) -> Iterable["Text"]:
    """Which true incident it was, or that it was none."""
    if score is None:
        return
    names = [row.truth.name for row in score.rows if incident_id in row.incident_ids]
    name = "alert    " if score.source == "alert" else "true     "
    if names:
        yield line((name, "dim"), (", ".join(names), "green"), indent=1)
    elif score.source != "alert":
        yield line((name, "dim"), ("none: a false incident", "red"), indent=1)


def summary_lines(story: Story) -> Iterable["Text"]:
    """What was read, how long it took, what was found apart from incidents."""
    yield line(
        (count(len(story.incidents), "incident"), "bold"),
        f" in {minute(story.start_ms)} to {minute(story.end_ms)} UTC: {story.series} series of"
        f" {count(story.signals, 'signal')} on {count(story.workloads, 'workload')},"
        f" {count(story.samples, 'sample')}, judged in {story.elapsed_s:.1f} s",
    )
    if story.watched_ms > story.start_ms:
        yield line(f"until {minute(story.watched_ms)} it was only learned from")
    for known in story.known:
        places = ", ".join(str(target) for target in known.targets[:3])
        words = f"{known.incident_class.replace('_', ' ')}: {places}, since {minute(known.since_ms)}"
        yield line(("known breakage ", "yellow"), f"{words}: never acted on")
    for moment in story.moments[:MOST_WARNINGS]:
        yield line((f"{moment.what} ", "yellow"), f"{minute(moment.at_ms)} {moment.text}")
    for warning in story.warnings[:MOST_WARNINGS]:
        yield line(("warning ", "yellow"), warning)
    if len(story.warnings) > MOST_WARNINGS:
        yield line(("warning ", "yellow"), f"and {len(story.warnings) - MOST_WARNINGS} more (--json has all)")
    if story.budgets:
        yield line("most plans: ", ", ".join(f"{name} {used}" for name, used in story.budgets.items()))


def score_lines(score: Score) -> Iterable["Text"]:
    """A line a true incident, then the figures."""
    alerts = score.source == "alert"
    yield line(("Against the alerts that fired" if alerts else "Against the true incidents", "bold"))
    width = max(len(row.truth.name) for row in score.rows)
    for row in score.rows:
        yield truth_row_line(row, width, alerts)
    figures = score_figures(score.source)
    width = max(len(name) for name, _ in figures)
    for name, of in figures:
        yield line((f"{name:<{width}}  ", "dim"), of(score), indent=1)


def truth_row_line(row: TruthRow, width: int, alerts: bool) -> "Text":
    """One true incident and what was made of it."""
    name = f"{plain(row.truth.name):<{width}}  {minute(row.truth.start_ms)}  "
    if not row.found:
        return line(name, ("not seen" if alerts else "missed", "red"), indent=1)
    late = " after the pager" if alerts and row.delay_ms is not None and row.delay_ms >= 0 else ""
    cause = f", cause ranked {row.cause_rank}" if row.cause_rank else ""
    if not row.cause_rank and row.truth.target is not None:
        cause = f", cause {row.truth.target} not suspected"
    words = {True: "right", False: "wrong", None: "nobody knows"}
    steps = ", ".join(f"{one.remediation} ({words[one.right]})" for one in row.proposals)
    return line(
        name,
        (f"{delay(row.delay_ms)}{late}", "green"),
        cause,
        f", proposed {steps}" if steps else "",
        indent=1,
    )


def comparison_lines(comparison: Comparison) -> Iterable["Text"]:
    """What the second configuration does differently."""
    first, second = comparison.names
    yield line(
        (f"{first} against {second}", "bold"),
        f": {len(comparison.changed)} of {len(comparison.pairs)} differ",
    )
    for pair in comparison.pairs:
        one = pair.first or pair.second
        assert one is not None  # noqa: S101 - a pair has at least one side
        what = (
            f"{minute(pair.at_ms)}  {one.incident.incident_class.replace('_', ' ')}: {one.incident.prime}  "
        )
        yield line(
            what,
            ("; ".join(pair.differences) or "the same", "yellow" if pair.differences else "dim"),
            indent=1,
        )
    width = max(len(figure.name) for figure in comparison.figures)
    for figure in comparison.figures:
        style = "" if figure.same else "bold"
        words = f"{figure.first:>12}  "
        yield line((f"{figure.name:<{width}}  ", "dim"), words, (f"{figure.second:>12}", style), indent=1)
