"""Onboard: look at a foreign Prometheus, and write the configuration that fits it.

Input:   its address and how to get in; the name of the cluster where it holds several.
Output:  a configuration folder that passes check-config, and a Report of what is seen, how soon, what not.
Errors:  InputError where only a person can decide; PortError where the server does not answer.
Cost:    one to three small queries a metric that a signal needs: some 150 in all.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiops.bootstrap.onboard import coverage, folder
from aiops.bootstrap.onboard.adapt import Adapted, adapt
from aiops.bootstrap.onboard.cluster import Choice, choose
from aiops.bootstrap.onboard.survey import Survey, surveyed
from aiops.bootstrap.prometheus import make_source
from aiops.model import Detection, Target
from aiops.model.prometheus import PrometheusSettings

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One signal of the table. ``fastest_s``: the soonest an anomaly can be raised; None where unseen."""

    signal: str
    pack: str
    series: int = 0
    targets: int = 0
    workloads: int = 0
    fastest_s: float | None = None
    scrape_s: float | None = None
    notes: tuple[str, ...] = ()  # how it was fitted
    missing: str = ""  # why it cannot be seen
    unmapped: Mapping[str, int] = field(default_factory=dict)  # reason -> series


@dataclass(frozen=True, slots=True)
class Report:
    """What onboarding found. ``stands_in``: recorded series -> the raw ones they are used for."""

    url: str
    folder: str  # "" where no signal can be seen: nothing is written then
    cluster: str
    cluster_why: str
    other_clusters: tuple[str, ...]
    identity: Mapping[str, str]
    metrics: int
    targets: int
    targets_down: int
    step_s: int
    scrape_intervals: Mapping[str, float]
    exported_labels: tuple[str, ...]  # what a scrape without honor_labels renamed
    rows: tuple[Row, ...]
    workloads: int  # known by their owners
    covered: int  # of those, seen by a signal
    uncovered: tuple[str, ...]  # the first of those that are not
    stands_in: Mapping[str, str]
    managers: Mapping[str, int]
    alerts: int
    runbooks: int  # of the alerts, with a link
    firing: Mapping[str, int]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    prometheus: PrometheusSettings
    folder: Path
    cluster_label: str | None = None
    cluster: str | None = None


def onboard(options: Options, progress: Progress) -> Report:
    """Look, adapt, write. Nothing is written before everything was found out."""
    from aiops.bootstrap.config import load_shipped

    folder.must_be_free(options.folder)
    shipped = load_shipped()
    at_ms = int(time.time() * 1000)
    progress(0.0, "which cluster")
    with closing(make_source(options.prometheus)) as source:
        choice = choose(source, at_ms, options.cluster_label, options.cluster)
    settings = replace(
        options.prometheus,
        cluster_matchers=dict(choice.matchers),
        expected_identity=dict(choice.identity),
    )
    with closing(make_source(settings)) as source:
        progress(0.05, "what there is")
        found = surveyed(source, at_ms)
        adapted = []
        for number, signal in enumerate(shipped.signals):
            progress(0.1 + 0.5 * number / len(shipped.signals), signal.name)
            adapted.append(adapt(signal, found))
        owned = coverage.owners(found)
        seen = coverage.look(adapted, found, owned, lambda share, what: progress(0.6 + 0.4 * share, what))
    adapted = [_checked(one, seen.get(one.signal.name)) for one in adapted]
    step_s = max(1, round(found.interval_s))
    if not all(one.missing for one in adapted):
        main = folder.main_file(settings, choice.name, step_s, adapted, shipped.state)
        folder.write_folder(options.folder, main, adapted, settings.url)
    detection = replace(shipped.detection, step_s=step_s)
    return _report(options, choice, found, adapted, seen, owned, detection)


def _checked(one: Adapted, seen: coverage.Seen | None) -> Adapted:
    """A signal whose query the server refused is not written as one that works."""
    return one if seen is None or not seen.error else replace(one, missing=f"refused: {seen.error}")


def _report(
    options: Options,
    choice: Choice,
    found: Survey,
    adapted: list[Adapted],
    seen: Mapping[str, coverage.Seen],
    owned: coverage.Owners,
    detection: Detection,
) -> Report:
    rows = tuple(_row(one, seen.get(one.signal.name), detection) for one in adapted)
    covered: set[Target] = set().union(*(one.workloads for one in seen.values())) & owned.workloads
    exported = {label for shape in found._shapes.values() for label in shape.labels}
    return Report(
        url=options.prometheus.url,
        folder="" if all(one.missing for one in adapted) else str(options.folder),
        cluster=choice.name,
        cluster_why=choice.why,
        other_clusters=choice.others,
        identity=dict(choice.identity),
        metrics=len(found.metrics),
        targets=sum(every for every, _ in found.targets.values()),
        targets_down=sum(down for _, down in found.targets.values()),
        step_s=detection.step_s,
        scrape_intervals=dict(sorted(found.intervals.items())),
        exported_labels=tuple(sorted(one for one in exported if one.startswith("exported_"))),
        rows=rows,
        workloads=len(owned.workloads),
        covered=len(covered),
        uncovered=tuple(str(one) for one in sorted(owned.workloads - covered)[:20]),
        stands_in={name: raw for one in adapted for name, raw in one.stands_in.items()},
        managers=dict(sorted(owned.managers.items())),
        alerts=len(found.alerts),
        runbooks=sum(bool(alert.runbook) for alert in found.alerts),
        firing=dict(sorted(found.firing.items())),
        unknown=found.unknown,
    )


def _row(one: Adapted, seen: coverage.Seen | None, detection: Detection) -> Row:
    if one.missing or seen is None:
        return Row(one.signal.name, one.signal.pack, missing=one.missing)
    return Row(
        one.signal.name,
        one.signal.pack,
        series=seen.series,
        targets=seen.targets,
        workloads=len(seen.workloads),
        fastest_s=coverage.fastest_s(one, detection),
        scrape_s=one.interval_s,
        notes=one.notes,
        unmapped=dict(seen.unmapped),
    )
