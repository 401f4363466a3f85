"""Step: one stretch of time in the life of the shop, as a pure function ``(state, force) -> (state, flow)``.

A small queueing model, per service and not per request: demand travels from callers to callees (retries
make more of it), each service spends CPU and workers on it, a full one answers slowly and refuses, slowness
and errors travel back from callees to callers. Memory grows with traffic and garbage and is collected; a pod
at its limit is killed and comes back cold; volumes grow with writes. The same state and force give the same
answer, so a closed loop can be driven with it as well as a recording.

Cost:   about 60 small array operations, 0.15 ms.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tests.simshop.shop import DEPTH, Shop

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FULL = 0.97  # share of its CPU that a service can really use
COLD_S = 1500.0  # until the caches of a fresh pod are warm
SETTLE_S = 900.0  # how fast memory follows traffic
STARTING_S = 45.0  # until a fresh pod is ready
BACKOFF_S = np.array([0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0])  # kubelet's crash-loop delays
FORGIVEN_S = 600.0  # a container that ran so long starts again without delay


@dataclass(frozen=True, slots=True)
class State:
    """What one step hands to the next: (n,) a service, (p,) a pod, (v,) a volume."""

    failing: Floats  # (n,) share of requests that failed in the step before, as callers retry it
    warm: Floats  # (p,) memory that follows traffic, MiB
    garbage: Floats  # (p,) not collected yet, MiB
    leaked: Floats  # (p,) never collected, MiB
    age_s: Floats  # (p,) since the container started
    down_s: Floats  # (p,) until the container is ready again
    crashes: NDArray[np.int64]  # (p,) in a row
    disk: Floats  # (v,) how full


@dataclass(frozen=True, slots=True)
class Force:
    """What acts on the shop during one step, from outside and from faults."""

    arrivals: Floats  # (n,) requests a second that come from outside the shop
    service: Floats  # (n,) factor on own service time
    cpu: Floats  # (n,) factor on CPU a request
    hog: Floats  # (n,) cores a pod burns beside its requests
    errors: Floats  # (n,) own extra share of failures
    memory: Floats  # (n,) factor on idle memory
    leak: Floats  # (n,) MiB a second and pod
    fill: Floats  # (v,) share of the volume a second, beside normal growth
    replaced: Mask  # (p,) pods that are stopped now and then started afresh
    surged: Mask  # (p,) pods whose successor was ready before they were stopped
    broken: Mask  # (p,) pods whose container cannot run
    stopped: Mask  # (p,) pods that are not there (node gone, image missing), without a restart


@dataclass(frozen=True, slots=True)
class Flow:
    """What a perfect observer would see of one step."""

    demand: Floats  # (n,) requests a second
    failed: Floats  # (n,) share of requests
    latency_s: Floats  # (n,) mean
    cpu: Floats  # (n,) share of the limit
    memory: Floats  # (p,) share of the limit
    up: Mask  # (p,) ready
    restarted: Mask  # (p,) a container started again
    killed: Mask  # (p,) for want of memory
    looping: Mask  # (p,) waits in back-off
    disk: Floats  # (v,)


@dataclass(frozen=True, slots=True)
class Rules:
    """The shop's constants as arrays, made once."""

    shop: Shop
    calls: Floats
    needed: Floats
    retries: Floats
    service_s: Floats
    cpu_s: Floats
    cpu_limit: Floats
    memory: Floats
    memory_limit: Floats
    workers: Floats
    errors: Floats
    timeout_s: Floats

    @classmethod
    def of(cls, shop: Shop) -> "Rules":
        """Read them off the services and calls."""
        columns = ("service_s", "cpu_s", "cpu_limit", "memory", "memory_limit", "workers", "errors")
        return cls(
            shop,
            shop.matrix("times"),
            shop.matrix("needed"),
            shop.matrix("retries"),
            *(shop.column(name) for name in columns),
            shop.column("timeout_s"),
        )

    def start(self) -> State:
        """A shop that has run for a while."""
        pods = len(self.shop.owner)
        idle = self.memory[self.shop.owner]
        nothing = np.zeros(pods)
        return State(
            failing=self.errors.copy(),
            warm=idle * 1.1,
            garbage=idle * np.linspace(0.0, 0.15, pods),
            leaked=nothing,
            age_s=np.full(pods, 86_400.0) + np.arange(pods) * 977.0,
            down_s=nothing,
            crashes=np.zeros(pods, dtype=np.int64),
            disk=self.shop.column("volume")[self.shop.volumes],
        )


def step(rules: Rules, state: State, force: Force, step_s: float) -> tuple[State, Flow]:
    """Live through ``step_s`` seconds."""
    shop = rules.shop
    down_s = np.where(force.replaced, STARTING_S, np.maximum(state.down_s - step_s, 0.0))
    up = (down_s <= 0) & ~force.broken & ~force.stopped
    pods = np.maximum(np.add.reduceat(up.astype(float), shop.first_pod), 1e-3)
    demand = _demand(rules, force, state.failing)
    cpu, latency_s, failed = _serve(rules, state, force, demand, pods)
    fresh = replace(state, failing=failed, down_s=down_s)
    return _age(
        rules,
        fresh,
        force,
        Flow(demand, failed, latency_s, cpu, state.warm, up, up, up, up, state.disk),
        step_s,
    )


