"""Run: put the daemon together, start it, stop it.

Order of the start: configuration, logs, journal (one daemon at a time), web (alive, not ready), baselines,
the missing history, the first tick, then the scheduler. SIGTERM: no new tick, the one under way ends,
baselines are saved, the journal is closed.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from aiops.adapters.baselines import FileBaselines
from aiops.adapters.clock import SystemClock
from aiops.adapters.scheduler import Scheduler
from aiops.bootstrap import notify
from aiops.bootstrap.acting import equip, reach_cluster
from aiops.bootstrap.answers import write_address
from aiops.bootstrap.audit import make_heads
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.facts import BothFacts, MetricFacts, RecordedFacts
from aiops.bootstrap.journal import lead
from aiops.bootstrap.others import WithOthers
from aiops.bootstrap.people import convene
from aiops.bootstrap.prometheus import identity_of, make_source
from aiops.bootstrap.record_live import known_labels, rules_of
from aiops.bootstrap.rules import ONE_CLUSTER, make_rules
from aiops.bootstrap.serving import make_server
from aiops.engine.ahead import Ahead
from aiops.engine.collect import Collector
from aiops.engine.heads import Heads
from aiops.engine.live import Live
from aiops.engine.loop import Loop
from aiops.engine.screens import Screens
from aiops.engine.watch import LogWatcher
from aiops.engine.window import Rings
from aiops.errors import InputError, Unavailable
from aiops.ports import FactSource, MetricSource, Store
from aiops.settings import Settings
from aiops.telemetry import Metrics, configure, logger

Job = tuple[float, Callable[[], object]]
SAVE_S, TIDY_S, FACTS_S = 60.0, 600.0, 15.0
STOP_S = 5.0  # for questions under way, once we are told to stop
KEPT_S, MOST_COLUMNS = 3 * 3600, 1_000  # what the rings hold: enough for what was calm before an incident


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; None: as configured."""

    config_dir: Path | None = None
    state: Path | None = None
    prometheus: str | None = None
    host: str | None = None
    port: int | None = None
    facts: Path | None = None
    log_format: str | None = None


def run(options: Options, stop: threading.Event) -> None:
    """Run until ``stop`` is set. ConfigError for what is wrong, Unavailable for a journal that is taken."""
    settings = settings_for(options)
    configure(options.log_format or settings.log.format, settings.log.level)
    log, metrics, clock = logger("run"), Metrics(), SystemClock()
    metrics.config.labels(settings.digest[:12], version("aiopsd")).set(1)
    state = find_state(options.config_dir, options.state)
    with ExitStack() as stack:
        store = stack.enter_context(lead(state))
        source = stack.enter_context(closing(make_source(settings.prometheus)))
        stack.enter_context(_ends_soon(stop, source.close))
        watcher = LogWatcher(metrics, clock)
        cluster = None
        if options.facts is None:
            cluster = stack.enter_context(reach_cluster(settings, watcher.failed))
        alerts = notify.alertmanager(settings, clock)
        live = assemble(settings, store, source, state, watcher, options.facts, cluster)
        live.facts_of = notify.with_others(live.facts_of, alerts, settings, watcher.failed)
        live.loop.tell = watcher.told
        switch = equip(live, settings, state, cluster, watcher.failed)
        stack.enter_context(closing(live.collector))
        people = stack.enter_context(
            convene(live, settings, state, alerts, watcher.failed, has_cluster=cluster is not None)
        )
        live.follow = people.herald.follow
        server = stack.enter_context(make_server(settings, live, metrics, people))
        write_address(state, server.url)
        log.info(
            "started",
            url=server.url,
            state=str(state),
            prometheus=settings.prometheus.url,
            signals=len(settings.signals),
            mode=settings.policy.mode,
            slack=settings.slack.mode,
            cluster="watched" if cluster is not None else "not reached: nothing can be changed",
            stopped=switch.why() or "no",
            digest=settings.digest[:12],
        )
        restored = live.restore()
        people.herald.start()
        log.info(
            "restored",
            screens=restored.screens,
            learned_until_ms=restored.learned_ms,
            incidents=len(live.loop.book.open),
            problems=list(restored.problems),
        )
        live.catch_up(restored, stop.is_set)
        live.save()
        heads = make_heads(live, settings, state, people.herald.note, cluster, watcher.failed)
        heads.sign()  # what a run that was killed has left
        _keep_going(live, stop, _jobs(live, settings, heads))
        live.save()
        heads.sign()
    log.info("stopped")


