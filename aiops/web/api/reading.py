"""Reading: what the API needs from outside, as ports and plain calls. Handed in by the composition root."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiops.core.catalog import KINDS, Catalog
from aiops.ports import Forum, Store


class Index:
    """The incidents of a journal in lines, kept up as it grows. Safe between threads.

    Cost: the whole journal once, about 20 µs a record that tells of an incident; then only what is new.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._catalog, self._seq = Catalog(), -1

    def now(self) -> Catalog:
        """The incidents as the journal has them now. Raises PortError."""
        with self._lock:
            seq, _ = self._store.head()
            if seq != self._seq:
                new = self._store.read(since=self._catalog.seq, kinds=KINDS)
                self._catalog, self._seq = self._catalog.fold(new), seq
            return self._catalog


@dataclass(frozen=True, slots=True)
class Reading:
    """What the API reads from and speaks to. Everything is called from several threads."""

    store: Store
    now_ms: Callable[[], int]
    forum: Forum | None = None  # None: nobody can answer here
    index: Callable[[], Catalog] | None = None  # ``Index(store).now``, shared with whoever has one
    status: Callable[[], Mapping[str, object]] = field(default=dict)  # of the loop: JSON values
    version: str = ""  # of the program
