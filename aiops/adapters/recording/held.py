"""Held: what an importer read, in memory; opened as it is, or written as a recording."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.adapters.recording.csv_table import step_of
from aiops.adapters.recording.reader import Recorded
from aiops.errors import InputError, Problem
from aiops.model import Panel, Signal, Target, Times, TrueIncident
from aiops.model.recording import NOTHING_KNOWN, FactLine, RecordingMeta


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Signals with their panels, in the same order; what is known beside them."""

    signals: tuple[Signal, ...]
    panels: tuple[Panel, ...]
    facts: tuple[FactLine, ...] = ()
    truths: tuple[TrueIncident, ...] = ()
    warnings: tuple[str, ...] = ()


def recorded(name: str, made: str, held: Held, made_by: str = "") -> Recorded:
    """``held`` as a recording; InputError where it has no samples."""
    times = [panel.times for panel in held.panels if panel.shape[0] and panel.shape[1]]
    if not times:
        raise InputError([Problem(name, "no samples", "a series with at least one sample")])
    steps = [step_of(one) for one in times if len(one) > 1] or [60_000]
    usual = max(set(steps), key=lambda step: (steps.count(step), -step))
    meta = RecordingMeta(
        name=name,
        signals=held.signals,
        start_ms=min(int(one[0]) for one in times),
        end_ms=max(int(one[-1]) for one in times),
        step_ms=usual,
        made=made,
        made_by=made_by,
        unknown=NOTHING_KNOWN,
        warnings=(*held.warnings, *_other_steps(held, usual)),
    )
    by_name = {panel.signal: panel for panel in held.panels}
    return Recorded(meta, lambda signal: by_name[signal.name], held.facts, held.truths)


def _other_steps(held: Held, usual: int) -> tuple[str, ...]:
    other = sum(step_of(panel.times) != usual for panel in held.panels if panel.shape[1] > 1)
    if not other:
        return ()
    return (f"{other} of {len(held.panels)} signals have another step than {usual / 1000:g} s",)


def joined(parts: Sequence[Held]) -> Held:
    """Several as one: signals of one name become one panel over all times. InputError where a series of
    one name and target comes twice."""
    signals: dict[str, Signal] = {}
    panels: dict[str, list[Panel]] = {}
    for part in parts:
        for signal, panel in zip(part.signals, part.panels, strict=True):
            signals.setdefault(signal.name, signal)
            panels.setdefault(signal.name, []).append(panel)
    return Held(
        signals=tuple(signals.values()),
        panels=tuple(_one(several) for several in panels.values()),
        facts=tuple(line for part in parts for line in part.facts),
        truths=tuple(truth for part in parts for truth in part.truths),
        warnings=tuple(warning for part in parts for warning in part.warnings),
    )


def _one(panels: Sequence[Panel]) -> Panel:
    if len(panels) == 1:
        return panels[0]
    targets: list[Target] = [target for panel in panels for target in panel.targets]
    twice = sorted(str(target) for target, count in Counter(targets).items() if count > 1)
    if twice:
        got = f"{', '.join(twice[:3])} in several files"
        raise InputError([Problem(f"signal {panels[0].signal}", got, "each series once")])
    times: Times = np.unique(np.concatenate([panel.times for panel in panels]))
    values = np.full((len(targets), len(times)), np.nan)
    row = 0
    for panel in panels:
        count = panel.shape[0]
        values[row : row + count, np.searchsorted(times, panel.times)] = panel.values
        row += count
    return Panel(panels[0].signal, panels[0].unit, tuple(targets), times, values)
