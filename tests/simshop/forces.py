"""Forces: what acts on the shop over its whole time, as arrays; and a calm life without faults.

Calm is not flat: customers with a daily and a weekly season, days that differ, newsletters, jobs on the
hour, a nightly report and a backup, deploys in working hours that shift levels a little, pods that move,
nodes that are drained, single slow minutes. All of it is harmless and none of it is a true incident.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

from aiops.model import ClusterEvent, EventKind, Target
from tests.simshop.shop import NODES, Floats, Shop
from tests.simshop.step import Force

DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60
PEAK = 185.0  # requests a second at the gateway in the busiest hour of an ordinary day


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The grid: ``times`` (t,) ms UTC, ``step_s`` apart, from the first sample on."""

    start_ms: int
    step_s: int
    count: int

    @property
    def times(self) -> NDArray[np.int64]:
        """All sample times."""
        return self.start_ms + np.arange(self.count, dtype=np.int64) * self.step_s * 1000

    @property
    def seconds(self) -> Floats:
        """Seconds since the start, (t,)."""
        return np.arange(self.count) * float(self.step_s)

    def at(self, seconds: float) -> int:
        """The sample at or after ``seconds`` from the start; never beyond the last."""
        return min(max(int(np.ceil(seconds / self.step_s)), 0), self.count - 1)

    def ms(self, seconds: float) -> int:
        """``seconds`` from the start as a time."""
        return self.start_ms + int(seconds * 1000)


class Why(StrEnum):
    """Why a workload was rolled out."""

    NEW = "new"  # a new image
    BACK = "back"  # the image before
    CONFIG = "config"  # the same image with another configuration
    RESTART = "restart"  # the same image and configuration, by hand


@dataclass(frozen=True, slots=True)
class Rollout:
    """One change of a pod template, from its first pod to its last."""

    row: int
    since_ms: int
    until_ms: int
    why: Why


@dataclass(frozen=True, slots=True)
class Spell:
    """A state of Kubernetes that holds for a while: ``signal`` is 1 for ``target`` until it ends."""

    signal: str
    target: Target
    since_ms: int
    until_ms: int


@dataclass(slots=True)
class Forces:
    """Every ``Force`` of the run, (t, n), (t, p) or (t, v); the maker writes into it, ``at`` reads it."""

    clock: Clockwork
    arrivals: Floats
    service: Floats
    cpu: Floats
    hog: Floats
    errors: Floats
    memory: Floats
    leak: Floats
    fill: Floats
    replaced: NDArray[np.bool_]
    surged: NDArray[np.bool_]
    broken: NDArray[np.bool_]
    stopped: NDArray[np.bool_]
    node: NDArray[np.int8]  # (t, p) where each pod runs
    events: list[ClusterEvent] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)

    @classmethod
    def none(cls, shop: Shop, clock: Clockwork) -> "Forces":
        """Nothing acts."""
        count, n, p, v = clock.count, len(shop.services), len(shop.owner), len(shop.volumes)
        zeros, ones = np.zeros, np.ones
        return cls(
            clock,
            arrivals=zeros((count, n)),
            service=ones((count, n)),
            cpu=ones((count, n)),
            hog=zeros((count, n)),
            errors=zeros((count, n)),
            memory=ones((count, n)),
            leak=zeros((count, n)),
            fill=zeros((count, v)),
            replaced=zeros((count, p), dtype=bool),
            surged=zeros((count, p), dtype=bool),
            broken=zeros((count, p), dtype=bool),
            stopped=zeros((count, p), dtype=bool),
            node=np.tile(shop.node.astype(np.int8), (count, 1)),
        )

    def at(self, index: int) -> Force:
        """What acts during one step."""
        return Force(
            self.arrivals[index],
            self.service[index],
            self.cpu[index],
            self.hog[index],
            self.errors[index],
            self.memory[index],
            self.leak[index],
            self.fill[index],
            self.replaced[index],
            self.surged[index],
            self.broken[index],
            self.stopped[index],
        )

    def tell(self, seconds: float, target: Target, kind: EventKind, detail: str = "") -> None:
        """Something that the API server would have seen."""
        self.events.append(ClusterEvent(self.clock.ms(seconds), target, kind, detail))

    def hold(self, signal: str, target: Target, from_s: float, until_s: float) -> None:
        """A state of Kubernetes for a while."""
        if until_s > from_s:
            self.spells.append(Spell(signal, target, self.clock.ms(from_s), self.clock.ms(until_s)))

    def roll(self, shop: Shop, row: int, seconds: float, between_s: float, *, why: Why = Why.NEW) -> float:
        """Replace the pods of a service one after the other; return when the last one was replaced.

        A Deployment starts the new pod before it stops the old one; a StatefulSet cannot.
        """
        chosen = np.flatnonzero(shop.owner == row)
        mask = self.surged if shop.services[row].kind == "Deployment" else self.replaced
        for position, pod in enumerate(chosen):
            mask[self.clock.at(seconds + position * between_s), pod] = True
        done_s = seconds + len(chosen) * between_s
        self.rollouts.append(Rollout(row, self.clock.ms(seconds), self.clock.ms(done_s), why))
        return done_s

    def move(self, seconds: float, pod: int, node: int) -> None:
        """A pod is evicted and comes back on ``node``."""
        first = self.clock.at(seconds)
        self.replaced[first, pod] = True
        self.node[first:, pod] = node


