"""Trends of a recording, or of what the configured Prometheus holds."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from aiops.adapters.clock import SystemClock
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.prometheus import make_source, must_answer
from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.rules import ONE_CLUSTER
from aiops.core.trends import Trends, trends
from aiops.engine.collect import Collector
from aiops.errors import InputError, PortError, Unavailable
from aiops.model import Facts, Panel, Signal

LIVE_MS = 14 * 86_400_000  # how far back the live Prometheus is asked, unless told otherwise
STEP_MS = 300_000


def of_recording(path: Path, last_ms: int | None = None) -> Trends:
    """The trends of the recording at ``path``, or of its ``last_ms``. InputError where it cannot be read."""
    recording = open_recording(path)
    start_ms = recording.start_ms if last_ms is None else max(recording.start_ms, recording.end_ms - last_ms)
    panels = [
        recording.panel(signal.name).between(start_ms, recording.end_ms + 1) for signal in recording.signals
    ]
    return _checked(str(path), panels, recording.signals, recording.facts(recording.end_ms))


def of_prometheus(config_dir: Path | None, last_ms: int | None = None) -> Trends:
    """The trends of the configured Prometheus, two weeks of it or the ``last_ms``. ConfigError for the
    configuration; Unavailable where no signal answered. Calls are those of the configuration."""
    settings = load_settings(config_dir)
    url = settings.prometheus.url
    try:
        must_answer(settings.prometheus)
    except PortError as error:
        raise Unavailable(f"no signal could be read from {url}: {error}") from error
    end_ms = SystemClock().now_ms()
    source, most = make_source(settings.prometheus), settings.detection.max_series
    facts = Facts(end_ms, cluster=settings.cluster.name, edges=settings.edges)
    with closing(Collector(source, settings.signals, ONE_CLUSTER, most)) as collector:
        collected = collector.history(end_ms - (last_ms or LIVE_MS), end_ms, STEP_MS, facts)
    errors = [f"{one.signal}: {one.error}" for one in collected.readings if one.error]
    if errors and not collected.panels:
        raise Unavailable(f"no signal could be read from {url}: {errors[0]}")
    return _checked(url, list(collected.panels.values()), settings.signals, facts)


def _checked(where: str, panels: Sequence[Panel], signals: Sequence[Signal], facts: Facts) -> Trends:
    if not any(panel.shape[0] and panel.shape[1] for panel in panels):
        raise InputError(f"{where}: expected samples in that stretch of time, got none")
    return trends(panels, {signal.name: signal for signal in signals}, facts)