@contextmanager
def _ends_soon(stop: threading.Event, hang_up: Callable[[], None]) -> Iterator[None]:
    """Once told to stop, what is being asked gets ``STOP_S`` to be answered; then we hang up. Whoever stops
    us waits half a minute before the kill, and a server that is silent may keep us longer than that."""
    over = threading.Event()

    def wait() -> None:
        stop.wait()
        if not over.wait(STOP_S):
            hang_up()

    threading.Thread(target=wait, name="stop", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def settings_for(options: Options) -> Settings:
    """The settings with what the command line changes."""
    settings = load_settings(options.config_dir)
    server = settings.server
    try:
        prometheus = replace(settings.prometheus, url=options.prometheus or settings.prometheus.url)
    except ValueError as error:
        raise InputError(f"--prometheus: {error}") from error
    server = replace(server, host=options.host or server.host)
    server = server if options.port is None else replace(server, port=options.port)
    return replace(settings, prometheus=prometheus, server=server)


def assemble(
    settings: Settings,
    store: Store,
    source: MetricSource,
    state: Path,
    watcher: LogWatcher,
    facts: Path | None = None,
    cluster: FactSource | None = None,
) -> Live:
    """The daemon's parts, put together and not started; without ``cluster`` facts come from metrics alone."""
    rules = make_rules(settings, settings.signals)
    step_s = rules.detection.step_s
    rings = Rings(min(KEPT_S // step_s, MOST_COLUMNS))
    screens = Screens(rules, step_s)
    metric = None if facts is not None else _metric_facts(settings, source)
    return Live(
        loop=Loop(rules, store, store.term(), rings),
        screens=screens,
        rings=rings,
        collector=Collector(
            source,
            rules.signals,
            ONE_CLUSTER,
            rules.detection.max_series,
            settings.prometheus.cluster_matchers,
        ),
        facts_of=_facts(facts, metric, cluster, watcher),
        refresh=None if metric is None else functools.partial(_refresh, metric, watcher),
        baselines=FileBaselines(
            state / "baselines",
            lambda name, problem: watcher.failed(f"baseline {name}", Unavailable(problem)),
        ),
        clock=SystemClock(),
        watcher=watcher,
        identity=identity_of(settings.prometheus),
        ahead=Ahead(rules, rings, screens),
    )


def _facts(
    recorded: Path | None, metric: MetricFacts | None, cluster: FactSource | None, watcher: LogWatcher
) -> FactSource | None:
    if recorded is not None:
        return RecordedFacts(recorded)
    return metric if cluster is None else BothFacts(cluster, metric, watcher.failed)


def _refresh(metric: MetricFacts, watcher: LogWatcher) -> None:
    metric.keep_fresh(SystemClock().now_ms, watcher.failed)


def _metric_facts(settings: Settings, source: MetricSource) -> MetricFacts:
    rules = functools.cache(lambda: rules_of(source))  # runbook links: read once
    return MetricFacts(source, settings.cluster.name, known_labels(settings), rules)


def _jobs(live: Live, settings: Settings, heads: Heads) -> dict[str, Job]:
    """What is done beside the ticks: by name, how often (seconds) and what."""
    jobs: dict[str, Job] = {
        "save": (SAVE_S, live.save),
        "tidy": (TIDY_S, live.tidy),
        "refit": (live.loop.rules.detection.refit_s, live.refit),
        "audit": (settings.audit.every_s, heads.sign),
    }
    if live.refresh is not None:
        jobs["facts"] = FACTS_S, live.refresh
    others = live.facts_of
    if isinstance(others, WithOthers):
        jobs["others"] = FACTS_S, lambda: others.refresh(live.clock.now_ms())
    return jobs


def _keep_going(live: Live, stop: threading.Event, jobs: Mapping[str, Job]) -> None:
    """Tick at once, then at intervals, until told to stop; the run under way ends first."""
    watcher = live.watcher
    assert isinstance(watcher, LogWatcher)  # noqa: S101 - we assembled it
    scheduler = Scheduler(watcher.irregular)
    if not stop.is_set():
        live.tick()
        scheduler.every(live.step_ms / 1000, "tick", live.tick)
        for name, (seconds, job) in jobs.items():
            scheduler.every(seconds, name, job)
        scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.stop()
        live.ended = True