def calm(shop: Shop, clock: Clockwork, random: Generator) -> Forces:
    """A life without faults."""
    forces = Forces.none(shop, clock)
    _customers(shop, forces, random)
    _jobs(shop, forces, random)
    _noise(shop, forces, random)
    _deploys(shop, forces, random)
    _moves(shop, forces, random)
    return forces


def _red(random: Generator, shape: tuple[int, int], step_s: float, tau_s: float) -> Floats:
    """Red noise of unit variance that forgets within ``tau_s``, (t, n)."""
    keep = float(np.exp(-step_s / tau_s))
    shocks = random.standard_normal(shape) * np.sqrt(1 - keep**2)
    shocks[0] /= np.sqrt(1 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks, axis=0))


def _customers(shop: Shop, forces: Forces, random: Generator) -> None:
    clock = forces.clock
    seconds = clock.seconds + clock.start_ms / 1000  # the epoch began at midnight UTC
    hour = seconds / HOUR_S % 24
    weekday = ((seconds // DAY_S + 3) % 7).astype(int)  # 0 is Monday: the epoch began on a Thursday
    peak, evening = random.normal(13.5, 0.7), random.normal(20.3, 0.4)
    shape = (
        0.16 + 0.62 * np.exp(-(((hour - peak) / 4.2) ** 2)) + 0.45 * np.exp(-(((hour - evening) / 2.1) ** 2))
    )
    week = np.array([1.0, 0.98, 0.97, 1.0, 1.03, *random.uniform(0.78, 1.18, 2)])[weekday]
    days = random.normal(1.0, 0.03, clock.count * clock.step_s // DAY_S + 2)[
        (clock.seconds // DAY_S).astype(int)
    ]
    days = np.convolve(np.pad(days, (60, 60), mode="edge"), np.ones(121) / 121, mode="valid")
    waves = np.exp(0.035 * _red(random, (clock.count, 1), clock.step_s, 900.0)[:, 0])
    root = PEAK * random.uniform(0.85, 1.1) * shape * week * days * waves
    for _ in range(random.poisson(clock.seconds[-1] / DAY_S / 2.5)):  # newsletters
        start, lasts = random.uniform(0, clock.seconds[-1]), random.uniform(900, 2400)
        after = clock.seconds - start
        rise = (after > 0) * (1 - np.exp(-np.maximum(after, 0) / 240)) * np.exp(-np.maximum(after, 0) / lasts)
        root *= 1 + random.uniform(0.08, 0.25) * rise
    forces.arrivals[:, shop.index("gateway")] = root
    forces.arrivals[:, shop.index("mailer")] = 0.018 * root + 0.05


def _jobs(shop: Shop, forces: Forces, random: Generator) -> None:
    clock = forces.clock
    minute = clock.seconds // MINUTE_S % 60
    day = clock.seconds % DAY_S
    catalog, reporting, mailer = (shop.index(name) for name in ("catalog", "reporting", "mailer"))
    forces.arrivals[:, catalog] += np.where(minute < 2, 12.0, 0.0)  # price import, on the hour
    forces.arrivals[:, mailer] += np.where((minute >= 30) & (minute < 33), 1.2, 0.0)  # queued mails
    nights = int(clock.seconds[-1] // DAY_S) + 1  # no two take quite as long
    begins = 2 * HOUR_S + random.uniform(0, 120, nights)
    lasts = random.uniform(25, 40) * MINUTE_S * random.uniform(0.9, 1.1, nights)
    night = (clock.seconds // DAY_S).astype(int)
    nightly = (day >= begins[night]) & (day < (begins + lasts)[night])
    forces.arrivals[:, reporting] = 0.04 + np.where(nightly, random.uniform(1.6, 2.4), 0.0)
    backup = (day >= 3.5 * HOUR_S) & (day < 3.5 * HOUR_S + 12 * MINUTE_S)
    grown = random.uniform(0.002, 0.012, len(shop.volumes))  # of the volume, a day
    for column, row in enumerate(shop.volumes):
        forces.hog[:, row] += np.where(backup, 0.25, 0.0)
        forces.service[:, row] *= np.where(backup, 1.3, 1.0)
        forces.fill[:, column] += grown[column] * 3.0 / DAY_S
        forces.fill[:, column] -= np.where(
            backup, grown[column] * 2.0 / (12 * MINUTE_S), 0.0
        )  # old segments go


def _noise(shop: Shop, forces: Forces, random: Generator) -> None:
    clock, n = forces.clock, len(shop.services)
    forces.service *= np.exp(0.05 * _red(random, (clock.count, n), clock.step_s, 300.0))
    forces.service *= np.exp(0.04 * random.standard_normal((clock.count, n)))
    forces.cpu *= np.exp(0.03 * _red(random, (clock.count, n), clock.step_s, 600.0))
    slow = random.random((clock.count, n)) < 1.2 * clock.step_s / DAY_S  # one slow minute a day and service
    forces.service[slow] *= 1 + random.pareto(2.2, slow.sum())
    failing = random.random((clock.count, n)) < 0.5 * clock.step_s / DAY_S
    forces.errors[failing] += random.exponential(0.012, failing.sum()).clip(0, 0.08)


def _deploys(shop: Shop, forces: Forces, random: Generator) -> None:
    """Working days, nine to five, each service every few days; levels shift a little and stay so."""
    clock = forces.clock
    for row, service in enumerate(shop.services):
        every_s = (4 if service.kind == "Deployment" else 14) * DAY_S
        for _ in range(random.poisson(clock.seconds[-1] / every_s)):
            day = int(random.integers(0, max(1, int(clock.seconds[-1] // DAY_S))))
            seconds = day * DAY_S + random.uniform(9, 17) * HOUR_S
            if (clock.ms(seconds) // 1000 // DAY_S + 3) % 7 >= 5 or seconds > clock.seconds[-1]:
                continue
            done = clock.at(forces.roll(shop, row, seconds, random.uniform(50, 110)))
            forces.service[done:, row] *= np.exp(random.normal(0, 0.035))
            forces.cpu[done:, row] *= np.exp(random.normal(0, 0.035))
            forces.memory[done:, row] *= np.exp(random.normal(0, 0.025))


def _moves(shop: Shop, forces: Forces, random: Generator) -> None:
    """Pods are moved by the cluster, and now and then a whole node is drained for maintenance."""
    clock, pods = forces.clock, len(shop.owner)
    end = clock.seconds[-1]
    for _ in range(random.poisson(pods * end / (7 * DAY_S) / 2)):
        forces.move(random.uniform(0, end), int(random.integers(pods)), int(random.integers(len(NODES))))
    for _ in range(random.poisson(end / (9 * DAY_S))):
        number, seconds = int(random.integers(len(NODES))), random.uniform(0, end)
        target = Target("Node", "", NODES[number][0])
        forces.tell(seconds, target, EventKind.NODE, "cordoned")
        for position, pod in enumerate(np.flatnonzero(forces.node[clock.at(seconds)] == number)):
            other = (number + 1 + position % (len(NODES) - 1)) % len(NODES)
            forces.move(seconds + 60 + position * random.uniform(20, 60), int(pod), other)
        forces.tell(min(seconds + 1500, end), target, EventKind.NODE, "uncordoned")
