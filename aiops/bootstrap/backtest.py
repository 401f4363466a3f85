"""Backtest: a tree of CSV series through one detector or the default stack, causally.

The first rows of a file are history and fitted on, their score is empty; every later row is judged by what
came before it and then learned from, as the daemon would. Rows are judged in the order of the file: a row
whose time repeats or steps back is taken to come one millisecond after the row before it, since a
collector meets rows in that order too; its own time is what is written. The interval is the median step
of the first rows.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import numpy as np

from aiops.bootstrap import plugins
from aiops.core.linger import lingering
from aiops.core.stack import compose
from aiops.core.together import together
from aiops.errors import InputError, Problem
from aiops.model import Floats, Panel, Target, Times, Verdicts
from aiops.plugin import Detector, MultiDetector

HISTORY_SHARE = 0.15  # of a file's rows
_INTERVAL_ROWS = 100  # the interval is taken from so many rows, so that later rows cannot change it
_BLOCK = 1440  # columns judged at once


class Kind(StrEnum):
    """What a file holds: one series in a column ``value``, or a metric in every column."""

    SERIES = "series"
    MULTI = "multi"


@dataclass(frozen=True, slots=True)
class Backtest:
    """What to run. ``history_rows`` None: the first 15 % of each file."""

    detector: str = "default"
    kind: Kind = Kind.SERIES
    timezone: str = "UTC"
    history_rows: int | None = None

    def __post_init__(self) -> None:
        if self.detector != "default" and self.detector not in plugins.found("aiops.detectors"):
            names = ", ".join(("default", *plugins.found("aiops.detectors")))
            raise InputError(f"--detector: expected one of {names}, got {self.detector!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One file: ``stamps`` as written, ``times`` (t,) strictly increasing ms, ``values`` (m, t)."""

    stamps: tuple[str, ...]
    times: Times
    names: tuple[str, ...]
    values: Floats


def find(root: Path) -> list[Path]:
    """The CSV files of a tree in order of name, or the one file. InputError where there is none."""
    if root.is_file():
        return [root]
    files = sorted(path for path in root.rglob("*") if path.name.endswith((".csv", ".csv.gz")))
    if not files:
        raise InputError(f"{root}: expected a folder with .csv or .csv.gz files, got none")
    return files


def run(root: Path, output: Path, task: Backtest) -> Iterator[Path]:
    """Score every file below ``root`` into the same tree below ``output``; yields each as it is written."""
    for path in find(root):
        table = read(path, task.kind)
        name = path.relative_to(root) if root.is_dir() else Path(path.name)
        write(output / name, table, scores(table, task))
        yield output / name


