"""Threshold: is a sample at or beyond a fixed edge?

For what has a meaning of its own: a disk 95 % full, a certificate with 3 days left, replication that lags by
a minute. Learns nothing and knows no season; needs no history.

Input:   a Panel, values (n, t) in the signal's unit, NaN for a gap.
Output:  Verdicts (n, t); ``score`` is 1 at the edge and grows by 1 for each further distance of the edge
         from zero (with two edges: by 1 for each half of their span from the middle).
Errors:  none while judging; INCONCLUSIVE where there is no sample, or no edge.
Cost:    judge O(n t); no state.
Source:  W. Shewhart's fixed limits, "Economic Control of Quality of Manufactured Product", 1931.
"""

from dataclasses import dataclass

import numpy as np

from aiops.model import Direction, Floats, Mask, Panel, Verdicts

LOUDEST = 1e6  # a score is a finite number, however small the scale


@dataclass(frozen=True, slots=True)
class Threshold:
    """Flags what reaches ``edge`` on the side of ``direction``, or ``floor`` from above where it is given."""

    edge: float | None = None  # the upper edge, or with direction DOWN the lower one; None judges nothing
    floor: float | None = None  # a second, lower edge: both sides are a problem
    direction: Direction = Direction.UP  # BOTH: UP, and what ``floor`` says

    def __post_init__(self) -> None:
        for name in ("edge", "floor"):
            value = getattr(self, name)
            if value is not None and not np.isfinite(value):
                raise ValueError(f"{name}: expected a finite number, got {value}")
        if self.floor is not None and (self.edge is None or not self.floor < self.edge):
            raise ValueError(f"floor: expected a number below edge ({self.edge}), got {self.floor}")
        if self.floor is not None and self.direction is Direction.DOWN:
            raise ValueError(f"floor: expected none with direction down, got {self.floor}: edge is the floor")

    def fit(self, history: Panel) -> "FittedThreshold":  # noqa: ARG002 - the edge is given, not learned
        """Learn nothing."""
        return FittedThreshold(self)

    def score(self, values: Floats) -> Floats:
        """How far ``values`` are on the way to the edge (1) and beyond; NaN without an edge."""
        if self.edge is None:
            return np.full(values.shape, np.nan)
        with np.errstate(over="ignore", invalid="ignore"):  # 1e308 is far beyond, an infinity no sample
            if self.floor is not None:
                half = self.edge / 2 - self.floor / 2
                score = np.abs(values - (self.floor + half)) / half
            else:
                sign = -1.0 if self.direction is Direction.DOWN else 1.0
                score = 1 + sign * (values - self.edge) / (abs(self.edge) or 1.0)
        return np.where(np.isfinite(values), np.clip(score, 0.0, LOUDEST), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class FittedThreshold:
    """The edge; there is no other state."""

    detector: Threshold

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedThreshold"]:  # noqa: ARG002
        """Judge every sample of ``block``; nothing is learned, so ``hold`` changes nothing."""
        detector = self.detector
        low, high = -np.inf, np.inf if detector.edge is None else detector.edge
        if detector.floor is not None:
            low = detector.floor
        elif detector.direction is Direction.DOWN:
            low, high = (-np.inf if detector.edge is None else detector.edge), np.inf
        score = detector.score(block.values)
        return Verdicts.of(score, np.full(score.shape, low), np.full(score.shape, high)), self
