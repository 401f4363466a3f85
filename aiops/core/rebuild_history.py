"""History: what kube-state-metrics said over time, kept as the moments at which a series changed.

A series that is absent while its exporter answers is an object that is gone; a time at which the exporter
itself is absent says nothing, and what was known before stands (no data is not "gone").

Cost: O(samples) array work a chunk, then a few numbers for each change.
"""

import bisect
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.ports import Series

Key = tuple[tuple[str, str], ...]  # labels, sorted, empty ones left out
Steps = list[tuple[int, float]]  # (ms UTC, value from then on); NaN: no series


@dataclass(frozen=True, slots=True)
class Track:
    """One series as a step function, with its labels."""

    labels: Mapping[str, str]
    steps: Steps

    def at(self, at_ms: int) -> float:
        """The value at ``at_ms``; NaN before the first step and where the series is absent."""
        index = bisect.bisect_right(self.steps, at_ms, key=_time)
        return self.steps[index - 1][1] if index else math.nan

    def there(self, at_ms: int) -> bool:
        """Whether the series exists at ``at_ms``."""
        return not math.isnan(self.at(at_ms))

    @property
    def first_ms(self) -> int:
        """When it appeared first."""
        return next(at for at, value in self.steps if not math.isnan(value))


def _time(step: tuple[int, float]) -> int:
    return step[0]


@dataclass(slots=True)
class History:
    """Tracks by query and labels. One chunk is ``see`` once and ``add`` for each query; chunks ``follow``."""

    tracks: dict[str, dict[Key, Steps]] = field(default_factory=dict)
    first_ms: int | None = None  # the first time at which the exporter answered
    last_ms: int | None = None  # and the last
    blind: Steps = field(default_factory=list)  # 1 from where the exporter is absent, 0 where it is back

    def see(self, seeing: NDArray[np.bool_], times: NDArray[np.int64]) -> None:
        """``seeing`` (t,) is where the exporter answered, at the ``times`` that follow those before."""
        for at, sees in zip(times.tolist(), seeing.tolist(), strict=True):
            if (not sees) != bool(self.blind[-1][1] if self.blind else 0):
                self.blind.append((at, float(not sees)))
        if seeing.any():
            self.first_ms = int(times[seeing][0]) if self.first_ms is None else self.first_ms
            self.last_ms = int(times[seeing][-1])

    def add(self, name: str, series: Series, seeing: NDArray[np.bool_]) -> None:
        """The answer to the query ``name`` at those times; a query that failed is not added."""
        known = self.tracks.setdefault(name, {})
        for labels, row in zip(series.labels, series.values, strict=True):
            key = tuple(sorted((label, value) for label, value in labels.items() if value))
            _extend(known.setdefault(key, []), series.times[seeing], row[seeing])

    def follow(self, later: "History") -> None:
        """Append the history of the next chunk: a series that it no longer has is gone from its start on;
        a query that it could not ask stands as it was."""
        for at_ms, blind in later.blind:
            if blind != (self.blind[-1][1] if self.blind else 0):
                self.blind.append((at_ms, blind))
        if later.first_ms is None:
            return
        if self.blind and self.blind[-1][1] and not later.blind:
            self.blind.append((later.first_ms, 0.0))
        self.first_ms = later.first_ms if self.first_ms is None else self.first_ms
        self.last_ms = later.last_ms
        for name, rows in later.tracks.items():
            known = self.tracks.setdefault(name, {})
            for key in {*known, *rows}:
                _join(known.setdefault(key, []), rows.get(key, []), later.first_ms)

    def forget(self, before_ms: int) -> None:
        """Keep of each series only what was true at ``before_ms`` and what came after; drop what was gone."""
        for rows in self.tracks.values():
            for key, steps in list(rows.items()):
                at = max(bisect.bisect_right(steps, before_ms, key=_time) - 1, 0)
                rows[key] = steps[at:]
                if len(steps) - at <= 1 and (not steps or math.isnan(steps[-1][1])):
                    del rows[key]
        at = max(bisect.bisect_right(self.blind, before_ms, key=_time) - 1, 0)
        self.blind = self.blind[at:]

    def rows(self, name: str) -> Iterator[Track]:
        """All tracks of a query, in order of their labels."""
        for key, steps in sorted(self.tracks.get(name, {}).items()):
            if any(not math.isnan(value) for _, value in steps):
                yield Track(dict(key), steps)

    def knows(self, name: str) -> bool:
        """Whether the query ever returned anything."""
        return next(self.rows(name), None) is not None

    def to_plain(self) -> dict[str, Any]:
        """As JSON values (NaN is null)."""
        return {
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "blind": [[at, value] for at, value in self.blind],
            "tracks": {
                name: [
                    [dict(key), [[at, _plain(value)] for at, value in steps]] for key, steps in rows.items()
                ]
                for name, rows in self.tracks.items()
            },
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> "History":
        """What ``to_plain`` gave."""
        tracks = {
            name: {
                tuple(sorted(labels.items())): [(at, math.nan if v is None else v) for at, v in steps]
                for labels, steps in rows
            }
            for name, rows in data["tracks"].items()
        }
        blind = [(at, value) for at, value in data["blind"]]
        return cls(tracks, data["first_ms"], data["last_ms"], blind)


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _extend(steps: Steps, times: NDArray[np.int64], row: NDArray[np.float64]) -> None:
    before = steps[-1][1] if steps else math.nan
    shifted = np.concatenate([[before], row[:-1]])
    changed = (row != shifted) & ~(np.isnan(row) & np.isnan(shifted))
    steps.extend((int(times[at]), float(row[at])) for at in np.flatnonzero(changed))


def _join(steps: Steps, later: Steps, first_ms: int) -> None:
    """Append ``later``, which begins as absent unless it says otherwise at ``first_ms``."""
    if not later or later[0][0] > first_ms:
        later = [(first_ms, math.nan), *later]
    for at_ms, value in later:
        before = steps[-1][1] if steps else math.nan
        if value != before and not (math.isnan(value) and math.isnan(before)):
            steps.append((at_ms, value))
