"""Faults: what breaks, when, how badly, and what would have been right to do. All drawn from the seed.

Each fault writes into the forces of the run and says what is true of it. ``start`` is when its cause begins
to act, also where it takes an hour to show; ``end`` is when a person had repaired it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from aiops.model import EventKind, Target, TrueIncident
from tests.simshop.forces import DAY_S, HOUR_S, MINUTE_S, Forces, Rollout, Why
from tests.simshop.shop import NODES, Shop

APART_S = 1.5 * HOUR_S  # from the end of one fault to the start of the next, at least
LONGEST_S = 5.5 * HOUR_S  # of all faults
DEADLINE_S = 600.0  # without progress for so long, a rollout counts as stuck


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault is put."""

    shop: Shop
    forces: Forces
    random: Generator
    start_s: float
    name: str

    def pick(self, *names: str) -> int:
        """One of these services."""
        return self.shop.index(names[int(self.random.integers(len(names)))])

    def between(self, from_s: float, until_s: float) -> slice:
        """The samples from one time up to another."""
        return slice(self.forces.clock.at(from_s), self.forces.clock.at(until_s))

    def truth(
        self, fault: str, end_s: float, target: Target, affected: tuple[int, ...], *right: str
    ) -> TrueIncident:
        """What is true of it."""
        clock = self.forces.clock
        others = tuple(self.shop.target(row) for row in affected if self.shop.target(row) != target)
        return TrueIncident(self.name, clock.ms(self.start_s), clock.ms(end_s), target, fault, others, right)


def leak(scene: Scene) -> TrueIncident:
    """Memory is never given back: pods reach their limit within hours and are killed, one after the other."""
    row = scene.pick("cart", "catalog", "frontend", "recommendations", "checkout", "inventory")
    service = scene.shop.services[row]
    hours = scene.random.uniform(1.5, 4.5)
    end_s = scene.start_s + hours * HOUR_S + scene.random.uniform(15, 50) * MINUTE_S
    room = service.memory_limit - service.memory * 1.35
    scene.forces.leak[scene.between(scene.start_s, end_s), row] = room / (hours * HOUR_S)
    scene.forces.roll(scene.shop, row, end_s, 5.0, why=Why.RESTART)
    return scene.truth("leak", end_s, scene.shop.target(row), scene.shop.callers(row), "restart_rollout")


def cpu(scene: Scene) -> TrueIncident:
    """Something in the process burns CPU beside the requests: throttled, slow, in the end refusing."""
    row = scene.pick(
        "cart", "catalog", "search", "recommendations", "checkout", "payment", "inventory", "frontend"
    )
    end_s = scene.start_s + scene.random.uniform(30, 75) * MINUTE_S
    burned = scene.shop.services[row].cpu_limit * scene.random.uniform(0.78, 1.05)
    scene.forces.hog[scene.between(scene.start_s, end_s), row] += burned
    return scene.truth(
        "cpu", end_s, scene.shop.target(row), scene.shop.callers(row), "scale_out", "restart_rollout"
    )


def deploy(scene: Scene) -> TrueIncident:
    """A bad revision: errors from the moment its pods take traffic until it is rolled back."""
    row = scene.pick("cart", "catalog", "search", "checkout", "payment", "inventory", "frontend", "shipping")
    random, forces = scene.random, scene.forces
    done_s = forces.roll(scene.shop, row, scene.start_s, random.uniform(45, 80))
    end_s = done_s + random.uniform(20, 55) * MINUTE_S
    clock = forces.clock
    first, full, last = clock.at(scene.start_s), clock.at(done_s), clock.at(end_s)
    ramp = np.minimum(np.arange(1, last - first + 1) / max(1, full - first), 1.0)
    forces.errors[first:last, row] += random.uniform(0.08, 0.45) * ramp
    forces.service[first:last, row] *= 1 + random.uniform(0, 0.4) * ramp
    forces.roll(scene.shop, row, end_s, random.uniform(45, 80), why=Why.BACK)
    return scene.truth("deploy", end_s, scene.shop.target(row), scene.shop.callers(row), "rollback")


def surge(scene: Scene) -> TrueIncident:
    """Far more customers than usual within minutes: several times the load, and in a busy hour more than
    the tightest services can serve."""
    random, forces = scene.random, scene.forces
    end_s = scene.start_s + random.uniform(30, 80) * MINUTE_S
    span = scene.between(scene.start_s, end_s)
    into = forces.clock.seconds[span] - scene.start_s
    rise = np.minimum(into / random.uniform(120, 420), 1.0) * np.minimum(
        (end_s - scene.start_s - into) / 300, 1.0
    )
    row = scene.shop.index("gateway")
    forces.arrivals[span, row] += random.uniform(220, 480) * np.maximum(rise, 0)
    everyone = tuple(range(len(scene.shop.services)))
    return scene.truth("surge", end_s, scene.shop.target(row), everyone, "scale_out")


def disk(scene: Scene) -> TrueIncident:
    """A volume fills within hours; full, its database refuses writes."""
    column = int(scene.random.integers(len(scene.shop.volumes)))
    row = int(scene.shop.volumes[column])
    hours = scene.random.uniform(1.2, 4.0)
    full_s = scene.start_s + hours * HOUR_S
    end_s = full_s + scene.random.uniform(10, 40) * MINUTE_S
    room = scene.random.uniform(0.96, 1.02) - scene.shop.services[row].volume
    scene.forces.fill[scene.between(scene.start_s, full_s), column] += room / (hours * HOUR_S)
    scene.forces.fill[scene.between(end_s, end_s + 600), column] -= room / 600
    affected = (row, *scene.shop.callers(row))
    return scene.truth("disk", end_s, scene.shop.claim(row), affected, "expand_pvc")


