"""CSV: one file of samples to arrays, with every bad line told.

A first column of times (unix seconds, or ISO 8601 with a zone), one column a metric, perhaps a column
``label``. A row whose time repeats or steps back is left out (the first one stands) and counted: clocks
that are set back, and collectors that send twice, leave such rows.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from aiops.adapters.recording.layout import in_ms, lines_of, moment
from aiops.errors import InputError, Problem
from aiops.model import Floats, Times

TIMES = ("timestamp", "time")
LABEL = "label"
MAX_CELLS = 50_000_000  # 400 MB as numbers
_MOST_TOLD = 20
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One file. ``values`` (m, t) of ``names`` (m) at ``times`` (t,) ms UTC, strictly increasing.

    ``labels`` (t,) is 0 where the file has none. ``row_times`` are those of all rows, also of those that
    were left out, so that row numbers can be followed.
    """

    path: Path
    kind: str  # how its column of times is called
    names: tuple[str, ...]
    times: Times
    values: Floats
    labels: NDArray[np.int8]
    row_times: Times
    warnings: tuple[str, ...]


def read(path: Path) -> Table:
    """Parse ``path`` (gzip if it ends so). InputError with file, line, value and expectation."""
    try:
        with _opened(path) as file:
            rows = csv.reader(lines_of(file), strict=True)
            names = _names(path, next(rows, []))
            return _table(path, names, rows)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or "the file ends early"
        raise InputError([Problem(str(path), reason, "a readable CSV file")]) from error
    except (ValueError, csv.Error) as error:  # also what is no UTF-8
        raise InputError([Problem(str(path), str(error)[:120], "CSV as UTF-8 text")]) from error


def _opened(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _names(path: Path, head: list[str]) -> list[str]:
    names = [name.strip() for name in head]
    problems = []
    if not names or names[0] not in TIMES:
        got = repr(names[0])[:60] if names else "an empty file"
        problems.append(Problem(f"{path}:1", got, "a first column timestamp (or time)"))
    if not [name for name in names[1:] if name != LABEL]:
        problems.append(Problem(f"{path}:1", ",".join(names)[:80] or "nothing", "a column of values"))
    for number, name in enumerate(names, 1):
        if not name or name in names[: number - 1]:
            problems.append(
                Problem(f"{path}:1 column {number}", repr(name)[:80], "each name once, not empty")
            )
    if problems:
        raise InputError(problems[:_MOST_TOLD])
    return names


def _table(path: Path, names: list[str], rows: Iterable[list[str]]) -> Table:
    problems: list[Problem] = []
    times: list[int] = []
    numbers: list[NDArray[np.float64]] = []
    cells = 0
    for line, row in enumerate(rows, 2):
        if not row:
            continue
        cells += len(row)
        if len(problems) >= _MOST_TOLD or cells > MAX_CELLS:
            break
        if len(row) != len(names):
            problems.append(Problem(f"{path}:{line}", f"{len(row)} columns", f"{len(names)} as in line 1"))
            continue
        at = _time(row[0], f"{path}:{line} {names[0]}", problems)
        values = _numbers(row, names, f"{path}:{line}", problems)
        times.append(at)
        numbers.append(values)
    if cells > MAX_CELLS:
        problems.append(Problem(str(path), f"more than {MAX_CELLS} cells", "a smaller file; cut it"))
    if not problems and not times:
        problems.append(Problem(f"{path}:2", "no rows", "at least one row of samples"))
    if problems:
        raise InputError(problems)
    return _kept(path, names, np.array(times, np.int64), np.array(numbers).T)


def _time(text: str, where: str, problems: list[Problem]) -> int:
    """Milliseconds UTC; 0 where it is no time, which is noted."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            return in_ms(moment(text.strip()))
        except ValueError as error:
            problems.append(Problem(where, repr(text)[:60], f"unix seconds, or {error}"))
            return 0
    if not 0 <= seconds < 1e11:
        problems.append(Problem(where, repr(text)[:60], "unix seconds"))
        return 0
    return round(seconds * 1000)


def _numbers(row: list[str], names: list[str], where: str, problems: list[Problem]) -> NDArray[np.float64]:
    try:
        return np.array([float(text) if text else math.nan for text in row[1:]])
    except ValueError:
        pass
    values = np.full(len(names) - 1, math.nan)
    for column, text in enumerate(row[1:]):
        if text.strip().lower() in _MISSING:
            continue
        try:
            values[column] = float(text)
        except ValueError:
            problems.append(Problem(f"{where} {names[column + 1]}", repr(text)[:60], "a number or nothing"))
    return values


def _kept(path: Path, names: list[str], row_times: Times, numbers: Floats) -> Table:
    newest = np.maximum.accumulate(row_times)
    keep = np.concatenate([[True], row_times[1:] > newest[:-1]])
    dropped = int((~keep).sum())
    at = names.index(LABEL) - 1 if LABEL in names else -1
    labels = np.nan_to_num(numbers[at][keep]).astype(np.int8) if at >= 0 else np.zeros(keep.sum(), np.int8)
    columns = [column for column in range(len(names) - 1) if column != at]
    return Table(
        path=path,
        kind=names[0],
        names=tuple(names[column + 1] for column in columns),
        times=row_times[keep],
        values=np.ascontiguousarray(numbers[columns][:, keep]),
        labels=labels,
        row_times=newest,
        warnings=tuple(_warnings(path, dropped, labels)),
    )


def _warnings(path: Path, dropped: int, labels: NDArray[np.int8]) -> Iterator[str]:
    if dropped:
        yield f"{path.name}: {dropped} rows left out, their time repeats or steps back (the first one stands)"
    if unscored := int((labels < 0).sum()):
        yield f"{path.name}: {unscored} rows are labelled -1, which the score does not know"


def step_of(times: Times) -> int:
    """The usual distance of two samples in ms; a minute for a single one."""
    return int(np.median(np.diff(times))) if len(times) > 1 else 60_000
