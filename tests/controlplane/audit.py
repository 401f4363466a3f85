"""The audit log of the API server: the oracle of what was done, whoever says what about it.

    since = audit.now()
    ...
    assert [(event.verb, event.name) for event in audit.mutating(namespace="shop", since=since)] == [...]

Reads are logged with their metadata, writes with what was asked and what was answered. Noise of the control
plane itself is left out (its reads, leases and events; the simulated kubelet likewise). Dry runs are in it:
``event.dry_run`` tells them.
"""

import json
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
SYSTEM = (
    "simulated-kubelet",
    "kube-state-metrics",
    "system:apiserver",
    "system:kube-controller-manager",
    "system:kube-scheduler",
)
QUIET_S = 0.05

_NOISE = {"level": "None", "users": list(SYSTEM)}
_OURS = {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]}
POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*", "/openapi*", "/metrics*"]},
        {**_NOISE, "verbs": ["get", "list", "watch"]},
        {**_NOISE, "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {
            **_NOISE,
            "resources": [{"group": "", "resources": ["events"]}, {"group": "events.k8s.io"}],
        },
        {**_OURS, "verbs": ["get", "list", "watch"]},
        {**_OURS, "resources": [{"group": "", "resources": ["events"]}, {"group": "events.k8s.io"}]},
        {"level": "Metadata", "users": list(SYSTEM)},
        {**_OURS, "level": "Metadata"},
        {"level": "RequestResponse", "verbs": sorted(MUTATING)},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that the API server has answered."""

    at_ms: int  # when it came in
    verb: str
    user: str
    user_agent: str
    uri: str
    namespace: str
    resource: str  # plural: "deployments"
    subresource: str  # "eviction", "scale", "status" ...
    name: str
    code: int  # HTTP status of the answer
    request: Any  # the body that was sent; None for reads
    response: Any
    raw: dict[str, Any]

    @property
    def dry_run(self) -> bool:
        """Whether nothing was to be stored."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.uri).query)
        options = self.request if isinstance(self.request, dict) else {}
        if options and self.verb.startswith("delete"):
            return bool(options.get("dryRun"))  # with a body the API server does not look at the query
        inner = options.get("deleteOptions") or {}
        return bool(query.get("dryRun") or options.get("dryRun") or inner.get("dryRun"))

    @property
    def mutating(self) -> bool:
        """Whether its verb is one that writes, dry run or not."""
        return self.verb in MUTATING

    @property
    def succeeded(self) -> bool:
        """Whether the answer was 2xx."""
        return 200 <= self.code < 300


def entry(raw: dict[str, Any]) -> Entry:
    """Read one line of the log."""
    what = raw.get("objectRef") or {}
    return Entry(
        at_ms=int(datetime.fromisoformat(raw["requestReceivedTimestamp"]).timestamp() * 1000),
        verb=raw["verb"],
        user=raw["user"].get("username", ""),
        user_agent=raw.get("userAgent", ""),
        uri=raw["requestURI"],
        namespace=what.get("namespace", ""),
        resource=what.get("resource", ""),
        subresource=what.get("subresource", ""),
        name=what.get("name", "") or _named(raw),
        code=(raw.get("responseStatus") or {}).get("code", 0),
        request=raw.get("requestObject"),
        response=raw.get("responseObject"),
        raw=raw,
    )


def _named(raw):
    """Name of an object that is created: it is in the body, not in the address."""
    for body in (raw.get("responseObject"), raw.get("requestObject")):
        if isinstance(body, dict) and (name := (body.get("metadata") or {}).get("name")):
            return name
    return ""


class Audit:
    """Reader of one log. ``ask`` sends a harmless request to a path: how we know that the log is complete."""

    def __init__(self, log: Path, ask: Callable[[str], object]) -> None:
        self._log, self._ask = log, ask
        self._entries: list[Entry] = []
        self._offset = 0

    def now(self) -> int:
        """A place in the log, for ``since``: all that was answered before is behind it."""
        self._settle()
        return len(self._entries)

    def entries(
        self,
        *,
        namespace: str | None = None,
        user: str | None = None,
        user_agent: str | None = None,
        since: int = 0,
        settle: bool = True,
    ) -> list[Entry]:
        """What was answered since a place of ``now()``; ``user`` and ``user_agent`` match by their beginning.

        A ServiceAccount is the user ``system:serviceaccount:NAMESPACE:NAME``.
        """
        if settle:
            self._settle()
        return [
            one
            for one in self._entries[since:]
            if (namespace is None or one.namespace == namespace)
            and (user is None or one.user.startswith(user))
            and (user_agent is None or one.user_agent.startswith(user_agent))
        ]

    def mutating(self, *, system: bool = False, dry_run: bool | None = None, **which: Any) -> list[Entry]:
        """The writes among ``entries``, in the order of their answers, refused ones too (see ``code``).

        Without ``system`` those of the controllers, the scheduler and the kubelet are left out; ``dry_run``
        True or False keeps only dry runs, or only real ones.
        """
        return [
            one
            for one in self.entries(**which)
            if one.mutating
            and (system or not _is_system(one.user))
            and (dry_run is None or one.dry_run == dry_run)
        ]

    def wait_for(self, test: Callable[[Entry], bool], timeout_s: float = 10.0, **which: Any) -> Entry:
        """The first entry that passes ``test``, as soon as it is there."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.refresh()
            for one in self.entries(settle=False, **which):
                if test(one):
                    return one
            time.sleep(0.02)
        raise AssertionError(f"no such call in the audit log within {timeout_s} s")

    def _settle(self, timeout_s: float = 10.0) -> None:
        """Read on until a request sent just now is in the log, and a moment longer for those beside it."""
        sentinel = f"/api/v1/namespaces/audit-{uuid.uuid4().hex}"
        self._ask(sentinel)
        deadline = time.monotonic() + timeout_s
        while not any(new.uri == sentinel for new in self.refresh()):
            if time.monotonic() > deadline:
                raise AssertionError(f"the audit log does not show our request after {timeout_s} s")
            time.sleep(0.01)
        time.sleep(QUIET_S)
        self.refresh()

    def refresh(self) -> list[Entry]:
        """Read what the log holds by now; the new entries."""
        fresh = list(self._fresh())
        self._entries += fresh
        return fresh

    def _fresh(self) -> Iterator[Entry]:
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):
                    return  # still being written
                self._offset += len(line)
                raw = json.loads(line)
                if raw["stage"] in ("ResponseComplete", "Panic"):
                    yield entry(raw)


def _is_system(user):
    return user in SYSTEM or user.startswith(("system:serviceaccount:kube-system:", "system:node:"))
