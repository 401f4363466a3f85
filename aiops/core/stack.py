"""Stack: a season, a level and a change score, one verdict. The screen for every series.

Each member knows a centre and a reach. Once the season is known, it is the centre for the others too: the
level member then lends only its reach, and the change is that of what the season leaves over. So a nightly
job that comes every night is no news to any of them, and before the season is known they judge alone.

The loudest member speaks: one outside its band is enough, and nearly outside in three ways is not outside.

Input:   a Panel.
Output:  Verdicts (n, t); the score is the loudest member's. The band is the season's, or the first that is
         known, so that it is calm to look at; where a sample is outside, that of the loudest who says so.
Errors:  none while judging; INCONCLUSIVE where no member can tell.
Cost:    the members' and thirty array operations a block; 8 bytes of state a series beside theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from aiops.core import rows
from aiops.model import Direction, Floats, Mask, Panel, Verdicts
from aiops.model.band import around, readable
from aiops.plugin import Detector, Fitted

_Three = tuple[Floats, ...]  # of season, level and change, (n, t) each
MEMBERS = ("seasonal_profile", "ewma_level", "diff_spread")  # entry points of season, level, change
OPEN = {"direction": Direction.BOTH, "min_abs": 0.0, "min_rel": 0.0}  # members tell both sides, unfiltered


@dataclass(frozen=True, slots=True)
class Stack:
    """Judges with the three members; what matters of a deviation is decided here, once for all of them."""

    season: Detector
    level: Detector
    change: Detector
    direction: Direction = Direction.BOTH
    min_abs: float = 0.0
    min_rel: float = 0.0

    def fit(self, history: Panel) -> "FittedStack":
        """Fit every member on ``history``."""
        blank = Panel(history.signal, history.unit, history.targets, history.times[:0], history.values[:, :0])
        season, level, change = (member.fit(blank) for member in (self.season, self.level, self.change))
        start = FittedStack(self, season, level, change, np.full(len(history.targets), np.nan))
        return start.judge(history, np.zeros(history.shape, bool))[1] if history.shape[1] else start

    def loudest(self, values: Floats, centres: tuple[Floats, ...], reaches: tuple[Floats, ...]) -> Verdicts:
        """One verdict a sample from the centre and reach of each member, all (n, t)."""
        best = np.full(values.shape, np.nan)
        low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
        for where, far in zip(centres, reaches, strict=True):
            edge = np.maximum(far, np.maximum(self.min_abs, self.min_rel * np.abs(where)))
            mine = around(values, where, edge, self.direction)
            # a band to show: that of the first who knows one, or of the loudest who is outside his
            first = np.isnan(low) & np.isnan(high) & np.isfinite(edge)
            shown = first | (mine.anomalous & ~(mine.score <= best))
            low, high = np.where(shown, mine.low, low), np.where(shown, mine.high, high)
            best = np.fmax(best, mine.score)
        return Verdicts.of(best, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class FittedStack:
    """The fitted members, and what the season expected at the newest sample."""

    config: Stack
    season: Fitted
    level: Fitted
    change: Fitted
    before: Floats  # (n,) the season's expectation at the newest sample; NaN where unknown

    def judge(self, block: Panel, hold: Mask) -> tuple[Verdicts, "FittedStack"]:
        """Judge with every member, then combine."""
        values, centres, reaches, after = self._told(block, hold)
        return self.config.loudest(values, centres, reaches), after

    def _told(self, block: Panel, hold: Mask) -> tuple[Floats, _Three, _Three, "FittedStack"]:
        """(values, centres, reaches, what was learned) of every member; direction and size do not matter."""
        of_season, fitted_season = self.season.judge(block, hold)
        of_level, fitted_level = self.level.judge(block, hold)
        of_change, fitted_change = self.change.judge(block, hold)
        season, season_reach = _band(of_season)
        level, level_reach = _band(of_level)
        last, change_reach = _band(of_change)
        values = readable(block.values)
        then, before = _at_last_sample(season, np.isfinite(values) & ~hold, self.before)
        step = season - then
        centres = (season, _first(season, level), last + np.where(np.isfinite(step), step, 0.0))
        reaches = (season_reach, level_reach, change_reach)
        after = FittedStack(self.config, fitted_season, fitted_level, fitted_change, before)
        return values, centres, reaches, after

    @property
    def alike(self) -> str:
        """Stacks of which this is equal can be judged side by side."""
        return repr((self.config.season, self.config.level, self.config.change))


def side_by_side(
    stacks: Sequence[FittedStack], blocks: Sequence[Panel]
) -> list[tuple[Verdicts, FittedStack]]:
    """What each of ``stacks``, which are ``alike``, says of its block; all blocks have the same times.

    The same as judging one after the other, for the price of one: the work a column is the same for few rows
    and for hundreds.
    """
    first, targets = blocks[0], tuple(target for block in blocks for target in block.targets)
    values = np.concatenate([block.values for block in blocks])
    whole = Panel(first.signal, first.unit, targets, first.times, values)
    joined = FittedStack(
        stacks[0].config,
        rows.join([one.season for one in stacks]),
        rows.join([one.level for one in stacks]),
        rows.join([one.change for one in stacks]),
        np.concatenate([one.before for one in stacks]),
    )
    read, centres, reaches, after = joined._told(whole, np.zeros(whole.shape, bool))
    ends = np.cumsum([len(block.targets) for block in blocks])
    answer = []
    for one, block, end in zip(stacks, blocks, ends.tolist(), strict=True):
        mine = slice(end - len(block.targets), end)
        index = np.arange(mine.start, mine.stop)
        centre, reach = (tuple(part[mine] for part in three) for three in (centres, reaches))
        season, level, change = (rows.take(part, index) for part in (after.season, after.level, after.change))
        verdicts = one.config.loudest(read[mine], centre, reach)
        answer.append((verdicts, FittedStack(one.config, season, level, change, after.before[mine])))
    return answer


def _band(verdicts: Verdicts) -> tuple[Floats, Floats]:
    """(centre, reach) of a member that tells both sides."""
    return (verdicts.low + verdicts.high) / 2, (verdicts.high - verdicts.low) / 2


def _first(known: Floats, otherwise: Floats) -> Floats:
    return np.where(np.isfinite(known), known, otherwise)


def _at_last_sample(season: Floats, fresh: Mask, before: Floats) -> tuple[Floats, Floats]:
    """The season's expectation at the sample before each column, (n, t), and at the newest one, (n,)."""
    known = np.concatenate([before[:, None], season], axis=1)
    index = np.where(fresh, np.arange(1, season.shape[1] + 1), 0)
    newest = np.maximum.accumulate(np.pad(index, ((0, 0), (1, 0))), axis=1)
    at = np.take_along_axis(known, newest, axis=1)
    return at[:, :-1], at[:, -1]


def compose(make: Callable[[str], Detector]) -> Stack:
    """The default stack, of detectors that ``make`` gives by entry-point name.

    What ``make`` took from a signal (direction, smallest deviation) moves from the members to the stack.
    """
    season, level, change = (make(name) for name in MEMBERS)
    given: Any = {name: getattr(season, name) for name in OPEN if hasattr(season, name)}
    return Stack(_opened(season), _opened(level), _opened(change), **given)


def _opened(member: Detector) -> Detector:
    """``member`` without a view of its own on what matters."""
    changes: Any = {one.name: OPEN[one.name] for one in fields(member) if one.name in OPEN}  # type: ignore[arg-type]
    return replace(member, **changes)  # type: ignore[type-var]
