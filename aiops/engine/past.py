"""Past: ask a metric source for what kube-state-metrics said of the cluster, over a stretch or right now."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aiops.core.rebuild_history import History
from aiops.core.rebuild_queries import EVERY, SEEING, renames
from aiops.errors import NotFound, Rejected
from aiops.model import Role, Signal, TargetMapping, Times
from aiops.ports import MetricSource, Series

TRIES = 24  # times that are looked at for pods


def renames_of(source: MetricSource, times: Times) -> dict[str, str] | None:
    """How this server writes the labels of places, by the newest of ``times`` (t,) that has pods to show.

    None where none has: by the plain names, objects would be taken for those of their exporter. At most
    ``TRIES`` small queries, spread over ``times``; one where kube-state-metrics was there at the end.
    """
    sample = Signal("sample", "topk(20, kube_pod_info)", "", Role.OTHER, TargetMapping("Pod", "pod", ""))
    tries = np.linspace(len(times) - 1, 0, min(TRIES, len(times))).astype(int)
    for at_ms in times[tries]:
        try:
            labels = source.query(sample, int(at_ms)).labels
        except (Rejected, NotFound):
            return None
        if len(labels):
            return renames(labels)
    return None


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
