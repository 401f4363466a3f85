"""Card: what people are shown of an incident, of a question, and when they ask why. Words only, no layout.

Input:   an incident's ``Standing``, and the facts of the cluster where they are at hand.
Output:  ``Card``, ``Question``, or lines of text. Texts are raw: each channel escapes for itself (H9).
         Commands and values of variables are not among them (S8).
Cost:    well under a millisecond, most of it parsing the newest decision.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from aiops.core.board import Board, Standing, public
from aiops.core.policy import phrase
from aiops.core.redact import redact, without_values
from aiops.core.rootcause.signs import band
from aiops.core.silences import silenced
from aiops.core.words import clock, count, minute, percent, span
from aiops.model import (
    Approval,
    ApprovalState,
    Card,
    Decision,
    Escalate,
    Facts,
    Hold,
    Incident,
    IncidentState,
    Lean,
    Plan,
    Question,
    Severity,
    Target,
)

MOST_ANOMALIES, MOST_SUSPECTS, MOST_EVIDENCE, MOST_LINES = 5, 3, 3, 12
SEVERITIES = tuple(Severity)  # from low up
HELPED = frozenset({"verified", "contained"})
UNSOLVED = ("lost from sight", "deleted", "it did not come true")  # ends that are no recovery


def stage(incident: Incident, decision: Decision | None, result: str = "") -> str:
    """Where an incident stands, in one word for people; ``result`` is that of its newest step."""
    match incident.state:
        case IncidentState.CLOSED:
            return "closed" if incident.closed_because.startswith(UNSOLVED) else "resolved"
        case IncidentState.OPEN if result in HELPED:
            return "verified"
        case IncidentState.OPEN:
            looking = bool(incident.suspects) and (decision is None or isinstance(decision, Hold | Escalate))
            return "diagnosing" if looking else "open"
        case other:
            return str(other)


def card(board: Board, standing: Standing, at_ms: int, facts: Facts | None = None, owner: str = "") -> Card:
    """The incident's one message as it is to be shown at ``at_ms``; without its picture."""
    incident, decision = standing.incident, standing.decision
    pending = [one for one in board.approvals_of(standing.id) if one.state is ApprovalState.PENDING]
    muted = silenced(facts, incident, at_ms) if facts is not None else None
    return Card(
        cluster=facts.cluster if facts is not None else incident.prime.cluster,
        incident=incident,
        stage=stage(incident, decision, standing.result),
        at_ms=at_ms,
        decision="" if decision is None else public(phrase(decision)),
        lines=tuple(str(one) for one in standing.told if one.done)[-MOST_LINES:],
        pending=tuple(one.short for one in pending),
        claimed_by=board.claimed_by(standing.id),
        owner=owner,
        silenced=muted or "",
    )


def question(
    approval: Approval, standing: Standing, plan: Plan, facts: Facts | None = None, owner: str = ""
) -> Question:
    """The approval with what the API server says of its target, and a command that everybody may read."""
    approval = replace(approval, command=_readable(approval, plan))
    return Question(approval, standing.incident, plan, tuple(_known(approval, facts)), owner)


def _readable(approval: Approval, plan: Plan) -> str:
    """What a person would type; where that holds values of variables, or looks as if it held a secret, the
    command that shows it to who may read the journal (S8)."""
    steps = plan.steps[approval.step : approval.step + 1]
    valued = any(without_values(one.patch) != one.patch for step in steps for one in step.changes)
    if approval.command and (valued or redact(approval.command) != approval.command):
        return f"aiops plan {approval.incident_id}"
    return approval.command


