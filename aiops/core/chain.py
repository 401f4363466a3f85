"""Chain: each record of the journal carries a hash over itself and the hash before it.

So an edit, a deletion, an exchange or a gap anywhere but at the very end shows. A cut-off end shows only
against a head that was kept elsewhere (S10).
"""

from collections.abc import Iterable
from typing import Any

import orjson

from aiops.errors import InvariantError
from aiops.model import Entry, Record
from aiops.model.wire import canonical, digest

DOMAIN = "aiops.journal.v1"


def _hash(entry: Entry, seq: int, term: int, previous: str) -> str:
    """64 hex digits over everything a record holds but the hash itself."""
    content: dict[str, Any] = {
        "at_ms": entry.at_ms,
        "key": entry.key,
        "kind": entry.kind,
        "payload": entry.payload,
        "previous": previous,
        "seq": seq,
        "stream": entry.stream,
        "term": term,
    }
    return digest(DOMAIN, content)


def settled(entry: Entry) -> Entry:
    """``entry`` with its payload as it will be read back (lists for tuples, None for NaN).

    Raises InvariantError for a payload that is not JSON: whoever wrote it has a bug.
    """
    try:
        payload = orjson.loads(canonical(entry.payload))
    except (TypeError, ValueError) as error:
        raise InvariantError(f"journal: the payload of {entry.kind!r} is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise InvariantError(f"journal: the payload of {entry.kind!r} is not an object")
    return Entry(entry.kind, entry.stream, entry.at_ms, payload, entry.key)


def seal(entry: Entry, head: tuple[int, str], term: int) -> Record:
    """The record that ``entry`` becomes after ``head`` (seq, hash of the record before; (0, "") at first)."""
    seq, previous = head[0] + 1, head[1]
    return Record(seq, term, entry, previous, _hash(entry, seq, term, previous))


def first_break(records: Iterable[Record], head: tuple[int, str] = (0, "")) -> str:
    """The first break of ``records`` that should follow ``head``, in words; "" if the chain holds. O(n)."""
    seq, previous = head
    term = 0
    for record in records:
        if record.seq != seq + 1:
            return f"record {seq + 1} is missing: {record.seq} follows {seq}"
        if record.previous != previous:
            return f"record {record.seq} does not follow record {seq}: its previous hash is another"
        if record.hash != _hash(record.entry, record.seq, record.term, record.previous):
            return f"record {record.seq} was changed: its hash is not that of its content"
        if record.term < term:
            return f"record {record.seq} is of term {record.term}, after one of term {term}"
        seq, previous, term = record.seq, record.hash, record.term
    return ""
