"""One pod on a simulated node: its containers in order, its conditions, and the status a kubelet reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.controlplane.containers import NEVER, Container, Surroundings, Timing, stamp
from tests.controlplane.faults import RUN_S

Object = Mapping[str, Any]


@dataclass(slots=True)
class PodRun:
    """What runs of one pod. ``object`` is the pod as the API server last showed it."""

    object: Object
    ip: str
    host_ip: str
    timing: Timing
    containers: list[Container] = field(default_factory=list)
    inits: list[Container] = field(default_factory=list)
    started: str = field(default_factory=stamp)
    sent: dict[str, Any] | None = None  # the status we last sent
    sent_version: int = 0
    stops_at: float | None = None  # when a deleted one is gone
    stopped: bool = False
    failed: dict[str, str] | None = None  # phase Failed for a reason of its own, such as Evicted
    _since: dict[str, tuple[str, str]] = field(default_factory=dict)  # condition: (status, time)

    def __post_init__(self) -> None:
        meta, spec = self.object["metadata"], self.object["spec"]
        policy = spec.get("restartPolicy", "Always")
        runs_s = float(meta.get("annotations", {}).get(RUN_S, self.timing.run_s))
        ends = runs_s if policy != "Always" else None
        self.containers = [
            Container(meta["uid"], one, policy, ends, self.timing) for one in spec["containers"]
        ]
        self.inits = [self._init(meta["uid"], one, policy, runs_s) for one in spec.get("initContainers", [])]

    def _init(self, uid, spec, policy, runs_s):
        sidecar = spec.get("restartPolicy") == "Always"
        once = "OnFailure" if policy == "Always" else policy
        ends = None if sidecar else min(runs_s, self.timing.run_s)
        return Container(uid, spec, "Always" if sidecar else once, ends, self.timing, init=not sidecar)

    @property
    def uid(self) -> str:
        """The pod's."""
        return self.object["metadata"]["uid"]

    @property
    def all(self) -> list[Container]:
        """Init containers first."""
        return [*self.inits, *self.containers]

    @property
    def phase(self) -> str:
        """As the kubelet derives it from the containers."""
        if self.failed is not None:
            return "Failed"
        if self.stopped:
            return "Failed" if any(one.exit_code for one in self.containers) else "Succeeded"
        if not self.initialized:
            broken = any(one.done and one.exit_code for one in self.inits)
            return "Failed" if broken else "Pending"
        if all(one.done for one in self.containers):
            return "Failed" if any(one.exit_code for one in self.containers) else "Succeeded"
        begun = any(one.running or one.exit_code is not None or one.last for one in self.containers)
        return "Running" if begun else "Pending"

    @property
    def initialized(self) -> bool:
        """Whether every init container has done its work."""
        return all(one.running if not one.init else one.exit_code == 0 for one in self.inits)

    @property
    def ended(self) -> bool:
        """Whether nothing of it will run again."""
        return self.phase in ("Succeeded", "Failed")

    @property
    def ready(self) -> bool:
        """Whether every container is."""
        return not self.ended and self.initialized and all(one.ready for one in self.containers)

    @property
    def deleting(self) -> bool:
        """Whether somebody has deleted it."""
        return "deletionTimestamp" in self.object["metadata"]

    def advance(self, now: float, around: Surroundings) -> float:
        """Move its containers on; the time to look again."""
        if self.ended:
            return NEVER
        due = NEVER
        for one in self.inits:
            due = min(due, one.advance(now, around))
            if not (one.exit_code == 0 if one.init else one.running):
                return due
        for one in self.containers:
            due = min(due, one.advance(now, around))
        return due

    def resize(self, now: float) -> None:
        """Take over resources that were changed in place; restart where the resource's policy says so."""
        for one, wanted in zip(self.containers, self.object["spec"]["containers"], strict=False):
            before, after = one.spec.get("resources", {}), wanted.get("resources", {})
            one.spec = wanted
            if before != after and one.running and _restarts(wanted, before, after):
                one.end(now, 137, "Error")

    def fail(self, now: float, reason: str, message: str) -> None:
        """End it for a reason of the node's, as an eviction by the kubelet does."""
        self.failed = {"reason": reason, "message": message}
        for one in self.all:
            if one.running:
                one.end(now, 137, "Error")

    def end(self, now: float) -> None:
        """Its processes have ended because it was deleted; none is started again."""
        self.stopped = True
        for one in self.all:
            if one.running:
                one.end(now, 0, "Completed")

    def status(self) -> dict[str, Any]:
        """What a kubelet writes into the pod's status."""
        ended = self.ended
        ready = self.ready
        unready = [one.name for one in self.containers if not one.ready]
        why = (
            ("PodCompleted", "")
            if self.phase == "Succeeded"
            else ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
        )
        if self.phase == "Failed":
            why = ("PodFailed", "")
        waits = ("ContainersNotInitialized", "containers with incomplete status")
        return {
            "phase": self.phase,
            "hostIP": self.host_ip,
            "hostIPs": [{"ip": self.host_ip}],
            "startTime": self.started,
            "observedGeneration": self.object["metadata"].get("generation", 0),
            **({"podIP": self.ip, "podIPs": [{"ip": self.ip}]} if not self.failed else {}),
            **(self.failed or {}),
            "conditions": [
                self._condition("PodReadyToStartContainers", not ended),
                self._condition("Initialized", self.initialized, *waits),
                self._condition("Ready", ready, *why),
                self._condition("ContainersReady", ready, *why),
            ],
            **({"initContainerStatuses": [one.status() for one in self.inits]} if self.inits else {}),
            "containerStatuses": [one.status() for one in self.containers],
        }

    def _condition(self, kind, holds, reason="", message=""):
        value = str(holds)
        if self._since.get(kind, ("", ""))[0] != value:
            self._since[kind] = (value, stamp())
        said = {} if holds or not reason else {"reason": reason, "message": message}
        entry = {"type": kind, "status": value, "lastTransitionTime": self._since[kind][1]}
        return {**entry, "reason": None, "message": None, **said}


def _restarts(container, before, after):
    policy = {one["resourceName"]: one["restartPolicy"] for one in container.get("resizePolicy", [])}
    return any(
        policy.get(kind) == "RestartContainer"
        and any(
            before.get(side, {}).get(kind) != after.get(side, {}).get(kind) for side in ("limits", "requests")
        )
        for kind in ("cpu", "memory")
    )


def summary(status: Object) -> tuple[Any, ...]:
    """What must agree between our status and the one the API server shows, else it is sent again."""
    ready = [one["status"] for one in status.get("conditions", []) if one["type"] == "Ready"]
    states = [
        (one["name"], next(iter(one["state"]), ""), one["restartCount"], one["ready"])
        for one in status.get("containerStatuses", [])
    ]
    return status.get("phase"), ready, states
