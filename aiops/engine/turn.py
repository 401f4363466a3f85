"""Turn: the work of one tick, on copies, so that a journal that refuses leaves the loop as it was.

Everything that happens to an incident goes through its lifecycle; what the lifecycle answers is journalled in
the transaction of the tick, and carried out only after it (see ``aiops.engine.loop``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiops.core import life as lives
from aiops.core.approvals.follow import answers, astray, follow
from aiops.core.book import Book, Changed, Closed, IncidentChange, Opened, StormBegan, StormEnded
from aiops.core.credit import credited, words
from aiops.core.guards.pace import conditions
from aiops.core.ledger import attempts_for, decided_entry, outcome_entry, start_entry
from aiops.core.life import Apply, Command, Event, Ignore, Life, Tell, WakeAt
from aiops.core.lifecycle import UNDER_WAY, advance
from aiops.core.merge import absorbed, twin
from aiops.core.plan import make_plan
from aiops.core.policy import decide_twice
from aiops.core.quality import Quality
from aiops.core.situation import Situation
from aiops.engine import asking, entries
from aiops.engine.diagnose import diagnose
from aiops.engine.memory import Memory, gist_of
from aiops.engine.rehearse import Rehearse, answer_of, concerns
from aiops.engine.rules import Rules
from aiops.engine.window import Recent
from aiops.engine.witness import witness
from aiops.model import (
    Act,
    AppendCondition,
    Decision,
    Entry,
    Escalate,
    Facts,
    Hold,
    Incident,
    IncidentKind,
    IncidentState,
    Outcome,
    Plan,
    Result,
)

FIRST_LOOK_MS, LAST_LOOK_MS = (
    60_000,
    3_600_000,
)  # what time alone does not change is looked at again ever later


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
        self.now_ms, self.twice, self._standing = standing.now_ms, twice, standing
        self._rehearse = rehearse
        self._ledger_before = memory.ledger
        self._author = "", ""  # of an amendment, while it is asked about
        self._told_open = set(memory.book.open)
        self._blamed = {one.id: one.prime for one in memory.book.open.values() if one.suspects}
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
        stopped = self._standing.kill_switch
        if stopped is not self.memory.stopped:
            self.memory.stopped = stopped
            self.written.append(entries.switch(stopped, why_stopped(), self.now_ms))
            self.memory.look_anew()

    def hears(self) -> None:
        """What people answered is the next event of the lives that wait for it; who is late is reminded."""
        for incident_id, event in tuple(answers(self.memory.approvals, self.memory.lives)):
            self.happen(incident_id, event)
        self._approve(astray(self.memory.approvals, self.memory.lives, self.now_ms))
        self._approve(asking.reminders(self.memory.approvals, self.now_ms))

    def amend(self, incident: Incident, plan: Plan, author: tuple[str, str]) -> Decision:
        """Ask about ``plan``, which a person wants instead; the guards' answer, which may be no."""
        memory, rules = self.memory, self.rules
        given = plan, incident, self.facts, memory.ledger, rules.policy, self.situation()
        answer = decide_twice(*given, lessons=memory.lessons)
        decision = asking.as_question(self._rehearsed(answer[0]), rules.policy, self.now_ms)
        if isinstance(decision, Escalate) and decision.approvers:
            self._author = author
            memory.plans[incident.id] = plan
            memory.said[incident.id] = gist_of(decision), None
            self.written.append(decided_entry(decision, self.now_ms))
            self.written += witness(answer, *given, lessons=memory.lessons)
            self.happen(incident.id, lives.Decided(decision))
            self._author = "", ""
        return decision

    def _approve(self, written: Sequence[Entry]) -> None:
        """Take entries about approvals into this tick."""
        if written:
            self.written += written
            self.memory.approvals = self.memory.approvals.fold(written)

    def follows(self, book: Book) -> None:
        """Take up the book of this tick, with the scopes that were seen for the first time."""
        before = self.memory.book
        new = {}
        if book.first_seen is not before.first_seen:  # the same mapping where nothing is new
            new = {one: at for one, at in book.first_seen.items() if one not in before.first_seen}
        if new or book.began_ms != before.began_ms:
            self.written.append(entries.scopes(new, book.began_ms, self.now_ms))
        self.memory.book = book

    def take(self, change: IncidentChange) -> IncidentChange:
        """Journal, diagnose and decide what correlation tells; what is to be told in the end."""
        match change:
            case Opened(incident):
                incident = self._diagnosed(incident)
                other = twin(incident, self.memory.book, self.facts, self._told_open)
                if other is not None:
                    return self._merge(other, incident)
                self._told_open.add(incident.id)
                self.memory.lives[incident.id] = Life(incident.id, incident.flaps)
                self.written += entries.opened(incident, self.recent, self.now_ms)
                self.happen(incident.id, lives.Judged(f"opened: {incident.opened_because}"))
                self.decide(incident)
            case Changed(incident, what):
                incident = self._diagnosed(incident)
                if incident.prime != self._blamed.get(incident.id, incident.prime):
                    what = (*what, "suspect")
                if "reopened" in what:
                    self._lives_again(incident)
                self.written.append(entries.changed(incident, what, self.now_ms))
                self.happen(incident.id, lives.Judged(f"changed: {', '.join(what)}"))
                self.memory.waits.pop(incident.id, None)
                self.decide(incident)
                return Changed(incident, what)
            case Closed(incident):
                incident = self._credited(incident)
                self.written.append(entries.closed(incident, self.now_ms))
                self.happen(incident.id, lives.Closed(incident.closed_because), incident)
                if incident.id not in self.memory.lives:  # else a step's end is still to be known
                    self.memory.drop(incident.id)
                return Closed(incident)
            case StormBegan() | StormEnded():
                self.written.append(entries.storm(change))
                self.memory.look_anew()
        return change

    def _lives_again(self, incident: Incident) -> None:
        """A new life for what came back; but a step that is under way is finished and judged first, else
        nobody would ever know its end, and its target were in flight for ever (E1)."""
        life = self.memory.lives.get(incident.id)
        if life is None or life.state not in UNDER_WAY:
            self.memory.drop(incident.id)
            self.memory.lives[incident.id] = Life(incident.id, incident.flaps)
            return
        life = replace(life, over="")
        self.memory.lives[incident.id] = life
        self.written.append(entries.lived(life, lives.Judged("reopened"), (), self.now_ms))

    def _credited(self, incident: Incident) -> Incident:
        """``incident`` with whose fix it was, where it was not ours."""
        attempts = attempts_for(self.memory.ledger, incident)
        credit = credited(incident, self.facts, attempts, self.now_ms, self._standing.field_manager)
        return replace(incident, credit=words(credit))

    def _merge(self, into: Incident, incident: Incident) -> IncidentChange:
        """``incident`` is another side of ``into``, as their diagnosis shows: it is not opened."""
        book = self.memory.book.without(incident.id)
        self.memory.book = book.put(absorbed(into, incident, self.now_ms))
        both = self._diagnosed(self.memory.book.open[into.id])
        self.written.append(entries.changed(both, ("anomaly",), self.now_ms))
        self.written += entries.evidence(both, incident.anomalies[: entries.MOST], self.recent, self.now_ms)
        self.memory.waits.pop(both.id, None)
        self.decide(both)
        return Changed(both, ("anomaly",))

    def _diagnosed(self, incident: Incident) -> Incident:
        incident = diagnose(incident, self.facts, self.recent, self.rules, self.now_ms)
        self.memory.book = self.memory.book.put(incident)
        return incident

    def wake(self) -> None:
        """Look again at what is due: a question's deadline, a hold's end."""
        for incident_id in [one for one, at in self.memory.due.items() if at <= self.now_ms]:
            del self.memory.due[incident_id]
            life = self.memory.lives.get(incident_id)
            if life is not None and life.intent is not None:
                self.happen(incident_id, lives.TimedOut())
                self._given_up(life)
            if (incident := self.memory.book.open.get(incident_id)) is not None:
                self.decide(incident)

    def _given_up(self, before: Life) -> None:
        """What nobody told the end of in time (we slept) is over for the ledger too, not in flight still."""
        life, intent = self.memory.lives.get(before.incident_id), before.intent
        if before.state not in UNDER_WAY or intent is None or (life is not None and life.state in UNDER_WAY):
            return
        text = "its time ran out before anybody could tell what came of it"
        entry = outcome_entry(Outcome(intent.plan_id, intent.step, Result.UNVERIFIED, self.now_ms, text))
        self.memory.ledger = self.memory.ledger.fold([entry])
        self.written.append(entry)

    def decide(self, incident: Incident) -> None:
        """Plan and decide, once for each different answer: a decision that says the same is not repeated."""
        life = self._life(incident)
        if incident.kind is IncidentKind.KNOWN or life.done or life.state in UNDER_WAY:
            return
        if life.quiet_until_ms > self.now_ms:
            self.memory.due[incident.id] = life.quiet_until_ms
            return
        memory, rules = self.memory, self.rules
        wanted = asking.amended_plan(memory.approvals, life, memory.plans.get(incident.id))
        plan = wanted or self._planned(incident)
        given = plan, incident, self.facts, memory.ledger, rules.policy, self.situation()
        answer = decide_twice(*given, lessons=memory.lessons)
        decision, known = self._rehearsed(answer[0]), answer[1]
        if wanted is not None:
            decision = asking.as_question(decision, rules.policy, self.now_ms)
        decision = asking.within_limit(decision, memory.approvals, incident.id, rules.approvals.max_pending)
        if_known = known if self.twice else None
        counts = decision if if_known is None or isinstance(decision, Act) else if_known
        gist = gist_of(decision), gist_of(if_known) if if_known is not None else None
        if memory.said.get(incident.id) != gist:
            asked = memory.plans.get(incident.id)
            memory.said[incident.id] = gist
            memory.plans[incident.id] = plan
            self.written.append(decided_entry(decision, self.now_ms, if_known))
            self.written += witness(answer, *given, lessons=memory.lessons)
            self.happen(incident.id, lives.Decided(counts))
            intent = self._life(incident).intent
            if asked is not None and intent is not None and intent.digest == asked.digest:
                memory.plans[incident.id] = (
                    asked  # the question stands: an answer is about the plan it showed
                )
        self._look_again(incident, counts)

    def _planned(self, incident: Incident) -> Plan:
        memory, rules = self.memory, self.rules
        return make_plan(
            incident,
            rules.playbooks,
            self.facts,
            rules.remediation,
            self.now_ms,
            memory.ledger,
            memory.lessons,
        )

    def _rehearsed(self, decision: Decision) -> Decision:
        """What is about to be done, or asked for, is shown to the API server first, where the mode allows."""
        if self._rehearse is None or not concerns(decision):
            return decision
        return answer_of(decision, self._rehearse(decision.plan, decision.step))

    def _look_again(self, incident: Incident, decision: Decision) -> None:
        """When to decide anew though nothing is told: a hold's end, else ever more rarely."""
        life = self._life(incident)
        if life.intent is not None or life.done:
            return
        if isinstance(decision, Hold) and decision.until_ms is not None:
            self.memory.due[incident.id] = decision.until_ms
            return
        wait = min(2 * self.memory.waits.get(incident.id, FIRST_LOOK_MS // 2), LAST_LOOK_MS)
        self.memory.waits[incident.id] = wait
        self.memory.due[incident.id] = self.now_ms + wait

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
        self._approve(follow(self.memory.approvals, before, event, life, self.now_ms))
        if incident is not None:
            told = self.rules, self.facts, self.memory.approvals, incident
            self._approve(asking.asked(*told, event, commands, self.now_ms, self._author))
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

    def _life(self, incident: Incident) -> Life:
        return self.memory.lives.get(incident.id) or Life(incident.id, incident.flaps)

    def situation(self) -> Situation:
        """What the guards are told of ourselves, with the book as it stands by now."""
        book = self.memory.book
        broken = [one for one in book.open.values() if one.kind is IncidentKind.KNOWN]
        return replace(
            self._standing,
            storm=book.storm.because if book.storm is not None else "",
            known={target: one.since_ms for one in broken for target in one.targets},
            claims={target: one.name for one in self.memory.claims.held.values() for target in one.targets},
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