def _known(approval: Approval, facts: Facts | None) -> Iterator[str]:
    """What is known of the target beside its labels (H9): numbers, images, who owns it."""
    if facts is None:
        return
    target = Target.parse(approval.target)
    workload = next((one for at, one in facts.workloads.items() if str(at) == str(target)), None)
    if workload is not None:
        ready = "?" if workload.ready is None else workload.ready
        wanted = "?" if workload.replicas is None else workload.replicas
        yield f"{ready} of {wanted} pods ready" + (", rolling out" if workload.rolling else "")
        if workload.images:
            yield f"image {', '.join(workload.images[:3])}"
        if workload.hpa_max:
            yield f"autoscaler {workload.hpa_min} to {workload.hpa_max} pods"
        if workload.managed_by:
            yield f"owned by {workload.managed_by}"
        if workload.pdb_disruptions_allowed is not None:
            yield f"{count(workload.pdb_disruptions_allowed, 'disruption')} allowed"
    node = next((one for at, one in facts.nodes.items() if str(at) == str(target)), None)
    if node is not None:
        yield f"node is {'ready' if node.ready else 'not ready'}" + (
            ", cordoned" if node.unschedulable else ""
        )
        yield f"{count(sum(one.node == target.name for one in facts.pods.values()), 'pod')} on it"
    yield f"as of {clock(facts.at_ms)} UTC"


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to "why?", part by part; each line is one thought."""

    seen: tuple[str, ...]
    suspects: tuple[str, ...]
    decided: tuple[str, ...]
    against: tuple[str, ...]  # guards that spoke against acting alone
    permits: int  # guards that had nothing against it
    skipped: tuple[str, ...]  # rungs that declined
    done: tuple[str, ...]
    asked: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """All of it as text, with headings where there is something below them."""
        parts = (
            ("Seen", self.seen),
            ("Suspects", self.suspects),
            ("Decided", self.decided),
            ("Against acting alone", self.against),
            ("Skipped", self.skipped),
            ("Done so far", self.done),
            ("Asked", self.asked),
        )
        for heading, lines in parts:
            if lines:
                yield f"{heading}:"
                yield from (f"  {one}" for one in lines)
        if self.permits:
            yield f"{count(self.permits, 'guard')} had nothing against it."

    def __str__(self) -> str:
        return "\n".join(self.lines())


def why(board: Board, incident_id: str) -> Why | None:
    """Evidence, suspects, reasons of guards, what was skipped and done; None for an unknown incident."""
    standing = board.standing(incident_id)
    if standing is None:
        return None
    incident, decision = standing.incident, standing.decision
    reasons = decision.reasons if decision is not None else ()
    plan = decision.plan if decision is not None else None
    return Why(
        seen=tuple(_seen(incident)),
        suspects=tuple(_suspects(incident)),
        decided=tuple(_decided(decision)),
        against=tuple(
            public(f"{one.guard.replace('_', ' ')}: {one.text}") + (" (not known)" if one.unknown else "")
            for one in reasons
            if one.lean is not Lean.PERMIT
        ),
        permits=sum(one.lean is Lean.PERMIT for one in reasons),
        skipped=tuple(public(one) for one in plan.skipped) if plan is not None else (),
        done=tuple(str(one) for one in standing.told if one.done),
        asked=tuple(approval_line(one) for one in board.approvals_of(incident_id)),
    )


def _seen(incident: Incident) -> Iterator[str]:
    after = span(incident.opened_ms - incident.since_ms)
    yield f"since {minute(incident.since_ms)} UTC, opened {after} later: {incident.opened_because}"
    worst = sorted(incident.anomalies, key=lambda one: -one.score)
    for one in worst[:MOST_ANOMALIES]:
        over = f", over since {minute(one.cleared_ms)}" if one.cleared_ms is not None else ""
        yield f"{one.signal.replace('_', ' ')} of {one.target}: {band(one)}{over}"
    if len(worst) > MOST_ANOMALIES:
        yield f"and {len(worst) - MOST_ANOMALIES} more"
    for alert in incident.alerts[:3]:
        yield f"alert {alert.name} fires since {minute(alert.since_ms)}"


def _suspects(incident: Incident) -> Iterator[str]:
    for one in incident.suspects[:MOST_SUSPECTS]:
        change = f" ({one.change})" if one.change else ""
        yield f"{percent(one.confidence)} {one.target}{change}"
        best = sorted(one.evidence, key=lambda each: -each.weight)
        yield from (f"  {public(each.what)}" for each in best[:MOST_EVIDENCE])


def _decided(decision: Decision | None) -> Iterator[str]:
    if decision is None:
        yield "nothing yet"
        return
    yield public(phrase(decision))
    if isinstance(decision, Hold) and decision.until_ms is not None:
        yield f"looked at again at {clock(decision.until_ms)} UTC"
    if decision.plan.runbook_url:
        yield f"runbook: {decision.plan.runbook_url}"


def approval_line(approval: Approval) -> str:
    """An approval in one line: what, how it stands, who answered."""
    votes = ", ".join(f"{one.actor.name or one.actor.id} {one.ballot}" for one in approval.votes)
    end = f" ({approval.said})" if approval.said else ""
    until = f", until {minute(approval.until_ms)} UTC" if approval.state is ApprovalState.PENDING else ""
    return (
        public(f"{approval.short} {approval.summary}: {approval.state}{end}{until}")
        + f"{'; ' if votes else ''}{votes}"
    )


def summary(incidents: Sequence[Incident], most: int = 15) -> tuple[str, ...]:
    """Many incidents, a line each, the worst first: what the one message of a storm lists."""
    told = [
        f"{one.severity} {_class(one)} of {one.prime} ({one.id})" for one in worst_first(incidents)[:most]
    ]
    more = len(incidents) - len(told)
    return (*told, f"and {more} more: aiops incidents --open") if more > 0 else tuple(told)


def worst_first(incidents: Iterable[Incident]) -> list[Incident]:
    """By severity, then by when they were opened."""
    return sorted(incidents, key=lambda one: (-SEVERITIES.index(one.severity), one.opened_ms, one.id))


def _class(incident: Incident) -> str:
    return incident.incident_class.replace("_", " ") or "unclassified"
