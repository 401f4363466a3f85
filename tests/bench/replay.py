"""Replay: a dry run of 200 series over 14 days at one minute, as a person would start it."""

from pathlib import Path

import numpy as np

from aiops.adapters.recording.writer import write
from aiops.model import Direction, Panel, Role, Signal, Target, TargetMapping
from aiops.model.recording import RecordingMeta
from tests.bench.processes import BIN, spend
from tests.measure import Row, row

SIGNALS, TARGETS, DAYS, STEP_MS = 10, 20, 14, 60_000
START_MS = 1_741_564_800_000
ROLES = (Role.LATENCY, Role.ERRORS, Role.TRAFFIC, Role.CPU, Role.MEMORY)


def make(path: Path) -> None:
    """Daily seasons with noise, and a spike or a shift here and there: what a cluster looks like."""
    random = np.random.default_rng(14)
    count = DAYS * 1440
    minutes = np.arange(count)
    targets = tuple(Target("Deployment", "shop", f"service-{number}") for number in range(TARGETS))
    signals = tuple(
        Signal(
            f"signal_{number}",
            f"signal_{number}",
            "",
            ROLES[number % len(ROLES)],
            TargetMapping("Deployment", "deployment", "namespace"),
            Direction.UP if number % 2 else Direction.BOTH,
        )
        for number in range(SIGNALS)
    )

    def panel(signal: Signal) -> Panel:
        level = random.uniform(10, 100, (TARGETS, 1))
        phase = random.uniform(0, 2 * np.pi, (TARGETS, 1))
        values = level * (1 + 0.3 * np.sin(2 * np.pi * minutes / 1440 + phase))
        values += level * 0.03 * random.standard_normal((TARGETS, count))
        for _ in range(2):
            at = int(random.integers(5 * 1440, count - 60))
            values[random.integers(TARGETS), at : at + 40] *= random.uniform(1.8, 3)
        return Panel(signal.name, "", targets, START_MS + minutes.astype(np.int64) * STEP_MS, values)

    end_ms = START_MS + (count - 1) * STEP_MS
    meta = RecordingMeta("bench", signals, START_MS, end_ms, STEP_MS, made="made by the benchmark")
    write(path, meta, map(panel, signals))


def rows(folder: Path) -> list[Row]:
    """Seconds and memory of the whole command."""
    recording = folder / "recording"
    make(recording)
    command = [str(BIN / "aiops"), "dry-run", str(recording), "--json"]
    spent = spend(command, folder / "dry-run.log", 600)
    series = SIGNALS * TARGETS
    samples = series * DAYS * 1440
    return [
        row(f"dry-run, {series} series x {DAYS} days at 1 min", spent.wall_s, "s", goal=30),
        row("dry-run, CPU", spent.cpu_s, "s"),
        row("dry-run, samples a second", samples / spent.wall_s, "1/s", better="higher"),
        row("dry-run, peak memory", spent.peak_mib, "MiB", goal=1024),
    ]
