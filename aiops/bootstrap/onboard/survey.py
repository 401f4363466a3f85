"""Survey: what a foreign Prometheus holds, asked for once and in small questions.

Every question carries the matchers of the chosen cluster. What a server does not offer (Thanos and Mimir list
no targets) is found out another way or told as unknown, never an error.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiops.adapters.prometheus.identity import Reader
from aiops.adapters.prometheus.matchers import Matcher, inject, written
from aiops.adapters.prometheus.source import PrometheusSource
from aiops.errors import Forbidden, NotFound, Rejected

RECENT_S = 900  # what was seen within so long is there
_UNOFFERED = (NotFound, Forbidden, Rejected)
_USUAL_S = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the series of one metric look like now."""

    labels: frozenset[str]
    jobs: tuple[str, ...]
    interval_s: float  # the slowest scrape among its jobs


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording rule."""

    name: str
    query: str
    interval_s: float


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule."""

    name: str
    runbook: str = ""


@dataclass(slots=True)
class Survey:
    """What was found. ``shape`` asks when it is first wanted."""

    source: PrometheusSource
    at_ms: int
    metrics: frozenset[str] = frozenset()
    intervals: Mapping[str, float] = field(default_factory=dict)  # job -> seconds
    targets: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # job -> (all, down)
    rules: tuple[Rule, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    firing: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # what the server does not tell
    _shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def interval_s(self) -> float:
        """The most common scrape interval, by targets; 15 s where nobody says."""
        votes: Counter[float] = Counter()
        for job, interval in self.intervals.items():
            votes[interval] += self.targets.get(job, (1, 0))[0]
        return votes.most_common(1)[0][0] if votes else 15.0

    def rows(self, query: str) -> list[tuple[Mapping[str, str], float]]:
        """(labels, value) of an instant query, our cluster's only."""
        series = self.source.instant(inject(query, self.source.matchers), self.at_ms)
        return list(zip(series.labels, series.values[:, 0].tolist(), strict=True))

    def shape(self, metric: str) -> Shape | None:
        """The shape of ``metric``; None where it has no series."""
        if metric not in self.metrics:
            return None
        if metric not in self._shapes:
            selector = f"{metric}{{{written(self.source.matchers)}}}"
            labels = self._listed("labels", {"match[]": selector})
            jobs = tuple(sorted({row.get("job", "") for row, _ in self.rows(f"group by (job) ({metric})")}))
            self._shapes[metric] = Shape(frozenset(labels), jobs, self._interval_s(metric, jobs))
        return self._shapes[metric]

    def _interval_s(self, metric: str, jobs: Iterable[str]) -> float:
        recorded = [rule.interval_s for rule in self.rules if rule.name == metric]
        scraped = [self.intervals[job] for job in jobs if job in self.intervals]
        return max([*recorded, *scraped], default=self.interval_s)

    def _listed(self, path: str, form: Mapping[str, object]) -> list[str]:
        span = {"start": f"{self.at_ms / 1000 - RECENT_S:.3f}", "end": f"{self.at_ms / 1000:.3f}"}
        data = self.source.connect.ask(path, {**form, **span}).data
        return [one for one in data if isinstance(one, str)] if isinstance(data, list) else []


def evidence(source: PrometheusSource, at_ms: int) -> tuple[str, frozenset[str]]:
    """What tells clusters apart, with its labels: nodes or pods, else targets. ("", none) of an empty server.

    Not targets first: an exporter of a database may well have a label ``cluster`` of its own.
    """
    found = Survey(source, at_ms)
    for metric in ("kube_node_info", "kube_pod_info", "up"):
        labels = found._listed("labels", {"match[]": metric})
        if labels:
            return metric, frozenset(labels)
    return "", frozenset()


def values_of(source: PrometheusSource, metric: str, label: str, at_ms: int) -> dict[str, int]:
    """Series of ``metric`` by the value of ``label``; "" are those without it."""
    series = source.instant(f"count by ({label}) ({metric})", at_ms)
    counts = series.values[:, 0].tolist()
    return {row.get(label, ""): int(count) for row, count in zip(series.labels, counts, strict=True)}


def external_labels(source: PrometheusSource) -> Mapping[str, str]:
    """The server's own external labels; none where it does not show its configuration."""
    return Reader(source.connect, source.settings, ()).external()


def surveyed(source: PrometheusSource, at_ms: int) -> Survey:
    """Look round. Raises PortError where the server cannot answer queries at all."""
    found = Survey(source, at_ms)
    unknown = []
    match = {"match[]": f'{{__name__!="",{written(source.matchers)}}}'} if source.matchers else {}
    found.metrics = frozenset(found._listed("label/__name__/values", match))
    try:
        found.targets, found.intervals = _targets(source)
    except _UNOFFERED:
        unknown.append("targets and scrape intervals (estimated from `up`)")
    if not found.intervals:
        found.intervals = _estimated(found)
    try:
        found.rules, found.alerts = _rules(source)
    except _UNOFFERED:
        unknown.append("recording and alerting rules")
    if "ALERTS" in found.metrics:
        rows = found.rows('count by (alertname) (ALERTS{alertstate="firing"})')
        found.firing = {row.get("alertname", ""): int(count) for row, count in rows}
    found.unknown = tuple(unknown)
    return found


def seconds(text: object) -> float:
    """Seconds of "15s" or "1m0s"; a number is seconds already; 0 for anything else."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    parts = _DURATION.findall(text) if isinstance(text, str) else []
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def _targets(source: PrometheusSource) -> tuple[dict[str, tuple[int, int]], dict[str, float]]:
    targets: dict[str, tuple[int, int]] = {}
    intervals: dict[str, Counter[float]] = {}
    for one in _dicts(_get(source.connect.ask("targets", {"state": "active"}).data, "activeTargets")):
        labels = one.get("labels")
        if not isinstance(labels, dict) or not _ours(labels, source.matchers):
            continue
        job = str(labels.get("job", ""))
        every, down = targets.get(job, (0, 0))
        targets[job] = (every + 1, down + (one.get("health") == "down"))
        if (interval := seconds(one.get("scrapeInterval"))) > 0:
            intervals.setdefault(job, Counter())[interval] += 1
    return targets, {job: votes.most_common(1)[0][0] for job, votes in intervals.items()}


def _ours(labels: Mapping[str, object], matchers: tuple[Matcher, ...]) -> bool:
    """A target of another cluster shows another value; one that shows none may be ours."""
    return all(labels.get(label, value) == value for label, _, value in matchers)


def _estimated(found: Survey) -> dict[str, float]:
    """Scrape intervals from how many samples ``up`` had in ten minutes."""
    intervals = {}
    for row, count in found.rows("max by (job) (count_over_time(up[10m]))"):
        if count >= 2:
            intervals[row.get("job", "")] = float(min(_USUAL_S, key=lambda usual: abs(usual - 600 / count)))
    return intervals


def _rules(source: PrometheusSource) -> tuple[tuple[Rule, ...], tuple[AlertRule, ...]]:
    rules, alerts = [], []
    for group in _dicts(_get(source.connect.ask("rules").data, "groups")):
        interval = seconds(group.get("interval")) or 60.0
        for rule in _dicts(group.get("rules")):
            name, query = rule.get("name"), rule.get("query")
            if not isinstance(name, str) or not isinstance(query, str):
                continue
            if rule.get("type") == "recording":
                rules.append(Rule(name, query, interval))
            else:
                alerts.append(AlertRule(name, str(_get(rule.get("annotations"), "runbook_url") or "")))
    return tuple(rules), tuple(alerts)


def _get(data: object, key: str) -> object:
    return data.get(key) if isinstance(data, dict) else None


def _dicts(data: object) -> list[dict[str, object]]:
    """The objects of a list; whatever else a server may send is left out."""
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
