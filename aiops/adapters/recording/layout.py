"""Layout: which file holds what, and how targets, times and settings are spelled in them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from aiops.model import Target

FORMAT = 1
HEAD, FACTS, INCIDENTS, SIGNALS = "recording.yaml", "facts.jsonl", "incidents.yaml", "signals"
PARTIAL = "partial"  # a recording under way: what was fetched so far
TIME = "time"  # the column of times
_DOUBTFUL = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # as keys, in YAML 1.1
MOST_CHARACTERS = 16 << 20  # of one line of imported text: a table of a million columns
SIGNAL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,120}\Z")


def signal_file(directory: Path, signal: str) -> Path:
    """Where the samples of ``signal`` are; ValueError for a name that is no file name."""
    if not SIGNAL_NAME.match(signal):
        raise ValueError(f"signal: expected letters, digits, _ . : and - (at most 121), got {signal!r}")
    return directory / SIGNALS / f"{signal}.parquet"


def column_of(target: Target) -> str:
    """``Kind/namespace/name`` or ``Kind/name``; a slash or % inside a part is written %2F or %25.

    A recording is of one cluster, so its targets name none: ValueError for one that does.
    """
    if target.cluster:
        raise ValueError(f"target {target}: expected no cluster, got {target.cluster!r}")
    parts = (target.kind, target.namespace, target.name) if target.namespace else (target.kind, target.name)
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def target_of(column: str) -> Target:
    """The target that ``column`` names; ValueError for other text."""
    parts = [part.replace("%2F", "/").replace("%25", "%") for part in column.split("/")]
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"expected Kind/namespace/name or Kind/name, got {column!r}")
    return Target(parts[0], parts[1] if len(parts) == 3 else "", parts[-1])


def iso(at_ms: int) -> str:
    """ISO 8601 with zone, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The time that ``text`` names; ValueError (what was expected) where it has no zone or is no time."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("a time such as 2026-03-01T10:07:00Z") from None
    if at.tzinfo is None:
        raise ValueError("a time with its zone, such as 2026-03-01T10:07:00Z")
    return at


def in_ms(at: datetime) -> int:
    """Milliseconds since 1970, UTC."""
    return round(at.timestamp() * 1000)


def span(milliseconds: int) -> str:
    """A duration with its unit: ``1m``, ``90s``, ``500ms``."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a text file; ValueError for one so long that it would fill the memory."""
    while line := file.readline(MOST_CHARACTERS):
        if len(line) == MOST_CHARACTERS:
            raise ValueError(f"a line of {MOST_CHARACTERS} characters or more")
        yield line


def to_yaml(data: object, indent: str = "") -> str:
    """Plain values as YAML that our strict reader takes: all text in quotes, same input, same bytes."""
    match data:
        case dict() if data:
            return "".join(f"{indent}{_key(key)}:{_after(value, indent)}" for key, value in data.items())
        case list() | tuple() if data:
            return "".join(f"{indent}-{_item(value, indent)}" for value in data)
        case _:
            return f"{_scalar(data)}\n"


def _after(value: object, indent: str) -> str:
    if isinstance(value, dict | list | tuple) and value:
        return "\n" + to_yaml(value, indent + "  ")
    return " " + to_yaml(value)


def _item(value: object, indent: str) -> str:
    if isinstance(value, dict | list | tuple) and value:
        return " " + to_yaml(value, indent + "  ")[len(indent) + 2 :]
    return " " + to_yaml(value)


def _key(key: object) -> str:
    text = str(key)
    return text if re.fullmatch(r"[a-z][a-z_]*", text) and text not in _DOUBTFUL else _scalar(text)


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps("".join(_character(one) for one in value), ensure_ascii=False)
        case int() | float():
            return repr(value)
        case dict():
            return "{}"
        case _:
            return "[]"


def _character(one: str) -> str:
    fine = one.isprintable() or one in "\n\t"  # the strict reader takes no other control characters
    return one if fine else "\N{REPLACEMENT CHARACTER}"
