"""Loop: happenings become incidents, incidents get suspects, a plan and a decision, all of it journalled.

The one shell round the pure core: a replay and the live daemon differ only in who calls ``advance``, where
the facts come from, and what ``carry_out`` does. Each call is one transaction of the journal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aiops.core import correlate as correlation
from aiops.core.book import Book, Changed, Closed, IncidentChange, Opened, StormBegan, StormEnded
from aiops.core.detect import Happening
from aiops.core.ledger import Ledger, entries_for, outcome_entry
from aiops.core.plan import make_plan
from aiops.core.policy import decide_twice
from aiops.core.quality import SEEING, Quality
from aiops.core.situation import Situation
from aiops.engine import entries
from aiops.engine.diagnose import diagnose
from aiops.engine.rules import Rules
from aiops.engine.window import Recent
from aiops.model import (
    Act,
    Decision,
    Entry,
    Facts,
    Hold,
    Incident,
    IncidentKind,
    Outcome,
    Result,
    Target,
)
from aiops.ports import Store

CarryOut = Callable[[Act, int], Outcome]


def only_record(act: Act, now_ms: int) -> Outcome:
    """Carry out nothing: the outcome of a dry run."""
    return Outcome(act.plan.id, act.step, Result.DRY_RUN, now_ms, "not carried out: this run only decides")


@dataclass(slots=True)
class Loop:
    """What is open, what was tried, and what to look at again. Not thread-safe: one tick at a time."""

    rules: Rules
    store: Store
    term: int
    recent: Recent
    book: Book = field(default_factory=Book)
    ledger: Ledger = field(default_factory=Ledger)
    quality: Quality = SEEING
    protected: frozenset[Target] = frozenset()
    kill_switch: Callable[[], bool | None] = lambda: False
    carry_out: CarryOut = only_record
    twice: bool = False  # a dry run also decides as if the unknown facts permitted
    _due: dict[str, int] = field(default_factory=dict)  # incident -> when to decide again
    _said: dict[str, tuple[object, ...]] = field(default_factory=dict)  # incident -> its newest decision

    @property
    def busy(self) -> bool:
        """Whether anything is open or due, so that the next tick matters even if nothing happens."""
        return bool(self.book.open or self.book.storm)

    def advance(
        self, now_ms: int, happenings: Sequence[Happening], facts: Facts, quality: Quality
    ) -> tuple[IncidentChange, ...]:
        """One tick. Raises PortError when the journal refuses: then nothing of the tick counts."""
        facts = with_edges(facts, self.rules)
        book, changes = correlation.correlate(
            self.book,
            happenings,
            facts,
            now_ms,
            self.rules.correlation,
            self.rules.policy.storm,
            cluster=self.rules.cluster,
        )
        written: list[Entry] = []
        if quality.why() != self.quality.why():
            written.append(entries.quality(quality, now_ms))
        tick = _Tick(self, book, self.ledger, facts, quality, now_ms)
        told = tuple(tick.take(change) for change in changes)
        for incident_id in [one for one, at in self._due.items() if at <= now_ms]:
            tick.decide_again(incident_id)
        written += tick.written
        if written:
            self.store.append(written, self.term)
        self.book, self.ledger, self.quality = tick.book, tick.ledger, quality
        self._due, self._said = tick.due, tick.said
        return told


class _Tick:
    """The work of one tick on copies, so that a journal that refuses leaves the loop as it was."""

    def __init__(
        self, loop: Loop, book: Book, ledger: Ledger, facts: Facts, quality: Quality, now_ms: int
    ) -> None:
        self.loop, self.book, self.ledger = loop, book, ledger
        self.facts, self.quality, self.now_ms = facts, quality, now_ms
        self.due, self.said = dict(loop._due), dict(loop._said)
        self.written: list[Entry] = []

    def take(self, change: IncidentChange) -> IncidentChange:
        match change:
            case Opened(incident):
                incident = self._diagnosed(incident)
                self.written += entries.opened(incident, self.loop.recent, self.now_ms)
                self._decide(incident)
                return Opened(incident)
            case Changed(incident, what):
                incident = self._diagnosed(incident)
                self.written.append(entries.changed(incident, what, self.now_ms))
                self._decide(incident)
                return Changed(incident, what)
            case Closed(incident):
                self.written.append(entries.closed(incident, self.now_ms))
                self.due.pop(incident.id, None)
                self.said.pop(incident.id, None)
                return change
            case StormBegan() | StormEnded():
                self.written.append(entries.storm(change))
                return change

    def _diagnosed(self, incident: Incident) -> Incident:
        incident = diagnose(incident, self.facts, self.loop.recent, self.loop.rules, self.now_ms)
        self.book = self.book.put(incident)
        return incident

    def decide_again(self, incident_id: str) -> None:
        del self.due[incident_id]
        incident = self.book.open.get(incident_id)
        if incident is not None:
            self._decide(incident)

    def _decide(self, incident: Incident) -> None:
        """Plan and decide, once for each different answer: a decision that says the same is not repeated."""
        if incident.kind is IncidentKind.KNOWN or self.ledger_has_acted(incident):
            return
        rules = self.loop.rules
        plan = make_plan(incident, rules.playbooks, self.facts, rules.remediation, self.now_ms, self.ledger)
        situation = self._situation()
        decision, known = decide_twice(plan, incident, self.facts, self.ledger, rules.policy, situation)
        if_known = known if self.loop.twice else None
        if isinstance(decision, Hold) and decision.until_ms is not None:
            self.due[incident.id] = decision.until_ms
        gist = gist_of(decision), gist_of(if_known) if if_known is not None else None
        if self.said.get(incident.id) == gist:
            return
        self.said[incident.id] = gist
        shown = if_known if isinstance(if_known, Act) and not isinstance(decision, Act) else decision
        news = list(entries_for(decision, self.ledger, self.now_ms, if_known))
        if shown is not decision:  # the dry run counts what it would have done
            news += [one for one in entries_for(shown, self.ledger, self.now_ms) if one.kind != "decided"]
        if isinstance(shown, Act):
            news.append(outcome_entry(self.loop.carry_out(shown, self.now_ms)))
        self.ledger = self.ledger.fold(news)
        self.written += news

    def ledger_has_acted(self, incident: Incident) -> bool:
        """A recording does not react, and this version carries nothing out: one action an incident."""
        return any(one.incident_id == incident.id for one in self.ledger.attempts)

    def _situation(self) -> Situation:
        loop, open_ones = self.loop, self.book.open.values()
        broken = [one for one in open_ones if one.kind is IncidentKind.KNOWN]
        return Situation(
            now_ms=self.now_ms,
            quality=self.quality,
            storm=self.book.storm.because if self.book.storm is not None else "",
            kill_switch=loop.kill_switch(),
            term=loop.term,
            known={target: one.since_ms for one in broken for target in one.targets},
            protected=loop.protected,
        )


def gist_of(decision: Decision) -> tuple[object, ...]:
    """What of a decision is news: its kind, what it would change, and which guards speak against it."""
    plan = decision.plan
    steps = tuple((step.remediation, str(step.change.target), repr(step.change.patch)) for step in plan.steps)
    against = tuple(sorted(reason.guard for reason in decision.reasons if reason.lean != "permit"))
    return type(decision).__name__, plan.playbook, steps or plan.reason, against


def with_edges(facts: Facts, rules: Rules) -> Facts:
    """``facts`` with the service graph of the configuration merged in."""
    if not rules.edges:
        return facts
    return replace(facts, edges=tuple(dict.fromkeys((*facts.edges, *rules.edges))))
