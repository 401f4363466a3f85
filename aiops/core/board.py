"""Board: the journal as people are told it: each incident as it stands, what was done, who is on it.

One fold for every view: the herald, "why?", the handover, the console. Mutable, and not safe between threads:
whoever shares one locks it.

Input:   records in the order of the journal; those taken before are passed over.
Output:  a ``Standing`` an incident, in order of opening; the newest storm; approvals and claims. What another
         version wrote and this one cannot read is passed over.
Cost:    a few microseconds a record; values are parsed only when they are asked for. What ended longer than
         ``keep_ms`` ago is forgotten, so that memory follows what is open.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from aiops.core.approvals.book import ASKED, MOVED, REMINDED, VOTED, ApprovalBook
from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.approvals.claims import Claims
from aiops.core.chronicle import tell
from aiops.core.ledger import decision_of
from aiops.core.redact import BY_HAND, one_line
from aiops.core.words import minute, plain
from aiops.model import Approval, Decision, Entry, Incident, IncidentState, Record
from aiops.model.wire import from_json

DAY_MS = 86_400_000
MOST_LINES = 40  # of what was done, an incident; the oldest go first
MOST_SEEN = 8  # anomalies whose samples are kept for a picture
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)  # what another version wrote
MOST_PLANS = 5_000  # whose steps are known by name
TIDY = 500  # records taken at once; then what is old is forgotten
UNASKED = frozenset({"expired", "superseded"})  # what ends an approval without anybody's saying so
KINDS = (  # what is folded here; all else need not be read
    "incident_opened",
    "incident_changed",
    "incident_closed",
    "evidence_seen",
    "decided",
    "plan_started",
    "rung_started",
    "step_ended",
    "overwritten",
    "storm_began",
    "storm_ended",
    "claimed",
    "released",
    "said",
    ASKED,
    VOTED,
    REMINDED,
    MOVED,
)
RESULTS = {
    "applied": "is in place, and is being verified",
    "verified": "helped",
    "contained": "stands, and keeps the trouble from spreading",
    "dry_run": "would be done (dry run)",
    "failed": "did not help",
    "undone": "was taken back",
    "unverified": "nobody knows whether it helped",
    "refused": "was refused, nothing was changed",
    "superseded": "was not done, the object is another one by now",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, in words, at the record that says so."""

    seq: int
    at_ms: int
    text: str
    by: str = ""  # key of the person who did it; empty: the daemon
    via: str = ""  # the channel through which they said it
    done: bool = True  # False: only decided

    def __str__(self) -> str:
        return f"{minute(self.at_ms)} {self.text}"


