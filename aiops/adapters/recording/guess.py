"""Guess: a signal from nothing but the name of a metric.

Imported data seldom say what they measure. The words of the name decide role and direction, in the order of
the table; a name without a known word is ``other``, both ways, and no unit is made up.
"""

import re
from dataclasses import dataclass

from aiops.model import Direction, Role, Rollup, Signal, TargetMapping

OF_SERVICE = TargetMapping(kind="Service", name="service")
OTHER_MIN_REL = 0.1  # a tenth of what was expected: nobody looks at less of a thing nobody can name


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word in a name tells; ``min_rel`` as in our own packs for that role."""

    words: frozenset[str]
    role: Role
    direction: Direction
    min_rel: float = OTHER_MIN_REL


def _meaning(words: str, role: Role, direction: Direction, min_rel: float = OTHER_MIN_REL) -> Meaning:
    return Meaning(frozenset(words.split()), role, direction, min_rel)


MEANINGS = (
    _meaning("throttled throttling throttle", Role.THROTTLING, Direction.UP),
    _meaning("latency duration delay elapsed rt response ttfb", Role.LATENCY, Direction.UP, 0.3),
    _meaning("availability success successes successful", Role.ERRORS, Direction.DOWN, 0.02),
    _meaning(
        "error errors fail failed failure failures exception exceptions crash crashes 5xx 4xx fault faults",
        Role.ERRORS,
        Direction.UP,
    ),
    _meaning("restart restarts", Role.RESTARTS, Direction.UP),
    _meaning("cpu", Role.CPU, Direction.UP),
    _meaning("memory mem heap rss", Role.MEMORY, Direction.UP),
    _meaning("network net receive received transmit transmitted rx tx", Role.NETWORK, Direction.BOTH, 0.5),
    _meaning("disk filesystem inode inodes storage", Role.DISK, Direction.UP),
    _meaning("queue backlog lag pending", Role.QUEUE, Direction.UP),
    _meaning(
        "request requests qps rps traffic ingress workload throughput calls",
        Role.TRAFFIC,
        Direction.BOTH,
        0.3,
    ),
)
UNITS = (
    (frozenset({"seconds"}), "s"),
    (frozenset({"milliseconds", "ms", "millis"}), "ms"),
    (frozenset({"ratio"}), "ratio"),
    (frozenset({"percent"}), "%"),
    (frozenset({"bytes"}), "B"),
)


def words(name: str) -> list[str]:
    """The words of a name, small: ``PodClientLatencyP90`` and ``pod_client_latency_p90`` alike."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def signal(name: str, of: str = "", mapping: TargetMapping = OF_SERVICE, *, rate: bool = False) -> Signal:
    """The signal of the metric ``of`` (default: ``name``), which is safe as a file name.

    A ``rate`` is what a counter grew by a second, so its unit is the counter's a second.
    """
    metric = of or name
    found = set(words(metric))
    meaning = next((one for one in MEANINGS if one.words & found), None)
    unit = next((unit for keys, unit in UNITS if keys & found), "")
    return Signal(
        name=safe(name),
        query=metric,
        unit=f"{unit or '1'}/s" if rate else unit,
        role=meaning.role if meaning else Role.OTHER,
        target=mapping,
        direction=meaning.direction if meaning else Direction.BOTH,
        rollup=Rollup.NONE,
        min_rel=meaning.min_rel if meaning else OTHER_MIN_REL,
        summary=f"{metric}{', a second' if rate else ''} (imported; role and direction by its name)",
    )


def safe(name: str) -> str:
    """``name`` as a file may be called."""
    text = re.sub(r"[^A-Za-z0-9_.:-]+", "_", name).lstrip(".:-") or "value"
    return text[:100]
