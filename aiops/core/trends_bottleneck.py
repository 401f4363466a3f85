"""Bottleneck: what a service waits for when it is slow.

Its slowest tenth of the time is held against its faster half. A callee explains as much of the difference as
the time it adds (times its requests, where known); one of its own resources is the bottleneck where it is
near its limit just then, and moves with the latency.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aiops.model import Facts, Floats, Mask, Panel, Role, Signal, Target

SLOWER = 1.3  # the slow tenth over the faster half: less is nothing to explain
EXPLAINS = 0.5  # of the difference, by a callee
FULL = 0.7  # of its limit, when slow
TOGETHER = 0.4  # rank correlation of a resource with the latency
RESOURCES = (Role.CPU, Role.THROTTLING, Role.MEMORY, Role.DISK, Role.QUEUE)
LIMITED = frozenset({"ratio", "share"})


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Why ``target`` is slow when it is. ``cause`` is "callee", "resource" or "none found"."""

    target: Target
    signal: str  # the latency that was looked at
    unit: str
    usual: float  # in its faster half of the time
    slow: float  # in its slowest tenth
    cause: str
    callee: Target | None = None
    resource: str = ""  # the signal
    share: float | None = None  # of the difference that the callee explains; of its limit, for a resource
    correlation: float | None = None  # of the resource with the latency


def bottlenecks(
    panels: Mapping[str, Panel], signals: Mapping[str, Signal], facts: Facts
) -> tuple[Bottleneck, ...]:
    """One for each service whose latency varies, by the first latency signal that knows it."""
    placed = {name: _placed(panel, facts) for name, panel in panels.items()}
    requests = _first_of(placed, signals, Role.TRAFFIC)
    callees: dict[Target, dict[Target, None]] = {}
    for edge in facts.edges:
        callees.setdefault(facts.owner(edge.caller), {})[facts.owner(edge.callee)] = None
    found: dict[Target, Bottleneck] = {}
    for name, rows in placed.items():
        if signals[name].role is not Role.LATENCY:
            continue
        for target, latency in rows.items():
            if target not in found and (one := _slow(latency)) is not None:
                usual, slow = one
                here = Bottleneck(
                    target, name, panels[name].unit, *_levels(latency, usual, slow), "none found"
                )
                best = _callee(here, rows, callees.get(target, {}), requests, usual, slow)
                found[target] = best or _resource(here, placed, signals, latency, slow) or here
    return tuple(found[target] for target in sorted(found))


def _placed(panel: Panel, facts: Facts) -> dict[Target, Floats]:
    """The series of each place; of several, the one with the highest level."""
    rows: dict[Target, Floats] = {}
    level = np.where(np.isfinite(panel.values), panel.values, 0.0).sum(axis=1)
    for row in np.argsort(level, kind="stable"):
        rows[facts.owner(panel.targets[row])] = panel.values[row]
    return rows


def _first_of(
    placed: Mapping[str, Mapping[Target, Floats]], signals: Mapping[str, Signal], role: Role
) -> dict[Target, Floats]:
    found: dict[Target, Floats] = {}
    for name, rows in placed.items():
        if signals[name].role is role:
            found = dict(rows) | found
    return found


def _slow(latency: Floats) -> tuple[Mask, Mask] | None:
    """Masks (b,) of the faster half and of the slowest tenth of the time; None where they hardly differ."""
    known = latency[np.isfinite(latency)]
    if not len(known):
        return None
    half, tenth = np.quantile(known, [0.5, 0.9])
    usual, slow = latency <= half, latency >= tenth
    one, two = _levels(latency, usual, slow)
    return (usual, slow) if one > 0 and two >= SLOWER * one else None


def _levels(series: Floats, usual: Mask, slow: Mask) -> tuple[float, float]:
    return _mean(series[usual]), _mean(series[slow])


def _mean(series: Floats) -> float:
    known = series[np.isfinite(series)]
    return float(known.mean()) if len(known) else float("nan")


def _callee(
    here: Bottleneck,
    rows: Mapping[Target, Floats],
    callees: Mapping[Target, None],
    requests: Mapping[Target, Floats],
    usual: Mask,
    slow: Mask,
) -> Bottleneck | None:
    """The callee that adds most of the time, if it adds enough."""
    best: tuple[float, Target] | None = None
    for callee in callees:
        series = rows.get(callee)
        if series is None or series.shape != usual.shape:
            continue
        before, after = _levels(series, usual, slow)
        calls = (
            _mean(requests[callee]) / _mean(requests[here.target])
            if {callee, here.target} <= set(requests)
            else 1.0
        )
        share = (after - before) * (calls if np.isfinite(calls) else 1.0) / (here.slow - here.usual)
        if np.isfinite(share) and (best is None or share > best[0]):
            best = (share, callee)
    if best is None or best[0] < EXPLAINS:
        return None
    share, callee = best
    return Bottleneck(
        here.target, here.signal, here.unit, here.usual, here.slow, "callee", callee, share=min(share, 1.0)
    )


def _resource(
    here: Bottleneck,
    placed: Mapping[str, Mapping[Target, Floats]],
    signals: Mapping[str, Signal],
    latency: Floats,
    slow: Mask,
) -> Bottleneck | None:
    """The fullest of its own resources, if it is full when the service is slow and moves with the latency."""
    best: tuple[float, str, float] | None = None
    for name, rows in placed.items():
        series = rows.get(here.target)
        limit = signals[name].limit or (1.0 if signals[name].unit in LIMITED else None)
        if (
            signals[name].role not in RESOURCES
            or series is None
            or limit is None
            or series.shape != slow.shape
        ):
            continue
        share, together = _mean(series[slow]) / limit, _correlation(series, latency)
        if share >= FULL and together >= TOGETHER and (best is None or share > best[0]):
            best = (share, name, together)
    if best is None:
        return None
    share, name, together = best
    return Bottleneck(
        here.target,
        here.signal,
        here.unit,
        here.usual,
        here.slow,
        "resource",
        resource=name,
        share=share,
        correlation=together,
    )


def _correlation(one: Floats, two: Floats) -> float:
    """Spearman's, over the blocks that both have; 0 where one is constant."""
    known = np.isfinite(one) & np.isfinite(two)
    if known.sum() < 3 or np.ptp(one[known]) == 0 or np.ptp(two[known]) == 0:
        return 0.0
    ranks = np.array([np.argsort(np.argsort(part[known])) for part in (one, two)], dtype=np.float64)
    return float(np.asarray(np.corrcoef(ranks))[0, 1])
