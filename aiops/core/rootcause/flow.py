"""Flow: blame travels along calls, from where it is felt to where it comes from.

A service that is slow or fails passes blame on to those it calls, as far as they explain it: the time (or
the failed requests) that a callee adds, against what the caller shows, at the same times. What nobody below
explains stays. Load travels the other way: more requests come from callers that send more, and count as load
only where they come from outside; others are tries again, which follow from trouble and do not explain it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.rootcause.layers import Index, Layer
from aiops.core.rootcause.moves import EDGE
from aiops.model import Floats, Mask

DEPTH = 12  # calls: no chain is longer, and a cycle ends here
CROSS = 0.5  # a callee's slowness may be a caller's failures, and the reverse: half as good an explanation
MOVED = float(np.log1p(EDGE))


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Who calls whom, as rows of places."""

    caller: Index
    callee: Index

    def turned(self) -> "Graph":
        """The same calls, seen from below."""
        return Graph(self.callee, self.caller)


@dataclass(frozen=True, slots=True, eq=False)
class Flowed:
    """Where blame stayed (m,), and what went over each call (e,)."""

    kept: Floats
    passed: Floats


def flow(start: Floats, graph: Graph, explained: Floats) -> Flowed:
    """Let ``start`` (m,) flow; ``explained`` (e,) is the share of the first end that the other explains."""
    stays, share = _shares(graph, explained, len(start))
    kept, passed, mass = np.zeros(len(start)), np.zeros(len(explained)), start
    for _ in range(DEPTH):
        kept = kept + mass * stays
        over = mass[graph.caller] * share
        passed = passed + over
        mass = np.bincount(graph.callee, over, len(start)).astype(np.float64)
    return Flowed(kept + mass, passed)


def reaches(ends: Mask, graph: Graph, explained: Floats) -> Floats:
    """Which share of what starts at each place (m,) comes to rest at one of ``ends``."""
    stays, share = _shares(graph, explained, len(ends))
    arrives = np.zeros(len(ends))
    for _ in range(DEPTH):
        arrives = stays * ends + np.bincount(graph.caller, share * arrives[graph.callee], len(ends))
    return arrives


def _shares(graph: Graph, explained: Floats, count: int) -> tuple[Floats, Floats]:
    """What stays at each place (m,), and what goes over each call (e,)."""
    total = np.bincount(graph.caller, explained, count)
    return 1 - np.minimum(total, 1.0), explained / np.maximum(total, 1.0)[graph.caller]


def explained_below(
    layer: Layer, felt: Sequence[Layer], own: Floats, requests: Floats, graph: Graph
) -> Floats:
    """How much of each caller's trouble in ``layer`` its callee explains (e,).

    ``felt``: all layers of latency and errors; ``own`` (m,): trouble of a callee that no such layer knows;
    ``requests`` (m,): how many a second, NaN where unknown or none.
    """
    above, below = graph.caller, graph.callee
    weight = np.where(np.isfinite(requests[above] * requests[below]), requests[below] / requests[above], 1.0)
    same = _ratio(layer.amount[below] * weight, layer.amount[above]) * _alike(layer, layer, graph)
    best = same
    for other in felt:
        if other.role is not layer.role:
            ratio = _ratio(other.strength[below], layer.strength[above]) * (other.strength[below] >= MOVED)
            best = np.maximum(best, CROSS * np.minimum(ratio, 1.0) * _alike(layer, other, graph))
    seen = np.any([one.known for one in felt], axis=0)
    silent = _ratio(own[below], layer.strength[above]) * (own[below] >= MOVED)
    return np.where(seen[below], best, np.maximum(best, np.minimum(silent, 1.0)))


def explained_above(rise: Floats, graph: Graph) -> Floats:
    """How much of each callee's rise in requests its caller explains (e,), over the graph turned."""
    return np.minimum(_ratio(rise[graph.callee], rise[graph.caller]), 1.0)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part`` / ``whole``; nothing explains nothing, and all of what the first end does not show itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(part > 0, np.where(whole > 0, part / whole, 1.0), 0.0)


def _alike(above: Layer, below: Layer, graph: Graph) -> Floats:
    """How well both ends move at the same times (e,), 0 to 1; 1 where that cannot be told."""
    if above.profile is None or below.profile is None or above.profile.shape != below.profile.shape:
        return np.ones(len(graph.caller))
    one = above.profile[graph.caller]
    two = below.profile[graph.callee]
    one, two = (part - part.mean(axis=1, keepdims=True) for part in (one, two))
    norm = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.where(norm > 0, (one * two).sum(axis=1) / norm, 1.0)
    return np.maximum(alike, 0.0) ** 2
