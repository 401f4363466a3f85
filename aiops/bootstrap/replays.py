"""Replays: recordings replayed in a process of their own, one at a time, so that no tick of a daemon waits.

A report is kept in memory until the program ends.
"""

import multiprocessing
import os
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

from aiops.errors import AiopsError
from aiops.web.console import Progress

NICE = 10  # what the daemon does goes first


class ChildReplays:
    """``console.Replays`` over folders by name. Safe between threads."""

    def __init__(self, recordings: Mapping[str, Path], config: Path | None = None) -> None:
        self._recordings, self._config = dict(recordings), config
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._reports: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        """See ``console.Replays``."""
        return tuple(self._recordings)

    def start(self, name: str) -> str:
        """See ``console.Replays``."""
        path = self._recordings.get(name)
        if path is None:
            return "there is no such recording"
        with self._lock:
            if self._progress is not None and not self._progress.over:
                return f"{self._progress.name} is being replayed: one at a time"
            self._progress = Progress(name, 0.0, "starting")
        threading.Thread(target=self._run, args=(name, path), name="replay", daemon=True).start()
        return ""

    def progress(self) -> Progress | None:
        """See ``console.Replays``."""
        return self._progress

    def report(self, name: str) -> str | None:
        """See ``console.Replays``."""
        return self._reports.get(name)

    def _run(self, name: str, path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        mine, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_replay, args=(theirs, path, self._config), daemon=True)
        child.start()
        theirs.close()
        end = Progress(name, 1.0, "the replay ended without an answer", over=True, failed=True)
        try:
            while True:
                kind, value = mine.recv()
                if kind == "progress":
                    self._progress = Progress(name, *value)
                elif kind == "report":
                    self._reports[name] = value
                    end = Progress(name, 1.0, "done", over=True)
                else:
                    end = Progress(name, 1.0, str(value), over=True, failed=True)
        except EOFError:
            pass
        child.join()
        self._progress = end


def _replay(told: Connection, path: Path, config: Path | None) -> None:
    """In the child."""
    from aiops.bootstrap.report import dry_run
    from aiops.web.report import render

    os.nice(NICE)
    try:
        run = dry_run(path, config, progress=lambda share, what: told.send(("progress", (share, what))))
        told.send(("report", render(run.story, run.score, run.comparison)))
    except AiopsError as error:
        told.send(("failed", str(error)))
    finally:
        told.close()
