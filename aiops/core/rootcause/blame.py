"""Blame: how much each place is suspected: what of its trouble is its own, and what others explain.

Latency and errors flow down the calls, load flows up; resources and conditions stay where they are; the
kinds of trouble of one place add up as a vector, so that several signs of one kind count once.

Input:   the Case and its layers (m places).
Output:  a Blame.
Errors:  none.
Cost:    O(signals x calls).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.rootcause.flow import Flowed, Graph, explained_above, explained_below, flow, reaches
from aiops.core.rootcause.layers import Layer
from aiops.core.rootcause.moves import LOUD
from aiops.model import ClusterEvent, Facts, Floats, Mask, Role, Target

FELT = (Role.LATENCY, Role.ERRORS)  # travel from callee to caller
OWN = (
    Role.CPU,
    Role.THROTTLING,
    Role.MEMORY,
    Role.DISK,
    Role.RESTARTS,
    Role.CONDITION,
    Role.QUEUE,
)  # speak against the place itself
BY_LOAD = frozenset({Role.CPU, Role.THROTTLING, Role.QUEUE, *FELT})  # more requests may explain these
CHANGED = 2.0  # a change shortly before doubles the suspicion
FULL_LOAD = 0.5  # so many powers of e more requests (65 %) explain whatever they may
NODE_TAKES = 0.6  # of what is held against a place that runs on a node in trouble
FAINT = 0.1  # what is never a cause by itself still makes a list


@dataclass(frozen=True, slots=True)
class Case:
    """What is ranked: places and facts round the onset."""

    places: tuple[Target, ...]
    facts: Facts
    onset_ms: int
    until_ms: int
    changes: Mapping[int, tuple[ClusterEvent, ...]]
    failures: Mapping[int, tuple[str, ...]]  # conditions and killed containers, in words


@dataclass(frozen=True, slots=True, eq=False)
class Blame:
    """How much each place is suspected (m,), and why."""

    total: Floats
    felt: Mapping[int, Flowed]  # layer: how its trouble flowed
    graph: Graph


def blame(case: Case, layers: Sequence[Layer]) -> Blame:
    """Weigh every place; see the module's docstring."""
    graph = _graph(case)
    alarmed = any(one.alarmed.any() for one in layers)
    starts = [np.where(one.alarmed | (not alarmed), one.strength, 0.0) for one in layers]
    own = _own(case, layers)
    flowed = _flowed(layers, starts, _joined(own.values()), graph)
    kept = {role: _loudest([flowed[i].kept for i in flowed if layers[i].role is role], case) for role in FELT}
    touched = _touched(layers, flowed.values(), alarmed)
    parts = {role: np.where(touched, part, 0.0) for role, part in own.items()} | kept
    load, sent = _load(layers, parts, graph)
    stays = [part * (1 - load if role in BY_LOAD else 1.0) for role, part in parts.items()]
    total = _joined([*stays, sent.kept, FAINT * _joined(starts)])
    for row in case.changes:
        total[row] *= CHANGED
    raised = np.any([one.alarmed for one in layers], axis=0)
    return Blame(_with_nodes(case, total, raised), flowed, graph)


def _own(case: Case, layers: Sequence[Layer]) -> dict[Role, Floats]:
    """What speaks against each place itself, a kind of sign; what Kubernetes says is as loud as can be."""
    failed = np.zeros(len(case.places))
    failed[list(case.failures)] = np.log1p(LOUD)
    own = {role: _loudest([one.strength for one in layers if one.role is role], case) for role in OWN}
    own[Role.CONDITION] = np.maximum(own[Role.CONDITION], failed)
    return own


def _flowed(
    layers: Sequence[Layer], starts: Sequence[Floats], own: Floats, graph: Graph
) -> dict[int, Flowed]:
    """Where the trouble of each layer that is felt comes to rest."""
    felt = [one for one in layers if one.role in FELT]
    requests = _requests(layers)
    return {
        number: flow(start, graph, explained_below(one, felt, own, requests, graph))
        for number, (one, start) in enumerate(zip(layers, starts, strict=True))
        if one.role in FELT
    }


