"""CSV files and folders of them as recordings: single series, wide tables, fault cases.

    NAME.csv                    timestamp,value,label           signal NAME of Service/NAME
    SERVICE/NAME.csv            the same, where several files   signal NAME of Service/SERVICE
                                below a folder have one name
    NAME.csv + NAME.meta.json   timestamp,METRIC,...,label      signals METRIC of Service/NAME
                                timestamp,SERVICE_METRIC,...    where the meta's segments name services
    CASE/data.csv + meta.json   time,SERVICE_METRIC,...         signals METRIC of Service/SERVICE
                                time,COMPONENT|METRIC,...

all also as ``.csv.gz``. A folder of such files is one recording; of fault cases, each case is a namespace of
its own. Labels, segments and ``fault_service`` become true incidents, the call graph edges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiops.adapters.recording import csv_meta, csv_table, guess
from aiops.adapters.recording.columns import split
from aiops.adapters.recording.csv_meta import Meta
from aiops.adapters.recording.csv_table import Table
from aiops.adapters.recording.held import Held, joined
from aiops.errors import InputError, Problem
from aiops.model import Direction, Edge, Panel, Target, TrueIncident
from aiops.model.recording import FactLine

CASE = "data"  # the stem of a fault case's file; its name is that of the folder
_MOST_FILES = 2000


def is_csv(path: Path) -> bool:
    """Whether the name says so."""
    return path.name.endswith((".csv", ".csv.gz"))


def stem(path: Path) -> str:
    """The name without ``.csv`` or ``.csv.gz``."""
    return path.name.removesuffix(".gz").removesuffix(".csv")


def find(path: Path) -> list[Path]:
    """The CSV file itself, or all below the folder in order of name."""
    if path.is_file():
        return [path] if is_csv(path) else []
    files: list[Path] = []
    for one in path.rglob("*"):
        if is_csv(one) and one.is_file():
            files.append(one)
        if len(files) > _MOST_FILES:
            raise InputError([Problem(str(path), f"more than {_MOST_FILES} CSV files", "fewer at once")])
    return sorted(files)


def read(path: Path) -> Held:
    """Everything at ``path``; InputError with the problems of all files."""
    files = find(path)
    cases = [one for one in files if stem(one) == CASE]
    named_by_folder = len({stem(one) for one in files}) < len(files)
    parts, problems = [], list[Problem]()
    for file in files:
        own = stem(file) == CASE
        namespace = file.parent.name if own and len(cases) > 1 else ""
        try:
            of = file.parent.name if named_by_folder and not own else ""
            parts.append(_part(file, namespace, of))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems[:50])
    if len(cases) > 1:
        note = f"{len(cases)} fault cases side by side, each in a namespace of its name"
        parts[0] = replace(parts[0], warnings=(note, *parts[0].warnings))
    return joined(parts)


def _part(file: Path, namespace: str, of: str = "") -> Held:
    """One file. ``of`` is what it tells of where its name alone does not say."""
    table = csv_table.read(file)
    own_case = stem(file) == CASE
    beside = file.parent / ("meta.json" if own_case else f"{stem(file)}.meta.json")
    meta = csv_meta.read(beside, len(table.row_times))
    name = file.parent.resolve().name if own_case else stem(file)
    if table.names == ("value",):
        table = replace(table, names=(name,))
    wide = own_case or table.kind == "time" or any(one.service for one in meta.segments)
    pairs = split(table.names, meta.candidates) if wide else [("", one) for one in table.names]
    rows: dict[str, list[tuple[Target, int]]] = {}
    for number, (service, metric) in enumerate(pairs):
        rows.setdefault(metric, []).append((Target("Service", namespace, service or of or name), number))
    signals = [guess.signal(metric) for metric in rows]
    if table.names == (name,):  # one series alone: whoever labelled it looked at both sides
        signals = [replace(signals[0], direction=Direction.BOTH)]
    names = _unique(file, [one.name for one in signals])
    signals = [replace(one, name=unique) for one, unique in zip(signals, names, strict=True)]
    panels = [
        Panel(
            one.name,
            one.unit,
            tuple(target for target, _ in some),
            table.times,
            table.values[[number for _, number in some]],
        )
        for one, some in zip(signals, rows.values(), strict=True)
    ]
    return Held(
        tuple(signals),
        tuple(panels),
        tuple(_edges(meta, namespace, int(table.times[0]))),
        tuple(_truths(table, meta, f"{of}-{name}".lstrip("-"), namespace, of or name)),
        table.warnings,
    )


def _unique(file: Path, names: Sequence[str]) -> list[str]:
    """``names``, with a number where two metrics came to the same."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    if len(set(result)) < len(result):
        raise InputError([Problem(f"{file}:1", ", ".join(result)[:120], "metrics with names apart")])
    return result


def _edges(meta: Meta, namespace: str, at_ms: int) -> Iterator[FactLine]:
    for caller, callee in meta.calls:
        pair = (Target("Service", namespace, caller), Target("Service", namespace, callee))
        yield FactLine(at_ms, Edge(*pair))


def _truths(table: Table, meta: Meta, name: str, namespace: str, of: str) -> Iterator[TrueIncident]:
    if meta.fault_service:
        start_ms = int(table.times[0]) if meta.inject_s is None else round(meta.inject_s * 1000)
        target = Target("Service", namespace, meta.fault_service)
        end_ms = max(start_ms, int(table.times[-1]))
        yield TrueIncident(name, start_ms, end_ms, target, meta.fault_type)
        return
    if meta.segments:
        for number, one in enumerate(meta.segments, 1):
            start_ms, end_ms = int(table.row_times[one.start]), int(table.row_times[one.end - 1])
            target = Target("Service", namespace, one.service or of)
            yield TrueIncident(f"{name}-{number}", start_ms, end_ms, target, one.fault)
        return
    for number, (first, last) in enumerate(_runs(table), 1):
        target = Target("Service", namespace, of)
        yield TrueIncident(f"{name}-{number}", int(table.times[first]), int(table.times[last]), target)


def _runs(table: Table) -> Iterator[tuple[int, int]]:
    """First and last column of each stretch that is labelled 1."""
    bad = np.concatenate([[0], (table.labels == 1).astype(np.int8), [0]])
    turns = np.flatnonzero(np.diff(bad))
    yield from zip(turns[::2].tolist(), (turns[1::2] - 1).tolist(), strict=True)
