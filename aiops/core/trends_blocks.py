"""Blocks: a long series as a few hundred medians, with the daily season taken out where there are days.

Single odd samples vanish in the medians; what is left is level, season and trend.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from aiops.core.median import median
from aiops.model import Floats, Panel
from aiops.model.band import readable

MOST_BLOCKS = 400
LENGTHS_MIN = (1, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440)  # all divide a day
MINUTE_MS, DAY_MS = 60_000, 86_400_000
MIN_DAYS = 3  # fewer, and a season cannot be told from a trend
MIN_BLOCKS = 12  # with samples, of a series that is looked at
MIN_SHARE = 0.5  # of the blocks from its first to its last must have samples
ENDED = 0.1  # of the stretch without samples at its end: it is gone


def condensed_ms(panels: Sequence[Panel], span_ms: int) -> int:
    """The length of a block: at most ``MOST_BLOCKS`` of them, none shorter than the samples are apart."""
    steps = [float(np.median(np.diff(one.times))) for one in panels if one.shape[1] > 1]
    step_ms = min(steps, default=MINUTE_MS)
    for minutes in LENGTHS_MIN:
        if span_ms / (minutes * MINUTE_MS) <= MOST_BLOCKS and minutes * MINUTE_MS >= step_ms:
            return minutes * MINUTE_MS
    return max(DAY_MS, -(-span_ms // (MOST_BLOCKS * DAY_MS)) * DAY_MS)


def condense(panel: Panel, start_ms: int, end_ms: int, block_ms: int) -> Panel:
    """The median of each block (n, b) from ``start_ms`` to ``end_ms``, NaN where there is no sample; a
    block's time is its start, so that panels of one stretch have the same blocks."""
    values = readable(panel.values)
    count = int((end_ms - start_ms) // block_ms) + 1
    times = start_ms + np.arange(count, dtype=np.int64) * block_ms
    edges = np.searchsorted(panel.times, np.append(times, times[-1] + block_ms))
    result = np.full((len(values), count), np.nan)
    for block, (begin, end) in enumerate(pairwise(edges)):
        if end > begin:
            result[:, block] = median(values[:, begin:end])
    return Panel(panel.signal, panel.unit, panel.targets, times, result)


def usable(blocks: Panel) -> NDArray[np.intp]:
    """The rows with enough samples in their own stretch, which may begin late and must not have ended."""
    known = np.isfinite(blocks.values)
    count = blocks.shape[1]
    first = np.argmax(known, axis=1)
    last = count - 1 - np.argmax(known[:, ::-1], axis=1)
    many = known.sum(axis=1)
    enough = (many >= MIN_BLOCKS) & (many >= MIN_SHARE * (last - first + 1))
    return np.flatnonzero(enough & (count - 1 - last <= ENDED * count))


def a_day(blocks: Panel) -> int:
    """How many blocks a day has; 0 where there are fewer than ``MIN_DAYS``."""
    count = blocks.shape[1]
    if count < 2:
        return 0
    slots = DAY_MS // int(blocks.times[1] - blocks.times[0])
    return int(slots) if count >= MIN_DAYS * slots else 0


def unseasoned(blocks: Panel) -> Floats:
    """The values (n, b) without their daily season; as they are where there are fewer than ``MIN_DAYS``.

    The season of a slot of the day is the median, over the days, of how far it lies from its own day's level.
    """
    values, count = blocks.values, blocks.shape[1]
    slots = a_day(blocks)
    if slots < 2:
        return values
    days = count // slots  # a day that is cut off has no level of its own
    by_day = values[:, : days * slots].reshape(len(values), days, slots)
    level = median(by_day)
    season = median((by_day - _between(level, slots)).swapaxes(1, 2))
    season = np.nan_to_num(season - median(season)[:, None])
    return np.asarray(values - np.tile(season, days + 1)[:, :count])


def _between(level: Floats, slots: int) -> Floats:
    """A line through the middles of the days (n, days, slots), so that a trend is not taken for a season."""
    days = level.shape[1]
    at = (np.arange(days * slots) + 0.5) / slots - 0.5
    left = np.clip(np.floor(at).astype(np.intp), 0, days - 2)
    share = at - left
    line = level[:, left] * (1 - share) + level[:, left + 1] * share
    return np.asarray(line.reshape(len(level), days, slots))
