"""A stage: one act, carried out by a real loop with real hands, whose process may die at any named point.

    run = Run(ACTS[0], FakeStage(...), path, Fuse(("carry.sent", 1)))
    run.play()

Named points are those of the engine (``reach``), and both sides of everything that it asks of a port: a
transaction of the journal, a write, a look, a capture. A crash is a ``BaseException`` that no edge of ours
catches; after it a new loop begins over the same journal and the same cluster, and nothing else.
"""

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiops.adapters.memory import MemoryStore
from aiops.adapters.sqlite import SqliteStore
from aiops.core import life as lives
from aiops.core.detect import Raised
from aiops.core.lifecycle import UNDER_WAY, WAITING
from aiops.core.quality import SEEING
from aiops.engine.carry import Carrier
from aiops.engine.loop import Loop
from aiops.engine.rehearse import Rehearsal
from aiops.engine.window import Recorded
from aiops.model import Answer, Facts, Receipt, Status
from tests.chaos.acts import Act, Place
from tests.chaos.model import Effect
from tests.fakes.cluster import FakeCluster, Fault
from tests.unit.core.cases import MINUTE, NOW, anomaly

ENGINE = Path(__file__).parents[2] / "aiops" / "engine"
TELLING = (  # of a transaction's entries the first of these names it
    "change_sending",
    "change_answered",
    "evidence_captured",
    "plan_started",
    "rung_started",
    "step_ended",
    "life_advanced",
    "incident_opened",
    "incident_changed",
    "decided",
)
TICK = 0.5  # minutes
LAST = 14  # ticks: enough for an act, its verification, its undo, and as many restarts
CALM = 3  # ticks in which nothing more may happen


class Crashed(BaseException):
    """The process ended here. No edge of ours catches it."""


def reach_points(folder: Path = ENGINE) -> frozenset[str]:
    """The names of all crash points of the engine, read from its source: a new one cannot be forgotten."""
    found = set()
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called == "reach":
                    found.add(node.args[0].value)
    return frozenset(found)


@dataclass
class Fuse:
    """Blows at the n-th time that a point is reached, once for each of ``at``; keeps the trace of all."""

    at: tuple[tuple[str, int], ...] = ()
    trace: list[tuple[str, int]] = field(default_factory=list)
    blown: list[tuple[str, int]] = field(default_factory=list)
    phase: object = lambda: ""  # of the loop, when a point is reached
    busy: list[bool] = field(default_factory=list)  # whether something was in flight at each crash
    _counts: Counter = field(default_factory=Counter)

    def __call__(self, point: str) -> None:
        name = f"{self.phase()} {point}"
        self._counts[name] += 1
        here = name, self._counts[name]
        self.trace.append(here)
        if here in self.at and here not in self.blown:
            self.blown.append(here)
            raise Crashed(name)


class Watched:
    """A store that reaches a point on both sides of each transaction."""

    def __init__(self, store, fuse):
        self._store, self._fuse = store, fuse

    def __getattr__(self, name):
        return getattr(self._store, name)

    def append(self, entries, term, conditions=()):
        kinds = {one.kind for one in entries}
        name = next((one for one in TELLING if one in kinds), "")
        results = [one.payload["result"] for one in entries if one.kind == "step_ended"]
        name = f"{name} {results[0]}" if name == "step_ended" else name
        if name:
            self._fuse(f"journal: before {name}")
        written = self._store.append(entries, term, conditions)
        if name:
            self._fuse(f"journal: after {name}")
        return written


class Hands:
    """A cluster that reaches a point on both sides of each write, look and capture, may lose the answers of
    real writes, and keeps the head of the journal as it was when each mark was first sent."""

    def __init__(self, stage, store, fuse):
        self._stage, self._store, self._fuse = stage, store, fuse

    def facts(self, at_ms):
        return self._stage.facts(at_ms)

    def send(self, change, mark, *, dry_run=False):
        if dry_run:
            return self._stage.send(change, mark, dry_run=True)
        self._fuse(f"cluster: before {change.verb}")
        self._stage.heads.setdefault(
            (mark.intent, change.verb.value, str(change.target)), self._store.head()[0]
        )
        fault = self._stage.faults.pop(0) if self._stage.faults else None
        if fault is Fault.NEVER_ARRIVE:
            return Receipt(Answer.UNKNOWN, "read time-out")
        receipt = self._stage.send(change, mark)
        self._fuse(f"cluster: after {change.verb}")
        return Receipt(Answer.UNKNOWN, "connection reset") if fault is Fault.LOSE_ANSWER else receipt

    def look(self, change, mark):
        self._fuse("cluster: before look")
        seen = self._stage.look(change, mark)
        self._fuse("cluster: after look")
        return seen

    def capture(self, target, at_ms):
        self._fuse("cluster: before capture")
        found = self._stage.capture(target, at_ms)
        self._fuse("cluster: after capture")
        return found


class FakeStage:
    """The act on a cluster in memory. ``effects`` is what was done, as its audit log tells."""

    def __init__(self, act: Act, place: Place | None = None, faults=()):
        self.act, self.place, self.faults = act, place or Place(), list(faults)
        self.heads: dict[tuple[str, str, str], int] = {}
        self.cluster = FakeCluster(act.facts(self.place))
        self.now_ms, self.done = NOW, []
        self.cluster.on_commit = self._committed
        self.send, self.look, self.capture = self.cluster.send, self.cluster.look, self.cluster.capture

    def _committed(self, request):
        found = self.cluster.objects.get(request.target)
        version = found["metadata"]["resourceVersion"] if found else ""
        mark = request.intent, request.verb, str(request.target)
        self.done.append(
            Effect(
                self.now_ms,
                request.verb,
                request.target,
                request.intent,
                request.term,
                version,
                self.heads.get(mark),
            )
        )

    def facts(self, at_ms):
        self.now_ms = at_ms
        return healthy(self.cluster.facts(at_ms))

    def effects(self):
        return tuple(self.done)


