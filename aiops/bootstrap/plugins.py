"""Load plug-ins by entry point, lazily: one door for ours and for strangers'."""

import dataclasses
import functools
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from aiops.errors import ConfigError, Problem
from aiops.model import Signal
from aiops.plugin import Detector, MultiDetector, Parameters, Remediation

GROUPS = ("aiops.detectors", "aiops.remediations")


@functools.cache
def found(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of ``group`` by name; nothing is imported yet."""
    return {point.name: point for point in sorted(entry_points(group=group), key=lambda point: point.name)}


def _load(group: str, name: str) -> Any:
    points = found(group)
    if name not in points:
        raise ConfigError(
            [Problem(f"{group}", repr(name), f"one of {', '.join(points) or 'none installed'}")]
        )
    return points[name].load()


def _make(group: str, name: str, parameters: Mapping[str, Any]) -> Any:
    kind = _load(group, name)
    known = {field.name for field in dataclasses.fields(kind)}
    problems = [
        Problem(f"{name}.{key}", repr(value), f"one of {', '.join(sorted(known)) or 'no parameters'}")
        for key, value in parameters.items()
        if key not in known
    ]
    if problems:
        raise ConfigError(problems)
    try:
        return kind(**parameters)
    except (TypeError, ValueError) as error:
        raise ConfigError([Problem(name, repr(dict(parameters)), str(error))]) from error


def detector(
    name: str,
    signal: Signal | None = None,
    parameters: Parameters | None = None,
    *,
    interval_s: float | None = None,
    timezone: str | None = None,
) -> Detector | MultiDetector:
    """The detector ``name`` with ``parameters`` over what the signal says over its own defaults."""
    kind = _load("aiops.detectors", name)
    known = {field.name for field in dataclasses.fields(kind)}
    given: dict[str, Any] = {}
    if signal is not None:
        for key in ("direction", "min_abs", "min_rel", "limit", "edge", "for_s"):
            value = getattr(signal, key)
            if key in known and value is not None:
                given[key] = value
    if interval_s is not None and "interval_s" in known:
        given["interval_s"] = interval_s
    if timezone is not None and "timezone" in known:
        given["timezone"] = timezone
    return cast(Detector | MultiDetector, _make("aiops.detectors", name, given | dict(parameters or {})))


def remediation(name: str, parameters: Parameters | None = None) -> Remediation:
    """The remediation ``name`` with ``parameters`` over its defaults."""
    return cast(Remediation, _make("aiops.remediations", name, dict(parameters or {})))
