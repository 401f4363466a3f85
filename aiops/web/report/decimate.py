"""Decimate: a line of any length in at most so many points, without hiding a peak, a dip or a gap.

In each column of pixels the lowest and the highest sample are kept, at their own times. A column without any
sample is a gap; gaps narrower than a column cannot be seen at that width and are not.
"""

import numpy as np
from numpy.typing import NDArray

from aiops.model import Floats, Mask, Times

Index = NDArray[np.intp]


def kept(values: Floats, columns: int, anomalous: Mask | None = None) -> Index:
    """Which samples of ``values`` (t,) to draw in ``columns`` pixels: all where they are few.

    A NaN stays where its whole column is NaN. Of ``anomalous`` samples at least one a column is kept. O(t).
    """
    length = len(values)
    if length <= 2 * columns:
        return np.arange(length)
    keep: list[int] = []
    for part in np.array_split(np.arange(length), columns):
        inside = values[part]
        if not np.isfinite(inside).any():
            keep.append(int(part[0]))
            continue
        finite = part[np.isfinite(inside)]
        chosen = {int(finite[np.argmin(values[finite])]), int(finite[np.argmax(values[finite])])}
        if anomalous is not None and anomalous[finite].any() and not anomalous[sorted(chosen)].any():
            bad = finite[anomalous[finite]]
            chosen.add(int(bad[np.argmax(np.abs(values[bad]))]))
        keep += sorted(chosen)
    return np.array(keep, dtype=np.intp)


def runs(good: Mask) -> list[tuple[int, int]]:
    """[start, stop) of every stretch of True."""
    padded = np.concatenate([[False], good, [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def at_gaps(times: Times, values: Floats) -> tuple[Times, Floats]:
    """The series with a NaN where samples are missing altogether: more than three steps without one."""
    if len(times) < 3:
        return times, values
    steps = np.diff(times)
    holes = np.flatnonzero(steps > 3 * np.median(steps))
    return np.insert(times, holes + 1, times[holes] + 1), np.insert(values, holes + 1, np.nan)
