"""Screens: all signals' screens side by side; panels go in, happenings in order of time come out.

Beside them the detectors of several signals (``aiops.engine.forests``), and how high series with a limit have
been (``aiops.engine.highs``), which look-ahead asks for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.calendar import window_mask
from aiops.core.detect import Happening
from aiops.core.ease import Easing
from aiops.core.stack import FittedStack, side_by_side
from aiops.engine.forests import Grove
from aiops.engine.highs import Highs
from aiops.engine.rules import Rules
from aiops.engine.screen import Screen
from aiops.engine.window import Recent
from aiops.model import Floats, FreezeWindow, Mask, Panel, Status, Target, Verdicts
from aiops.plugin import Detector, Fitted, Forecast, MultiDetector
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


AT_ONCE = 1000  # rows side by side
WIDE = 32  # columns; in narrower blocks joining costs more than it saves


def _judged(
    fitted: Sequence[Fitted], blocks: Sequence[Panel], holds: Sequence[Mask] = ()
) -> list[tuple[Verdicts, Fitted]]:
    """Each block by what was learned of it; stacks that are alike side by side, some hundred rows at once.
    With ``holds``, one a block, each by itself."""
    if holds:
        return [one.judge(block, hold) for one, block, hold in zip(fitted, blocks, holds, strict=True)]
    stacks = [one for one in fitted if isinstance(one, FittedStack)]
    if len(stacks) < len(fitted) or len(stacks) == 1:
        pairs = zip(fitted, blocks, strict=True)
        return [one.judge(block, np.zeros(block.shape, bool)) for one, block in pairs]
    answer: list[tuple[Verdicts, Fitted]] = []
    at = 0
    while at < len(stacks):
        stop, count = at + 1, len(blocks[at].targets)
        while stop < len(stacks) and count + len(blocks[stop].targets) <= AT_ONCE:
            count += len(blocks[stop].targets)
            stop += 1
        answer += side_by_side(stacks[at:stop], blocks[at:stop])
        at = stop
    return answer


class Screens:
    """One screen for each signal and detector. Not thread-safe: one tick at a time."""

    def __init__(self, rules: Rules, interval_s: float) -> None:
        self._windows = rules.detection.maintenance
        self.easing = Easing()  # what people called false, as it stands at the next block
        self.screens: dict[tuple[str, str], Screen] = {}
        for signal in rules.signals:
            for name in signal.detectors:
                detector = rules.detector(name, signal, interval_s)
                if isinstance(detector, Detector) and not getattr(detector, "multi", False):
                    self.screens[signal.name, name] = Screen(signal, name, detector, rules.detection)
        self.highs = {one.name: Highs(one) for one in rules.signals if one.limit is not None}
        self.groves: dict[str, Grove] = {}
        for name, signals in rules.forests.items():
            several = rules.detector(name, None, interval_s)
            if isinstance(several, MultiDetector) and getattr(several, "multi", False):
                self.groves[name] = Grove(name, tuple(signals), several, rules.detection)

    @property
    def targets(self) -> frozenset[Target]:
        """Every target that has a row somewhere."""
        return frozenset(target for screen in self.screens.values() for target in screen.targets)

    def judge(
        self, panels: Mapping[str, Panel], keep: Keep | None = None, hold: frozenset[Target] = frozenset()
    ) -> list[Happening]:
        """Judge what is new in ``panels``; a signal without a panel (blind) is neither judged nor learned.
        What is judged of the targets ``hold`` is not learned: they are being changed (M12, M15)."""
        told: list[Happening] = []
        panels = {name: without(panel, self._windows) for name, panel in panels.items()}
        for name, high in self.highs.items():
            if name in panels:
                high.learn(panels[name])
        for grove in self.groves.values():
            told += grove.judge(panels, self.easing)
        for group in self._groups(panels):
            blocks, before, runs = zip(
                *(screen.prepare(panels[screen.signal.name]) for screen in group), strict=True
            )
            holds = [screen.held(block, hold) for screen, block in zip(group, blocks, strict=True) if hold]
            for screen, block, was, (verdicts, after) in zip(
                group, blocks, runs, _judged(before, blocks, holds), strict=True
            ):
                eased = self.easing.ease(screen.signal.name, screen.name, block, verdicts)
                told += screen.finish(block, eased, after, was)
                if keep is not None:
                    keep(screen.signal.name, screen.name, block, eased)
        return sorted(told, key=lambda happening: happening.at_ms)

    def _groups(self, panels: Mapping[str, Panel]) -> list[list[Screen]]:
        """Screens with something to judge; those that can be judged side by side are together."""
        groups: dict[object, list[Screen]] = {}
        for (signal, name), screen in self.screens.items():
            panel = panels.get(signal)
            if panel is None or not panel.shape[1]:
                continue
            alike = getattr(screen.fitted, "alike", None)
            wide = alike is not None and panel.shape[1] >= WIDE
            key = (alike, screen.learned_ms, panel.times.tobytes()) if wide else (signal, name)
            groups.setdefault(key, []).append(screen)
        return list(groups.values())

    def newest(self, target: Target, signal: str, detector: str) -> Status:
        """The newest verdict of one detector on one series; inconclusive where there is none."""
        screen = self.screens.get((signal, detector))
        return Status.INCONCLUSIVE if screen is None else screen.status(target)

    def highest(self, signal: str, before_ms: int, targets: Sequence[Target]) -> Floats:
        """How high ``targets`` were before ``before_ms`` (``aiops.engine.highs``); NaN where unknown."""
        return self.highs[signal].highest(before_ms, targets)

    def forecast(
        self, signal: str, now_ms: int, horizon_ms: int, targets: Sequence[Target]
    ) -> tuple[str, Forecast] | None:
        """(detector, where ``targets`` are heading) by a detector of ``signal`` that can look ahead."""
        for (name, detector), screen in self.screens.items():
            found = screen.look_ahead(now_ms, horizon_ms, targets) if name == signal else None
            if found is not None:
                return detector, found
        return None

    def refit(self, recent: Recent, now_ms: int, history_ms: int) -> int:
        """Fit heavy detectors anew on what ``recent`` still holds; returns how many screens that were. Slow:
        call it between ticks."""
        heavy = [key for key, screen in self.screens.items() if screen.heavy]
        if not heavy:
            return 0
        panels = {panel.signal: panel for panel in recent.between(now_ms - history_ms, now_ms + 1)}
        for signal, name in heavy:
            if signal in panels:
                self.screens[signal, name].refit(panels[signal])
        return len(heavy)

    def forget(self, seen: Mapping[str, frozenset[Target]]) -> int:
        """Drop rows of targets that ``seen`` (by signal) no longer names; returns how many (M5)."""
        dropped = 0
        for (signal, _), screen in self.screens.items():
            if signal in seen:
                keep = np.array([target in seen[signal] for target in screen.targets], bool)
                screen.forget(keep)
                dropped += int((~keep).sum())
        for name, high in self.highs.items():
            if name in seen:
                high.forget(np.array([target in seen[name] for target in high.targets], bool))
        for grove in self.groves.values():
            if all(name in seen for name in grove.signals):
                anywhere = frozenset().union(*(seen[name] for name in grove.signals))
                grove.forget(np.array([target in anywhere for target in grove.targets], bool))
        return dropped

    def save(self, baselines: Baselines) -> None:
        """Write every screen's state; each bundle is replaced as a whole."""
        for (signal, name), screen in self.screens.items():
            arrays, meta = screen.pack()
            if arrays:
                baselines.save(bundle(signal, name), arrays, meta)
        for name, beside in self._beside():
            arrays, meta = beside.pack()
            if arrays:
                baselines.save(name, arrays, meta)

    def _beside(self) -> list[tuple[str, Highs | Grove]]:
        return [
            *((f"highs.{name}", high) for name, high in self.highs.items()),
            *((f"forest.{name}", grove) for name, grove in self.groves.items()),
        ]

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
        for name, beside in self._beside():
            stored = baselines.load(name)
            try:
                if stored is not None:
                    beside.unpack(*stored)
            except (ValueError, KeyError, TypeError) as error:
                problems.append(f"{name}: {error}")
        return Restored(sum(at > 0 for at in times), min(times, default=0), tuple(problems))


def bundle(signal: str, detector: str) -> str:
    """The name under which a screen's state is kept."""
    return f"screen.{signal}.{detector}"
