"""Families: the names that common client libraries give to the same measurement. Data only.

Each signal's alternatives are queries in standard labels (namespace, pod, code) and with a window of 1m; a
server's own label names and scrape interval are fitted in later. The shipped query of a signal is always the
first alternative. Where a server has several families, their answers are joined by ``or``.
"""

from dataclasses import dataclass

BY = "sum by (namespace, pod)"


@dataclass(frozen=True, slots=True)
class Family:
    """One client library: its counter of requests, the label with the code, what a server's error is."""

    name: str
    count: str
    code: str
    bad: str
    bucket: str = ""
    per_s: float = 1.0  # units of the bucket in a second

    def traffic(self) -> str:
        """Requests a second."""
        return f"{BY} (rate({self.count}[1m]))"

    def errors(self) -> str:
        """Share of requests that ended in a server's error."""
        bad = f'{self.count}{{{self.code}=~"{self.bad}"}}'
        return (
            f"({BY} (rate({bad}[1m])) or 0 * {BY} (rate({self.count}[1m])))"
            f" / ({BY} (rate({self.count}[1m])) > 0)"
        )

    def latency(self) -> str:
        """95 of 100 are answered within, in seconds; "" without buckets."""
        if not self.bucket:
            return ""
        scale = "" if self.per_s == 1.0 else f" / {self.per_s:g}"
        return f"histogram_quantile(0.95, sum by (namespace, pod, le) (rate({self.bucket}[1m]))){scale}"


HTTP = (
    Family(
        "Micrometer (Spring Boot)",
        "http_server_requests_seconds_count",
        "code",
        "5..",
        "http_server_requests_seconds_bucket",
    ),
    Family(
        "OpenTelemetry before 1.23",
        "http_server_duration_milliseconds_count",
        "code",
        "5..",
        "http_server_duration_milliseconds_bucket",
        1000.0,
    ),
    Family(
        "http_requests_total", "http_requests_total", "code", "5..", "http_request_duration_seconds_bucket"
    ),
    Family(
        "http_request_duration_seconds",
        "http_request_duration_seconds_count",
        "code",
        "5..",
        "http_request_duration_seconds_bucket",
    ),
    Family(
        "prometheus-net (ASP.NET)",
        "http_requests_received_total",
        "code",
        "5..",
        "http_request_duration_seconds_bucket",
    ),
    Family(
        "Flask exporter",
        "flask_http_request_duration_seconds_count",
        "code",
        "5..",
        "flask_http_request_duration_seconds_bucket",
    ),
    Family("Django", "django_http_responses_total_by_status_total", "code", "5.."),
)
GRPC = (
    Family(
        "go-grpc-prometheus",
        "grpc_server_handled_total",
        "grpc_code",
        "Unknown|DeadlineExceeded|ResourceExhausted|Unimplemented|Internal|Unavailable|DataLoss",
        "grpc_server_handling_seconds_bucket",
    ),
)
# signal of the shipped packs -> (what its alternatives measure, their families)
ALTERNATIVES = {
    "request_rate": ("traffic", HTTP),
    "error_ratio": ("errors", HTTP),
    "latency_p95": ("latency", HTTP),
    "grpc_request_rate": ("traffic", GRPC),
    "grpc_error_ratio": ("errors", GRPC),
    "grpc_latency_p95": ("latency", GRPC),
}
_EACH = "by (namespace, pod, container)"
_CPU = f'sum {_EACH} (rate(container_cpu_usage_seconds_total{{container!="", container!="POD"}}[1m]))'
_MEMORY = f'sum {_EACH} (container_memory_working_set_bytes{{container!="", container!="POD"}})'
_OLD, _SPEC = "kube-state-metrics before 2.0", "limits as the kubelet tells them"
_QUOTA = 'container_spec_cpu_quota{container!=""} / container_spec_cpu_period{container!=""} > 0'


def _nearest(used: str, limit: str) -> str:
    """The share of the container that is nearest its limit."""
    return f"max by (namespace, pod) ({used} / max {_EACH} ({limit}))"


# older or other names, for where the shipped ones are not there
INSTEAD = {
    "cpu_usage": (
        (_OLD, _nearest(_CPU, "kube_pod_container_resource_limits_cpu_cores")),
        (_SPEC, _nearest(_CPU, _QUOTA)),
    ),
    "memory_working_set": (
        (_OLD, _nearest(_MEMORY, "kube_pod_container_resource_limits_memory_bytes")),
        (_SPEC, _nearest(_MEMORY, 'container_spec_memory_limit_bytes{container!=""} > 0')),
    ),
    "hpa_at_maximum": (
        (
            _OLD,
            "max by (namespace, horizontalpodautoscaler) ("
            "(kube_hpa_status_desired_replicas >= bool kube_hpa_spec_max_replicas)"
            " * (kube_hpa_spec_max_replicas > bool 1))",
        ),
    ),
}
# one of these is enough: the same requests must not be counted by two names
SAME = (
    {
        "http_requests_total",
        "http_request_duration_seconds_count",
        "http_requests_received_total",
    },
)


def alternatives(signal: str) -> list[tuple[str, str]]:
    """(name of the family, query) for ``signal``, beside its shipped query."""
    what, families = ALTERNATIVES.get(signal, ("", ()))
    found = [(family.name, getattr(family, what)()) for family in families] if what else []
    first: dict[str, str] = {}
    for name, query in found:
        first.setdefault(query, name)
    return [(name, query) for query, name in first.items() if query]
