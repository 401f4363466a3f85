"""Past: ask a metric source for what kube-state-metrics said of the cluster, over a stretch or right now."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aiops.core.rebuild_history import History
from aiops.core.rebuild_queries import EVERY, SEEING, renames
from aiops.errors import NotFound, Rejected
from aiops.model import Role, Signal, TargetMapping, Times
from aiops.ports import MetricSource, Series


def renames_of(source: MetricSource, at_ms: int) -> dict[str, str]:
    """How this server writes the labels of places; nothing is renamed where it has no pods to show."""
    sample = Signal("sample", "topk(20, kube_pod_info)", "", Role.OTHER, TargetMapping("Pod", "pod", ""))
    try:
        return renames(source.query(sample, at_ms).labels)
    except (Rejected, NotFound):
        return {}


def history_of(source: MetricSource, chunk: Times, step_ms: int, names: Mapping[str, str]) -> History:
    """What was said at the times of ``chunk`` (t,), one each ``step_ms``; a single time is asked as such.

    One query a kind of fact, about fifty. Raises PortError where the source does not answer.
    """

    def ask(signal: Signal) -> Series:
        if len(chunk) == 1:
            return source.query(signal, int(chunk[0]))
        return source.query_range(signal, int(chunk[0]), int(chunk[-1]), step_ms)

    anchor = Signal("seeing", SEEING, "", Role.OTHER, TargetMapping("Cluster", "cluster"))
    seeing = _seen(ask(anchor), len(chunk))
    history = History()
    history.see(seeing, chunk)
    for name, query in EVERY.items():
        if query.states and not seeing.any():
            continue
        try:
            series = ask(query.signal(name, names))
        except Rejected:  # this server cannot answer it: that kind of fact stays unknown
            continue
        history.add(name, series, seeing if query.states else np.ones(len(chunk), bool))
    return history


def _seen(series: Series, columns: int) -> NDArray[np.bool_]:
    if not len(series.labels):
        return np.zeros(columns, bool)
    return np.asarray(np.isfinite(series.values).any(axis=0))
