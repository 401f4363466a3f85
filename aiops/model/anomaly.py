"""Anomaly: a target's signal outside its band, as an object. Only anomalies become objects."""

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.signal import Direction, Role
from aiops.model.target import Target


class AnomalyKind(StrEnum):
    """Seen now, or expected to come."""

    OBSERVED = "observed"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One (target, signal) that left its band. ``at_ms`` is the sample that says so now."""

    kind: AnomalyKind
    target: Target
    signal: str
    role: Role
    unit: str
    detector: str
    since_ms: int  # the first bad sample of this run
    at_ms: int  # the newest bad sample
    observed: float
    low: float
    high: float
    score: float  # 1 is the edge of the band; the worst of the run so far
    direction: Direction  # the side it left the band on: UP or DOWN
    condition: str = ""  # for states of Kubernetes: "CrashLoopBackOff"
    expected_at_ms: int | None = None  # PREDICTED only: when the limit will be reached
    contributions: tuple[tuple[str, float], ...] = ()  # (signal, share), largest first
    cleared_ms: int | None = None  # when it was back in its band; None: it still is bad, as far as we know

    def __post_init__(self) -> None:
        if (self.kind is AnomalyKind.PREDICTED) != (self.expected_at_ms is not None):
            raise ValueError("anomaly: expected_at_ms goes with kind predicted, and only with it")
        if not self.since_ms <= self.at_ms:
            raise ValueError(f"anomaly: expected since <= at, got {self.since_ms} and {self.at_ms}")

    @property
    def key(self) -> tuple[Target, str]:
        """What makes two anomalies the same one, some time later."""
        return self.target, self.signal
