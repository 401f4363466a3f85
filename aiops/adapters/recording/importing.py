"""Importing: what people have, recognised by name and read into memory."""

from pathlib import Path

from aiops.adapters.recording import csv_cases
from aiops.adapters.recording.held import Held, recorded
from aiops.adapters.recording.layout import HEAD
from aiops.adapters.recording.reader import Recorded
from aiops.errors import InputError, Problem

EXPECTED = (
    f"a recording (a directory with {HEAD}), a CSV file or a folder of them, replies of query_range (.json),"
    " or OpenMetrics text (.om, .prom, .txt)"
)


def read(path: Path) -> Recorded:
    """What is at ``path``, by what its name says; InputError where nobody can tell."""
    if not path.exists():
        raise InputError([Problem(str(path), "no such file or directory", EXPECTED)])
    if csv_cases.find(path):
        return from_csv(path)
    if path.is_dir():
        raise InputError([Problem(str(path), f"no {HEAD} and no CSV file in it", EXPECTED)])
    raise InputError([Problem(str(path), "another kind of file", EXPECTED)])


def from_csv(path: Path, made_by: str = "") -> Recorded:
    """A CSV file, a fault case, or a folder of such."""
    return _made(path, csv_cases.read(path), "CSV", made_by)


def _made(path: Path, held: Held, form: str, made_by: str) -> Recorded:
    name = csv_cases.stem(path) if path.is_file() else path.resolve().name
    if name == csv_cases.CASE:
        name = path.resolve().parent.name
    return recorded(name, f"imported from {form}: {path.name}", held, made_by)
