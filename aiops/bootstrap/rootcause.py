"""Root cause of a fault case on disk: a folder with ``data.csv`` (or ``.csv.gz``) and ``meta.json``.

    data       time,SERVICE_METRIC,... or time,COMPONENT|METRIC,...; rows before the alarm are calm
    meta       inject_time (unix seconds, when the alarm was raised), candidates (services to rank),
               call_graph ([caller, callee] pairs) and target (the column that raised the alarm), where known

Any answer that the meta file holds is not read. Where calls are known, trouble is followed from the alarm
along them; services that it does not lead to come after, by how far they moved.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aiops.adapters.recording import csv_meta, csv_table, guess
from aiops.adapters.recording.columns import split
from aiops.adapters.recording.csv_meta import Meta
from aiops.adapters.recording.csv_table import Table
from aiops.core.rootcause import rank
from aiops.core.rootcause.moves import MIN_CALM
from aiops.errors import InputError, Problem
from aiops.model import (
    Anomaly,
    AnomalyKind,
    Direction,
    Edge,
    Evidence,
    Facts,
    Panel,
    Role,
    Suspect,
    Target,
)

NOTHING = Evidence("nothing of it is out of the usual", 0.0)
UNSEEN = Evidence("no sample of it, so nothing can be said", 0.0)  # no data is not health
SURE = 0.2  # of the evidence speaks against the first suspect: fewer, and the cause is unknown


@dataclass(frozen=True, slots=True)
class Ranked:
    """Every candidate, most likely first; ``known`` says whether the first one stands out."""

    case: str
    known: bool
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A fault case as read."""

    name: str
    panels: tuple[Panel, ...]
    roles: dict[str, Role]
    onset_ms: int
    candidates: tuple[str, ...]
    facts: Facts
    alarm: tuple[Anomaly, ...]  # one, or none where no call is known


def rank_case(folder: Path) -> Ranked:
    """Rank the candidates of the case; InputError with every problem of its files."""
    case = read(folder)
    ranked = _by_name(rank(case.panels, case.roles, case.onset_ms, case.facts, case.alarm))
    known = any(one.confidence >= SURE and one.signal for one in ranked.values())
    if case.alarm:
        others = _by_name(rank(case.panels, case.roles, case.onset_ms, case.facts))
        ranked |= {name: replace(one, confidence=0.0) for name, one in others.items() if name not in ranked}
    seen = _seen(case.panels)
    for name in case.candidates:
        ranked.setdefault(name, Suspect(_service(name), 0.0, (NOTHING if name in seen else UNSEEN,)))
    return Ranked(
        case.name, known, tuple(one for name, one in ranked.items() if name in set(case.candidates))
    )


def _by_name(suspects: Iterable[Suspect]) -> dict[str, Suspect]:
    return {one.target.name: one for one in suspects}


def _seen(panels: Iterable[Panel]) -> frozenset[str]:
    """Services with a sample."""
    return frozenset(
        target.name
        for one in panels
        for target, values in zip(one.targets, one.values, strict=True)
        if np.isfinite(values).any()
    )


def _service(name: str) -> Target:
    return Target("Service", "", name)


def read(folder: Path) -> Case:
    """The case in ``folder``; InputError with every problem, each with file, value and expectation."""
    files = [folder / "data.csv.gz", folder / "data.csv"]
    data = next((one for one in files if one.is_file()), None)
    missing = [] if data is not None else [Problem(str(files[0]), "no such file", "the samples of the case")]
    if not (folder / "meta.json").is_file():
        missing.append(Problem(str(folder / "meta.json"), "no such file", "inject_time and candidates"))
    if missing or data is None:
        raise InputError(missing)
    table = csv_table.read(data)
    meta = csv_meta.read(folder / "meta.json", len(table.row_times))
    problems = list(_problems(folder, table, meta))
    if problems:
        raise InputError(problems)
    return _case(folder, table, meta)


def _problems(folder: Path, table: Table, meta: Meta) -> Iterable[Problem]:
    where = str(folder / "meta.json")
    if meta.inject_s is None:
        yield Problem(f"{where} inject_time", "nothing", "unix seconds")
    else:
        before = int(np.searchsorted(table.times, round(meta.inject_s * 1000)))
        if before < MIN_CALM:
            yield Problem(
                f"{where} inject_time", f"{before} rows before it", f"at least {MIN_CALM} rows of calm"
            )
        if before == len(table.times):
            yield Problem(f"{where} inject_time", "no row from then on", "at least one row of the fault")
    if meta.alarm and meta.alarm not in table.names:
        yield Problem(f"{where} target", repr(meta.alarm), f"a column of {table.path.name}")
    if not any(service for service, _ in split(table.names, meta.candidates)):
        got = ", ".join(table.names)[:80] or "no metric"
        yield Problem(f"{table.path}:1", got, "columns SERVICE_METRIC of the candidates, or COMPONENT|METRIC")


def _case(folder: Path, table: Table, meta: Meta) -> Case:
    pairs = split(table.names, meta.candidates)
    columns: dict[str, list[int]] = {}
    for number, (service, metric) in enumerate(pairs):
        if service:
            columns.setdefault(metric, []).append(number)
    panels, roles = [], {}
    for metric, some in columns.items():
        panel, roles[metric] = _panel(metric, tuple(_service(pairs[i][0]) for i in some), table, some)
        panels.append(panel)
    onset_ms = round((meta.inject_s or 0) * 1000)
    edges = tuple(Edge(_service(caller), _service(callee)) for caller, callee in meta.calls)
    alarm: tuple[Anomaly, ...] = ()
    if meta.alarm and edges:
        service, metric = pairs[table.names.index(meta.alarm)]
        raised = [one for one in panels if one.signal == metric and _service(service) in one.targets]
        alarm = tuple(_alarm(one, roles[metric], _service(service), onset_ms) for one in raised)
    candidates = meta.candidates or tuple(dict.fromkeys(service for service, _ in pairs if service))
    return Case(
        folder.resolve().name, tuple(panels), roles, onset_ms, candidates, Facts(onset_ms, edges=edges), alarm
    )


def _panel(metric: str, targets: tuple[Target, ...], table: Table, columns: list[int]) -> tuple[Panel, Role]:
    """The panel of a metric and its role, by its name. A share of successes becomes one of failures."""
    meaning = guess.signal(metric)
    role, unit, values = meaning.role, meaning.unit, table.values[columns]
    if "client" in guess.words(metric):
        role = Role.OTHER  # what it sees of those it calls speaks against them, not against it
    elif role is Role.ERRORS and meaning.direction is Direction.DOWN:
        full = 100.0 if np.nanmax(values, initial=0.0) > 1 else 1.0
        values, unit = 1 - values / full, "ratio"
    return Panel(metric, unit, targets, table.times, values), role


def _alarm(panel: Panel, role: Role, target: Target, onset_ms: int) -> Anomaly:
    row, at = panel.targets.index(target), int(np.searchsorted(panel.times, onset_ms))
    calm, after = panel.values[row, :at], panel.values[row, at:]
    observed = float(np.nanmax(after)) if np.isfinite(after).any() else math.nan
    usual = float(np.nanmax(calm)) if np.isfinite(calm).any() else math.nan
    return Anomaly(
        kind=AnomalyKind.OBSERVED,
        target=target,
        signal=panel.signal,
        role=role,
        unit=panel.unit,
        detector="alarm",
        since_ms=onset_ms,
        at_ms=int(panel.times[-1]),
        observed=observed,
        low=-math.inf,
        high=usual,
        score=1.0,
        direction=Direction.UP,
    )
