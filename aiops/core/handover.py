"""Handover: what the next person on call must know: what happened, what waits, who did what, where to look.

Derived from the journal alone, so that it is the same wherever it is read.

Input:   records of a journal from its beginning, and the period.
Output:  a ``Handover``: counts of the period, and how things stand at its end.
Cost:    a few microseconds a record.
Limits:  a silence of an Alertmanager shows where a decision was held by it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aiops.core.board import TIDY, Board, Standing, public
from aiops.core.card import SEVERITIES, stage, worst_first
from aiops.core.chronicle import OURSELVES, tell
from aiops.core.ledger import Ledger
from aiops.core.policy import phrase
from aiops.core.words import count, span
from aiops.model import Approval, Entry, IncidentKind, IncidentState, Lean, Policy, Record

FIRST = 6  # places to look at first
DOINGS = frozenset({"plan_started", "rung_started", "step_ended", "overwritten"})
SAYINGS = frozenset(
    {"said", "requested", "unlocked", "autonomy_accepted", "switch_changed", "adjustment_undone"}
)
HELD_BY = ("silenced", "stopped_here", "freeze")  # guards behind which a person stands


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened in the period."""

    opened: int = 0
    closed: int = 0
    reopened: int = 0
    steps: Mapping[str, int] = field(default_factory=dict)  # by result, as the journal calls it
    asked: int = 0
    answers: Mapping[str, int] = field(default_factory=dict)  # by state an approval ended in
    people: Mapping[str, int] = field(default_factory=dict)  # sayings by whoever said them
    blind_ms: int = 0
    storms: int = 0


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """One incident as it stands."""

    id: str
    severity: str
    incident_class: str
    prime: str
    stage: str
    since_ms: int
    decision: str
    claimed_by: str = ""
    done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One question that nobody answered yet."""

    short: str
    summary: str
    incident_id: str
    roles: tuple[str, ...]
    until_ms: int
    votes: int
    quorum: int


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that was done or said."""

    at_ms: int
    by: str  # "aiops", or a person
    what: str
    incident_id: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """Everything, in the order in which it is read."""

    since_ms: int
    until_ms: int
    counts: Counts
    first: tuple[str, ...]  # where to look first, and why
    waits: tuple[Waiting, ...]
    open: tuple[OpenIncident, ...]
    doings: tuple[Doing, ...]  # oldest first
    claimed: tuple[str, ...]
    held: tuple[str, ...]  # silenced, stopped or frozen by people, as decisions say
    locked: tuple[str, ...]
    stopped: str  # why nothing is changed at all; "" where something may be
    blind: str  # why nothing is seen; "" where something is
    known: int  # known breakage, which is not told of each by each


