"""One seed: make its recording, dry-run it, keep what counts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aiops.bootstrap.replay import replay
from aiops.core.score import Score, score
from aiops.model import Story
from tests.simshop.faults import USUAL
from tests.simshop.record import record
from tests.simshop.shop import SERVICES

DAYS = 8.0
FAULTS = 6
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What was made of one true incident. Times in seconds."""

    fault: str
    target: str
    found: bool
    delay_s: float | None
    rank: int | None  # of the true cause among the suspects
    first: str  # who was suspected first
    classed: str  # the class of the incident
    extra: int  # further incidents for the same fault
    proposed_right: bool | None  # whether any step that was proposed is right; None: none was proposed


@dataclass(frozen=True, slots=True)
class Alarm:
    """An incident that matches no true one."""

    opened_h: float  # hours after the start
    classed: str
    anomalies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one seed tells."""

    seed: int
    days: float  # that were watched
    workloads: int
    faults: tuple[Fault, ...]
    alarms: tuple[Alarm, ...]
    took_s: float


def faults_of(seed: int, count: int = FAULTS) -> tuple[str, ...]:
    """Which faults this seed has: drawn, the same one possibly more than once."""
    random = np.random.default_rng([seed, 4])
    return tuple(USUAL[index] for index in random.integers(len(USUAL), size=count))


def run(seed: int, *, days: float = DAYS, count: int = FAULTS, keep: Path | None = None) -> Outcome:
    """Make, replay, score. About 25 s for 8 days."""
    with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
        path = Path(folder) / "shop" if keep is None else keep / f"shop-{seed}"
        record(path, seed, days, faults_of(seed, count))
        return judge(seed, replay(path))


def judge(seed: int, story: Story) -> Outcome:
    """The outcome of a story that has true incidents."""
    scored = score(story)
    if scored is None:
        raise ValueError(f"seed {seed}: expected true incidents in the recording, got none")
    incidents = {one.incident.id: one.incident for one in story.incidents}
    return Outcome(
        seed=seed,
        days=scored.days,
        workloads=len(SERVICES),  # nodes and volumes are watched too, and count as none
        faults=tuple(_faults(scored, story)),
        alarms=tuple(
            Alarm(
                (incidents[name].opened_ms - story.start_ms) / 3_600_000,
                incidents[name].incident_class,
                tuple(f"{one.target} {one.signal}" for one in incidents[name].anomalies),
            )
            for name in scored.false_ids
        ),
        took_s=story.elapsed_s,
    )


def _faults(scored: Score, story: Story) -> Sequence[Fault]:
    classes = {one.incident.id: one.incident.incident_class for one in story.incidents}
    return [
        Fault(
            fault=row.truth.fault,
            target=str(row.truth.target),
            found=row.found,
            delay_s=None if row.delay_ms is None else row.delay_ms / 1000,
            rank=row.cause_rank,
            first=str(row.first_suspect or ""),
            classed=classes[row.incident_ids[0]] if row.found else "",
            extra=max(0, len(row.incident_ids) - 1),
            proposed_right=any(one.right for one in row.proposals) if row.proposals else None,
        )
        for row in scored.rows
    ]
