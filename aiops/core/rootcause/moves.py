"""Moves: how far each series of a panel left its own calm, since when, and by how much.

Input:   a Panel that holds samples before and after an onset; the role of its signal.
Output:  arrays a row; excursions in sigmas, 0 where nothing is known, and only to the side that is a problem.
Errors:  none; a series with fewer than ``MIN_CALM`` samples of calm is not judged: its size is 0.
Cost:    O(n t log t); 24 bytes a sample.

A series that was constant has no spread to divide by, so a share of its level (``FLOOR``) always counts as
usual: from nothing to something is at most 1 / FLOOR sigmas, however small the something is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.median import median
from aiops.model import Floats, Mask, Panel, Role, Times
from aiops.model.band import MEAN_AWAY_TO_SIGMA, readable

EDGE = 3.5  # sigmas: the edge of what is usual, as in the robust z-score
FLOOR = 0.05  # share of a series' level that always counts as usual
LOUD = 1 / FLOOR  # sigmas: nothing is louder
MIN_CALM = 5  # samples before the onset
MIN_ERRORS = 0.01  # share of requests: fewer failures more are usual
MAD_TO_SIGMA = 1.4826
UP_ONLY = frozenset(Role) - {Role.TRAFFIC, Role.NETWORK, Role.OTHER}


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """One panel, judged at an onset; a row a series. ``at`` is the first column after the onset."""

    panel: Panel
    role: Role
    at: int
    excursion: Floats  # (n, t) sigmas
    size: Floats  # (n,) sigmas: the mean after the onset
    amount: Floats  # (n,) mean distance from calm after the onset, in the unit, on the problem's side
    centre: Floats  # (n,) the calm level, NaN where unknown
    after: Floats  # (n,) the level after the onset, NaN where unknown
    since_ms: Times  # (n,) first sample out of the band; the newest time where there is none

    @property
    def moved(self) -> Mask:
        """Which series left their band (n,)."""
        return self.size >= EDGE

    @property
    def rise(self) -> Floats:
        """How much higher the level is, in powers of e, 0 to 1 (n,)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(self.after / self.centre)
        ratio = np.where((self.centre <= 0) & (self.after > 0), 1.0, ratio)
        return np.where(self.moved, np.clip(np.nan_to_num(ratio), 0.0, 1.0), 0.0)

    def profile(self, columns: int) -> Floats:
        """The excursions (n, w) from ``columns`` samples before the onset on, small ones counting as such."""
        return np.log1p(self.excursion[:, max(0, self.at - columns) :])


def moves(panel: Panel, role: Role, onset_ms: int, *, falling: bool = False) -> Moves:
    """Judge ``panel``; ``falling``: lower is worse (a share of successes)."""
    at = int(np.searchsorted(panel.times, onset_ms))
    values = readable(panel.values)
    centre, spread = _calm(values[:, :at])
    side = -1.0 if falling else 1.0
    away = side * (values - centre[:, None])
    if falling or role in UP_ONLY:
        away = np.maximum(away, 0.0)
    loudest = np.where(np.isfinite(values[:, at:]), np.abs(values[:, at:]), 0.0).max(axis=1, initial=0.0)
    level = np.maximum(np.abs(centre), loudest)
    if falling:  # what counts is what is missing from the full share
        level = np.where(np.isfinite(away[:, at:]), away[:, at:], 0.0).max(axis=1, initial=0.0)
    scale = np.sqrt(spread**2 + (FLOOR * level) ** 2 + _least(panel, role, values) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        excursion = np.abs(away) / scale[:, None]
    excursion = np.nan_to_num(excursion, nan=0.0, posinf=0.0)
    size = _mean(excursion[:, at:])
    amount = _mean(np.nan_to_num(away[:, at:]))
    since_ms = _since(panel.times, excursion >= EDGE, at)
    return Moves(panel, role, at, excursion, size, np.abs(amount), centre, _level(values[:, at:]), since_ms)


def _calm(calm: Floats) -> tuple[Floats, Floats]:
    """Level and spread of each row, NaN where there are too few samples."""
    known = np.isfinite(calm).sum(axis=1)
    centre = np.where(known >= MIN_CALM, median(calm), np.nan)
    away = np.abs(calm - centre[:, None])
    mean = np.where(np.isfinite(away), away, 0.0).sum(axis=1) / np.maximum(known, 1)
    return centre, np.maximum(MAD_TO_SIGMA * median(away), MEAN_AWAY_TO_SIGMA * mean)


def _least(panel: Panel, role: Role, values: Floats) -> Floats:
    """The smallest distance that matters, a row, in the unit. Only shares have one of their own."""
    if role is not Role.ERRORS:
        return np.zeros(len(values))
    if panel.unit == "ratio":
        return np.full(len(values), MIN_ERRORS)
    return np.full(len(values), 100 * MIN_ERRORS if panel.unit in ("%", "percent") else 0.0)


def _mean(block: Floats) -> Floats:
    return block.mean(axis=1) if block.shape[1] else np.zeros(len(block))


def _level(block: Floats) -> Floats:
    known = np.isfinite(block)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, block, 0.0).sum(axis=1) / known.sum(axis=1))


def _since(times: Times, out: Mask, at: int) -> Times:
    """When each row left its band: the start of the run that lasts at the onset, else the first one later."""
    n, t = out.shape
    if t == 0:
        return np.zeros(n, dtype=np.int64)
    columns = np.arange(t)
    calm_before = np.where(~out[:, :at], columns[:at], -1).max(axis=1, initial=-1)
    begun = calm_before + 1
    later = np.where(out & (columns >= at), columns, t - 1).min(axis=1)
    return np.asarray(times[np.where(begun < at, np.minimum(begun, t - 1), later)], dtype=np.int64)


def onset_of(found: Sequence[tuple[Moves, Sequence[bool]]], given_ms: int, not_before_ms: int) -> int:
    """When it really began, where the alarm was late: the middle of the starts of what had moved, weighed by
    how far. ``found``: moves, and which of their rows count. Never later than ``given_ms`` nor earlier than
    ``not_before_ms``."""
    counted = [(one, one.moved & np.asarray(rows, dtype=bool)) for one, rows in found]
    starts = np.concatenate([one.since_ms[rows] for one, rows in counted] or [np.zeros(0, np.int64)])
    weights = np.concatenate([np.log1p(one.size[rows]) for one, rows in counted] or [np.zeros(0)])
    if not len(starts):
        return given_ms
    order = np.argsort(starts, kind="stable")
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return int(np.clip(starts[order][min(int(half), len(order) - 1)], not_before_ms, given_ms))
