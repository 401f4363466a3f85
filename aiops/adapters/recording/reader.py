"""Reader: a recording whose head is read, as the replay wants it.

Opening looks at every file but reads no samples: schemas, times, and all lines of facts. Samples are read
when asked for and not kept, so that whoever replays holds one copy.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from aiops.adapters.recording import tables
from aiops.adapters.recording.fold import Fold
from aiops.adapters.recording.layout import FACTS, iso, signal_file
from aiops.adapters.recording.lines import UnfitError, decode
from aiops.adapters.recording.tables import Head
from aiops.errors import InputError, Problem
from aiops.model import Facts, Panel, Signal, TrueIncident
from aiops.model.recording import FactLine, RecordingMeta

MAX_FACTS = 1 << 30  # bytes of facts.jsonl
MAX_LINE = 4 << 20
_MOST_TOLD = 50  # problems of one file; the rest is counted


class Recorded:
    """``engine.replay.Recording``: of a directory, or of what an importer holds in memory."""

    def __init__(
        self,
        meta: RecordingMeta,
        load: Callable[[Signal], Panel],
        lines: Sequence[FactLine] = (),
        truths: Sequence[TrueIncident] = (),
    ) -> None:
        self.meta, self.truths, self.lines = meta, tuple(truths), tuple(lines)
        self.warnings = meta.warnings
        self._load = load
        self._signals = {signal.name: signal for signal in meta.signals}
        self._fold = Fold(meta.cluster, self.lines, meta.unknown)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.meta.name

    @property
    def cluster(self) -> str:
        """The cluster it is of; its targets do not repeat it."""
        return self.meta.cluster

    @property
    def signals(self) -> tuple[Signal, ...]:
        """The signals it holds, in the order of recording.yaml."""
        return self.meta.signals

    @property
    def start_ms(self) -> int:
        """The time of the first sample, at the earliest."""
        return self.meta.start_ms

    @property
    def end_ms(self) -> int:
        """The time of the last sample, at the latest."""
        return self.meta.end_ms

    @property
    def step_ms(self) -> int:
        """The usual distance of two samples."""
        return self.meta.step_ms

    def panel(self, signal: str) -> Panel:
        """All samples of ``signal``, read from disk at each call. InputError where the file is damaged,
        KeyError for a signal that is not recorded."""
        return self._load(self._signals[signal])

    def facts(self, at_ms: int) -> Facts:
        """The cluster as it was at ``at_ms``. Cheap while times do not step back."""
        return self._fold.facts(at_ms)

    def changed_at(self, at_ms: int) -> int:
        """The time of the newest change of facts not after ``at_ms``; 0 where there is none."""
        return self._fold.changed_at(at_ms)


def read(directory: Path, meta: RecordingMeta, truths: Sequence[TrueIncident] = ()) -> Recorded:
    """The recording in ``directory`` whose recording.yaml said ``meta``; InputError with all problems."""
    problems: list[Problem] = []
    heads = []
    for signal in meta.signals:
        head = _head(directory, signal, meta)
        if isinstance(head, Head):
            heads.append(head)
        else:
            problems += head
    lines, wrong = read_facts(directory / FACTS)
    problems += wrong
    if not problems and not any(head.columns and len(head.times) for head in heads):
        problems.append(Problem(str(directory), "no samples", "a signal with at least one sample"))
    if problems:
        raise InputError(problems)
    by_name = {signal.name: head for signal, head in zip(meta.signals, heads, strict=True)}
    told = replace(meta, warnings=(*meta.warnings, *_gaps(meta, heads)))
    return Recorded(told, lambda signal: tables.read_panel(by_name[signal.name], signal), lines, truths)


def _head(directory: Path, signal: Signal, meta: RecordingMeta) -> Head | list[Problem]:
    path = signal_file(directory, signal.name)
    if not path.is_file():
        return [Problem(str(path), "no such file", f"the samples of the signal {signal.name}")]
    head = tables.read_head(path, signal)
    if isinstance(head, Head) and len(head.times):
        first, last = int(head.times[0]), int(head.times[-1])
        if first < meta.start_ms or last > meta.end_ms:
            got = f"samples from {iso(first)} to {iso(last)}"
            return [Problem(str(path), got, f"from {iso(meta.start_ms)} to {iso(meta.end_ms)}")]
    return head


def read_facts(path: Path) -> tuple[list[FactLine], list[Problem]]:
    """All lines in order, and what is wrong with them. No file, no lines."""
    if not path.exists():
        return [], []
    try:
        if path.stat().st_size > MAX_FACTS:
            return [], [Problem(str(path), f"{path.stat().st_size} bytes", f"at most {MAX_FACTS}")]
        return _lines(path)
    except OSError as error:
        return [], [Problem(str(path), str(error.strerror), "a readable file")]


def _lines(path: Path) -> tuple[list[FactLine], list[Problem]]:
    found: list[FactLine] = []
    problems: list[Problem] = []
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), 1):
            if len(problems) >= _MOST_TOLD:
                problems.append(Problem(f"{path}:{number}", "more of the kind", "lines as documented"))
                break
            if not raw.strip():
                continue
            try:
                line = _line(raw, found)
            except UnfitError as error:
                problems.append(Problem(f"{path}:{number}", error.got, error.expected))
            else:
                found.append(line)
    return found, problems


def _line(raw: bytes, found: Sequence[FactLine]) -> FactLine:
    if len(raw) > MAX_LINE:
        raise UnfitError(f"a line of more than {MAX_LINE} bytes", "shorter lines")
    line = decode(raw)
    if found and line.at_ms < found[-1].at_ms:
        raise UnfitError(f"at_ms {line.at_ms} after {found[-1].at_ms}", "lines in order of time")
    return line


def _gaps(meta: RecordingMeta, heads: Sequence[Head]) -> Iterator[str]:
    """In words: where whole stretches of times are missing."""
    for signal, head in zip(meta.signals, heads, strict=True):
        if not len(head.times):
            yield f"{signal.name}: no samples"
            continue
        steps = np.diff(head.times)
        wide = np.flatnonzero(steps > 1.5 * meta.step_ms)
        if len(wide):
            widest = int(wide[np.argmax(steps[wide])])
            yield (
                f"{signal.name}: {len(wide)} gaps; the widest, of {steps[widest] / 60_000:.0f} min, "
                f"follows {iso(int(head.times[widest]))}"
            )
