"""Source: metrics from a Prometheus, or from what speaks its language (Thanos, Mimir, VictoriaMetrics).

Input:   signals; every selector of their queries gets the cluster's own matchers.
Output:  Series (n, t), NaN where there is no sample.
Errors:  PortError only; times are milliseconds UTC, so naive times cannot be.
Cost:    one request a tick and signal; a range query is split by series and by time, see ``shards``.
"""

import dataclasses
import threading
import time
from collections.abc import Mapping, Sequence

import numpy as np

from aiops.adapters.prometheus import envelope, identity, remote, replies, shards
from aiops.adapters.prometheus.budget import Budget
from aiops.adapters.prometheus.connect import Connect
from aiops.adapters.prometheus.matchers import Matcher, inject
from aiops.adapters.prometheus.promql import parse
from aiops.errors import Rejected
from aiops.model import Signal, Times
from aiops.model.prometheus import PrometheusSettings
from aiops.ports import Series

_RANGES_AT_ONCE = 2  # so that a back-fill leaves room for everybody else's queries
_MOST_KEPT = 1024  # label sets of queries; far more than there are signals
_SAMPLES_A_REPLY = 1_000_000  # of a range query: about 30 MB of JSON

_COARSEST_RAW_MS = 60_000  # above, JSON of every step is less than all samples
_RAW_MS = 86_400_000  # of raw samples in one request

Labels = tuple[Mapping[str, str], ...]


