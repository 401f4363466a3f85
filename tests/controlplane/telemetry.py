"""The simulated nodes as a target of Prometheus: containers as cAdvisor shows them, volumes, requests, nodes.

    kubelet.telemetry.app(namespace, "cart", rps=100)
    kubelet.telemetry.spoil(Spoil(error_ratio=0.4), image="cart:bad")   # gone with the image
    prometheus(folder, {"nodes": [kubelet.telemetry]}, honor_labels=True)

The numbers follow what runs: see ``traffic.py``. Counting goes on with each scrape.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.controlplane.api import Api
from tests.controlplane.containers import Container
from tests.controlplane.faults import When
from tests.controlplane.pods import PodRun
from tests.controlplane.quantity import quantity
from tests.controlplane.traffic import EDGES, MIB, App, Counters, Load, Spoil, Spoilt, load

UNLIMITED_CORES = 8.0


@dataclass(slots=True)
class Volume:
    """How full a claim is, and how fast it fills."""

    used_mib: float
    grow_mib_s: float = 0.0


@dataclass(slots=True)
class NodeUse:
    """Shares of a node that are used."""

    cpu: float = 0.2
    memory: float = 0.3
    disk: float = 0.4
    disk_grow_s: float = 0.0  # share a second
    cpu_s: float = field(default=0.0, init=False)
    idle_s: float = field(default=0.0, init=False)


@dataclass(frozen=True, slots=True)
class Views:
    """What the telemetry may ask of its kubelet."""

    runs: Callable[[], list[PodRun]]  # of living nodes
    holds: Callable[[When, PodRun, Container], bool]
    kill: Callable[[PodRun, Container], None]  # for memory
    nodes: Callable[[], list[str]]  # that live


class Telemetry:
    """One page for all nodes. ``address`` is what Prometheus scrapes; keep the page's own labels."""

    def __init__(self, api: Api, views: Views) -> None:
        self._api, self._views = api, views
        self._apps: dict[tuple[str, str], App] = {}
        self._spoilt: tuple[Spoilt, ...] = ()
        self._volumes: dict[tuple[str, str], Volume] = {}
        self._nodes: dict[str, NodeUse] = {}
        self._counters: dict[tuple[str, str], Counters] = {}
        self._last: float | None = None
        self._lock = threading.Lock()
        telemetry = self

        class Page(_Page):
            owner = telemetry

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.5,), daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def app(self, namespace: str, name: str, **load: float) -> App:
        """Put a load on the pods labelled ``app=NAME`` (fields of ``App``); the App, to change it."""
        made = self._apps[namespace, name] = App(namespace, name, **load)
        return made

    def spoil(self, spoil: Spoil, **when: Any) -> Spoilt:
        """Make it worse for the containers for which ``When(**when)`` holds, until healed."""
        made = Spoilt(spoil, When(**when), time.monotonic())
        self._spoilt = (*self._spoilt, made)
        return made

    def heal(self, spoilt: Spoilt) -> None:
        """Take one spoil away."""
        self._spoilt = tuple(one for one in self._spoilt if one is not spoilt)

    def volume(self, namespace: str, claim: str, used_mib: float, grow_mib_s: float = 0.0) -> Volume:
        """Say how full a claim is; the Volume, to change it. It is never fuller than its capacity."""
        made = self._volumes[namespace, claim] = Volume(used_mib, grow_mib_s)
        return made

    def node(self, name: str) -> NodeUse:
        """How much of a node is used, to change it."""
        return self._nodes.setdefault(name, NodeUse())

    def forget(self) -> None:
        """No loads, no spoils, no volumes any more, and usual nodes."""
        with self._lock:
            self._apps.clear()
            self._volumes.clear()
            self._nodes.clear()
            self._spoilt = ()

    def page(self) -> str:
        """The page as it is now; counts what happened since the last one."""
        with self._lock:
            now = time.monotonic()
            step_s = 0.0 if self._last is None else now - self._last
            self._last = now
            lines = [*self._pods(now, step_s), *self._claims(step_s), *self._node_lines(step_s)]
            return "".join(f"{line}\n" for line in lines)

    def _pods(self, now: float, step_s: float) -> Iterator[str]:
        runs = [run for run in self._views.runs() if run.phase == "Running"]
        ready: dict[tuple[str, str], int] = {}
        for run in runs:
            ready[_app(run)] = ready.get(_app(run), 0) + (run.ready and not run.deleting)
        kept = {(run.uid, one.name) for run in runs for one in run.containers}
        self._counters = {key: one for key, one in self._counters.items() if key in kept}
        for run in runs:
            for one in run.containers:
                if one.running:
                    yield from self._container(run, one, ready[_app(run)], now, step_s)

    def _container(self, run, one, pods, now, step_s):
        meta = run.object["metadata"]
        app = self._apps.get(_app(run), App(*_app(run), rps=0.0))
        spoilt = [each for each in self._spoilt if self._views.holds(each.when, run, one)]
        leaked = sum(each.leaked_mib(one.ran_s(now), now) for each in spoilt)
        spoils = [each.spoil for each in spoilt]
        limits = one.spec.get("resources", {}).get("limits", {})
        cores = float(quantity(limits["cpu"])) if "cpu" in limits else UNLIMITED_CORES
        fares = load(app, pods, spoils, cores, leaked, run.ready and not run.deleting)
        counters = self._counters.get((run.uid, one.name))
        if counters is None or counters.restarts != one.restarts:
            counters = self._counters[run.uid, one.name] = Counters(one.restarts)
        counters.advance(min(step_s, one.ran_s(now)), fares)
        if "memory" in limits and fares.memory_mib * MIB >= float(quantity(limits["memory"])):
            self._views.kill(run, one)
        labels = {"namespace": meta["namespace"], "pod": meta["name"]}
        yield from _usage({**labels, "container": one.name}, counters, fares)
        if app.rps:
            yield from _requests(labels, counters)

    def _claims(self, step_s: float) -> Iterator[str]:
        for (namespace, name), volume in list(self._volumes.items()):
            claim = self._api.find("PersistentVolumeClaim", namespace, name)
            size = (claim or {}).get("status", {}).get("capacity", {}).get("storage")
            if size is None:
                continue
            capacity = float(quantity(size))
            volume.used_mib = min(volume.used_mib + volume.grow_mib_s * step_s, capacity / MIB)
            labels = {"namespace": namespace, "persistentvolumeclaim": name}
            yield _line("kubelet_volume_stats_used_bytes", labels, volume.used_mib * MIB)
            yield _line("kubelet_volume_stats_capacity_bytes", labels, capacity)

    def _node_lines(self, step_s: float) -> Iterator[str]:
        for name in self._views.nodes():
            use = self.node(name)
            use.disk = min(1.0, use.disk + use.disk_grow_s * step_s)
            use.cpu_s, use.idle_s = use.cpu_s + step_s * use.cpu, use.idle_s + step_s * (1 - use.cpu)
            where = {"node": name}
            yield _line("node_cpu_seconds_total", {**where, "cpu": "0", "mode": "user"}, use.cpu_s)
            yield _line("node_cpu_seconds_total", {**where, "cpu": "0", "mode": "idle"}, use.idle_s)
            yield _line("node_memory_MemTotal_bytes", where, 32 * 1024 * MIB)
            yield _line("node_memory_MemAvailable_bytes", where, 32 * 1024 * MIB * (1 - use.memory))
            disk = {**where, "mountpoint": "/", "fstype": "ext4"}
            yield _line("node_filesystem_size_bytes", disk, 100 * 1024 * MIB)
            yield _line("node_filesystem_avail_bytes", disk, 100 * 1024 * MIB * (1 - use.disk))


