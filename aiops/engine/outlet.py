"""Outlet: one channel, what it is told, and which of that is due: the board compared with what was shown.

What was posted is known from ``Posts``, also after a restart; what was last shown only while we run, so that
a restart shows what is open once more, which is an edit.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiops.core import notices
from aiops.core.board import Standing
from aiops.core.card import card, question, summary
from aiops.core.ledger import decision_of
from aiops.core.notices import View, approval_about, incident_about, over_about, same
from aiops.core.words import count
from aiops.model import Approval, ApprovalState, Card, Note, Notice, NotifySettings, Plan, Question
from aiops.ports import Notifier, Posts, Store

MOST_KEPT = 10_000  # incidents and approvals, before old ones are dropped
DECIDED_MS = 60_000  # between two decisions about one incident that are told
BURST, BURST_S = 20, 600.0  # new cards in so many seconds, where no storm says otherwise
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
    first: bool = False  # a card that is not there yet
    decided: bool = False  # a note of a decision
    over: str = ""  # the key to put once it was sent: it is the last word
    seen: tuple[Mapping[str, Any], ...] | None = None  # samples for the picture; None: none goes along


Dues = Iterator[Due]


@dataclass(slots=True)
class Remembered:
    """What of a channel is remembered, and what is due there."""

    outlet: Outlet
    store: Store
    posts: Posts
    notify: NotifySettings
    handed: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))  # not from the journal
    broken: Callable[[str, Exception], None] = lambda _about, _error: None  # a notice that cannot be made
    _shown: dict[str, Shown] = field(default_factory=dict)  # by incident
    _decided: dict[str, int] = field(default_factory=dict)  # by incident: when a decision was last told
    _new: deque[float] = field(default_factory=deque)  # when the newest cards were posted
    _asked: dict[str, ApprovalState] = field(default_factory=dict)  # by approval: as it was last shown
    _noted: dict[str, int] = field(default_factory=dict)  # by incident: the newest record that was told

    @property
    def name(self) -> str:
        """The channel's."""
        return self.outlet.notifier.name

    def has(self, about: str) -> bool:
        """Whether ``about`` was posted here."""
        return bool(self.posts.ref(self.name, about))

    def sent(self, due: Due, now_s: float, at_ms: int) -> None:
        """Remember what was shown."""
        match due.notice:
            case Card() as made:
                if due.first:
                    self._new.append(now_s)
                self._shown[made.incident.id] = Shown(due.seq, due.mute, made, now_s)
            case Question() as made:
                self._asked[made.approval.id] = made.approval.state
            case Note() as made:
                if due.decided:
                    self._decided[made.incident_id] = at_ms
                if made in self.handed:
                    self.handed.remove(made)

    def again(self, now_s: float) -> Iterator[float]:
        """In how many seconds each open incident is to be shown again, changed or not."""
        if self.outlet.again_s:
            yield from (one.at_s + self.outlet.again_s - now_s for one in self._shown.values())

    def due(self, view: View, fresh: bool, now_s: float) -> Dues:
        """What is to be sent, the most pressing first: the storm, what is asked, what is new, what was said,
        what changed. Without ``fresh`` facts nothing new is posted."""
        outlet = self.outlet
        if len(self._noted) + len(self._asked) > MOST_KEPT:
            self._forget(view)
        if outlet.cards:
            yield from self._storm(view)
        if outlet.questions:
            if fresh:
                yield from self._questions(view)
            yield from self._answers(view)
        if outlet.cards and fresh and not self._bursts(now_s):
            for standing in view.new_cards():
                yield from self._made(incident_about(standing.id), partial(self._card, view, standing))
        if outlet.notes:
            yield from self._notes(view)
        if outlet.cards:
            yield from self._edits(view, now_s)

    def _forget(self, view: View) -> None:
        """Drop what is remembered of incidents and approvals that the board has forgotten."""
        there = view.board.incidents.keys()
        self._noted = {one: seq for one, seq in self._noted.items() if one in there}
        self._decided = {one: at_ms for one, at_ms in self._decided.items() if one in there}
        known = view.board.approvals.by_id.keys()
        self._asked = {one: state for one, state in self._asked.items() if one in known}

    def _mute(self, view: View) -> object:
        facts = view.facts
        return None if facts is None else (facts.silences, "silences" in facts.unknown)

    def _card(self, view: View, standing: Standing) -> Due:
        incident = standing.incident
        made = card(view.board, standing, view.now_ms, view.facts, view.owner(incident))
        first = not self.has(incident_about(standing.id))
        pictured = first and self.outlet.pictures and self.notify.pictures and bool(standing.seen)
        return Due(
            about=incident_about(standing.id),
            notice=made,
            seq=standing.seq,
            mute=self._mute(view),
            first=first,
            over="" if standing.open else over_about(incident_about(standing.id), incident.flaps),
            seen=tuple(standing.seen) if pictured else None,
        )

    def _storm(self, view: View) -> Dues:
        made = view.storm_card()
        if made is None:
            return
        about = incident_about(made.incident.id)
        over = over_about(about) if made.stage == "resolved" else ""
        posted = self.has(about)
        if (over and self.has(over)) or (over and not posted):
            return
        shown = self._shown.get(made.incident.id)
        if shown is not None and same(shown.card) == same(made):
            return
        yield Due(about, made, over=over)

    def _questions(self, view: View) -> Dues:
        for approval in view.questions():
            standing = view.board.standing(approval.incident_id)
            assert standing is not None  # noqa: S101 - the view looked
            if self.outlet.cards and not self.has(incident_about(standing.id)):
                yield from self._made(incident_about(standing.id), partial(self._card, view, standing))
            yield from self._asked_of(view, approval, standing)

    def _made(self, about: str, make: Callable[[], Due]) -> Dues:
        """One notice; where it cannot be made, for a bug or what another version wrote, the others go on."""
        try:
            due = make()
        except Exception as error:  # noqa: BLE001 - the edge of one notice
            self.broken(about, error)
            return
        yield due

    def _asked_of(self, view: View, approval: Approval, standing: Standing) -> Dues:
        about = approval_about(approval.id)
        yield from self._made(about, partial(self._question, view, approval, standing))

    def _question(self, view: View, approval: Approval, standing: Standing) -> Due:
        plan = self._plan(approval)
        made = question(approval, standing, plan, view.facts, view.owner(standing.incident))
        over = over_about(approval_about(approval.id)) if approval.state.over else ""
        return Due(approval_about(approval.id), made, over=over)

    def _answers(self, view: View) -> Dues:
        """Questions that stand otherwise than they were last shown."""
        for approval in view.board.approvals.by_id.values():
            about = approval_about(approval.id)
            if not self.has(about) or self.has(over_about(about)):
                continue
            if self._asked.get(approval.id, ApprovalState.PENDING) is approval.state:
                continue
            if (standing := view.board.standing(approval.incident_id)) is not None:
                yield from self._asked_of(view, approval, standing)

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
        for note in tuple(self.handed):
            if self._has(note):
                self.handed.remove(note)
                continue
            if note.loud and view.storm is not None and view.left() <= 0:
                continue
            yield Due(f"note:{note.about}", note)
        yield from self._reminders(view)
        yield from self._known(view)
        yield from self._old(view)
        for standing in view.board.standings():
            if standing.seq > self._noted.get(standing.id, 0):
                yield from self._told(view, standing)

    def _has(self, note: Note) -> bool:
        return bool(note.about) and self.has(f"note:{note.about}")

    def _reminders(self, view: View) -> Dues:
        """Nobody answered for a while: whoever may answer from now on is told, too."""
        for approval in view.board.approvals.pending():
            about = f"reminder:{approval.id}"
            if not approval.reminded or not self.has(approval_about(approval.id)):
                continue
            if self.has(f"note:{about}"):
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
            if not self.has(f"note:{about}") and (view.storm is None or view.left() > 0):
                listed = "\n".join(summary(incidents, 10))
                text = f"broken when first seen, and never acted on: {len(incidents)}\n{listed}"
                yield Due(f"note:{about}", Note(text, about, at_ms=view.now_ms, loud=True))

    def _old(self, view: View) -> Dues:
        """What is open for long, and was never told here: once a day, together."""
        about = f"old:{view.now_ms // notices.OLD_MS}"
        if not self.outlet.cards or self.has(f"note:{about}") or view.storm is not None:
            return
        if incidents := view.old():
            listed = "\n".join(summary(incidents))
            text = f"open for longer than a day, and never told here: {len(incidents)}\n{listed}"
            yield Due(f"note:{about}", Note(text, about, at_ms=view.now_ms, loud=True))

    def _bursts(self, now_s: float) -> bool:
        """Whether so many cards were new lately that the next ones wait, the worst first."""
        while self._new and now_s - self._new[0] >= BURST_S:
            self._new.popleft()
        return self.outlet.grouped and len(self._new) >= BURST

    def _told(self, view: View, standing: Standing) -> Dues:
        """What was done and said since, each in the incident's thread; of decisions only the newest, and not
        every few seconds: one that wavers would fill the thread."""
        if not self.has(incident_about(standing.id)):
            return
        own, waits = self.name.partition(" ")[0], False
        decided = next((one for one in reversed(standing.told) if not one.done), None)
        for told in standing.told:
            about = f"record:{told.seq}"
            if told.seq <= self._noted.get(standing.id, 0) or told.at_ms <= view.now_ms - notices.LATE_MS:
                continue
            if self.has(f"note:{about}") or (told.via and told.via.startswith(own)):
                continue
            if not told.done and told is not decided:
                continue
            if not told.done and view.now_ms - self._decided.get(standing.id, 0) < DECIDED_MS:
                waits = True
                continue
            note = Note(told.text, about, standing.id, told.at_ms, owner=view.owner(standing.incident))
            yield Due(f"note:{about}", note, seq=told.seq, decided=not told.done)
            return
        if not waits:
            self._noted[standing.id] = standing.seq

    def _edits(self, view: View, now_s: float) -> Dues:
        """Cards that are there and are not what they should be."""
        for standing in view.board.standings():
            if not self.has(incident_about(standing.id)):
                continue
            shown = self._shown.get(standing.id)
            if not standing.open and self._is_over(standing):
                self._shown.pop(standing.id, None)
                continue
            again = shown is not None and self.outlet.again_s and now_s - shown.at_s >= self.outlet.again_s
            if (
                shown is not None
                and not again
                and (shown.seq, shown.mute) == (standing.seq, self._mute(view))
            ):
                continue
            for due in self._made(incident_about(standing.id), partial(self._card, view, standing)):
                assert isinstance(due.notice, Card)  # noqa: S101 - made above
                news = due.over or shown is None or same(shown.card) != same(due.notice)
                if news or again:
                    yield due
                elif shown is not None:
                    shown.seq, shown.mute = standing.seq, due.mute

    def _is_over(self, standing: Standing) -> bool:
        """Whether the last word on it was shown."""
        return self.has(over_about(incident_about(standing.id), standing.incident.flaps))
