"""Signs: what each series or anomaly says of its service: how far it moved, when, and to which side."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiops.model import Anomaly, Direction, Role, Target


@dataclass(frozen=True, slots=True)
class Sign:
    """One signal of one target that moved."""

    target: Target
    signal: str
    role: Role
    size: float  # how far it moved: 1 is the edge of what is usual
    onset_ms: int
    direction: Direction
    words: str  # "1.2 s, usually 0.2 to 0.4 s"
    condition: str = ""


def figure(value: float, unit: str) -> str:
    """A number people can read, with its unit."""
    if unit == "ratio" and abs(value) <= 10:
        return f"{100 * value:.3g} %"
    digits = f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
    return f"{digits} {unit}".rstrip()


def of_anomalies(anomalies: Iterable[Anomaly]) -> tuple[Sign, ...]:
    """A sign for each anomaly; its size is its score."""
    return tuple(
        Sign(
            one.target, one.signal, one.role, one.score, one.since_ms, one.direction, band(one), one.condition
        )
        for one in anomalies
    )


def band(one: Anomaly) -> str:
    """What was observed and what was expected, in words."""
    if one.condition:
        return one.condition
    observed = figure(one.observed, one.unit) if one.observed == one.observed else "no data"
    sides = []
    if one.low == one.low and one.low > float("-inf"):
        sides.append(f"at least {figure(one.low, one.unit)}")
    if one.high == one.high and one.high < float("inf"):
        sides.append(f"at most {figure(one.high, one.unit)}")
    return f"{observed}, expected {' and '.join(sides)}" if sides else observed
