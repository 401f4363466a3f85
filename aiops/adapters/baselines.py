"""Baselines: fitted state in files, one a bundle, replaced as a whole.

A file is a zip of ``.npy`` members (NumPy's own format, never pickled) and ``meta.json``. It is written
beside its place, synced, and renamed: after a crash there is the old bundle or the new one, never half of
one. What cannot be read is set aside under ``.damaged`` and told; the loop then learns again, which loses
time and nothing else.

Cost: about 1 s for each 500 MB; nothing is compressed.
"""

import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops.errors import InvariantError, Unavailable

Arrays = Mapping[str, NDArray[Any]]
Tell = Callable[[str, str], None]  # (bundle, what was wrong with it)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
SUFFIX, META = ".npz", "meta.json"
NOT_OURS = (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, NotImplementedError)
LARGEST_META = 256 * 1024 * 1024  # of a million targets; a larger one is not ours


def quiet(bundle: str, problem: str) -> None:
    """Tell nobody."""


class FileBaselines:
    """``ports.Baselines`` in the folder ``directory``, which is made where it does not exist. ``only_read``
    leaves damaged bundles where they are."""

    def __init__(self, directory: Path, tell: Tell = quiet, *, only_read: bool = False) -> None:
        self._directory, self._tell, self._only_read = directory, tell, only_read

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise InvariantError(f"baselines: expected a plain name, got {name!r}")
        return self._directory / f"{name}{SUFFIX}"

    def save(self, name: str, arrays: Arrays, meta: Mapping[str, object]) -> None:
        """See ``ports.Baselines``."""
        path = self._path(name)
        beside = path.with_suffix(".writing")
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with beside.open("wb") as file:
                _write(file, arrays, meta)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
            self._sync_directory()
        except OSError as error:
            raise Unavailable(f"baselines: {path}: {error.strerror or error}") from error

    def _sync_directory(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def load(self, name: str) -> tuple[Arrays, Mapping[str, object]] | None:
        """See ``ports.Baselines``."""
        path = self._path(name)
        try:
            return _read(path)
        except FileNotFoundError:
            return None
        except (OSError, *NOT_OURS) as error:
            if self._only_read:  # somebody who only looks moves no file of the daemon
                self._tell(name, f"{path.name} cannot be read: {error}")
                return None
            self._tell(name, f"{path.name} cannot be read and is set aside: {error}")
            self._set_aside(path)
            return None

    def _set_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError as error:
            self._tell(path.stem, f"{path.name} cannot be set aside: {error}")

    def names(self) -> tuple[str, ...]:
        """See ``ports.Baselines``."""
        return tuple(sorted(path.name.removesuffix(SUFFIX) for path in self._directory.glob(f"*{SUFFIX}")))


def _write(file: Any, arrays: Arrays, meta: Mapping[str, object]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(META, json.dumps({"meta": meta, "arrays": list(arrays)}))
        for number, array in enumerate(arrays.values()):
            with archive.open(f"{number}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def _read(path: Path) -> tuple[Arrays, Mapping[str, object]]:
    """The bundle; zip checks each member's CRC, NumPy refuses objects."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(META).file_size > LARGEST_META:
            raise ValueError(f"{META} is larger than {LARGEST_META} bytes")
        head = json.loads(archive.read(META))
        arrays = {}
        for number, name in enumerate(head["arrays"]):
            with archive.open(f"{number}.npy") as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
                if member.read(1):
                    raise ValueError(f"{name}: more bytes than its shape asks for")
            arrays[str(name)] = array
        return arrays, dict(head["meta"])
