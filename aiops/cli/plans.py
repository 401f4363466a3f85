"""Plans on a terminal: every step with its exact writes, the guards, verification, undo, and the commands."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiops.bootstrap.plan import Planned
from aiops.bootstrap.report import iso
from aiops.cli.show import STYLES, clock, span
from aiops.cli.timeline import line, reason_line, styled
from aiops.core.kubectl import command_of
from aiops.core.words import count, percent
from aiops.model import Change, Plan, Reason, Step, Verification
from aiops.model.wire import to_json
from aiops.web.report.change import as_yaml, heading
from aiops.web.report.decisions import kind, ordered

if TYPE_CHECKING:
    from rich.text import Text

MARKED = "with the annotations aiops.dev/intent (the step's own id) and aiops.dev/term, in the same request"


def plan_lines(planned: Planned) -> Iterable["Text"]:
    """All of it, the decided step first."""
    incident, decision = planned.incident, planned.decision
    plan = decision.plan
    yield line(
        (f"{incident.severity} ", STYLES[incident.severity]),
        (f"{incident.incident_class.replace('_', ' ')}: {incident.prime}", "bold"),
        (f"  {incident.id}, {incident.state}", "dim"),
    )
    yield line(("decided  ", "dim"), f"{clock(planned.at_ms)} UTC: ", styled(decision))
    if plan.playbook:
        yield line(("playbook ", "dim"), f"{plan.playbook} {plan.playbook_version}, mode {plan.mode} at most")
        yield line(("plan     ", "dim"), plan.id, (f"  digest {plan.digest}", "dim"))
    for number, step in enumerate(plan.steps):
        yield line("")
        yield from step_lines(planned, number, step)
    if plan.steps:
        yield line("")
        yield line(("verified ", "dim"), verification_words(plan.verification))
    yield from note_lines(planned)
    yield line("")
    yield from guard_lines("guards", decision.reasons)
    if planned.if_known is not None and planned.if_known.reasons != decision.reasons:
        yield line(("if the unknown facts permitted: ", "dim"), styled(planned.if_known))


def step_lines(planned: Planned, number: int, step: Step) -> Iterable["Text"]:
    """One rung of the ladder."""
    decision = planned.decision
    which = "" if number == decision.step else " (if what comes before it does not help)"
    yield line((f"step {number}   ", "bold"), (step.summary, "bold"), (which, "dim"))
    because = f", {step.because}" if step.because else ""
    yield line(("impact   ", "dim"), f"{step.impact}{because}; touches {blast_words(step)}", indent=1)
    for change in step.before:
        yield line(("first    ", "dim"), heading(change), indent=1)
    for label, change in (("does     ", step.change), *(("then     ", one) for one in step.then)):
        yield from change_lines(label, change)
    yield line(("marked   ", "dim"), (MARKED, "dim"), indent=1)
    yield line(("by hand  ", "dim"), (by_hand(step), "green"), indent=1)
    if step.undo is None:
        yield line(("undo     ", "dim"), "none: it cannot be taken back", indent=1)
    else:
        yield from change_lines("undo     ", step.undo)
        yield line(("by hand  ", "dim"), (command_of(step.undo), "green"), indent=1)
    for deed in planned.deeds:
        if (deed.plan_id, deed.step) == (decision.plan.id, number):
            yield line(("so far   ", "dim"), f"started {clock(deed.at_ms)} UTC, {deed.words}", indent=1)


def by_hand(step: Step) -> str:
    """What a person would type to the same end."""
    return step.command or " && ".join(filter(None, map(command_of, step.changes)))


def change_lines(label: str, change: Change) -> Iterable["Text"]:
    """One write: the object, the version that it is bound to, every field."""
    yield line((label, "dim"), heading(change), indent=1)
    for text in as_yaml(change.patch).split("\n") if change.patch else ():
        yield line("         ", (text, "cyan"), indent=1)


def blast_words(step: Step) -> str:
    """The most a step may touch."""
    blast = step.blast_radius
    parts = [f"{count(blast.pods, 'pod')} ({percent(blast.share)} of the target's)"]
    if blast.at_once is not None:
        parts.append(f"{blast.at_once} away at once")
    if blast.nodes:
        parts.append(count(blast.nodes, "node"))
    return ", ".join(parts)


def verification_words(verification: Verification) -> str:
    """How success is judged."""
    what = ", ".join(verification.signals) or "all signals of the incident"
    settle, deadline = span(1000 * verification.settle_s), span(1000 * verification.deadline_s)
    good = f"{verification.good} of {verification.of} samples in band"
    return f"{what}: {good}, not judged before {settle}, did not help after {deadline}; then it is undone"


def note_lines(planned: Planned) -> Iterable["Text"]:
    """What was left out, what is not known, where to read on."""
    plan = planned.decision.plan
    for text in plan.skipped:
        yield line(("skipped  ", "yellow"), text)
    if plan.facts_unknown:
        yield line(("unknown  ", "yellow"), ", ".join(plan.facts_unknown))
    if plan.runbook_url:
        yield line(("runbook  ", "dim"), plan.runbook_url)
    for text in planned.notes:
        yield line(("note     ", "yellow"), text)


def guard_lines(title: str, reasons: tuple[Reason, ...]) -> Iterable["Text"]:
    """Every guard's say, what speaks against it first."""
    yield line((title, "bold"))
    for reason in ordered(reasons):
        yield reason_line(reason)


def plan_document(planned: Planned) -> dict[str, Any]:
    """The same as one document."""
    decision = planned.decision
    return {
        "incident": to_json(planned.incident),
        "decided_at": iso(planned.at_ms),
        "decision": kind(decision),
        "step": decision.step,
        "reasons": [to_json(one) for one in decision.reasons],
        "if_known": None if planned.if_known is None else kind(planned.if_known),
        "plan": to_json(decision.plan),
        "commands": [commands(step) for step in decision.plan.steps],
        "done": [done(decision.plan, planned, number) for number in range(len(decision.plan.steps))],
        "notes": list(planned.notes),
    }


def commands(step: Step) -> Mapping[str, str | None]:
    """What a person would type for a step and for its undo."""
    return {"do": by_hand(step), "undo": None if step.undo is None else command_of(step.undo)}


def done(plan: Plan, planned: Planned, number: int) -> str | None:
    """How a step stands; None where it was not started."""
    mine = [one for one in planned.deeds if (one.plan_id, one.step) == (plan.id, number)]
    return mine[-1].words if mine else None
