"""Loop: happenings become incidents, incidents get suspects, a plan and a decision, all of it journalled.

The one shell round the pure core: a replay and the live daemon differ only in who calls ``advance``, where
the facts come from, and what ``carry_out`` does. A call writes one transaction; what it orders is carried out
only after the journal has it, and what comes of that is the next event, in a transaction of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from aiops.core import correlate as correlation
from aiops.core.approvals.book import STREAM as APPROVALS
from aiops.core.approvals.claims import CLAIMED, RELEASED
from aiops.core.approvals.claims import STREAM as FORUM
from aiops.core.book import Book, Changed, IncidentChange, Opened
from aiops.core.detect import Happening
from aiops.core.learn import learn
from aiops.core.ledger import STREAM, Ledger
from aiops.core.life import Apply, Approved, Ask, Rejected, Tell, Undo, Unlocked, Verify
from aiops.core.lifecycle import UNDER_WAY
from aiops.core.quality import SEEING, Quality
from aiops.core.situation import Situation
from aiops.core.words import clock
from aiops.engine.aftermath import Aftermath
from aiops.engine.curfew import over
from aiops.engine.deciding import hears, instead, wake
from aiops.engine.floor import Floor
from aiops.engine.memory import Memory
from aiops.engine.own import own_changes
from aiops.engine.recall import recall
from aiops.engine.rehearse import Rehearse
from aiops.engine.requests import Desk
from aiops.engine.rules import Rules
from aiops.engine.scene import CarryOut, Deed, only_record
from aiops.engine.taking import follows, take
from aiops.engine.turn import Ordered, Turn
from aiops.engine.window import Recent
from aiops.errors import PortError
from aiops.model import (
    Amend,
    Approval,
    Echo,
    Entry,
    Facts,
    Outcome,
    Plan,
    Record,
    Said,
    Target,
)
from aiops.ports import Store

CLAIM_KINDS = CLAIMED, RELEASED
FREES = frozenset({"unlocked", "autonomy_accepted"})  # by people, who expect something to come of it


@dataclass(slots=True)
class Loop:
    """What is open, what was tried, and what to look at again. Not thread-safe: one tick at a time."""

    rules: Rules
    store: Store
    term: int
    recent: Recent
    quality: Quality = SEEING
    protected: frozenset[Target] = frozenset()
    kill_switch: Callable[[], bool | None] = lambda: False
    why_stopped: Callable[[], str] = lambda: ""  # who pulled it, when and why
    carry_out: CarryOut = only_record
    tell: Callable[[str, str], None] = lambda _incident_id, _text: None  # fails open: must not raise
    troubled: Callable[[str, Exception], None] = lambda _what, _error: (
        None
    )  # what it survives; must not raise
    twice: bool = False  # a dry run also decides as if the unknown facts permitted
    rehearse: Rehearse | None = None  # asks the API server whether it would take a step; None: nobody asks
    fresh: Callable[[int], Facts] | None = None  # the newest facts, for the last look before a write
    desk: Desk | None = None  # what people ask of us
    aftermath: Aftermath | None = None  # what becomes of our changes
    field_manager: str = "aiops"  # our name in managedFields
    reach: Callable[[str], None] = lambda _point: None  # crash points of the chaos suite
    memory: Memory = field(default_factory=Memory)
    _results: list[tuple[str, Outcome]] = field(default_factory=list)  # carried out, not yet in the journal
    _answers: list[tuple[str, Approved | Rejected | Unlocked]] = field(
        default_factory=list
    )  # of people, not yet journalled
    _under_way: dict[str, tuple[Deed, Plan | None]] = field(
        default_factory=dict
    )  # by incident: no outcome yet
    _taken_up: bool = False  # lives of a former run, to be looked after at the next tick

    @property
    def book(self) -> Book:
        """Open incidents, and those closed lately."""
        return self.memory.book

    @book.setter
    def book(self, book: Book) -> None:
        self.memory.book = book

    @property
    def ledger(self) -> Ledger:
        """What was started and what came of it."""
        return self.memory.ledger

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self.memory.ledger = ledger

    @property
    def busy(self) -> bool:
        """Whether anything is open or due, so that the next tick matters even if nothing happens."""
        waiting = self._results or self._under_way
        return bool(self.book.open or self.book.storm or self.book.alone or waiting)

    def held(self, facts: Facts) -> frozenset[Target]:
        """What is being changed by us, or has not settled since: nothing is learned there (M12, M15)."""
        busy = {
            target
            for incident_id, life in self.memory.lives.items()
            if life.state in UNDER_WAY and life.intent is not None
            if (plan := self.memory.plans.get(incident_id)) is not None
            for target in (plan.target, *(one.target for one in plan.steps[life.intent.step].changes))
        }
        pods = {one.target for one in facts.pods.values() if one.owner in busy} if busy else set()
        return frozenset(busy | pods)

    def restore(self, seen: Sequence[Target] = ()) -> None:
        """Take up what a former run left in the journal. ``seen`` are targets with baselines."""
        self.memory = recall(self.store, seen, learns=self.memory.lessons is not None)
        self._taken_up = True

    def advance(
        self, now_ms: int, happenings: Sequence[Happening], facts: Facts, quality: Quality
    ) -> tuple[IncidentChange, ...]:
        """One tick. Raises PortError when the journal refuses: then nothing of the tick counts."""
        facts = self.known(facts)
        if happenings or self.busy:
            self._catch_up()
        self._hear(now_ms, facts)
        turn = self.turn(now_ms, facts, quality)
        for incident_id, outcome in self._results:
            turn.learn(incident_id, outcome)
        answers = tuple(self._answers)
        for incident_id, event in answers:
            turn.happen(incident_id, event)
        if self._taken_up:
            turn.lead({one: life for one, life in self.memory.lives.items() if life.intent is not None})
        hears(turn)
        turn.sees(self.quality, quality)
        turn.notices(self.why_stopped)
        book, changes = correlation.correlate(
            turn.memory.book,
            happenings,
            facts,
            now_ms,
            self.rules.correlation,
            self.rules.policy.storm,
            cluster=self.rules.cluster,
            opt_in_label=self.rules.policy.opt_in_label,
            quality=quality,
        )
        follows(turn, book)
        told = [take(turn, change) for change in changes]
        wake(turn)
        self._commit(turn)
        self.quality, self._results, self._taken_up = quality, [], False
        del self._answers[: len(answers)]  # others may have come meanwhile
        self.reach("loop.decided")
        self._carry_out(turn.orders, now_ms, facts)
        self._look_after(now_ms, facts)
        return tuple(self._as_it_stands(change) for change in told)

    def turn(self, now_ms: int, facts: Facts, quality: Quality) -> Turn:
        """A tick's work on copies; nothing counts before it is committed."""
        standing = Situation(
            now_ms=now_ms,
            quality=quality,
            kill_switch=self.kill_switch(),
            term=self.term,
            protected=self.protected,
            field_manager=self.field_manager,
        )
        return Turn(
            self.rules, self.recent, self.memory, facts, standing, twice=self.twice, rehearse=self.rehearse
        )

    def known(self, facts: Facts) -> Facts:
        """``facts`` with the service graph of the configuration merged in, and our own changes named so."""
        facts, edges = own_changes(facts, self.ledger), self.rules.edges
        return replace(facts, edges=tuple(dict.fromkeys((*facts.edges, *edges)))) if edges else facts

    def _catch_up(self) -> None:
        """Take in what others wrote about actions since: a person who unlocks, a former leader."""
        news = self.store.read(since=self.ledger.seq, stream=STREAM)
        self._take_in(news)
        memory = self.memory
        memory.approvals = memory.approvals.fold(self.store.read(memory.approvals.seq, APPROVALS))
        claims = memory.claims.fold(self.store.read(memory.claims.seq, FORUM, CLAIM_KINDS))
        if claims.held != memory.claims.held:
            memory.look_anew()
            memory.due |= {one: 0 for one in claims.held if one in self.book.open}  # a question is withdrawn
        memory.claims = claims

    def _commit(self, turn: Turn) -> None:
        ledger, approvals, records = self.ledger, self.memory.approvals, tuple[Record, ...]()
        if turn.written:
            records = self.store.append(turn.written, self.term, turn.conditions)
        self.memory = turn.memory
        self.memory.ledger = ledger
        self.memory.approvals = approvals
        self._take_in(records)
        if any(one.entry.stream == APPROVALS for one in records):  # others write on that stream too
            news = self.store.read(approvals.seq, APPROVALS)
            self.memory.approvals = approvals.fold(news).without_old(records[-1].entry.at_ms)

    def _carry_out(self, orders: Sequence[Ordered], now_ms: int, facts: Facts) -> None:
        """Carry out what the journal has. What comes of it is journalled at once, or with the next tick."""
        for order in orders:
            match order.command:
                case Apply() | Undo() | Verify() as deed:
                    self._under_way[order.incident_id] = deed, order.plan
                case Tell(text=text):
                    self.tell(order.incident_id, text)
                case Ask() as question:
                    self.tell(order.incident_id, _asked(question, order.incident_id))
                case _:
                    pass  # ignoring is nothing to do
        self._go_on(now_ms, facts)
        if not self._results:
            return
        turn = self.turn(now_ms, facts, self.quality)
        for incident_id, outcome in self._results:
            turn.learn(incident_id, outcome)
        try:
            self._commit(turn)
        except PortError:
            return  # the results are kept, and are the first thing of the next tick
        self._results = []
        self.reach("loop.outcome-journalled")
        if turn.orders:
            self._carry_out(turn.orders, now_ms, facts)

    def _go_on(self, now_ms: int, facts: Facts) -> None:
        """Ask everything that is under way what has come of it."""
        waiting, floor = {incident_id for incident_id, _ in self._results}, Floor(self, now_ms, facts)
        for incident_id, (deed, plan) in tuple(self._under_way.items()):
            life = self.memory.lives.get(incident_id)
            if incident_id in waiting:
                continue
            if life is None or life.state not in UNDER_WAY or life.intent != deed.intent:
                del self._under_way[incident_id]
                continue
            try:
                outcome = self.carry_out(deed, floor.scene_of(incident_id, life, plan))
            except Exception as error:  # noqa: BLE001 - the edge of one step: a bug in it must not stop the others
                self.troubled(f"step of incident {incident_id}", error)
                continue
            if outcome is not None:
                self._under_way.pop(incident_id, None)
                self._results.append((incident_id, outcome))
                self.reach("loop.carried-out")

    def write(self, entry: Entry) -> None:
        """Journal ``entry`` by itself, and fold it into the ledger. Raises PortError."""
        self._take_in(self.store.append((entry,), self.term))

    def _take_in(self, records: Iterable[Record]) -> None:
        """Let the ledger and the lessons follow what is in the journal."""
        records = tuple(records)
        self.memory.ledger = self.ledger.fold(records)
        if any(one.entry.kind in FREES for one in records):
            self.memory.look_anew()
        if self.memory.lessons is not None:
            self.memory.lessons = learn(self.memory.lessons, records)

    def amend(self, said: Said, wish: Amend, asked: Approval, now_ms: int, facts: Facts) -> Echo:
        """Ask about another step instead of the one that is ``asked``. Raises PortError when the journal
        refuses: nothing is asked then."""
        facts = self.known(facts)
        self._catch_up()
        turn = self.turn(now_ms, facts, self.quality)
        echo = instead(turn, said, wish, asked)
        if echo.done:
            self._commit(turn)
            self._carry_out(turn.orders, now_ms, facts)
        return echo

    def answer(self, incident_id: str, event: Approved | Rejected | Unlocked) -> None:
        """A person's answer to what was asked; it counts from the next tick on."""
        self._answers.append((incident_id, event))

    def ends(self, incident_id: str, outcome: Outcome) -> None:
        """Let ``outcome`` be what comes next in the incident's life."""
        self._results.append((incident_id, outcome))
        self._under_way.pop(incident_id, None)

    def _hear(self, now_ms: int, facts: Facts) -> None:
        """Follow what people ask; a journal that refuses lets it be tried again with the next tick."""
        if self.desk is None:
            return
        try:
            for request in over(self.memory.approvals, now_ms):
                self.desk.take(request, self.term, now_ms)
            self.desk.hear(Floor(self, now_ms, facts), self.term, now_ms)
        except PortError as error:
            self.troubled("requests", error)

    def _look_after(self, now_ms: int, facts: Facts) -> None:
        if self.aftermath is None:
            return
        try:
            for entry in self.aftermath.look(self.ledger, facts, self.term, now_ms):
                self.write(entry)
        except PortError as error:
            self.troubled("aftermath", error)

    def _as_it_stands(self, change: IncidentChange) -> IncidentChange:
        if isinstance(change, Opened | Changed):
            incident = self.book.open.get(change.incident.id, change.incident)
            return replace(change, incident=incident)
        return change


def _asked(question: Ask, incident_id: str) -> str:
    """A question in words. The command is not among them: it may hold values of variables, and a log is read
    by more people than the journal."""
    intent = question.intent
    until = f" until {clock(intent.until_ms)} UTC" if intent.until_ms is not None else ""
    by_hand = f"by hand: aiops plan {incident_id} has the command"
    return f"asks {', '.join(question.approvers)}{until}: {intent.summary}; {by_hand}"
