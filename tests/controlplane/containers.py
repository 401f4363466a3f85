"""The life of one container as a kubelet reports it: a small machine that asks at each step what is wrong.

``advance`` moves it as far as it goes now and says when to look again; ``status`` is its entry in
``containerStatuses``. Times of day go into the status, ``now`` (monotonic seconds) drives the machine.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from tests.controlplane.faults import (
    NO_SUCH_IMAGE,
    Crash,
    Fault,
    ImageError,
    NeverStarts,
    NotReady,
    OomKill,
    SlowStart,
)

NEVER = float("inf")
CREATING, CONFIG_ERROR = "ContainerCreating", "CreateContainerConfigError"


@dataclass(frozen=True, slots=True)
class Timing:
    """A kubelet's delays, about twenty times as fast as a real one's."""

    start_s: float = 0.05
    stop_s: float = 0.1
    probe_s: float = 0.05  # from running to the first readiness probe, for those that have one
    backoff_s: float = 0.5  # before the second restart; doubles with each (real: 10 s)
    backoff_cap_s: float = 4.0  # (real: 5 min)
    forget_s: float = 30.0  # a process that ran for longer starts with no back-off (real: 10 min)
    retry_s: float = 0.5  # until a missing image or reference is looked for again
    run_s: float = 0.3  # how long the process of a Job runs


class Surroundings(Protocol):
    """What a container asks of its kubelet."""

    def fault(self, container: "Container", *kinds: type[Fault]) -> Fault | None: ...
    def missing(self, container: "Container") -> tuple[str, str] | None: ...
    def tell(self, container: "Container", kind: str, reason: str, message: str) -> None: ...


def stamp() -> str:
    """Now, as Kubernetes writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Container:
    """One container of one pod. ``runs_s`` None means that its process never ends by itself."""

    uid: str  # of its pod
    spec: Mapping[str, Any]
    restart_policy: str
    runs_s: float | None
    timing: Timing
    state: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": CREATING}})
    last: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    log: list[str] = field(default_factory=list)
    previous_log: list[str] = field(default_factory=list)
    init: bool = False
    oom: bool = False  # the kernel is about to kill it
    _at: float = 0.0  # when its process began
    _due: float | None = None  # when a waiting one is looked at again
    _backoff_s: float = 0.0
    _container_id: str = ""

    @property
    def name(self) -> str:
        """Its name in the pod."""
        return self.spec["name"]

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Of a process that ended and is not to be started again."""
        ended = self.state.get("terminated")
        return None if ended is None else ended["exitCode"]

    def ran_s(self, now: float) -> float:
        """For how long its process has run."""
        return now - self._at if self.running else 0.0

    @property
    def done(self) -> bool:
        """Whether it ended for good."""
        code = self.exit_code
        if code is None or self.restart_policy == "Always":
            return False
        return self.restart_policy == "Never" or code == 0

    def advance(self, now: float, around: Surroundings) -> float:
        """Go as far as it goes; the time to look again, NEVER if only a change from outside moves it."""
        if self._due is None:
            self._due = now + self.timing.start_s
        while (step := self._step(now, around)) is not None:
            if step > now:
                return step
        return NEVER

    def _step(self, now, around) -> float | None:
        """One step. A time up to now: look again at once; a later one: then; None: nothing to wait for."""
        if "waiting" in self.state:
            return self._due if now < self._due else self._begin(now, around)
        if self.running:
            return self._run(now, around)
        return None if self.done else self._restart(now, around)

    def _wait(self, due, reason, message=""):
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self._due = due
        return due

    def _begin(self, now, around):
        """Try to start the process; what hinders it is the reason of the waiting state."""
        image, retry = self.spec["image"], now + self.timing.retry_s
        broken = around.fault(self, ImageError) or (ImageError() if NO_SUCH_IMAGE in image else None)
        if broken is not None:
            return self._no_image(retry, around, f'"{image}"', broken.message)
        stuck = around.fault(self, NeverStarts)
        missing = around.missing(self) if stuck is None else (stuck.reason, stuck.message)
        if missing is not None:
            reason, message = missing
            if reason == CONFIG_ERROR:
                around.tell(self, "Warning", "Failed", f"Error: {message}")
                return self._wait(retry, reason, message)
            around.tell(self, "Warning", reason, message)
            return self._wait(retry, CREATING)
        self.state, self._at, self.ready = {"running": {"startedAt": stamp()}}, now, False
        seed = f"{self.uid}{self.name}{self.restarts}".encode()
        self._container_id = "containerd://" + hashlib.sha256(seed).hexdigest()
        self.previous_log, self.log = self.log, [f"{self.name} {image} started"]
        around.tell(self, "Normal", "Started", f"Started container {self.name}")
        return now

    def _no_image(self, retry, around, image, message):
        if self.state.get("waiting", {}).get("reason") == CREATING:
            said = f"Failed to pull image {image}: {message}"
            around.tell(self, "Warning", "Failed", said)
            return self._wait(retry, "ErrImagePull", said)
        around.tell(self, "Normal", "BackOff", f"Back-off pulling image {image}")
        return self._wait(retry, "ImagePullBackOff", f"Back-off pulling image {image}: {message}")

    def _run(self, now, around):
        ran, due = now - self._at, NEVER
        if self.oom:
            return self._crashed(now, around, OomKill())
        for fault in (around.fault(self, OomKill), around.fault(self, Crash)):
            if isinstance(fault, OomKill | Crash):
                if ran >= fault.after_s:
                    return self._crashed(now, around, fault)
                due = min(due, self._at + fault.after_s)
        if self.runs_s is not None:
            if ran >= self.runs_s:
                return self.end(now, 0, "Completed")
            due = min(due, self._at + self.runs_s)
        return min(due, self._probe(now, around))

    def _probe(self, now, around):
        """Ready or not; the time at which that may change by itself."""
        has_probe = "readinessProbe" in self.spec
        slow = around.fault(self, SlowStart)
        due = self._at + (self.timing.probe_s if has_probe else 0.0)
        if isinstance(slow, SlowStart):
            due = max(due, self._at + slow.seconds)
        failing = around.fault(self, NotReady)
        if isinstance(failing, NotReady):
            if self.ready or now >= due:
                around.tell(self, "Warning", "Unhealthy", f"Readiness probe failed: {failing.message}")
            self.ready = False
            return NEVER if now >= due else due
        crashes = around.fault(self, Crash, OomKill) is not None
        self.ready = now >= due and not (has_probe and crashes)
        return NEVER if now >= due else due

    def _crashed(self, now, around, fault):
        if isinstance(fault, OomKill):
            around.tell(
                self, "Warning", "OOMKilling", f"Memory cgroup out of memory: Killed process ({self.name})"
            )
            return self.end(now, 137, "OOMKilled")
        self.log += fault.log
        return self.end(now, fault.exit_code, "Error" if fault.exit_code else "Completed", fault.message)

    def end(self, now, exit_code, reason, message=""):
        """The process is gone."""
        self.oom = False
        ended = {
            "exitCode": exit_code,
            "reason": reason,
            "startedAt": self.state.get("running", {}).get("startedAt", stamp()),
            "finishedAt": stamp(),
            "containerID": self._container_id,
        }
        if self.timing.forget_s < now - self._at:
            self._backoff_s = 0.0
        self.state = {"terminated": ended | ({"message": message} if message else {})}
        self.ready = False
        return now

    def _restart(self, now, around):
        """After an end: the first time at once, then with a growing back-off."""
        self.last = self.state
        self.restarts += 1
        pause = self._backoff_s
        self._backoff_s = min(2 * pause or self.timing.backoff_s, self.timing.backoff_cap_s)
        if not pause:
            return self._begin(now, around)
        around.tell(self, "Warning", "BackOff", f"Back-off restarting failed container {self.name}")
        message = f"back-off {pause:g}s restarting failed container={self.name}"
        return self._wait(now + pause, "CrashLoopBackOff", message)

    def status(self) -> dict[str, Any]:
        """Its entry in ``containerStatuses``."""
        resources = self.spec.get("resources", {})
        return {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": f"sha256:{hashlib.sha256(self.spec['image'].encode()).hexdigest()}",
            "state": self.state,
            "lastState": self.last,
            "ready": self.ready or (self.init and self.exit_code == 0),
            "started": self.running,
            "restartCount": self.restarts,
            **({"containerID": self._container_id} if self._container_id else {}),
            **({"resources": resources} if resources else {}),
            **({"allocatedResources": resources["requests"]} if resources.get("requests") else {}),
        }
