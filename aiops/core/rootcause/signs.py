"""Signs: an anomaly in words: what was observed, and what was expected."""

import math

from aiops.core.words import quantity
from aiops.model import Anomaly


def band(one: Anomaly) -> str:
    """What was observed and what was expected; for a state of Kubernetes, its name."""
    if one.condition:
        return one.condition
    observed = "no data" if math.isnan(one.observed) else quantity(one.observed, one.unit)
    sides = []
    if math.isfinite(one.low):
        sides.append(f"at least {quantity(one.low, one.unit)}")
    if math.isfinite(one.high):
        sides.append(f"at most {quantity(one.high, one.unit)}")
    return f"{observed}, expected {' and '.join(sides)}" if sides else observed
