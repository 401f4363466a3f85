"""Classify: what sort of problem an incident is. One ordered table; the first row that fits names it.

The table reads the signs of the first suspect (role and direction of each anomaly, states of Kubernetes,
events), what changed there shortly before, and whether its callers suffer too. Playbooks match on the names,
so a name never changes its meaning.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aiops.model import Anomaly, Direction, EventKind, Role

UNCLASSIFIED = "unclassified"
Sign = tuple[Role, Direction]


def _up(*roles: Role) -> frozenset[Sign]:
    return frozenset((role, Direction.UP) for role in roles)


def _down(*roles: Role) -> frozenset[Sign]:
    return frozenset((role, Direction.DOWN) for role in roles)


@dataclass(frozen=True, slots=True)
class Picture:
    """What the table looks at; all of the first suspect unless named otherwise."""

    kind: str  # "Deployment", "Node" ...
    signs: frozenset[Sign]
    conditions: frozenset[str]
    events: frozenset[EventKind]  # around the first bad sample
    changed: bool  # rolled out or configured shortly before
    vanished: bool  # a series that should be there is not
    callers_suffer: bool  # a caller's latency or errors are bad too
    predicted: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One class. All that is given must hold; of a set, any one member."""

    name: str
    summary: str
    kinds: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    signs: frozenset[Sign] = frozenset()
    without: frozenset[Sign] = frozenset()
    events: frozenset[EventKind] = frozenset()
    changed: bool | None = None
    also: Callable[[Picture], bool] | None = None

    def fits(self, seen: Picture) -> bool:
        """Whether this row names ``seen``."""
        return (
            (not self.kinds or seen.kind in self.kinds)
            and (not self.conditions or bool(self.conditions & seen.conditions))
            and (not self.signs or bool(self.signs & seen.signs))
            and not self.without & seen.signs
            and (not self.events or bool(self.events & seen.events))
            and (self.changed is None or self.changed == seen.changed)
            and (self.also is None or self.also(seen))
        )


NODE = frozenset({"Node"})
CRASHING = frozenset({"CrashLoopBackOff"})
IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
CONFIG = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CertificateError"}
)
STUCK = frozenset({"RolloutStuck", "ProgressDeadlineExceeded"})
PRESSURE = frozenset({"NodePressure", "MemoryPressure", "DiskPressure", "PIDPressure"})
BUSY = _up(Role.TRAFFIC)

# Most telling first: a state that Kubernetes names beats a sign that has many causes.
TABLE: tuple[Row, ...] = (
    Row("node_not_ready", "a node does not answer", conditions=frozenset({"NodeNotReady", "NotReady"})),
    Row("node_pressure", "a node is short of memory, disk or process ids", conditions=PRESSURE),
    Row("node_disk_filling", "a node's disk fills", kinds=NODE, signs=_up(Role.DISK)),
    Row("node_saturated", "a node is short of CPU or memory", kinds=NODE, signs=_up(Role.CPU, Role.MEMORY)),
    Row("image_pull_backoff", "an image cannot be pulled", conditions=IMAGE),
    Row(
        "config_error_after_change",
        "a container cannot start with its new configuration",
        conditions=CONFIG,
        changed=True,
    ),
    Row("config_error", "a container cannot start with its configuration", conditions=CONFIG),
    Row("oom_killed", "containers are killed for memory", conditions=frozenset({"OOMKilled"})),
    Row(
        "oom_killed",
        "containers are killed for memory",
        events=frozenset({EventKind.OOM_KILLED}),
        signs=_up(Role.MEMORY, Role.RESTARTS),
    ),
    Row(
        "crash_loop_after_rollout",
        "containers crash since a rollout or a change",
        conditions=CRASHING,
        changed=True,
    ),
    Row("crash_loop", "containers crash again and again", conditions=CRASHING),
    Row("failed_job", "a Job failed", conditions=frozenset({"JobFailed", "Failed"})),
    Row("evicted", "pods were evicted", conditions=frozenset({"Evicted"})),
    Row("stuck_rollout", "a rollout makes no progress", conditions=STUCK),
    Row("pending_pods", "pods find no place to run", conditions=frozenset({"Pending", "Unschedulable"})),
    Row(
        "hpa_at_maximum",
        "an autoscaler is at its maximum",
        conditions=frozenset({"HPAAtMaximum", "HpaAtMaximum"}),
    ),
    Row(
        "pdb_deadlock",
        "a disruption budget lets nothing be moved off a node that is to be emptied",
        conditions=frozenset({"DisruptionBudgetBlocks"}),
    ),
    Row(
        "one_bad_pod",
        "one pod is far slower than its sisters",
        conditions=frozenset({"OneBadPod"}),
        changed=False,  # in the middle of a rollout new pods are new, not bad
    ),
    Row("vanished", "a series that was always there is gone", also=lambda seen: seen.vanished),
    Row("disk_filling", "a volume fills", signs=_up(Role.DISK)),
    Row(
        "error_burst_after_deploy", "errors since a rollout or a change", signs=_up(Role.ERRORS), changed=True
    ),
    Row("traffic_surge", "more requests than usual, and what they cost", signs=BUSY),
    Row("memory_leak", "memory grows without more requests", signs=_up(Role.MEMORY), without=BUSY),
    Row(
        "latency_regression_after_deploy",
        "slower since a rollout or a change",
        signs=_up(Role.LATENCY),
        changed=True,
    ),
    Row("cpu_saturation", "CPU is high without more requests", signs=_up(Role.CPU), without=BUSY),
    Row("throttling", "the CPU limit holds containers back", signs=_up(Role.THROTTLING)),
    Row("error_burst", "requests fail", signs=_up(Role.ERRORS)),
    Row(
        "dependency_slow",
        "a service is slow, and those that call it wait",
        signs=_up(Role.LATENCY),
        also=lambda seen: seen.callers_suffer,
    ),
    Row("latency_regression", "a service is slower than usual", signs=_up(Role.LATENCY)),
    Row("restarts", "containers restart more often than usual", signs=_up(Role.RESTARTS)),
    Row("queue_growing", "work piles up", signs=_up(Role.QUEUE)),
    Row("traffic_drop", "fewer requests than usual", signs=_down(Role.TRAFFIC)),
    Row("network", "network traffic is unusual", signs=_up(Role.NETWORK) | _down(Role.NETWORK)),
)


def classify(seen: Picture) -> str:
    """The name of the first row of the table that fits ``seen``."""
    return next((row.name for row in TABLE if row.fits(seen)), UNCLASSIFIED)


def signs_of(anomalies: tuple[Anomaly, ...]) -> frozenset[Sign]:
    """Role and direction of each anomaly that is not a state of Kubernetes."""
    return frozenset((one.role, one.direction) for one in anomalies if one.role is not Role.CONDITION)