def dependency(scene: Scene) -> TrueIncident:
    """Something below becomes slow without burning CPU: waiting spreads to everything that calls it."""
    row = scene.pick("payment", "inventory", "redis", "catalog-db", "orders-db", "shipping")
    random, forces = scene.random, scene.forces
    end_s = scene.start_s + random.uniform(30, 80) * MINUTE_S
    service = scene.shop.services[row]
    factor = random.uniform(5, 15) if service.service_s > 0.01 else random.uniform(30, 80)
    span = scene.between(scene.start_s, end_s)
    ramp = np.minimum((forces.clock.seconds[span] - scene.start_s) / 120 + 0.25, 1.0)
    forces.service[span, row] *= 1 + (factor - 1) * ramp
    right = ("restart_rollout",) if service.kind == "Deployment" else ()  # a slow database is for a person
    return scene.truth("dependency", end_s, scene.shop.target(row), scene.shop.callers(row), *right)


def crashloop(scene: Scene) -> TrueIncident:
    """A configuration that the process cannot start with: every pod of the new revision crash loops."""
    row = scene.pick("cart", "catalog", "inventory", "shipping", "recommendations")
    random, forces = scene.random, scene.forces
    end_s = scene.start_s + random.uniform(20, 50) * MINUTE_S
    target = scene.shop.target(row)
    forces.roll(scene.shop, row, scene.start_s, 5.0, why=Why.CONFIG)
    forces.hold("rollout_stuck", target, scene.start_s + DEADLINE_S, end_s)
    pods = np.flatnonzero(scene.shop.owner == row)
    forces.broken[scene.between(scene.start_s, end_s), pods[0] : pods[-1] + 1] = True
    forces.roll(scene.shop, row, end_s, 5.0, why=Why.BACK)
    return scene.truth("crashloop", end_s, scene.shop.target(row), scene.shop.callers(row), "rollback")


def image(scene: Scene) -> TrueIncident:
    """An image that does not exist: the rollout hangs at its first pod while the old ones go on serving."""
    row = scene.pick("cart", "catalog", "inventory", "shipping", "frontend")
    forces, target = scene.forces, scene.shop.target(row)
    end_s = scene.start_s + scene.random.uniform(25, 60) * MINUTE_S
    clock = forces.clock
    forces.rollouts.append(Rollout(row, clock.ms(scene.start_s), clock.ms(end_s), Why.NEW))
    forces.hold("image_pull_failing", target, scene.start_s + 20, end_s)
    forces.hold("rollout_stuck", target, scene.start_s + DEADLINE_S, end_s)
    forces.rollouts.append(Rollout(row, clock.ms(end_s), clock.ms(end_s + 60), Why.BACK))
    return scene.truth("image", end_s, target, (), "rollback")


def node(scene: Scene) -> TrueIncident:
    """A node dies: its pods are gone until they are placed elsewhere, six minutes later."""
    number = int(scene.random.integers(len(NODES)))
    forces, clock = scene.forces, scene.forces.clock
    end_s = scene.start_s + scene.random.uniform(20, 45) * MINUTE_S
    target = Target("Node", "", NODES[number][0])
    pods = np.flatnonzero(forces.node[clock.at(scene.start_s)] == number)
    forces.stopped[scene.between(scene.start_s, scene.start_s + 360), pods] = True
    for position, pod in enumerate(pods):
        forces.move(scene.start_s + 360, int(pod), (number + 1 + position % (len(NODES) - 1)) % len(NODES))
    forces.hold("node_not_ready", target, scene.start_s + 40, end_s)
    forces.tell(scene.start_s + 40, target, EventKind.NODE, "not ready")
    forces.tell(end_s, target, EventKind.NODE, "ready")
    rows = sorted({int(row) for row in scene.shop.owner[pods]})
    callers = [caller for row in rows for caller in scene.shop.callers(row)]
    return scene.truth("node", end_s, target, tuple(dict.fromkeys([*rows, *callers])))


FAULTS: dict[str, Callable[[Scene], TrueIncident]] = {
    fault.__name__: fault for fault in (leak, cpu, deploy, surge, disk, dependency, crashloop, image, node)
}
USUAL = ("leak", "cpu", "deploy", "surge", "disk", "dependency")


def schedule(
    names: tuple[str, ...], days: float, history_days: float, random: Generator
) -> list[tuple[str, float]]:
    """(fault, start in seconds): after the history, in drawn order, with whole quiet days between where there
    is room for them."""
    order = [names[index] for index in random.permutation(len(names))]
    if not order:
        return []
    left = days - history_days
    if left <= 0:
        raise ValueError(f"days: expected more than {history_days} days of history, got {days}")
    quiet = left >= 2 * np.ceil(len(order) / 2) - 1
    per_day = 2 if quiet else max(1, int(np.ceil(len(order) / left)))
    if per_day > 3:
        raise ValueError(f"days: expected room for {len(order)} faults after {history_days} days, got {days}")
    starts: list[tuple[str, float]] = []
    for position, name in enumerate(order):
        day, slot = divmod(position, per_day)
        begin = (history_days + day * (2 if quiet else 1)) * DAY_S
        width = 18 * HOUR_S / per_day  # between five in the morning and eleven in the evening
        free = max(width - LONGEST_S - APART_S, 0.5 * HOUR_S)
        starts.append((name, begin + 5 * HOUR_S + slot * width + random.uniform(0, 1) * free))
    return starts
