"""Rank: suspects of one incident, most likely first, with evidence in words and figures.

1. Every series is held against its own calm (``moves``); a late alarm is set back to the real onset.
2. Latency and errors flow down the calls to whoever explains them (``flow``); what stays is a place's own.
3. A place's own resources (CPU, memory, disk, restarts, conditions of Kubernetes) speak against it alone.
4. What more requests explain goes up to whoever sends them.
5. A change shortly before doubles the suspicion; a node in trouble takes half of what runs on it.

Input:   panels round the onset (at least ``MIN_CALM`` samples before it), or anomalies, or both; the facts.
Output:  suspects; confidences sum to 1 where there is any. Ties stand in the order of the targets.
Errors:  none. With anomalies, only what they touch, or flows from them, is suspected.
Cost:    O(series x samples log samples) for the panels, O(signals x calls) for the rest.
Blind:   to what no series and no fact shows, and to which of two ends of an unknown call is at fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.rootcause.flow import Flowed, Graph, explained_above, explained_below, flow
from aiops.core.rootcause.layers import Layer, layers_of
from aiops.core.rootcause.moves import LOUD, Moves, moves, onset_of
from aiops.core.rootcause.words import Picture, evidence, what_changed
from aiops.model import (
    Anomaly,
    ClusterEvent,
    Direction,
    EventKind,
    Facts,
    Floats,
    Mask,
    Panel,
    Role,
    Suspect,
    Target,
)

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
CHANGES = frozenset({EventKind.ROLLOUT, EventKind.IMAGE, EventKind.CONFIG})  # scaling answers a problem
FAILURES = frozenset({EventKind.OOM_KILLED, EventKind.EVICTED})
CHANGED = 2.0  # a change shortly before doubles the suspicion
FULL_LOAD = 0.5  # so many powers of e more requests (65 %) explain whatever they may
FAINT = 0.1  # what is never a cause by itself still makes a list
LOOK_BACK_MS = 3_600_000  # a late alarm is set back by no more
TOGETHER_MS = 120_000  # a change may be seen so long after what it did


@dataclass(frozen=True, slots=True)
class Case:
    """What is ranked: places and facts round the onset."""

    places: tuple[Target, ...]
    facts: Facts
    onset_ms: int
    until_ms: int
    changes: Mapping[int, tuple[ClusterEvent, ...]]
    failures: Mapping[int, tuple[str, ...]]  # conditions and killed containers, in words


def rank(
    panels: Sequence[Panel],
    roles: Mapping[str, Role],
    onset_ms: int,
    facts: Facts,
    anomalies: Sequence[Anomaly] = (),
    change_within_s: int = 1800,
) -> tuple[Suspect, ...]:
    """Suspects, most likely first; a list always comes where there is anything to suspect."""
    found, onset_ms = _judged(panels, roles, onset_ms, anomalies)
    until_ms = max(
        [int(one.panel.times[-1]) for one in found] + [one.at_ms for one in anomalies] + [onset_ms]
    )
    places = _places(found, anomalies, facts)
    at = {place: row for row, place in enumerate(places)}
    case = Case(places, facts, onset_ms, until_ms, *_events(at, facts, onset_ms, until_ms, change_within_s))
    layers = layers_of(found, anomalies, facts, at)
    if not layers:
        return ()
    return _suspects(case, layers, blame(case, layers))


def _judged(
    panels: Sequence[Panel], roles: Mapping[str, Role], onset_ms: int, anomalies: Sequence[Anomaly]
) -> tuple[list[Moves], int]:
    """Moves of every panel that can be judged, at the onset as it really was."""
    falling = {one.signal for one in anomalies if one.direction is Direction.DOWN and one.role is Role.ERRORS}
    known = [(one, roles.get(one.signal, Role.OTHER)) for one in panels if one.shape[1]]

    def judge(at_ms: int) -> list[Moves]:
        return [moves(panel, role, at_ms, falling=panel.signal in falling) for panel, role in known]

    found = judge(onset_ms)
    blamed = [one for one in found if one.role in FELT or one.role in OWN]
    earlier_ms = onset_of(blamed, onset_ms, onset_ms - LOOK_BACK_MS)
    return (judge(earlier_ms), earlier_ms) if earlier_ms < onset_ms else (found, onset_ms)


def _places(found: Sequence[Moves], anomalies: Sequence[Anomaly], facts: Facts) -> tuple[Target, ...]:
    targets = {target for one in found for target in one.panel.targets} | {one.target for one in anomalies}
    return tuple(sorted({facts.owner(target) for target in targets}))


def _events(
    at: Mapping[Target, int], facts: Facts, onset_ms: int, until_ms: int, within_s: int
) -> tuple[dict[int, tuple[ClusterEvent, ...]], dict[int, tuple[str, ...]]]:
    """Changes shortly before, and what Kubernetes says failed since, a place."""
    changes: dict[int, tuple[ClusterEvent, ...]] = {}
    failures: dict[int, dict[str, None]] = {}
    for event in reversed(facts.events):
        since_ms = event.at_ms - onset_ms
        if since_ms < -max(1000 * within_s, TOGETHER_MS):
            break
        row = at.get(facts.owner(event.target))
        if row is None:
            continue
        if event.kind in CHANGES and -1000 * within_s <= since_ms <= TOGETHER_MS:
            changes[row] = (event, *changes.get(row, ()))
        if event.kind in FAILURES and since_ms >= -TOGETHER_MS and event.at_ms <= until_ms:
            failures.setdefault(row, {})[event.kind.replace("_", " ")] = None
    for condition in facts.conditions:
        row = at.get(facts.owner(condition.target))
        if row is not None and onset_ms - LOOK_BACK_MS <= condition.since_ms <= until_ms:
            failures.setdefault(row, {})[condition.name] = None
    return changes, {row: tuple(words) for row, words in failures.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Blame:
    """How much each place is suspected (m,), and why."""

    total: Floats
    own: Floats  # by its own resources and conditions
    felt: Mapping[int, Flowed]  # layer: how its trouble flowed
    load: Flowed | None
    graph: Graph


def blame(case: Case, layers: Sequence[Layer]) -> Blame:
    """Weigh every place; see the module's docstring."""
    graph = _graph(case)
    alarmed = any(one.alarmed.any() for one in layers)
    felt = [one for one in layers if one.role in FELT]
    failed = np.zeros(len(case.places))
    failed[list(case.failures)] = np.log1p(LOUD)
    load = _load(layers)
    own = {role: _loudest([one.strength for one in layers if one.role is role], case) for role in OWN}
    own[Role.CONDITION] = np.maximum(own[Role.CONDITION], failed)
    total_own = _joined(own.values())
    requests = _requests(layers)
    flowed = {
        number: flow(
            np.where(one.alarmed | (not alarmed), one.strength, 0.0),
            graph,
            explained_below(one, felt, total_own, requests, graph),
        )
        for number, one in enumerate(layers)
        if one.role in FELT
    }
    kept = {role: _loudest([flowed[i].kept for i in flowed if layers[i].role is role], case) for role in FELT}
    touched = _touched(layers, flowed.values(), alarmed)
    parts = {role: np.where(touched, part, 0.0) for role, part in own.items()} | kept
    sent = _sent(layers, parts, load, graph)
    stays = [part * (1 - load if role in BY_LOAD else 1.0) for role, part in parts.items()]
    faint = FAINT * _joined(np.where(one.alarmed | (not alarmed), one.strength, 0.0) for one in layers)
    total = _joined([*stays, sent.kept, faint])
    for row in case.changes:
        total[row] *= CHANGED
    return Blame(_with_nodes(case, total), np.where(touched, total_own, 0.0), flowed, sent, graph)


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


