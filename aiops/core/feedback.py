"""Feedback: what "false alarm" changed, as the journal keeps it. Written and folded here only.

An adjustment is about one signal of one target, as one detector sees it, on one side of its band. It says
which excursions are expected from now on, and it is bounded four ways: by how far, by when (for a window), by
its end, and by what it is never about (see ``aiops.core.adjust``).

Entries, on the stream ``feedback``:

- ``called_false``: a person says that an incident was a false alarm: ``incident_id``, ``by``, ``reason``.
- ``adjustment_made``: what followed from it, in force from then on.
- ``adjustment_proposed``: the same, but it would have hidden what was real: in force once a person renews it.
- ``adjustment_renewed``: in force until ``until_ms``; once it was over or only proposed, from now on.
- ``adjustment_undone``: not in force any more.

Cost: a fold is O(records); what ended ``KEEP_MS`` ago is forgotten.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aiops.model import Direction, Entry, FreezeWindow, Record, Target
from aiops.model.wire import from_json, to_json

STREAM = "feedback"
CALLED, MADE, PROPOSED = "called_false", "adjustment_made", "adjustment_proposed"
RENEWED, UNDONE = "adjustment_renewed", "adjustment_undone"
DAY_MS = 86_400_000
KEEP_MS = 90 * DAY_MS


class Kind(StrEnum):
    """How an adjustment says what is expected."""

    WIDEN = "widen"  # up to ``factor`` times as far as the edge of the band
    WINDOW = "window"  # as far as ``ceiling``, inside ``window``, on one day of the week (or for one day)
    SEASON = "season"  # the same on every day


class Standing(StrEnum):
    """Where an adjustment stands."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    EXPIRED = "expired"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One excursion that is expected from now on. In force in ``[from_ms, until_ms)``, unless proposed."""

    id: str  # 12 hex digits
    kind: Kind
    incident_id: str
    target: Target
    signal: str
    detector: str
    unit: str
    direction: Direction  # the side of the band: UP or DOWN
    made_ms: int
    from_ms: int
    until_ms: int
    by: str  # ``Actor.key`` of who called it false
    reason: str  # in their words
    because: str  # why it is of this kind, in ours
    factor: float = 1.0  # WIDEN: a score below is inside
    ceiling: float | None = None  # WINDOW, SEASON: the farthest value that is expected, in the unit
    window: FreezeWindow | None = None  # WINDOW, SEASON: civil time
    below: float | None = None  # WINDOW, SEASON of what users feel: a higher score is told at any time
    proposed: bool = False
    undone_by: str = ""

    def standing(self, now_ms: int) -> Standing:
        """Where it stands at ``now_ms``."""
        if self.undone_by:
            return Standing.UNDONE
        if self.proposed:
            return Standing.PROPOSED
        return Standing.ACTIVE if now_ms < self.until_ms else Standing.EXPIRED


@dataclass(frozen=True, slots=True)
class FeedbackBook:
    """All adjustments of late, oldest first, and which incidents were called false. Immutable."""

    seq: int = 0  # newest record of the stream
    by_id: Mapping[str, Adjustment] = field(default_factory=dict)
    false: Mapping[str, int] = field(default_factory=dict)  # incident id -> when it was first called so

    def fold(self, records: Iterable[Record]) -> "FeedbackBook":
        """The book after ``records``; of other streams they are passed over, and known ones too."""
        by_id, false, seq = dict(self.by_id), dict(self.false), self.seq
        for record in records:
            if record.entry.stream == STREAM and record.seq > seq:
                seq = record.seq
                _follow(by_id, false, record.entry)
        return self if seq == self.seq else FeedbackBook(seq, by_id, false)

    def active(self, now_ms: int) -> tuple[Adjustment, ...]:
        """What is in force."""
        return tuple(one for one in self.by_id.values() if one.standing(now_ms) is Standing.ACTIVE)

    def find(self, name: str) -> tuple[Adjustment, ...]:
        """Those whose id begins with ``name``."""
        name = name.strip().lower()
        if name in self.by_id:
            return (self.by_id[name],)
        return tuple(one for one in self.by_id.values() if name and one.id.startswith(name))

    def without_old(self, now_ms: int) -> "FeedbackBook":
        """The book without what ended long ago."""
        by_id = {one.id: one for one in self.by_id.values() if one.until_ms > now_ms - KEEP_MS}
        false = {name: at_ms for name, at_ms in self.false.items() if at_ms > now_ms - KEEP_MS}
        return replace(self, by_id=by_id, false=false)


def called_entry(incident_id: str, by: str, reason: str, now_ms: int) -> Entry:
    """A person calls an incident a false alarm."""
    payload = {"incident_id": incident_id, "by": by, "reason": reason}
    return Entry(CALLED, STREAM, now_ms, payload)


def made_entry(adjustment: Adjustment, now_ms: int) -> Entry:
    """An adjustment, in force or only proposed. Written once, whoever says it twice."""
    payload = {
        "adjustment_id": adjustment.id,
        "incident_id": adjustment.incident_id,
        "by": adjustment.by,
        "adjustment": to_json(adjustment),
    }
    kind = PROPOSED if adjustment.proposed else MADE
    return Entry(kind, STREAM, now_ms, payload, key=f"adjustment:{adjustment.id}")


def renewed_entry(
    adjustment: Adjustment, by: str, until_ms: int, reason: str, now_ms: int, request_id: str = ""
) -> Entry:
    """It stays in force until ``until_ms``."""
    payload = _of(adjustment, by, reason, request_id) | {"until_ms": until_ms}
    return Entry(RENEWED, STREAM, now_ms, payload, key=_once(request_id))


def undone_entry(adjustment: Adjustment, by: str, reason: str, now_ms: int, request_id: str = "") -> Entry:
    """It is not in force any more."""
    payload = _of(adjustment, by, reason, request_id)
    return Entry(UNDONE, STREAM, now_ms, payload, key=_once(request_id))


def _once(request_id: str) -> str:
    return f"feedback:{request_id}" if request_id else ""


def _of(adjustment: Adjustment, by: str, reason: str, request_id: str) -> dict[str, object]:
    ids = {"adjustment_id": adjustment.id, "incident_id": adjustment.incident_id}
    told: dict[str, object] = {**ids, "by": by, "reason": reason}
    return told | ({"request_id": request_id} if request_id else {})


def _follow(by_id: dict[str, Adjustment], false: dict[str, int], entry: Entry) -> None:
    payload = entry.payload
    if entry.kind == CALLED:
        false.setdefault(str(payload["incident_id"]), entry.at_ms)
        return
    if entry.kind in {MADE, PROPOSED}:
        made = from_json(Adjustment, payload["adjustment"])
        by_id.setdefault(made.id, made)
        return
    before = by_id.get(str(payload.get("adjustment_id")))
    if before is None:
        return
    if entry.kind == RENEWED:
        goes_on = before.standing(entry.at_ms) is Standing.ACTIVE
        by_id[before.id] = replace(
            before,
            from_ms=before.from_ms if goes_on else entry.at_ms,
            until_ms=int(payload["until_ms"]),
            proposed=False,
            undone_by="",
        )
    elif entry.kind == UNDONE:
        until_ms = min(before.until_ms, entry.at_ms)
        by_id[before.id] = replace(before, until_ms=until_ms, undone_by=str(payload["by"]))
