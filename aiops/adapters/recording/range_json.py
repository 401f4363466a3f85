"""Range JSON: saved replies of Prometheus' ``/api/v1/query_range`` (and of ``query``) to series."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aiops.adapters.recording import guess
from aiops.adapters.recording.held import Held
from aiops.adapters.recording.labelled import Line, held, increasing
from aiops.errors import InputError, Problem

MOST_BYTES = 512 << 20
_MOST_TOLD = 20


def read(paths: Sequence[Path]) -> Held:
    """All ``paths`` together; a series without a name is called as its file. InputError with all problems."""
    lines: list[Line] = []
    told: list[str] = []
    problems: list[Problem] = []
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    for path in paths:
        try:
            for line, dropped in _file(path, told):
                key = (line.name, frozenset(line.labels.items()))
                if key in seen:
                    got = f"{line.name} {dict(line.labels)} again"
                    problems.append(Problem(str(path), got[:120], "each series once"))
                seen.add(key)
                lines.append(line)
                if dropped:
                    told.append(f"{path.name}: {dropped} samples left out, out of order ({line.name})")
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems[:_MOST_TOLD])
    return held(", ".join(path.name for path in paths[:3]), lines, told)


def _file(path: Path, told: list[str]) -> list[tuple[Line, int]]:
    data = _result(path, told)
    found, problems = [], list[Problem]()
    for number, one in enumerate(data):
        try:
            found.append(increasing(_line(path, one)))
        except (ValueError, TypeError) as error:
            problems.append(Problem(f"{path} data.result[{number}]", str(error)[:100], EXPECTED))
    if problems:
        raise InputError(problems[:_MOST_TOLD])
    return found


EXPECTED = '{"metric": {...}, "values": [[unix seconds, "number"], ...]}'


def _result(path: Path, told: list[str]) -> list[Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            got = f"{path.stat().st_size} bytes"
            raise InputError([Problem(str(path), got, f"at most {MOST_BYTES}; ask for less at once")])
        data = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError([Problem(str(path), str(error.strerror), "a readable file")]) from error
    except orjson.JSONDecodeError as error:
        raise InputError([Problem(f"{path}:{error.lineno}", str(error)[:120], "one JSON object")]) from error
    reply = data if isinstance(data, dict) else {}
    if reply.get("status") == "error":
        got = f"an error of the server: {reply.get('error')!s:.80}"
        raise InputError([Problem(str(path), got, "a reply with data")])
    told += [f"{path.name}: the server warned: {text}" for text in reply.get("warnings") or ()]
    inner = data if isinstance(data, list) else reply.get("data", reply)  # some clients save the list alone
    result = inner.get("result") if isinstance(inner, dict) else inner
    kind = inner.get("resultType", "matrix") if isinstance(inner, dict) else "matrix"
    if not isinstance(result, list) or kind not in ("matrix", "vector"):
        got = f"resultType {kind!r:.40}" if isinstance(result, list) else type(data).__name__
        raise InputError([Problem(f"{path} data.result", got, f"a matrix: a list of {EXPECTED}")])
    return result


def _line(path: Path, one: Any) -> Line:
    metric = one["metric"] if isinstance(one, dict) and isinstance(one.get("metric"), dict) else None
    if metric is None:
        raise ValueError(f"{one!r:.60}")
    values = one.get("values", [one["value"]] if "value" in one else [])
    if not isinstance(values, list) or not values:
        raise ValueError("no values")
    stamps = np.array([float(at) for at, _ in values])
    if not (np.isfinite(stamps).all() and (stamps >= 0).all() and (stamps < 1e11).all()):
        raise ValueError("times that are no unix seconds")
    numbers = np.array([float(text) for _, text in values])
    labels = {str(key): str(value) for key, value in metric.items() if key != "__name__"}
    name = str(metric.get("__name__") or guess.safe(path.name.removesuffix(".json")))
    return Line(name, labels, np.round(stamps * 1000).astype(np.int64), numbers)