def _app(run: PodRun) -> tuple[str, str]:
    meta = run.object["metadata"]
    return meta["namespace"], meta.get("labels", {}).get("app", "")


def _usage(labels: Mapping[str, str], counters: Counters, fares: Load) -> Iterator[str]:
    yield _line("container_cpu_usage_seconds_total", labels, counters.cpu_s)
    yield _line("container_cpu_cfs_periods_total", labels, counters.periods)
    yield _line("container_cpu_cfs_throttled_periods_total", labels, counters.throttled)
    yield _line("container_memory_working_set_bytes", labels, fares.memory_mib * MIB)


def _requests(labels: Mapping[str, str], counters: Counters) -> Iterator[str]:
    name = "http_server_request_duration_seconds"
    for code, counts, seconds in (
        ("200", counters.good, counters.seconds_good),
        ("503", counters.bad, counters.seconds_bad),
    ):
        named, below = {**labels, "http_response_status_code": code}, 0.0
        for edge, count in zip((*EDGES, "+Inf"), counts, strict=True):
            below += count
            yield _line(f"{name}_bucket", {**named, "le": str(edge)}, below)
        yield _line(f"{name}_count", named, below)
        yield _line(f"{name}_sum", named, seconds)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value:.6g}" if value < 1e6 else f"{name}{{{inner}}} {value:.0f}"


class _Page(BaseHTTPRequestHandler):
    owner: Telemetry

    def do_GET(self):
        body = self.owner.page().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass
