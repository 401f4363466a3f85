"""Plot: one signal of one target around an incident: what was observed, what was expected, what happened.

Missing samples are gaps in the line, never zero. A side of the band that is not judged is filled to the edge
of the plot: everything there was expected. Size: at most about 30 kB, whatever the length of the window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.core.words import clock, quantity
from aiops.model import Floats, Plot
from aiops.web.report.decimate import at_gaps, kept, runs
from aiops.web.report.scale import Scale, binary_ticks, round_ticks, time_ticks
from aiops.web.report.svg import element, picture, text, title

WIDTH, HEIGHT = 560, 232
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 46, 24
COLUMNS = WIDTH - LEFT - RIGHT
LABEL_PX = 6.3  # the width of a letter of a marker's label
ROWS = 3  # of labels above the plot
MOST_MARKS = 40
MOST_DOTS = 250


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a time: an upright line with a word above it."""

    at_ms: int
    kind: str  # "opened", "decided", "closed", "change", "alert"
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something that lasted: the incident, or the true one."""

    start_ms: int
    end_ms: int
    kind: str  # "incident" or "truth"
    label: str


def draw(plot: Plot, marks: Sequence[Mark], stretches: Sequence[Stretch]) -> str:
    """The plot as SVG."""
    start_ms, end_ms = int(plot.times[0]), int(plot.times[-1])
    across = Scale(start_ms, max(end_ms, start_ms + 1), LEFT, WIDTH - RIGHT)
    low, high = reach(plot)
    up = Scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [
        *_stretches(stretches, across),
        *_grid(plot, across, up),
        *_band(plot, across, up),
        *_marks([mark for mark in marks if start_ms <= mark.at_ms <= end_ms][:MOST_MARKS], across),
        *_line(plot, across, up),
    ]
    return picture(parts, WIDTH, HEIGHT, describe(plot), "plot")


def describe(plot: Plot) -> str:
    """The plot in words, for those who do not see it."""
    seen = plot.values[np.isfinite(plot.values)]
    times = f"{clock(int(plot.times[0]))} to {clock(int(plot.times[-1]))} UTC"
    values = (
        f"from {quantity(float(seen.min()), plot.unit)} to {quantity(float(seen.max()), plot.unit)}"
        if len(seen)
        else "no sample"
    )
    missing = len(plot.values) - len(seen)
    return (
        f"{plot.signal} of {plot.target}, {times}: {values}, {int(plot.anomalous.sum())} of"
        f" {len(plot.values)} samples outside the expected band" + (f", {missing} missing" if missing else "")
    )


def reach(plot: Plot) -> tuple[float, float]:
    """The lowest and highest value to show: all samples, and of the band what does not dwarf them."""
    seen = plot.values[np.isfinite(plot.values)]
    if not len(seen):
        seen = np.zeros(1)
    low, high = float(seen.min()), float(seen.max())
    positive = low >= 0
    room = max(high - low, 0.05 * max(abs(low), abs(high)))
    for edge in (plot.low, plot.high):
        finite = edge[np.isfinite(edge)]
        if len(finite):
            low = min(low, max(float(finite.min()), low - room))
            high = max(high, min(float(finite.max()), high + room))
    if positive and low < 0.4 * high:  # what was never negative has its zero, and nothing below
        low = 0.0
    if not (math.isfinite(high - low) and high > low):
        return low - 1, low + 1
    return low if low == 0 else low - 0.05 * (high - low), high + 0.06 * (high - low)


def _stretches(stretches: Sequence[Stretch], across: Scale) -> list[str]:
    parts = []
    for one in stretches:
        if one.end_ms < across.low or one.start_ms > across.high:
            continue
        left, right = across(one.start_ms), across(one.end_ms)
        width = max(right - left, 1.0)
        top, height = (HEIGHT - BOTTOM - 5, 5) if one.kind == "truth" else (TOP, HEIGHT - TOP - BOTTOM)
        parts.append(
            element(
                "rect", title(one.label), x=left, y=top, width=width, height=height, class_=f"s-{one.kind}"
            )
        )
    return parts


def _grid(plot: Plot, across: Scale, up: Scale) -> list[str]:
    ticks = binary_ticks if plot.unit in {"bytes", "B"} else round_ticks
    parts = []
    for value in ticks(up.low, up.high, 4):
        y = up(value)
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(text(quantity(value, plot.unit), LEFT - 6, y + 4, class_="tick", text_anchor="end"))
    parts += _times(across)
    floor = HEIGHT - BOTTOM
    parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=floor, y2=floor, class_="axis"))
    return parts


def _times(across: Scale) -> list[str]:
    """The ticks of the time axis; a label that has no room is left out."""
    parts, free = [], float(LEFT - 30)
    for at_ms, words in time_ticks(int(across.low), int(across.high), 6):
        x, half = across(at_ms), LABEL_PX * len(words) / 2
        floor = HEIGHT - BOTTOM
        parts.append(element("line", x1=x, x2=x, y1=floor, y2=floor + 4, class_="axis"))
        middle = min(max(x, free + half), WIDTH - half)
        if abs(middle - x) < half:
            parts.append(text(words, middle, floor + 17, class_="tick", text_anchor="middle"))
            free = middle + half + 6
    return parts


def _band(plot: Plot, across: Scale, up: Scale) -> list[str]:
    """The expected band: one closed path a stretch where it is known, and its judged edges as lines."""
    known = ~(np.isnan(plot.low) | np.isnan(plot.high))
    parts = []
    for start, stop in runs(known):
        span = slice(start, stop)
        highest = _thin(plot, plot.high[span], span, across, up)
        lowest = _thin(plot, plot.low[span], span, across, up)
        area = f"M{' '.join(highest)} {' '.join(reversed(lowest))}Z"
        parts.append(element("path", title("expected"), d=area, class_="band"))
        for edge, points in ((plot.high[span], highest), (plot.low[span], lowest)):
            if np.isfinite(edge).any() and len(points) > 1:
                parts.append(element("path", d=f"M{' '.join(points)}", class_="edge"))
    return parts


def _thin(plot: Plot, edge: Floats, span: slice, across: Scale, up: Scale) -> list[str]:
    """Points of a band's edge; those in the middle of a straight stretch are left out."""
    index = kept(edge, COLUMNS // 4)
    times = plot.times[span][index]
    points = [
        (round(across(int(at)), 1), round(up(float(edge[i])), 1)) for at, i in zip(times, index, strict=True)
    ]
    last = len(points) - 1
    return [
        f"{x:g},{y:g}"
        for number, (x, y) in enumerate(points)
        if number in {0, last} or not points[number - 1][1] == y == points[number + 1][1]
    ]


def _line(plot: Plot, across: Scale, up: Scale) -> list[str]:
    """The samples: a line with its gaps, and a dot for each one outside the band."""
    times, values = at_gaps(plot.times, np.where(np.isfinite(plot.values), plot.values, np.nan))
    bad = np.isin(times, plot.times[plot.anomalous])
    index = kept(values, COLUMNS, bad)
    times, values, bad = times[index], values[index], bad[index] & np.isfinite(values[index])
    parts = []
    for start, stop in runs(np.isfinite(values)):
        points = [
            f"{across(int(at)):.1f},{up(float(value)):.1f}"
            for at, value in zip(times[start:stop], values[start:stop], strict=True)
        ]
        if len(points) == 1:
            points *= 2  # a lone sample between two gaps: a dot, by the round ends of the line
        parts.append(element("path", d=f"M{' '.join(points)}", class_="line"))
    where = np.flatnonzero(bad)
    where = where[:: max(1, -(-len(where) // MOST_DOTS))]
    dots = "".join(f"M{across(int(times[i])):.1f},{up(float(values[i])):.1f}h0" for i in where)
    if dots:
        parts.append(element("path", title("outside the expected band"), d=dots, class_="bad"))
    return parts


def _marks(marks: Sequence[Mark], across: Scale) -> list[str]:
    """Upright lines, and their words in the first row where there is room; else only the pointer tells."""
    ends = [0.0] * ROWS
    parts = []
    for mark in sorted(marks, key=lambda one: one.at_ms):
        x = across(mark.at_ms)
        half = LABEL_PX * len(mark.label) / 2 + 3
        middle = min(max(x, LEFT - 40 + half), WIDTH - 2 - half)
        row = next((n for n, end in enumerate(ends) if middle - half >= end), None)
        top = TOP if row is None else 6 + 13 * row + 4
        inside = title(f"{mark.label}, {clock(mark.at_ms)} {mark.detail}".strip())
        inside += element("line", x1=x, x2=x, y1=top, y2=HEIGHT - BOTTOM)
        if row is not None:
            ends[row] = middle + half
            inside += text(mark.label, middle, top + 4, text_anchor="middle")
        parts.append(element("g", inside, class_=f"mark m-{mark.kind}"))
    return parts
