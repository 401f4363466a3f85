"""Collect: one tick's samples of all signals, and how far they can be trusted."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from aiops.core.mapping import Mapped, to_panel
from aiops.core.quality import Reading
from aiops.errors import PortError
from aiops.model import Facts, Panel, Signal
from aiops.ports import MetricSource, Series

# What is new is expected at once; what left for good is forgotten by this much a tick, so that half of a
# signal's series going at once blinds us for some 20 ticks and not for ever.
FORGET = 0.98


@dataclass(frozen=True, slots=True)
class Cost:
    """What one signal's query cost this tick."""

    seconds: float
    samples: int
    series: int
    rejected: int
    unmapped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collected:
    """Panels of the signals that answered, a reading and a cost of each signal that was asked."""

    at_ms: int
    panels: Mapping[str, Panel]
    readings: tuple[Reading, ...]
    costs: Mapping[str, Cost]


class Ask(Protocol):
    """One query; what differs between a tick and a back-fill."""

    def __call__(self, source: MetricSource, signal: Signal) -> Series:
        """The series of ``signal``; raises PortError."""
        ...


class Collector:
    """Asks for all signals side by side; keeps what was expected of each from tick to tick."""

    def __init__(
        self,
        source: MetricSource,
        signals: Sequence[Signal],
        cluster: str,
        max_series: int,
        matchers: Mapping[str, str] | None = None,
        workers: int = 4,
    ) -> None:
        self.source, self.signals, self.cluster, self.max_series = source, tuple(signals), cluster, max_series
        self.matchers = dict(matchers or {})  # labels of our cluster: what shows others is not ours (M7)
        self._expected: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="query")

    def tick(self, at_ms: int, facts: Facts) -> Collected:
        """The newest sample of every series. A signal that fails has a reading that says so, and no panel."""
        collected = self._collect(at_ms, facts, lambda source, signal: source.query(signal, at_ms))
        for reading in collected.readings:
            if reading.seen:
                before = self._expected.get(reading.signal, 0.0)
                self._expected[reading.signal] = max(float(reading.seen), FORGET * before)
        return collected

    def history(self, start_ms: int, end_ms: int, step_ms: int, facts: Facts) -> Collected:
        """Samples from ``start_ms`` to ``end_ms``; what was expected is neither asked nor changed."""

        def ask(source: MetricSource, signal: Signal) -> Series:
            return source.query_range(signal, start_ms, end_ms, step_ms)

        return self._collect(end_ms, facts, ask)

    def _collect(self, at_ms: int, facts: Facts, ask: Ask) -> Collected:
        def one(signal: Signal) -> tuple[Mapped | None, Reading, Cost]:
            try:
                series = ask(self.source, signal)
            except PortError as error:
                expected = round(self._expected.get(signal.name, 0.0))
                return None, Reading(signal.name, expected, 0, error=str(error)), Cost(0, 0, 0, 0)
            mapped = to_panel(signal, series, facts, self.cluster, self.matchers, living=True)
            return mapped, self._reading(signal, series, mapped), cost_of(series, mapped)

        panels, readings, costs = {}, [], {}
        left = self.max_series
        for signal, (mapped, reading, cost) in zip(
            self.signals, self._pool.map(one, self.signals), strict=True
        ):
            costs[signal.name] = cost
            size = len(mapped.panel.targets) if mapped is not None else 0
            readings.append(reading if size <= left else over_the_cap(reading, size, self.max_series))
            if mapped is not None and size <= left:
                left -= size
                panels[signal.name] = mapped.panel
        return Collected(at_ms, panels, tuple(readings), costs)

    def _reading(self, signal: Signal, series: Series, mapped: Mapped) -> Reading:
        seen = int(np.isfinite(mapped.panel.values).any(axis=1).sum()) if mapped.panel.shape[1] else 0
        expected = round(self._expected.get(signal.name, 0.0))
        return Reading(signal.name, expected, seen, warnings=series.warnings, partial=series.partial)

    def close(self) -> None:
        """Let the query threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def over_the_cap(reading: Reading, series: int, cap: int) -> Reading:
    """A signal that would break the cap is left out as a whole, and says so (M5)."""
    text = (
        f"{series} series would exceed the cap of {cap} series: narrow this signal's query or raise the cap"
    )
    return Reading(reading.signal, reading.expected, 0, error=text)


def cost_of(series: Series, mapped: Mapped) -> Cost:
    """What the query cost and what of it could not be used."""
    return Cost(series.cost_s, series.samples, len(series.labels), series.rejected, dict(mapped.unmapped))
