"""Tables: one signal's samples as a wide Parquet file and back.

Column ``time`` (int64, ms UTC, strictly increasing), then one column of floats a target. Samples that
float32 holds exactly are stored so, at half the size.

Cost: 200 columns of 20,000 rows are read in about 0.1 s; beside the result, one batch of columns is held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.recording.layout import TIME, column_of, target_of
from aiops.errors import InputError, Problem
from aiops.model import Floats, Panel, Signal, Target, Times

MAX_SAMPLES = 100_000_000  # of one signal: 800 MB; beyond, a recording is cut into several
_BATCH = 256  # columns read at once
_LEVEL = 9


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What a file holds, found out without reading its samples."""

    path: Path
    targets: tuple[Target, ...]
    columns: tuple[str, ...]
    times: Times


def encode(panel: Panel, signal: Signal) -> bytes:
    """The Parquet file of ``panel``: same panel, same bytes. ValueError for a target of another cluster."""
    import pyarrow as pa  # noqa: PLC0415 - 50 ms, only who touches a recording pays
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    values = _narrow(panel.values)
    fields = [pa.field(TIME, pa.int64(), nullable=False)]
    fields += [pa.field(column_of(target), pa.from_numpy_dtype(values.dtype)) for target in panel.targets]
    schema = pa.schema(fields, metadata={"signal": signal.name, "unit": signal.unit})
    columns = [pa.array(panel.times)]
    columns += [pa.array(row, mask=np.isnan(row)) for row in values]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(columns, schema=schema),
        sink,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=False,
        use_byte_stream_split=[name for name in schema.names if name != TIME],
        column_encoding={TIME: "DELTA_BINARY_PACKED"},
        write_statistics=False,
        write_page_checksum=True,
        store_schema=False,
        row_group_size=max(1, len(panel.times)),
    )
    return bytes(sink.getvalue())


def _narrow(values: Floats) -> Any:
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return single if np.array_equal(single, values, equal_nan=True) else values


def read_head(path: Path, signal: Signal) -> Head | list[Problem]:
    """Columns and times of the file of ``signal``, or everything that is wrong with it."""
    try:
        with _opened(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            problems = list(_wrong(path, signal, schema, rows))
            if problems:
                return problems
            times = _times(file)
    except (OSError, ValueError, MemoryError) as error:
        return [Problem(str(path), _short(error), "a Parquet file that is whole")]
    if isinstance(times, str):
        return [Problem(f"{path} {TIME}", times, "times that increase, in ms UTC, without gaps")]
    columns = tuple(name for name in schema.names if name != TIME)
    return Head(path, tuple(target_of(name) for name in columns), columns, times)


def _opened(path: Path) -> Any:
    import pyarrow.parquet as pq  # noqa: PLC0415 - 50 ms, only who touches a recording pays

    return pq.ParquetFile(path, page_checksum_verification=True)


def _wrong(path: Path, signal: Signal, schema: Any, rows: int) -> Iterator[Problem]:
    import pyarrow as pa  # noqa: PLC0415 - as above

    said: Mapping[bytes, bytes] = schema.metadata or {}
    for key, wanted in (("signal", signal.name), ("unit", signal.unit)):
        got = said.get(key.encode())
        if got is not None and got.decode("utf-8", "replace") != wanted:
            yield Problem(f"{path} metadata {key}", repr(got.decode("utf-8", "replace"))[:80], repr(wanted))
    if TIME not in schema.names:
        yield Problem(f"{path}", f"the columns {', '.join(schema.names)[:200]}", f"a column {TIME}")
    seen: set[Target] = set()
    for field in schema:
        where, kind = f"{path} column {field.name!r:.80}", field.type
        if field.name == TIME:
            if not (kind == pa.int64() or (pa.types.is_timestamp(kind) and kind.tz == "UTC")):
                yield Problem(where, str(kind), "int64 (ms UTC) or a timestamp in UTC")
            continue
        if not pa.types.is_floating(kind) and not pa.types.is_integer(kind):
            yield Problem(where, str(kind), "numbers (float64)")
        try:
            target = target_of(field.name)
        except ValueError as error:
            yield Problem(where, "no target", str(error).partition(", got")[0].removeprefix("expected "))
            continue
        if target in seen:
            yield Problem(where, "the same target again", "each target once")
        seen.add(target)
    if rows * max(1, len(schema.names) - 1) > MAX_SAMPLES:
        yield Problem(str(path), f"{rows} times {len(schema.names) - 1} samples", f"at most {MAX_SAMPLES}")


def _times(file: Any) -> Times | str:
    """The times (t,), or what is wrong with them."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    column = file.read(columns=[TIME], use_threads=False).column(TIME)
    if column.null_count:
        return f"{column.null_count} empty times"
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz="UTC"), safe=False).cast(pa.int64())
    times: Times = np.ascontiguousarray(column.to_numpy(), dtype=np.int64)
    back = np.flatnonzero(np.diff(times) <= 0)
    if len(back):
        row = int(back[0]) + 1
        return f"{times[row]} after {times[row - 1]} in row {row + 1} ({len(back)} such)"
    if len(times) and not (times[0] >= 0 and times[-1] < 1 << 45):
        return f"times from {times[0]} to {times[-1]}, which are no ms since 1970"
    return times


def read_panel(head: Head, signal: Signal) -> Panel:
    """All samples of a file; InputError where its data are damaged or it changed since it was opened."""
    values = np.empty((len(head.columns), len(head.times)))
    try:
        with _opened(head.path) as file:
            for start in range(0, len(head.columns), _BATCH):
                names = list(head.columns[start : start + _BATCH])
                table = file.read(columns=names, use_threads=False)
                for row, name in enumerate(names, start):
                    values[row] = table.column(name).to_numpy()
    except (OSError, ValueError, KeyError, MemoryError) as error:
        raise InputError([Problem(str(head.path), _short(error), "a Parquet file that is whole")]) from error
    return Panel(signal.name, signal.unit, head.targets, head.times, values)


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
