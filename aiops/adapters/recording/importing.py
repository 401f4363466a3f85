"""Importing: what people have, recognised by name and read into memory."""

from collections.abc import Sequence
from pathlib import Path

from aiops.adapters.recording import csv_cases, openmetrics, range_json
from aiops.adapters.recording.held import Held, recorded
from aiops.adapters.recording.layout import HEAD, PARTIAL
from aiops.adapters.recording.reader import Recorded
from aiops.errors import InputError, Problem

OPENMETRICS = (".om", ".prom", ".txt", ".openmetrics")
EXPECTED = (
    f"a recording (a directory with {HEAD}), a CSV file or a folder of them, replies of query_range (.json),"
    " or OpenMetrics text (.om, .prom, .txt)"
)


def read(path: Path) -> Recorded:
    """What is at ``path``, by what its name says; InputError where nobody can tell."""
    if not path.exists():
        raise InputError([Problem(str(path), "no such file or directory", EXPECTED)])
    if (path / PARTIAL).is_dir():
        expected = "a whole one: run the same `aiops record` again, it goes on where it was"
        raise InputError([Problem(str(path), "a recording under way", expected)])
    if csv_cases.find(path):
        return from_csv(path)
    if path.suffix == ".json":
        return from_json([path])
    if path.name.removesuffix(".gz").endswith(OPENMETRICS):
        return from_openmetrics(path)
    got = f"no {HEAD} and no CSV file in it" if path.is_dir() else "another kind of file"
    raise InputError([Problem(str(path), got, EXPECTED)])


def from_csv(path: Path, made_by: str = "") -> Recorded:
    """A CSV file, a fault case, or a folder of such."""
    _there(path)
    if not csv_cases.find(path):
        raise InputError([Problem(str(path), "no .csv or .csv.gz file", "a CSV file or a folder of them")])
    return _made(path, csv_cases.read(path), "CSV", made_by)


def from_json(paths: Sequence[Path], made_by: str = "") -> Recorded:
    """Replies of ``query_range``, of one or several queries, together."""
    for path in paths:
        _there(path)
    return _made(paths[0], range_json.read(paths), "replies of query_range", made_by)


def from_openmetrics(path: Path, made_by: str = "") -> Recorded:
    """OpenMetrics text with timestamps."""
    _there(path)
    return _made(path, openmetrics.read(path), "OpenMetrics text", made_by)


def _there(path: Path) -> None:
    if not path.exists():
        raise InputError([Problem(str(path), "no such file or directory", "a file to import")])


def _made(path: Path, held: Held, form: str, made_by: str) -> Recorded:
    name = path.resolve().name if path.is_dir() else path.name.removesuffix(".gz").rpartition(".")[0]
    if name == csv_cases.CASE:
        name = path.resolve().parent.name
    return recorded(name or path.name, f"imported from {form}: {path.name}", held, made_by)
