"""Mapping: from the labels of series to targets, and from the series of pods to one of their workload.

Targets are never guessed: a series that lacks a label of its signal's mapping, that shows another cluster,
or that shares its target with another without a declared way to combine them, is left out and counted.

Cost:   10,000 series whose labels did not change: a few milliseconds a tick, most of it array work; new
        labels: about 5 µs a series. The layout of the newest call is kept for each signal and cluster.
Errors: none; what cannot be mapped is counted by reason, with an example of each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiops.model import Facts, Floats, Panel, Pod, Rollup, Signal, Target
from aiops.ports import Series

Labels = Mapping[str, str]
AMBIGUOUS = "several series name the same target"
GONE = "the pod does not exist any more"  # a rate tells of it for as long as its window is
_MOST_KEPT = 512  # layouts; far more than there are signals


@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """The panel of what could be mapped; of the rest, how many series for which reason and one of each."""

    panel: Panel
    unmapped: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Labels] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """Targets of label sets, before any rollup: which series, and what each names."""

    labels: tuple[Labels, ...]
    series: NDArray[np.intp]
    targets: tuple[Target, ...]
    unmapped: Mapping[str, int]
    examples: Mapping[str, Labels]


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Which series (in this order) make up which target: group g is ``order[starts[g]:starts[g + 1]]``."""

    targets: tuple[Target, ...]
    order: NDArray[np.intp]
    starts: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    signal: Signal
    matchers: Labels
    pods: Mapping[Target, Pod]
    named: _Named
    layout: _Layout
    living: bool


_newest: dict[tuple[str, str], _Kept] = {}  # a memo of a pure function: it changes speed, never an answer


def to_panel(
    signal: Signal,
    series: Series,
    facts: Facts,
    cluster: str = "",
    own_matchers: Labels | None = None,
    *,
    living: bool = False,
) -> Mapped:
    """Map ``series`` (n, t) to a panel with one row a target, rows sorted by target.

    ``own_matchers`` are the labels of our own cluster: a series that shows another value is not ours.
    A pod becomes its workload where the signal says how to combine them and ``facts`` know its owner. With
    ``living`` one that ``facts``, which know pods, do not know is left out: every rollout leaves such series
    behind for a while, and that they then end is no loss of sight.
    """
    living = living and bool(facts.pods) and not {"pods", "cluster"} & facts.unknown
    named, layout = _laid_out(signal, series.labels, facts.pods, cluster, own_matchers or {}, living=living)
    values, keep = _combined(signal.rollup, series.values, layout)
    unmapped, examples = dict(named.unmapped), dict(named.examples)
    if gone := len(named.series) - len(layout.order):
        unmapped[GONE] = gone
        left = set(layout.order.tolist())
        examples[GONE] = series.labels[next(index for index in named.series.tolist() if index not in left)]
    targets = layout.targets
    if not keep.all():
        sizes = np.diff(np.append(layout.starts, len(layout.order)))
        unmapped[AMBIGUOUS] = int(sizes[~keep].sum())
        examples[AMBIGUOUS] = series.labels[layout.order[layout.starts[np.flatnonzero(~keep)[0]]]]
        targets, values = tuple(targets[row] for row in np.flatnonzero(keep)), values[keep]
    return Mapped(Panel(signal.name, signal.unit, targets, series.times, values), unmapped, examples)


def labels_of(signal: Signal, target: Target) -> dict[str, str]:
    """The labels that map to ``target`` by the signal's own mapping; ValueError where none could."""
    to = signal.target
    labels = {to.name: target.name}
    if bool(to.namespace) != bool(target.namespace):
        raise ValueError(
            f"{signal.name}: expected targets {'with' if to.namespace else 'without'} a namespace"
        )
    if to.namespace:
        labels[to.namespace] = target.namespace
    if to.kind_label:
        labels[to.kind_label] = target.kind
    elif target.kind != to.kind:
        raise ValueError(f"{signal.name}: expected a {to.kind} or a kind_label in its mapping, got {target}")
    return labels


def _laid_out(
    signal: Signal,
    labels: tuple[Labels, ...],
    pods: Mapping[Target, Pod],
    cluster: str,
    matchers: Labels,
    *,
    living: bool,
) -> tuple[_Named, _Layout]:
    kept = _newest.get((signal.name, cluster))
    same = kept is not None and (kept.signal is signal or kept.signal == signal) and kept.matchers == matchers
    if kept is not None and same and (kept.named.labels is labels or kept.named.labels == labels):
        named = kept.named
        if kept.living == living and (kept.pods is pods or (signal.rollup is Rollup.NONE and not living)):
            return named, kept.layout
    else:
        named = _name(signal, labels, cluster, matchers)
    layout = _group(named, pods, rolls=signal.rollup is not Rollup.NONE, living=living)
    if len(_newest) >= _MOST_KEPT:
        _newest.clear()
    _newest[signal.name, cluster] = _Kept(signal, dict(matchers), pods, named, layout, living)
    return named, layout


