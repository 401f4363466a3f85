"""G14: every single edit, deletion, exchange, insertion and truncation of a chain of 10,000 rows is found.

All places of all kinds: 150,000 tampered journals. Each is checked from the record before the lie on (what
comes before that is the same bytes) until the lie is found: the very first finding must be at the lie, so
that what comes behind it need not be read.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from aiops.core.audit import Auditor, SignedHead
from aiops.core.chain import Chain, seal
from aiops.model import Entry, Record
from tests.measure import Row, row

ROWS, AHEAD = 10_000, 4  # records behind the lie that are read to find it
NOW = 1_700_000_000_000


def journal_of(rows: int) -> list[Record]:
    """Rows as a daemon writes them, of several kinds, terms and sizes."""
    found, last = list[Record](), (0, "")
    for n in range(rows):
        payload: dict[str, Any] = {"n": n, "target": f"Deployment/shop/w-{n % 37}", "detail": "x" * (n % 200)}
        if n % 50 == 0:
            payload["env"] = [{"name": "A", "value": f"v{n}"}]
        kind = ("decided", "step_ended", "life_advanced")[n % 3]
        key = f"k{n}" if n % 4 == 0 else ""
        found.append(seal(Entry(kind, f"i-{n % 11}", NOW + n, payload, key), last, 1 + n // 3_000))
        last = found[-1].seq, found[-1].hash
    return found


def _edit(**changes: Any) -> Callable[[list[Record], int], list[Record]]:
    def edited(records: list[Record], at: int) -> list[Record]:
        one = records[at]
        entry = {name: change(getattr(one.entry, name)) for name, change in changes.items() if name in ENTRY}
        outer = {name: change(getattr(one, name)) for name, change in changes.items() if name not in ENTRY}
        return [*records[:at], replace(one, entry=replace(one.entry, **entry), **outer), *records[at + 1 :]]

    return edited


ENTRY = {"kind", "stream", "at_ms", "payload", "key"}


def _swapped(records: list[Record], at: int, *, renumbered: bool) -> list[Record]:
    one, two = records[at], records[at + 1]
    if renumbered:
        one, two = replace(one, seq=two.seq), replace(two, seq=one.seq)
    return [*records[:at], two, one, *records[at + 2 :]]


def _deleted(records: list[Record], at: int, *, renumbered: bool) -> list[Record]:
    after = records[at + 1 :]
    return [*records[:at], *((replace(one, seq=one.seq - 1) for one in after) if renumbered else after)]


def _inserted(records: list[Record], at: int) -> list[Record]:
    """A record with a right hash of its own, and the others moved up."""
    one = records[at]
    new = seal(Entry("unlocked", "actions", NOW, {"by": "nobody"}), (one.seq - 1, one.previous), one.term)
    return [*records[:at], new, *(replace(other, seq=other.seq + 1) for other in records[at:])]


def _resealed(records: list[Record], at: int) -> list[Record]:
    """An edit with its hash made right: the next record tells."""
    one = records[at]
    entry = replace(one.entry, payload={**one.entry.payload, "n": -1})
    return [*records[:at], seal(entry, (one.seq - 1, one.previous), one.term), *records[at + 1 :]]


LIES: dict[str, Callable[[list[Record], int], list[Record]]] = {
    "payload edited": _edit(payload=lambda old: {**old, "n": old["n"] + 1}),
    "time edited": _edit(at_ms=lambda old: old + 1),
    "kind edited": _edit(kind=lambda old: f"{old}x"),
    "stream edited": _edit(stream=lambda old: f"{old}x"),
    "key edited": _edit(key=lambda old: f"{old}x"),
    "term edited": _edit(term=lambda old: old + 1),
    "hash edited": _edit(hash=lambda old: old[::-1]),
    "previous edited": _edit(previous=lambda old: f"{old}0"),
    "edited and sealed anew": _resealed,
    "deleted": lambda records, at: _deleted(records, at, renumbered=False),
    "deleted and closed up": lambda records, at: _deleted(records, at, renumbered=True),
    "exchanged": lambda records, at: _swapped(records, at, renumbered=False),
    "exchanged and numbered anew": lambda records, at: _swapped(records, at, renumbered=True),
    "inserted": _inserted,
}
NEXT = {"edited and sealed anew", "inserted"}  # told by the record behind


def lie(records: Sequence[Record], kind: str, at: int) -> list[Record]:
    """``records`` with one lie at index ``at``."""
    return LIES[kind](list(records), at)


def found_all(records: Sequence[Record], kind: str, places: Iterable[int]) -> list[str]:
    """Places (indices, before the last) where the lie was not found at once, in words; empty is good."""
    missed = []
    for at in places:
        window = list(records[max(at - 1, 0) : at + AHEAD])
        before = min(at, 1)
        if at + 1 >= len(records):  # nothing comes behind the last: a deletion there is a truncation
            continue
        auditor = Auditor(_chain=_before(window[0]))
        for record in islice(lie(window, kind, before), before + 2):
            auditor.take(record)
        findings = auditor.done().findings
        expected = records[at].seq + (kind in NEXT)
        if not findings or findings[0].seq != expected:
            missed.append(f"{kind} at {records[at].seq}: {findings or 'not found'}")
    return missed


def _before(record: Record) -> Chain:
    return Chain(record.seq - 1, record.previous, record.term)


def truncations(records: Sequence[Record]) -> int:
    """How many of all truncations a head of the last record does not find."""
    last = records[-1]
    auditor, missed = Auditor([SignedHead(last.seq, last.hash, last.term, NOW, "prod", "")]), 0
    for kept, record in enumerate(records):
        cut = copy(auditor)  # as if the journal ended here
        cut._findings = []
        findings = cut.done().findings
        missed += [(one.what, one.seq) for one in findings] != [("truncated", kept + 1)]
        auditor.take(record)
    return missed + bool(auditor.done().findings)


def rows(_folder: Path) -> list[Row]:
    """Every place of every kind."""
    records, found = journal_of(ROWS), []
    for kind in LIES:
        missed = found_all(records, kind, range(ROWS - 1))
        for one in missed[:5]:
            print(f"BAD {one}")
        found.append(row(f"audit: {kind}, of {ROWS - 1} places missed", len(missed), "lies", goal=0))
    found.append(row(f"audit: of {ROWS} truncations missed", truncations(records), "lies", goal=0))
    return found
