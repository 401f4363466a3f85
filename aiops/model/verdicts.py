"""Verdicts: what a detector says of every sample of a panel."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.model.panel import Floats, frozen


class Status(IntEnum):
    """A number, so that 100,000 of them are 100 kB and not 5 MB of text."""

    NORMAL = 0
    ANOMALY = 1
    INCONCLUSIVE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Arrays of shape (n, t), one verdict a sample.

    ``status`` (uint8, values of ``Status``); ``score`` has no unit: 1 is the edge of the band, NaN where
    inconclusive; ``low`` and ``high`` are the expected band in the signal's unit (NaN where unknown, an
    infinity on a side that is not judged). ``contributions`` (s, n, t), where several signals were
    judged together, is the share (0 to 1) of each of ``signals`` in the score.

    Invariants, checked here: a score of 1 or more exactly where the status is ANOMALY; no data is never
    NORMAL.
    """

    status: NDArray[np.uint8]
    score: Floats
    low: Floats
    high: Floats
    signals: tuple[str, ...] = ()
    contributions: Floats | None = None

    def __post_init__(self) -> None:
        status = np.asarray(self.status).astype(np.uint8, copy=False)
        score = np.asarray(self.score, dtype=np.float64)
        unknown = status == Status.INCONCLUSIVE
        if unknown.any():
            score = np.where(unknown, np.nan, score)
        if bool(((score >= 1) != (status == Status.ANOMALY)).any()):
            raise ValueError("verdicts: expected a score of 1 or more exactly where the status is anomaly")
        if bool((np.isnan(score) & ~unknown).any()):
            raise ValueError("verdicts: expected inconclusive where there is no score, got normal or anomaly")
        fields: dict[str, NDArray[Any]] = {"status": status, "score": score}
        for name in ("low", "high"):
            fields[name] = np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), score.shape)
        if status.shape != score.shape:
            raise ValueError(f"verdicts: expected one shape, got {status.shape} and {score.shape}")
        if self.contributions is not None and self.contributions.shape != (len(self.signals), *score.shape):
            raise ValueError("verdicts: expected contributions of shape (signals, n, t)")
        for name, array in fields.items():
            view = array.view()
            frozen(view)
            object.__setattr__(self, name, view)

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """Where the status is ANOMALY, shape (n, t)."""
        anomalous: NDArray[np.bool_] = self.status == Status.ANOMALY
        return anomalous

    @classmethod
    def of(cls, score: Floats, low: Floats, high: Floats) -> "Verdicts":
        """Verdicts that follow from a score alone: NaN and infinities are inconclusive."""
        status = np.where(score >= 1, Status.ANOMALY, Status.NORMAL)
        return cls(
            np.where(np.isfinite(score), status, Status.INCONCLUSIVE).astype(np.uint8), score, low, high
        )

    @classmethod
    def unknown(cls, shape: tuple[int, int]) -> "Verdicts":
        """Inconclusive everywhere."""
        nothing = np.full(shape, np.nan)
        return cls(np.full(shape, Status.INCONCLUSIVE, np.uint8), nothing, nothing, nothing)