def read(path: Path, kind: Kind) -> Table:
    """Parse one file. InputError with file and line for what is not a table of numbers."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"{path}: expected readable UTF-8 text, got {error}") from error
    rows = list(csv.reader(io.StringIO(text)))
    head = rows[0] if rows else []
    names = tuple(name for name in head if name not in ("timestamp", "label"))
    if "timestamp" not in head or not names or (kind is Kind.SERIES and names != ("value",)):
        wanted = "timestamp,value[,label]" if kind is Kind.SERIES else "timestamp,METRIC,...[,label]"
        raise InputError(f"{path}:1: expected the columns {wanted}, got {','.join(head)[:200] or 'nothing'}")
    body = rows[1:]
    for line, row in enumerate(body, 2):
        if len(row) != len(head):
            raise InputError(f"{path}:{line}: expected {len(head)} columns, got {len(row)}")
    at = head.index("timestamp")
    columns = [head.index(name) for name in names]
    seconds = np.array([_number(path, line, row[at], False) for line, row in enumerate(body, 2)])
    values = np.array(
        [[_number(path, line, row[i], True) for line, row in enumerate(body, 2)] for i in columns],
        dtype=np.float64,
    ).reshape(len(names), len(body))
    return Table(tuple(row[at] for row in body), _increasing(seconds), names, values)


def _number(path: Path, line: int, text: str, may_be_missing: bool) -> float:
    if may_be_missing and not text.strip():
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.nan if may_be_missing and text.lower() in {"na", "null", "none"} else math.inf
        if math.isinf(number):
            raise InputError([Problem(f"{path}:{line}", repr(text[:80]), "a number")]) from None
    if not may_be_missing and not 0 <= number < 1e11:
        raise InputError([Problem(f"{path}:{line}", repr(text[:80]), "unix seconds")])
    return number


def _increasing(seconds: Floats) -> Times:
    times: Times = np.round(seconds * 1000).astype(np.int64)
    steps = np.arange(len(times), dtype=np.int64)
    return np.maximum.accumulate(times - steps) + steps if len(times) else times


def _interval_s(times: Times) -> float:
    steps = np.diff(times[:_INTERVAL_ROWS])
    steps = steps[steps > 1]
    return float(np.median(steps)) / 1000 if len(steps) else 60.0


def scores(table: Table, task: Backtest) -> Floats:
    """The score (t,) of each row of ``table``; NaN in the history and where nothing can be told."""
    interval_s = _interval_s(table.times)
    history = task.history_rows
    if history is None:
        history = math.ceil(HISTORY_SHARE * len(table.times))

    def make(name: str) -> Any:
        return plugins.detector(name, interval_s=interval_s, timezone=task.timezone)

    detector = compose(make) if task.detector == "default" else make(task.detector)
    if getattr(detector, "multi", False):
        return lingering(_judge_together(cast(MultiDetector, detector), table, history))
    each = _judge_each(cast(Detector, detector), table, history)
    if task.kind is Kind.SERIES:
        return lingering(each[0])
    seen = np.isfinite(table.values).any(axis=0).cumsum()
    return lingering(together(each, seen.astype(float)))


def _blocks(length: int, history: int) -> Iterator[tuple[int, int]]:
    for start in range(history, length, _BLOCK):
        yield start, min(start + _BLOCK, length)


def _judge_each(detector: Detector, table: Table, history: int) -> Floats:
    targets = tuple(Target("Series", "", name) for name in table.names)
    panel = Panel("value", "", targets, table.times, table.values)
    fitted = detector.fit(panel.columns(0, history))
    answer = np.full(panel.shape, np.nan)
    for start, stop in _blocks(panel.shape[1], history):
        verdicts, fitted = fitted.judge(
            panel.columns(start, stop), np.zeros((len(targets), stop - start), bool)
        )
        answer[:, start:stop] = _written(verdicts)
    return answer


def _judge_together(detector: MultiDetector, table: Table, history: int) -> Floats:
    target = (Target("Series", "", "all"),)
    panels = [
        Panel(name, "", target, table.times, row[None, :])
        for name, row in zip(table.names, table.values, strict=True)
    ]
    fitted = detector.fit([panel.columns(0, history) for panel in panels])
    answer = np.full(len(table.times), np.nan)
    for start, stop in _blocks(len(table.times), history):
        blocks = [panel.columns(start, stop) for panel in panels]
        verdicts, fitted = fitted.judge(blocks, np.zeros((1, stop - start), bool))
        answer[start:stop] = _written(verdicts)[0]
    return answer


def _written(verdicts: Verdicts) -> Floats:
    return np.where(verdicts.status == 2, np.nan, verdicts.score)


def _text(score: float) -> str:
    """Six digits, empty where inconclusive. What is below 1 is not rounded to 1: that is an anomaly."""
    if math.isnan(score):
        return ""
    text = f"{score:.6g}"
    return "0.999999" if score < 1 <= float(text) else text


def write(path: Path, table: Table, answer: Floats) -> None:
    """``timestamp,score``, a row for each of the input, empty where inconclusive; gzip as the input was."""
    lines = ["timestamp,score"]
    for stamp, score in zip(table.stamps, answer.tolist(), strict=True):
        lines.append(f"{stamp},{_text(score)}")
    raw = ("\n".join(lines) + "\n").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(raw, 1, mtime=0) if path.suffix == ".gz" else raw)
    except OSError as error:
        raise InputError(f"{path}: expected a place to write to, got {error}") from error
