"""Meta: the JSON file beside a CSV file: where the faults are, who calls whom. Other keys are not ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aiops.errors import InputError, Problem

_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows ``start`` up to ``end`` (not included), counted from 0, are anomalous."""

    start: int
    end: int
    service: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Meta:
    """What we take from such a file."""

    segments: tuple[Segment, ...] = ()
    fault_service: str = ""
    fault_type: str = ""
    inject_s: float | None = None  # unix seconds
    candidates: tuple[str, ...] = ()
    calls: tuple[tuple[str, str], ...] = ()  # (caller, callee)
    alarm: str = ""  # the column that raised the alarm ("target" in the file)


def read(path: Path, rows: int) -> Meta:
    """The meta file of a table of ``rows`` rows; empty where there is none. InputError for a wrong one."""
    if not path.exists():
        return Meta()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError([Problem(str(path), f"{path.stat().st_size} bytes", f"at most {_MOST_BYTES}")])
        data = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError([Problem(str(path), str(error.strerror), "a readable file")]) from error
    except orjson.JSONDecodeError as error:
        raise InputError([Problem(f"{path}:{error.lineno}", str(error), "one JSON object")]) from error
    problems = list(_wrong(str(path), data, rows))
    if problems:
        raise InputError(problems[:20])
    return Meta(
        segments=tuple(
            Segment(one["start"], one["end"], one.get("service", ""), one.get("fault", ""))
            for one in data.get("segments", ())
        ),
        fault_service=data.get("fault_service", ""),
        fault_type=data.get("fault_type", ""),
        inject_s=data.get("inject_time"),
        candidates=tuple(data.get("candidates", ())),
        calls=tuple((caller, callee) for caller, callee in data.get("call_graph") or ()),
        alarm=data.get("target") or "",
    )


def _wrong(path: str, data: Any, rows: int) -> Iterator[Problem]:
    if not isinstance(data, dict):
        yield Problem(path, type(data).__name__, "a JSON object")
        return
    for key in ("fault_service", "fault_type"):
        if not isinstance(data.get(key, ""), str):
            yield Problem(f"{path} {key}", f"{data[key]!r:.60}", "text")
    if not isinstance(data.get("target") or "", str):
        yield Problem(f"{path} target", f"{data['target']!r:.60}", "the name of a column")
    at = data.get("inject_time", 0)
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < 1e11:
        yield Problem(f"{path} inject_time", f"{at!r:.60}", "unix seconds")
    names = data.get("candidates", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        yield Problem(f"{path} candidates", f"{names!r:.60}", "a list of names")
    calls = data.get("call_graph") or []
    if not isinstance(calls, list) or not all(_is_call(call) for call in calls):
        yield Problem(f"{path} call_graph", f"{calls!r:.60}", "a list of [caller, callee]")
    segments = data.get("segments", [])
    if not isinstance(segments, list):
        yield Problem(f"{path} segments", f"{segments!r:.60}", "a list of objects with start and end")
        return
    for number, one in enumerate(segments):
        where = f"{path} segments[{number}]"
        if not isinstance(one, dict) or not _is_stretch(one, rows):
            yield Problem(where, f"{one!r:.80}", f"rows start and end with 0 <= start < end <= {rows}")
        elif not all(isinstance(one.get(key, ""), str) for key in ("service", "fault")):
            yield Problem(where, f"{one!r:.80}", "service and fault as text")


def _is_call(call: Any) -> bool:
    return isinstance(call, list) and len(call) == 2 and all(isinstance(one, str) and one for one in call)


def _is_stretch(one: dict[str, Any], rows: int) -> bool:
    start, end = one.get("start"), one.get("end")
    return type(start) is int and type(end) is int and 0 <= start < end <= rows