def _demand(rules: Rules, force: Force, failing: Floats) -> Floats:
    calls = rules.calls * (1 + rules.retries * failing[None, :])
    demand = force.arrivals
    for _ in range(DEPTH):
        demand = force.arrivals + demand @ calls
    return demand


def _serve(
    rules: Rules, state: State, force: Force, demand: Floats, pods: Floats
) -> tuple[Floats, Floats, Floats]:
    """(CPU share of the limit, mean latency in s, share failed), each (n,)."""
    shop = rules.shop
    wanted = demand * rules.cpu_s * force.cpu / (pods * rules.cpu_limit) + force.hog / rules.cpu_limit + 0.015
    usage = np.minimum(wanted, 1.0)
    refused = np.clip(1 - FULL / np.maximum(wanted, 1e-9), 0.0, 0.9)
    share = (state.warm + state.garbage + state.leaked) / rules.memory_limit[shop.owner]
    tight = (
        np.clip(np.maximum.reduceat(share, shop.first_pod) - 0.9, 0.0, 0.1) * 10
    )  # the collector works hard
    cold = np.add.reduceat(np.exp(-state.age_s / 120.0), shop.first_pod) / shop.replicas
    busy_cpu = np.minimum(usage, FULL)
    own = (
        rules.service_s * force.service * (1 + 0.5 * cold + 1.5 * tight + busy_cpu**3 / (1 - busy_cpu + 0.01))
    )
    latency = own
    for _ in range(DEPTH):
        latency = np.minimum(own + rules.calls @ latency * 0.8, rules.timeout_s * 1.2)
    busy = np.minimum(demand * latency / (pods * rules.workers), 0.98)
    latency = np.minimum(latency * (1 + busy**6 / (1 - busy)), rules.timeout_s * 1.2)
    late = (latency / rules.timeout_s) ** 4
    full_disk = np.zeros(len(own))
    full_disk[shop.volumes] = np.clip((state.disk - 0.97) / 0.03, 0.0, 1.0) * 0.7
    gone = np.where(pods < 0.5, 0.98, 0.0)  # nobody there
    own_failed = 1 - (1 - rules.errors - force.errors).clip(0) * (1 - refused) * (1 - late / (1 + late)) * (
        1 - full_disk
    ) * (1 - gone)
    failed = own_failed
    for _ in range(DEPTH):
        again = failed * (failed + (1 - failed) * 0.3)  # a second try mostly meets the same trouble
        seen = rules.retries * again[None, :] + (1 - rules.retries) * failed[None, :]
        failed = 1 - (1 - own_failed) * np.prod(
            1 - np.minimum(rules.calls, 1.0) * rules.needed * seen, axis=1
        )
    return usage, latency, np.clip(failed, 0.0, 1.0)


def _age(rules: Rules, state: State, force: Force, flow: Flow, step_s: float) -> tuple[State, Flow]:
    """Memory, containers and volumes after the step."""
    owner = rules.shop.owner
    idle = (rules.memory * force.memory)[owner]
    traffic = (flow.demand / rules.shop.replicas)[owner]
    aim = idle * (0.85 + 0.15 * (1 - np.exp(-state.age_s / COLD_S))) + idle * 0.12 * np.log1p(traffic / 10)
    warm = state.warm + (aim - state.warm) * min(1.0, step_s / SETTLE_S)
    garbage = state.garbage + idle * step_s * (2e-5 + 4e-6 * traffic)
    garbage = np.where(
        garbage > idle * (0.10 + 0.08 * ((owner * 7 + np.arange(len(owner))) % 5) / 4), 0.0, garbage
    )
    leaked = state.leaked + force.leak[owner] * step_s
    share = (warm + garbage + leaked) / rules.memory_limit[owner]
    killed = (share >= 1.0) & flow.up
    crashed = force.broken & (state.down_s <= 0)
    new = force.replaced | force.surged
    restarted = (killed | crashed) & ~new
    fresh = restarted | new
    crashes = np.where(restarted, state.crashes + 1, np.where(state.age_s > FORGIVEN_S, 0, state.crashes))
    crashes = np.where(new, 0, crashes)
    delay = BACKOFF_S[np.minimum(crashes, len(BACKOFF_S) - 1)]
    down_s = np.where(restarted, STARTING_S + delay, state.down_s)
    after = State(
        failing=state.failing,
        warm=np.where(fresh, idle * 0.7, warm),
        garbage=np.where(fresh, 0.0, garbage),
        leaked=np.where(fresh, 0.0, leaked),
        age_s=np.where(fresh, 0.0, state.age_s + step_s),
        down_s=down_s,
        crashes=crashes,
        disk=_volumes(rules, state, force, flow, step_s),
    )
    looping = force.broken & (crashes >= 2) & ~force.stopped
    gone = force.stopped | (force.broken & (down_s > 0))
    seen = replace(
        flow,
        memory=np.where(gone, np.nan, np.minimum(share, 1.0)),
        restarted=restarted,
        killed=killed,
        looping=looping,
        disk=after.disk,
    )
    return after, seen


def _volumes(rules: Rules, state: State, force: Force, flow: Flow, step_s: float) -> Floats:
    """Writes fill a volume slowly; ``fill`` is what else does, and may be negative (cleaning)."""
    writes = flow.demand[rules.shop.volumes] * 2.2e-10 * step_s
    return np.clip(state.disk + writes + force.fill * step_s, 0.0, 1.0)
