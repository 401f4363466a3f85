"""Recording: what its writers hand over and its reader gives back, beside panels and true incidents."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.facts import Alert, Autoscaler, Claim, ClusterEvent, Condition, Edge, Node, Pod, Workload
from aiops.model.signal import Signal

# What ``Facts.unknown`` names where nobody could read anything of the cluster.
NOTHING_KNOWN = (
    "autoscalers",
    "claims",
    "cluster",
    "conditions",
    "events",
    "labels",
    "nodes",
    "owners",
    "pdb",
    "pods",
    "workloads",
)


@dataclass(frozen=True, slots=True)
class NamespaceLabels:
    """A namespace with its labels and annotations."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] | None = None  # None is unknown


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A kind of fact that nobody could read from this time on, until the line that takes it back."""

    what: str


Fact = (
    Workload
    | Pod
    | Node
    | Claim
    | Autoscaler
    | NamespaceLabels
    | Edge
    | Condition
    | ClusterEvent
    | Alert
    | Unreadable
)


@dataclass(frozen=True, slots=True)
class FactLine:
    """At ``at_ms`` the cluster came to be so: ``value`` is what is now, or (``gone``) what is no longer.

    Objects replace the earlier value of the same target, conditions that of the same target and name,
    alerts that of the same name, target and beginning; events add up.
    """

    at_ms: int
    value: Fact
    gone: bool = False


@dataclass(frozen=True, slots=True)
class RecordingMeta:
    """The head of a recording. Times are ms UTC; ``start_ms`` and ``end_ms`` are both part of it."""

    name: str
    signals: tuple[Signal, ...]
    start_ms: int
    end_ms: int
    step_ms: int
    cluster: str = ""
    made: str = ""  # how it was made, for people
    made_by: str = ""  # command and version
    unknown: tuple[str, ...] = ()  # kinds of fact that nobody could read, for the whole time
    warnings: tuple[str, ...] = ()  # what a reader of the results should know
