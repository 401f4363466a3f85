"""Overview: the whole period in one picture, incidents above, true incidents below."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.core.words import clock, span
from aiops.web.report.scale import Scale, time_ticks
from aiops.web.report.svg import element, picture, text, title

WIDTH, LEFT, RIGHT, TOP = 1080, 108, 12, 8
LANE, GAP, AXIS = 16, 10, 26
MOST_LANES = 10
THINNEST = 6.0
LETTER = 6.3  # the width of a letter of a label


@dataclass(frozen=True, slots=True)
class Bar:
    """One incident: where it links to, what a pointer is told, and how it looks."""

    start_ms: int
    end_ms: int
    kind: str  # a severity, "found", "missed"
    words: str
    link: str = ""
    number: str = ""


def draw(start_ms: int, end_ms: int, rows: Sequence[tuple[str, Sequence[Bar]]], learned_ms: int = 0) -> str:
    """The bars of each named row in lanes, so that none hides another. Up to ``learned_ms`` nothing was
    watched: that part is shaded."""
    across = Scale(start_ms, max(end_ms, start_ms + 1), LEFT, WIDTH - RIGHT)
    parts: list[str] = []
    y = float(TOP)
    for name, bars in rows:
        lanes, drawn = _lanes(bars, across, y)
        height = lanes * LANE
        parts.append(
            element("rect", x=LEFT, y=y - 2, width=WIDTH - LEFT - RIGHT, height=height + 2, class_="lane")
        )
        parts.append(text(name, LEFT - 10, y + 12, class_="name", text_anchor="end"))
        parts += drawn
        y += height + GAP
    ticks = _ticks(across, start_ms, end_ms, y)
    if learned_ms > start_ms:
        width = across(learned_ms) - LEFT
        words = title(f"only learned from, until {clock(learned_ms)} UTC")
        ticks.append(element("rect", words, x=LEFT, y=TOP - 4, width=width, height=y - TOP, class_="learned"))
        if width > 90:
            parts.append(text("learned from", LEFT + 8, TOP + 10, class_="tick"))
    count = ", ".join(f"{len(bars)} {name.lower()}" for name, bars in rows)
    label = f"{clock(start_ms)} to {clock(end_ms)} UTC: {count}"
    return picture([*ticks, *parts], WIDTH, int(y) + AXIS - GAP, label, "overview", "group")


def _ticks(across: Scale, start_ms: int, end_ms: int, floor: float) -> list[str]:
    """Upright lines at round times; a label that has no room is left out."""
    parts, free = [], float(LEFT - 30)
    for at_ms, words in time_ticks(start_ms, end_ms, 14):
        x, half = across(at_ms), LETTER * len(words) / 2
        parts.append(element("line", x1=x, x2=x, y1=TOP - 4, y2=floor - 4, class_="grid"))
        middle = min(max(x, free + half), WIDTH - half)
        if abs(middle - x) < half:
            parts.append(text(words, middle, floor + 10, class_="tick", text_anchor="middle"))
            free = middle + half + 6
    return parts


def _lanes(bars: Sequence[Bar], across: Scale, top: float) -> tuple[int, list[str]]:
    ends: list[float] = []
    drawn = []
    for bar in sorted(bars, key=lambda one: (one.start_ms, one.end_ms)):
        left = across(bar.start_ms)
        width = max(across(bar.end_ms) - left, THINNEST)
        lane = next((n for n, end in enumerate(ends) if end <= left), None)
        if lane is None:
            lane = min(len(ends), MOST_LANES - 1)
            ends += [0.0] * (lane + 1 - len(ends))
        ends[lane] = max(ends[lane], left + width + 2)
        drawn.append(_bar(bar, left, top + LANE * lane, width))
    return max(len(ends), 1), drawn


def _bar(bar: Bar, left: float, top: float, width: float) -> str:
    lasted = span(bar.end_ms - bar.start_ms)
    inside = title(f"{bar.words}, {clock(bar.start_ms)} UTC, {lasted}")
    inside += element("rect", x=left, y=top, width=width, height=LANE - 4, rx=2, class_=f"bar b-{bar.kind}")
    if bar.number and width >= 9 * len(bar.number) + 4:
        inside += text(bar.number, left + width / 2, top + 9.5, class_="inbar", text_anchor="middle")
    if not bar.link:
        return element("g", inside)
    return element("a", inside, href=f"#{bar.link}")
