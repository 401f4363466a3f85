"""Lessons: what was tried and what came of it, and what healed when left alone.

One lesson is an outcome of a step: for which class of incident, on which workload, by which version of which
playbook, judged by which version of the detectors. Beside them stands what proves that a fix was needed at
all: incidents of the same class in which nothing was changed, and how long they lasted. Both are kept for 90
days, and what is older counts for nothing. ``aiops.core.learn`` folds them from the journal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from aiops.model import Target

KEEP_MS = 90 * 86_400_000
MOST_VAIN = 2  # failures, in other incidents, after which a step is passed over


class Came(StrEnum):
    """What came of a step, from the best to the worst."""

    VERIFIED = "verified"
    UNKNOWN = "unknown"  # not success, and not a failure
    NOT_HELPED = "not_helped"
    HARMED = "harmed"

    @property
    def rank(self) -> int:
        """0 for verified up to 3 for harmed: of two, the worse one counts."""
        return list(Came).index(self)

    @property
    def bad(self) -> bool:
        """Whether it lowers what may be done alone."""
        return self in {Came.NOT_HELPED, Came.HARMED}


Key = tuple[str, int]  # plan and step


@dataclass(frozen=True, slots=True)
class Place:
    """What an incident was about: enough to find others like it."""

    incident_class: str
    target: str  # the workload, as text; of an incident that nobody planned for, what was suspected
    namespace: str
    detectors: str  # what was in force when it opened


@dataclass(frozen=True, slots=True)
class Tried:
    """One step that was carried out. ``came`` is None until it is judged."""

    at_ms: int  # when it was judged; before, when it was started
    started_ms: int
    incident_id: str
    place: Place
    playbook: str
    version: str
    remediation: str
    came: Came | None = None

    @property
    def bad(self) -> bool:
        """Judged, and not to have helped."""
        return self.came is not None and self.came.bad


@dataclass(frozen=True, slots=True)
class Watched:
    """One incident: when something was changed in it, and when it ended."""

    place: Place
    opened_ms: int
    acted_ms: int | None = None  # the first step that changed something, or is under way
    ended_ms: int | None = None  # when its last signal was back, or it was seen for the last time
    by_itself: bool = False  # all signals came back, and no person had mended it
    counts: bool = True  # not a storm's, nor known before, nor only expected

    def alone_at(self, now_ms: int) -> tuple[int, bool]:
        """How long it had been left alone at ``now_ms``, in ms, and whether it had healed by itself."""
        acted, ended = (
            None if at_ms is None or at_ms > now_ms else at_ms for at_ms in (self.acted_ms, self.ended_ms)
        )
        until_ms = min((at_ms for at_ms in (acted, ended) if at_ms is not None), default=now_ms)
        healed = ended is not None and self.by_itself and (acted is None or ended < acted)
        return until_ms - self.opened_ms, healed


@dataclass(frozen=True, slots=True)
class Accepted:
    """A person let a playbook do more alone."""

    at_ms: int
    by: str
    playbook: str
    scope: str  # class and scope, as ``autonomy.where`` writes them


@dataclass(frozen=True, slots=True)
class Lessons:
    """Everything that was learned from the journal so far. Immutable."""

    tried: Mapping[Key, Tried] = field(default_factory=dict)  # oldest first
    watched: Mapping[str, Watched] = field(default_factory=dict)  # by incident, oldest first
    accepted: tuple[Accepted, ...] = ()
    forgiven: Mapping[str, int] = field(default_factory=dict)  # target -> when a person unlocked it
    detectors: str = ""  # version of what judges now
    seq: int = field(default=0, compare=False)  # the newest record that something was learned from

    def of(self, playbook: str, version: str, incident_class: str, now_ms: int) -> Iterator[Tried]:
        """What was judged of a playbook's version for a class, by the detectors in force, oldest first."""
        for one in self.tried.values():
            if (
                one.came is not None
                and (one.playbook, one.version) == (playbook, version)
                and (one.place.incident_class, one.place.detectors) == (incident_class, self.detectors)
                and one.at_ms > now_ms - KEEP_MS
            ):
                yield one

    def alone(self, incident_class: str, now_ms: int) -> Iterator[Watched]:
        """Incidents of a class that teach whether it heals by itself, oldest first."""
        for one in self.watched.values():
            if (
                one.counts
                and (one.place.incident_class, one.place.detectors) == (incident_class, self.detectors)
                and one.opened_ms > now_ms - KEEP_MS
            ):
                yield one


def passed_over(
    lessons: Lessons,
    playbook: str,
    version: str,
    remediation: str,
    incident_class: str,
    target: Target,
    incident_id: str,
    now_ms: int,
) -> str:
    """Why a step is not tried again: it never helped this class on this workload, in other incidents and in
    the last 90 days, though it was tried. "" where it may be."""
    forgiven_ms = lessons.forgiven.get(str(target))
    seen = [
        one
        for one in lessons.of(playbook, version, incident_class, now_ms)
        if (one.remediation, one.place.target) == (remediation, str(target))
        and one.incident_id != incident_id
        and (forgiven_ms is None or one.at_ms > forgiven_ms)
    ]
    vain = [one for one in seen if one.bad]
    if len(vain) < MOST_VAIN or any(one.came is Came.VERIFIED for one in seen):
        return ""
    day = datetime.fromtimestamp(vain[-1].at_ms / 1000, UTC).strftime("%Y-%m-%d")
    return f"passed over: {len(vain)} times it did not help {incident_class} here, the last on {day}"
