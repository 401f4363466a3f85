"""Chain: each record of the journal carries a hash over itself and the hash before it.

So an edit, a deletion, an exchange or a gap anywhere but at the very end shows. A cut-off end, or a whole
chain that was written anew, shows only against a head that was kept elsewhere (S10, ``aiops.core.audit``).

The hash is over the record as it may leave the journal: values of environment variables, which may be
secrets, stand in it as digests of their own, salted with the hash before (see ``veil``). So a record can be
exported without them and still be verified (S8). Records of older versions (``v1``) hold theirs in the open.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from aiops.core.redact import BY_HAND
from aiops.errors import InvariantError
from aiops.model import Entry, Record
from aiops.model.wire import canonical, digest

DOMAIN, OLD_DOMAIN, VEIL_DOMAIN = "aiops.journal.v2", "aiops.journal.v1", "aiops.veil.v1"
VEILED = re.compile(r"\(hidden sha256:[0-9a-f]{64}\)")
MARKS = (b'env"', b'env\\"')  # of a payload that may hold values of variables: as a key, or in a text


class Flaw(StrEnum):
    """What is wrong at a place of the chain."""

    CHANGED = "changed"  # a record's hash is not that of its content
    MISSING = "missing"  # numbers are left out
    MOVED = "moved"  # a record follows another than the one it was written after
    TERM = "term"  # an older leader wrote after a newer one


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain breaks, and how."""

    seq: int
    flaw: Flaw
    text: str


def _hash(entry: Entry, seq: int, term: int, previous: str) -> str:
    """64 hex digits over everything a record holds but the hash itself."""
    text = canonical(entry.payload)
    if any(mark in text for mark in MARKS):
        text = canonical(veil(entry.payload, previous))
    return digest(DOMAIN, _content(entry, seq, term, previous, orjson.Fragment(text)))


def _old_hash(entry: Entry, seq: int, term: int, previous: str) -> str:
    return digest(OLD_DOMAIN, _content(entry, seq, term, previous, entry.payload))


def _content(entry: Entry, seq: int, term: int, previous: str, payload: object) -> dict[str, Any]:
    return {
        "at_ms": entry.at_ms,
        "key": entry.key,
        "kind": entry.kind,
        "payload": payload,
        "previous": previous,
        "seq": seq,
        "stream": entry.stream,
        "term": term,
    }


def veil(payload: Any, salt: str) -> Any:
    """``payload`` with a digest in place of each value of an environment variable, and of each text that
    holds such values (a command to type). What is veiled already stays as it is."""
    if isinstance(payload, Mapping):
        return {
            key: [_veiled_variable(one, salt) for one in inner]
            if key == "env" and isinstance(inner, list | tuple)
            else veil(inner, salt)
            for key, inner in payload.items()
        }
    if isinstance(payload, list | tuple):
        return [veil(one, salt) for one in payload]
    if isinstance(payload, str) and 'env"' in payload:
        before, by_hand, command = payload.partition(BY_HAND)
        return f"{before}{by_hand}{_hidden(command, salt)}" if by_hand else _hidden(payload, salt)
    return payload


def _veiled_variable(variable: Any, salt: str) -> Any:
    if isinstance(variable, Mapping) and variable.get("value"):
        return {**variable, "value": _hidden(variable["value"], salt)}
    return veil(variable, salt)


def _hidden(value: Any, salt: str) -> str:
    if isinstance(value, str) and VEILED.fullmatch(value):
        return value
    return f"(hidden sha256:{digest(VEIL_DOMAIN, [salt, value])})"


def is_veiled(payload: Mapping[str, Any]) -> bool:
    """Whether any of its values is hidden."""
    return VEILED.search(canonical(payload).decode()) is not None


def veiled(record: Record) -> Record:
    """``record`` as it may leave the journal: it verifies like the one it was made from."""
    payload = veil(record.entry.payload, record.previous)
    return replace(record, entry=replace(record.entry, payload=payload))


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


@dataclass(slots=True)
class Chain:
    """Goes along a chain, record by record. ``seq`` and ``hash`` are the newest record's."""

    seq: int = 0
    hash: str = ""
    term: int = 0

    def follow(self, record: Record) -> Break | None:
        """What is wrong with ``record`` as the next one; None where nothing is, and it is the newest now."""
        seq, entry = record.seq, record.entry
        if seq != self.seq + 1:
            flaw = Flaw.MISSING if seq > self.seq else Flaw.MOVED
            return Break(self.seq + 1, flaw, f"record {self.seq + 1} is missing: {seq} follows {self.seq}")
        if record.previous != self.hash:
            text = f"record {seq} does not follow record {self.seq}: its previous hash is another"
            return Break(seq, Flaw.MOVED, text)
        sealed = seq, record.term, record.previous
        if record.hash != _hash(entry, *sealed) and record.hash != _old_hash(entry, *sealed):
            text = f"record {seq} was changed: its hash is not that of its content"
            return Break(seq, Flaw.CHANGED, text)
        if record.term < self.term:
            text = f"record {seq} is of term {record.term}, after one of term {self.term}"
            return Break(seq, Flaw.TERM, text)
        self.seq, self.hash, self.term = seq, record.hash, record.term
        return None


def first_break(records: Iterable[Record], head: tuple[int, str] = (0, "")) -> str:
    """The first break of ``records`` that should follow ``head``, in words; "" if the chain holds. O(n)."""
    chain = Chain(*head)
    for record in records:
        if (broken := chain.follow(record)) is not None:
            return broken.text
    return ""
