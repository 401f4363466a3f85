"""Watch: what the loop does, as log lines and metrics. Fails open: nothing here may stop a tick."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiops.core.quality import Quality
from aiops.core.redact import BY_HAND
from aiops.engine.collect import Collected
from aiops.errors import AiopsError
from aiops.model import Record
from aiops.ports import Clock
from aiops.telemetry import Metrics, logger

SPOKEN_AGAIN_S = 300.0  # the same failure is logged this often, and counted every time


class LogWatcher:
    """``engine.live.Watcher`` over structlog and our own metrics."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self.metrics, self._clock, self._log = metrics, clock, logger("loop")
        self._said: dict[str, float] = {}
        self._blind: frozenset[str] = frozenset()
        self._open: dict[str, str] = {}

    def ticked(
        self, collected: Collected, quality: Quality, records: Sequence[Record], took_s: float
    ) -> None:
        """Count the tick, tell what it wrote down."""
        metrics = self.metrics
        metrics.tick_seconds.observe(took_s)
        metrics.ticks.labels("seeing" if quality.usable else "blind").inc()
        metrics.last_good_tick.set(collected.at_ms / 1000)
        self._signals(collected, quality)
        self.wrote(records)

    def wrote(self, records: Sequence[Record]) -> None:
        """Tell what was written down."""
        metrics = self.metrics
        for record in records:
            self._tell(record)
        if records:
            metrics.journal_records.set(records[-1].seq)
        for kind in ("observed", "predicted", "known"):
            metrics.open.labels(kind).set(sum(one == kind for one in self._open.values()))

    def _signals(self, collected: Collected, quality: Quality) -> None:
        metrics = self.metrics
        for signal, cost in collected.costs.items():
            metrics.signal_seconds.labels(signal).set(cost.seconds)
            metrics.signal_samples.labels(signal).set(cost.samples)
            metrics.signal_series.labels(signal).set(cost.series)
            metrics.signal_unmapped.labels(signal).set(sum(cost.unmapped.values()))
            metrics.rejected.labels(signal).inc(cost.rejected)
            metrics.blind.labels(signal).set(signal in quality.blind or bool(quality.identity_error))
        blind = frozenset(quality.blind) | ({"identity"} if quality.identity_error else frozenset())
        if blind != self._blind:  # one notice, however long it lasts (M1)
            write = self._log.warning if blind else self._log.info
            write("blind" if blind else "seeing", signals=sorted(blind), because=quality.why())
            self._blind = blind

    def _tell(self, record: Record) -> None:
        entry = record.entry
        match entry.kind:
            case "incident_opened" | "incident_closed":
                incident = entry.payload["incident"]
                what = entry.kind.removeprefix("incident_")
                self.metrics.incidents.labels(what).inc()
                if what == "opened":
                    self._open[entry.stream] = str(incident["kind"])
                else:
                    self._open.pop(entry.stream, None)
                self._log.info(f"incident_{what}", **gist(incident))
            case "decided":
                self._decided(entry.payload, entry.stream)
            case "change_answered" | "step_waits" | "step_ended" | "switch_changed" | "overwritten":
                self._acted(entry.kind, entry.payload, entry.stream)
            case "storm_began" | "storm_ended":
                self.metrics.storm.set(entry.kind == "storm_began")
                self._log.warning(entry.kind, because=entry.payload["because"])

    def _decided(self, payload: Mapping[str, Any], incident: str) -> None:
        decision, value = str(payload["decision"]), payload["value"]
        self.metrics.decisions.labels(decision).inc()
        against = [reason for reason in value["reasons"] if reason["lean"] != "permit"]
        for reason in against:
            self.metrics.objections.labels(reason["guard"], reason["lean"]).inc()
        plan = value["plan"]
        steps = [step["summary"] for step in plan["steps"]]
        self._log.info(
            "decided",
            incident=incident,
            decision=decision,
            playbook=plan["playbook"],
            step=steps[0] if steps else plan["reason"],
            against=[f"{reason['guard']}: {reason['text'].partition(BY_HAND)[0]}" for reason in against],
        )

    def _acted(self, kind: str, payload: Mapping[str, Any], stream: str) -> None:
        metrics = self.metrics
        match kind:
            case "change_answered":
                metrics.writes.labels(payload["answer"]).inc()
                told = {"intent": payload["intent"], "answer": payload["answer"]}
            case "step_waits":
                told = {"intent": payload["intent"]}
            case "step_ended":
                metrics.steps.labels(payload["result"]).inc()
                told = {"plan": payload["plan_id"], "result": payload["result"]}
            case "switch_changed":
                metrics.stopped.set(payload["stopped"] is not False)
                told = {"stopped": payload["stopped"], "detail": payload["because"]}
            case _:
                told = {"target": payload["target"], "by": payload["by"]}
        self._log.warning(kind, stream=stream, **{"detail": payload.get("detail", "")} | told)

    def told(self, incident_id: str, text: str) -> None:
        """What people are to know of an incident; until somebody reads a chat, they read the log."""
        self._log.info("told", incident=incident_id, text=text)

    def facts(self, age_s: float) -> None:
        """Note how old the picture of the cluster is."""
        self.metrics.facts_age.set(age_s)

    def learned(self, share: float, collected: Collected) -> None:
        """Tell how far the history is learned."""
        self.metrics.learned.set(share)
        failed = {one.signal: one.error for one in collected.readings if one.error}
        series = sum(len(panel.targets) for panel in collected.panels.values())
        self._log.info("history_learned", share=round(share, 3), series=series, failed=failed)

    def saved(self, rows: int) -> None:
        """Note when baselines were last saved."""
        self.metrics.baseline_rows.set(rows)
        self.metrics.baselines_saved.set(self._clock.now_ms() / 1000)

    def failed(self, what: str, error: Exception) -> None:
        """Count a failure; log it, the same one not again and again."""
        ours = isinstance(error, AiopsError)
        self.metrics.errors.labels(what, type(error).__name__).inc()
        text, now_s = f"{what}: {type(error).__name__}: {error}", self._clock.monotonic_s()
        if now_s - self._said.get(text, -SPOKEN_AGAIN_S) < SPOKEN_AGAIN_S:
            return
        if len(self._said) > 1000:
            self._said.clear()
        self._said[text] = now_s
        # what is not ours is a bug of ours: it comes with where it happened
        self._log.error("failed", where=what, error=str(error), exc_info=None if ours else error)

    def irregular(self, job: str, what: str, runs: int = 1) -> None:
        """Runs of a job were missed, skipped or failed: counted, never silent."""
        self.metrics.irregular.labels(job, what).inc(runs)
        self._log.warning("job_irregular", job=job, what=what, runs=runs)


def gist(incident: Mapping[str, Any]) -> dict[str, Any]:
    """What a log line says of an incident."""
    suspects = incident["suspects"]
    target = (suspects[0]["target"] if suspects else incident["targets"][0]) if incident["targets"] else {}
    named = "/".join(str(target.get(part)) for part in ("kind", "namespace", "name") if target.get(part))
    return {
        "incident": incident["id"],
        "kind": incident["kind"],
        "incident_class": incident["incident_class"],
        "severity": incident["severity"],
        "target": named,
        "since_ms": incident["since_ms"],
        "because": incident["closed_because"] or incident["opened_because"],
    }
