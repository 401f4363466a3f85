"""Heads as Events: a signed head of the journal in our own namespace, where the cluster's own audit log and
whoever collects Events keep it (S10).

Input:   a signed head.
Output:  one Event a head, reason ``JournalHeadSigned``; the same head twice is one Event.
Errors:  Forbidden, Unavailable, Rejected.
Cost:    one POST, and only where the daemon may write at all: in observe and suggest it is never made (B9).
Limits:  Events are kept for an hour as a rule (``--event-ttl``): this is for what watches, not for archives.
"""

from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from aiops.adapters.kubernetes.calls import refusal
from aiops.adapters.kubernetes.connect import Api
from aiops.core.audit import SignedHead

REASON = "JournalHeadSigned"
TOTAL_S = 10.0
EXISTS = 409


class HeadEvents:
    """Makes Events in ``namespace``."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api, self._namespace = api, namespace

    def __call__(self, head: SignedHead) -> None:
        """Make the Event of ``head``. Raises PortError."""
        path = f"/api/v1/namespaces/{quote(self._namespace, safe='')}/events"
        body = orjson.dumps(self._event(head))
        headers = {"Content-Type": "application/json"}
        reply = self._api.request("POST", path, body=body, headers=headers, total_s=TOTAL_S)
        if reply.status not in (200, 201, EXISTS):
            raise refusal(f"create events {self._namespace}", reply)

    def _event(self, head: SignedHead) -> dict[str, object]:
        at = datetime.fromtimestamp(head.at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        space = self._namespace
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"aiops-head.{head.seq}.{head.hash[:12]}", "namespace": space},
            "involvedObject": {"apiVersion": "v1", "kind": "Namespace", "name": space, "namespace": space},
            "reason": REASON,
            "message": str(head),
            "type": "Normal",
            "source": {"component": "aiops"},
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
        }
