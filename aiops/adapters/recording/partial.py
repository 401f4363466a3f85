"""Partial: a recording under way, a file a chunk, so that a stopped one goes on where it was.

``partial/plan.json`` says what is recorded; a chunk whose file is there is done. Each file is whole or not
there, so a kill at any time costs at most one chunk.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aiops.adapters.recording import tables, writer
from aiops.adapters.recording.layout import HEAD, PARTIAL
from aiops.errors import InputError, Problem
from aiops.model import Panel, Signal, Target, Times
from aiops.model.wire import canonical

_TIMES = ("start_ms", "end_ms")  # of the first call; a later one goes on with them


class Partial:
    """The part-written recording in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self.directory, self._root = directory, directory / PARTIAL

    def begin(self, plan: Mapping[str, Any], *, restart: bool = False) -> Mapping[str, Any]:
        """The plan to follow: the one there, if it is of the same recording, else ``plan``.

        InputError where another recording is under way here, or the place is taken.
        """
        path = self._root / "plan.json"
        if path.exists() and not restart:
            return self._same(path, plan)
        if (self.directory / HEAD).exists() and not restart:
            got = "a whole recording"
            raise InputError(
                [Problem(str(self.directory), got, "another directory, or --restart to replace it")]
            )
        writer.clear(self.directory)
        shutil.rmtree(self._root, ignore_errors=True)
        writer.save(path, canonical(plan))
        return plan

    def _same(self, path: Path, plan: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            there = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise InputError(
                [Problem(str(path), str(error)[:80], "a plan that is whole; --restart")]
            ) from error
        wanted = orjson.loads(canonical(plan))
        others = [key for key in wanted if key not in _TIMES and there.get(key) != wanted[key]]
        if others:
            got = f"another recording under way (other {', '.join(others)})"
            raise InputError([Problem(str(path), got, "the same options, another directory, or --restart")])
        return dict(there)

    def done(self) -> int:
        """How many chunks are there."""
        return sum(1 for one in self._root.rglob("*") if one.suffix in (".facts", ".parquet"))

    def facts(self, chunk: int) -> Mapping[str, Any] | None:
        """The history of a chunk; None where it is not there yet."""
        path = self._root / "facts" / f"{chunk:05d}.facts"
        return orjson.loads(path.read_bytes()) if path.exists() else None

    def keep_facts(self, chunk: int, history: Mapping[str, Any]) -> None:
        """Keep the history of a chunk."""
        writer.save(self._root / "facts" / f"{chunk:05d}.facts", orjson.dumps(history))

    def has(self, signal: Signal, chunk: int) -> bool:
        """Whether the chunk of ``signal`` is there."""
        return self._chunk(signal, chunk).exists()

    def keep(self, signal: Signal, chunk: int, panel: Panel, notes: Sequence[str]) -> None:
        """Keep a chunk of samples with what the server said about it."""
        path = self._chunk(signal, chunk)
        writer.save(path.with_suffix(".notes"), orjson.dumps(list(notes)))
        writer.save(path, tables.encode(panel, signal))

    def notes(self, signal: Signal) -> tuple[str, ...]:
        """What was said about all chunks of ``signal``, each once."""
        files = sorted(self._chunk(signal, 0).parent.glob("*.notes"))
        return tuple(dict.fromkeys(note for file in files for note in orjson.loads(file.read_bytes())))

    def joined(self, signal: Signal, times: Times) -> Panel:
        """All chunks of ``signal`` as one panel over ``times``; rows sorted by target."""
        panels = list(self._panels(signal))
        targets: list[Target] = sorted({target for panel in panels for target in panel.targets})
        if len(targets) * len(times) > tables.MAX_SAMPLES:
            got = f"{signal.name}: {len(targets)} targets at {len(times)} times"
            raise InputError([Problem(str(self.directory), got, "a shorter --since or a longer --step")])
        row = {target: number for number, target in enumerate(targets)}
        values = np.full((len(targets), len(times)), np.nan)
        for panel in panels:
            first = int(np.searchsorted(times, panel.times[0])) if len(panel.times) else 0
            rows = [row[target] for target in panel.targets]
            values[rows, first : first + len(panel.times)] = panel.values
        return Panel(signal.name, signal.unit, tuple(targets), times, values)

    def _panels(self, signal: Signal) -> Iterator[Panel]:
        for path in sorted(self._chunk(signal, 0).parent.glob("*.parquet")):
            head = tables.read_head(path, signal)
            if not isinstance(head, tables.Head):
                raise InputError([*head, Problem(str(path), "a damaged chunk", "remove it and run again")])
            yield tables.read_panel(head, signal)

    def _chunk(self, signal: Signal, chunk: int) -> Path:
        return self._root / "signals" / signal.name / f"{chunk:05d}.parquet"

    def end(self) -> None:
        """Remove it: the recording is whole."""
        shutil.rmtree(self._root, ignore_errors=True)
