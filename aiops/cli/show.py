"""How values look on a terminal: times, decisions, tables. Colours only on a terminal, nothing for a pipe."""

import json
import math
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiops.model import Severity

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def console(*, err: bool = False) -> "Console":
    """A console on standard output or error."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    return Console(stderr=err, highlight=False, soft_wrap=not stream.isatty(), emoji=False)


def plain(text: str) -> str:
    """Text from labels without control characters, so that it cannot steer a terminal (S9)."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def clock(at_ms: int | None) -> str:
    """A time in UTC, to the second; "-" for none."""
    if at_ms is None:
        return "-"
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def span(duration_ms: float) -> str:
    """A duration: "40 s", "7 min", "2.5 h", "3.0 d"."""
    seconds = abs(duration_ms) / 1000
    for limit, unit, size in ((90, "s", 1), (5400, "min", 60), (129_600, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if unit != "h" else f"{seconds / size:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def number(value: float | None) -> str:
    """Four digits that matter; "-" for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"


def print_json(data: object) -> None:
    """JSON alone on standard output; NaN and infinities, which JSON lacks, are null."""
    sys.stdout.write(json.dumps(finite(data), indent=2, ensure_ascii=False) + "\n")


def finite(data: object) -> object:
    """``data`` with null for every NaN and infinity."""
    match data:
        case float() if data - data != 0:
            return None
        case dict():
            return {str(key): finite(value) for key, value in data.items()}
        case list() | tuple():
            return [finite(value) for value in data]
        case _:
            return data
