"""Facts for the live loop: what is known of the cluster, and how old that knowledge is.

From the API server, which knows objects with their uids and versions; joined with what is rebuilt from
kube-state-metrics, as a recording's facts are: calls, fired alerts, and what happened before we watched.
Where the API server is not to be had, facts are those of kube-state-metrics alone: what is planned on them
can be shown and never sent. Or they are taken from a recording, and are as old as its end: guards that ask
for fresh facts hold.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from aiops.adapters.recording.fold import Fold
from aiops.bootstrap.recordings import open_recording
from aiops.core.merge_facts import merge
from aiops.core.rebuild import rebuild
from aiops.core.rebuild_alerts import Rule
from aiops.core.rebuild_history import History
from aiops.engine.past import history_of, renames_of
from aiops.errors import PortError
from aiops.model import Facts
from aiops.ports import FactSource, MetricSource

BACK_MS, BACK_STEP_MS = 2 * 3_600_000, 60_000  # what is asked for at the start: recent changes are suspects
KEPT_MS = 6 * 3_600_000  # older changes are no suspects any more

Failed = Callable[[str, Exception], None]


class RecordedFacts:
    """``ports.FactSource``: the cluster as it was at the end of a recording."""

    def __init__(self, path: Path) -> None:
        recording = open_recording(path)
        self._facts = recording.facts(recording.end_ms)

    def facts(self, at_ms: int) -> Facts:  # noqa: ARG002 - they do not change any more
        """Always the same; ``Facts.at_ms`` tells how old they are."""
        return self._facts


class MetricFacts:
    """``ports.FactSource``: rebuilt from kube-state-metrics, about fifty queries each ``refresh``.

    ``facts`` answers from the newest refresh and asks nothing, but the first time. Safe between threads.
    """

    def __init__(
        self,
        source: MetricSource,
        cluster: str,
        known_labels: Sequence[str] = (),
        rules: Callable[[], Mapping[str, Rule]] = dict,
    ) -> None:
        self._source, self._cluster, self._known_labels, self._rules = source, cluster, known_labels, rules
        self._lock = threading.Lock()
        self._history = History()
        self._names: Mapping[str, str] | None = None  # until kube-state-metrics shows how it writes labels
        self._facts: Facts | None = None

    def facts(self, at_ms: int) -> Facts:
        """The cluster as of the newest refresh, whose time is ``Facts.at_ms``. Raises PortError."""
        if self._facts is None:
            self.refresh(at_ms)
        assert self._facts is not None  # noqa: S101 - refreshed just now, or it raised
        return self._facts

    def refresh(self, at_ms: int) -> None:
        """Ask how things stand at ``at_ms``; the first time how they came to be so. Raises PortError, and
        then what was known stands and grows old."""
        with self._lock:
            now = np.array([at_ms], np.int64)
            if self._history.last_ms is None:
                times = np.arange(at_ms - BACK_MS, at_ms, BACK_STEP_MS, dtype=np.int64)
                self._names = renames_of(self._source, np.append(times, now))
                self._history = history_of(self._source, times, BACK_STEP_MS, self._names or {})
            elif self._names is None:
                self._names = renames_of(self._source, now)
            self._history.follow(history_of(self._source, now, BACK_STEP_MS, self._names or {}))
            self._history.forget(at_ms - KEPT_MS)
            rebuilt = rebuild(self._history, self._known_labels, self._rules())
            self._facts = Fold(self._cluster, rebuilt.lines, rebuilt.unknown).facts(at_ms)

    def keep_fresh(self, now_ms: Callable[[], int], failed: Failed) -> None:
        """A job for the scheduler: refresh; a failure is told and tried again."""
        try:
            self.refresh(now_ms())
        except PortError as error:
            failed("facts", error)


class BothFacts:
    """``ports.FactSource``: the API server's facts joined with those of kube-state-metrics.

    Either may fail: without the history calls and alerts are unknown; without the API server nothing has a
    uid, so nothing can be sent. Failures are told once, until they are over.
    """

    def __init__(self, cluster: FactSource, metric: FactSource | None, failed: Failed) -> None:
        self._cluster, self._metric, self._failed = cluster, metric, failed
        self._told: dict[str, str] = {}

    def facts(self, at_ms: int) -> Facts:
        """The cluster, as far as anybody knows it. Raises the API server's PortError where nobody does."""
        metric = None if self._metric is None else self._asked("facts", self._metric, at_ms)
        cluster = self._asked("cluster", self._cluster, at_ms)
        if isinstance(cluster, Facts):
            return merge(metric if isinstance(metric, Facts) else None, cluster)
        if isinstance(metric, Facts):
            return metric
        raise cluster

    def _asked(self, name: str, source: FactSource, at_ms: int) -> Facts | PortError:
        try:
            found = source.facts(at_ms)
        except PortError as error:
            if self._told.get(name) != str(error):
                self._told[name] = str(error)
                self._failed(name, error)
            return error
        self._told.pop(name, None)
        return found
