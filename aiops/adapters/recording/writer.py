"""Writer: a recording to disk, each file whole or not there, the same bytes for the same input.

``recording.yaml`` is written last: a directory that has it is complete.
"""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiops.adapters.recording import lines, tables
from aiops.adapters.recording.layout import (
    FACTS,
    FORMAT,
    HEAD,
    INCIDENTS,
    PARTIAL,
    SIGNALS,
    column_of,
    iso,
    signal_file,
    span,
    to_yaml,
)
from aiops.errors import InputError, Problem
from aiops.model import Panel, Signal, TrueIncident
from aiops.model.recording import FactLine, RecordingMeta

WHY = "# What this directory is: docs/reference/recording-format.md of aiopsd.\n"


def write(
    path: Path,
    meta: RecordingMeta,
    panels: Iterable[Panel],
    facts: Iterable[FactLine] = (),
    truths: Sequence[TrueIncident] = (),
) -> None:
    """Write a recording to ``path``; an earlier recording there is replaced.

    One panel for each signal of ``meta``, taken one at a time, so that they need not be held together.
    InputError where ``path`` holds something else or cannot be written; ValueError for panels that do not
    go with ``meta``.
    """
    clear(path)
    signals = {signal.name: signal for signal in meta.signals}
    for panel in panels:
        if panel.signal not in signals:
            raise ValueError(f"panel {panel.signal}: expected one of {', '.join(signals) or 'no more'}")
        save(signal_file(path, panel.signal), tables.encode(panel, signals.pop(panel.signal)))
    if signals:
        raise ValueError(f"panels: expected one of {', '.join(signals)} too")
    finish(path, meta, facts, truths)


def clear(path: Path) -> None:
    """Make ``path`` an empty directory; InputError where it holds anything that is no recording."""
    if path.exists() and not path.is_dir():
        raise InputError([Problem(str(path), "a file", "a directory to write to")])
    ours = {HEAD, FACTS, INCIDENTS, SIGNALS, PARTIAL}
    there = sorted(path.iterdir()) if path.is_dir() else []
    strangers = [one.name for one in there if one.name not in ours]
    half = (path / SIGNALS).is_dir() or (path / PARTIAL).is_dir()
    if strangers or (there and not (path / HEAD).exists() and not half):
        names = ", ".join(strangers[:5]) or "files of ours without their head"
        raise InputError([Problem(str(path), names, "an empty directory, or a recording to replace")])
    try:
        for name in (HEAD, FACTS, INCIDENTS):
            (path / name).unlink(missing_ok=True)
        (path / SIGNALS).mkdir(parents=True, exist_ok=True)
        for stale in (path / SIGNALS).iterdir():
            stale.unlink()
    except OSError as error:
        raise InputError([Problem(str(path), str(error.strerror), "a directory to write to")]) from error


def finish(
    path: Path, meta: RecordingMeta, facts: Iterable[FactLine], truths: Sequence[TrueIncident]
) -> None:
    """Write facts, true incidents and at last the head. Facts are brought in order of time."""
    ordered = sorted(facts, key=lambda line: line.at_ms)
    if ordered:
        save(path / FACTS, b"".join(lines.encode(line) for line in ordered))
    if truths:
        save(path / INCIDENTS, (WHY + to_yaml({"incidents": [_truth(one) for one in truths]})).encode())
    save(path / HEAD, (WHY + to_yaml(head(meta))).encode())


def save(path: Path, data: bytes) -> None:
    """The whole file or none of it; InputError where the medium refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise InputError([Problem(str(path), str(error.strerror), "a place to write to")]) from error


def head(meta: RecordingMeta) -> dict[str, Any]:
    """``recording.yaml`` as plain values."""
    return {
        "format": FORMAT,
        "name": meta.name,
        "cluster": meta.cluster,
        "start": iso(meta.start_ms),
        "end": iso(meta.end_ms),
        "step": span(meta.step_ms),
        "made": meta.made,
        "made_by": meta.made_by,
        "unknown": list(meta.unknown),
        "warnings": list(meta.warnings),
        "signals": [dict(signal_keys(signal)) for signal in meta.signals],
    }


def signal_keys(signal: Signal) -> Iterator[tuple[str, Any]]:
    """The keys of a signal as ``config/signals`` spells them; what is not set is left out."""
    for field in dataclasses.fields(signal):
        value = getattr(signal, field.name)
        if value is None or field.name == "pack":  # where it stood is no longer true here
            continue
        if field.name.endswith("_s"):
            yield field.name.removesuffix("_s"), span(round(value * 1000))
        elif dataclasses.is_dataclass(value):
            yield field.name, {key.name: getattr(value, key.name) for key in dataclasses.fields(value)}
        else:
            yield field.name, _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, str):
        return str(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _truth(one: TrueIncident) -> dict[str, Any]:
    return {
        "name": one.name,
        "start": iso(one.start_ms),
        "end": iso(one.end_ms),
        "target": None if one.target is None else column_of(one.target),
        "fault": one.fault,
        "affected": [column_of(target) for target in one.affected],
        "right_remediations": list(one.right_remediations),
        "source": one.source,
    }
