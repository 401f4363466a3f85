"""Forum: the one door for what people say, whichever channel it came through. Safe between threads.

Whether somebody may is judged here, on the approval as the journal has it, and journalled before the
answer: a vote and what it decides are one transaction, bound to the stream's newest record, so that of two
answers that race exactly one decides and the other is told so (H3). What was decided is carried out by the
loop, which finds it in the journal: nothing is handed over that a crash could lose.

Errors:  Unavailable when the journal refuses: nothing was said then.
Cost:    an answer is one read of the newest records of one stream, and one append.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.book import ApprovalBook
from aiops.core.approvals.rights import may_answer, roles_of
from aiops.engine.hall import Hall
from aiops.engine.hearing import heard, heard_entry
from aiops.engine.voting import UNTOLD, Known, decided_already, voted
from aiops.errors import Conflict, PortError, Unavailable
from aiops.model import (
    Actor,
    Amend,
    Approval,
    ApprovalSettings,
    ApprovalState,
    Approve,
    Ballot,
    Deny,
    Echo,
    Entry,
    Mine,
    Said,
    Snooze,
    StopAll,
    StreamAt,
    Vote,
    Why,
)
from aiops.ports import Clock, Store

Grants = Callable[[Actor, Sequence[str], str], frozenset[str]]  # roles that the channel grants in a namespace
TRIES = 20  # of an answer that races with others
MOST_HEARD = 10_000  # refs that are remembered


def nobody(_actor: Actor, _names: Sequence[str], _namespace: str) -> frozenset[str]:
    """No channel grants anything."""
    return frozenset()


@dataclass(slots=True)
class OpenForum:
    """``ports.Forum`` over the journal."""

    store: Store
    term: int
    settings: ApprovalSettings
    clock: Clock
    hall: Hall  # what is said beside answers
    roles: tuple[str, ...] = ()  # that questions may ask for, beside those of the settings
    grants: Grants = nobody
    refresh: Callable[[Actor], Actor | None] = lambda actor: actor  # as their channel knows them now
    nudge: Callable[[], None] = lambda: None  # something was journalled that the loop should look at
    _book: ApprovalBook = field(default_factory=ApprovalBook)
    _hearing: set[str] = field(default_factory=set)  # refs that are being answered
    _heard: dict[str, Echo] = field(default_factory=dict)  # by ref, of the last day
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def restore(self) -> None:
        """Take up what the journal has."""
        with self._lock:
            self._book = ApprovalBook().fold(self.store.read(stream=APPROVALS))
            self._heard = heard(self.store, self.clock.now_ms())

    def approvals(self, *, pending: bool = True) -> tuple[Approval, ...]:
        """See ``ports.Forum``."""
        with self._lock:
            book = self._fresh()
            return book.pending() if pending else tuple(book.by_id.values())

    def approval(self, name: str) -> Approval | None:
        """See ``ports.Forum``."""
        with self._lock:
            return self._fresh().find(name)

    def say(self, said: Said) -> Echo:
        """See ``ports.Forum``."""
        match said.saying:
            case Amend(approval_id):  # takes the loop's own lock, which must not be waited for under ours
                return self._once(said, lambda: self._amend(said, approval_id))
            case Approve(approval_id) | Deny(approval_id) | Snooze(approval_id):
                for _ in range(TRIES):
                    known = self._known(said.actor, approval_id)
                    with self._lock:
                        if self._unjudged(approval_id, known):
                            continue  # somebody else said yes meanwhile: they count too
                        return self._once(said, lambda: self._vote(said, known), written=True)  # noqa: B023
                raise Unavailable("too many people answer at once: say it again")
            case Why() as why:
                return self.hall.say(replace(said, saying=why))  # changes nothing: nothing is kept of it
            case StopAll():
                return self._stopped(said)
            case Mine():
                return self._once(said, lambda: self.hall.say(said))
            case _:  # for who holds a role
                return self._once(said, lambda: self._in_role(said))

    def _stopped(self, said: Said) -> Echo:
        """A stop counts also where the journal refuses to note it: that is when people want it most."""
        if said.ref and (before := self._heard.get(said.ref)) is not None:
            return before  # delivered again, perhaps after somebody resumed
        echo = self.hall.say(said)
        try:
            return self._once(said, lambda: echo)
        except PortError as error:
            return replace(echo, text=f"{echo.text} (the journal could not note it: {error})")

    def _once(self, said: Said, answer: Callable[[], Echo], *, written: bool = False) -> Echo:
        """The answer to a saying that is new; to one that was heard before, the same as then."""
        if said.ref:
            with self._lock:
                if (before := self._heard.get(said.ref)) is not None:
                    return before
                if said.ref in self._hearing:
                    return Echo(False, "that is being heard already")
                self._hearing.add(said.ref)
        try:
            return self._first(said, answer, written=written)
        finally:
            self._hearing.discard(said.ref)

    def _first(self, said: Said, answer: Callable[[], Echo], *, written: bool) -> Echo:
        """The answer to a saying that comes for the first time."""
        echo = answer()
        if not written or not echo.done:  # what a vote decided is in the journal with it
            self._write(heard_entry(said, echo, self.clock.now_ms()))
        if said.ref:
            self._heard[said.ref] = echo
            if len(self._heard) > MOST_HEARD:  # the journal knows the older ones
                self._heard.pop(next(iter(self._heard)))
        if echo.done:
            self.nudge()
        return echo

    def _write(self, entry: Entry) -> None:
        try:
            self.store.append((entry,), self.term)
        except Conflict as error:
            raise Unavailable(f"another daemon leads by now: {error}") from error

    def _fresh(self) -> ApprovalBook:
        book = self._book.fold(self.store.read(self._book.seq, APPROVALS))
        self._book = book.without_old(self.clock.now_ms())
        return self._book

    def _known(self, actor: Actor, approval_id: str) -> Known:
        """``actor`` with what the channel grants for the approval, and who of those who said yes so far
        still may. Asked before anything is locked: an API server that is slow keeps nobody from answering."""
        with self._lock:
            approval = self._fresh().by_id.get(approval_id)
        if approval is None or approval.state.over:
            return Known(actor)
        names = approval.roles_at(self.clock.now_ms())
        yes = [one for one in approval.votes if one.ballot is Ballot.YES]
        entitled = frozenset(one.actor.key for one in yes if self._still(one, approval))
        judged = frozenset(one.actor.key for one in yes)
        return Known(self._with_grants(actor, names, approval.namespace), entitled, judged)

    def _unjudged(self, approval_id: str, known: Known) -> bool:
        """Whether somebody said yes since ``known`` was found out."""
        approval = self._fresh().by_id.get(approval_id)
        if approval is None or approval.state is not ApprovalState.PENDING:
            return False
        return any(one.ballot is Ballot.YES and one.actor.key not in known.judged for one in approval.votes)

    def _still(self, vote: Vote, approval: Approval) -> bool:
        """Whether who voted may still do so: between the first yes and the last somebody may have left the
        role. Where nobody can tell, they are not counted."""
        actor = self.refresh(vote.actor)
        now = actor and self._with_grants(actor, (vote.role,), approval.namespace)
        return now is not None and vote.role in roles_of(
            now, self.settings, approval.namespace, approval.severity
        )

    def _vote(self, said: Said, known: Known) -> Echo:
        """Answer again on what the journal has by then, where somebody else was first."""
        for _ in range(TRIES):
            book = self._fresh()
            echo, entries = voted(said, known, book, self.settings, self.clock.now_ms())
            if not entries:
                return echo
            try:
                condition = StreamAt(APPROVALS, book.seq)
                records = self.store.append(entries, self.term, (condition,))
            except Conflict as error:
                if self.store.term() != self.term:
                    raise Unavailable(f"another daemon leads by now: {error}") from error
                continue
            if not records:
                return Echo(False, "that was heard already", echo.approval)
            after = self._fresh().by_id.get(echo.approval.id) if echo.approval is not None else None
            return replace(echo, approval=after)
        raise Unavailable("too many people answer at once: say it again")

    def _with_grants(self, actor: Actor, names: Sequence[str], namespace: str) -> Actor | None:
        """``actor`` with those of the roles that its channel grants there; None where nobody can tell."""
        try:
            granted = self.grants(actor, names, namespace)
        except PortError:
            return None
        return replace(actor, roles=tuple(sorted(granted)))

    def _in_role(self, said: Said) -> Echo:
        """What takes a role, with the roles of whoever says it."""
        names = tuple(dict.fromkeys((*self.settings.roles, *self.roles)))
        actor = self._with_grants(said.actor, names, self.hall.namespace_of(said))
        if actor is None:
            return Echo(False, UNTOLD)
        return self.hall.say(replace(said, actor=actor))

    def _amend(self, said: Said, approval_id: str) -> Echo:
        """Ask about another step instead; whoever may answer the question may."""
        with self._lock:
            approval, now_ms = self._fresh().by_id.get(approval_id), self.clock.now_ms()
        if approval is None:
            return Echo(False, f"nothing of this name is asked: {approval_id[:20]}")
        if why_not := decided_already(approval):
            return Echo(False, why_not, approval)
        actor = self._with_grants(said.actor, approval.roles_at(now_ms), approval.namespace)
        if actor is None:
            return Echo(False, UNTOLD, approval)
        if why_not := may_answer(actor, approval, self.settings, now_ms, Ballot.NO):
            return Echo(False, why_not, approval)
        return self.hall.amend(replace(said, actor=actor), approval)
