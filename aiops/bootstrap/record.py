"""Record: a live Prometheus, or what an importer read, as a recording on disk.

A recording under way is kept chunk by chunk (a day, or 11,000 points where that is less), first the history
of kube-state-metrics, since it says which pods belong to which workload, then every signal. Memory holds one
chunk of one query, and at the end one signal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.recording import importing, tables, writer
from aiops.adapters.recording.layout import HEAD, PARTIAL, iso, signal_file
from aiops.adapters.recording.partial import Partial
from aiops.adapters.recording.reader import Recorded
from aiops.core.mapping import to_panel
from aiops.core.rebuild import owners, rebuild
from aiops.core.rebuild_alerts import Rule
from aiops.core.rebuild_history import History
from aiops.engine.past import history_of, renames_of
from aiops.errors import InputError, NotFound, Problem, Rejected
from aiops.model import Facts, Panel, Pod, Role, Signal, Target, Times
from aiops.model.recording import FactLine, RecordingMeta, Unreadable
from aiops.model.wire import to_json
from aiops.ports import MetricSource

DAY_MS = 86_400_000
MOST_POINTS = 11_000  # a series and query: Prometheus' own limit

Progress = Callable[[int, int, str], None]  # (chunks done, of how many, what is being fetched)


@dataclass(frozen=True, slots=True)
class Job:
    """What to record. Times are ms UTC; ``matchers`` are the labels of our own cluster."""

    name: str
    signals: tuple[Signal, ...]
    start_ms: int
    end_ms: int
    step_ms: int
    cluster: str = ""
    matchers: tuple[tuple[str, str], ...] = ()
    known_labels: tuple[str, ...] = ()
    origin: str = ""  # where from, for people
    restart: bool = False

    def plan(self) -> dict[str, Any]:
        """As JSON values; two jobs of one plan make the same recording."""
        return {
            "name": self.name,
            "signals": [to_json(signal) for signal in self.signals],
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "step_ms": self.step_ms,
            "cluster": self.cluster,
            "matchers": [list(pair) for pair in self.matchers],
            "known_labels": list(self.known_labels),
            "origin": self.origin,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    path: Path
    signals: int
    series: int
    samples: int
    facts: int
    incidents: int
    warnings: tuple[str, ...]


def quietly(done: int, total: int, what: str) -> None:
    """Show no progress."""


def made_by(command: str) -> str:
    """The command and our version, for the head of a recording."""
    return f"aiops {command}, aiopsd {version('aiopsd')}"


def take_place(output: Path, *, restart: bool) -> None:
    """InputError where a recording, whole or under way, would be lost without ``restart``."""
    for name, got in ((HEAD, "a whole recording"), (PARTIAL, "a recording under way")):
        if (output / name).exists() and not restart:
            raise InputError([Problem(str(output), got, "another directory, or --restart to replace it")])


def write_imported(recorded: Recorded, output: Path) -> Summary:
    """Write what an importer read to ``output``; an earlier recording there is replaced."""
    panels = [recorded.panel(signal.name) for signal in recorded.signals]
    writer.write(output, recorded.meta, panels, recorded.lines, recorded.truths)
    return Summary(
        path=output,
        signals=len(panels),
        series=sum(panel.shape[0] for panel in panels),
        samples=sum(int(np.isfinite(panel.values).sum()) for panel in panels),
        facts=len(recorded.lines),
        incidents=len(recorded.truths),
        warnings=recorded.warnings,
    )


def import_csv(path: Path, output: Path) -> Summary:
    """CSV files as a recording."""
    return write_imported(importing.from_csv(path, made_by("record --from-csv")), output)


def import_json(paths: Sequence[Path], output: Path) -> Summary:
    """Replies of ``query_range`` as a recording."""
    return write_imported(importing.from_json(paths, made_by("record --from-json")), output)


def import_openmetrics(path: Path, output: Path) -> Summary:
    """OpenMetrics text as a recording."""
    return write_imported(importing.from_openmetrics(path, made_by("record --from-openmetrics")), output)


@dataclass(frozen=True, slots=True)
class Now:
    """What the API server says as of now: lines to add, kinds of fact that are known by it."""

    lines: tuple[FactLine, ...] = ()
    known: frozenset[str] = frozenset()


def record(
    job: Job,
    source: MetricSource,
    output: Path,
    rules: Mapping[str, Rule] | None = None,
    now: Now | None = None,
    progress: Progress = quietly,
) -> Summary:
    """Record ``job`` from ``source`` to ``output``, or go on where a stopped one was.

    PortError where the source does not answer: what was fetched is kept, the same call goes on.
    InputError where ``output`` holds something else, or nothing at all was returned.
    """
    partial = Partial(output)
    plan = partial.begin(job.plan(), restart=job.restart)
    times: Times = np.arange(plan["start_ms"], plan["end_ms"] + 1, job.step_ms, dtype=np.int64)
    chunks = chunked(times, max(1, min(MOST_POINTS, DAY_MS // job.step_ms)))
    total = len(chunks) * (1 + len(job.signals))
    history = _past(source, partial, chunks, job.step_ms, lambda done, what: progress(done, total, what))
    pods = owners(history)
    done = len(chunks)
    for signal in job.signals:
        for number, chunk in enumerate(chunks):
            progress(done, total, f"{signal.name}, {iso(int(chunk[0]))[:10]}")
            if not partial.has(signal, number):
                partial.keep(signal, number, *_samples(source, signal, chunk, job, pods))
            done += 1
    progress(total, total, "writing")
    return _finish(job, partial, times, history, rules or {}, now or Now())


def chunked(times: Times, most: int) -> list[Times]:
    """``times`` (t,) in parts of about one size, none longer than ``most``: so that no part is one sample,
    which a server answers by another rule."""
    return list(np.array_split(times, -(-len(times) // most)))


def _past(
    source: MetricSource,
    partial: Partial,
    chunks: Sequence[Times],
    step_ms: int,
    progress: Callable[[int, str], None],
) -> History:
    """The history of the whole time, chunk by chunk."""
    history, names = History(), None
    for number, chunk in enumerate(chunks):
        progress(number, f"cluster facts, {iso(int(chunk[0]))[:10]}")
        kept = partial.facts(number)
        if kept is None:
            names = renames_of(source, np.concatenate(chunks)) or {} if names is None else names
            kept = history_of(source, chunk, step_ms, names).to_plain()
            partial.keep_facts(number, kept)
        history.follow(History.from_plain(kept))
    return history


def _samples(
    source: MetricSource, signal: Signal, chunk: Times, job: Job, pods: Mapping[Target, Pod]
) -> tuple[Panel, list[str]]:
    """The panel of a chunk, and notes for people."""
    start_ms, end_ms = int(chunk[0]), int(chunk[-1])
    try:
        series = source.query_range(signal, start_ms, end_ms, job.step_ms)
    except (Rejected, NotFound) as error:
        nothing = Panel(signal.name, signal.unit, (), chunk, np.empty((0, len(chunk))))
        return nothing, [f"{signal.name}: refused by the server: {error}"]
    facts = Facts(start_ms, pods=pods)
    mapped = to_panel(signal, series, facts, "", dict(job.matchers))
    notes = [f"{signal.name}: the server warned: {text}" for text in series.warnings]
    if series.partial:
        notes.append(f"{signal.name}: the answer was partial on {iso(start_ms)[:10]}")
    notes += [
        f"{signal.name}: series left out: {why}, such as {dict(sorted(mapped.examples[why].items()))}"
        for why in sorted(mapped.unmapped)
    ]
    return mapped.panel, notes


def _finish(
    job: Job, partial: Partial, times: Times, history: History, rules: Mapping[str, Rule], now: Now
) -> Summary:
    output = partial.directory
    kept: list[Signal] = []
    empty: list[Signal] = []
    warnings: list[str] = []
    series = samples = 0
    for signal in job.signals:
        warnings += partial.notes(signal)
        panel = partial.joined(signal, times)
        if not np.isfinite(panel.values).any():
            empty.append(signal)
            continue
        writer.save(signal_file(output, signal.name), tables.encode(panel, signal))
        kept.append(signal)
        series += panel.shape[0]
        samples += int(np.isfinite(panel.values).sum())
    if not kept:
        got = f"no data for any of {len(job.signals)} signals"
        raise InputError([Problem(job.origin, got, "signals with data (aiops signals check, aiops onboard)")])
    rebuilt = rebuild(history, job.known_labels, rules)
    only_now = sorted(set(rebuilt.unknown) & now.known)  # unknown until the API server was asked
    lines = [
        *(FactLine(int(times[0]), Unreadable(what)) for what in only_now),
        *rebuilt.lines,
        *(FactLine(int(times[-1]), Unreadable(what), gone=True) for what in only_now),
        *now.lines,
    ]
    meta = RecordingMeta(
        name=job.name,
        signals=tuple(kept),
        start_ms=int(times[0]),
        end_ms=int(times[-1]),
        step_ms=job.step_ms,
        cluster=job.cluster,
        made=f"recorded from {job.origin}; past cluster facts from the history of kube-state-metrics",
        made_by=made_by("record"),
        unknown=tuple(one for one in rebuilt.unknown if one not in only_now),
        warnings=tuple(dict.fromkeys([*warnings, *_of_empty(empty)])),
    )
    writer.finish(output, meta, lines, ())
    partial.end()
    return Summary(output, len(kept), series, samples, len(lines), 0, meta.warnings)


def _of_empty(signals: Sequence[Signal]) -> Iterator[str]:
    """In two lines: what has no data, and which states never were (or nobody exports them)."""
    measured = [one.name for one in signals if one.role is not Role.CONDITION]
    never = [one.name for one in signals if one.role is Role.CONDITION]
    if measured:
        yield f"no data: {', '.join(measured)}"
    if never:
        yield f"never so, or not exported: {', '.join(never)}"
