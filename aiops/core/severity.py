"""Severity: how bad an incident is, by an ordered table of rules; the first that holds decides."""

from collections.abc import Callable
from dataclasses import dataclass

from aiops.model import Anomaly, AnomalyKind, Direction, Role, Severity

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Harm:
    """What the rules look at."""

    anomalies: tuple[Anomaly, ...]  # those still bad; all of them where none is
    places: int  # workloads and nodes that suffer
    nodes: int
    at_entry: bool  # latency or errors at a target that nobody calls: users feel it
    now_ms: int
    storm: bool = False

    @property
    def predicted(self) -> bool:
        """Whether nothing is bad yet."""
        return all(one.kind is AnomalyKind.PREDICTED for one in self.anomalies)

    def worst(self, *roles: Role) -> float:
        """The highest score among ``roles`` on the upper side; 0 where there is none."""
        return max(
            (one.score for one in self.anomalies if one.role in roles and one.direction is Direction.UP),
            default=0.0,
        )

    def due_within(self, ms: int) -> bool:
        """Whether a limit is expected to be reached that soon."""
        return any(
            one.expected_at_ms is not None and one.expected_at_ms - self.now_ms <= ms
            for one in self.anomalies
        )


CRASHING = frozenset(
    {"CrashLoopBackOff", "OOMKilled", "ImagePullBackOff", "CreateContainerConfigError", "NodeNotReady"}
)


def _failing(harm: Harm) -> bool:
    return any(one.condition in CRASHING for one in harm.anomalies)


def _mostly_errors(harm: Harm) -> bool:
    return any(
        one.role is Role.ERRORS and one.unit == "ratio" and one.observed >= 0.5 for one in harm.anomalies
    )


RULES: tuple[tuple[Severity, str, Callable[[Harm], bool]], ...] = (
    (
        Severity.HIGH,
        "a limit is expected to be reached within 15 min",
        lambda harm: harm.predicted and harm.due_within(HOUR_MS // 4),
    ),
    (
        Severity.MEDIUM,
        "a limit is expected to be reached within 1 h",
        lambda harm: harm.predicted and harm.due_within(HOUR_MS),
    ),
    (Severity.LOW, "nothing is bad yet", lambda harm: harm.predicted),
    (Severity.CRITICAL, "part of a storm", lambda harm: harm.storm),
    (Severity.CRITICAL, "several nodes are in trouble", lambda harm: harm.nodes >= 2),
    (Severity.CRITICAL, "at least half of all requests fail", _mostly_errors),
    (
        Severity.CRITICAL,
        "users feel it, far outside the band",
        lambda harm: harm.at_entry and harm.worst(Role.LATENCY, Role.ERRORS) >= 10,
    ),
    (Severity.HIGH, "users feel it", lambda harm: harm.at_entry),
    (Severity.HIGH, "containers or a node fail", _failing),
    (Severity.HIGH, "three or more workloads suffer", lambda harm: harm.places >= 3),
    (Severity.MEDIUM, "requests are slow or fail", lambda harm: harm.worst(Role.LATENCY, Role.ERRORS) > 0),
    (Severity.MEDIUM, "far outside the band", lambda harm: max(one.score for one in harm.anomalies) >= 3),
    (
        Severity.MEDIUM,
        "a state of Kubernetes that should not last",
        lambda harm: any(one.role is Role.CONDITION for one in harm.anomalies),
    ),
)


def severity(harm: Harm) -> tuple[Severity, str]:
    """How bad, and the rule that said so, in words."""
    for level, because, holds in RULES:
        if holds(harm):
            return level, because
    return Severity.LOW, "outside the band"
