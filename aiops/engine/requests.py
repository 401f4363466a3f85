"""Requests: what people ask of the running daemon is journalled, followed, and answered in the journal.

Each request is followed once, whoever hands it in twice, and each one ends in an answer, also a refused one.
An undo of what is being verified goes through the incident's lifecycle; of what is settled, it is taken back
here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from aiops.core.autonomy import accepted_entry
from aiops.core.ledger import Ledger, outcome_entry, unlock_entry
from aiops.core.life import Life
from aiops.core.lifecycle import UNDER_WAY, intent_of
from aiops.core.requests import request_ended_entry, requested_entry, unfinished
from aiops.engine import entries
from aiops.engine.scene import Scene
from aiops.engine.undo import take_back
from aiops.model import Entry, Outcome, Plan, Request, RequestKind, Result, Target
from aiops.model.wire import short_id
from aiops.ports import Cluster, Inbox, Store

NOTHING = frozenset({Result.DRY_RUN, Result.REFUSED, Result.SUPERSEDED})
Answer = tuple[bool, str]  # whether it was done, and what came of it in words


class Floor(Protocol):
    """What of the loop a request needs."""

    @property
    def ledger(self) -> Ledger:
        """What was started and what came of it."""
        ...

    def life_of(self, incident_id: str) -> Life | None:
        """The incident's life, while something of it is under way."""
        ...

    def scene_of(self, incident_id: str, life: Life, plan: Plan) -> Scene:
        """What whoever writes now is shown."""
        ...

    def ends(self, incident_id: str, outcome: Outcome) -> None:
        """Let ``outcome`` be what comes next in the incident's life."""
        ...

    def release(self, target: Target, by: str) -> None:
        """Let the open incidents about ``target`` be decided upon again."""
        ...

    def refuses(self, request: Request) -> str:
        """Why the rise of autonomy that a person accepts was not earned; "" where it was."""
        ...

    def write(self, entry: Entry) -> None:
        """Journal ``entry`` and fold it into the ledger. Raises PortError."""
        ...


@dataclass(slots=True)
class Desk:
    """Requests that were taken up and have no answer yet."""

    inbox: Inbox
    store: Store
    cluster: Cluster | None = None  # None: this run changes nothing
    feedback: Callable[[Request, int], Answer] | None = None  # undoes and renews what false alarms adjusted
    _open: list[Request] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)  # undos handed to a lifecycle

    def restore(self) -> None:
        """Take up what a former run left without an answer."""
        self._open = list(unfinished(self.store.read(kinds=("requested", "request_ended"))))

    def hear(self, floor: Floor, term: int, now_ms: int) -> None:
        """Take up what is new, and follow what is open. Raises PortError: then it is all tried again."""
        for request in self.inbox.pending():
            self.take(request, term, now_ms)
            self.inbox.done(request)  # after it was taken up: that may fail, and is done again then
        for request in tuple(self._open):
            answer = self._follow(request, floor, now_ms)
            if answer is None and request.late(now_ms):
                answer = False, "it could not be done in time"
            if answer is not None:
                floor.write(request_ended_entry(request, *answer, now_ms))
                self._open.remove(request)

    def take(self, request: Request, term: int, now_ms: int) -> None:
        """Journal a request, and follow it from now on; one that the journal has is not followed twice."""
        if self.store.append((requested_entry(request, now_ms),), term):
            self._open.append(request)

    def _follow(self, request: Request, floor: Floor, now_ms: int) -> Answer | None:
        match request.kind:
            case RequestKind.UNLOCK:
                try:
                    target = Target.parse(request.target) if request.target else None
                except ValueError as error:  # of a file that a person wrote by hand
                    return False, str(error)
                entry = unlock_entry(request.by, now_ms, target, request.playbook)
                floor.write(replace(entry, payload={**entry.payload, "request_id": request.id}))
                if target is not None:
                    floor.release(target, request.by)
                return True, f"unlocked {request.target or request.playbook or 'all playbooks'}"
            case RequestKind.ACCEPT_AUTONOMY:
                if why_not := floor.refuses(request):
                    return False, why_not
                floor.write(accepted_entry(request, now_ms))
                return True, f"{request.playbook} may do more alone in {request.scope}"
            case RequestKind.UNDO:
                return self._undo(request, floor, now_ms)
            case RequestKind.UNDO_FEEDBACK | RequestKind.RENEW_FEEDBACK:
                if self.feedback is None:
                    return False, "this run keeps no feedback"
                return self.feedback(request, now_ms)

    def _undo(self, request: Request, floor: Floor, now_ms: int) -> Answer | None:
        which = request.plan_id, request.step
        attempt = next((one for one in floor.ledger.attempts if (one.plan_id, one.step) == which), None)
        if attempt is None:
            return False, f"plan {request.plan_id} has no step {request.step} that was started lately"
        if attempt.result in NOTHING:
            return False, f"nothing was changed: {attempt.result}"
        if attempt.result is Result.UNDONE:
            return True, "it is taken back"
        life = floor.life_of(attempt.incident_id)
        intent = life.intent if life is not None else None
        if intent is not None and (intent.plan_id, intent.step) == which:
            if life is not None and life.undoing:
                self._asked.add(request.id)  # it is being taken back already
            elif life is not None and life.state in UNDER_WAY and request.id not in self._asked:
                self._asked.add(request.id)
                text = f"{request.by} takes it back: {request.reason or 'no reason given'}"
                floor.ends(attempt.incident_id, Outcome(*which, Result.FAILED, now_ms, text))
            return None
        if request.id in self._asked:
            return False, "it was not taken back: see the incident"
        return self._take_back(request, attempt.incident_id, floor, now_ms)

    def _take_back(self, request: Request, incident_id: str, floor: Floor, now_ms: int) -> Answer | None:
        if self.cluster is None:
            return False, "this run changes nothing"
        found = entries.sent(self.store, request.plan_id, request.step)
        if found is None:
            return False, "its plan is not in the journal any more"
        plan, intent_id = found
        life = Life(incident_id, undoing=True, intent=replace(intent_of(plan, request.step), id=intent_id))
        ids = intent_id, short_id("undo", request.id)
        back = take_back(
            self.cluster, plan.steps[request.step], ids, floor.scene_of(incident_id, life, plan), _pass
        )
        if back.result is None:
            return None
        detail = f"by {request.by}: {back.detail or 'taken back'}"
        if back.result is Result.UNDONE:
            outcome = Outcome(plan.id, request.step, Result.UNDONE, now_ms, detail, back.receipts)
            floor.write(outcome_entry(outcome))
        return back.result is Result.UNDONE, detail


def _pass(_point: str) -> None:
    """No crash point."""
