"""Screens: all signals' screens side by side; panels go in, happenings in order of time come out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from aiops.core.calendar import window_mask
from aiops.core.detect import Happening
from aiops.engine.rules import Rules
from aiops.engine.screen import Screen
from aiops.model import FreezeWindow, Panel, Target, Verdicts
from aiops.plugin import Detector
from aiops.ports import Baselines

Keep = Callable[[str, str, Panel, Verdicts], None]  # (signal, detector, block, verdicts)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back from the baselines; ``learned_ms`` is the oldest time up to which any screen learned."""

    screens: int
    learned_ms: int  # 0: at least one screen starts blank
    problems: tuple[str, ...]


def without(panel: Panel, windows: tuple[FreezeWindow, ...]) -> Panel:
    """``panel`` with gaps where its targets are in maintenance: nothing is judged or learned there."""
    values = panel.values
    for window in windows:
        inside = window_mask(window, panel.times)
        if not inside.any():
            continue
        concerned = np.array(
            [not window.namespaces or target.namespace in window.namespaces for target in panel.targets], bool
        )
        values = np.where(concerned[:, None] & inside, np.nan, values)
    return (
        panel
        if values is panel.values
        else Panel(panel.signal, panel.unit, panel.targets, panel.times, values)
    )


class Screens:
    """One screen for each signal and detector. Not thread-safe: one tick at a time."""

    def __init__(self, rules: Rules, interval_s: float) -> None:
        self._windows = rules.detection.maintenance
        self.screens: dict[tuple[str, str], Screen] = {}
        for signal in rules.signals:
            for name in signal.detectors:
                detector = rules.detector(name, signal, interval_s)
                if isinstance(detector, Detector) and not getattr(detector, "multi", False):
                    self.screens[signal.name, name] = Screen(signal, name, detector, rules.detection)

    @property
    def targets(self) -> frozenset[Target]:
        """Every target that has a row somewhere."""
        return frozenset(target for screen in self.screens.values() for target in screen.targets)

    def judge(self, panels: Mapping[str, Panel], keep: Keep | None = None) -> list[Happening]:
        """Judge what is new in ``panels``; a signal without a panel (blind) is neither judged nor learned."""
        told: list[Happening] = []
        for (signal, name), screen in self.screens.items():
            panel = panels.get(signal)
            if panel is None or not panel.shape[1]:
                continue
            block, verdicts, happenings = screen.judge(without(panel, self._windows))
            told += happenings
            if keep is not None:
                keep(signal, name, block, verdicts)
        return sorted(told, key=lambda happening: happening.at_ms)

    def forget(self, seen: Mapping[str, frozenset[Target]]) -> int:
        """Drop rows of targets that ``seen`` (by signal) no longer names; returns how many (M5)."""
        dropped = 0
        for (signal, _), screen in self.screens.items():
            if signal in seen:
                keep = np.array([target in seen[signal] for target in screen.targets], bool)
                screen.forget(keep)
                dropped += int((~keep).sum())
        return dropped

    def save(self, baselines: Baselines) -> None:
        """Write every screen's state; each bundle is replaced as a whole."""
        for (signal, name), screen in self.screens.items():
            arrays, meta = screen.pack()
            if arrays:
                baselines.save(bundle(signal, name), arrays, meta)

    def restore(self, baselines: Baselines) -> Restored:
        """Load what fits; what does not (another detector, other parameters) starts blank, and is told."""
        problems, times = [], []
        for (signal, name), screen in self.screens.items():
            stored = baselines.load(bundle(signal, name))
            if stored is None:
                times.append(0)
                continue
            try:
                screen.unpack(*stored)
            except (ValueError, KeyError, TypeError) as error:
                problems.append(f"{signal}/{name}: {error}")
            times.append(screen.learned_ms)
        return Restored(sum(at > 0 for at in times), min(times, default=0), tuple(problems))


def bundle(signal: str, detector: str) -> str:
    """The name under which a screen's state is kept."""
    return f"screen.{signal}.{detector}"
