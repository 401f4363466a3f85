"""Hall: what people say beside answers: why, false alarm, I'm on it, stop, resume, another step.

Each part is handed in by the composition root; what is not there says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiops.core.approvals.claims import CLAIMED, RELEASED, Claims, claimed_entry, released_entry
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.approvals.rights import may_ask, may_resume, may_take
from aiops.core.requests import REQUESTED, answered
from aiops.engine import entries
from aiops.engine.asked import where
from aiops.errors import AiopsError
from aiops.model import (
    Amend,
    Approval,
    ApprovalSettings,
    AskFor,
    Echo,
    Entry,
    FalseAlarm,
    Incident,
    IncidentState,
    Mine,
    Release,
    Request,
    ResumeAll,
    Said,
    StopAll,
    Why,
)
from aiops.ports import Clock, Store


def _not_here(*_args: object) -> str:
    return "this daemon cannot do that"


@dataclass(slots=True)
class Hall:
    """What people say that is no answer to a question."""

    store: Store
    term: int
    settings: ApprovalSettings
    clock: Clock
    explain: Callable[[str], str] = _not_here  # of an incident id
    false_alarm: Callable[[Said, FalseAlarm, Incident], Echo] = lambda *_: Echo(False, _not_here())
    change: Callable[[Said, Amend, Approval], Echo] = lambda *_: Echo(False, _not_here())
    stop: Callable[[str, str], bool] | None = None  # (by, why): whether it was pulled now
    resume: Callable[[], bool] | None = None  # whether it was let go now
    ask: Callable[[Request], object] | None = None  # hands a request in to the desk. Raises Unavailable
    still_stopped: Callable[[], str] = lambda: ""  # what stops us all the same, looked at afresh

    def say(self, said: Said) -> Echo:
        """What becomes of ``said``; journalled by the caller."""
        match said.saying:
            case StopAll(reason):
                return self._stop(said, reason)
            case ResumeAll():
                return self._resume(said)
            case AskFor(request):
                return self._ask(said, request)
            case Why(incident_id) | FalseAlarm(incident_id) | Mine(incident_id) | Release(incident_id):
                return self._of_incident(said, incident_id)
            case _:
                return Echo(False, "that is no saying of this kind")

    def namespace_of(self, said: Said) -> str:
        """Where a role is needed for ``said``; "" for the whole cluster, or where nothing is known."""
        incident_id = getattr(said.saying, "incident_id", "")
        try:
            if isinstance(said.saying, AskFor):
                return where(self.store, said.saying.request)[0] or ""
            return entries.incident(self.store, incident_id).prime.namespace if incident_id else ""
        except (ValueError, KeyError):
            return ""

    def amend(self, said: Said, approval: Approval) -> Echo:
        """Ask about another step; the guards may say no to it."""
        assert isinstance(said.saying, Amend)  # noqa: S101 - our caller's match
        return self.change(said, said.saying, approval)

    def _of_incident(self, said: Said, incident_id: str) -> Echo:
        try:
            incident = entries.incident(self.store, incident_id)
        except (ValueError, KeyError):
            return Echo(False, f"there is no incident {incident_id[:40]}")
        match said.saying:
            case Why():
                return Echo(True, self.explain(incident.id))
            case FalseAlarm() as alarm:
                why_not = may_take(said.actor, incident.prime.namespace, incident.severity, self.settings)
                return Echo(False, why_not) if why_not else self.false_alarm(said, alarm, incident)
            case Mine():
                return self._mine(said, incident)
            case _:
                return self._release(said, incident)

    def _mine(self, said: Said, incident: Incident) -> Echo:
        """Whoever is known may take an incident: it only keeps automation off."""
        if incident.state is IncidentState.CLOSED:
            return Echo(False, "the incident is over")
        now_ms, actor = self.clock.now_ms(), said.actor
        held = self._claims().held.get(incident.id)
        if held is not None:
            return Echo(held.by == actor.key, f"{held.name} is on it already")
        self._write(claimed_entry(incident, (), actor, now_ms))
        text = f"{actor.name or actor.id} is on it: automation keeps off its targets until it is released"
        return Echo(True, text)

    def _release(self, said: Said, incident: Incident) -> Echo:
        """Whoever took it, and whoever may approve: releasing lets automation act again."""
        held = self._claims().held.get(incident.id)
        if held is None:
            return Echo(False, "nobody is on it")
        actor = said.actor
        if held.by != actor.key:
            why_not = may_take(actor, incident.prime.namespace, incident.severity, self.settings)
            if why_not:
                return Echo(False, why_not)
        self._write(released_entry(incident.id, actor, self.clock.now_ms()))
        return Echo(True, f"released by {actor.name or actor.id}: automation may go on")

    def _ask(self, said: Said, request: Request) -> Echo:
        """Undo, unlock, ...: handed in as from the state folder, and carried out by the loop."""
        if self.ask is None:
            return Echo(False, _not_here())
        try:
            namespace, severity = where(self.store, request)
        except ValueError as error:
            return Echo(False, str(error))
        if why_not := may_ask(said.actor, namespace, severity, self.settings):
            return Echo(False, why_not)
        by = f"{said.actor.name or said.actor.id} ({said.actor.key})"
        mine = replace(request, by=by, at_ms=self.clock.now_ms())
        taken = answered(self.store.read(kinds=(REQUESTED,)), request.id).request
        if taken is not None and replace(taken, at_ms=mine.at_ms) != mine:
            return Echo(
                False, f"{request.id} was asked for already, and it was something else: take another id"
            )
        self.ask(mine)
        return Echo(True, f"handed in as {request.id}")

    def _stop(self, said: Said, reason: str) -> Echo:
        """Any member may (B5)."""
        if self.stop is None:
            return Echo(False, "there is no kill switch here")
        by = said.actor.name or said.actor.key
        try:
            pulled = self.stop(f"{by} ({said.actor.key})", reason or "stopped by a saying")
        except (OSError, AiopsError) as error:
            return Echo(False, f"NOT stopped: {error}; by hand: aiops stop")
        return Echo(True, f"stopped by {by}: nothing is changed any more" if pulled else "stopped already")

    def _resume(self, said: Said) -> Echo:
        if self.resume is None:
            return Echo(False, "there is no kill switch here")
        if why_not := may_resume(said.actor, self.settings):
            return Echo(False, why_not)
        try:
            released = self.resume()
        except (OSError, AiopsError) as error:
            return Echo(False, f"not resumed: {error}; by hand: aiops resume")
        if still := self.still_stopped():
            gone = "this switch was let go, and " if released else ""
            return Echo(False, f"not resumed: {gone}another one still stops everything: {still}")
        return Echo(released, "resumed" if released else "it was not stopped")

    def _claims(self) -> Claims:
        return Claims().fold(self.store.read(stream=FORUM, kinds=(CLAIMED, RELEASED)))

    def _write(self, entry: Entry) -> None:
        self.store.append((entry,), self.term)
