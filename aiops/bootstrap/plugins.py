"""Load plug-ins by entry point, lazily: one door for ours and for strangers'."""

import dataclasses
import difflib
import functools
import typing
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


def objections(group: str, name: str, parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is wrong with ``parameters`` for the plug-in ``name``: (parameter or "", got, expected)."""
    kind = _load(group, name)
    hints = typing.get_type_hints(kind)
    known = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    found = []
    for key, value in parameters.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            names = f"one of {', '.join(sorted(known))}" if known else "no parameters"
            found.append(
                (key, "an unknown parameter", f'"{close[0]}" (did you mean that?)' if close else names)
            )
        elif not _fits(value, known[key]):
            found.append((key, repr(value), f"a value of type {getattr(known[key], '__name__', known[key])}"))
    if found:
        return found
    try:
        kind(**parameters)
    except (TypeError, ValueError) as error:  # "field: expected this, got that"
        key, _, rest = str(error).partition(": ")
        expected, _, got = (rest if key in known else str(error)).partition(", got ")
        where = key if key in parameters else ""
        found.append((where, got or repr(dict(parameters)), expected.removeprefix("expected ")))
    return found


def _fits(value: object, hint: Any) -> bool:
    """Whether ``value`` is of the type of a parameter; a truth is no number."""
    if isinstance(value, bool) and hint in (int, float):
        return False
    allowed = (int, float) if hint is float else hint
    return isinstance(value, allowed) if hint in (bool, float, int, str) else True


def _make(group: str, name: str, parameters: Mapping[str, Any]) -> Any:
    if found := objections(group, name, parameters):
        raise ConfigError(
            [Problem(f"{name}.{key}" if key else name, got, expected) for key, got, expected in found]
        )
    return _load(group, name)(**parameters)


def detector(
    name: str,
    signal: Signal | None = None,
    parameters: Parameters | None = None,
    *,
    interval_s: float | None = None,
    timezone: str | None = None,
    holidays: str | None = None,
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
    if holidays is not None and "holidays" in known:
        given["holidays"] = holidays
    return cast(Detector | MultiDetector, _make("aiops.detectors", name, given | dict(parameters or {})))


def remediation(name: str, parameters: Parameters | None = None) -> Remediation:
    """The remediation ``name`` with ``parameters`` over its defaults."""
    return cast(Remediation, _make("aiops.remediations", name, dict(parameters or {})))