class Reader:
    """Records in, a handover out."""

    def __init__(self, since_ms: int, until_ms: int) -> None:
        self.since_ms, self.until_ms = since_ms, until_ms
        self.board, self.ledger = Board(keep_ms=max(until_ms - since_ms, 0) + 1), Ledger()
        self.doings: list[Doing] = []
        self.stopped = self.blind = ""
        self._tally: Counter[str] = Counter()
        self._steps: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._people: Counter[str] = Counter()
        self._blind_from: int | None = None
        self._blind_ms = 0

    def take(self, records: Iterable[Record]) -> None:
        """Go on with ``records``, oldest first; later ones than the period's end are passed over."""
        before: list[Record] = []  # the period: taken many at once, which forgets what is old
        for record in records:
            if record.entry.at_ms > self.until_ms:
                continue
            before.append(record)
            if record.entry.at_ms >= self.since_ms or len(before) == TIDY:
                self.board.take(before)
                before = []
            if record.entry.stream == "actions":
                self.ledger = self.ledger.fold((record,))
            self._stands(record.entry)
            if record.entry.at_ms >= self.since_ms:
                self._counts(record.entry)
        self.board.take(before)

    def _stands(self, entry: Entry) -> None:
        """What holds until somebody says otherwise."""
        because = public(str(entry.payload.get("because", "")))
        if entry.kind == "switch_changed":
            self.stopped = "" if entry.payload["stopped"] is False else because or "the kill switch is on"
        elif entry.kind == "sight_changed":
            blind = bool(entry.payload["blind"])
            self.blind = because or "blind" if blind else ""
            if self._blind_from is not None:
                self._blind_ms += max(0, entry.at_ms - max(self._blind_from, self.since_ms))
            self._blind_from = entry.at_ms if blind else None

    def _counts(self, entry: Entry) -> None:
        payload = entry.payload
        match entry.kind:
            case "incident_opened" | "incident_closed" | "storm_began":
                self._tally[entry.kind] += 1
            case "incident_changed" if "reopened" in payload.get("what", ()):
                self._tally["reopened"] += 1
            case "step_ended":
                self._steps[str(payload["result"])] += 1
            case "approval_asked":
                self._tally["asked"] += 1
            case "approval_moved":
                self._answers[str(payload["state"])] += 1
        if entry.kind in SAYINGS | DOINGS and payload.get("done", True):
            self._did(entry)

    def _did(self, entry: Entry) -> None:
        if entry.kind in DOINGS:
            incident_id, text = self._deed(entry)
            by = OURSELVES
        else:
            told = tell(entry)
            incident_id, text, by = told.about, public(told.what), _name(entry) or told.actor
            if by != OURSELVES:
                self._people[by] += 1
        if text:
            self.doings.append(Doing(entry.at_ms, by, text, incident_id))

    def _deed(self, entry: Entry) -> tuple[str, str]:
        """The incident of a step, and what was told of it."""
        for standing in self.board.incidents.values():
            if standing.told and standing.told[-1].seq == self.board.seq:
                return standing.id, standing.told[-1].text
        return "", public(tell(entry).what)

    def handover(self, policy: Policy) -> Handover:
        """What the next person must know."""
        end_ms = self.until_ms
        standing = [one for one in self.board.standings() if one.open]
        known = [one for one in standing if one.incident.kind is IncidentKind.KNOWN]
        told = {one.id: one for one in standing if one not in known}
        order = [told[one.id] for one in worst_first([one.incident for one in told.values()])]
        if self._blind_from is not None:
            self._blind_ms += max(0, end_ms - max(self._blind_from, self.since_ms))
            self._blind_from = end_ms
        waits = tuple(_waiting(one) for one in self.board.approvals.pending())
        locked = tuple(
            f"{target}: {count(failures, 'failure')} in a row (aiops unlock {target})"
            for target, failures in self.ledger.failures.items()
            if failures >= policy.lock_after_failures
        )
        return Handover(
            since_ms=self.since_ms,
            until_ms=end_ms,
            counts=self._sum(),
            first=tuple(self._first(order, locked))[:FIRST],
            waits=tuple(sorted(waits, key=lambda one: one.until_ms)),
            open=tuple(self._open(one) for one in order),
            doings=tuple(self.doings),
            claimed=tuple(
                f"{one.name} is on incident {one.incident_id} since {span(end_ms - one.since_ms)}"
                for one in self.board.claims.held.values()
            ),
            held=tuple(dict.fromkeys(text for one in order for text in _held(one))),
            locked=locked,
            stopped=self.stopped,
            blind=self.blind,
            known=len(known),
        )

    def _sum(self) -> Counts:
        return Counts(
            opened=self._tally["incident_opened"],
            closed=self._tally["incident_closed"],
            reopened=self._tally["reopened"],
            steps=dict(sorted(self._steps.items())),
            asked=self._tally["asked"],
            answers=dict(sorted(self._answers.items())),
            people=dict(self._people.most_common()),
            blind_ms=self._blind_ms,
            storms=self._tally["storm_began"],
        )

    def _open(self, standing: Standing) -> OpenIncident:
        one, decision = standing.incident, standing.decision
        return OpenIncident(
            id=one.id,
            severity=str(one.severity),
            incident_class=one.incident_class,
            prime=str(one.prime),
            stage=stage(one, decision, standing.result),
            since_ms=one.since_ms,
            decision="" if decision is None else public(phrase(decision)),
            claimed_by=self.board.claimed_by(standing.id),
            done=tuple(str(told) for told in standing.told if told.done)[-5:],
        )

    def _first(self, order: list[Standing], locked: tuple[str, ...]) -> Iterator[str]:
        """Where a person is needed, the most pressing first."""
        if self.stopped:
            yield f"nothing is changed: {self.stopped}"
        if self.blind:
            yield f"nothing is seen: {self.blind}"
        for asked in sorted(self.board.approvals.pending(), key=lambda each: each.until_ms):
            left = span(max(0, asked.until_ms - self.until_ms))
            yield f"answer {asked.short} within {left}, else it is a no: {public(asked.summary)}"
        for standing in order:
            one = standing.incident
            what = f"{one.severity} {one.incident_class.replace('_', ' ')} of {one.prime} ({one.id})"
            if self.board.claimed_by(standing.id):
                continue  # somebody is on it
            if one.state is IncidentState.ESCALATED:
                yield f"a person has to decide: {what}"
            elif standing.told and ": did not help" in standing.told[-1].text:
                yield f"what was tried did not help: {what}"
            elif SEVERITIES.index(one.severity) >= SEVERITIES.index(SEVERITIES[-2]):
                yield f"nobody is on it: {what}"
        yield from (f"locked, until somebody has looked: {text}" for text in locked)


def _waiting(one: Approval) -> Waiting:
    yes = sum(vote.ballot == "yes" for vote in one.votes)
    roles = one.roles_at(one.remind_ms) if one.reminded else one.roles
    return Waiting(one.short, public(one.summary), one.incident_id, roles, one.until_ms, yes, one.quorum)


def _held(standing: Standing) -> Iterator[str]:
    """What people hold, as the newest decision says."""
    decision = standing.decision
    for reason in decision.reasons if decision is not None else ():
        if reason.guard in HELD_BY and reason.lean in (Lean.HOLD, Lean.REFUSE) and not reason.unknown:
            yield f"{standing.incident.prime}: {public(reason.text)}"


def _name(entry: Entry) -> str:
    """Who said it, as people know them; "" where it does not say."""
    actor = entry.payload.get("actor")
    if isinstance(actor, Mapping):
        return str(actor.get("name") or actor.get("id") or "")
    request = entry.payload.get("request")
    by = request.get("by") if isinstance(request, Mapping) else entry.payload.get("by")
    return str(by or "")
