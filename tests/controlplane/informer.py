"""A watch that goes on: list, watch, list again after whatever went wrong. From a thread of its own."""

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import urllib3

from tests.controlplane.api import KINDS, Api, ApiError, path

SILENCE_S = 120.0  # bookmarks come every minute
PAUSE_S = 0.2

Seen = Callable[[str, dict[str, Any] | None], None]


class Informer:
    """Tells of every object of a kind: ``seen(uid, object)``, and ``seen(uid, None)`` when it is gone."""

    def __init__(self, api: Api, kind: str, seen: Seen) -> None:
        self._api, self._kind, self._seen = api, kind, seen
        self._known: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{KINDS[kind][1]}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End with the present watch, which goes when the API server does."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(ApiError, urllib3.exceptions.HTTPError, OSError, ValueError):
                self._follow(self._list())
            self._stop.wait(PAUSE_S)

    def _list(self) -> str:
        answer = self._api.call("GET", path(self._kind))
        objects = {one["metadata"]["uid"]: one for one in answer["items"]}
        for uid in self._known - objects.keys():
            self._seen(uid, None)
        self._known = set(objects)
        for uid, one in objects.items():
            self._seen(uid, one | {"kind": self._kind})
        return answer["metadata"]["resourceVersion"]

    def _follow(self, version: str) -> None:
        while not self._stop.is_set():
            for event in self._api.watch(path(self._kind), version, silence_s=SILENCE_S):
                one = event["object"]
                if event["type"] == "ERROR":
                    return
                version = one["metadata"]["resourceVersion"]
                if event["type"] == "BOOKMARK":
                    continue
                uid = one["metadata"]["uid"]
                gone = event["type"] == "DELETED"
                (self._known.discard if gone else self._known.add)(uid)
                self._seen(uid, None if gone else one)
