"""Shop: what does not change while it runs: workloads, pods, nodes, who calls whom.

A web shop of three namespaces as people build them: stateless services at the edge, orders behind them, data
stores behind those. Figures are of the usual size for such services; none was fitted to a detector.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aiops.model import Edge, Target

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Service:
    """One workload. Times in seconds, memory in MiB, CPU in cores, per pod where that makes sense."""

    name: str
    namespace: str
    replicas: int
    service_s: float  # mean time of its own work for one request, unloaded
    cpu_s: float  # CPU seconds of one request
    cpu_limit: float
    memory: float  # working set when idle
    memory_limit: float
    workers: int  # requests one pod works on at the same time
    spread: float = 0.6  # sigma of the log of its latency: the tail
    kind: str = "Deployment"
    volume: float = 0.0  # how full its volume is at the start; 0: it has none
    errors: float = 3e-4  # share of requests that fail on a good day
    timeout_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Call:
    """``caller`` calls ``callee`` ``times`` a request; ``needed`` is the share of calls that must succeed."""

    caller: str
    callee: str
    times: float
    needed: float = 1.0
    retries: float = 0.0  # share of failed calls that are tried again


SERVICES = (
    Service("gateway", "shop", 3, 0.004, 0.0022, 0.5, 90, 256, 256),
    Service("frontend", "shop", 4, 0.022, 0.011, 1.0, 210, 512, 64),
    Service("cart", "shop", 3, 0.008, 0.006, 0.5, 160, 384, 48),
    Service("catalog", "shop", 3, 0.011, 0.007, 1.0, 240, 512, 64),
    Service("search", "shop", 2, 0.035, 0.022, 1.0, 620, 1024, 32, spread=0.8),
    Service("recommendations", "shop", 2, 0.028, 0.016, 1.0, 480, 1024, 32, spread=0.7),
    Service("assets", "shop", 2, 0.003, 0.0008, 0.5, 70, 256, 128),
    Service("checkout", "orders", 3, 0.030, 0.014, 0.5, 190, 384, 32),
    Service("payment", "orders", 2, 0.120, 0.009, 0.5, 150, 384, 32, spread=0.5, errors=2e-3),
    Service("inventory", "orders", 2, 0.012, 0.009, 0.5, 170, 384, 48),
    Service("shipping", "orders", 2, 0.045, 0.012, 0.25, 110, 256, 32, errors=1e-3),
    Service("mailer", "orders", 2, 0.180, 0.020, 0.25, 95, 256, 24, spread=0.9, errors=4e-3, timeout_s=10),
    Service("reporting", "orders", 1, 0.400, 0.150, 1.0, 380, 1024, 8, spread=0.9, timeout_s=30),
    Service("orders-db", "data", 3, 0.0035, 0.0035, 1.0, 1900, 4096, 60, kind="StatefulSet", volume=0.46),
    Service("catalog-db", "data", 2, 0.0030, 0.0030, 1.0, 1500, 3072, 60, kind="StatefulSet", volume=0.38),
    Service("redis", "data", 3, 0.0006, 0.00022, 0.5, 420, 1024, 256, spread=0.4, kind="StatefulSet"),
    Service("queue", "data", 3, 0.0020, 0.0022, 0.5, 700, 2048, 64, kind="StatefulSet", volume=0.29),
)

CALLS = (
    Call("gateway", "frontend", 0.62),
    Call("gateway", "assets", 1.4, needed=0.2),
    Call("frontend", "cart", 0.45, retries=0.8),
    Call("frontend", "catalog", 0.75, retries=0.8),
    Call("frontend", "search", 0.22, needed=0.8),
    Call("frontend", "recommendations", 0.35, needed=0.05),
    Call("frontend", "checkout", 0.05),
    Call("cart", "redis", 1.8, retries=0.9),
    Call("catalog", "redis", 1.0, needed=0.3),
    Call("catalog", "catalog-db", 0.30, retries=0.9),
    Call("search", "catalog-db", 0.9, retries=0.9),
    Call("recommendations", "redis", 2.0, needed=0.5),
    Call("checkout", "cart", 1.0, retries=0.8),
    Call("checkout", "payment", 1.0, retries=0.5),
    Call("checkout", "inventory", 1.3, retries=0.8),
    Call("checkout", "shipping", 0.6, needed=0.7, retries=0.8),
    Call("checkout", "orders-db", 3.0, retries=0.9),
    Call("checkout", "queue", 1.0, needed=0.6, retries=0.9),
    Call("inventory", "orders-db", 1.5, retries=0.9),
    Call("shipping", "orders-db", 0.5, retries=0.9),
    Call("mailer", "queue", 1.0),
    Call("reporting", "orders-db", 30.0, retries=0.5),
)

NODES = tuple((f"node-{number}", f"zone-{'abc'[number % 3]}") for number in range(6))
DEPTH = 5  # the longest chain of calls


@dataclass(frozen=True)
class Shop:
    """The services as arrays: (n,) a service, (p,) a pod, (n, n) caller by callee."""

    services: tuple[Service, ...] = SERVICES
    links: tuple[Call, ...] = CALLS

    def index(self, name: str) -> int:
        """The row of a service."""
        return next(row for row, service in enumerate(self.services) if service.name == name)

    def column(self, field: str) -> Floats:
        """One field of every service, (n,)."""
        return np.array([getattr(service, field) for service in self.services], dtype=float)

    def matrix(self, field: str) -> Floats:
        """One field of every call, (n, n) caller by callee; 0 where there is no call."""
        table = np.zeros((len(self.services), len(self.services)))
        for link in self.links:
            table[self.index(link.caller), self.index(link.callee)] = getattr(link, field)
        return table

    @cached_property
    def owner(self) -> NDArray[np.intp]:
        """The service of each pod, (p,), in order."""
        return np.repeat(np.arange(len(self.services)), [service.replicas for service in self.services])

    @cached_property
    def first_pod(self) -> NDArray[np.intp]:
        """The first pod of each service, (n,)."""
        return np.searchsorted(self.owner, np.arange(len(self.services)))

    @cached_property
    def replicas(self) -> NDArray[np.int64]:
        """Pods of each service, (n,)."""
        return np.bincount(self.owner)

    @cached_property
    def node(self) -> NDArray[np.intp]:
        """The node of each pod, (p,): pods of a service apart, as the scheduler spreads them."""
        within = np.arange(len(self.owner)) - self.first_pod[self.owner]
        return (within * 2 + self.owner * 5) % len(NODES)

    @cached_property
    def volumes(self) -> NDArray[np.intp]:
        """The services that have a volume, (v,)."""
        return np.flatnonzero(self.column("volume") > 0)

    def target(self, row: int) -> Target:
        """The workload of a service."""
        service = self.services[row]
        return Target(service.kind, service.namespace, service.name)

    def claim(self, row: int) -> Target:
        """The volume claim of a service that has one."""
        service = self.services[row]
        return Target("PersistentVolumeClaim", service.namespace, f"data-{service.name}-0")

    def edges(self) -> tuple[Edge, ...]:
        """The service graph."""
        return tuple(
            Edge(self.target(self.index(link.caller)), self.target(self.index(link.callee)))
            for link in self.links
        )

    def callers(self, row: int) -> tuple[int, ...]:
        """Everything that calls ``row``, directly or through others, nearest first."""
        table = self.matrix("times") > 0
        reached: list[int] = []
        edge = [row]
        while edge:
            edge = [
                caller
                for caller in range(len(self.services))
                if caller not in reached and caller != row and any(table[caller, near] for near in edge)
            ]
            reached += edge
        return tuple(reached)
