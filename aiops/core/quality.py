"""Quality: may this tick's data be acted upon? No data is not zero and not healthy (M1 to M3, M6, M7).

One assessment a tick over all signals. Whatever is in doubt makes us blind for its scope; blind means that
nothing is done, that anomalies of that scope are neither opened nor closed by this tick, and that one
notice is given. After blindness the loop warms up again before anything may act (M6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops.model import Panel

GONE_SHARE = 0.3  # so much of what a signal had a moment ago missing at once: we are blind, it is not down


@dataclass(frozen=True, slots=True)
class Reading:
    """How one signal's query went, beside its values."""

    signal: str
    expected: int  # series seen in the last good tick
    seen: int  # series with a sample now
    error: str = ""  # the query failed; in words
    warnings: tuple[str, ...] = ()
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    """``blind`` maps a signal to why it cannot be used. ``warm_from_ms`` is when acting may begin again."""

    blind: Mapping[str, str]
    warm_from_ms: int = 0
    identity_error: str = ""

    @property
    def usable(self) -> bool:
        """Whether this tick's data may lead to an action at all."""
        return not self.blind and not self.identity_error

    def warm(self, now_ms: int) -> bool:
        """Whether one full window of good data has passed since the last blindness."""
        return now_ms >= self.warm_from_ms

    def why(self) -> str:
        """The blindness in one line; empty when we see."""
        if self.identity_error:
            return self.identity_error
        shown = [f"{signal}: {reason}" for signal, reason in sorted(self.blind.items())[:3]]
        more = f" and {len(self.blind) - 3} more" if len(self.blind) > 3 else ""
        return "; ".join(shown) + more


SEEING = Quality({})


def blindness(reading: Reading) -> str:
    """Why ``reading`` cannot be used; empty if it can."""
    if reading.error:
        return reading.error
    if reading.warnings:
        return f"the server warned: {reading.warnings[0]}"
    if reading.partial:
        return "the answer is partial"
    if reading.expected and reading.seen == 0:
        return f"no data: {reading.expected} series a moment ago, none now"
    if reading.expected > 2 and reading.expected - reading.seen >= GONE_SHARE * reading.expected:
        return f"{reading.expected - reading.seen} of {reading.expected} series gone at once"
    return ""


def assess(
    readings: Sequence[Reading], before: Quality, now_ms: int, window_ms: int, identity_error: str = ""
) -> Quality:
    """Judge a tick. Being blind now, or for another cluster's data, starts the warm-up of ``window_ms``."""
    blind = {reading.signal: reason for reading in readings if (reason := blindness(reading))}
    quality = Quality(blind, before.warm_from_ms, identity_error)
    return quality if quality.usable else replace(quality, warm_from_ms=now_ms + window_ms)


def recorded(panels: Sequence[Panel], window_ms: int) -> Mapping[int, Quality]:
    """The same judgement for every time of a recording where something is wrong, from the gaps alone.

    A series counts as expected while it was seen within ``window_ms`` before, so that a pod that left for
    good is a gap for one window and then forgotten. Cost O(n t).
    """
    blind: dict[int, dict[str, str]] = {}
    for panel in panels:
        _, length = panel.shape
        if length < 2:
            continue
        here = np.isfinite(panel.values)
        step = int(np.median(np.diff(panel.times)))
        reach = max(1, window_ms // max(step, 1))
        seen = here.sum(axis=0)
        totals = np.cumsum(np.pad(here, ((0, 0), (reach, 0))), axis=1, dtype=np.int32)
        lately = np.concatenate(
            [np.zeros((len(here), 1), bool), (totals[:, reach:] - totals[:, :-reach] > 0)[:, : length - 1]],
            axis=1,
        )
        expected = (lately | here).sum(axis=0)
        for column in np.flatnonzero((expected > 0) & (expected - seen >= GONE_SHARE * expected)):
            reading = Reading(panel.signal, int(expected[column]), int(seen[column]))
            reason = blindness(reading)
            if reason:
                blind.setdefault(int(panel.times[column]), {})[panel.signal] = reason
    return {at: Quality(reasons, at + window_ms) for at, reasons in sorted(blind.items())}