def healthy(known: Facts) -> Facts:
    """Whatever number of pods is wanted is ready."""
    several = {target: replace(one, ready=one.replicas) for target, one in known.workloads.items()}
    return replace(known, workloads=several)


class Run:
    """One act from the anomaly to its end, across crashes. ``path`` None: a journal in memory."""

    def __init__(
        self,
        act: Act,
        stage,
        path=None,
        fuse=None,
        *,
        helps=True,
        rules=None,
        restores=True,
        resumes=False,
        **loop,
    ):
        self.act, self.stage, self.path, self.fuse = act, stage, path, fuse or Fuse()
        self.status = Status.NORMAL if helps else Status.ANOMALY
        self.rules, self.options, self.restores = rules or act.rules(), loop, restores
        self.starts, self.minute, self.busy = int(resumes), -60.0, []
        self._memory = MemoryStore() if path is None else None
        self.fuse.phase = self._phase
        self.prime = act.prime(stage.place)
        self.boot()

    def boot(self):
        """A new process over the same journal."""
        self.starts += 1
        self.store = self._memory or SqliteStore(self.path)
        self.term = self.store.term() + 1
        self.store.begin_term(self.term)
        watched = Watched(self.store, self.fuse)
        self.hands = Hands(self.stage, self.store, self.fuse)
        self.loop = Loop(self.rules, watched, self.term, Recorded({}), **self.options)
        self.loop.carry_out = Carrier(self.hands, lambda *_: self.status, self.fuse)
        self.loop.rehearse = Rehearsal(self.hands, self.term)
        self.loop.fresh = self.hands.facts
        self.loop.reach = self.fuse
        if self.starts > 1 and self.restores:
            self.loop.restore()

    def play(self, ticks=LAST):
        """An hour of calm, then the anomaly; then at most ``ticks`` ticks, whatever dies, and no more
        than ``CALM`` after the end of what was begun."""
        self.at(-60)
        calm = 0
        for number in range(ticks):
            self.at(number * TICK)
            calm = calm + 1 if self.is_over() else 0
            if calm >= CALM:
                break
        return self

    def is_over(self):
        """Whether something was begun, and nothing is under way any more."""
        lives = self.loop.memory.lives.values()
        return bool(self.loop.ledger.attempts) and not any(one.state in UNDER_WAY for one in lives)

    def at(self, minute):
        """One tick; a crash in it, and the restart."""
        self.minute = minute
        try:
            self.tick()
        except Crashed:
            self.busy.append(self._is_busy())
            if self.path is not None:
                self.store.close()
            self.boot()

    def tick(self):
        now_ms = int(NOW + self.minute * MINUTE)
        happened = self._news(now_ms) if self.minute >= 0 else ()
        self.loop.advance(now_ms, happened, self.hands.facts(now_ms), SEEING)
        if self.act.asks:
            self.approve(now_ms)

    def _news(self, now_ms):
        """The anomaly is told until the journal has its incident."""
        if self.loop.book.open or self.loop.book.closed:
            return ()
        return (Raised(anomaly(self.prime, since_ms=NOW - 2 * MINUTE, at_ms=now_ms)),)

    def approve(self, now_ms):
        """A person agrees to what is asked; the event goes the way of every other."""
        waiting = [one for one in self.loop.memory.lives.values() if one.state is WAITING and one.intent]
        if not waiting:
            return
        facts = self.loop.known(self.hands.facts(now_ms))
        turn = self.loop.turn(now_ms, facts, SEEING)
        for life in waiting:
            turn.happen(life.incident_id, lives.Approved(life.intent.digest, "alice"))
        self.loop._commit(turn)
        self.fuse("loop: approved")
        self.loop._carry_out(turn.orders, now_ms, facts)

    def _phase(self):
        """Where the act stands when a point is reached."""
        life = next(iter(self.loop.memory.lives.values()), None) if hasattr(self, "loop") else None
        if life is None or life.state not in UNDER_WAY:
            phase = "decide"
        elif life.undoing:
            phase = "undo"
        else:
            phase = "apply" if life.state == "acting" else "verify"
        return f"{phase} (resumed)" if self.starts > 1 else phase

    def _is_busy(self):
        """Whether the journal holds something that was begun and has no end."""
        started = {_which(one) for one in self.store.read(kinds=("plan_started", "rung_started"))}
        ended = {
            _which(one)
            for one in self.store.read(kinds=("step_ended",))
            if one.entry.payload["result"] != "applied"
        }
        return bool(started - ended)

    def records(self):
        return tuple(self.store.read())

    def results(self):
        return [one.entry.payload["result"] for one in self.store.read(kinds=("step_ended",))]

    def close(self):
        """The run is over: what the journal has, what is left under way, and whether its chain holds."""
        self.kept = self.records()
        lives_left = [one.state.value for one in self.loop.memory.lives.values() if one.state in UNDER_WAY]
        self.left = ", ".join(lives_left + [one.target for one in self.loop.ledger.in_flight()])
        self.broken = self.store.verify()
        if self.path is not None:
            self.store.close()


def _which(record) -> tuple[str, int]:
    payload: Mapping = record.entry.payload
    return payload["plan_id"], payload["step"]
