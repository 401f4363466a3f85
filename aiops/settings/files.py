"""Files: which files a configuration folder holds, read as one moment of it.

A folder that is changed while it is read (a mounted ConfigMap is exchanged by a symbolic link) is read
again, so that what is returned never mixes two versions (B7). Nothing but regular files is opened, and never
more than ``MAX_FILES`` of them or ``MAX_TOTAL`` bytes.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiops.settings.document import MAX_BYTES
from aiops.settings.report import Place, Report

MAIN, GRAPH, SIGNALS, PLAYBOOKS = "aiops.yaml", "graph.yaml", "signals", "playbooks"
KNOWN = (MAIN, GRAPH, SIGNALS, PLAYBOOKS)
IGNORED = (".md", ".txt", ".json")  # beside ours, and anything hidden; not in signals/ and playbooks/
MAX_FILES = 200
MAX_TOTAL = 4 * 1024 * 1024
TRIES = 3
CHANGED = "changed"

Stamp = tuple[str, int, int, int]  # real path, inode, size, time of change


@dataclass(frozen=True, slots=True)
class Files:
    """Contents by path below the folder, in order of name; ``folders`` are those that exist."""

    contents: Mapping[str, bytes]
    folders: frozenset[str]


def read(folder: Path, report: Report) -> Files:
    """The files of ``folder``; everything that cannot be read or does not belong there is noted."""
    for _ in range(TRIES):
        noted = len(report.problems)
        before, folders = _listed(folder, report)
        contents = {name: _content(folder, name, stamp, report) for name, stamp in before.items()}
        if CHANGED not in contents.values() and _listed(folder, Report())[0] == before:
            kept = {name: data for name, data in contents.items() if isinstance(data, bytes)}
            return Files(kept, folders)
        del report.problems[noted:]
    _at(report, folder, "").wrong("files that change while they are read", "files that hold still")
    return Files({}, frozenset())


def _at(report: Report, folder: Path, name: str) -> Place:
    return Place(report, str(folder / name))


def _listed(folder: Path, report: Report) -> tuple[dict[str, Stamp], frozenset[str]]:
    """Every file to read with its stamp, and the folders there are."""
    found: dict[str, Stamp] = {}
    folders = set()
    for name in _names(folder, "", report):
        if name in (SIGNALS, PLAYBOOKS):
            folders.add(name)
            for inner in _names(folder, name, report):
                _stamp(folder, f"{name}/{inner}", report, found)
        elif name in KNOWN:
            _stamp(folder, name, report, found)
        elif not name.endswith(IGNORED):
            _at(report, folder, name).unknown("a file or folder that is not ours", name, KNOWN)
    if len(found) > MAX_FILES or sum(size for _, _, size, _ in found.values()) > MAX_TOTAL:
        _at(report, folder, "").wrong(
            f"{len(found)} files of {sum(size for _, _, size, _ in found.values())} bytes",
            f"at most {MAX_FILES} files of {MAX_TOTAL} bytes together",
        )
        found.clear()
    return found, frozenset(folders)


def _names(folder: Path, inner: str, report: Report) -> list[str]:
    try:
        return sorted(one.name for one in (folder / inner).iterdir() if not one.name.startswith("."))
    except OSError as error:
        _at(report, folder, inner).wrong(error.strerror or str(error), "a folder that can be read")
        return []


def _stamp(folder: Path, name: str, report: Report, found: dict[str, Stamp]) -> None:
    path, place = folder / name, _at(report, folder, name)
    if not name.endswith(".yaml"):
        place.wrong(f"a file called {path.name!a}", "only files that end in .yaml here")
        return
    try:
        state = path.stat()
    except OSError as error:
        place.wrong(error.strerror or str(error), "a file that can be read")
        return
    if not stat.S_ISREG(state.st_mode):
        place.wrong("something that is no file", "a file")
        return
    found[name] = (str(path.resolve()), state.st_ino, state.st_size, state.st_mtime_ns)


def _content(folder: Path, name: str, stamp: Stamp, report: Report) -> bytes | str:
    """What the file holds, CHANGED where it is another than the one that was listed, "" where it cannot be
    read, which is noted."""
    try:
        with (folder / name).open("rb") as file:
            state = os.fstat(file.fileno())
            if (state.st_ino, state.st_size, state.st_mtime_ns) != stamp[1:]:
                return CHANGED
            return file.read(MAX_BYTES + 1)  # one more than is allowed: whoever parses refuses it
    except OSError as error:
        _at(report, folder, name).wrong(error.strerror or str(error), "a file that can be read")
        return ""
