"""Journal: the append-only record of values. Entries go in, records come back numbered and chained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to write down. ``stream`` groups what belongs together, such as an incident's id."""

    kind: str  # "incident_opened", "decided", ...: a past participle
    stream: str
    at_ms: int
    payload: Mapping[str, Any]  # JSON values only
    key: str = ""  # idempotency: a second entry with the same non-empty key is dropped, silently and safely


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as stored. ``hash`` covers everything but itself, ``previous`` chains it."""

    seq: int  # 1, 2, 3 ... without gaps
    term: int
    entry: Entry
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class StreamAt:
    """Condition of an append: the newest record of ``stream`` has this ``seq`` (0: there is none)."""

    stream: str
    seq: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Condition of an append: fewer than ``limit`` records of ``kind`` whose payload has ``field`` equal to
    ``value`` (an empty ``field`` counts all) have ``at_ms`` later than ``since_ms``, those appended now not
    counted. Checked in the same transaction."""

    kind: str
    limit: int
    since_ms: int
    field: str = ""
    value: str = ""


AppendCondition = StreamAt | Budget
