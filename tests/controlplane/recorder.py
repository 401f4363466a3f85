"""Events as a kubelet writes them: from a thread of their own, repetitions counted in one object."""

import queue
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from tests.controlplane.api import MERGE, Api
from tests.controlplane.containers import stamp
from tests.controlplane.mishaps import Mishaps


class Recorder:
    """Writes events behind the caller's back; lost when the API server is away, as a kubelet's may be."""

    def __init__(self, api: Api, mishaps: Mishaps) -> None:
        self._api, self._mishaps = api, mishaps
        self._queue: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._seen: dict[tuple[str, ...], tuple[str, int]] = {}  # (name of the event, count)
        self._thread = threading.Thread(target=self._write, name="events", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """End after what waits is written."""
        self._queue.put(None)
        self._thread.join(5)

    def tell(self, about: Mapping[str, Any], kind: str, reason: str, message: str, host: str = "") -> None:
        """An event about an object (``kind``: Normal, Warning); ``host`` is the node that says it."""
        self._queue.put((about, kind, reason, message, host))

    def _write(self) -> None:
        while (item := self._queue.get()) is not None:
            with self._mishaps.noted("events"):
                self._one(*item)

    def _one(self, about, kind, reason, message, host):
        meta = about["metadata"]
        key = (meta.get("uid", meta["name"]), reason, message)
        name, count = self._seen.get(key, ("", 0))
        namespace = meta.get("namespace", "default")
        self._seen[key] = (name or f"{meta['name']}.{uuid.uuid4().hex[:16]}", count + 1)
        if name:
            body = {"count": count + 1, "lastTimestamp": stamp()}
            self._api.patch("Event", namespace, name, body, content_type=MERGE)
            return
        involved = {
            "kind": about["kind"],
            "apiVersion": "v1",
            "name": meta["name"],
            "uid": meta.get("uid", ""),
        }
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": self._seen[key][0], "namespace": namespace},
            "involvedObject": involved | ({"namespace": namespace} if "namespace" in meta else {}),
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": stamp(),
            "lastTimestamp": stamp(),
            "source": {"component": "kubelet", "host": host},
        }
        self._api.create(event)
