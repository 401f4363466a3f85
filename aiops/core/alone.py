"""Alone: one resource a little out of its band, which nobody feels, is as often a whim as a problem.

It opens an incident only when it lasts, or when a second one agrees: another role, the same side, the same
place or along its calls, at about that time. What more requests explain is no second: requests and the CPU,
memory and network that they cost are one sign. What is felt (latency, errors, a state of Kubernetes), what
fills up for good, and what is loud waits for nobody.
"""

from collections.abc import Iterable

from aiops.core.relate import Ground
from aiops.model import Anomaly, Correlation, Role

LOAD = frozenset({Role.TRAFFIC, Role.NETWORK})
RESOURCES = LOAD | {Role.CPU, Role.MEMORY, Role.THROTTLING, Role.QUEUE, Role.OTHER}


def is_faint(anomaly: Anomaly, settings: Correlation) -> bool:
    """Whether it may have to wait."""
    return anomaly.role in RESOURCES and anomaly.score < settings.loud_score


def seconded(anomaly: Anomaly, others: Iterable[Anomaly], ground: Ground, settings: Correlation) -> bool:
    """Whether one of ``others``, all faint, says the same of another resource."""
    if anomaly.role in LOAD:
        return False
    place, window_ms = ground.place(anomaly.target), 1000 * settings.join_window_s
    near = {place, *ground.along_calls(place)}
    return any(
        one.role not in {anomaly.role, *LOAD}
        and one.direction is anomaly.direction
        and ground.place(one.target) in near
        and abs(one.since_ms - anomaly.since_ms) <= window_ms
        for one in others
    )
