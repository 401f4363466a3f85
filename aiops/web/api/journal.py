"""Journal: its records as stored, so that whoever reads them can check their hashes. Values of environment
variables are hidden in a way that the hashes bear (S8); what else was written to the cluster is there, so it
always takes a token."""

from itertools import islice

import orjson

from aiops.core.chain import veiled
from aiops.ports import Store
from aiops.web.api.operations import Call, Raw
from aiops.web.api.reading import Reading
from aiops.web.api.values import Head, Journal, JournalQuery, Written

LARGEST = 8 << 20  # bytes of a page; one record more than that comes alone


def page(reading: Reading, call: Call) -> Raw:
    """A page of records, oldest first."""
    query: JournalQuery = call.query
    top = head(reading, call)
    kinds = [one for one in query.kinds.split(",") if one]
    records = reading.store.read(since=query.since, stream=query.stream, kinds=kinds)
    found: list[bytes] = []
    size, last = 0, 0
    for record in map(veiled, islice(records, query.limit + 1)):
        entry = record.entry
        text = orjson.dumps(
            Written(
                record.seq,
                record.term,
                entry.kind,
                entry.stream,
                entry.at_ms,
                entry.payload,
                entry.key,
                record.previous,
                record.hash,
            )
        )
        if found and (len(found) == query.limit or size + len(text) > LARGEST):
            return _page(found, last, top)
        found.append(text)
        size, last = size + len(text), record.seq
    return _page(found, None, top)


def _page(records: list[bytes], following: int | None, top: Head) -> Raw:
    bare = orjson.dumps(Journal((), following, top)).removeprefix(b'{"records":[]')
    return Raw(b'{"records":[' + b",".join(records) + b"]" + bare)


def head(reading: Reading, _: Call) -> Head:
    """The newest record."""
    return head_of(reading.store)


def head_of(store: Store) -> Head:
    """The newest record of a journal, and its term."""
    seq, value = store.head()
    return Head(seq, value, store.term())
