"""Turn: the work of one tick, on copies, so that a journal that refuses leaves the loop as it was.

Everything that happens to an incident goes through its lifecycle; what the lifecycle answers is journalled in
the transaction of the tick, and carried out only after it (see ``aiops.engine.loop``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiops.core import life as lives
from aiops.core.approvals.follow import follow
from aiops.core.guards.pace import conditions
from aiops.core.ledger import outcome_entry, start_entry
from aiops.core.life import Apply, Command, Event, Ignore, Life, Tell, WakeAt
from aiops.core.lifecycle import UNDER_WAY, advance
from aiops.core.quality import Quality
from aiops.core.situation import Situation
from aiops.engine import asking, entries
from aiops.engine.memory import Memory
from aiops.engine.rehearse import Rehearse
from aiops.engine.rules import Rules
from aiops.engine.window import Recent
from aiops.model import (
    Act,
    AppendCondition,
    Entry,
    Facts,
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    Plan,
    Result,
)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A command to carry out once the journal has it."""

    incident_id: str
    command: Command
    plan: Plan | None


class Turn:
    """One tick. ``written`` goes into the journal under ``conditions``; ``orders`` are carried out after."""

    def __init__(
        self,
        rules: Rules,
        recent: Recent,
        memory: Memory,
        facts: Facts,
        standing: Situation,
        *,
        twice: bool,
        rehearse: Rehearse | None = None,
    ) -> None:
        self.rules, self.recent, self.memory, self.facts = rules, recent, memory.copy(), facts
        self.now_ms, self.twice, self.standing = standing.now_ms, twice, standing
        self.rehearse = rehearse
        self._ledger_before = memory.ledger
        self.author = "", ""  # of an amendment, while it is asked about
        self.told_open = set(memory.book.open)
        self.blamed = {one.id: one.prime for one in memory.book.open.values() if one.suspects}
        self.written: list[Entry] = []
        self.conditions: list[AppendCondition] = []
        self.orders: list[Ordered] = []

    def sees(self, before: Quality, now: Quality) -> None:
        """Note that we became blind, or see again."""
        if now.why() != before.why():
            self.written.append(entries.quality(now, self.now_ms))
            self.memory.look_anew()

    def notices(self, why_stopped: Callable[[], str]) -> None:
        """Note that somebody pulled the kill switch, or released it."""
        stopped = self.standing.kill_switch
        if stopped is not self.memory.stopped:
            self.memory.stopped = stopped
            self.written.append(entries.switch(stopped, why_stopped(), self.now_ms))
            self.memory.look_anew()

    def approve(self, written: Sequence[Entry]) -> None:
        """Take entries about approvals into this tick."""
        if written:
            self.written += written
            self.memory.approvals = self.memory.approvals.fold(written)

    def happen(self, incident_id: str, event: Event, incident: Incident | None = None) -> None:
        """Let ``event`` happen to the incident's life; journal what it leads to, in this transaction."""
        incident = incident or self.memory.book.open.get(incident_id)
        before = self.memory.lives.get(incident_id)
        if before is None and incident is not None:
            before = Life(incident_id, incident.flaps)
        if before is None:
            return  # of an incident that is over, with nothing under way
        life, commands = advance(before, event, self.now_ms)
        if life != before or entries.weighty(commands):
            self.written.append(entries.lived(life, event, commands, self.now_ms))
        self.memory.lives[incident_id] = life
        self.approve(follow(self.memory.approvals, before, event, life, self.now_ms))
        if incident is not None:
            told = self.rules, self.facts, self.memory.approvals, incident
            self.approve(asking.asked(*told, event, commands, self.now_ms, self.author))
        if isinstance(event, lives.Unlocked | lives.Snoozed | lives.Rejected):
            # what is said next is news, even if it was said before
            self.memory.said.pop(incident_id, None)
            self.memory.due[incident_id] = max(self.now_ms, life.quiet_until_ms)
        plan = self.memory.plans.get(incident_id)
        for command in commands:
            if isinstance(command, WakeAt):
                self.memory.due[incident_id] = command.at_ms
                continue
            if isinstance(command, Ignore) and isinstance(event, lives.Decided) and _acts(event):
                command = Tell(command.id, f"decided, and not carried out: {command.because}")  # noqa: PLW2901
            if isinstance(command, Apply) and plan is not None:
                self._intend(plan, command)
            self.orders.append(Ordered(incident_id, command, plan))
        if life.state is IncidentState.CLOSED:
            del self.memory.lives[incident_id]
            if incident_id not in self.memory.book.open:
                self.memory.drop(incident_id)
        elif incident is not None and life.state is not incident.state:
            self._show(incident_id, life.state)

    def _intend(self, plan: Plan, command: Apply) -> None:
        step, ledger = command.intent.step, self.memory.ledger
        self.conditions += conditions(plan, step, self._ledger_before, self.rules.policy, self.now_ms)
        entry = start_entry(plan, step, ledger, self.now_ms)
        self.memory.ledger = ledger.fold([entry])
        self.written.append(entry)

    def _show(self, incident_id: str, state: IncidentState) -> None:
        incident = self.memory.book.open.get(incident_id)
        if incident is not None:
            incident = replace(incident, state=state)
            self.memory.book = self.memory.book.put(incident)
            self.written.append(entries.changed(incident, ("state",), self.now_ms))

    def learn(self, incident_id: str, outcome: Outcome) -> None:
        """What came of a command that was carried out is the next event."""
        entry = outcome_entry(outcome)
        self.memory.ledger = self.memory.ledger.fold([entry])
        self.written.append(entry)
        self.happen(incident_id, event_of(outcome))
        life = self.memory.lives.get(incident_id)
        if (
            life is not None and not life.done and life.state not in UNDER_WAY
        ):  # what is said next is news, even if it was said before
            self.memory.said.pop(incident_id, None)
            self.memory.due[incident_id] = min(self.memory.due.get(incident_id, self.now_ms), self.now_ms)

    def lead(self, incident_ids: Mapping[str, Life]) -> None:
        """After a restart: look for what was under way."""
        for incident_id in incident_ids:
            self.happen(incident_id, lives.LeaderWon())

    def life_of(self, incident: Incident) -> Life:
        """The incident's life; a new one where it has none."""
        return self.memory.lives.get(incident.id) or Life(incident.id, incident.flaps)

    def situation(self) -> Situation:
        """What the guards are told of ourselves, with the book as it stands by now."""
        book = self.memory.book
        broken = [one for one in book.open.values() if one.kind is IncidentKind.KNOWN]
        return replace(
            self.standing,
            storm=book.storm.because if book.storm is not None else "",
            known={target: one.since_ms for one in broken for target in one.targets},
            claims={
                about: one.name
                for one in self.memory.claims.held.values()
                for about in (one.incident_id, *one.targets)
            },
        )


def _acts(event: lives.Decided) -> bool:
    """Whether people would expect something to be done now."""
    return isinstance(event.decision, Act)


def event_of(outcome: Outcome) -> Event:
    """The event that an outcome is."""
    plan_id, step = outcome.plan_id, outcome.step
    match outcome.result:
        case Result.DRY_RUN:
            return lives.Applied(plan_id, step, dry_run=True)
        case Result.APPLIED | Result.UNDONE:
            return lives.Applied(plan_id, step)
        case Result.VERIFIED:
            return lives.Verified(plan_id, step)
        case Result.CONTAINED:
            return lives.Verified(plan_id, step, "stands")
        case Result.FAILED:
            return lives.Failed(plan_id, step, outcome.detail)
        case Result.REFUSED | Result.SUPERSEDED:
            return lives.Failed(plan_id, step, outcome.detail, changed=False)
        case Result.UNVERIFIED:
            return lives.TimedOut()
