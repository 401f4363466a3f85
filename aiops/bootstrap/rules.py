"""From settings to rules: detectors and remediations by entry point, the default stack composed."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiops.bootstrap import plugins
from aiops.core.stack import compose
from aiops.engine.rules import Rules
from aiops.errors import ConfigError, Problem
from aiops.model import Signal
from aiops.plugin import Detector, MultiDetector, Parameters
from aiops.settings import Settings

ONE_CLUSTER = ""  # targets repeat no cluster's name: those of facts, of edges and of series must be equal
DEFAULT = "default"  # the name of the stack, which is no entry point of its own


def make_detector(
    parameters: Mapping[str, Parameters],
    timezone: str,
    name: str,
    signal: Signal | None,
    interval_s: float,
    holidays: str = "",
) -> Detector | MultiDetector:
    """The detector ``name`` for ``signal``, or the default stack of several."""

    def single(member: str) -> Detector | MultiDetector:
        given = parameters.get(member)
        civil = {"timezone": timezone, "holidays": holidays}
        return plugins.detector(member, signal, given, interval_s=interval_s, **civil)

    if name != DEFAULT:
        return single(name)

    def member_of(member: str) -> Detector:
        made = single(member)
        assert isinstance(made, Detector)  # noqa: S101 - the stack's own table names only such
        return made

    return compose(member_of)


def merged(recorded: Sequence[Signal], configured: Sequence[Signal]) -> tuple[Signal, ...]:
    """The signals of a recording, judged as the configuration says: it wins in all but query and mapping,
    which are how the recording was made."""
    ours = {signal.name: signal for signal in configured}
    return tuple(
        replace(ours[one.name], query=one.query, target=one.target, unit=one.unit, rollup=one.rollup)
        if one.name in ours
        else one
        for one in recorded
    )


def _forests(settings: Settings, signals: Sequence[Signal]) -> Mapping[str, tuple[str, ...]]:
    """Which signals detectors of several read; ConfigError for one that nobody has."""
    known = {signal.name for signal in (*signals, *settings.signals)}
    problems = [
        Problem(f"detectors.forests.{name}", repr(one), f"one of {', '.join(sorted(known))}")
        for name, members in settings.detectors.forests.items()
        for one in members
        if one not in known
    ]
    if problems:
        raise ConfigError(problems)
    return settings.detectors.forests


def make_rules(settings: Settings, signals: Sequence[Signal], cluster: str = "") -> Rules:
    """Everything the loop decides by; raises ConfigError for a plug-in that is not there."""
    return Rules(
        signals=tuple(signals),
        detection=settings.detection,
        correlation=settings.correlation,
        policy=settings.policy,
        approvals=settings.approvals,
        playbooks=settings.playbooks,
        detector=functools.partial(
            make_detector,
            settings.detectors.parameters,
            settings.detection.timezone,
            holidays=settings.detection.holidays,
        ),
        remediation=plugins.remediation,
        cluster=cluster or settings.cluster.name,
        edges=settings.edges,
        digest=settings.digest,
        forests=_forests(settings, signals),
    )
