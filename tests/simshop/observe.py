"""Observe: what a monitoring system sees of a life: counts, not rates; buckets, not times; gaps.

Every figure is made the way its exporter makes it. Requests are counted, so a quiet service has a rough
error ratio; durations fall into buckets, so a percentile is a straight line within one; rates are over a
minute; pods of one service are not loaded alike, and the fullest one counts; scrapes fail now and then, and
the monitoring system itself is restarted. Pods are already rolled up to their workload, as a recording has
them.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

from aiops.model import Panel, Signal, Target
from tests.simshop.forces import DAY_S, MINUTE_S
from tests.simshop.life import Life
from tests.simshop.shop import NODES, Floats
from tests.simshop.step import STARTING_S

# Upper bounds of the buckets, in s: those of OpenTelemetry's HTTP metrics, and two below for data stores.
BUCKETS = np.array(
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
)
RATE_S = 60.0  # what rates are taken over
RESTARTS_S, OOM_S = 600.0, 300.0  # what restarts are counted over
NODE_CORES, NODE_MIB = 4.0, 16_384.0
SYSTEM_CORES, SYSTEM_MIB = 0.18, 1_700.0  # of a node, beside the shop's pods
MISSED = 4e-4  # share of scrapes that fail
BITS = 13  # of every figure: four digits, which is more than an operator reads


@dataclass(frozen=True)
class Observer:
    """Looks at ``life``; its noise is drawn from ``seed``, for each signal apart: leaving one out changes
    no other."""

    life: Life
    seed: int

    def dice(self, what: str) -> Generator:
        """The random numbers of one signal or of one thing that several share."""
        return np.random.default_rng([self.seed, 3, zlib.crc32(what.encode())])

    def panel(self, signal: Signal) -> Panel:
        """The samples of ``signal``; ValueError for one that this shop does not have."""
        make = VIEWS.get(signal.name)
        if make is None:
            raise ValueError(f"signal: expected one of {', '.join(VIEWS)}, got {signal.name}")
        targets, values = make(self)
        values = np.where(self._missed(targets), np.nan, rounded(values))
        return Panel(signal.name, signal.unit, targets, self.life.clock.times, values.T)

    # Who is looked at

    @cached_property
    def workloads(self) -> tuple[Target, ...]:
        """All workloads, in the order of the services."""
        return tuple(self.life.shop.target(row) for row in range(len(self.life.shop.services)))

    @cached_property
    def nodes(self) -> tuple[Target, ...]:
        """All nodes."""
        return tuple(Target("Node", "", name) for name, _ in NODES)

    @cached_property
    def deployments(self) -> NDArray[np.intp]:
        """The rows of the services that are Deployments."""
        kinds = [service.kind == "Deployment" for service in self.life.shop.services]
        return np.flatnonzero(kinds)

    # Gaps: the same ones in all signals of a target, since one scrape brings them all

    @cached_property
    def _outages(self) -> NDArray[np.bool_]:
        """(t,) when the monitoring system itself is down: some minutes, about once in ten days."""
        clock, random = self.life.clock, self.dice("outages")
        down = np.zeros(clock.count, bool)
        for _ in range(random.poisson(clock.seconds[-1] / (10 * DAY_S))):
            start_s, lasts_s = random.uniform(0, clock.seconds[-1]), random.uniform(1, 5) * MINUTE_S
            down[clock.at(start_s) : clock.at(start_s + lasts_s)] = True
        return down

    @cached_property
    def _holes(self) -> dict[Target, NDArray[np.bool_]]:
        count, random = self.life.clock.count, self.dice("holes")
        everyone = (*self.workloads, *self.nodes)
        return {target: self._outages | (random.random(count) < MISSED) for target in everyone}

    def _missed(self, targets: Sequence[Target]) -> NDArray[np.bool_]:
        return np.stack([self._holes.get(target, self._outages) for target in targets], axis=1)

    # What exporters count

    def window(self, seconds: float) -> int:
        """Samples in a range of ``seconds``; at least the newest one."""
        return max(1, round(seconds / self.life.clock.step_s))

    @cached_property
    def _requests(self) -> NDArray[np.int64]:
        """(t, n) requests that were finished in each step."""
        return self.dice("requests").poisson(self.life.demand * self.life.clock.step_s)

    @cached_property
    def counted(self) -> NDArray[np.int64]:
        """(t, n) requests within the range of a rate."""
        return summed(self._requests, self.window(RATE_S))

    @cached_property
    def loads(self) -> Floats:
        """(p,) how much more than its share a pod is given."""
        return 1 + 0.04 * self.dice("loads").standard_normal(len(self.life.shop.owner))

    @cached_property
    def cpu_of_pods(self) -> Floats:
        """(t, p) CPU as a share of the limit; NaN where a pod is not up."""
        cpu = self.life.cpu[:, self.life.shop.owner] * self.loads
        cpu *= 1 + 0.02 * self.dice("cpu").standard_normal(cpu.shape)
        return np.where(self.life.up, cpu, np.nan)

    def fullest(self, values: Floats) -> Floats:
        """(t, n) the highest of each service's pods; NaN where none has a figure."""
        return np.fmax.reduceat(values, self.life.shop.first_pod, axis=1)

    def in_all(self, values: NDArray[np.generic]) -> Floats:
        """(t, n) the sum over each service's pods."""
        return np.add.reduceat(values.astype(float), self.life.shop.first_pod, axis=1)

    # Signals

    def request_rate(self) -> tuple[tuple[Target, ...], Floats]:
        """Requests a second."""
        return self.workloads, self.counted / (self.window(RATE_S) * self.life.clock.step_s)

    def error_ratio(self) -> tuple[tuple[Target, ...], Floats]:
        """Share of requests that failed; NaN where nobody asked."""
        drawn = self.dice("error_ratio").binomial(self._requests, np.clip(self.life.failed, 0, 1))
        failed = summed(drawn, self.window(RATE_S))
        return self.workloads, np.where(self.counted > 0, failed / np.maximum(self.counted, 1), np.nan)

    def latency_p95(self) -> tuple[tuple[Target, ...], Floats]:
        """The 95th percentile from buckets, as ``histogram_quantile`` gives it."""
        sigma = self.life.shop.column("spread")
        middle = np.log(np.maximum(self.life.latency_s, 1e-6)) - sigma**2 / 2
        below = ndtr((np.log(BUCKETS)[:, None, None] - middle) / sigma)  # (buckets, t, n)
        counts, left, before, random = [], self._requests, np.zeros(middle.shape), self.dice("latency_p95")
        for share in below:
            here = random.binomial(left, np.clip((share - before) / np.maximum(1 - before, 1e-12), 0, 1))
            counts.append(here)
            left, before = left - here, share
        counts.append(left)
        return self.workloads, percentile(summed(np.stack(counts, axis=-1), self.window(RATE_S)), 0.95)

    def cpu_usage(self) -> tuple[tuple[Target, ...], Floats]:
        """CPU of the busiest pod, as a share of its limit."""
        return self.workloads, self.fullest(np.minimum(self.cpu_of_pods, 1.01))

    def cpu_throttling(self) -> tuple[tuple[Target, ...], Floats]:
        """Share of the scheduler's periods that a pod was held back in: bursts reach the limit before the
        mean does."""
        periods = int(10 * RATE_S)
        pods = np.nan_to_num(self.cpu_of_pods)
        held = self.dice("cpu_throttling").binomial(periods, ndtr((pods - 0.93) / 0.10)) / periods
        return self.workloads, self.fullest(np.where(self.life.up, held, np.nan))

    def memory_working_set(self) -> tuple[tuple[Target, ...], Floats]:
        """Memory of the fullest pod, as a share of its limit."""
        noise = 1 + 0.002 * self.dice("memory_working_set").standard_normal(self.life.memory.shape)
        return self.workloads, self.fullest(np.minimum(self.life.memory * noise, 1.0))

    def volume_used_ratio(self) -> tuple[tuple[Target, ...], Floats]:
        """How full the volume of each data store is."""
        claims = tuple(self.life.shop.claim(int(row)) for row in self.life.shop.volumes)
        return claims, self.life.disk

    def restarts(self) -> tuple[tuple[Target, ...], Floats]:
        """Restarts of containers within ten minutes."""
        return self.workloads, summed(self.in_all(self.life.restarted), self.window(RESTARTS_S))

    def crash_looping(self) -> tuple[tuple[Target, ...], Floats]:
        """1 while a pod waits in back-off."""
        return self.workloads, (self.in_all(self.life.looping) > 0).astype(float)

    def oom_killed(self) -> tuple[tuple[Target, ...], Floats]:
        """1 for some minutes after a container was killed for want of memory."""
        killed = summed(self.in_all(self.life.killed), self.window(OOM_S))
        return self.workloads, (killed > 0).astype(float)

    def replicas_unavailable(self) -> tuple[tuple[Target, ...], Floats]:
        """Share of a Deployment's pods that are not available; a pod that a rollout is starting counts."""
        forces, step_s = self.life.forces, self.life.clock.step_s
        starting = summed(forces.surged, max(1, int(STARTING_S // step_s)))
        if step_s > STARTING_S:  # seen only when the sample falls into its start
            random = self.dice("replicas_unavailable")
            starting = starting * (random.random(starting.shape) < STARTING_S / step_s)
        missing = self.in_all(~self.life.up) + self.in_all(starting > 0)
        held = self._held("image_pull_failing", self.workloads)
        replicas = self.life.shop.replicas
        share = np.minimum(np.maximum(missing, held), replicas) / replicas
        return tuple(self.workloads[row] for row in self.deployments), share[:, self.deployments]

    def node_cpu_usage(self) -> tuple[tuple[Target, ...], Floats]:
        """Share of a node's CPU that is not idle."""
        shop = self.life.shop
        cores = np.nan_to_num(self.cpu_of_pods) * shop.column("cpu_limit")[shop.owner]
        used = self._by_node(cores) + SYSTEM_CORES
        used *= 1 + 0.05 * self.dice("node_cpu_usage").standard_normal(used.shape)
        return self.nodes, self._while_ready(np.minimum(used / NODE_CORES, 1.0))

    def node_memory_used(self) -> tuple[tuple[Target, ...], Floats]:
        """Share of a node's memory that is not available."""
        shop = self.life.shop
        held = np.nan_to_num(self.life.memory) * shop.column("memory_limit")[shop.owner]
        used = (self._by_node(held) + SYSTEM_MIB) / NODE_MIB
        noise = 0.001 * self.dice("node_memory_used").standard_normal(used.shape)
        return self.nodes, self._while_ready(used + noise)

    def _by_node(self, pods: Floats) -> Floats:
        """(t, nodes) the sum of what runs on each."""
        where = self.life.forces.node
        return np.stack([(pods * (where == number)).sum(axis=1) for number in range(len(NODES))], axis=1)

    def _while_ready(self, values: Floats) -> Floats:
        """``values`` of nodes, NaN where a node is dead and its exporter with it."""
        return np.where(self._held("node_not_ready", self.nodes) > 0, np.nan, values)

    def _held(self, signal: str, targets: Sequence[Target]) -> Floats:
        """(t, targets) 1 while a state holds."""
        times = self.life.clock.times
        values = np.zeros((len(times), len(targets)))
        for spell in self.life.forces.spells:
            if spell.signal == signal and spell.target in targets:
                values[(times >= spell.since_ms) & (times < spell.until_ms), targets.index(spell.target)] = 1
        return values

    def of_workloads(self, signal: str) -> tuple[tuple[Target, ...], Floats]:
        """A state of Kubernetes that any workload may be in."""
        return self.workloads, self._held(signal, self.workloads)

    def of_deployments(self, signal: str) -> tuple[tuple[Target, ...], Floats]:
        """A state that only Deployments know."""
        targets = tuple(self.workloads[row] for row in self.deployments)
        return targets, self._held(signal, targets)

    def of_nodes(self, signal: str) -> tuple[tuple[Target, ...], Floats]:
        """A state of nodes."""
        return self.nodes, self._held(signal, self.nodes)


def summed(values: NDArray[np.generic], window: int) -> NDArray[np.generic]:
    """The sum of the newest ``window`` rows (t first), fewer at the start."""
    total = np.cumsum(values, axis=0)
    late = total.copy()
    late[window:] -= total[:-window] if window < len(total) else 0
    return late


def percentile(counts: NDArray[np.int64], share: float) -> Floats:
    """The value below which ``share`` of the counts (..., buckets + 1) lie, on a straight line within its
    bucket; the last bound where it is beyond all; NaN where nothing was counted."""
    total = counts.sum(axis=-1)
    rank = share * total
    upto = np.cumsum(counts, axis=-1)
    bucket = np.minimum((upto < rank[..., None]).sum(axis=-1), len(BUCKETS))
    start = np.concatenate([[0.0], BUCKETS])[bucket]
    end = np.concatenate([BUCKETS, BUCKETS[-1:]])[bucket]
    inside = np.take_along_axis(counts, bucket[..., None], axis=-1)[..., 0]
    before = np.take_along_axis(upto, bucket[..., None], axis=-1)[..., 0] - inside
    where = np.where(bucket == len(BUCKETS), 1.0, (rank - before) / np.maximum(inside, 1))
    return np.where(total > 0, start + (end - start) * where, np.nan)


def rounded(values: Floats) -> Floats:
    """``values`` to ``BITS`` bits of precision: the rest is noise that a recording need not keep."""
    single = values.astype(np.float32)
    spare = 23 - BITS
    bits = single.view(np.uint32) + np.uint32(1 << (spare - 1)) & np.uint32(0xFFFFFFFF << spare & 0xFFFFFFFF)
    return np.where(np.isfinite(single), bits.view(np.float32), single).astype(np.float64)


View = Callable[[Observer], tuple[tuple[Target, ...], Floats]]
VIEWS: dict[str, View] = {
    "request_rate": Observer.request_rate,
    "error_ratio": Observer.error_ratio,
    "latency_p95": Observer.latency_p95,
    "cpu_usage": Observer.cpu_usage,
    "cpu_throttling": Observer.cpu_throttling,
    "memory_working_set": Observer.memory_working_set,
    "volume_used_ratio": Observer.volume_used_ratio,
    "restarts": Observer.restarts,
    "crash_looping": Observer.crash_looping,
    "oom_killed": Observer.oom_killed,
    "image_pull_failing": lambda one: one.of_workloads("image_pull_failing"),
    "pod_pending": lambda one: one.of_workloads("pod_pending"),
    "rollout_stuck": lambda one: one.of_deployments("rollout_stuck"),
    "replicas_unavailable": Observer.replicas_unavailable,
    "node_not_ready": lambda one: one.of_nodes("node_not_ready"),
    "node_cpu_usage": Observer.node_cpu_usage,
    "node_memory_used": Observer.node_memory_used,
}
