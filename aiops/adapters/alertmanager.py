"""Alertmanager: our incidents become alerts there; its silences and other alerts are read (API v2).

Push:    one alert an incident, ``alertname`` AiopsIncident, sent again as often as the herald shows it, with
         an end that is some resends ahead: when we die it resolves by itself. Closed is ``endsAt`` now.
         An alert is its labels: where severity or class of an incident change, the old one is ended in the
         same request in which the new one begins. Its stage is an annotation. Questions and notes are not
         pushed.
Read:    silences in force, and alerts that fire whose labels agree with ``matchers``; our own alerts never
         come back in as evidence.
Errors:  see ``aiops.adapters.outgoing``; Rejected for an answer that is none.
"""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from aiops.adapters.outgoing import ask, place
from aiops.adapters.webhook import iso
from aiops.core.rebuild_alerts import alert_target
from aiops.core.redact import one_line
from aiops.core.silences import ALERTNAME, fits, in_force
from aiops.errors import Rejected
from aiops.model import Alert, AlertmanagerSettings, Card, LabelMatcher, Note, Question, Silence
from aiops.ports import Clock, Others

WHERE = "notify.alertmanager.url"
AHEAD = 4  # resends that may be missed before it counts as resolved there
MOST_KEPT = 5_000  # incidents whose labels are remembered
MOST = 10_000  # alerts or silences of one answer


class Alertmanager:
    """``ports.Notifier`` and ``ports.EventSource`` over one Alertmanager. Safe between threads."""

    def __init__(self, settings: AlertmanagerSettings, cluster: str, clock: Clock) -> None:
        self._to = place(settings.url.rstrip("/"), WHERE, plain=True)
        self._settings, self._cluster, self._clock = settings, cluster, clock
        self._labels: dict[str, dict[str, str]] = {}  # by incident: as it was last pushed
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """ "alertmanager"."""
        return "alertmanager"

    def show(self, card: Card) -> None:
        """Push the incident; once it is closed, its end."""
        now_ms, one = self._clock.now_ms(), card.incident
        labels = self._labelled(card)
        with self._lock:
            before = self._labels.get(one.id, labels)
        ahead_ms = AHEAD * self._settings.resend_s * 1000
        end_ms = one.closed_ms if one.closed_ms is not None else now_ms + ahead_ms
        alerts = [_as_alert(card, labels, end_ms)]
        if before != labels:
            alerts.append(_as_alert(card, before, now_ms))
        self._ask("POST", "/api/v2/alerts", orjson.dumps(alerts), {"Content-Type": "application/json"})
        with self._lock:
            self._labels.pop(one.id, None)
            if one.closed_ms is None:
                self._labels[one.id] = labels
            while len(self._labels) > MOST_KEPT:
                del self._labels[next(iter(self._labels))]

    def ask(self, question: Question) -> None:
        """Nothing: an alert cannot be answered. The card says that something waits."""

    def note(self, note: Note) -> None:
        """Nothing: alerts have no threads."""

    def _labelled(self, card: Card) -> dict[str, str]:
        """By what people route and silence it."""
        one, prime = card.incident, card.incident.prime
        labels = {
            **self._settings.matchers,
            "alertname": ALERTNAME,
            "incident": one.id,
            "incident_class": one.incident_class,
            "severity": str(one.severity),
            "namespace": prime.namespace,
            "kind": prime.kind,
            "workload": prime.name,
            "cluster": self._settings.matchers.get("cluster", card.cluster or self._cluster),
            "owner": card.owner,
        }
        return {name: text for name, text in labels.items() if text}

    def others(self, at_ms: int) -> Others:
        """Silences in force and alerts that fire. Raises PortError."""
        silences = [one for one in self._silences() if in_force(one, at_ms) and self._ours(one)]
        return Others(at_ms, tuple(self._alerts()), tuple(silences))

    def _silences(self) -> Iterator[Silence]:
        for one in self._read("/api/v2/silences"):
            try:
                if one["status"]["state"] == "expired":
                    continue
                yield Silence(
                    id=str(one["id"]),
                    matchers=tuple(_matcher(each) for each in one["matchers"]),
                    from_ms=_at_ms(one["startsAt"]),
                    until_ms=_at_ms(one["endsAt"]),
                    by=one_line(str(one.get("createdBy", "")), longest=100),
                    comment=one_line(str(one.get("comment", "")), longest=200),
                )
            except (KeyError, TypeError, ValueError) as error:
                raise Rejected(f"{self._to.name}: a silence that cannot be read ({error!r})") from error

    def _ours(self, silence: Silence) -> bool:
        """Whether a silence may speak of this cluster: none of its matchers says that it is another's."""
        mine = self._settings.matchers
        return all(fits(one, mine[one.name]) for one in silence.matchers if one.name in mine)

    def _alerts(self) -> Iterator[Alert]:
        wanted = "".join(
            f"&filter={quote(_equal(name, text))}" for name, text in self._settings.matchers.items()
        )
        found: dict[tuple[str, object], Alert] = {}
        for one in self._read(f"/api/v2/alerts?active=true&silenced=true&inhibited=true{wanted}"):
            try:
                alert = _alert(one)
                labels = one["labels"]
            except (KeyError, TypeError, ValueError) as error:
                raise Rejected(f"{self._to.name}: an alert that cannot be read ({error!r})") from error
            if not alert.name:
                continue  # allowed there, and of no use as evidence
            mine = all(labels.get(name) == text for name, text in self._settings.matchers.items())
            if not mine or alert.name == ALERTNAME:
                continue
            key = alert.name, alert.target
            before = found.get(key)
            since_ms = alert.since_ms if before is None else min(before.since_ms, alert.since_ms)
            found[key] = replace(alert, since_ms=since_ms)
        yield from found.values()

    def _read(self, path: str) -> list[Mapping[str, Any]]:
        said = self._ask("GET", path)
        try:
            found = orjson.loads(said)
        except orjson.JSONDecodeError as error:
            raise Rejected(f"{self._to.name}: expected JSON, got something else") from error
        if not isinstance(found, list) or len(found) > MOST:
            raise Rejected(f"{self._to.name}: expected a list of at most {MOST}")
        return found

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        prefix = self._to.path.rstrip("/")
        return ask(self._to, method, self._settings.timeout_s, body, headers, prefix + path)


def _as_alert(card: Card, labels: Mapping[str, str], end_ms: int) -> dict[str, Any]:
    one = card.incident
    return {
        "labels": labels,
        "annotations": {
            "summary": one_line(f"{one.incident_class.replace('_', ' ')} of {one.prime}"),
            "description": one_line(one.closed_because or one.opened_because),
            "stage": card.stage,
            "decision": card.decision,
            "claimed_by": card.claimed_by,
        },
        "startsAt": iso(one.opened_ms),
        "endsAt": iso(end_ms),
    }


def _matcher(one: Mapping[str, Any]) -> LabelMatcher:
    return LabelMatcher(
        str(one["name"]), str(one["value"]), bool(one["isRegex"]), bool(one.get("isEqual", True))
    )


def _alert(one: Mapping[str, Any]) -> Alert:
    labels, notes = one["labels"], one.get("annotations") or {}
    return Alert(
        name=str(labels.get("alertname", "")),
        target=alert_target(labels, {}),
        since_ms=_at_ms(one["startsAt"]),
        severity=str(labels.get("severity", "")),
        runbook_url=str(notes.get("runbook_url", "")),
        summary=one_line(str(notes.get("summary", ""))),
    )


def _equal(name: str, text: str) -> str:
    """A filter of the API: a label that has exactly this value."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'


def _at_ms(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1000)
