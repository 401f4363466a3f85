"""Remote read: raw samples of plain selectors, for back-fill, a tenth of the CPU that JSON costs both sides.

Input:   matchers and a grid.
Output:  Answer (n, t) on the grid, as a range query of the same selector would give: the newest sample of the
         last five minutes; a staleness marker is a NaN like any other, and so a gap.
Errors:  NotOffered where the server does not do it (then JSON does); PortError otherwise.
Cost:    about 0.1 s a million samples here; all samples of a request are in memory, 18 bytes each.
Source:  prompb/remote.proto and prompb/types.proto of Prometheus, response type SAMPLES. The messages are
         described by hand below, so that no compiler of them is needed. A sample is described as bytes, which
         looks the same on the wire, so that all of a series can be decoded at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cramjam
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from aiops.adapters.prometheus.matchers import Matcher
from aiops.adapters.prometheus.replies import Answer
from aiops.errors import Rejected
from aiops.model import Floats, Times

LOOKBACK_MS = 300_000  # Prometheus' own; a sample exactly so old still counts, as up to version 2
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "Accept": "application/x-protobuf",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}
_SIGNS = {"=": 0, "!=": 1, "=~": 2, "!~": 3}
_COMMON = 16  # bytes of a sample with a value (tag, 8 bytes) and a time of today (tag, 6 bytes)
_FIELD = descriptor_pb2.FieldDescriptorProto


class NotOffered(Exception):  # noqa: N818 - an answer, not a failure
    """The server does not do remote read."""


def _messages() -> Mapping[str, Any]:
    fields: Mapping[str, Sequence[tuple[str, int, int, bool, str]]] = {
        "LabelMatcher": (
            ("type", 1, _FIELD.TYPE_INT32, False, ""),
            ("name", 2, _FIELD.TYPE_STRING, False, ""),
            ("value", 3, _FIELD.TYPE_STRING, False, ""),
        ),
        "Query": (
            ("start_timestamp_ms", 1, _FIELD.TYPE_INT64, False, ""),
            ("end_timestamp_ms", 2, _FIELD.TYPE_INT64, False, ""),
            ("matchers", 3, _FIELD.TYPE_MESSAGE, True, "LabelMatcher"),
        ),
        "ReadRequest": (
            ("queries", 1, _FIELD.TYPE_MESSAGE, True, "Query"),
            ("accepted_response_types", 2, _FIELD.TYPE_INT32, True, ""),
        ),
        "Label": (
            ("name", 1, _FIELD.TYPE_STRING, False, ""),
            ("value", 2, _FIELD.TYPE_STRING, False, ""),
        ),
        "Sample": (
            ("value", 1, _FIELD.TYPE_DOUBLE, False, ""),
            ("timestamp", 2, _FIELD.TYPE_INT64, False, ""),
        ),
        "TimeSeries": (
            ("labels", 1, _FIELD.TYPE_MESSAGE, True, "Label"),
            ("samples", 2, _FIELD.TYPE_BYTES, True, ""),
            ("histograms", 4, _FIELD.TYPE_BYTES, True, ""),
        ),
        "QueryResult": (("timeseries", 1, _FIELD.TYPE_MESSAGE, True, "TimeSeries"),),
        "ReadResponse": (("results", 1, _FIELD.TYPE_MESSAGE, True, "QueryResult"),),
    }
    file = descriptor_pb2.FileDescriptorProto(name="aiops/remote.proto", package="aiops", syntax="proto3")
    for name, described in fields.items():
        message = file.message_type.add(name=name)
        for field, number, kind, many, of in described:
            label = _FIELD.LABEL_REPEATED if many else _FIELD.LABEL_OPTIONAL
            message.field.add(
                name=field, number=number, type=kind, label=label, type_name=f".aiops.{of}" if of else None
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"aiops.{name}")) for name in fields
    }


_MESSAGES = _messages()


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked: all series that fit ``matchers``, and their samples that the grid can see."""

    matchers: tuple[Matcher, ...]
    grid: Times

    def request(self) -> bytes:
        """The body of the request."""
        message = _MESSAGES["ReadRequest"](accepted_response_types=[0])
        query = message.queries.add(
            start_timestamp_ms=int(self.grid[0]) - LOOKBACK_MS, end_timestamp_ms=int(self.grid[-1])
        )
        for label, sign, value in self.matchers:
            query.matchers.add(type=_SIGNS[sign], name=label, value=value)
        return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


