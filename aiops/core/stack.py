"""Stack: many cheap detectors, one verdict. The screen for every series.

Each member scores a sample in its own way, 1 at the edge of its band; the stack's score is their Euclidean
length over ``edge``: one member far outside is enough, and several near their edges are too.

Input:   a Panel.
Output:  Verdicts (n, t); low and high are those of the first member, in order, that says anomaly where the
         stack does, else of the first that knows a band.
Errors:  none while judging; INCONCLUSIVE where no member can tell.
Cost:    the members' and ten array operations a block.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aiops.model import Floats, Mask, Panel, Verdicts
from aiops.plugin import Detector, Fitted

MEMBERS = ("seasonal_profile", "ewma_level", "diff_spread")  # names of entry points


@dataclass(frozen=True, slots=True)
class Stack:
    """Judges with all ``members`` and combines their scores."""

    members: tuple[Detector, ...]
    edge: float = 1.0

    def fit(self, history: Panel) -> "FittedStack":
        """Fit every member on ``history``."""
        return FittedStack(self.edge, tuple(member.fit(history) for member in self.members))


@dataclass(frozen=True, slots=True, eq=False)
class FittedStack:
    """The fitted members, in the order of the stack."""

    edge: float
    members: tuple[Fitted, ...]

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedStack"]:
        """Judge with every member, then combine."""
        judged = [member.judge(block, hold) for member in self.members]
        verdicts = [one for one, _ in judged]
        scores = np.array([one.score for one in verdicts])
        known = np.isfinite(scores).any(axis=0)
        score = np.sqrt(np.nansum(scores * scores, axis=0)) / self.edge
        score = np.where(known, score, np.nan)
        low, high = _band(verdicts, score)
        return Verdicts.of(score, low, high), FittedStack(self.edge, tuple(fitted for _, fitted in judged))


def _band(verdicts: list[Verdicts], score: Floats) -> tuple[Floats, Floats]:
    """The band that explains each verdict best: see the module's Output."""
    low, high = np.full(score.shape, np.nan), np.full(score.shape, np.nan)
    for one in reversed(verdicts):
        takes = np.isfinite(one.score)
        low, high = np.where(takes, one.low, low), np.where(takes, one.high, high)
    for one in reversed(verdicts):
        takes = one.anomalous & (score >= 1)
        low, high = np.where(takes, one.low, low), np.where(takes, one.high, high)
    return low, high


def compose(make: Callable[[str], Detector]) -> Stack:
    """The default stack, of detectors that ``make`` gives by entry-point name."""
    return Stack(tuple(make(name) for name in MEMBERS))
