"""From settings to a metric source: the Prometheus that the configuration names."""

from typing import TYPE_CHECKING

from aiops.model.prometheus import PrometheusSettings

if TYPE_CHECKING:
    from aiops.adapters.prometheus.source import PrometheusSource


def make_source(settings: PrometheusSettings) -> "PrometheusSource":
    """The source; nothing is asked yet. The client behind it costs half a second to import."""
    from aiops.adapters.prometheus.source import PrometheusSource

    return PrometheusSource(settings)


def identity_of(settings: PrometheusSettings) -> str:
    """What ``identity()`` of the right server says; "" where nothing is expected, so nothing is checked."""
    return ",".join(f"{label}={value}" for label, value in sorted(settings.expected_identity.items()))
