"""Band: the step from what was expected to a verdict, the same for every detector with an expectation."""

import numpy as np

from aiops.model.panel import Floats
from aiops.model.signal import Direction
from aiops.model.verdicts import Verdicts

MEAN_AWAY_TO_SIGMA = (
    1.2533  # makes the mean absolute deviation of normally spread data its standard deviation
)
LOUDEST = 1e6  # a score is a finite number, however still the series was before
FARTHEST = 1e30  # nothing that is measured is larger; beyond, squares and small floats overflow
_GRAIN = 1e-9  # of the expected value: differences below are the arithmetic's, not the series'


def readable(values: Floats) -> Floats:
    """``values`` with NaN in place of what no detector can weigh: infinities, and beyond ``FARTHEST``."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) <= FARTHEST, values, np.nan)


def around(
    values: Floats,
    expected: Floats,
    reach: Floats,
    direction: Direction = Direction.BOTH,
    min_abs: float = 0.0,
    min_rel: float = 0.0,
) -> Verdicts:
    """Verdicts (n, t) of ``values`` in the band ``expected`` ± ``reach``, all of one shape.

    The band is widened to the smallest deviation that matters (``min_abs`` in the unit, ``min_rel`` as a
    share of what was expected); a side that ``direction`` does not judge is an infinity. NaN in any of the
    three arrays is inconclusive.
    """
    values = readable(values)
    grain = _GRAIN * np.abs(expected) + 1e-12
    reach = np.maximum(np.maximum(reach, grain), np.maximum(min_abs, min_rel * np.abs(expected)))
    away = values - expected
    low, high = expected - reach, expected + reach
    if direction is Direction.UP:
        away, low = np.maximum(away, 0.0), np.where(np.isnan(low), low, -np.inf)
    elif direction is Direction.DOWN:
        away, high = np.maximum(-away, 0.0), np.where(np.isnan(high), high, np.inf)
    score = np.abs(away) / reach
    return Verdicts.of(np.minimum(score, LOUDEST), low, high)
