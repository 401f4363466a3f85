"""Panel: one signal for many targets over time, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model.target import Target

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]  # shape (n, t) of the panel it goes with


def frozen(array: NDArray[np.generic]) -> None:
    """Make ``array`` read-only in place, so that a value stays a value."""
    array.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Samples of one signal.

    ``targets`` (n,) one a row; ``times`` (t,) milliseconds UTC, strictly increasing; ``values`` (n, t) in
    ``unit``. NaN is a gap and never zero; infinities are kept, and detectors call them inconclusive.
    Arrays are made read-only; they are copied only when the type differs. ``t`` may be 0.
    """

    signal: str
    unit: str
    targets: tuple[Target, ...]
    times: Times
    values: Floats

    def __post_init__(self) -> None:
        times = np.ascontiguousarray(self.times, dtype=np.int64)
        values = np.asarray(self.values, dtype=np.float64)
        if times.ndim != 1 or values.shape != (len(self.targets), len(times)):
            raise ValueError(
                f"panel {self.signal}: expected values of shape ({len(self.targets)}, {len(times)}),"
                f" got {values.shape}"
            )
        if len(times) > 1 and not bool((np.diff(times) > 0).all()):
            raise ValueError(f"panel {self.signal}: expected strictly increasing times")
        times, values = times.view(), values.view()
        frozen(times)
        frozen(values)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    @property
    def shape(self) -> tuple[int, int]:
        """(n targets, t times)."""
        return len(self.targets), len(self.times)

    def columns(self, start: int, stop: int) -> "Panel":
        """The samples from column ``start`` up to ``stop``, not copied."""
        return Panel(self.signal, self.unit, self.targets, self.times[start:stop], self.values[:, start:stop])

    def between(self, start_ms: int, end_ms: int) -> "Panel":
        """The samples with ``start_ms <= time < end_ms``, not copied."""
        first, last = np.searchsorted(self.times, [start_ms, end_ms])
        return self.columns(int(first), int(last))

    def rows(self, index: Sequence[int] | NDArray[np.intp]) -> "Panel":
        """The rows of ``index``, in that order (copied)."""
        chosen = np.asarray(index, dtype=np.intp)
        return Panel(
            self.signal,
            self.unit,
            tuple(self.targets[i] for i in chosen),
            self.times,
            self.values[chosen],
        )

    def reindex(self, targets: Sequence[Target]) -> "Panel":
        """Rows for exactly ``targets``, in that order; a target without samples is a row of NaN."""
        if tuple(targets) == self.targets:
            return self
        at = {target: row for row, target in enumerate(self.targets)}
        index = np.array([at.get(target, -1) for target in targets], dtype=np.intp)
        values = np.full((len(index), len(self.times)), np.nan)
        values[index >= 0] = self.values[index[index >= 0]]
        return Panel(self.signal, self.unit, tuple(targets), self.times, values)
