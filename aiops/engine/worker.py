"""Worker: one channel's thread: sends what is due, waits out what fails.

A failure that may pass is waited for, ever longer, or as long as the channel says; meanwhile nothing else is
tried there. What a channel will not take is put aside for a while, so that it holds up nothing else.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aiops.core.board import Board
from aiops.core.notices import View
from aiops.engine.outlet import Due, Remembered
from aiops.engine.posts import NOWHERE
from aiops.errors import PortError, Unavailable
from aiops.model import Card, Facts, Incident, Note, Question
from aiops.ports import Clock

FIRST_S, LONGEST_S = 1.0, 60.0  # after a failure, doubling
ASIDE_S = 600.0  # what a channel will not take is tried again so much later
APART_S = 2.0  # between two of the same: people read, chats limit edits, a bug of ours must not flood them
IDLE_S = 30.0  # nothing to do: look again, in case a nudge was missed
BLIND_S = 60.0  # without facts so long, what is new is posted all the same


class Source(Protocol):
    """What of the herald a worker needs."""

    @property
    def facts(self) -> Facts | None:
        """The newest picture of the cluster."""
        ...

    def looking(self) -> AbstractContextManager[Board]:
        """The board as of now, for us alone."""
        ...


@dataclass(slots=True)
class Worker:
    """One channel's thread."""

    here: Remembered
    source: Source
    clock: Clock
    failed: Callable[[str, Exception], None]
    draw: Callable[[Incident, Sequence[Mapping[str, Any]]], bytes] | None
    wake: threading.Event = field(default_factory=threading.Event)
    rested: threading.Event = field(default_factory=threading.Event)  # there is nothing to send just now
    _round: int = 0  # how often somebody wanted all that is due to be sent
    _rounds_done: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _sent: dict[str, float] = field(default_factory=dict)  # by about: when, of the last moments
    _aside: dict[str, float] = field(default_factory=dict)  # by about: not before
    _unwritten: deque[str] = field(default_factory=deque)  # keys of what was sent, not in the journal yet
    _failures: int = 0
    _not_before_s: float = 0.0
    _began_s: float | None = None

    def __post_init__(self) -> None:
        self.here.broken = self._put_aside

    @property
    def name(self) -> str:
        """The channel's."""
        return self.here.name

    def hand(self, note: Note) -> None:
        """A note that is not in the journal."""
        if self.here.outlet.notes:
            self.here.handed.append(note)
            self.wake.set()

    def finish(self, wait_s: float) -> None:
        """Let it send what is due now, for so long at most; what waits for a failing channel is not due."""
        until_s = self.clock.monotonic_s() + wait_s
        self._round += 1
        self.wake.set()
        while self._rounds_done < self._round and (left_s := until_s - self.clock.monotonic_s()) > 0:
            self.rested.clear()
            if self._rounds_done < self._round:
                self.rested.wait(min(left_s, 0.1))

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self.wake.set()

    def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            self.wake.clear()
            round_ = self._round  # after the wake was cleared: whoever asks from now on wakes us again
            wait_s = self.work()
            self._rounds_done = round_
            self.rested.set()
            self.wake.wait(wait_s)

    def work(self) -> float:
        """Send all that is due; seconds until more may be."""
        while not self._stopping.is_set():
            now_s = self.clock.monotonic_s()
            self._began_s = now_s if self._began_s is None else self._began_s
            if now_s < self._not_before_s:
                return self._not_before_s - now_s
            if self._unwritten:
                self._write()
            try:
                due = self._next(now_s)
            except Exception as error:  # noqa: BLE001 - the edge: a bug in words must not stop the channel
                self._fail(f"notify {self.name}", error)
                return self._not_before_s - now_s
            if due is None:
                return self._idle_s(now_s)
            self._send(due, now_s)
        return 0.0

    def _next(self, now_s: float) -> Due | None:
        """What is to be sent first: the storm, what is asked, what is new, what was said, what changed."""
        with self.source.looking() as board:
            facts = self.source.facts
            view = View(
                board,
                self.here.notify,
                facts,
                self.clock.now_ms(),
                self.here.has,
                self.here.outlet.takes,
                self.here.outlet.grouped,
            )
            fresh = facts is not None or now_s - (self._began_s or now_s) >= BLIND_S
            for due in self.here.due(view, fresh, now_s):
                if self._may(due.about, now_s):
                    return due
        return None

    def _may(self, about: str, now_s: float) -> bool:
        """Whether it is neither put aside, nor was sent just now."""
        return max(self._aside.get(about, 0.0), self._sent.get(about, -APART_S) + APART_S) <= now_s

    def _put_aside(self, about: str, error: Exception) -> None:
        """Try it again much later; told once until then."""
        now_s = self.clock.monotonic_s()
        if self._aside.get(about, 0.0) <= now_s:
            self._aside[about] = now_s + ASIDE_S
            self.failed(f"notify {self.name}", error)

    def _send(self, due: Due, now_s: float) -> None:
        what = f"notify {self.name}"
        notifier = self.here.outlet.notifier
        try:
            match due.notice:
                case Card() as made:
                    notifier.show(self._pictured(made, due))
                case Question() as made:
                    notifier.ask(made)
                case Note() as made:
                    notifier.note(made)
            self._remember(due, now_s)
        except Unavailable as error:
            self._fail(what, error, error.retry_after_s)
        except Exception as error:  # noqa: BLE001 - the edge of one notice: the others go on
            self._put_aside(due.about, error)
        else:
            self._failures = 0
            self._aside.pop(due.about, None)

    def _pictured(self, made: Card, due: Due) -> Card:
        """The card with the plot of its evidence; without it where that cannot be drawn."""
        if due.seen is None or self.draw is None:
            return made
        try:
            return replace(made, picture=self.draw(made.incident, due.seen))
        except Exception as error:  # noqa: BLE001 - a picture is not worth a message
            self.failed("picture", error)
            return made

    def _remember(self, due: Due, now_s: float) -> None:
        """What is known of it from now on; journalled where a restart must know."""
        self._sent[due.about] = now_s
        self.here.sent(due, now_s, self.clock.now_ms())
        for about in (due.about, due.over):
            if about and about != "note:":  # also where the channel did: what it owes the journal is written
                self._unwritten.append(about)
        self._write()

    def _write(self) -> None:
        """Put what was posted; where the journal refuses it is tried again, and nothing is posted again."""
        try:
            while self._unwritten:
                about = self._unwritten[0]
                posts = self.here.posts
                posts.put(self.name, about, posts.ref(self.name, about) or NOWHERE)
                self._unwritten.popleft()
        except PortError as error:
            self.failed(f"notify {self.name}", error)

    def _fail(self, what: str, error: Exception, retry_after_s: float | None = None) -> None:
        self._failures += 1
        wait_s = min(FIRST_S * 2 ** min(self._failures - 1, 10), LONGEST_S)
        wait_s = wait_s if retry_after_s is None else max(retry_after_s, 0.1)
        self._not_before_s = self.clock.monotonic_s() + wait_s
        self.failed(what, error)

    def _idle_s(self, now_s: float) -> float:
        """Until something is due by time alone."""
        self._sent = {about: at_s for about, at_s in self._sent.items() if now_s - at_s < APART_S}
        self._aside = {about: at_s for about, at_s in self._aside.items() if at_s > now_s}
        times = [one - now_s for one in self._aside.values()]
        times += [one + APART_S - now_s for one in self._sent.values()]
        times += self.here.again(now_s)
        return max(0.05, min([IDLE_S, *times]))
