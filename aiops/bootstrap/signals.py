"""Signals check: which signals return data from a Prometheus, what they map to, and what they cost."""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np

from aiops.bootstrap.prometheus import make_source
from aiops.core.mapping import to_panel
from aiops.errors import InputError, PortError, Unavailable
from aiops.model import Facts, Signal
from aiops.model.prometheus import PrometheusSettings, QueryBudget
from aiops.ports import MetricSource

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """How one signal's query went. ``error`` in words where it did not."""

    signal: str
    pack: str
    series: int = 0
    mapped: int = 0  # series that belong to a target
    targets: int = 0
    with_value: int = 0  # targets with a finite value now
    samples: int = 0  # that the server touched
    seconds: float = 0.0
    rejected: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)  # reason -> series
    examples: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # reason -> labels of one of them
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    partial: bool = False
    error: str = ""

    @property
    def says(self) -> str:
        """The answer in one word: data, empty, unmapped or error."""
        if self.error:
            return "error"
        if self.with_value:
            return "data"
        return "unmapped" if self.series else "empty"


def settings_of(settings: PrometheusSettings, url: str | None) -> PrometheusSettings:
    """``settings`` with the URL of the command line, where one is given."""
    try:
        return settings if url is None else dataclasses.replace(settings, url=url)
    except ValueError as error:
        raise InputError(f"--prometheus: {error}") from error


@contextmanager
def opened(settings: PrometheusSettings) -> Iterator[MetricSource]:
    """A source for one look, closed at the end. No budget cuts it short: what all costs is the question."""
    free = QueryBudget(series=sys.maxsize, samples=sys.maxsize, seconds=float("inf"))
    with closing(make_source(dataclasses.replace(settings, budget=free))) as source:
        yield source


def over(found: Sequence[Checked], budget: QueryBudget) -> tuple[str, ...]:
    """What a tick that asks for all of ``found`` costs above the budget, in words."""
    spent = {
        "series": sum(one.series for one in found),
        "samples": sum(one.samples for one in found),
        "seconds": sum(one.seconds for one in found),
    }
    limits = {name: getattr(budget, name) for name in spent}
    return tuple(
        f"a tick asks for {spent[name]:,.6g} {name}, above the budget of {limit:,.6g}: ticks will be skipped"
        for name, limit in limits.items()
        if spent[name] > limit
    )


def check(
    source: MetricSource,
    signals: Sequence[Signal],
    at_ms: int,
    matchers: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Checked, ...]:
    """Ask for each signal once. Unavailable where the server cannot be reached at all."""
    found: list[Checked] = []
    for number, signal in enumerate(signals):
        if progress is not None:
            progress(number / len(signals), signal.name)
        try:
            found.append(_one(source, signal, at_ms, matchers or {}))
        except Unavailable as error:
            if not number:
                raise
            found.append(Checked(signal.name, signal.pack, error=str(error)))
        except PortError as error:
            found.append(Checked(signal.name, signal.pack, error=str(error)))
    return tuple(found)


def _one(source: MetricSource, signal: Signal, at_ms: int, matchers: Mapping[str, str]) -> Checked:
    series = source.query(signal, at_ms)
    mapped = to_panel(signal, series, Facts(at_ms), own_matchers=matchers)
    finite = np.isfinite(mapped.panel.values).any(axis=1)
    return Checked(
        signal.name,
        signal.pack,
        series=len(series.labels),
        mapped=len(series.labels) - sum(mapped.unmapped.values()),
        targets=len(mapped.panel.targets),
        with_value=int(finite.sum()),
        samples=series.samples,
        seconds=series.cost_s,
        rejected=series.rejected,
        unmapped=dict(mapped.unmapped),
        examples={reason: dict(labels) for reason, labels in mapped.examples.items()},
        warnings=series.warnings,
        infos=series.infos,
        partial=series.partial,
    )