def _name(signal: Signal, labels: tuple[Labels, ...], cluster: str, matchers: Labels) -> _Named:
    series, targets = [], []
    unmapped: dict[str, int] = {}
    examples: dict[str, Labels] = {}
    for index, one in enumerate(labels):
        target = _target(signal, one, cluster, matchers)
        if isinstance(target, Target):
            series.append(index)
            targets.append(target)
        else:
            unmapped[target] = unmapped.get(target, 0) + 1
            examples.setdefault(target, one)
    return _Named(labels, np.array(series, dtype=np.intp), tuple(targets), unmapped, examples)


def _target(signal: Signal, labels: Labels, cluster: str, matchers: Labels) -> Target | str:
    """The target that ``labels`` name, or why they name none."""
    for label, value in matchers.items():
        if labels.get(label, value) != value:
            return f"label {label} shows another cluster"
    to = signal.target
    name = labels.get(to.name, "")
    if not name:
        return f"no label {to.name}"
    namespace = labels.get(to.namespace, "") if to.namespace else ""
    if to.namespace and not namespace:
        return f"no label {to.namespace}"
    kind = (labels.get(to.kind_label, "") if to.kind_label else "") or to.kind
    if not kind:
        return f"no label {to.kind_label}"
    return Target(kind, namespace, name, cluster)


def _group(named: _Named, pods: Mapping[Target, Pod], *, rolls: bool, living: bool) -> _Layout:
    targets, series = named.targets, named.series
    if living:
        rows = [row for row, one in enumerate(targets) if one.kind != "Pod" or one in pods]
        if len(rows) < len(targets):
            targets, series = tuple(targets[row] for row in rows), series[rows]
    if rolls:
        targets = tuple(_workload(target, pods) for target in targets)
    distinct = sorted(set(targets))
    number = {target: row for row, target in enumerate(distinct)}
    group = np.fromiter((number[target] for target in targets), dtype=np.intp, count=len(targets))
    by_group = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[by_group], np.arange(len(distinct)))
    return _Layout(tuple(distinct), series[by_group], starts.astype(np.intp))


def _workload(target: Target, pods: Mapping[Target, Pod]) -> Target:
    """The owner of a pod that is known; anything else stays what it is."""
    pod = pods.get(target) if target.kind == "Pod" else None
    return target if pod is None or pod.owner is None else pod.owner


def _combined(rollup: Rollup, values: Floats, layout: _Layout) -> tuple[Floats, NDArray[np.bool_]]:
    """(values a target, whether the target may be kept)."""
    groups = len(layout.targets)
    keep = np.ones(groups, bool)
    rows = values[layout.order]
    if len(layout.order) == groups:  # one series a target
        return rows, keep
    if rollup is Rollup.NONE:
        # series that follow each other (a label changed on the way) are one; side by side they are a riddle
        seen = np.add.reduceat(~np.isnan(rows), layout.starts, axis=0, dtype=np.intp)
        keep = np.asarray((seen <= 1).all(axis=1))
        return _maximum(rows, layout.starts), keep
    return _REDUCE[rollup](rows, layout.starts), keep


def _sum(rows: Floats, starts: NDArray[np.intp]) -> Floats:
    missing = np.isnan(rows)
    with np.errstate(invalid="ignore"):  # an infinity of each sign is NaN: nobody can tell
        total: Floats = np.add.reduceat(np.where(missing, 0.0, rows), starts, axis=0)
    total[np.logical_and.reduceat(missing, starts, axis=0)] = np.nan
    return total


def _mean(rows: Floats, starts: NDArray[np.intp]) -> Floats:
    count = np.add.reduceat(~np.isnan(rows), starts, axis=0, dtype=np.intp)
    mean: Floats = _sum(rows, starts) / np.maximum(count, 1)
    return mean


def _maximum(rows: Floats, starts: NDArray[np.intp]) -> Floats:
    result: Floats = np.fmax.reduceat(rows, starts, axis=0)
    return result


def _minimum(rows: Floats, starts: NDArray[np.intp]) -> Floats:
    result: Floats = np.fmin.reduceat(rows, starts, axis=0)
    return result


_REDUCE: Mapping[Rollup, Callable[[Floats, NDArray[np.intp]], Floats]] = {
    Rollup.SUM: _sum,
    Rollup.MEAN: _mean,
    Rollup.MAX: _maximum,
    Rollup.MIN: _minimum,
}
