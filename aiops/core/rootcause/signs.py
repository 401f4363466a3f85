"""Signs: an anomaly in words: what was observed, and what was expected."""

import math

from aiops.core.words import minute, quantity
from aiops.model import Anomaly, Direction


def band(one: Anomaly) -> str:
    """What was observed and expected; of a state of Kubernetes its name; of what is predicted, when."""
    if one.condition:
        return one.condition
    if one.expected_at_ms is not None:
        limit = one.low if one.direction is Direction.DOWN else one.high
        reached = f"{quantity(limit, one.unit)} at {minute(one.expected_at_ms)}"
        return f"{quantity(one.observed, one.unit)}, on its way to {reached}"
    observed = "no data" if math.isnan(one.observed) else quantity(one.observed, one.unit)
    sides = []
    if math.isfinite(one.low):
        sides.append(f"at least {quantity(one.low, one.unit)}")
    if math.isfinite(one.high):
        sides.append(f"at most {quantity(one.high, one.unit)}")
    return f"{observed}, expected {' and '.join(sides)}" if sides else observed