@dataclass(slots=True)
class Standing:
    """What the journal says of one incident by now."""

    id: str
    seq: int = 0  # the newest record that changes how it is shown
    told: list[Told] = field(default_factory=list)
    seen: list[Mapping[str, Any]] = field(default_factory=list)  # payloads of its first ``evidence_seen``
    opened_seq: int = 0
    result: str = ""  # of the newest step, as the journal calls it; "" while it is under way
    _incident: Mapping[str, Any] = field(default_factory=dict)
    _decided: Entry | None = None
    _parsed: tuple[object, Incident] | None = None

    @property
    def incident(self) -> Incident:
        """Its newest value."""
        if self._parsed is None or self._parsed[0] is not self._incident:
            self._parsed = self._incident, from_json(Incident, self._incident)
        return self._parsed[1]

    @property
    def readable(self) -> bool:
        """Whether it was opened, and is written in a way that this version reads."""
        try:
            return bool(self.opened_seq and self.incident.id)
        except ValueError:
            return False

    @property
    def decision(self) -> Decision | None:
        """The newest one; None before the first."""
        return decision_of(self._decided) if self._decided is not None else None

    @property
    def closed_ms(self) -> int | None:
        """When it ended, without parsing the whole of it."""
        closed = self._incident.get("closed_ms")
        return int(closed) if closed is not None else None

    @property
    def open(self) -> bool:
        """Whether it is not closed."""
        return bool(self._incident.get("state") != IncidentState.CLOSED)

    def put(self, seq: int, payload: Mapping[str, Any]) -> None:
        """A newer value of it."""
        self._incident, self.seq = payload["incident"], seq

    def decide(self, seq: int, entry: Entry) -> None:
        """A newer decision."""
        self._decided, self.seq = entry, seq

    def tell(self, told: Told) -> None:
        """Something was done."""
        self.told = [*self.told, told][-MOST_LINES:]
        self.seq = told.seq


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm, while it is on and afterwards."""

    began_ms: int
    because: str
    seq: int
    ended_ms: int | None = None

    @property
    def id(self) -> str:
        """As which its summary is known."""
        return f"storm-{self.began_ms}"

    def covers(self, opened_ms: int) -> bool:
        """Whether it was on then."""
        return self.began_ms <= opened_ms and (self.ended_ms is None or opened_ms <= self.ended_ms)


class Board:
    """The journal, folded."""

    def __init__(self, keep_ms: int = DAY_MS) -> None:
        self.seq = 0
        self.incidents: dict[str, Standing] = {}
        self.approvals = ApprovalBook()
        self.claims = Claims()
        self.storm: Storm | None = None
        self._keep_ms = keep_ms
        self._plans: dict[str, tuple[str, list[str]]] = {}  # plan: its incident, what its steps are

    def take(self, records: Iterable[Record]) -> None:
        """Go on with ``records``."""
        rest = iter(records)
        while some := [one for one in islice(rest, TIDY) if one.seq > self.seq]:
            people = [one for one in some if one.entry.stream in (APPROVALS, FORUM)]
            if people:
                self.approvals, self.claims = self.approvals.fold(people), self.claims.fold(people)
            for record in some:
                with suppress(*UNREADABLE):
                    self._take(record)
            self.seq = some[-1].seq
            if len(some) == TIDY:
                self.forget(some[-1].entry.at_ms)

    def _take(self, record: Record) -> None:
        entry, payload = record.entry, record.entry.payload
        match entry.kind:
            case "incident_opened" | "incident_changed" | "incident_closed":
                standing = self.incidents.setdefault(entry.stream, Standing(entry.stream))
                standing.opened_seq = standing.opened_seq or record.seq
                standing.put(record.seq, payload)
            case "evidence_seen":
                standing = self.incidents.setdefault(entry.stream, Standing(entry.stream))
                if len(standing.seen) < MOST_SEEN:
                    standing.seen.append(payload)
            case "decided":
                self._decided(record)
            case "plan_started" | "rung_started" | "step_ended" | "overwritten":
                self._done(record)
            case "storm_began":
                self.storm = Storm(entry.at_ms, str(payload["because"]), record.seq)
            case "storm_ended" if self.storm is not None and self.storm.ended_ms is None:
                began = self.storm
                self.storm = Storm(began.began_ms, began.because, record.seq, entry.at_ms)
            case _:
                self._said(record)

    def _decided(self, record: Record) -> None:
        plan = record.entry.payload["value"]["plan"]
        steps = [str(one["summary"]) for one in plan["steps"]]
        self._plans[str(plan["id"])] = record.entry.stream, steps
        while len(self._plans) > MOST_PLANS:
            del self._plans[next(iter(self._plans))]
        standing = self.incidents.get(record.entry.stream)
        if standing is None:
            return
        standing.decide(record.seq, record.entry)
        if record.entry.payload["value"].get("approvers"):
            return  # the question itself tells of it
        text = public(tell(record.entry).what)
        before = next((one.text for one in reversed(standing.told) if not one.done), "")
        if text != before:
            standing.tell(Told(record.seq, record.entry.at_ms, text, done=False))

    def _done(self, record: Record) -> None:
        """A step began, or ended."""
        payload = record.entry.payload
        incident_id, steps = self._plans.get(str(payload["plan_id"]), ("", []))
        standing = self.incidents.get(incident_id or str(payload.get("incident_id", "")))
        if standing is None:
            return
        number = int(payload["step"])
        standing.result = str(payload.get("result", ""))
        what = steps[number] if number < len(steps) else f"step {number} of plan {payload['plan_id']}"
        match record.entry.kind:
            case "step_ended":
                detail = public(str(payload.get("detail", "")))
                result = RESULTS.get(str(payload["result"]), str(payload["result"]))
                text = f"{what}: {result}{f' ({detail})' if detail else ''}"
            case "overwritten":
                text = f"{payload.get('by') or 'somebody'} wrote over what we had changed: {what}"
            case _:
                text = f"carries out: {what}"
        standing.tell(Told(record.seq, record.entry.at_ms, plain(text)))

    def _said(self, record: Record) -> None:
        """What people said, and what became of what they were asked."""
        entry, payload = record.entry, record.entry.payload
        standing = self.incidents.get(str(payload.get("incident_id", "")))
        if standing is None:
            return
        if entry.kind in (ASKED, VOTED, MOVED, REMINDED):
            standing.seq = record.seq
        if entry.stream == FORUM and (text := said_words(entry)):
            by = str(payload.get("by") or _actor_key(payload.get("actor")))
            standing.tell(Told(record.seq, entry.at_ms, plain(text), by, str(payload.get("via", ""))))
        elif entry.kind == MOVED and payload.get("state") in UNASKED:
            approval = self.approvals.by_id.get(str(payload["approval_id"]))
            name = f" {approval.short}" if approval is not None else ""
            text = f"approval{name} {payload['state']}: {public(str(payload['said']))}"
            standing.tell(Told(record.seq, entry.at_ms, plain(text)))

    def standing(self, incident_id: str) -> Standing | None:
        """One incident; None where nobody knows it any more, or can read it."""
        found = self.incidents.get(incident_id)
        return found if found is not None and found.readable else None

    def standings(self) -> Iterator[Standing]:
        """All incidents that can be read, in order of opening."""
        return (one for one in tuple(self.incidents.values()) if one.readable)

    def claimed_by(self, incident_id: str) -> str:
        """Who is on it, as people know them; "" where nobody is."""
        held = self.claims.held.get(incident_id)
        return held.name if held is not None else ""

    def approvals_of(self, incident_id: str) -> tuple[Approval, ...]:
        """What was asked in it, oldest first."""
        return self.approvals.of_incident(incident_id)

    def forget(self, now_ms: int) -> None:
        """Drop what ended long ago."""
        long_ago = now_ms - self._keep_ms
        old = [one.id for one in self.incidents.values() if not one.open and (one.closed_ms or 0) < long_ago]
        for incident_id in old:
            del self.incidents[incident_id]
        if old:
            gone = set(old)
            self._plans = {plan: one for plan, one in self._plans.items() if one[0] not in gone}
        self.approvals = self.approvals.without_old(now_ms)


def public(text: str) -> str:
    """Text for many readers: one line, without secrets, and without the command that follows it."""
    return one_line(text.partition(BY_HAND)[0])


def said_words(entry: Entry) -> str:
    """What a person said or took, in words; "" for what need not be told."""
    payload = entry.payload
    match entry.kind:
        case "claimed":
            return f"{payload['name']} is on it: automation keeps off"
        case "released":
            return f"{payload['name']} lets automation go on"
        case "said" if payload.get("done") and payload.get("text"):
            return f"{public(str(payload['text']))} (by {payload.get('via', '')})"
        case _:
            return ""


def _actor_key(actor: object) -> str:
    if isinstance(actor, Mapping):
        return f"{actor.get('channel', '')}:{actor.get('id', '')}"
    return str(actor or "")
