"""The simulated kubelet of all nodes: it gives pods their life, and takes the faults that tests inject.

Real are the API server, its admission, the controllers, the scheduler. Simulated is only what a kubelet would
report: nodes and leases, container states and restarts, readiness, logs, events, in-place resizes, evictions
for pressure. Two loops: one acts on pods as they change or as their time comes, one renews the leases.
"""

import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.controlplane.api import MERGE, Api, ApiError, path
from tests.controlplane.containers import CONFIG_ERROR, NEVER, Container, Timing
from tests.controlplane.faults import Fault, Injection, Seen, SlowStop, When, annotated
from tests.controlplane.informer import Informer
from tests.controlplane.logserver import LogServer
from tests.controlplane.metricsapi import MetricsApi
from tests.controlplane.mishaps import Mishaps
from tests.controlplane.nodes import LEASES, NodeShape, SimNode, lease
from tests.controlplane.pods import Object, PodRun, summary
from tests.controlplane.recorder import Recorder
from tests.controlplane.references import References
from tests.controlplane.storage import Storage

__all__ = ["Kubelet", "NodeShape"]

HEARTBEAT_S = 2.0


class Kubelet:
    """One for all nodes of a control plane. Safe to call from any thread."""

    def __init__(self, api: Api, pki: Path, version: str = "v1.36.3", timing: Timing | None = None) -> None:
        self.api, self.timing, self._version = api, timing or Timing(), version
        self.nodes: dict[str, SimNode] = {}
        self._runs: dict[str, PodRun] = {}
        self._objects: dict[str, Object] = {}
        self._injections: tuple[Injection, ...] = ()
        self._numbers, self._ips = itertools.count(1), itertools.count(2)
        self._wake = threading.Condition()
        self._dirty: dict[str, None] = {}  # in order
        self._timers: list[tuple[float, str]] = []
        self._stopping = threading.Event()
        self.mishaps = Mishaps()
        self._told: set[str] = set()  # pods whose annotation is wrong
        self._recorder = Recorder(api, self.mishaps)
        self._references = References(api)
        self._logs = LogServer(pki, self._log)
        self.metrics = MetricsApi(api, pki, self._running)
        self._storage = Storage(api, self.mishaps)
        self._informers = (Informer(api, "Pod", self._saw_pod), Informer(api, "Node", self._saw_node))

    def start(self, shapes: Iterable[NodeShape]) -> None:
        """Register the nodes and begin."""
        self._logs.start()
        self._recorder.start()
        for shape in shapes:
            self.add_node(shape)
        for informer in self._informers:
            informer.start()
        self._storage.start()
        self.metrics.start()
        threading.Thread(target=self._pods_loop, name="kubelet-pods", daemon=True).start()
        threading.Thread(target=self._leases_loop, name="kubelet-leases", daemon=True).start()

    def stop(self) -> None:
        """End; objects stay as they are."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        for informer in self._informers:
            informer.stop()
        self._recorder.stop()
        self._logs.stop()
        self._storage.stop()
        self.metrics.stop()

    # Faults of containers

    def inject(self, fault: Fault, **when: Any) -> Injection:
        """Put ``fault`` on every container for which ``When(**when)`` holds, now and later, until healed."""
        injection = Injection(fault, When(**when), next(self._numbers))
        self._injections = (*self._injections, injection)
        self._look_at_all()
        return injection

    def heal(self, injection: Injection) -> None:
        """Take one injected fault away."""
        self._injections = tuple(one for one in self._injections if one is not injection)
        self._look_at_all()

    def heal_all(self, namespace: str = "") -> None:
        """Take away every injected fault, or those for ``namespace`` alone; nodes stay as they are."""
        self._injections = tuple(
            one for one in self._injections if namespace and one.when.namespace != namespace
        )
        self._look_at_all()

    def evict(self, namespace: str, pod: str, message: str = "The node was low on resource: memory.") -> None:
        """End a pod as a kubelet does under pressure; it stays behind, Failed with reason Evicted."""
        run = self._run_of(namespace, pod)
        run.fail(time.monotonic(), "Evicted", message)
        self._recorder.tell(run.object, "Warning", "Evicted", message, run.object["spec"]["nodeName"])
        self._look_at([run.uid])

    def restart(self, namespace: str, pod: str, exit_code: int = 1) -> None:
        """End the processes of a pod once; it starts them again."""
        run = self._run_of(namespace, pod)
        for one in run.containers:
            if one.running:
                one.end(time.monotonic(), exit_code, "Error")
        self._look_at([run.uid])

    def write_log(self, namespace: str, pod: str, *lines: str, container: str = "") -> None:
        """Add lines to the log of a container, the first one unless named."""
        run = self._run_of(namespace, pod)
        found = [one for one in run.containers if container in ("", one.name)]
        found[0].log += lines

    # Nodes

    def add_node(self, shape: NodeShape) -> None:
        """Register a node and keep it alive."""
        node = SimNode(shape)
        self.api.ensure(node.manifest())
        self.nodes[shape.name] = node
        self._beat(shape.name)
        self._report(node)

    def remove_node(self, name: str) -> None:
        """Take a node away, object and all."""
        self.nodes.pop(name, None)
        with contextlib.suppress(ApiError):
            self.api.delete("Node", None, name)

    def kill_node(self, name: str) -> None:
        """The node falls silent: no lease, no report, and its pods stay as they were last seen."""
        self.nodes[name].alive = False

    def revive_node(self, name: str) -> None:
        """It is back: it reports, and sets its pods right again."""
        node = self.nodes[name]
        node.alive = True
        self._beat(name)
        self._report(node)
        uids = [uid for uid, one in self._objects.items() if one["spec"].get("nodeName") == name]
        for uid in uids:
            if uid in self._runs:
                self._runs[uid].sent = None
        self._look_at(uids)

    def set_pressure(self, name: str, kind: str, on: bool = True) -> None:
        """Report MemoryPressure, DiskPressure or PIDPressure of a node, or that it is over."""
        node = self.nodes[name]
        node.pressures = node.pressures | {kind} if on else node.pressures - {kind}
        self._report(node)

    def set_not_ready(self, name: str, message: str = "container runtime is down") -> None:
        """The kubelet lives and says that its node is not ready; an empty message: ready again."""
        self.nodes[name].not_ready = message
        self._report(self.nodes[name])

    def heal_nodes(self) -> None:
        """Every node alive, ready and without pressure."""
        for name, node in self.nodes.items():
            node.pressures, node.not_ready = frozenset(), ""
            self.revive_node(name)

    # What containers ask of us

    def fault(self, container: Container, *kinds: type[Fault]) -> Fault | None:
        """The first fault of these kinds that is for this container."""
        run = self._runs.get(container.uid)
        own = self._annotated(run.object) if run is not None else []
        found = [one for one in (*self._injections, *own) if isinstance(one.fault, kinds)]
        if not found or run is None:
            return None
        seen = self._seen(run, container, found)
        return next((one.fault for one in found if one.when.holds(seen)), None)

    def _annotated(self, pod: Object) -> list[Injection]:
        """The faults in a pod's annotation; a wrong one is told once, and is none."""
        try:
            return annotated(pod)
        except (ValueError, TypeError) as error:
            if pod["metadata"]["uid"] not in self._told:
                self._told.add(pod["metadata"]["uid"])
                self.mishaps.note("faults", error)
            return []

    def _seen(self, run, container, injections):
        env, claims = {}, ()
        if any(one.when.env for one in injections):
            env = self._references.env(run.object, container.spec)
        if any(one.when.claims_below for one in injections):
            claims = self._references.claims(run.object, container.spec)
        return Seen(run.object, container.spec, container.restarts, env, claims)

    def missing(self, container: Container) -> tuple[str, str] | None:
        """(reason, message) of a ConfigMap, Secret or key that the container needs and that is not there."""
        run = self._runs[container.uid]
        if (volume := self._references.missing_volume(run.object)) is not None:
            return "FailedMount", volume
        broken = self._references.missing_env(run.object, container.spec)
        return None if broken is None else (CONFIG_ERROR, broken)

    def tell(self, container: Container, kind: str, reason: str, message: str) -> None:
        """An event about the container's pod; a kill for memory is told of the node, as its kernel log is."""
        pod = self._runs[container.uid].object
        host = pod["spec"].get("nodeName", "")
        about = {"kind": "Node", "metadata": {"name": host}} if reason == "OOMKilling" else pod
        self._recorder.tell(about, kind, reason, message, host)

    # Loops

    def _saw_pod(self, uid: str, pod: Object | None) -> None:
        if pod is None:
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = {**pod, "kind": "Pod"}
        self._look_at([uid])

    def _saw_node(self, uid: str, node: Object | None) -> None:
        """A live node that the controllers take for dead reports at once: they may have been slow."""
        ours = self.nodes.get(node["metadata"]["name"]) if node is not None else None
        if ours is None or not ours.alive or node is None:
            return
        states = {one["type"]: one["status"] for one in node.get("status", {}).get("conditions", [])}
        if states.get("Ready") == "Unknown":
            with self.mishaps.noted("nodes"):
                self.revive_node(ours.shape.name)

    def _look_at(self, uids: Iterable[str]) -> None:
        with self._wake:
            self._dirty.update(dict.fromkeys(uids))
            self._wake.notify()

    def _look_at_all(self) -> None:
        self._look_at(list(self._objects))

    def _pods_loop(self) -> None:
        while not self._stopping.is_set():
            uid = self._next()
            if uid is None:
                continue
            due = time.monotonic() + self.timing.retry_s  # unless all goes well
            with self.mishaps.noted("pods"):
                due = self._sync(uid)
            if due < NEVER and uid in self._objects:
                heapq.heappush(self._timers, (due, uid))

    def _next(self) -> str | None:
        """The next pod to look at, waiting for one."""
        with self._wake:
            if not self._dirty:
                pause = self._timers[0][0] - time.monotonic() if self._timers else 60.0
                if pause > 0:
                    self._wake.wait(pause)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                self._dirty[heapq.heappop(self._timers)[1]] = None
            if not self._dirty:
                return None
            uid = next(iter(self._dirty))
            del self._dirty[uid]
            return uid

    def _sync(self, uid: str) -> float:
        """Bring one pod on, and tell the API server; the time to look again."""
        pod = self._objects.get(uid)
        if pod is None:
            self._runs.pop(uid, None)
            return NEVER
        node = self.nodes.get(pod["spec"].get("nodeName", ""))
        if node is None or not node.alive:
            return NEVER
        if uid not in self._runs and pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
            return self._remove(pod) if "deletionTimestamp" in pod["metadata"] else NEVER
        run = self._runs.get(uid)
        if run is None:
            run = self._runs[uid] = PodRun(pod, self._new_ip(), "127.0.0.1", self.timing)
        run.object = pod
        now = time.monotonic()
        run.resize(now)
        if "deletionTimestamp" in pod["metadata"]:
            return self._terminate(run, now)
        due = run.advance(now, self)
        self._send(run)
        return due

    def _terminate(self, run: PodRun, now: float) -> float:
        grace = run.object["metadata"].get("deletionGracePeriodSeconds", 30)
        if run.stops_at is None:
            slow = [self.fault(one, SlowStop) for one in run.containers]
            took = max((one.seconds for one in slow if isinstance(one, SlowStop)), default=self.timing.stop_s)
            run.stops_at = now + min(took, grace)
            host = run.object["spec"]["nodeName"]
            for one in run.containers:
                if one.running:
                    said = f"Stopping container {one.name}"
                    self._recorder.tell(run.object, "Normal", "Killing", said, host)
        if now < min(run.stops_at, now + grace):
            return run.stops_at
        run.end(now)
        if run.object["metadata"].get("finalizers"):
            self._send(run)  # whoever holds it wants to see how it ended
        return self._remove(run.object)

    def _remove(self, pod: Object) -> float:
        meta = pod["metadata"]
        if meta.get("deletionGracePeriodSeconds") == 0 and meta.get("finalizers"):
            return NEVER  # done; others have yet to let go
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta["uid"]}}
        self.api.delete("Pod", meta["namespace"], meta["name"], options)
        return NEVER

    def _send(self, run: PodRun) -> None:
        status, meta = run.status(), run.object["metadata"]
        shown = run.object.get("status", {})
        is_newer = int(meta["resourceVersion"]) >= run.sent_version
        if status == run.sent and not (is_newer and summary(shown) != summary(status)):
            return
        body = {"metadata": {"uid": meta["uid"]}, "status": status}
        answer = self.api.patch("Pod", meta["namespace"], meta["name"], body, "status")
        run.sent, run.sent_version = status, int(answer["metadata"]["resourceVersion"])

    def _leases_loop(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            for name, node in list(self.nodes.items()):
                if node.alive:
                    with self.mishaps.noted("leases"):
                        self._beat(name)

    def _beat(self, name: str) -> None:
        body = lease(name)
        try:
            self.api.patch("Lease", LEASES, name, {"spec": body["spec"]}, content_type=MERGE)
        except ApiError as error:
            if error.status != 404:
                raise
            with contextlib.suppress(ApiError):  # the API server makes the namespace in its first seconds
                self.api.create(body)

    def _report(self, node: SimNode) -> None:
        status = node.status(self._logs.port, self._version)
        self.api.call(
            "PATCH",
            path("Node", None, node.shape.name, "status"),
            {"status": status},
            content_type="application/strategic-merge-patch+json",
        )

    def _run_of(self, namespace: str, pod: str) -> PodRun:
        for run in list(self._runs.values()):
            meta = run.object["metadata"]
            if (meta["namespace"], meta["name"]) == (namespace, pod):
                return run
        raise LookupError(f"no pod {namespace}/{pod} runs on a simulated node")

    def _log(self, namespace: str, pod: str, name: str, previous: bool) -> list[str] | None:
        with contextlib.suppress(LookupError):
            for one in self._run_of(namespace, pod).all:
                if one.name == name:
                    return list(one.previous_log if previous else one.log)
        return None

    def _running(self) -> list[Object]:
        """The pods whose processes run, for the metrics API."""
        return [run.object for run in list(self._runs.values()) if run.phase == "Running"]

    def _new_ip(self) -> str:
        number = next(self._ips)
        return f"10.244.{number // 250 % 250}.{number % 250 + 1}"
