"""Replies: the JSON of the query API straight into arrays, whatever comes (M3, M4, G6).

Input:   the bytes of a reply, and the grid that was asked for.
Output:  Series (n, t); what cannot be used is left out and counted in ``rejected``.
Errors:  Rejected for what is no reply, Unavailable where the server itself says so; nothing else.
Cost:    10,000 series of one sample: see docs/decisions/0003-prometheus.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aiops.adapters.prometheus import spans
from aiops.adapters.prometheus.envelope import Document, one_line
from aiops.errors import Rejected
from aiops.model import Floats, Times
from aiops.ports import Series

MAX_LABELS = 128  # of one series; Prometheus' own limits are far lower where anybody sets them
MAX_LABEL = 4096  # characters of a name or a value
STALE_MS = 300_000  # an instant sample older than Prometheus' look-back is none
MOST_CELLS = 32_000_000  # series x times of one reply: 256 MB


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Series of a reply, before wall time and cost are known."""

    labels: tuple[Mapping[str, str], ...]
    times: Times
    values: Floats
    rejected: int = 0


def vector(data: object, at_ms: int) -> Answer:
    """The reply to an instant query: one column at ``at_ms``."""
    kind, result = _typed(data)
    times = np.array([at_ms], dtype=np.int64)
    if kind == "scalar":
        value = _instant(result, at_ms)
        ok = value is not None
        return Answer(
            ({},) if ok else (), times, np.array([[value]] if ok else [], float).reshape(-1, 1), not ok
        )
    if kind != "vector":
        raise Rejected(f"query: expected one number a series, got a {kind}: use an instant expression")
    rows = _rows(result)
    try:  # what a healthy server sends, without a look at each part
        labels = tuple([row["metric"] for row in rows])
        pairs = [row["value"] for row in rows]
        values = _numbers([pair[1] for pair in pairs])
        stamps = {pair[0] for pair in pairs}
        healthy = all(isinstance(stamp, int | float) and round(stamp * 1000) == at_ms for stamp in stamps)
        healthy = healthy and all(len(pair) == 2 for pair in pairs)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        healthy = False
    if healthy:
        return Answer(labels, times, values.reshape(-1, 1))
    kept, numbers = [], []
    for row in rows:
        value = _instant(row.get("value"), at_ms) if isinstance(row, dict) else None
        if value is not None:
            kept.append(row.get("metric"))
            numbers.append(value)
    return Answer(tuple(kept), times, np.array(numbers, float).reshape(-1, 1), len(rows) - len(kept))


def _instant(pair: object, at_ms: int) -> float | None:
    """The number of [seconds, "number"], None for what is none or is not of now."""
    sample = _sample(pair)
    if sample is None or not at_ms - STALE_MS <= sample[0] <= at_ms:
        return None
    return sample[1]


def _sample(pair: object) -> tuple[int, float] | None:
    match pair:
        case [int() | float() as stamp, str() as text] if not isinstance(stamp, bool):
            try:
                return round(stamp * 1000), float(_numbers([text])[0])
            except (ValueError, OverflowError):
                return None
    return None


def _numbers(texts: list[str]) -> Floats:
    """Numbers as Prometheus writes them. Python reads more (1_000, digits of other scripts): ValueError."""
    together = "".join(texts)  # a TypeError where one is no text
    if not together.isascii() or "_" in together or " " in together or not together.isprintable():
        raise ValueError("not numbers")
    return np.array([float(text) for text in texts], dtype=np.float64)


def matrix(data: object, start_ms: int, step_ms: int, columns: int) -> Answer:
    """The reply to a range query, on the grid of ``columns`` times from ``start_ms``."""
    kind, result = _typed(data)
    times = start_ms + step_ms * np.arange(columns, dtype=np.int64)
    if kind != "matrix":
        raise Rejected(f"query: expected numbers over time, got a {kind}")
    rows = _rows(result)
    if len(rows) * columns > MOST_CELLS:
        raise Rejected(f"answer: {len(rows)} series of {columns} times are far more than was asked for")
    labels: list[Any] = []
    rejected = 0
    values = np.full((len(rows), columns), np.nan)
    for row in rows:
        pairs = row.get("values") if isinstance(row, dict) else None
        histograms = row.get("histograms") if isinstance(row, dict) else None
        rejected += len(histograms) if isinstance(histograms, list) else 0
        if isinstance(pairs, spans.Samples):
            taken = on_grid(pairs.stamps, pairs.numbers, values[len(labels)], start_ms, step_ms)
            rejected += len(pairs.stamps) - taken
            labels.append(row.get("metric"))
            continue
        if not isinstance(pairs, list):
            rejected += histograms is None
            continue
        rejected += _place(pairs, values[len(labels)], start_ms, step_ms)
        labels.append(row.get("metric"))
    return Answer(tuple(labels), times, values[: len(labels)], rejected)


