"""Open a recording, whatever form people have it in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops.adapters.recording import importing, reader
from aiops.adapters.recording.layout import FORMAT, HEAD, INCIDENTS, in_ms, moment, signal_file, target_of
from aiops.adapters.recording.reader import Recorded
from aiops.errors import InputError, Problem
from aiops.model import Signal, TrueIncident
from aiops.model.recording import RecordingMeta
from aiops.settings.document import Node, parse
from aiops.settings.fill import MISSING, fill
from aiops.settings.report import Place, Report


@dataclass(frozen=True, slots=True)
class _Head:
    """recording.yaml as it is written."""

    format: int
    name: str
    start: str
    end: str
    step_s: float
    signals: tuple[Signal, ...]
    cluster: str = ""
    made: str = ""
    made_by: str = ""
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Truth:
    """One item of incidents.yaml as it is written."""

    name: str
    start: str
    end: str
    target: str | None = None
    fault: str = ""
    affected: tuple[str, ...] = ()
    right_remediations: tuple[str, ...] = ()
    source: str = "truth"


@dataclass(frozen=True, slots=True)
class _Truths:
    incidents: tuple[_Truth, ...] = ()


def open_recording(path: Path) -> Recorded:
    """The recording at ``path``, or what an importer reads there: CSV files and folders of them, replies of
    ``query_range`` (.json), OpenMetrics text (.om, .prom, .txt).

    InputError with every problem, each with file, place, value and what was expected.
    """
    if (path / HEAD).is_file():
        return _open(path)
    return importing.read(path)


def _open(path: Path) -> Recorded:
    report = Report()
    meta = _meta(path / HEAD, report)
    truths = _truths(path / INCIDENTS, report)
    if meta is None or report.problems:
        found = report.problems
        if meta is not None:  # so that the problems of the other files are told at once
            try:
                reader.read(path, meta)
            except InputError as error:
                found = [*found, *error.problems]
        raise InputError(found)
    return reader.read(path, meta, truths)


def _tree(path: Path, report: Report) -> Node | None:
    try:
        tree = parse(str(path), path.read_bytes())
    except OSError as error:
        report.problems.append(Problem(str(path), str(error.strerror), "a readable file"))
        return None
    if isinstance(tree, Problem):
        report.problems.append(tree)
        return None
    return tree


def _meta(path: Path, report: Report) -> RecordingMeta | None:
    tree = _tree(path, report)
    place = Place(report, str(path))
    head: Any = MISSING if tree is None else fill(_Head, tree, place)
    if head is MISSING:
        return None
    start, end = _times(head.start, head.end, place)
    if head.format != FORMAT:
        report.add(str(path), "format", str(head.format), f"{FORMAT}, the one format this version reads")
    if not head.step_s > 0:
        report.add(str(path), "step", "0", "a duration above 0")
    _check_signals(path, head.signals, report)
    if report.problems:
        return None
    return RecordingMeta(
        name=head.name,
        signals=head.signals,
        start_ms=start,
        end_ms=end,
        step_ms=round(head.step_s * 1000),
        cluster=head.cluster,
        made=head.made,
        made_by=head.made_by,
        unknown=head.unknown,
        warnings=head.warnings,
    )


def _times(start: str, end: str, place: Place) -> tuple[int, int]:
    """Both times in ms; what is wrong with them is noted."""
    found = []
    for key, text in (("start", start), ("end", end)):
        try:
            found.append(moment(text))
        except ValueError as error:
            _wrong(place, key, text, str(error))
    if len(found) < 2:
        return 0, 0
    if found[0].utcoffset() != found[1].utcoffset():
        _wrong(place, "end", end, f"the same zone as in start {start!r}")
    if found[1] < found[0]:
        _wrong(place, "end", end, f"a time not before start {start!r}")
    return in_ms(found[0]), in_ms(found[1])


def _wrong(place: Place, key: str, text: str, expected: str) -> None:
    path = f"{place.path}.{key}" if place.path else key
    place.report.add(place.file, path, repr(text)[:80], expected)


def _check_signals(path: Path, signals: tuple[Signal, ...], report: Report) -> None:
    seen: set[str] = set()
    if not signals:
        report.add(str(path), "signals", "no signals", "at least one signal")
    for number, signal in enumerate(signals):
        where = f"signals[{number}].name"
        if signal.name in seen:
            report.add(str(path), where, repr(signal.name), "each name once")
        seen.add(signal.name)
        try:
            signal_file(path, signal.name)
        except ValueError as error:
            report.add(str(path), where, repr(signal.name)[:80], str(error).partition(", got")[0])


def _truths(path: Path, report: Report) -> tuple[TrueIncident, ...]:
    if not path.exists():
        return ()
    tree = _tree(path, report)
    place = Place(report, str(path))
    found: Any = MISSING if tree is None else fill(_Truths, tree, place)
    if found is MISSING:
        return ()
    result = []
    for number, one in enumerate(found.incidents):
        here = Place(report, str(path), f"incidents[{number}]")
        start, end = _times(one.start, one.end, here)
        targets = [_target(name, here) for name in (one.target, *one.affected)]
        result.append(
            TrueIncident(
                one.name,
                start,
                end,
                targets[0],
                one.fault,
                tuple(target for target in targets[1:] if target is not None),
                one.right_remediations,
                one.source,
            )
        )
    return tuple(result)


def _target(name: str | None, place: Place) -> Any:
    if name is None:
        return None
    try:
        return target_of(name)
    except ValueError as error:
        got = repr(name)[:80]
        place.wrong(got, str(error).partition(", got")[0].removeprefix("expected "))
        return None
