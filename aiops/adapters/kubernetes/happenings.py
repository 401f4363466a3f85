"""Happenings: the events of the last hours, those that we noticed and those that the API server tells."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from aiops.adapters.kubernetes.noticed import KEPT_MS, recent
from aiops.model import ClusterEvent, Target

MOST = 20_000  # of each sort; the oldest go first
_WORDS = {"Pod": "pod", "ReplicaSet": "ReplicaSet"}  # parts of a workload
Owner = Callable[[Target], Target | None]


class Happenings:
    """Bounded in time and number. Events of pods are told of their workloads, as soon as those are known."""

    def __init__(self) -> None:
        self._noticed: deque[ClusterEvent] = deque(maxlen=MOST)
        self._whole: tuple[ClusterEvent, ...] = ()
        self._changed = False

    def add(self, events: Iterator[ClusterEvent], now_ms: int) -> None:
        """What was noticed."""
        before = len(self._noticed)
        self._noticed.extend(recent(events, now_ms))
        self._changed = self._changed or len(self._noticed) != before or before == MOST

    def events(
        self, told: dict[Target, ClusterEvent], changed: bool, owner: Owner, at_ms: int
    ) -> tuple[ClusterEvent, ...]:
        """All of the last hours in order of time. ``told`` are the API server's, which are trimmed here."""
        since_ms = at_ms - KEPT_MS
        too_old = bool(self._whole) and self._whole[0].at_ms <= since_ms
        if not (self._changed or changed or too_old):
            return self._whole
        for key in [key for key, one in told.items() if one.at_ms <= since_ms]:
            del told[key]
        if len(told) > MOST:
            for key in sorted(told, key=lambda one: told[one].at_ms)[: len(told) - MOST]:
                del told[key]
        for key, one in told.items():
            told[key] = _placed(one, owner)
        kept = [_placed(one, owner) for one in self._noticed if one.at_ms > since_ms]
        self._noticed = deque(kept, maxlen=MOST)
        self._changed = False
        self._whole = tuple(sorted([*kept, *told.values()], key=lambda one: one.at_ms))
        return self._whole


def _placed(event: ClusterEvent, owner: Owner) -> ClusterEvent:
    if event.target.kind not in _WORDS or (place := owner(event.target)) is None:
        return event
    name = f"{_WORDS[event.target.kind]} {event.target.name}"
    detail = event.detail if name in event.detail else f"{name}: {event.detail}"
    return replace(event, target=place, detail=detail)