def answer(body: bytes, span: Span, external: Mapping[str, str], most: int) -> Answer:
    """Read a reply. ``external`` labels, which the server adds to what it sends, are taken off again."""
    message = _message(body, most)
    labels: list[Mapping[str, str]] = []
    rows: list[Floats] = []
    rejected = 0
    for series in (one for result in message.results for one in result.timeseries):
        row_labels = {label.name: label.value for label in series.labels}
        rejected += len(series.histograms)
        if not _fits(row_labels, span.matchers):
            continue
        times, values, lost = _samples(series.samples)
        rejected += lost
        rows.append(on_grid(times, values, span.grid))
        labels.append({a: b for a, b in row_labels.items() if external.get(a) != b})
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(span.grid))
    keep = ~np.isnan(values).all(axis=1)
    if not keep.all():  # what was only seen before the grid began
        labels = [labels[row] for row in np.flatnonzero(keep)]
    return Answer(tuple(labels), span.grid, values[keep], rejected)


def _message(body: bytes, most: int) -> Any:
    claimed = _claimed(body)
    if claimed > most:
        raise Rejected(f"answer: expected at most {most} bytes, got {claimed} to unpack: ask for less")
    try:
        plain = bytes(cramjam.snappy.decompress_raw(body))
        return _MESSAGES["ReadResponse"].FromString(plain)
    except (cramjam.DecompressionError, DecodeError) as error:
        raise Rejected(
            f"answer: expected samples as remote read has them, got something else ({error})"
        ) from error


def _claimed(body: bytes) -> int:
    """How large a snappy block says it unpacks to: a varint at its start."""
    size = shift = 0
    for byte in body[:5]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return size
    raise Rejected("answer: expected snappy, got something else")


def _fits(labels: Mapping[str, str], matchers: Sequence[Matcher]) -> bool:
    """Matchers once more: a server leaves out those on its own external labels, whatever a series says."""
    for label, sign, value in matchers:
        have = labels.get(label, "")
        if (sign == "=" and have != value) or (sign == "!=" and have == value):
            return False
    return True


def _samples(encoded: Sequence[bytes]) -> tuple[Times, Floats, int]:
    """(times ms, values, how many could not be read) in order of time."""
    common = [one for one in encoded if len(one) == _COMMON and one[0] == 0x09 and one[9] == 0x10]
    times, values = _common(common)
    if len(common) == len(encoded):
        return (*_ordered(times, values), 0)
    rare = [one for one in encoded if not (len(one) == _COMMON and one[0] == 0x09 and one[9] == 0x10)]
    read = list(_rare(rare))
    times = np.concatenate([times, np.array([at for at, _ in read], dtype=np.int64)])
    values = np.concatenate([values, np.array([value for _, value in read], dtype=np.float64)])
    return (*_ordered(times, values), len(rare) - len(read))


def _common(encoded: Sequence[bytes]) -> tuple[Times, Floats]:
    """Samples of the usual size, all at once: 8 bytes of a double, 6 bytes of a varint."""
    table = np.frombuffer(b"".join(encoded), dtype=np.uint8).reshape(-1, _COMMON)
    values = np.ascontiguousarray(table[:, 1:9]).view("<f8").reshape(-1)
    times = np.zeros(len(table), dtype=np.int64)
    for place in range(6):
        times |= (table[:, 10 + place].astype(np.int64) & 0x7F) << (7 * place)
    return times, values.astype(np.float64, copy=False)


def _rare(encoded: Sequence[bytes]) -> Iterator[tuple[int, float]]:
    """Zeros (their value is left out on the wire) and times far from today, one by one."""
    for one in encoded:
        try:
            sample = _MESSAGES["Sample"].FromString(one)
        except DecodeError:
            continue
        yield sample.timestamp, sample.value


def _ordered(times: Times, values: Floats) -> tuple[Times, Floats]:
    if len(times) < 2 or bool((np.diff(times) > 0).all()):
        return times, values
    order = np.argsort(times, kind="stable")
    return times[order], values[order]


def on_grid(times: Times, values: Floats, grid: Times) -> Floats:
    """At each time of ``grid`` the newest sample at or before it, of the last five minutes, NaN for none."""
    row: Floats = np.full(len(grid), np.nan)
    if not len(times):
        return row
    newest = np.searchsorted(times, grid, side="right") - 1
    seen = newest >= 0
    seen &= times[np.maximum(newest, 0)] >= grid - LOOKBACK_MS
    row[seen] = values[newest[seen]]
    return row


def bare(quoted: str) -> str:
    """The text of a PromQL string; Rejected where it has escapes that only Prometheus should read."""
    inner = quoted[1:-1]
    if quoted[0] == "`" or "\\" not in inner:
        return inner
    if re.search(r"\\[^\\\"'nt]", inner):
        raise Rejected("query: escapes that remote read does not take")
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), inner)
