"""Trends: what a long stretch of samples tells that no single sample does.

Where a level moved and stayed, what grows steadily and when it is full, and what each service waits for.

Input:   panels of the same stretch, the signals they are of, the facts at its end.
Output:  Trends; each kind in order of target and signal.
Errors:  none; a series that is too short or too patchy is passed over, and counted in ``skipped``.
Cost:    O(series x samples) to condense each series to at most ``MOST_BLOCKS`` blocks, little after that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.trends_blocks import condense, condensed_ms, usable
from aiops.core.trends_bottleneck import Bottleneck, bottlenecks
from aiops.core.trends_growth import Growth, growths
from aiops.core.trends_shifts import Shift, shifts
from aiops.model import Facts, Panel, Role, Signal

__all__ = ["Bottleneck", "Growth", "Shift", "Trends", "trends"]


@dataclass(frozen=True, slots=True)
class Trends:
    """Everything that was found between ``start_ms`` and ``end_ms``."""

    start_ms: int
    end_ms: int
    series: int
    skipped: int  # series with too few samples to say anything
    shifts: tuple[Shift, ...]
    growths: tuple[Growth, ...]
    bottlenecks: tuple[Bottleneck, ...]


def trends(panels: Sequence[Panel], signals: Mapping[str, Signal], facts: Facts) -> Trends:
    """Look at all series of ``panels``; conditions are states and have no level."""
    some = [one for one in panels if one.shape[1] and signals[one.signal].role is not Role.CONDITION]
    stretches = [one.times[np.isfinite(one.values).any(axis=0)] for one in some]
    start_ms = min((int(times[0]) for times in stretches if len(times)), default=facts.at_ms)
    end_ms = max((int(times[-1]) for times in stretches if len(times)), default=start_ms)
    block_ms = condensed_ms(some, end_ms - start_ms)
    blocks = [condense(one, start_ms, end_ms, block_ms) for one in some]
    enough = [usable(one) for one in blocks]
    kept = [block.rows(index) for block, index in zip(blocks, enough, strict=True)]
    series = sum(one.shape[0] for one in blocks)
    return Trends(
        start_ms,
        end_ms,
        series,
        series - sum(len(index) for index in enough),
        tuple(sorted((found for one in kept for found in shifts(one)), key=_place)),
        tuple(
            sorted((found for one in kept for found in growths(one, signals[one.signal].limit)), key=_place)
        ),
        bottlenecks({one.signal: one for one in kept}, signals, facts),
    )


def _place(found: Shift | Growth) -> tuple[object, ...]:
    return (found.target, found.signal, getattr(found, "at_ms", 0))
