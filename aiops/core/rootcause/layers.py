"""Layers: what each signal says of each place (a workload, a node ...), from panels, anomalies or both.

A place is what a series' target belongs to. Where several series of a signal belong to one place, the
loudest speaks. Strength is the logarithm of the size in sigmas, so that no single series outshouts all.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aiops.core.rootcause.moves import EDGE, LOUD, Moves
from aiops.core.rootcause.signs import band
from aiops.core.words import quantity
from aiops.model import Anomaly, Direction, Facts, Floats, Role, Target

Index = NDArray[np.intp]
MIN_PROFILE = 5  # samples before the onset that a profile begins with


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One signal over all places (m,)."""

    signal: str
    role: Role
    strength: Floats  # log(1 + sigmas) to the problem's side; 0: calm or unknown
    amount: Floats  # how much of it, in the unit; of anomalies alone, their size
    rise: Floats  # how much higher the level is, in powers of e
    known: NDArray[np.bool_]  # there is a series or an anomaly
    alarmed: NDArray[np.bool_]  # there is an anomaly
    profile: Floats | None  # (m, w) over time; None from anomalies alone
    level: Floats | None  # (m,) calm level in the unit, NaN where unknown; None from anomalies alone
    since_ms: NDArray[np.float64]  # when it left its band; infinity where it did not
    words: Mapping[int, str]  # place: what was observed, for people


def layers_of(
    found: Sequence[Moves], anomalies: Sequence[Anomaly], facts: Facts, places: Mapping[Target, int]
) -> tuple[Layer, ...]:
    """A layer a signal: those of panels first, in their order, then those of anomalies alone."""
    by: dict[str, list[Anomaly]] = {}
    for one in anomalies:
        by.setdefault(one.signal, []).append(one)
    layers = [_of_panel(one, by.pop(one.panel.signal, []), facts, places) for one in found]
    layers += [
        _told(_empty(signal, some[0].role, len(places)), some, facts, places) for signal, some in by.items()
    ]
    return tuple(layers)


def _empty(signal: str, role: Role, count: int) -> Layer:
    return Layer(
        signal,
        role,
        strength=np.zeros(count),
        amount=np.zeros(count),
        rise=np.zeros(count),
        known=np.zeros(count, dtype=bool),
        alarmed=np.zeros(count, dtype=bool),
        profile=None,
        level=None,
        since_ms=np.full(count, np.inf),
        words={},
    )


def _of_panel(one: Moves, told: Iterable[Anomaly], facts: Facts, places: Mapping[Target, int]) -> Layer:
    rows = np.array([places[facts.owner(target)] for target in one.panel.targets], dtype=np.intp)
    loudest = np.lexsort((one.amount, one.size))  # written in this order, the loudest of a place stays
    index = rows[loudest]

    def placed(values: Floats, blank: float) -> Floats:
        result = np.full((len(places), *values.shape[1:]), blank)
        result[index] = values[loudest]
        return result

    known = np.zeros(len(places), dtype=bool)
    known[rows[np.isfinite(one.centre)]] = True
    width = max(one.panel.shape[1] - one.at, MIN_PROFILE)
    moved = placed(one.size, 0.0) >= EDGE
    layer = Layer(
        one.panel.signal,
        one.role,
        np.log1p(placed(one.size, 0.0)),
        placed(one.amount, 0.0),
        placed(one.rise, 0.0),
        known,
        np.zeros(len(places), dtype=bool),
        placed(one.profile(width), 0.0),
        placed(one.centre, np.nan),
        np.where(moved, placed(one.since_ms.astype(np.float64), np.inf), np.inf),
        _words(one, dict(zip(index.tolist(), loudest.tolist(), strict=True))),
    )
    return _told(layer, told, facts, places)


def _words(one: Moves, row_of: Mapping[int, int]) -> dict[int, str]:
    unit = one.panel.unit
    return {
        place: f"{quantity(float(one.after[row]), unit)}, was {quantity(float(one.centre[row]), unit)}"
        for place, row in row_of.items()
        if one.moved[row] and math.isfinite(one.after[row])
    }


def _told(layer: Layer, told: Iterable[Anomaly], facts: Facts, places: Mapping[Target, int]) -> Layer:
    """``layer`` with what its anomalies add; a score of 1 is the edge of the band."""
    words = dict(layer.words)
    for one in told:
        place = places[facts.owner(one.target)]
        layer.alarmed[place] = layer.known[place] = True
        layer.since_ms[place] = min(layer.since_ms[place], one.since_ms)
        if harms(one):
            size = min(LOUD if one.role is Role.CONDITION else EDGE * one.score, LOUD)
            layer.strength[place] = max(layer.strength[place], math.log1p(size))
            layer.rise[place] = max(layer.rise[place], risen(one))
            if layer.profile is None:
                layer.amount[place] = max(layer.amount[place], size)
        words[place] = band(one)
    return replace(layer, words=words)


def risen(one: Anomaly) -> float:
    """How far it is above what was expected, in powers of e, 0 to 1: a detector knows the time of day."""
    if one.direction is Direction.DOWN or not (one.observed > one.high > 0):
        return 0.0
    return min(1.0, math.log(one.observed / one.high))


def harms(one: Anomaly) -> bool:
    """Whether it is a sign of trouble: less of something, or a faster answer, is none, silence is."""
    falling = one.role is Role.ERRORS  # a share of successes falls
    return one.direction is not Direction.DOWN or falling or math.isnan(one.observed)
