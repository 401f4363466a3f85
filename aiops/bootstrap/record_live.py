"""Record live: from options and settings to a job, its source and what the API server knows now."""

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from aiops.bootstrap.config import load_settings
from aiops.bootstrap.prometheus import make_source
from aiops.bootstrap.record import Job, Now, Progress, Summary, quietly, record
from aiops.core.rebuild_alerts import Rule
from aiops.errors import InputError, PortError, Problem
from aiops.model import PrometheusSettings, Signal
from aiops.settings import Settings

SETTLED_MS = 60_000  # the newest minute may still be on its way


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. Times are ms UTC or ms of a span."""

    prometheus: str
    output: Path
    since_ms: int
    step_ms: int
    until_ms: int | None = None
    config_dir: Path | None = None
    signals: tuple[str, ...] = ()
    kubeconfig: Path | None = None
    context: str = ""
    name: str = ""
    restart: bool = False


def record_live(options: Options, progress: Progress = quietly) -> Summary:
    """Record a Prometheus as ``options`` say. ConfigError, InputError for what is wrong; PortError where it
    does not answer: what was fetched stays, and the same call goes on."""
    settings = load_settings(options.config_dir)
    prometheus = _address(settings.prometheus, options.prometheus)
    job = job_of(options, settings)
    with closing(make_source(prometheus)) as source:
        now = Now()
        if options.kubeconfig is not None:
            from aiops.adapters.recording.kubernetes_now import read_now

            lines, known = read_now(options.kubeconfig, options.context, job.end_ms)
            now = Now(lines, known)
        return record(job, source, options.output, rules_of(source), now, progress)


def _address(settings: PrometheusSettings, url: str) -> PrometheusSettings:
    try:
        return replace(settings, url=url)
    except ValueError as error:
        raise InputError(f"--prometheus: {str(error).removeprefix('url: ')}") from error


def job_of(options: Options, settings: Settings) -> Job:
    """What to record: the span rounded to whole steps, the configured signals or those named."""
    until_ms = options.until_ms
    if until_ms is None:
        until_ms = int(time.time() * 1000) - SETTLED_MS
    step_ms = options.step_ms
    if step_ms < 1000 or options.since_ms < step_ms:
        got = f"--since {options.since_ms / 1000:g} s, --step {step_ms / 1000:g} s"
        raise InputError(
            [Problem("--since, --step", got, "a step of 1s or more, and a span of a step or more")]
        )
    if until_ms < options.since_ms:
        raise InputError([Problem("--since", f"{options.since_ms / 1000:g} s", "a start after 1970")])
    end_ms = until_ms // step_ms * step_ms
    return Job(
        name=options.name or options.output.resolve().name,
        signals=chosen(settings.signals, options.signals),
        start_ms=(until_ms - options.since_ms) // step_ms * step_ms,
        end_ms=end_ms,
        step_ms=step_ms,
        cluster=settings.cluster.name,
        matchers=tuple(sorted(settings.prometheus.cluster_matchers.items())),
        known_labels=known_labels(settings),
        origin=_shown(options.prometheus),
        restart=options.restart,
    )


def _shown(url: str) -> str:
    """The address without path or query, which may hold what is nobody's business."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def chosen(signals: tuple[Signal, ...], names: tuple[str, ...]) -> tuple[Signal, ...]:
    """The signals of those names, all without any; InputError naming every one that is not there."""
    if not names:
        return signals
    known = {signal.name for signal in signals}
    problems = [
        Problem("--signal", repr(name), f"one of {', '.join(sorted(known))}")
        for name in names
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    return tuple(signal for signal in signals if signal.name in names)


def known_labels(settings: Settings) -> tuple[str, ...]:
    """Label keys that the configuration names, so that they are found again in what was exported."""
    keys = {settings.policy.opt_in_label, settings.policy.protected_label}
    for playbook in settings.playbooks:
        keys |= set(playbook.when.labels)
    return tuple(sorted(keys - {""}))


def rules_of(source: object) -> Mapping[str, Rule]:
    """Runbook and summary of each alerting rule; nothing where the server does not show its rules."""
    from aiops.adapters.prometheus.source import PrometheusSource

    if not isinstance(source, PrometheusSource):
        return {}
    try:
        data = source.connect.ask("rules", {"type": "alert"}).data
    except PortError:
        return {}
    groups = data.get("groups") if isinstance(data, dict) else None
    found: dict[str, Rule] = {}
    for group in groups if isinstance(groups, list) else []:
        for rule in group.get("rules", ()) if isinstance(group, dict) else ():
            notes = rule.get("annotations") if isinstance(rule, dict) else None
            if isinstance(notes, dict) and isinstance(rule.get("name"), str):
                link, summary = (str(notes.get(key, "")) for key in ("runbook_url", "summary"))
                found[rule["name"]] = Rule(link, summary)
    return found