def _graph(case: Case) -> Graph:
    at = {place: row for row, place in enumerate(case.places)}
    calls = {
        (at.get(case.facts.owner(one.caller)), at.get(case.facts.owner(one.callee)))
        for one in case.facts.edges
    }
    rows = sorted((a, b) for a, b in calls if a is not None and b is not None and a != b)
    both = np.array(rows, dtype=np.intp).reshape(-1, 2)
    return Graph(both[:, 0], both[:, 1])


def _loudest(parts: Sequence[Floats], case: Case) -> Floats:
    return np.max(parts, axis=0) if parts else np.zeros(len(case.places))


def _joined(parts: Iterable[Floats]) -> Floats:
    """Strengths of several kinds as one: the length of the vector."""
    return np.asarray(np.sqrt(np.sum([np.square(part) for part in parts], axis=0)))


def _load(layers: Sequence[Layer], parts: Mapping[Role, Floats], graph: Graph) -> tuple[Floats, Flowed]:
    """How far requests from outside explain a place's trouble (m,), and that trouble, gone to where they come
    in: with it goes the rise of requests itself where it raised an alarm."""
    rises = [one for one in layers if one.role is Role.TRAFFIC]
    rise = np.max([np.zeros(len(layers[0].strength)), *(one.rise for one in rises)], axis=0)
    up = graph.turned()
    explained = explained_above(rise, up)
    called = np.bincount(graph.callee, minlength=len(rise)) > 0
    outside = reaches(~called, up, explained)
    load = np.minimum(rise / FULL_LOAD, 1.0) * outside
    moved = _joined([part for role, part in parts.items() if role in BY_LOAD])
    raised = _joined(np.where(one.alarmed & (one.rise > 0), one.strength, 0.0) for one in rises)
    return load, flow(np.hypot(moved * load, raised * outside), up, explained)


def _requests(layers: Sequence[Layer]) -> Floats:
    """Requests a second of each place by the first signal that knows them; NaN where none does."""
    requests = np.full(len(layers[0].strength), np.nan)
    for one in layers:
        if one.role is Role.TRAFFIC and one.level is not None:
            requests = np.where(np.isfinite(requests), requests, one.level)
    return np.where(requests > 0, requests, np.nan)


def _touched(layers: Sequence[Layer], flowed: Iterable[Flowed], alarmed: bool) -> Mask:
    """Places with an anomaly, or that some of the trouble flowed to; all where nobody raised an alarm."""
    if not alarmed:
        return np.ones(len(layers[0].strength), dtype=bool)
    reached = [one.kept > 0 for one in flowed]
    return np.asarray(np.any([*(one.alarmed for one in layers), *reached], axis=0))


def _with_nodes(case: Case, total: Floats, raised: Mask) -> Floats:
    """A node that Kubernetes itself calls unwell takes most of what is held against that which runs on it.

    Soon its pods run elsewhere, and nobody knows any more what it took down: a node that is part of the
    incident then answers for all of it."""
    total = total.copy()
    for row, place in enumerate(case.places):
        if place.kind != "Node" or row not in case.failures:
            continue
        hosted = _on_node(place, case.facts)
        under = np.array([one in hosted for one in case.places])
        if raised[row] and not (under & (total > 0)).any():
            under = raised & np.array([one.kind != "Node" for one in case.places])
        total[row] += NODE_TAKES * total[under].sum()
        total[under] *= 1 - NODE_TAKES
    return total


def _on_node(node: Target, facts: Facts) -> frozenset[Target]:
    """The places with a pod on ``node``, as far as known."""
    pods = {facts.owner(pod.target) for pod in facts.pods.values() if pod.node == node.name}
    return frozenset(pods | {one.target for one in facts.workloads.values() if node.name in one.node_names})
