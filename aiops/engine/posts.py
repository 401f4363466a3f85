"""Posts: where each channel put what, journalled, so that a restart posts nothing twice.

Entries, on the stream ``posts``: ``posted`` {channel, about, ref}. The newest of the same channel and
``about`` counts. ``about`` is "incident:<id>", "approval:<id>", "note:<what>"; "over:<about>" is put once the
last word on it was shown.
"""

import threading
from collections.abc import Callable

from aiops.model import Entry
from aiops.ports import Store

STREAM, POSTED = "posts", "posted"
MOST = 50_000  # posts that are remembered, the newest ones: months of a busy cluster
NOWHERE = "-"  # the ref of a channel that has none


class StorePosts:
    """``ports.Posts`` over the journal. Safe between threads; a look-up costs nothing, ``put`` a write."""

    def __init__(self, store: Store, term: int, now_ms: Callable[[], int]) -> None:
        self._store, self._term, self._now_ms = store, term, now_ms
        self._lock = threading.Lock()
        self._refs: dict[tuple[str, str], str] = {}
        self._abouts: dict[tuple[str, str], str] = {}
        self._owed: list[Entry] = []  # posted, and the journal refused to hear of it so far
        for record in store.read(stream=STREAM, kinds=(POSTED,)):
            payload = record.entry.payload
            self._keep(str(payload["channel"]), str(payload["about"]), str(payload["ref"]))

    def ref(self, channel: str, about: str) -> str:
        """See ``ports.Posts``."""
        with self._lock:
            return self._refs.get((channel, about), "")

    def about(self, channel: str, ref: str) -> str:
        """See ``ports.Posts``."""
        with self._lock:
            return self._abouts.get((channel, ref), "")

    def put(self, channel: str, about: str, ref: str) -> None:
        """See ``ports.Posts``; the same again is not written again. It is known from now on even where the
        journal refuses, so that a full disk does not let the same message be posted again and again."""
        payload = {"channel": channel, "about": about, "ref": ref}
        with self._lock:
            if self._refs.get((channel, about)) != ref:
                self._keep(channel, about, ref)
                self._owed.append(Entry(POSTED, STREAM, self._now_ms(), payload))
            if self._owed:
                self._store.append(self._owed, self._term)
                self._owed = []

    def _keep(self, channel: str, about: str, ref: str) -> None:
        self._refs.pop((channel, about), None)
        self._refs[channel, about] = ref
        if ref != NOWHERE:
            self._abouts.pop((channel, ref), None)
            self._abouts[channel, ref] = about
        for kept in (self._refs, self._abouts):
            while len(kept) > MOST:
                del kept[next(iter(kept))]
