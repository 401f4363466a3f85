"""Record: a life as a recording on disk, with its true incidents."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aiops.adapters.recording.writer import write
from aiops.bootstrap.config import load_shipped
from aiops.model import Panel, Signal
from aiops.model.recording import RecordingMeta
from tests.simshop.cluster import lines
from tests.simshop.life import HISTORY_DAYS, Life, live
from tests.simshop.observe import VIEWS, Observer
from tests.simshop.shop import NODES

MADE = (
    "Simulated, not measured: a web shop of {workloads} workloads, {pods} pods and {nodes} nodes as a "
    "queueing model (tests/simshop), with daily and weekly season, noise, deploys, jobs and moves of pods, "
    "and {faults}. "
    "The first {history:g} days are without faults. Figures are made the way exporters make them: counted "
    "requests, bucketed durations, failed scrapes; pods are rolled up to their workload. Names, sizes and "
    "faults are invented, and drawn from the seed alone."
)


def signals() -> tuple[Signal, ...]:
    """The shipped signals that the shop shows, as configured."""
    shipped = {signal.name: signal for signal in load_shipped().signals}
    missing = sorted(set(VIEWS) - set(shipped))
    if missing:
        raise ValueError(f"config/signals: expected {', '.join(missing)} too")
    return tuple(replace(shipped[name], pack="") for name in VIEWS)


def record(
    path: Path,
    seed: int,
    days: float,
    faults: Sequence[str],
    *,
    step_s: int = 60,
    history_days: float = HISTORY_DAYS,
) -> Life:
    """Live and write a recording to ``path``: the same arguments, the same bytes. About 5 s for 8 days."""
    life = live(seed, days, faults, step_s=step_s, history_days=history_days)
    write(path, head(life, seed, days, faults, history_days), panels(life, seed), lines(life), life.truths)
    return life


def panels(life: Life, seed: int) -> list[Panel]:
    """Everything that is measured."""
    observer = Observer(life, seed)
    return [observer.panel(signal) for signal in signals()]


def head(life: Life, seed: int, days: float, faults: Sequence[str], history_days: float) -> RecordingMeta:
    """What the recording says of itself."""
    clock = life.clock
    named = f"the injected faults {', '.join(faults)}" if faults else "no faults"
    command = f"python -m tests.simshop --seed {seed} --days {days:g} --step {clock.step_s}s"
    return RecordingMeta(
        name=f"shop-{seed}",
        signals=signals(),
        start_ms=clock.start_ms,
        end_ms=int(clock.times[-1]),
        step_ms=clock.step_s * 1000,
        cluster="shop",
        made=MADE.format(
            workloads=len(life.shop.services),
            pods=len(life.shop.owner),
            nodes=len(NODES),
            faults=named,
            history=history_days,
        ),
        made_by=command + (f" --faults {','.join(faults)}" if faults else ""),
    )
