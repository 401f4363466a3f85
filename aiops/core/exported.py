"""Exported: records as lines of text that can be verified again, as JSON lines or CSV.

Values of environment variables leave as digests (``chain.veiled``, S8); the hashes hold all the same.
Whatever a value holds, a record stays one line, and no cell of CSV is taken for a formula (S9). There is one
way to write a record down: a line that says the same in other bytes is refused.

Errors:  Rejected for a line that is no record, naming it.
Cost:    about 20 µs a record.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from aiops.core.chain import veiled
from aiops.core.words import UNPRINTABLE
from aiops.errors import Rejected
from aiops.model import Entry, Record
from aiops.model.wire import canonical

COLUMNS = ("seq", "term", "at_ms", "kind", "stream", "key", "payload", "previous", "hash")
FORMATS = ("jsonl", "csv")
NUMBERS = frozenset({"seq", "term", "at_ms"})
FORMULA = tuple("=+-@'\t\r")  # beginnings of a cell that a spreadsheet would not leave alone
LONGEST = 64 << 20  # characters of one line


def lines(records: Iterable[Record], form: str) -> Iterator[str]:
    """``records`` as lines, each with its end; CSV begins with the names of its columns."""
    if form == "csv":
        yield _csv(COLUMNS)
    for record in records:
        yield _line(veiled(record), form)


def parsed(texts: Iterable[str], form: str) -> Iterator[Record]:
    """The records of ``lines``. Raises Rejected, naming the line, for what is none."""
    rest = enumerate(texts, 1)
    if form == "csv" and next(rest, (1, ""))[1] != _csv(COLUMNS):
        raise Rejected(f"line 1: expected the columns {', '.join(COLUMNS)}")
    for number, text in rest:
        try:
            record = _record(_cells(text) if form == "csv" else orjson.loads(text))
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise Rejected(f"line {number}: expected a record, got something else: {error}"[:300]) from error
        if _line(record, form) != text:
            raise Rejected(
                f"line {number}: record {record.seq} was changed: it is not written as we write it"
            )
        yield record


def _fields(record: Record) -> dict[str, Any]:
    entry = record.entry
    return {
        "seq": record.seq,
        "term": record.term,
        "at_ms": entry.at_ms,
        "kind": entry.kind,
        "stream": entry.stream,
        "key": entry.key,
        "payload": entry.payload,
        "previous": record.previous,
        "hash": record.hash,
    }


def _line(record: Record, form: str) -> str:
    fields = _fields(record)
    if form == "jsonl":
        return _printable(orjson.dumps(fields, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)) + "\n"
    cells = [str(fields[name]) if name in NUMBERS else _text(fields[name]) for name in COLUMNS]
    return _csv(cells)


def _text(value: Any) -> str:
    """A payload as JSON; a text as JSON has it, without its quotes."""
    if not isinstance(value, str):
        return _printable(canonical(value))
    text = _printable(canonical(value))[1:-1]
    return f"'{text}" if text.startswith(FORMULA) else text


def _printable(json: bytes) -> str:
    """JSON itself escapes only the control characters below 32."""
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.decode())


def _csv(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _cells(text: str) -> dict[str, Any]:
    csv.field_size_limit(LONGEST)
    (cells,) = csv.reader([text])
    found = dict(zip(COLUMNS, cells, strict=True))
    values: dict[str, Any] = {}
    for name, cell in found.items():
        if name in NUMBERS:
            values[name] = int(cell)
        elif name == "payload":
            values[name] = orjson.loads(cell)
        else:
            values[name] = orjson.loads(f'"{cell.removeprefix(chr(39))}"')
    return values


def _record(fields: Mapping[str, Any]) -> Record:
    if set(fields) != set(COLUMNS):
        raise ValueError(f"expected {', '.join(COLUMNS)}")
    for name, value in fields.items():
        kind = int if name in NUMBERS else dict if name == "payload" else str
        if type(value) is not kind:
            raise ValueError(f"{name}: expected {kind.__name__}, got {type(value).__name__}")
    entry = Entry(fields["kind"], fields["stream"], fields["at_ms"], fields["payload"], fields["key"])
    return Record(fields["seq"], fields["term"], entry, fields["previous"], fields["hash"])
