"""OpenMetrics: text with timestamps to series, through the parser of prometheus_client.

Cost: about 100,000 samples a second; the parser checks every line.
"""

import gzip
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from aiops.adapters.recording.held import Held
from aiops.adapters.recording.labelled import Line, held, increasing
from aiops.adapters.recording.layout import lines_of
from aiops.errors import InputError, Problem

MOST_SAMPLES = 50_000_000
_COUNTERS = frozenset({"counter", "histogram", "summary"})


class _Counted:
    """The lines of a file, and the number of the newest one."""

    def __init__(self, file: TextIO) -> None:
        self._file, self.number = file, 0

    def __iter__(self) -> Iterator[str]:
        for line in lines_of(self._file):
            self.number += 1
            yield line


Key = tuple[str, tuple[tuple[str, str], ...]]


def read(path: Path) -> Held:
    """The file at ``path`` (gzip if it ends so). InputError with file, line and what was expected."""
    try:
        with _opened(path) as file:
            lines, without = _lines(path, _Counted(file))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError([Problem(str(path), reason[:120], "OpenMetrics as UTF-8 text")]) from error
    if not lines:
        got = f"{without} samples, none with a timestamp" if without else "no samples"
        raise InputError([Problem(str(path), got, "samples with timestamps (unix seconds)")])
    told = [f"{path.name}: {without} samples left out, they have no timestamp"] if without else []
    ordered, dropped = [], 0
    for line in lines:
        kept, out = increasing(line)
        ordered.append(kept)
        dropped += out
    if dropped:
        told.append(f"{path.name}: {dropped} samples left out, their time repeats or steps back")
    return held(path.name, ordered, told)


def _opened(path: Path) -> TextIO:
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def _lines(path: Path, counted: _Counted) -> tuple[list[Line], int]:
    from prometheus_client.openmetrics.parser import text_fd_to_metric_families  # noqa: PLC0415

    found: dict[Key, tuple[array[float], array[float], bool]] = {}
    without = samples = 0
    try:
        for family in text_fd_to_metric_families(counted):  # type: ignore[no-untyped-call]
            for sample in family.samples:
                samples += 1
                if sample.timestamp is None:
                    without += 1
                    continue
                key = (sample.name, tuple(sorted(sample.labels.items())))
                counter = family.type in _COUNTERS and not sample.name.endswith("_created")
                stamps, values, _ = found.setdefault(key, (array("d"), array("d"), counter))
                stamps.append(float(sample.timestamp))
                values.append(float(sample.value))
            if samples > MOST_SAMPLES:
                raise InputError([Problem(str(path), "too many samples", f"at most {MOST_SAMPLES}")])
    except UnicodeDecodeError:
        raise
    except (ValueError, TypeError, KeyError, IndexError) as error:
        got = str(error)[:120] or "something unreadable"
        raise InputError([Problem(f"{path}:{counted.number}", got, "a line of OpenMetrics text")]) from error
    lines = [
        Line(
            name, dict(labels), np.round(np.array(stamps) * 1000).astype(np.int64), np.array(values), counter
        )
        for (name, labels), (stamps, values, counter) in found.items()
    ]
    return lines, without