class PrometheusSource:
    """A MetricSource. May be used by several threads; ``close`` lets the connections go."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self.settings = settings
        self.connect = Connect(settings)
        self.budget = Budget(settings.budget)
        self.matchers: tuple[Matcher, ...] = tuple(
            (label, "=", value) for label, value in sorted(settings.cluster_matchers.items())
        )
        self._identity = identity.Reader(self.connect, settings, self.matchers)
        self._labels: dict[str, Labels] = {}  # of the newest reply to each query
        self._reads = True  # whether the server does remote read, as far as we know
        self._ranges = threading.BoundedSemaphore(_RANGES_AT_ONCE)

    def query(self, signal: Signal, at_ms: int) -> Series:
        """The newest value of each series at ``at_ms`` (one column). Raises PortError."""
        self.budget.enter(at_ms)
        began = time.perf_counter()
        found: Series | None = None
        try:
            found = self.instant(inject(signal.query, self.matchers), at_ms)
        finally:
            series, samples = (len(found.labels), found.samples) if found else (0, 0)
            spent = time.perf_counter() - began
            self.budget.spend(at_ms, series=series, samples=samples, seconds=spent)
        return found

    def instant(self, query: str, at_ms: int) -> Series:
        """Any query as it stands, outside the budget."""
        began = time.perf_counter()
        # newer servers cut off there and warn; what no server needs to make, nobody has to read (M5)
        form = {"query": query, "time": _seconds(at_ms), "limit": str(self.settings.budget.series)}
        about = self.connect.ask("query", {**form, **self._terms()})
        answer = self._known(query, replies.vector(about.data, at_ms))
        return replies.series(answer, about, time.perf_counter() - began)

    def query_range(self, signal: Signal, start_ms: int, end_ms: int, step_ms: int) -> Series:
        """Samples with ``start_ms <= time <= end_ms``, one each ``step_ms``. Raises PortError."""
        if step_ms < 1 or end_ms < start_ms:
            raise Rejected(f"range: expected start <= end and a step, got {start_ms}..{end_ms} by {step_ms}")
        columns = (end_ms - start_ms) // step_ms + 1
        grid = start_ms + step_ms * np.arange(columns, dtype=np.int64)
        with self._ranges:
            return self._range(signal, grid, step_ms)

    def identity(self) -> str:
        """Which cluster answers, such as "cluster=blue"; "" if it does not say (M7). Raises PortError."""
        return self._identity.read()

    def close(self) -> None:
        """Let the connections go; questions under way end at once, in any thread; none is asked after."""
        self.connect.close()

    def _terms(self) -> dict[str, str]:
        """What every query says beside itself; nocache: VictoriaMetrics keeps to the times."""
        return {"timeout": f"{self.settings.deadline_s:g}", "stats": "1", "nocache": "1"}

    def _known(self, query: str, answer: replies.Answer) -> replies.Answer:
        """``answer`` with its labels checked, in the objects of the last reply if they did not change."""
        before = self._labels.get(query)
        if before is not None and before == answer.labels:
            return dataclasses.replace(answer, labels=before)
        sound = replies.checked(answer)
        if sound is answer:
            if len(self._labels) >= _MOST_KEPT:
                self._labels.clear()
            self._labels[query] = answer.labels
        return sound

    def _range(self, signal: Signal, grid: Times, step_ms: int) -> Series:
        began = time.perf_counter()
        labels = (signal.target.namespace, signal.target.name)
        most = self.settings.max_series_per_query
        times = shards.looks(int(grid[0]), int(grid[-1]))
        pieces: list[Series] = []
        for shard in shards.plan(self._counted, signal.query, labels, times, most):
            raw = self._raw(signal.query, shard.matchers, grid, step_ms)
            if raw is not None:
                pieces.extend(raw)
                continue
            query = inject(signal.query, (*self.matchers, *shard.matchers))
            points = min(self.settings.max_points_per_series, _SAMPLES_A_REPLY // max(shard.series, most) + 1)
            stretches = (grid[first : first + points] for first in range(0, len(grid), points))
            pieces.extend(self._piece(query, stretch, step_ms) for stretch in stretches)
        return dataclasses.replace(joined(pieces, grid), cost_s=time.perf_counter() - began)

    def _raw(
        self, query: str, matchers: tuple[Matcher, ...], grid: Times, step_ms: int
    ) -> list[Series] | None:
        """The samples of a plain selector by remote read; None where JSON is the way."""
        if self.settings.remote_read == "never" or not self._reads or step_ms > _COARSEST_RAW_MS:
            return None
        wanted = _plain(query)
        if wanted is None:
            return None
        every = (*wanted, *self.matchers, *matchers)
        try:
            external = self._identity.external()
            if any(label in external for label, _, _ in every):
                return None  # the server would leave these matchers out
            points = max(_RAW_MS // step_ms, 1)
            stretches = (grid[first : first + points] for first in range(0, len(grid), points))
            return [self._read(remote.Span(every, stretch), external) for stretch in stretches]
        except remote.NotOffered:
            self._reads = False
            return None

    def _read(self, span: remote.Span, external: Mapping[str, str]) -> Series:
        began = time.perf_counter()
        body = self.connect.read(span.request())
        answer = replies.checked(remote.answer(body, span, external, self.settings.max_body_bytes))
        return replies.series(answer, envelope.Document(None), time.perf_counter() - began)

    def _counted(self, query: str, at_ms: int) -> Series:
        return self.instant(inject(query, self.matchers), at_ms)

    def _piece(self, query: str, grid: Times, step_ms: int) -> Series:
        """One request: at most so many points a series as the server allows."""
        began = time.perf_counter()
        start_ms, end_ms = int(grid[0]), int(grid[-1])
        form = {"start": _seconds(start_ms), "end": _seconds(end_ms), "step": _seconds(step_ms)}
        about = self.connect.ask("query_range", {"query": query, **form, **self._terms()})
        answer = replies.checked(replies.matrix(about.data, start_ms, step_ms, len(grid)))
        return replies.series(answer, about, time.perf_counter() - began)


def _plain(query: str) -> tuple[Matcher, ...] | None:
    """The matchers of a query that is one selector and nothing else."""
    parsed = parse(query)
    if not parsed.plain:
        return None
    selector = parsed.selectors[0]
    named = (("__name__", "=", selector.name),) if selector.name else ()
    try:
        return (*named, *((label, sign, remote.bare(text)) for label, sign, text in selector.matchers))
    except Rejected:
        return None


def _seconds(at_ms: int) -> str:
    """Milliseconds as the API writes them, exactly."""
    return f"{at_ms // 1000}.{at_ms % 1000:03d}"


def joined(pieces: Sequence[Series], grid: Times) -> Series:
    """One Series of pieces whose times are stretches of ``grid``; the same labels are the same series."""
    if len(pieces) == 1:
        return pieces[0]
    row: dict[frozenset[tuple[str, str]], int] = {}
    labels: list[Mapping[str, str]] = []
    for piece in pieces:
        for one in piece.labels:
            if row.setdefault(frozenset(one.items()), len(labels)) == len(labels):
                labels.append(one)
    values = np.full((len(labels), len(grid)), np.nan)
    for piece in pieces:
        first = int(np.searchsorted(grid, piece.times[0])) if len(piece.times) else 0
        rows = [row[frozenset(one.items())] for one in piece.labels]
        values[rows, first : first + len(piece.times)] = piece.values
    return Series(
        tuple(labels),
        grid,
        values,
        warnings=tuple(dict.fromkeys(text for piece in pieces for text in piece.warnings)),
        partial=any(piece.partial for piece in pieces),
        cost_s=sum(piece.cost_s for piece in pieces),
        samples=sum(piece.samples for piece in pieces),
        rejected=sum(piece.rejected for piece in pieces),
        infos=tuple(dict.fromkeys(text for piece in pieces for text in piece.infos)),
    )
