"""Metrics: what we say of ourselves, for Prometheus. The registry is our own: tests do not share it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Every metric of the daemon, by its short name; ``page`` is what ``/metrics`` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge, counter = self._gauge, self._counter
        self.tick_seconds = Histogram(
            "aiops_tick_seconds", "Duration of a tick.", buckets=SECONDS, registry=self.registry
        )
        self.ticks = counter("ticks", "Ticks by result.", "result")
        self.last_good_tick = gauge(
            "last_successful_tick_timestamp_seconds", "When a tick was last journalled."
        )
        self.irregular = counter(
            "scheduler_irregular", "Runs of a job that were missed, skipped or failed.", "job", "what"
        )
        self.errors = counter("errors", "Errors that the loop survived.", "where", "kind")
        self.signal_seconds = gauge("signal_query_seconds", "Duration of the newest query.", "signal")
        self.signal_samples = gauge("signal_query_samples", "Samples the newest query touched.", "signal")
        self.signal_series = gauge("signal_series", "Series the newest query returned.", "signal")
        self.signal_unmapped = gauge("signal_unmapped_series", "Series that name no target.", "signal")
        self.rejected = counter("samples_rejected", "Samples thrown away: duplicates, unreadable.", "signal")
        self.blind = gauge("blind", "1 while the data of a signal cannot be acted upon.", "signal")
        self.storm = gauge("storm", "1 while a storm is on.")
        self.open = gauge("incidents_open", "Open incidents by kind.", "kind")
        self.incidents = counter("incidents", "Incidents opened and closed.", "what")
        self.decisions = counter("decisions", "Decisions by kind.", "decision")
        self.objections = counter(
            "guard_objections", "Guards that spoke against acting, by what they leaned to.", "guard", "lean"
        )
        self.steps = counter("steps", "What came of steps.", "result")
        self.writes = counter("writes", "Answers of the API server to our writes.", "answer")
        self.stopped = gauge("stopped", "1 while the kill switch is on or cannot be read.")
        self.approvals = gauge("approvals_pending", "Questions that wait for an answer of people.")
        self.facts_age = gauge("facts_age_seconds", "Age of what is known of the cluster.")
        self.journal_records = gauge("journal_records", "Records of the journal.")
        self.baseline_rows = gauge("baseline_rows", "Series with learned state.")
        self.baselines_saved = gauge("baselines_saved_timestamp_seconds", "When baselines were last saved.")
        self.learned = gauge("history_learned_ratio", "Share of the history that was learned at the start.")
        self.config = gauge("config_info", "1; the configuration in force.", "digest", "version")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"aiops_{name}", text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"aiops_{name}", text, labels, registry=self.registry)

    def page(self) -> tuple[bytes, str]:
        """(body, content type)."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
