"""Score: how well a replay did against the incidents that are known to have happened.

An incident matches a true incident when it opened within [start, end + 15 min] and shares a target with it,
by owner: a claim, a pod and its workload are one place. Where the truth names no target, time alone matches.
A fired alert is only a candidate for the truth, and we may well be earlier than the pager: there the incident
must overlap the alert in time, and must not have opened more than ``LEAD_MS`` before it.

Input:   a Story; nothing else is read.
Output:  a Score: one row a true incident, and the figures over all of them. ``None`` is "nothing to measure".
Cost:    O(true incidents x incidents).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiops.model import Act, Decided, Decision, Escalate, IncidentStory, Story, Target, TrueIncident

SLACK_MS = 900_000  # an incident may open so long after the true one ended: detection lags
LEAD_MS = 6 * 3_600_000  # and so long before an alert: as far as the look-ahead sees
DAY_MS = 86_400_000
ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that the dry run would have carried out or asked for. ``right`` is None where nobody knows."""

    incident_id: str
    remediation: str
    target: Target
    summary: str
    asked: bool  # a person would have been asked
    right: bool | None


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One true incident and what was made of it."""

    truth: TrueIncident
    incident_ids: tuple[str, ...]  # all that match, the first one opened first; empty: missed
    delay_ms: int | None  # of the first one, from the true start; negative is before it
    cause_rank: int | None  # 1 is the first suspect; None: not suspected, not found, or nobody knows
    first_suspect: Target | None
    proposals: tuple[Proposal, ...]

    @property
    def found(self) -> bool:
        """Whether any incident matches."""
        return bool(self.incident_ids)


@dataclass(frozen=True, slots=True)
class Score:
    """The figures. ``source`` is what they are measured against: "truth" or "alert"."""

    source: str
    rows: tuple[TruthRow, ...]
    false_ids: tuple[str, ...]  # incidents that match nothing
    incidents: int
    days: float
    delay_median_s: float | None
    delay_p95_s: float | None
    recall: float | None
    precision: float | None
    false_per_day: float
    false_per_100_workload_weeks: float | None
    causes_known: int  # true incidents that were found and name their root cause
    cause_at_1: float | None  # share of those
    cause_at_3: float | None
    proposals: tuple[Proposal, ...]

    @property
    def found(self) -> int:
        """How many true incidents were found."""
        return sum(row.found for row in self.rows)

    @property
    def wrong(self) -> tuple[Proposal, ...]:
        """Proposals that would have been wrong."""
        return tuple(one for one in self.proposals if one.right is False)


def score(story: Story) -> Score | None:
    """The score of ``story``, over what was watched; None where nothing is known to have happened."""
    watched = tuple(truth for truth in story.truths if truth.end_ms >= story.watched_ms)
    if not watched:
        return None
    matches = {truth: matching(story, truth) for truth in watched}
    of_incident: dict[str, list[TrueIncident]] = {one.incident.id: [] for one in story.incidents}
    for truth, found in matches.items():
        for one in found:
            of_incident[one.incident.id].append(truth)
    proposals = {
        one.incident.id: proposals_of(story, one, of_incident[one.incident.id]) for one in story.incidents
    }
    rows = tuple(_row(story, truth, matches[truth], proposals) for truth in watched)
    return _summed(story, rows, [name for name, truths in of_incident.items() if not truths], proposals)


def matching(story: Story, truth: TrueIncident) -> tuple[IncidentStory, ...]:
    """The incidents of ``story`` that are ``truth``, in order of opening."""
    found = (
        one for one in story.incidents if in_time(story, one, truth) and shares_target(story, one, truth)
    )
    return tuple(sorted(found, key=lambda one: (one.incident.opened_ms, one.incident.id)))


def in_time(story: Story, one: IncidentStory, truth: TrueIncident) -> bool:
    """Whether the incident opened at the time of ``truth``."""
    opened_ms = one.incident.opened_ms
    if opened_ms > truth.end_ms + SLACK_MS:
        return False
    if truth.source != ALERT:
        return opened_ms >= truth.start_ms
    over_ms = one.incident.closed_ms if one.incident.closed_ms is not None else story.end_ms
    return opened_ms >= truth.start_ms - LEAD_MS and over_ms >= truth.start_ms


def shares_target(story: Story, one: IncidentStory, truth: TrueIncident) -> bool:
    """Whether the incident is about any of the targets of ``truth``, by owner."""
    if truth.target is None and not truth.affected:
        return True
    theirs = places(story, (*([truth.target] if truth.target else []), *truth.affected))
    suspects = tuple(suspect.target for suspect in one.incident.suspects[:1])
    return bool(theirs & places(story, (*one.incident.targets, *suspects)))


def places(story: Story, targets: Iterable[Target]) -> frozenset[str]:
    """The owners of ``targets`` as text: a story is of one cluster, whose name a truth may leave out."""
    return frozenset(str(story.owner(target)) for target in targets)


def shown(decided: Decided) -> Decision:
    """The decision that a dry run shows: as if unknown facts permitted, where that is known."""
    return decided.if_known if decided.if_known is not None else decided.decision


def proposals_of(story: Story, one: IncidentStory, truths: Sequence[TrueIncident]) -> tuple[Proposal, ...]:
    """Every different step that would have been carried out or asked for in the incident."""
    proposals: dict[tuple[str, str], Proposal] = {}
    for decided in one.decisions:
        decision = shown(decided)
        if not isinstance(decision, Act | Escalate) or not decision.plan.steps:
            continue
        step, target = decision.plan.steps[decision.step], decision.plan.target
        proposals.setdefault(
            (step.remediation, str(target)),
            Proposal(
                incident_id=one.incident.id,
                remediation=step.remediation,
                target=target,
                summary=step.summary,
                asked=isinstance(decision, Escalate),
                right=is_right(story, step.remediation, target, truths),
            ),
        )
    return tuple(proposals.values())


def is_right(story: Story, remediation: str, target: Target, truths: Sequence[TrueIncident]) -> bool | None:
    """Whether the step helps any of ``truths``: a remediation that does, on the true cause. Without a true
    incident it is wrong; where only alerts are known, or nobody says what helps, nobody knows."""
    if any(truth.source == ALERT for truth in truths):
        return None
    if not truths:
        return False if all(truth.source != ALERT for truth in story.truths) else None
    answers = [_helps(story, remediation, target, truth) for truth in truths]
    return True if True in answers else (None if None in answers else False)


def _helps(story: Story, remediation: str, target: Target, truth: TrueIncident) -> bool | None:
    if truth.target is not None and not places(story, [truth.target]) & places(story, [target]):
        return False
    return remediation in truth.right_remediations if truth.right_remediations else None


def _row(
    story: Story,
    truth: TrueIncident,
    found: Sequence[IncidentStory],
    proposals: dict[str, tuple[Proposal, ...]],
) -> TruthRow:
    first = found[0].incident if found else None
    rank = None
    if first is not None and truth.target is not None:
        cause = places(story, [truth.target])
        ranks = (n for n, suspect in enumerate(first.suspects, 1) if cause & places(story, [suspect.target]))
        rank = next(ranks, None)
    return TruthRow(
        truth=truth,
        incident_ids=tuple(one.incident.id for one in found),
        delay_ms=first.opened_ms - truth.start_ms if first is not None else None,
        cause_rank=rank,
        first_suspect=first.suspects[0].target if first is not None and first.suspects else None,
        proposals=tuple(proposal for one in found for proposal in proposals[one.incident.id]),
    )


def _summed(
    story: Story,
    rows: tuple[TruthRow, ...],
    false_ids: Sequence[str],
    proposals: dict[str, tuple[Proposal, ...]],
) -> Score:
    delays = [row.delay_ms / 1000 for row in rows if row.delay_ms is not None]
    known = [row for row in rows if row.found and row.truth.target is not None]
    incidents = len(story.incidents)
    days = max(story.end_ms - story.watched_ms + story.step_ms, 1) / DAY_MS
    weeks = story.workloads * days / 7
    return Score(
        source=ALERT if all(row.truth.source == ALERT for row in rows) else "truth",
        rows=rows,
        false_ids=tuple(false_ids),
        incidents=incidents,
        days=days,
        delay_median_s=percentile(delays, 0.5),
        delay_p95_s=percentile(delays, 0.95),
        recall=len(delays) / len(rows),
        precision=(incidents - len(false_ids)) / incidents if incidents else None,
        false_per_day=len(false_ids) / days,
        false_per_100_workload_weeks=100 * len(false_ids) / weeks if weeks else None,
        causes_known=len(known),
        cause_at_1=share(row.cause_rank == 1 for row in known),
        cause_at_3=share(row.cause_rank is not None and row.cause_rank <= 3 for row in known),
        proposals=tuple(one for several in proposals.values() for one in several),
    )


def share(answers: Iterable[bool]) -> float | None:
    """The share of yes; None of nothing."""
    given = list(answers)
    return sum(given) / len(given) if given else None


def percentile(values: Sequence[float], rank: float) -> float | None:
    """The value that ``rank`` (0 to 1) of ``values`` do not exceed: one that was measured, never a mean."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(rank * len(ordered)) - 1)] if ordered else None
