"""Words: how times, durations, figures and text from labels are written for people, on screens and pages."""

import math
import re
from datetime import UTC, datetime

# Control characters, line separators, and marks that are invisible or turn the direction of text; lone
# surrogates, which nothing can write.
UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
SPANS = ((90, "s", 1), (5400, "min", 60), (129_600, "h", 3600))
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
SMALL_S = ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "µs"))


def plain(text: str) -> str:
    """Text from labels without control characters, so that it steers neither terminal nor page (S9)."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def clock(at_ms: int | None) -> str:
    """A time in UTC, to the second; "-" for none."""
    return _clock(at_ms, "%Y-%m-%d %H:%M:%S")


def minute(at_ms: int | None) -> str:
    """A time in UTC, to the minute; "-" for none."""
    return _clock(at_ms, "%Y-%m-%d %H:%M")


def day(at_ms: int | None) -> str:
    """A time in UTC where the year is clear: "1 Mar 09:05"; "-" for none."""
    return _clock(at_ms, "%d %b %H:%M").removeprefix("0")


def _clock(at_ms: int | None, form: str) -> str:
    return "-" if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC).strftime(form)


def span(duration_ms: float | None) -> str:
    """A duration without its sign: "40 s", "7 min", "2.5 h", "3.0 d"; "-" for none."""
    if duration_ms is None:
        return "-"
    seconds = abs(duration_ms) / 1000
    for limit, unit, size in SPANS:
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if unit != "h" else f"{seconds / size:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def delay(duration_ms: float | None) -> str:
    """A duration beside a point in time: "7 min", "2.5 h before"; "-" for none."""
    return span(duration_ms) + (" before" if duration_ms is not None and duration_ms < 0 else "")


def number(value: float | None) -> str:
    """Four digits that matter; "-" for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"


def compact(value: float) -> str:
    """Four digits that matter, large figures with k, M, G or T: "34.1k"."""
    size = next(((limit, sign) for limit, sign in LARGE if abs(value) >= 10 * limit), None)
    if size is None or abs(value) >= 1e16:
        return f"{value:.4g}"
    return (
        f"{value / size[0]:.3g}{size[1]}"
        if abs(value) < 1000 * size[0]
        else f"{value / size[0]:.0f}{size[1]}"
    )


def count(how_many: int, what: str) -> str:
    """A count with its word: "1 signal", "2,400 signals"."""
    return f"{how_many:,} {what}{'' if how_many == 1 else 's'}"


def percent(value: float | None) -> str:
    """A share as "83 %"; "-" for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.0%}".replace("%", " %")


def quantity(value: float, unit: str) -> str:
    """A figure with its unit, in the size that people use: "312 MiB", "48 ms", "2.5 %"."""
    if not math.isfinite(value):
        return "-" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    match unit:
        case "bytes" | "B":
            size = min(int(math.log(max(abs(value), 1), 1024)), len(BINARY) - 1)
            return f"{value / 1024**size:.3g} {BINARY[size]}"
        case "s" | "seconds":
            if abs(value) >= 90:
                return span(value * 1000) if value > 0 else f"-{span(value * 1000)}"
            _, factor, name = next(one for one in SMALL_S if abs(value) >= one[0] or not value)
            return f"{value * factor:.3g} {name}"
        case "ratio" | "share":
            return f"{100 * value:.3g} %"
        case "bool" if value in {0, 1}:
            return "yes" if value else "no"
        case "" | "1" | "bool":
            return compact(value)
        case _:
            return f"{compact(value)} {unit}"