def _load(layers: Sequence[Layer]) -> Floats:
    """How far more requests explain a place's trouble (m,), 0 to 1."""
    rises = [one.rise for one in layers if one.role is Role.TRAFFIC]
    return np.minimum(np.max(rises, axis=0) / FULL_LOAD, 1.0) if rises else np.zeros(len(layers[0].strength))


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


def _sent(layers: Sequence[Layer], parts: Mapping[Role, Floats], load: Floats, graph: Graph) -> Flowed:
    """What more requests explain, and the rise of requests itself where it raised an alarm, gone upstream."""
    up = graph.turned()
    rises = [one for one in layers if one.role is Role.TRAFFIC]
    rise = np.max([one.rise for one in rises], axis=0) if rises else np.zeros(len(load))
    raised = _joined(
        [np.where(one.alarmed & (one.rise > 0), one.strength, 0.0) for one in rises] or [0 * load]
    )
    moved = _joined([part for role, part in parts.items() if role in BY_LOAD])
    return flow(np.hypot(moved * load, raised), up, explained_above(rise, up))


def _with_nodes(case: Case, total: Floats) -> Floats:
    """A node that Kubernetes itself calls unwell takes half of what is held against that which runs on it."""
    total = total.copy()
    for row, place in enumerate(case.places):
        if place.kind != "Node" or row not in case.failures:
            continue
        for other, host in enumerate(case.places):
            if other != row and place.name in nodes_of(host, case.facts):
                total[row] += total[other] / 2
                total[other] /= 2
    return total


def nodes_of(place: Target, facts: Facts) -> frozenset[str]:
    """The nodes that ``place`` runs on, as far as known."""
    known = facts.workloads.get(place)
    pods = (pod.node for pod in facts.pods.values() if place in (pod.owner, pod.target))
    return frozenset(known.node_names if known is not None else ()) | {node for node in pods if node}


def _suspects(case: Case, layers: Sequence[Layer], weighed: Blame) -> tuple[Suspect, ...]:
    energy = weighed.total**2
    whole = float(energy.sum())
    if not whole > 0:
        return ()
    order = [int(row) for row in np.argsort(-weighed.total, kind="stable") if weighed.total[row] > 0]
    picture = Picture(case.places, layers, weighed.felt, weighed.graph, case.onset_ms, case.failures)
    result = []
    for row in order:
        changes = case.changes.get(row, ())
        reasons = evidence(picture, row, changes)
        loud = next((one.signal for one in reasons if one.signal), "")
        result.append(
            Suspect(
                case.places[row],
                float(energy[row]) / whole * (1 - 1e-9),  # so that they sum to at most 1, rounding and all
                reasons,
                loud,
                what_changed(changes[-1]) if changes else "",
            )
        )
    return tuple(result)
