"""The journal for tests: the memory adapter with faults that a test can switch on."""

from collections.abc import Sequence

from aiops.adapters.memory import MemoryStore
from aiops.errors import Unavailable
from aiops.model import AppendCondition, Entry, Record


class FakeStore(MemoryStore):
    """``ports.Store`` that refuses to write while ``full`` is set, as a disk without room does (E12)."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        super().__init__()
        self.full = False
        if entries:
            self.append(entries, term=0)

    def append(
        self, entries: Sequence[Entry], term: int, conditions: Sequence[AppendCondition] = ()
    ) -> tuple[Record, ...]:
        """Refuse while full, else write."""
        if self.full:
            raise Unavailable("journal: no space left")
        return super().append(entries, term, conditions)

    def kinds(self) -> list[str]:
        """What was written down, in order: reads well in an assertion."""
        return [record.entry.kind for record in self.read()]
