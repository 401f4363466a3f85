"""Life: run the shop through all its forces and keep what a perfect observer would see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import TrueIncident
from tests.simshop.faults import APART_S, FAULTS, MINUTE_S, Scene, schedule
from tests.simshop.forces import DAY_S, Clockwork, Forces, calm
from tests.simshop.shop import Floats, Shop
from tests.simshop.step import Rules, step

START_MS = 1_741_564_800_000  # Monday 2025-03-10, midnight UTC
HISTORY_DAYS = 3.0  # without faults, at the start
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that happened, without noise. (t, n) a service, (t, p) a pod, (t, v) a volume."""

    shop: Shop
    forces: Forces
    truths: tuple[TrueIncident, ...]
    demand: Floats
    failed: Floats
    latency_s: Floats
    cpu: Floats
    memory: Floats
    up: Mask
    restarted: Mask
    killed: Mask
    looping: Mask
    disk: Floats

    @property
    def clock(self) -> Clockwork:
        """The grid of all arrays."""
        return self.forces.clock


def live(
    seed: int,
    days: float,
    faults: Sequence[str],
    *,
    step_s: int = 60,
    history_days: float = HISTORY_DAYS,
    start_ms: int = START_MS,
) -> Life:
    """Run a shop of this seed; the same arguments give the same life. Cost: about 0.2 ms a step."""
    unknown = sorted(set(faults) - set(FAULTS))
    if unknown:
        raise ValueError(f"faults: expected some of {', '.join(FAULTS)}, got {', '.join(unknown)}")
    if step_s <= 0 or days * DAY_S < step_s:
        raise ValueError(f"days and step: expected at least one step, got {days} days of {step_s} s")
    shop, clock = Shop(), Clockwork(start_ms, step_s, int(days * DAY_S / step_s))
    forces = calm(shop, clock, np.random.default_rng([seed, 0]))
    truths = _break(shop, forces, tuple(faults), days, history_days, seed)
    return _run(shop, forces, truths)


def _break(
    shop: Shop, forces: Forces, faults: tuple[str, ...], days: float, history_days: float, seed: int
) -> tuple[TrueIncident, ...]:
    random = np.random.default_rng([seed, 1])
    truths: list[TrueIncident] = []
    free_s = 0.0  # nothing starts before
    for number, (name, planned_s) in enumerate(schedule(faults, days, history_days, random)):
        start_s = max(planned_s, free_s)
        if start_s + 20 * MINUTE_S > days * DAY_S:
            raise ValueError(f"days: expected room for {len(faults)} faults after the history, got {days}")
        scene = Scene(shop, forces, np.random.default_rng([seed, 2, number]), start_s, f"{number + 1}-{name}")
        truths.append(FAULTS[name](scene))
        free_s = (truths[-1].end_ms - forces.clock.start_ms) / 1000 + APART_S
    return tuple(truths)


def _run(shop: Shop, forces: Forces, truths: tuple[TrueIncident, ...]) -> Life:
    rules = Rules.of(shop)
    state = rules.start()
    count, step_s = forces.clock.count, float(forces.clock.step_s)
    n, p, v = len(shop.services), len(shop.owner), len(shop.volumes)
    reals = {name: np.empty((count, n)) for name in ("demand", "failed", "latency_s", "cpu")}
    reals |= {"memory": np.empty((count, p)), "disk": np.empty((count, v))}
    masks = {name: np.empty((count, p), dtype=bool) for name in ("up", "restarted", "killed", "looping")}
    for index in range(count):
        state, flow = step(rules, state, forces.at(index), step_s)
        for name, kept in (*reals.items(), *masks.items()):
            kept[index] = getattr(flow, name)
    return Life(shop, forces, truths, **reals, **masks)
