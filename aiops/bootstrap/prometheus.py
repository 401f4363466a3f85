"""From settings to a metric source: the Prometheus that the configuration names."""

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from aiops.errors import InputError, Unavailable
from aiops.model.prometheus import PrometheusSettings

if TYPE_CHECKING:
    from aiops.adapters.prometheus.source import PrometheusSource

PATIENCE_S = 8.0


def make_source(settings: PrometheusSettings) -> "PrometheusSource":
    """The source; nothing is asked yet. InputError where a file that it names cannot be read: later, when it
    is renewed, that would pass. The client behind it costs half a second to import."""
    from aiops.adapters.prometheus.credentials import headers
    from aiops.adapters.prometheus.source import PrometheusSource

    try:
        headers(settings)
    except Unavailable as error:
        raise InputError(str(error)) from error
    return PrometheusSource(settings)


def must_answer(settings: PrometheusSettings, patience_s: float = PATIENCE_S) -> None:
    """Ask one small question, so that a person who waits hears within ``patience_s`` that nobody answers.
    Raises PortError."""
    deadline_s = min(patience_s, settings.deadline_s)
    hasty = replace(settings, deadline_s=deadline_s, read_timeout_s=min(deadline_s, settings.read_timeout_s))
    with closing(make_source(hasty)) as source:
        source.instant("vector(1)", int(1000 * time.time()))


def identity_of(settings: PrometheusSettings) -> str:
    """What ``identity()`` of the right server says; "" where nothing is expected, so nothing is checked."""
    return ",".join(f"{label}={value}" for label, value in sorted(settings.expected_identity.items()))
