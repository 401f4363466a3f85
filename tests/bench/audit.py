"""Audit: 100,000 rows of a real SQLite journal verified end to end, beside the least that anybody must do.

Twice: small rows, as budgets allow them in most of a year (see ``guards``), and rows as an incident writes
them, a decision of 10 kB among them. The peer reads the same rows and takes one SHA-256 of each payload: no
chain, no check of form, no heads. And what a decision's witness costs, on 10,000 pods.
"""

import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aiops.adapters.signing import Verifier, load_key, make_key
from aiops.adapters.sqlite import SqliteStore
from aiops.core.audit import SignedHead, audit, head_entry, head_of
from aiops.core.exported import lines, parsed
from aiops.core.ledger import Ledger
from aiops.core.policy import decide_twice
from aiops.engine.witness import witness
from aiops.model import Entry
from aiops.model.wire import canonical
from tests.bench.guards import cluster, drain, journal
from tests.measure import Row, row
from tests.unit.cli import journals, recordings
from tests.unit.core.cases import NOW, evict, incident, plan, policy, situation

ROWS, GOAL, REPEATS = 100_000, 20_000, 5


def large(folder: Path) -> list[Entry]:
    """What an incident writes, again and again."""
    journals.make(folder / "one", recordings.make(folder / "recording"))
    with closing(SqliteStore(folder / "one" / "journal.sqlite")) as store:
        found = [one.entry for one in store.read()]
    whole = [Entry(one.kind, one.stream, one.at_ms, one.payload) for one in found]
    return (whole * (ROWS // len(whole) + 1))[:ROWS]


def write(path: Path, entries: list[Entry]) -> SignedHead:
    """A journal of ``entries`` with a head each thousand; the newest head, as somebody outside keeps it."""
    signer = make_key(path.parent / "audit.key")
    with closing(SqliteStore(path)) as store:
        for at in range(0, len(entries), 1000):
            store.append(entries[at : at + 1000], 0)
            seq, value = store.head()
            head = signer.sign(SignedHead(seq, value, 0, NOW, "bench", ""))
            store.append((head_entry(head, NOW),), 0)
    return head


def verified(path: Path, head: SignedHead) -> int:
    """All of it, as ``aiops audit verify`` does; the number of records."""
    with closing(SqliteStore(path)) as store:
        found = audit(store.read(), (head,), Verifier([_public(path)]))
    assert found.intact
    assert (found.outside, found.inside) == (1, ROWS // 1000)
    return found.records


def read_and_hashed(path: Path) -> int:
    """The peer."""
    count = 0
    with closing(sqlite3.connect(path)) as db:
        for one in db.execute("SELECT seq, hash, payload FROM journal ORDER BY seq"):
            hashlib.sha256(one[2].encode()).hexdigest()
            count += 1
    return count


def _public(path: Path) -> str:
    return load_key(path.parent / "audit.key").public


def _best_s(work: Callable[[], object]) -> float:
    """The least of several, of our own CPU: the machine may be busy with others."""
    spans = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        spans.append(time.process_time() - began)
    return min(spans)


def rows(folder: Path) -> list[Row]:
    """Rows a second, and times the cost of the peer, for small and large rows; an export; a witness."""
    found = []
    for name, entries in (("small", journal()), ("large", large(folder))):
        place = folder / name
        place.mkdir()
        path = place / "journal.sqlite"
        head = write(path, entries)
        size = sum(len(canonical(one.payload)) for one in entries) / len(entries)
        ours, peer = _best_s(lambda: verified(path, head)), _best_s(lambda: read_and_hashed(path))  # noqa: B023
        count = ROWS + ROWS // 1000
        found.append(row(f"audit: {name} rows", size, "bytes of payload"))
        found.append(
            row(f"audit: verify, {name} rows", count / ours, "rows/s CPU", goal=GOAL, better="higher")
        )
        found.append(row(f"audit: verify beside read and SHA-256, {name} rows", ours / peer, "times"))
    found += [_command(folder / "small"), *_export(folder / "small" / "journal.sqlite")]
    return [*found, *witnesses()]


def _command(place: Path) -> Row:
    """The whole command in a process of its own, starting Python and loading the configuration included."""
    with closing(SqliteStore(place / "journal.sqlite")) as store:
        *_, newest = store.read(stream="audit")
    head = str(head_of(newest.entry))
    command = [sys.executable, "-m", "aiops", "audit", "verify", "--state", str(place), "--head", head]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    rate = (ROWS + ROWS // 1000) / (time.monotonic() - began)
    return row("audit: the command, small rows", rate, "rows/s wall", goal=GOAL, better="higher")


def _export(path: Path) -> list[Row]:
    with closing(SqliteStore(path)) as store:
        began = time.process_time()
        text = list(lines(store.read(), "jsonl"))
        wrote = time.process_time() - began
    began = time.process_time()
    assert audit(parsed(text, "jsonl"), part=True).intact
    checked = time.process_time() - began
    return [
        row("audit: export as JSON lines", len(text) / wrote, "rows/s CPU"),
        row("audit: verify an export", len(text) / checked, "rows/s CPU", goal=GOAL, better="higher"),
    ]


def witnesses() -> list[Row]:
    """What it costs to keep what a decision was made on: 10,000 pods, 500 nodes, the plans of two days."""
    known, ledger, found = cluster(), Ledger().fold(journal()[-600:]), []
    made = {"a restart": plan(), "an eviction": plan(evict()), "a drain": drain(known)}
    for name, one in made.items():
        args = one, incident(prime=one.target), known, ledger, policy(), situation()
        answer = decide_twice(*args)
        size = sum(
            len(canonical(entry.payload)) for entry in witness(answer, *args) if entry.kind == "witnessed"
        )
        spent = _best_s(lambda: [witness(answer, *args) for _ in range(10)])  # noqa: B023
        goal = None if one.steps[0].then else 5  # of one change; a drain has a change a pod
        found.append(row(f"witness: {name}, of 10,000 pods", 100 * spent, "ms CPU", goal=goal))
        found.append(row(f"witness: {name}, of 10,000 pods", size / 1000, "kB", goal=20))
    return found
