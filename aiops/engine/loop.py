"""Loop: happenings become incidents, incidents get suspects, a plan and a decision, all of it journalled.

The one shell round the pure core: a replay and the live daemon differ only in who calls ``advance``, where
the facts come from, and what ``carry_out`` does. A call writes one transaction; what it orders is carried out
only after the journal has it, and what comes of that is the next event, in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aiops.core import correlate as correlation
from aiops.core.book import Book, Changed, IncidentChange, Opened
from aiops.core.detect import Happening
from aiops.core.ledger import STREAM, Ledger
from aiops.core.life import Apply, Tell, Undo, Verify
from aiops.core.quality import SEEING, Quality
from aiops.core.situation import Situation
from aiops.engine import entries
from aiops.engine.rules import Rules
from aiops.engine.turn import Gist, Memory, Ordered, Turn, gist_of
from aiops.engine.window import Recent
from aiops.errors import PortError
from aiops.model import Facts, Outcome, Plan, Result, Target
from aiops.ports import Store

Deed = Apply | Undo | Verify
CarryOut = Callable[[Deed, Plan | None, int], Outcome]  # the plan is None for what a former run began


def only_record(deed: Deed, plan: Plan | None, now_ms: int) -> Outcome:  # noqa: ARG001 - nothing is done
    """Carry out nothing: the outcome of a dry run."""
    text = "not carried out: this run only decides"
    return Outcome(deed.intent.plan_id, deed.intent.step, Result.DRY_RUN, now_ms, text)


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
    carry_out: CarryOut = only_record
    tell: Callable[[str, str], None] = lambda _incident_id, _text: None  # fails open: must not raise
    twice: bool = False  # a dry run also decides as if the unknown facts permitted
    memory: Memory = field(default_factory=Memory)
    _results: list[tuple[str, Outcome]] = field(default_factory=list)  # carried out, not yet in the journal
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
        return bool(self.book.open or self.book.storm or self.book.alone or self._results)

    def restore(self, seen: Sequence[Target] = ()) -> None:
        """Take up what a former run left in the journal. ``seen`` are targets with baselines."""
        book, ledger = entries.restore(self.store, seen)
        lives = entries.lives(self.store)
        said: dict[str, Gist] = {
            incident_id: (gist_of(decision), gist_of(if_known) if if_known is not None else None)
            for incident_id, (decision, if_known) in entries.decisions(self.store, book.open.keys()).items()
        }
        due = dict.fromkeys(book.open, 0)
        due |= {one.incident_id: one.intent.until_ms or 0 for one in lives.values() if one.intent is not None}
        self.memory = Memory(book, ledger, lives, said, {}, due, {})
        self._taken_up = True

    def advance(
        self, now_ms: int, happenings: Sequence[Happening], facts: Facts, quality: Quality
    ) -> tuple[IncidentChange, ...]:
        """One tick. Raises PortError when the journal refuses: then nothing of the tick counts."""
        facts = with_edges(facts, self.rules)
        if happenings or self.busy:
            self._catch_up()
        turn = self._turn(now_ms, facts, quality)
        for incident_id, outcome in self._results:
            turn.learn(incident_id, outcome)
        if self._taken_up:
            turn.lead({one: life for one, life in self.memory.lives.items() if life.intent is not None})
        turn.sees(self.quality, quality)
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
        turn.follows(book)
        told = [turn.take(change) for change in changes]
        turn.wake()
        self._commit(turn)
        self.quality, self._results, self._taken_up = quality, [], False
        self._carry_out(turn.orders, now_ms, facts)
        return tuple(self._as_it_stands(change) for change in told)

    def _turn(self, now_ms: int, facts: Facts, quality: Quality) -> Turn:
        standing = Situation(
            now_ms=now_ms,
            quality=quality,
            kill_switch=self.kill_switch(),
            term=self.term,
            protected=self.protected,
        )
        return Turn(self.rules, self.recent, self.memory, facts, standing, twice=self.twice)

    def _catch_up(self) -> None:
        """Take in what others wrote about actions since: a person who unlocks, a former leader."""
        news = self.store.read(since=self.ledger.seq, stream=STREAM)
        self.memory.ledger = self.ledger.fold(news)

    def _commit(self, turn: Turn) -> None:
        ledger = self.ledger
        if turn.written:
            ledger = ledger.fold(self.store.append(turn.written, self.term, turn.conditions))
        self.memory = turn.memory
        self.memory.ledger = ledger

    def _carry_out(self, orders: Sequence[Ordered], now_ms: int, facts: Facts) -> None:
        """Carry out what the journal has. What comes of it is journalled at once, or with the next tick."""
        for order in orders:
            match order.command:
                case Apply() | Undo() | Verify() as deed:
                    self._results.append((order.incident_id, self.carry_out(deed, order.plan, now_ms)))
                case Tell(text=text):
                    self.tell(order.incident_id, text)
                case _:
                    pass  # asking people comes with the notifier, ignoring is nothing to do
        if not self._results:
            return
        turn = self._turn(now_ms, facts, self.quality)
        for incident_id, outcome in self._results:
            turn.learn(incident_id, outcome)
        try:
            self._commit(turn)
        except PortError:
            return  # the results are kept, and are the first thing of the next tick
        self._results = []
        self._carry_out(turn.orders, now_ms, facts)

    def _as_it_stands(self, change: IncidentChange) -> IncidentChange:
        if isinstance(change, Opened | Changed):
            incident = self.book.open.get(change.incident.id, change.incident)
            return replace(change, incident=incident)
        return change


def with_edges(facts: Facts, rules: Rules) -> Facts:
    """``facts`` with the service graph of the configuration merged in."""
    if not rules.edges:
        return facts
    return replace(facts, edges=tuple(dict.fromkeys((*facts.edges, *rules.edges))))
