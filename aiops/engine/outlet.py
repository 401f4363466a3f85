"""Outlet: one channel, its worker, and what of it is remembered: what was shown, what waits, what failed.

A failure that may pass is waited for, ever longer, or as long as the channel says; meanwhile nothing else is
tried there. What a channel will not take is put aside for a while, so that it holds up nothing else.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aiops.core import notices
from aiops.core.board import Board, Standing
from aiops.core.card import card, question, summary
from aiops.core.ledger import decision_of
from aiops.core.notices import View, approval_about, incident_about, over_about, same
from aiops.core.words import count
from aiops.engine.posts import NOWHERE
from aiops.errors import PortError, Unavailable
from aiops.model import (
    Approval,
    ApprovalState,
    Card,
    Facts,
    Incident,
    Note,
    Notice,
    NotifySettings,
    Plan,
    Question,
)
from aiops.ports import Clock, Notifier, Posts, Store

FIRST_S, LONGEST_S = 1.0, 60.0  # after a failure, doubling
ASIDE_S = 600.0  # what a channel will not take is tried again so much later
APART_S = 2.0  # between two edits of one card: people read, and chats limit edits
IDLE_S = 30.0  # nothing to do: look again, in case a nudge was missed
BLIND_S = 60.0  # without facts so long, what is new is posted all the same
MOST_NOTES = 200  # handed in and not posted yet; the oldest go first


@dataclass(frozen=True, slots=True)
class Outlet:
    """A channel, and what it is told."""

    notifier: Notifier
    takes: Callable[[str], bool] = lambda _owner: True  # whether it is told of this owner's incidents
    cards: bool = True
    questions: bool = True
    notes: bool = True
    pictures: bool = True
    grouped: bool = True  # False: it groups by itself (Alertmanager), and is told of each incident of a storm
    again_s: float = 0.0  # an open incident is shown again so often, changed or not; 0: only when changed


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
class Shown:
    """What was last shown of an incident."""

    seq: int
    mute: object  # the silences it was judged by
    card: Card
    at_s: float


@dataclass(frozen=True, slots=True)
class Due:
    """One notice that is to be sent now."""

    about: str
    notice: Notice
    seq: int = 0
    mute: object = None
    over: str = ""  # the key to put once it was sent: it is the last word
    seen: tuple[Mapping[str, Any], ...] | None = None  # samples for the picture; None: none goes along


Dues = Iterator[Due]


@dataclass(slots=True)
class Worker:
    """One channel's thread."""

    outlet: Outlet
    source: Source
    store: Store
    posts: Posts
    notify: NotifySettings
    clock: Clock
    failed: Callable[[str, Exception], None]
    draw: Callable[[Incident, Sequence[Mapping[str, Any]]], bytes] | None
    wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _shown: dict[str, Shown] = field(default_factory=dict)  # by incident
    _asked: dict[str, ApprovalState] = field(default_factory=dict)  # by approval: as it was last shown
    _noted: dict[str, int] = field(default_factory=dict)  # by incident: the newest record that was told
    _aside: dict[str, float] = field(default_factory=dict)  # by about: not before
    _handed: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))
    _unwritten: deque[str] = field(default_factory=deque)  # keys of what was sent, not in the journal yet
    _failures: int = 0
    _not_before_s: float = 0.0
    _began_s: float | None = None

    @property
    def name(self) -> str:
        """The channel's."""
        return self.outlet.notifier.name

    def hand(self, note: Note) -> None:
        """A note that is not in the journal."""
        if self.outlet.notes:
            self._handed.append(note)
            self.wake.set()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopping.set()
        self.wake.set()

    def run(self) -> None:
        """Until stopped."""
        while not self._stopping.is_set():
            self.wake.clear()
            wait_s = self.work()
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
                self.notify,
                facts,
                self.clock.now_ms(),
                self._posted,
                self.outlet.takes,
                self.outlet.grouped,
            )
            fresh = facts is not None or now_s - (self._began_s or now_s) >= BLIND_S
            for due in self._due(view, fresh, now_s):
                if self._aside.get(due.about, 0.0) <= now_s:
                    return due
        return None

    def _due(self, view: View, fresh: bool, now_s: float) -> Dues:
        outlet = self.outlet
        if outlet.cards:
            yield from self._storm(view, now_s)
        if outlet.questions:
            if fresh:
                yield from self._questions(view)
            yield from self._answers(view)
        if outlet.cards and fresh:
            for standing in view.new_cards():
                yield self._card(view, standing)
        if outlet.notes:
            yield from self._notes(view)
        if outlet.cards:
            yield from self._edits(view, now_s)

    def _posted(self, about: str) -> bool:
        return bool(self.posts.ref(self.name, about))

    def _mute(self, view: View) -> object:
        facts = view.facts
        return None if facts is None else (facts.silences, "silences" in facts.unknown)

    def _card(self, view: View, standing: Standing) -> Due:
        incident = standing.incident
        made = card(view.board, standing, view.now_ms, view.facts, view.owner(incident))
        first = not self._posted(incident_about(standing.id))
        pictured = first and self.outlet.pictures and self.notify.pictures and bool(standing.seen)
        return Due(
            about=incident_about(standing.id),
            notice=made,
            seq=standing.seq,
            mute=self._mute(view),
            over="" if standing.open else over_about(incident_about(standing.id), incident.flaps),
            seen=tuple(standing.seen) if pictured else None,
        )

    def _storm(self, view: View, now_s: float) -> Dues:
        made = view.storm_card()
        if made is None:
            return
        about = incident_about(made.incident.id)
        over = over_about(about) if made.stage == "resolved" else ""
        posted = self._posted(about)
        if (over and self._posted(over)) or (over and not posted):
            return
        shown = self._shown.get(made.incident.id)
        if shown is not None and (same(shown.card) == same(made) or now_s - shown.at_s < APART_S):
            return
        yield Due(about, made, over=over)

    def _questions(self, view: View) -> Dues:
        for approval in view.questions():
            standing = view.board.standing(approval.incident_id)
            assert standing is not None  # noqa: S101 - the view looked
            if self.outlet.cards and not self._posted(incident_about(standing.id)):
                yield self._card(view, standing)
            yield self._question(view, approval, standing)

    def _question(self, view: View, approval: Approval, standing: Standing) -> Due:
        plan = self._plan(approval)
        made = question(approval, standing, plan, view.facts, view.owner(standing.incident))
        over = over_about(approval_about(approval.id)) if approval.state.over else ""
        return Due(approval_about(approval.id), made, over=over)

    def _answers(self, view: View) -> Dues:
        """Questions that stand otherwise than they were last shown."""
        for approval in view.board.approvals.by_id.values():
            about = approval_about(approval.id)
            if not self._posted(about) or self._posted(over_about(about)):
                continue
            if self._asked.get(approval.id, ApprovalState.PENDING) is approval.state:
                continue
            if (standing := view.board.standing(approval.incident_id)) is not None:
                yield self._question(view, approval, standing)

    def _plan(self, approval: Approval) -> Plan:
        """The plan that is asked about, as it was decided upon."""
        found = None
        for record in self.store.read(stream=approval.incident_id, kinds=("decided",)):
            if record.entry.payload["value"]["plan"]["digest"] == approval.digest:
                found = record.entry
        if found is None:
            raise LookupError(f"approval {approval.id}: no decision of the journal has its plan")
        return decision_of(found).plan

    def _notes(self, view: View) -> Dues:
        for note in tuple(self._handed):
            if self._has(note):
                self._handed.remove(note)
                continue
            if note.loud and view.storm is not None and view.left() <= 0:
                continue
            yield Due(f"note:{note.about}", note)
        yield from self._reminders(view)
        yield from self._known(view)
        for standing in view.board.incidents.values():
            if standing.opened_seq and standing.seq > self._noted.get(standing.id, 0):
                yield from self._told(view, standing)

    def _has(self, note: Note) -> bool:
        return bool(note.about) and self._posted(f"note:{note.about}")

    def _reminders(self, view: View) -> Dues:
        """Nobody answered for a while: whoever may answer from now on is told, too."""
        for approval in view.board.approvals.pending():
            about = f"reminder:{approval.id}"
            if not approval.reminded or not self._posted(approval_about(approval.id)):
                continue
            if self._posted(f"note:{about}"):
                continue
            minutes = max(0, approval.until_ms - view.now_ms) // 60_000
            text = f"{approval.short} still waits for an answer, for {count(minutes, 'more minute')}: "
            roles = (*approval.roles, *approval.second_tier)
            loud = view.storm is None or view.left() > 0
            standing = view.board.standing(approval.incident_id)
            owner = view.owner(standing.incident) if standing is not None else ""
            note = Note(text + approval.summary, about, approval.incident_id, view.now_ms, roles, owner, loud)
            yield Due(f"note:{about}", note)

    def _known(self, view: View) -> Dues:
        """What was broken when it was first seen: told once, together."""
        for opened_ms, incidents in view.known().items():
            about = f"known:{opened_ms}"
            if not self._posted(f"note:{about}") and (view.storm is None or view.left() > 0):
                listed = "\n".join(summary(incidents, 10))
                text = f"broken when first seen, and never acted on: {len(incidents)}\n{listed}"
                yield Due(f"note:{about}", Note(text, about, at_ms=view.now_ms, loud=True))

    def _told(self, view: View, standing: Standing) -> Dues:
        """What was decided, done and said since, each in the incident's thread."""
        if not self._posted(incident_about(standing.id)):
            return
        own = self.name.partition(" ")[0]
        for told in standing.told:
            about = f"record:{told.seq}"
            if told.seq <= self._noted.get(standing.id, 0) or told.at_ms <= view.now_ms - notices.LATE_MS:
                continue
            if self._posted(f"note:{about}") or (told.via and told.via.startswith(own)):
                continue
            note = Note(told.text, about, standing.id, told.at_ms, owner=view.owner(standing.incident))
            yield Due(f"note:{about}", note, seq=told.seq)
            return
        self._noted[standing.id] = standing.seq

    def _edits(self, view: View, now_s: float) -> Dues:
        """Cards that are there and are not what they should be."""
        for standing in view.board.incidents.values():
            if not standing.opened_seq or not self._posted(incident_about(standing.id)):
                continue
            shown = self._shown.get(standing.id)
            if not standing.open and self._is_over(standing):
                self._shown.pop(standing.id, None)
                continue
            again = shown is not None and self.outlet.again_s and now_s - shown.at_s >= self.outlet.again_s
            if shown is not None and not again:
                if (shown.seq, shown.mute) == (standing.seq, self._mute(view)):
                    continue
                if now_s - shown.at_s < APART_S:
                    continue
            due = self._card(view, standing)
            assert isinstance(due.notice, Card)  # noqa: S101 - made above
            if shown is not None and not again and not due.over and same(shown.card) == same(due.notice):
                shown.seq, shown.mute = standing.seq, due.mute
                continue
            yield due

    def _is_over(self, standing: Standing) -> bool:
        """Whether the last word on it was shown."""
        return self._posted(over_about(incident_about(standing.id), standing.incident.flaps))

    def _send(self, due: Due, now_s: float) -> None:
        what = f"notify {self.name}"
        notifier = self.outlet.notifier
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
            self._aside[due.about] = now_s + ASIDE_S
            self.failed(what, error)
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
        match due.notice:
            case Card() as made:
                self._shown[made.incident.id] = Shown(due.seq, due.mute, made, now_s)
            case Question() as made:
                self._asked[made.approval.id] = made.approval.state
            case Note() as made:
                if made in self._handed:
                    self._handed.remove(made)
        for about in (due.about, due.over):
            if about and about != "note:":  # also where the channel did: what it owes the journal is written
                self._unwritten.append(about)
        self._write()

    def _write(self) -> None:
        """Put what was posted; where the journal refuses it is tried again, and nothing is posted again."""
        try:
            while self._unwritten:
                about = self._unwritten[0]
                self.posts.put(self.name, about, self.posts.ref(self.name, about) or NOWHERE)
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
        times = [one - now_s for one in self._aside.values() if one > now_s]
        times += [one.at_s + APART_S - now_s for one in self._shown.values() if one.at_s + APART_S > now_s]
        if self.outlet.again_s:
            times += [one.at_s + self.outlet.again_s - now_s for one in self._shown.values()]
        return max(0.05, min([IDLE_S, *times]))
