"""Words: the evidence against one place, as a person understands it at three in the morning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.rootcause.flow import MOVED, Flowed, Graph
from aiops.core.rootcause.layers import Layer
from aiops.core.words import span
from aiops.model import ClusterEvent, EventKind, Evidence, Role, Target

MOST = 6  # reasons a suspect
MOST_SIGNS = 3
MOST_NAMES = 3
ASIDES = frozenset({Role.TRAFFIC, Role.NETWORK, Role.OTHER})
ASIDE = 0.3  # what blames nobody by itself is said last
EXPLAINS = 0.2  # of a caller's trouble, to be worth saying
FELT_WORDS = {Role.LATENCY: "slow", Role.ERRORS: "failing"}
CHANGE_WORDS = {
    EventKind.ROLLOUT: "rolled out",
    EventKind.IMAGE: "got another image",
    EventKind.CONFIG: "got another configuration",
}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What the words are about."""

    places: tuple[Target, ...]
    layers: Sequence[Layer]
    felt: Mapping[int, Flowed]
    graph: Graph
    onset_ms: int
    failures: Mapping[int, tuple[str, ...]]


def evidence(seen: Picture, row: int, changes: Sequence[ClusterEvent]) -> tuple[Evidence, ...]:
    """Reasons against the place of ``row``, the heaviest first; at least one."""
    reasons = [
        *_failed(seen, row),
        *(_change(one, seen.onset_ms) for one in changes[-2:]),
        *_signs(seen, row),
        *_below(seen, row),
        *_above(seen, row),
    ]
    heaviest = sorted(reasons, key=lambda one: -one.weight)[:MOST]
    return tuple(heaviest) or (Evidence("nothing of its own is out of the usual", 0.0),)


def what_changed(event: ClusterEvent) -> str:
    """A change in words: "rollout to revision 12"."""
    return f"{event.kind.replace('_', ' ')} {event.detail}".strip()


def _change(event: ClusterEvent, onset_ms: int) -> Evidence:
    before_ms = onset_ms - event.at_ms
    when = f"{span(before_ms)} before" if before_ms >= 0 else f"{span(-before_ms)} after it was first seen"
    words = CHANGE_WORDS.get(event.kind, str(event.kind))
    return Evidence(f"{words} {event.detail} {when}".replace("  ", " "), 2 * MOVED, at_ms=event.at_ms)


def _failed(seen: Picture, row: int) -> list[Evidence]:
    names = seen.failures.get(row, ())
    return [Evidence(f"Kubernetes says: {', '.join(names)}", 3 * MOVED)] if names else []


def _signs(seen: Picture, row: int) -> list[Evidence]:
    first, lead = _first(seen)
    found = []
    for number, one in enumerate(seen.layers):
        if row not in one.words or not (one.strength[row] >= MOVED or one.alarmed[row]):
            continue
        since = one.since_ms[row]
        at_ms = int(since) if np.isfinite(since) else None
        words = f"{one.signal}: {one.words[row]}"
        if (number, row) == first and lead > 0:
            words += f"; left its band first, {span(lead)} before any other"
        weight = float(one.strength[row]) * (ASIDE if one.role in ASIDES else 1.0)
        found.append(Evidence(words, weight, one.signal, at_ms))
    return sorted(found, key=lambda one: -one.weight)[:MOST_SIGNS]


def _first(seen: Picture) -> tuple[tuple[int, int], float]:
    """(layer, place) that left its band first, and how many ms before any other place."""
    starts = sorted(
        (float(one.since_ms[row]), number, int(row))
        for number, one in enumerate(seen.layers)
        for row in np.flatnonzero(np.isfinite(one.since_ms) & (one.strength >= MOVED))
    )
    if not starts:
        return (-1, -1), 0.0
    others = [at for at, _, row in starts if row != starts[0][2]]
    return (starts[0][1], starts[0][2]), (others[0] - starts[0][0] if others else 0.0)


def _below(seen: Picture, row: int) -> list[Evidence]:
    """Whom it calls, where that explains its trouble: it is a victim then."""
    found = []
    for number, flowed in seen.felt.items():
        over = np.where(seen.graph.caller == row, flowed.passed, 0.0)
        whole = over.sum() + flowed.kept[row]
        for edge in np.argsort(-over, kind="stable")[:MOST_NAMES]:
            if whole > 0 and over[edge] >= EXPLAINS * whole:
                callee = seen.places[seen.graph.callee[edge]].name
                state = FELT_WORDS[seen.layers[number].role]
                found.append(
                    Evidence(
                        f"calls {callee}, which explains {over[edge] / whole:.0%} of its being {state}", MOVED
                    )
                )
    return found[:MOST_NAMES]


def _above(seen: Picture, row: int) -> list[Evidence]:
    """Who calls it and suffers from it."""
    over: dict[str, float] = {}
    for flowed in seen.felt.values():
        whole = flowed.kept + np.bincount(seen.graph.caller, flowed.passed, len(flowed.kept))
        for edge in np.flatnonzero((seen.graph.callee == row) & (flowed.passed > 0)):
            caller = seen.graph.caller[edge]
            if flowed.passed[edge] >= EXPLAINS * whole[caller]:
                name = seen.places[caller].name
                over[name] = over.get(name, 0.0) + float(flowed.passed[edge])
    names = sorted(over, key=lambda name: (-over[name], name))
    if not names:
        return []
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return [Evidence(f"explains the trouble of {', '.join(names[:MOST_NAMES])}{more}", 1.5 * MOVED)]
