"""Journal view: records of a daemon's journal for people and machines, while the daemon goes on writing."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aiops.bootstrap.config import find_state
from aiops.bootstrap.incidents import full_id
from aiops.bootstrap.journal import Place, open_journal
from aiops.core.chronicle import TELLERS, incident_of
from aiops.engine import entries
from aiops.errors import InputError, Rejected
from aiops.model import Record
from aiops.ports import Store

POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records; what is empty or None asks for all."""

    since_ms: int | None = None
    incident: str = ""  # its id, or the beginning of it
    kinds: tuple[str, ...] = ()
    follow: bool = False  # go on with what is written from now on


def read(
    config: Path | None, state: Place | None, wanted: Wanted, stopped: Callable[[], bool]
) -> Iterator[Record]:
    """Records in the order of the journal. With ``follow`` it ends only once ``stopped``. InputError where
    there is no journal, or no such incident or kind; Rejected where it is damaged."""
    with closing(open_journal(find_state(config, state))) as store:
        incident = full_id(entries.incident_ids(store), wanted.incident) if wanted.incident else ""
        kinds = known_kinds(store, wanted.kinds)
        seq, ties = 0, set[str]()
        while True:
            for record in store.read(since=seq):
                seq = record.seq
                about = not incident or _belongs(record, incident, ties)
                late = wanted.since_ms is None or record.entry.at_ms >= wanted.since_ms
                if about and late and (not kinds or record.entry.kind in kinds):
                    yield record
            if not wanted.follow or stopped():
                return
            time.sleep(POLL_S)


def _belongs(record: Record, incident: str, ties: set[str]) -> bool:
    """Whether a record is about ``incident``: it says so, or is about one of its plans or requests, which
    ``ties`` collects."""
    entry = record.entry
    values = (entry.payload.get(name) for name in ("plan_id", "request_id"))
    named = {value for value in values if isinstance(value, str) and value}
    if incident and incident_of(entry) == incident:
        ties |= named
        return True
    return not named.isdisjoint(ties)


def known_kinds(store: Store, names: Sequence[str]) -> frozenset[str]:
    """``names``, all of which are kinds that we know or that the journal holds; InputError for another."""
    unknown = [name for name in names if name not in TELLERS]
    if unknown:
        there = {record.entry.kind for record in store.read(kinds=tuple(unknown))}
        for name in unknown:
            if name not in there:
                close = get_close_matches(name, TELLERS, n=2, cutoff=0.5)
                meant = f", did you mean {' or '.join(close)}?" if close else ""
                raise InputError(f"--kind: expected one of {', '.join(TELLERS)}, got {name}{meant}")
    return frozenset(names)


def verify(config: Path | None, state: Place | None) -> tuple[int, str]:
    """(number of records, the first break of the chain in words or ""). InputError where there is none."""
    place: Place = find_state(config, state)
    try:
        with closing(open_journal(place)) as store:
            return store.head()[0], store.verify()
    except Rejected as error:  # so badly damaged that it does not even open
        if not isinstance(place, Path):
            raise
        return 0, str(error)
