"""Rank: suspects of one incident, most likely first, with evidence in words and figures.

1. Every series is held against its own calm (``moves``); a late alarm is set back to the real onset.
2. Latency and errors flow down the calls to whoever explains them (``flow``); what stays is a place's own.
3. A place's own resources (CPU, memory, disk, restarts, conditions of Kubernetes) speak against it alone.
4. What more requests explain goes up to whoever sends them.
5. A change shortly before doubles the suspicion; a node in trouble takes most of what runs on it.

Input:   panels round the onset (at least ``MIN_CALM`` samples before it), or anomalies, or both; the facts.
Output:  suspects; confidences sum to 1 where there is any. Ties stand in the order of the targets.
Errors:  none. With anomalies, only what they touch, or flows from them, is suspected.
Cost:    O(series x samples log samples) for the panels, O(signals x calls) for the rest.
Blind:   to what no series and no fact shows, and to which of two ends of an unknown call is at fault.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aiops.core.rootcause.blame import FELT, OWN, Blame, Case, blame
from aiops.core.rootcause.layers import Layer, layers_of
from aiops.core.rootcause.moves import Moves, moves, onset_of
from aiops.core.rootcause.words import Picture, evidence, what_changed
from aiops.model import (
    Anomaly,
    AnomalyKind,
    ClusterEvent,
    Direction,
    EventKind,
    Facts,
    Panel,
    Role,
    Suspect,
    Target,
)

CHANGES = frozenset({EventKind.ROLLOUT, EventKind.IMAGE, EventKind.CONFIG})  # scaling answers a problem
FAILURES = frozenset({EventKind.OOM_KILLED, EventKind.EVICTED})
HURTS = frozenset({*FELT, Role.RESTARTS, Role.CONDITION})
CALM_MS = 3 * 3_600_000  # before the onset: what came earlier tells of another time of the day
AFTER_MS = 3_600_000  # from the onset on, for the same reason
LOOK_BACK_MS = 3_600_000  # a late alarm is set back by no more
TOGETHER_MS = 120_000  # a change may be seen so long after what it did


def rank(
    panels: Sequence[Panel],
    roles: Mapping[str, Role],
    onset_ms: int,
    facts: Facts,
    anomalies: Sequence[Anomaly] = (),
    change_within_s: int = 1800,
) -> tuple[Suspect, ...]:
    """Suspects, most likely first; a list always comes where there is anything to suspect."""
    found, onset_ms = _judged(panels, roles, harm_ms(anomalies, onset_ms), facts, anomalies)
    until_ms = max(
        [int(one.panel.times[-1]) for one in found] + [one.at_ms for one in anomalies] + [onset_ms]
    )
    places = _places(found, anomalies, facts, onset_ms)
    at = {place: row for row, place in enumerate(places)}
    case = Case(places, facts, onset_ms, until_ms, *_events(at, facts, onset_ms, until_ms, change_within_s))
    layers = layers_of(found, anomalies, facts, at)
    if not layers:
        return ()
    return _suspects(case, layers, blame(case, layers))


def harm_ms(anomalies: Sequence[Anomaly], onset_ms: int) -> int:
    """When it began to hurt: what filled or leaked for hours before is held against its own calm."""
    hurts = [one.since_ms for one in anomalies if one.role in HURTS and one.kind is AnomalyKind.OBSERVED]
    return max(onset_ms, min(hurts, default=onset_ms))


def _judged(
    panels: Sequence[Panel],
    roles: Mapping[str, Role],
    onset_ms: int,
    facts: Facts,
    anomalies: Sequence[Anomaly],
) -> tuple[list[Moves], int]:
    """Moves of every panel, at the onset as it really was: by the alarmed places, where there are any."""
    falling = {one.signal for one in anomalies if one.direction is Direction.DOWN and one.role is Role.ERRORS}
    near = _near(anomalies, facts)
    recent = (one.between(onset_ms - CALM_MS, onset_ms + AFTER_MS) for one in panels)
    known = [(_rows(one, near, facts), roles.get(one.signal, Role.OTHER)) for one in recent if one.shape[1]]

    def judge(at_ms: int) -> list[Moves]:
        return [moves(panel, role, at_ms, falling=panel.signal in falling) for panel, role in known]

    found = judge(onset_ms)
    alarmed = {facts.owner(one.target) for one in anomalies}
    telling = [
        (one, [not alarmed or facts.owner(target) in alarmed for target in one.panel.targets])
        for one in found
        if one.role in FELT or one.role in OWN
    ]
    earlier_ms = onset_of(telling, onset_ms, onset_ms - LOOK_BACK_MS)
    return (judge(earlier_ms), earlier_ms) if earlier_ms < onset_ms else (found, onset_ms)


def _near(anomalies: Sequence[Anomaly], facts: Facts) -> frozenset[Target] | None:
    """The alarmed places and all that calls tie to them: nothing else can be blamed. None: everything."""
    if not anomalies:
        return None
    calls: dict[Target, list[Target]] = {}
    for edge in facts.edges:
        one, two = facts.owner(edge.caller), facts.owner(edge.callee)
        calls.setdefault(one, []).append(two)
        calls.setdefault(two, []).append(one)
    near = {facts.owner(one.target) for one in anomalies}
    edge_of = list(near)
    while edge_of:
        edge_of = [other for place in edge_of for other in calls.get(place, ()) if other not in near]
        near.update(edge_of)
    return frozenset(near)


def _rows(panel: Panel, near: frozenset[Target] | None, facts: Facts) -> Panel:
    """The series of ``panel`` that count."""
    if near is None:
        return panel
    kept = [row for row, target in enumerate(panel.targets) if facts.owner(target) in near]
    return panel if len(kept) == len(panel.targets) else panel.rows(kept)


def _places(
    found: Sequence[Moves], anomalies: Sequence[Anomaly], facts: Facts, onset_ms: int
) -> tuple[Target, ...]:
    """All that anything is known of, and the nodes that became unwell, which may have no series at all."""
    targets = {target for one in found for target in one.panel.targets} | {one.target for one in anomalies}
    unwell = {one.target for one in facts.conditions if one.target.kind == "Node"}
    unwell |= {event.target for event in _recent(facts, onset_ms - TOGETHER_MS) if _node_failed(event)}
    return tuple(sorted({facts.owner(target) for target in targets | unwell}))


def _recent(facts: Facts, from_ms: int) -> Iterator[ClusterEvent]:
    """Events since ``from_ms``, newest first."""
    return itertools.takewhile(lambda event: event.at_ms >= from_ms, reversed(facts.events))


def _node_failed(event: ClusterEvent) -> bool:
    return event.kind is EventKind.NODE and event.detail.lower().startswith("not ready")


def _events(
    at: Mapping[Target, int], facts: Facts, onset_ms: int, until_ms: int, within_s: int
) -> tuple[dict[int, tuple[ClusterEvent, ...]], dict[int, tuple[str, ...]]]:
    """Changes shortly before, and what Kubernetes says failed since, a place."""
    changes: dict[int, tuple[ClusterEvent, ...]] = {}
    failures: dict[int, dict[str, None]] = {}
    for event in _recent(facts, onset_ms - max(1000 * within_s, TOGETHER_MS)):
        since_ms = event.at_ms - onset_ms
        row = at.get(facts.owner(event.target))
        if row is None:
            continue
        if event.kind in CHANGES and -1000 * within_s <= since_ms <= TOGETHER_MS:
            changes[row] = (event, *changes.get(row, ()))
        failed = event.kind in FAILURES or _node_failed(event)
        if failed and since_ms >= -TOGETHER_MS and event.at_ms <= max(until_ms, facts.at_ms):
            words = event.detail if event.kind is EventKind.NODE else event.kind.replace("_", " ")
            failures.setdefault(row, {})[words] = None
    for condition in facts.conditions:
        row = at.get(facts.owner(condition.target))
        if row is not None and onset_ms - LOOK_BACK_MS <= condition.since_ms <= max(until_ms, facts.at_ms):
            failures.setdefault(row, {})[condition.name] = None
    return changes, {row: tuple(words) for row, words in failures.items()}


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
