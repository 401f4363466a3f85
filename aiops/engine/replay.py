"""Replay: a recording through the same loop, as fast as the machine allows.

A day at a time is judged as one block; then the loop is advanced through that day at the times where
something happens. Nothing reacts: what would have been done is decided, journalled and not carried out.

The first part of a recording is history, as the live daemon has one at its first start: judged and learned
from, and not watched. What is still bad at its end is known breakage.

Cost: judging dominates, O(series x samples); memory 21 bytes a sample beside the recording.
"""

import bisect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from aiops.core.detect import Happening
from aiops.core.quality import Quality, recorded
from aiops.engine.ahead import Ahead
from aiops.engine.bands import Band
from aiops.engine.loop import Loop
from aiops.engine.rules import Rules
from aiops.engine.screens import Screens
from aiops.engine.start import seen_before, still_bad
from aiops.engine.story import tell
from aiops.engine.window import Recorded
from aiops.model import Facts, Panel, Signal, Story, TrueIncident, Verdicts
from aiops.ports import Store

DAY_MS = 86_400_000
WARM_UP_STEPS = 5  # good samples after a gap before anything may be done
HISTORY_SHARE = 0.25  # of a recording; at most what the live daemon would ask for

Progress = Callable[[float, str], None]  # (share done, what is being done)


def quietly(share: float, what: str) -> None:
    """Show no progress."""