def _place(pairs: Sequence[Any], row: Floats, start_ms: int, step_ms: int) -> int:
    """Put the samples of one series into their columns of ``row``; how many were thrown away."""
    try:
        stamps = np.array([pair[0] for pair in pairs], dtype=np.float64)
        numbers = _numbers([pair[1] for pair in pairs])
        healthy = all(len(pair) == 2 for pair in pairs)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        healthy = False
    if not healthy:
        good = [sample for pair in pairs if (sample := _sample(pair)) is not None]
        stamps = np.array([at / 1000 for at, _ in good], dtype=np.float64)
        numbers = np.array([number for _, number in good], dtype=np.float64)
    return len(pairs) - on_grid(stamps, numbers, row, start_ms, step_ms)


def on_grid(stamps: Floats, numbers: Floats, row: Floats, start_ms: int, step_ms: int) -> int:
    """Put ``numbers`` at ``stamps`` (seconds) into ``row``; how many were taken.

    Not taken: off the grid, before its start or after its end (the future), at a time that a sample had
    already, or earlier than the sample before it.
    """
    if not len(stamps):
        return 0
    with np.errstate(invalid="ignore", over="ignore"):
        at = np.rint(stamps * 1000) - start_ms
        column = np.rint(at / step_ms)
        fits = (np.abs(at - column * step_ms) < 1) & (column >= 0) & (column < len(row))
    if not fits.all():
        column, numbers = column[fits], numbers[fits]
    if not len(column):
        return 0
    newest = np.maximum.accumulate(column)
    fresh = np.ones(len(column), bool)
    fresh[1:] = column[1:] > newest[:-1]
    index = column[fresh].astype(np.intp)
    row[index] = numbers[fresh]
    return len(index)


def _typed(data: object) -> tuple[str, Any]:
    if not isinstance(data, dict) or not isinstance(data.get("resultType"), str):
        raise Rejected("answer: expected a resultType, got none")
    return one_line(data["resultType"]), data.get("result")


def _rows(result: object) -> list[Any]:
    if not isinstance(result, list):
        raise Rejected(f"answer: expected a list of series, got {type(result).__name__}")
    return result


def checked(answer: Answer) -> Answer:
    """``answer`` without series whose labels nobody can use: not text, too many, too large, there already.

    Two series of the same labels are no series at all: nobody could say which is meant, so both go.
    """
    seen: dict[frozenset[tuple[str, str]], int] = {}
    keep = np.ones(len(answer.labels), bool)
    for index, labels in enumerate(answer.labels):
        if not _usable(labels):
            keep[index] = False
            continue
        first = seen.setdefault(frozenset(labels.items()), index)
        if first != index:
            keep[[first, index]] = False
    if keep.all():
        return answer
    lost = int(np.isfinite(answer.values[~keep]).sum()) if answer.values.shape[1] > 1 else int((~keep).sum())
    kept = tuple(labels for labels, fits in zip(answer.labels, keep, strict=True) if fits)
    return Answer(kept, answer.times, answer.values[keep], answer.rejected + lost)


def _usable(labels: object) -> bool:
    if type(labels) is not dict or len(labels) > MAX_LABELS:
        return False
    return all(
        type(value) is str and len(value) <= MAX_LABEL and len(name) <= MAX_LABEL
        for name, value in labels.items()
    )


def series(answer: Answer, about: Document, cost_s: float) -> Series:
    """The port's value. Samples are the server's count, else what it returned."""
    finite = int(np.count_nonzero(~np.isnan(answer.values)))
    return Series(
        answer.labels,
        answer.times,
        answer.values,
        warnings=about.warnings,
        partial=about.partial,
        cost_s=cost_s,
        samples=about.samples if about.samples is not None else finite,
        rejected=answer.rejected,
        infos=about.infos,
    )
