"""Switch in the cluster: a ConfigMap whose key ``stop`` says "true" or "false" (B5, G16).

Input:   the ConfigMap ``namespace/name``; beside ``stop`` it may say ``by``, ``at`` and ``why``.
Output:  absent: off. Everything else that is not a clear "false" stops us: no answer in time, 401, 403, 5xx,
         no such key, another value, an answer that is not an API server's.
Errors:  none while looking. ``pull`` and ``release``, which only people call, raise PortError.
Cost:    one GET, ``CONNECT_S`` and ``READ_S`` at most.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from aiops.adapters.kubernetes.calls import message, refusal
from aiops.adapters.kubernetes.connect import Api, Reply
from aiops.core.words import clock
from aiops.errors import PortError
from aiops.model import KubernetesSettings, Stop

CONNECT_S, READ_S, TOTAL_S = 1.0, 1.0, 2.0
PERSON_S = 10.0  # who calls ``pull`` waits for the answer
LONGEST = 1_000  # characters of what it says
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
JSON = {"Content-Type": "application/json"}


def hasty(settings: KubernetesSettings) -> KubernetesSettings:
    """``settings`` for an ``Api`` of the switch's own: a silent server must not keep a write waiting."""
    return replace(settings, connect_timeout_s=min(CONNECT_S, settings.connect_timeout_s))


class ConfigMapStop:
    """One place of the kill switch. May be used by several threads; make ``api`` from ``hasty`` settings."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api, self.namespace, self.name = api, namespace, name
        self._folder = f"/api/v1/namespaces/{quote(namespace, safe='')}/configmaps"
        self._path = f"{self._folder}/{quote(name, safe='')}"

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"ConfigMap {self.namespace}/{self.name}"

    @property
    def host(self) -> str:
        """The address of the API server that is asked."""
        return self._api.host

    def __call__(self) -> Stop:
        """What the ConfigMap says; does not raise."""
        try:
            return self._judged(self._api.request("GET", self._path, read_s=READ_S, total_s=TOTAL_S))
        except Exception as error:  # noqa: BLE001 - the edge: whatever goes wrong while looking, we are stopped
            return Stop(self.place, None, why=f"{error}"[:LONGEST] or type(error).__name__)

    def _judged(self, reply: Reply) -> Stop:
        found = _object(reply.body)
        if reply.status == 404 and found.get("kind") == "Status" and found.get("reason") == "NotFound":
            return Stop(self.place, False)
        if reply.status != 200 or found.get("kind") != "ConfigMap":
            said = message(reply.body) or "expected a ConfigMap, got something else"
            return Stop(self.place, None, why=f"HTTP {reply.status}: {said}")
        data = found.get("data")
        data = data if isinstance(data, dict) else {}
        value = data.get("stop")
        if value not in ("true", "false"):
            got = "no such key" if value is None else f"{value!r}"[:100]
            return Stop(self.place, None, why=f'key stop: expected "true" or "false", got {got}')
        by, at, why = (str(data.get(key, ""))[:LONGEST] for key in ("by", "at", "why"))
        writer, since = _written(found)
        return Stop(self.place, value == "true", by or writer, at or since, why)


class ConfigMapHand(ConfigMapStop):
    """The same for a person, who may also write it, with that person's own rights. Never the daemon's."""

    def pull(self, by: str, why: str, now_ms: int) -> bool:
        """Stop: write the ConfigMap, made where it is missing; who was first stays. Whether it changed
        anything. Raises PortError."""
        if self().on:
            return False
        data = {"stop": "true", "by": by, "at": f"{clock(now_ms)} UTC", "why": why}
        if not self._patch(data):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": self.name}, "data": data}
            self._sent("POST", self._folder, body, JSON, "create")
        return True

    def release(self, by: str, why: str, now_ms: int) -> bool:
        """Resume: write that it is off; whether it changed anything. Raises PortError."""
        if not self().stops:
            return False
        return self._patch({"stop": "false", "by": by, "at": f"{clock(now_ms)} UTC", "why": why})

    def _patch(self, data: Mapping[str, str]) -> bool:
        """Whether the ConfigMap is there, and says so now."""
        return self._sent("PATCH", self._path, {"data": dict(data)}, MERGE_PATCH, "patch")

    def _sent(self, method: str, path: str, body: object, headers: Mapping[str, str], verb: str) -> bool:
        reply = self._api.request(
            method, path, body=orjson.dumps(body), headers=headers, read_s=PERSON_S, total_s=PERSON_S
        )
        if reply.status == 404 and method == "PATCH":
            return False
        if reply.status not in (200, 201):
            error: PortError = refusal(f"{verb} configmaps {self.place}", reply)
            raise error
        return True


def _written(found: Mapping[str, Any]) -> tuple[str, str]:
    """(by which tool, when) it was written last, as the API server keeps it; "" where it does not."""
    meta = found.get("metadata")
    managers = meta.get("managedFields") if isinstance(meta, dict) else None
    known = [one for one in managers or () if isinstance(one, dict) and isinstance(one.get("time"), str)]
    if not known:
        return "", ""
    newest = max(known, key=lambda one: str(one["time"]))
    return str(newest.get("manager", ""))[:LONGEST], str(newest["time"])[:LONGEST]


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) else {}
