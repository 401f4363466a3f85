"""Labelled: series with Prometheus labels, of unknown signals, as a recording.

One signal a metric; where other labels tell series of one target apart (``code="500"``), one signal a
combination. Counters become rates. The target is the first of the table whose labels all series of the
metric have; a metric without any is its job's, or left out and told.

Cost: O(samples); one array a signal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops.adapters.recording import guess
from aiops.adapters.recording.held import Held
from aiops.core.mapping import to_panel
from aiops.errors import InputError, Problem
from aiops.model import Facts, Floats, Panel, Signal, TargetMapping, Times
from aiops.ports import Series

Labels = Mapping[str, str]
MOST_SIGNALS = 2000
MAX_CELLS = 50_000_000
_MOST_COMBINATIONS = 12  # of other labels; beyond, a metric is not cut by them
_LOCATION = frozenset({"instance", "job", "pod", "container", "endpoint", "uid", "node", "prometheus"})
COUNTER_ENDS = ("_total", "_count", "_sum")

MAPPINGS = (
    TargetMapping("Deployment", "deployment", "namespace"),
    TargetMapping("StatefulSet", "statefulset", "namespace"),
    TargetMapping("DaemonSet", "daemonset", "namespace"),
    TargetMapping("Deployment", "destination_workload", "destination_workload_namespace"),
    TargetMapping("PersistentVolumeClaim", "persistentvolumeclaim", "namespace"),
    TargetMapping("Pod", "pod", "namespace"),
    TargetMapping("Service", "service", "namespace"),
    TargetMapping("Service", "app", "namespace"),
    TargetMapping("Node", "node"),
    TargetMapping("Service", "service"),
    TargetMapping("Service", "app"),
    TargetMapping("Service", "job"),
    TargetMapping("Service", "instance"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One series: its name, labels without ``__name__``, times (t,) ms UTC increasing, values (t,)."""

    name: str
    labels: Labels
    times: Times
    values: Floats
    counter: bool = False


def held(source: str, lines: Sequence[Line], warnings: Iterable[str] = ()) -> Held:
    """All ``lines`` as signals and panels on one grid. InputError where they are too many."""
    told = list(warnings)
    metrics: dict[str, list[Line]] = {}
    for line in lines:
        metrics.setdefault(line.name, []).append(line)
    buckets = [name for name in metrics if name.endswith("_bucket") and "le" in metrics[name][0].labels]
    for name in buckets:
        told.append(f"{name}: left out, buckets of a histogram; record a quantile of them instead")
        del metrics[name]
    step_ms = _step(lines)
    signals: list[Signal] = []
    panels: list[Panel] = []
    for name, several in metrics.items():
        for signal, part in _signals(name, several):
            panel, lost = _panel(source, signal, part, step_ms)
            told += lost
            if panel.shape[0]:
                signals.append(signal)
                panels.append(panel)
    if len(signals) > MOST_SIGNALS:
        raise InputError([Problem(source, f"{len(signals)} signals", f"at most {MOST_SIGNALS}; pick some")])
    return Held(tuple(signals), tuple(panels), warnings=tuple(told))


def _step(lines: Sequence[Line]) -> int:
    steps = [int(np.median(np.diff(line.times))) for line in lines if len(line.times) > 1]
    step = max(1, int(np.median(steps))) if steps else 60_000
    return step if step < 1000 else round(step / 1000) * 1000  # scrapes come some milliseconds late or early


def _signals(name: str, lines: Sequence[Line]) -> Iterator[tuple[Signal, list[Line]]]:
    """The metric as one signal, or as one for each combination of the labels that tell series apart."""
    mapping = next((one for one in MAPPINGS if all(_maps(one, line) for line in lines)), None)
    rate = lines[0].counter or name.endswith(COUNTER_ENDS)
    if mapping is None:
        yield guess.signal(name, name, MAPPINGS[-1], rate=rate), list(lines)
        return
    used = {mapping.name, mapping.namespace}
    others = sorted({label for line in lines for label in line.labels} - used - _LOCATION)
    apart = [label for label in others if len({line.labels.get(label, "") for line in lines}) > 1]
    combined: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        combined.setdefault(tuple(line.labels.get(label, "") for label in apart), []).append(line)
    if not apart or len(combined) > _MOST_COMBINATIONS:
        yield guess.signal(name, name, mapping, rate=rate), list(lines)
        return
    for values, part in sorted(combined.items()):
        shown = ".".join(f"{label}-{value}" for label, value in zip(apart, values, strict=True))
        query = ", ".join(f'{label}="{value}"' for label, value in zip(apart, values, strict=True))
        signal = guess.signal(f"{name}.{shown}", name, mapping, rate=rate)
        yield replace(signal, query=f"{name}{{{query}}}"), part


def _maps(mapping: TargetMapping, line: Line) -> bool:
    return bool(line.labels.get(mapping.name)) and (
        not mapping.namespace or bool(line.labels.get(mapping.namespace))
    )


def _panel(source: str, signal: Signal, lines: Sequence[Line], step_ms: int) -> tuple[Panel, list[str]]:
    start_ms = min(int(line.times[0]) for line in lines)
    columns = (max(int(line.times[-1]) for line in lines) - start_ms + step_ms // 2) // step_ms + 1
    if columns * len(lines) > MAX_CELLS:
        got = f"{len(lines)} series over {columns} steps of {step_ms / 1000:g} s"
        raise InputError([Problem(f"{source} {signal.name}", got, f"at most {MAX_CELLS} samples; cut it")])
    values = np.full((len(lines), columns), np.nan)
    for row, line in enumerate(lines):
        at = (line.times - start_ms + step_ms // 2) // step_ms
        values[row, at] = _rate(line) if signal.unit.endswith("/s") else line.values
    times = start_ms + step_ms * np.arange(columns, dtype=np.int64)
    filled = ~np.isnan(values).all(axis=0)
    series = Series(tuple(line.labels for line in lines), times[filled], values[:, filled])
    mapped = to_panel(signal, series, Facts(start_ms))
    lost = [
        f"{signal.name}: {count} series left out: {why}, such as {dict(mapped.examples[why])}"
        for why, count in mapped.unmapped.items()
    ]
    return mapped.panel, lost


def _rate(line: Line) -> Floats:
    """Growth a second since the sample before; a counter that fell began again at 0."""
    grown = np.diff(line.values)
    grown = np.where(grown < 0, line.values[1:], grown)
    return np.concatenate([[np.nan], grown * 1000 / np.diff(line.times)])


def increasing(line: Line) -> tuple[Line, int]:
    """``line`` without samples whose time repeats or steps back, and how many those were."""
    newest = np.maximum.accumulate(line.times)
    keep = np.concatenate([[True], line.times[1:] > newest[:-1]]) if len(line.times) else np.zeros(0, bool)
    if keep.all():
        return line, 0
    return replace(line, times=line.times[keep], values=line.values[keep]), int((~keep).sum())
