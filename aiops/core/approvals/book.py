"""The approvals of the journal: what was asked, answered and came of it. Written and folded here only.

Entries, on the stream ``approvals``:

- ``approval_asked``: a question, bound to the digest of one plan. Written once, whoever asks it twice.
- ``approval_voted``: one person's answer. It decides nothing by itself.
- ``approval_reminded``: the reminder is out, and the second tier may answer.
- ``approval_moved``: the approval is in another state, with the reason in words.

A move that does not fit where the approval stands is not followed: of two that race, the first one counts.

Cost: a fold is O(records + approvals of the last week).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiops.model import Approval, ApprovalState, Entry, Record, Vote
from aiops.model.wire import from_json, to_json

STREAM = "approvals"
ASKED, VOTED, REMINDED, MOVED = "approval_asked", "approval_voted", "approval_reminded", "approval_moved"
KEEP_MS = 7 * 86_400_000  # after its end: so long a short id names nothing else
SHORT = 4  # digits at least

PENDING, APPROVED, EXECUTING = ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.EXECUTING
ENDS = frozenset({ApprovalState.EXPIRED, ApprovalState.SUPERSEDED, ApprovalState.CANCELLED})
MOVES: Mapping[ApprovalState, frozenset[ApprovalState]] = {
    PENDING: ENDS | {APPROVED, ApprovalState.DENIED},
    APPROVED: ENDS | {EXECUTING},
    EXECUTING: frozenset({ApprovalState.EXECUTED, ApprovalState.SUPERSEDED, ApprovalState.CANCELLED}),
}


def asked_entry(approval: Approval, now_ms: int) -> Entry:
    """A question."""
    payload = {"approval": to_json(approval), "incident_id": approval.incident_id}
    return Entry(ASKED, STREAM, now_ms, payload, key=f"asked:{approval.id}")


def voted_entry(approval: Approval, vote: Vote, now_ms: int) -> Entry:
    """A person's answer; the same message twice is written once."""
    payload = {
        "approval_id": approval.id,
        "incident_id": approval.incident_id,
        "digest": approval.digest,
        "by": vote.actor.key,
        "vote": to_json(vote),
    }
    return Entry(VOTED, STREAM, now_ms, payload, key=f"voted:{vote.ref}" if vote.ref else "")


def reminded_entry(approval: Approval, now_ms: int) -> Entry:
    """People are reminded."""
    payload = {"approval_id": approval.id, "incident_id": approval.incident_id}
    return Entry(REMINDED, STREAM, now_ms, payload, key=f"reminded:{approval.id}")


def moved_entry(approval: Approval, state: ApprovalState, said: str, now_ms: int) -> Entry:
    """The approval's next state. Written once for each state, which every approval enters once at most."""
    payload = {
        "approval_id": approval.id,
        "incident_id": approval.incident_id,
        "digest": approval.digest,
        "from": approval.state,
        "state": state,
        "said": said,
    }
    return Entry(MOVED, STREAM, now_ms, payload, key=f"moved:{approval.id}:{state}")


def may_move(approval: Approval, state: ApprovalState) -> bool:
    """Whether ``state`` may follow where the approval stands."""
    return state in MOVES.get(approval.state, frozenset())


@dataclass(frozen=True, slots=True)
class ApprovalBook:
    """Approvals by id, oldest first: all that are not over, and those that ended lately. Immutable."""

    seq: int = 0  # newest record of the stream
    by_id: Mapping[str, Approval] = field(default_factory=dict)

    def fold(self, records: Iterable[Record | Entry]) -> "ApprovalBook":
        """The book after ``records``; of other streams they are passed over, and known ones too."""
        by_id, seq = dict(self.by_id), self.seq
        for record in records:
            entry = record
            if isinstance(record, Record):
                if record.entry.stream != STREAM or record.seq <= seq:
                    continue
                seq, entry = record.seq, record.entry
            assert isinstance(entry, Entry)  # noqa: S101 - for the type checker
            if entry.stream == STREAM:
                _follow(by_id, entry)
        return ApprovalBook(seq, by_id)

    def pending(self) -> tuple[Approval, ...]:
        """What waits for an answer, oldest first."""
        return tuple(one for one in self.by_id.values() if one.state is PENDING)

    def open(self) -> tuple[Approval, ...]:
        """What is not over."""
        return tuple(one for one in self.by_id.values() if not one.state.over)

    def of_incident(self, incident_id: str) -> tuple[Approval, ...]:
        """All of an incident, oldest first."""
        return tuple(one for one in self.by_id.values() if one.incident_id == incident_id)

    def find(self, name: str) -> Approval | None:
        """The one with this id, short id or longer beginning of its id; None for none and for several."""
        name = name.strip().lower()
        if name in self.by_id:
            return self.by_id[name]
        if len(name) < SHORT:
            return None
        found = [one for one in self.by_id.values() if one.short == name]
        found = found or [one for one in self.by_id.values() if one.id.startswith(name)]
        return found[0] if len(found) == 1 else None

    def short_of(self, approval_id: str) -> str:
        """The fewest digits, four or more, that no other approval of the book begins with."""
        others = [one for one in self.by_id if one != approval_id]
        for length in range(SHORT, len(approval_id)):
            short = approval_id[:length]
            if not any(one.startswith(short) for one in others):
                return short
        return approval_id

    def without_old(self, now_ms: int) -> "ApprovalBook":
        """The book without what ended long ago."""
        kept = {
            one.id: one
            for one in self.by_id.values()
            if not one.state.over or (one.ended_ms or one.until_ms) > now_ms - KEEP_MS
        }
        return self if len(kept) == len(self.by_id) else replace(self, by_id=kept)


def _follow(by_id: dict[str, Approval], entry: Entry) -> None:
    payload: Mapping[str, Any] = entry.payload
    if entry.kind == ASKED:
        asked = from_json(Approval, payload["approval"])
        by_id.setdefault(asked.id, asked)
        return
    approval = by_id.get(str(payload.get("approval_id")))
    if approval is None:
        return
    match entry.kind:
        case "approval_voted":
            vote = from_json(Vote, payload["vote"])
            by_id[approval.id] = replace(approval, votes=(*approval.votes, vote))
        case "approval_reminded":
            by_id[approval.id] = replace(approval, reminded=True)
        case "approval_moved":
            state = ApprovalState(payload["state"])
            if may_move(approval, state):
                ended_ms = entry.at_ms if state.over else None
                moved = replace(approval, state=state, said=str(payload["said"]), ended_ms=ended_ms)
                by_id[approval.id] = moved