class Recording(Protocol):
    """What a replay needs of a recording."""

    @property
    def name(self) -> str: ...  # noqa: D102 - attributes
    @property
    def cluster(self) -> str: ...  # noqa: D102
    @property
    def signals(self) -> tuple[Signal, ...]: ...  # noqa: D102
    @property
    def start_ms(self) -> int: ...  # noqa: D102
    @property
    def end_ms(self) -> int: ...  # noqa: D102
    @property
    def step_ms(self) -> int: ...  # noqa: D102
    @property
    def truths(self) -> tuple[TrueIncident, ...]: ...  # noqa: D102
    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    def panel(self, signal: str) -> Panel:
        """The samples of a signal."""
        ...

    def facts(self, at_ms: int) -> Facts:
        """The cluster as it was at ``at_ms``; called with times that never step back."""
        ...

    def changed_at(self, at_ms: int) -> int:
        """The time of the newest change of facts not after ``at_ms``; 0 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """The story, and what it was told from."""

    story: Story
    bands: Mapping[tuple[str, str], Band]
    loop: Loop


def replay(
    recording: Recording,
    rules: Rules,
    store: Store,
    progress: Progress = quietly,
    until_ms: int | None = None,
) -> Replayed:
    """Run ``recording`` through the loop, up to ``until_ms``; InputError where it cannot be read."""
    began = time.perf_counter()
    progress(0.0, "reading")
    end_ms = recording.end_ms if until_ms is None else min(until_ms, recording.end_ms)
    panels = {
        signal.name: recording.panel(signal.name).between(recording.start_ms, end_ms + 1)
        for signal in rules.signals
    }
    sight = recorded(list(panels.values()), WARM_UP_STEPS * recording.step_ms)
    seeing = blinded(panels, sight)
    screens = Screens(rules, recording.step_ms / 1000)
    bands = {key: Band(panels[key[0]]) for key in screens.screens}
    store.begin_term(store.term() + 1)
    loop = Loop(rules, store, store.term(), Recorded(panels), twice=True)
    ahead = Ahead(rules, Recorded(panels), screens)

    def keep(signal: str, detector: str, block: Panel, verdicts: Verdicts) -> None:
        bands[signal, detector].keep(block, verdicts)

    def judged(start_ms: int, until_ms: int) -> tuple[list[Happening], list[int]]:
        blocks = {name: panel.between(start_ms, until_ms) for name, panel in seeing.items()}
        return screens.judge(blocks, keep), sorted(times_of(blocks))

    learned_ms = history_end(recording.start_ms, end_ms, rules.detection.history_days)
    past: list[Happening] = []
    for number, (start, stop) in enumerate(days := stretches(recording.start_ms, learned_ms, end_ms + 1)):
        progress(0.05 + 0.9 * number / len(days), f"day {number + 1} of {len(days)}")
        screens.refit(Recorded(seeing), start - 1, int(rules.detection.history_days * DAY_MS))
        happenings, times = judged(start, stop)
        if start < learned_ms:
            past = still_bad([*past, *happenings])
            continue
        if start == learned_ms:
            loop.book = seen_before(loop.book, recording.facts(start), screens.targets, past)
            happenings = [*past, *happenings]
        _through(loop, recording, ahead, times, happenings, sight)
    progress(0.96, "telling")
    facts = recording.facts(end_ms)
    elapsed_s = time.perf_counter() - began
    story = tell(recording, rules, store, facts, panels, bands, elapsed_s, end_ms)
    story = replace(story, learned_until_ms=learned_ms)
    progress(1.0, "done")
    return Replayed(story, bands, loop)


def history_end(start_ms: int, end_ms: int, history_days: float) -> int:
    """Where watching begins: after ``HISTORY_SHARE`` of the recording, at most ``history_days``."""
    share_ms = HISTORY_SHARE * (end_ms + 1 - start_ms)
    return start_ms + int(min(share_ms, history_days * DAY_MS))


def stretches(start_ms: int, learned_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """``[from, to)`` of at most a day each; one begins where watching does."""
    past = [(at, min(at + DAY_MS, learned_ms)) for at in range(start_ms, learned_ms, DAY_MS)]
    return past + [(at, min(at + DAY_MS, end_ms)) for at in range(learned_ms, end_ms, DAY_MS)]


def times_of(blocks: Mapping[str, Panel]) -> frozenset[int]:
    """Every time at which any signal was sampled."""
    return frozenset(int(at) for panel in blocks.values() for at in panel.times)


def _through(
    loop: Loop,
    recording: Recording,
    ahead: Ahead,
    times: list[int],
    happenings: list[Happening],
    sight: Mapping[int, Quality],
) -> None:
    told, blind, changed_ms = 0, sorted(sight), -1
    for now_ms in times:
        newest = told
        while newest < len(happenings) and happenings[newest].at_ms <= now_ms:
            newest += 1
        quality = sight_at(sight, blind, now_ms)
        predicted = ahead.look(now_ms) if ahead.due(now_ms) else ()
        before, changed_ms = changed_ms, recording.changed_at(now_ms)
        changed = changed_ms != before or quality.usable != loop.quality.usable
        if newest > told or loop.busy or changed or predicted:
            news = [*happenings[told:newest], *predicted]
            loop.advance(now_ms, news, recording.facts(now_ms), quality)
        told = newest


def sight_at(sight: Mapping[int, Quality], blind: Sequence[int], now_ms: int) -> Quality:
    """The quality at ``now_ms``: blind, or seeing and warming up since the last of the ``blind`` times."""
    if now_ms in sight:
        return sight[now_ms]
    before = bisect.bisect_left(blind, now_ms)
    return Quality({}, sight[blind[before - 1]].warm_from_ms if before else 0)


def blinded(panels: Mapping[str, Panel], sight: Mapping[int, Quality]) -> dict[str, Panel]:
    """``panels`` with gaps where a signal is blind: nothing is raised, cleared or learned there (M2)."""
    result = dict(panels)
    at: dict[str, list[int]] = {}
    for now_ms, quality in sight.items():
        for signal in quality.blind:
            at.setdefault(signal, []).append(now_ms)
    for signal, times in at.items():
        panel = panels[signal]
        values = np.where(np.isin(panel.times, times)[None, :], np.nan, panel.values)
        result[signal] = Panel(panel.signal, panel.unit, panel.targets, panel.times, values)
    return result
