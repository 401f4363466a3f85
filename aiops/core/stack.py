"""Stack: many cheap detectors, one verdict. The screen for every series.

Each member scores a sample in its own way, 1 at the edge of its band; the stack's score is the loudest one's.

Input:   a Panel.
Output:  Verdicts (n, t); low and high are those of the loudest member where the stack says anomaly, elsewhere
         those of the first member, in order, that knows a band.
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
    """Judges with all ``members``; the loudest speaks."""

    members: tuple[Detector, ...]

    def fit(self, history: Panel) -> "FittedStack":
        """Fit every member on ``history``."""
        return FittedStack(tuple(member.fit(history) for member in self.members))


@dataclass(frozen=True, slots=True, eq=False)
class FittedStack:
    """The fitted members, in the order of the stack."""

    members: tuple[Fitted, ...]

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedStack"]:
        """Judge with every member, then combine."""
        judged = [member.judge(block, hold) for member in self.members]
        return _loudest([one for one, _ in judged]), FittedStack(tuple(fitted for _, fitted in judged))


def _loudest(verdicts: list[Verdicts]) -> Verdicts:
    """One verdict a sample: see the module's Output."""
    shape = verdicts[0].score.shape
    score: Floats = np.full(shape, np.nan)
    low, high = score.copy(), score.copy()
    for one in verdicts:
        takes = np.isfinite(one.score) & ~(score >= one.score)  # louder, or the first that can tell
        shows = takes & (np.isnan(score) | (one.score >= 1))
        np.copyto(low, one.low, where=shows)
        np.copyto(high, one.high, where=shows)
        np.copyto(score, one.score, where=takes)
    return Verdicts.of(score, low, high)


def compose(make: Callable[[str], Detector]) -> Stack:
    """The default stack, of detectors that ``make`` gives by entry-point name."""
    return Stack(tuple(make(name) for name in MEMBERS))
