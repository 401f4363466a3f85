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
from aiops.core.approvals.book import ApprovalBook, moved_entry, voted_entry
from aiops.core.approvals.rights import answering_role, may_answer, quorum_reached
from aiops.engine.hall import Hall
from aiops.engine.hearing import heard, heard_entry
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
BALLOTS = {Approve: Ballot.YES, Deny: Ballot.NO, Snooze: Ballot.LATER}
WENT_YES = frozenset(  # pending: others are still needed
    {ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.EXECUTED}
)
LONGEST = 1_000  # characters of a reason
LONGEST_DAY_MS = 2 * 86_400_000  # "only today" ends by then in any time zone
AFTERTHOUGHT_MS = 900_000  # so long after an answer it can be limited
MOST_HEARD = 10_000  # refs that are remembered
UNTOLD = "the API server does not say whether you may: try again"


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
    nudge: Callable[[], None] = lambda: None  # something was journalled that the loop should look at
    _book: ApprovalBook = field(default_factory=ApprovalBook)
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
                actor = self._known(said.actor, approval_id)
                with self._lock:
                    return self._once(said, lambda: self._vote(said, actor), written=True)
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
        echo = self.hall.say(said)
        try:
            return self._once(said, lambda: echo)
        except PortError as error:
            return replace(echo, text=f"{echo.text} (the journal could not note it: {error})")

    def _once(self, said: Said, answer: Callable[[], Echo], *, written: bool = False) -> Echo:
        """The answer to a saying that is new; to one that was heard before, the same as then."""
        if said.ref and (before := self._heard.get(said.ref)) is not None:
            return before
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
        self._book = self._book.fold(self.store.read(self._book.seq, APPROVALS))
        return self._book

    def _known(self, actor: Actor, approval_id: str) -> Actor | None:
        """``actor`` with what the channel grants for the approval. Asked before anything is locked: an API
        server that is slow must not keep others from answering."""
        with self._lock:
            approval = self._fresh().by_id.get(approval_id)
        if approval is None or approval.state.over:
            return actor
        return self._with_grants(actor, approval.roles_at(self.clock.now_ms()), approval.namespace)

    def _vote(self, said: Said, actor: Actor | None) -> Echo:
        """Answer again on what the journal has by then, where somebody else was first."""
        for _ in range(TRIES):
            book = self._fresh()
            echo, entries = self._answer(said, actor, book)
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

    def _answer(self, said: Said, actor: Actor | None, book: ApprovalBook) -> tuple[Echo, list[Entry]]:
        """What ``said`` leads to, and what of it is to be written; nothing where it is refused."""
        saying = said.saying
        assert isinstance(saying, Approve | Deny | Snooze)  # noqa: S101 - our caller's match
        approval, now_ms = book.by_id.get(saying.approval_id), self.clock.now_ms()
        if approval is None:
            return Echo(False, f"nothing of this name is asked: {saying.approval_id[:20]}"), []
        ballot = BALLOTS[type(saying)]
        if (own := _qualified(said, approval, ballot, now_ms)) is not None:
            vote = replace(own, at_ms=now_ms, until_ms=saying.until_ms, via=said.via, ref=said.ref)
            echo = Echo(True, f"only for today: {approval.summary}", approval)
            return echo, [voted_entry(approval, vote, now_ms), heard_entry(said, echo, now_ms)]
        if why_not := self._objection(said, approval, ballot, now_ms):
            return Echo(False, why_not, approval), []
        if actor is None:
            return Echo(False, UNTOLD, approval), []
        if why_not := may_answer(actor, approval, self.settings, now_ms, ballot):
            return Echo(False, why_not, approval), []
        role = answering_role(actor, approval, self.settings, now_ms)
        reason = getattr(saying, "reason", "")[:LONGEST]
        vote = Vote(actor, ballot, now_ms, reason, saying.until_ms, role, said.via, said.ref)
        return self._counted(said, approval, vote)

    def _objection(self, said: Said, approval: Approval, ballot: Ballot, now_ms: int) -> str:
        """Why no answer counts, whoever gives it; "" where one may."""
        if approval.state is not ApprovalState.PENDING:
            return f"{approval.short} was decided already: {approval.state}, {approval.said}"
        until_ms = getattr(said.saying, "until_ms", None)
        if ballot is not Ballot.LATER and until_ms is not None:
            soon = now_ms < until_ms <= now_ms + LONGEST_DAY_MS
            return "" if soon else "expected an end later than now, within two days"
        if ballot is Ballot.LATER and not (
            now_ms < (until_ms or 0) <= now_ms + 1000 * self.settings.longest_snooze_s
        ):
            most = self.settings.longest_snooze_s // 60
            return f"expected to wait at most {most} min, and until later than now"
        return ""

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

    def _counted(self, said: Said, approval: Approval, vote: Vote) -> tuple[Echo, list[Entry]]:
        """The vote, and what it decides."""
        who, votes = vote.actor.name or vote.actor.id, (*approval.votes, vote)
        entries = [voted_entry(approval, vote, vote.at_ms)]
        because = f": {vote.reason}" if vote.reason else ""
        match vote.ballot:
            case Ballot.YES if not quorum_reached(votes, approval, self.settings):
                text = f"{who} approves {approval.short}; {approval.quorum} people are needed"
                state = None
            case Ballot.YES:
                state, text = ApprovalState.APPROVED, f"approved by {who}: {approval.summary}"
            case Ballot.NO:
                state, text = ApprovalState.DENIED, f"denied by {who}{because}"
            case Ballot.LATER:
                state, text = ApprovalState.CANCELLED, f"put off by {who}{because}"
        if state is not None:
            entries.append(moved_entry(approval, state, text, vote.at_ms))
        echo = Echo(True, text, approval)
        return echo, [*entries, heard_entry(said, echo, vote.at_ms)]

    def _amend(self, said: Said, approval_id: str) -> Echo:
        """Ask about another step instead; whoever may answer the question may."""
        with self._lock:
            approval, now_ms = self._fresh().by_id.get(approval_id), self.clock.now_ms()
        if approval is None:
            return Echo(False, f"nothing of this name is asked: {approval_id[:20]}")
        if why_not := self._objection(said, approval, Ballot.NO, now_ms):
            return Echo(False, why_not, approval)
        actor = self._with_grants(said.actor, approval.roles_at(now_ms), approval.namespace)
        if actor is None:
            return Echo(False, UNTOLD, approval)
        if why_not := may_answer(actor, approval, self.settings, now_ms, Ballot.NO):
            return Echo(False, why_not, approval)
        return self.hall.amend(replace(said, actor=actor), approval)


def _qualified(said: Said, approval: Approval, ballot: Ballot, now_ms: int) -> Vote | None:
    """The vote of the same person that ``said`` only limits ("only today") after it decided; else None."""
    went = {Ballot.YES: WENT_YES, Ballot.NO: frozenset({ApprovalState.DENIED})}.get(ballot, frozenset())
    if approval.state not in went or getattr(said.saying, "until_ms", None) is None:
        return None
    own = [one for one in approval.votes if one.actor.key == said.actor.key and one.ballot is ballot]
    return own[-1] if own and now_ms - own[0].at_ms <= AFTERTHOUGHT_MS else None
