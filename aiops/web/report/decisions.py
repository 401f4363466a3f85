"""Decisions for the page: what a live run would do, what if facts permitted, and the exact changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.core.policy import why
from aiops.core.score import shown
from aiops.core.words import percent
from aiops.model import Act, Decided, Decision, Escalate, Hold, Reason, Refuse, Step
from aiops.web.report.change import as_yaml, heading


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
