"""Webhook: notices as JSON, posted to a URL of the configuration, signed where a secret is given.

It tells and never asks: a question comes with how to answer it elsewhere. Pictures are not sent, and commands
only where it is not certain that enough people can answer.

Input:   cards, questions, notes; each is one POST, a card again whenever it changed.
Output:  a body as ``docs/how-to/notify.md`` describes (``version`` 1); headers ``X-Aiops-Delivery`` (the same
         for the same content: who gets it twice can tell), ``X-Aiops-Timestamp`` (seconds) and
         ``X-Aiops-Signature-256``: ``sha256=`` and the HMAC-SHA256, in hexadecimal, of the timestamp, a dot
         and the body. A receiver refuses an old timestamp, and compares in constant time.
Errors:  see ``aiops.adapters.outgoing``.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops.adapters.outgoing import ask, place
from aiops.core.approvals.rights import possible
from aiops.core.redact import one_line
from aiops.errors import ConfigError, Problem, Unavailable
from aiops.model import Approval, ApprovalSettings, Card, Incident, Note, Question, WebhookSettings
from aiops.model.wire import canonical, digest
from aiops.ports import Clock

VERSION = 1
MOST = 20  # targets and suspects
LONGEST = 2_000  # characters of a note


class Webhook:
    """``ports.Notifier`` over one URL."""

    def __init__(
        self,
        name: str,
        settings: WebhookSettings,
        clock: Clock,
        console_url: str = "",
        approvals: ApprovalSettings | None = None,
    ) -> None:
        self._where = f"notify.webhooks.{name}"
        self._to = place(settings.url, f"{self._where}.url", plain=settings.plain_http)
        self._settings, self._clock, self._console = settings, clock, console_url.rstrip("/")
        self._name, self._approvals = f"webhook {name}", approvals
        if settings.secret_file:
            try:
                self._secret()
            except Unavailable as error:
                got = str(error)
                raise ConfigError([Problem(f"{self._where}.secret_file", got, "a secret")]) from error

    @property
    def name(self) -> str:
        """ "webhook <name>"."""
        return self._name

    def show(self, card: Card) -> None:
        """Post the incident as it stands."""
        self._post("card", card.cluster, card_body(card))

    def ask(self, question: Question) -> None:
        """Post the question, with how to answer it elsewhere."""
        self._post(
            "question", question.approval.cluster, question_body(question, self._console, self._approvals)
        )

    def note(self, note: Note) -> None:
        """Post a detail."""
        body = {
            "text": note.text[:LONGEST],
            "incident": note.incident_id,
            "about": note.about,
            "at": iso(note.at_ms) if note.at_ms else None,
            "roles": list(note.roles),
            "owner": note.owner,
            "loud": note.loud,
        }
        self._post("note", "", body)

    def _post(self, kind: str, cluster: str, inner: Mapping[str, Any]) -> None:
        delivery = digest("delivery", [kind, cluster, inner])[:32]
        now_ms = self._clock.now_ms()
        body = canonical(
            {"version": VERSION, "kind": kind, "cluster": cluster, "sent": iso(now_ms), kind: inner}
        )
        stamp = str(now_ms // 1000)
        headers = {
            "Content-Type": "application/json",
            "X-Aiops-Delivery": delivery,
            "X-Aiops-Timestamp": stamp,
        }
        if self._settings.secret_file:
            headers["X-Aiops-Signature-256"] = signature(self._secret(), stamp, body)
        ask(self._to, "POST", self._settings.timeout_s, body, headers)

    def _secret(self) -> bytes:
        """As the file has it now: secrets are renewed while we run. Unavailable where it cannot be read."""
        try:
            found = Path(self._settings.secret_file).read_bytes().strip()
        except OSError as error:
            raise Unavailable(f"{self._where}.secret_file: {error.strerror or error}") from error
        if not found:
            raise Unavailable(f"{self._where}.secret_file: an empty file")
        return found


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """The value of ``X-Aiops-Signature-256``."""
    return "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def card_body(card: Card) -> dict[str, Any]:
    """A card as JSON."""
    return {
        "incident": incident_body(card.incident),
        "stage": card.stage,
        "decision": card.decision,
        "done": list(card.lines),
        "pending": list(card.pending),
        "claimed_by": card.claimed_by,
        "owner": card.owner,
        "silenced": card.silenced,
    }


def incident_body(one: Incident) -> dict[str, Any]:
    """What of an incident is worth sending."""
    return {
        "id": one.id,
        "class": one.incident_class,
        "severity": one.severity,
        "state": one.state,
        "kind": one.kind,
        "prime": str(one.prime),
        "targets": [str(each) for each in one.targets[:MOST]],
        "suspects": [
            {"target": str(each.target), "confidence": round(each.confidence, 3), "change": each.change}
            for each in one.suspects[:MOST]
        ],
        "since": iso(one.since_ms),
        "opened": iso(one.opened_ms),
        "opened_because": one_line(one.opened_because),
        "closed": iso(one.closed_ms) if one.closed_ms is not None else None,
        "closed_because": one_line(one.closed_because),
        "flaps": one.flaps,
        "storm": one.storm,
        "credit": one.credit,
    }


def question_body(
    question: Question, console_url: str = "", approvals: ApprovalSettings | None = None
) -> dict[str, Any]:
    """A question as JSON. ``enough`` says whether so many people as are needed can answer at all, null where
    nobody knows; where it is not certain the command comes along, as the herald made it safe."""
    one = question.approval
    enough = possible(one, approvals, None) if approvals is not None else None
    return {
        "enough": enough,
        "command": one.command if approvals is not None and not enough else "",
        "approval": approval_body(one),
        "incident": incident_body(question.incident),
        "facts": list(question.facts),
        "owner": question.owner,
        "answer": answers(one, console_url),
    }


def approval_body(one: Approval) -> dict[str, Any]:
    """What of an approval is worth sending; not its command."""
    return {
        "id": one.id,
        "short": one.short,
        "state": one.state,
        "said": one_line(one.said),
        "summary": one_line(one.summary),
        "target": one.target,
        "namespace": one.namespace,
        "playbook": one.playbook,
        "remediation": one.remediation,
        "severity": one.severity,
        "impact": one.impact,
        "because": [one_line(each) for each in one.because],
        "roles": list(one.roles),
        "second_tier": list(one.second_tier),
        "quorum": one.quorum,
        "asked": iso(one.asked_ms),
        "until": iso(one.until_ms),
        "plan_digest": one.digest,
    }


def answers(one: Approval, console_url: str) -> list[str]:
    """How a person answers elsewhere."""
    ways = [f"aiops approve {one.short}", f"aiops deny {one.short} --reason TEXT"]
    return [*ways, f"{console_url}/console/approvals/{one.id}"] if console_url else ways


def iso(at_ms: int) -> str:
    """A time in UTC, as RFC 3339 writes it, to the millisecond."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
