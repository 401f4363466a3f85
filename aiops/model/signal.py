"""Signal: a named thing we measure, with its query, unit, and how its labels name a target."""

from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Which side of the band is a problem."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Role(StrEnum):
    """What a signal tells about its target; playbooks, root cause and severity read it."""

    LATENCY = "latency"
    ERRORS = "errors"
    TRAFFIC = "traffic"
    CPU = "cpu"
    THROTTLING = "throttling"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    RESTARTS = "restarts"
    CONDITION = "condition"  # 0 or 1: a state of Kubernetes, such as crash looping
    QUEUE = "queue"
    OTHER = "other"


class Rollup(StrEnum):
    """How the series of several pods become one of their workload."""

    NONE = "none"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"
    MIN = "min"


@dataclass(frozen=True, slots=True)
class TargetMapping:
    """Which labels of a series name its target. A series that lacks one is not mapped, never guessed."""

    kind: str  # "Pod", "Deployment", "Node" ...; with kind_label, where that label is absent
    name: str  # label that holds the name
    namespace: str = ""  # label that holds the namespace; empty for kinds without one
    kind_label: str = ""  # label that holds the kind itself, such as owner_kind


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal. ``name`` is unique among all packs."""

    name: str  # such as "error_ratio"
    query: str  # PromQL; one series a target (or a pod, with rollup)
    unit: str  # "s", "ratio", "1/s", "B/s", "bool": free text, shown beside numbers
    role: Role  # what it tells of its target
    target: TargetMapping
    direction: Direction = Direction.BOTH  # which side of the band is bad
    rollup: Rollup = Rollup.NONE  # pods to their workload, by the owners in the cluster facts
    min_abs: float = 0.0  # smallest deviation that matters, in the unit
    min_rel: float = 0.0  # smallest deviation that matters, as a share of what was expected
    limit: float | None = None  # the value at which it is full; look-ahead predicts when it is reached
    edge: float | None = None  # a fixed edge, for the threshold detector
    condition: str = ""  # for Role.CONDITION: what a value of 1 means, such as "CrashLoopBackOff"
    for_s: int = 0  # how long a condition must last before it is an anomaly
    detectors: tuple[str, ...] = ("default",)  # who judges it; default is a stack of several
    pack: str = ""  # the file it came from
    summary: str = ""  # one line for people
    labels: dict[str, str] = field(default_factory=dict)  # free words for playbook matchers
