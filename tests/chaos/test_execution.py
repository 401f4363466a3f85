"""E5, E8, E9, E10, E12, E13 with real hands, on every kind of act: what fails outside doubles nothing."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from aiops.adapters.sqlite import SqliteStore
from aiops.core.quality import SEEING
from aiops.errors import Conflict, Rejected, Unavailable
from aiops.model import Answer, Entry
from tests.chaos.acts import ACTS, each_act
from tests.chaos.matrix import Scenario, expected
from tests.chaos.model import Where, violations
from tests.chaos.stage import LAST, FakeStage, Run
from tests.fakes.cluster import Fault
from tests.unit.core.cases import MINUTE, NOW

PATCHES = [one for one in ACTS if one.writes[0] in ("patch", "create")]
DRAIN = next(one for one in ACTS if one.name == "drain")
by_name = each_act()


def verbs(stage):
    return tuple(one.verb for one in stage.effects())


def goes_well(run, scenario=Scenario("")):  # noqa: B008 - a frozen value
    """Once each, ended, told as it was."""
    run.close()
    assert verbs(run.stage) == expected(run.act, scenario)
    assert violations(run.stage.effects(), run.kept, Where()) == ()
    assert run.left == ""


class HeldBack(FakeStage):
    """The first real write stays on the way until ``deliver``."""

    def __init__(self, act):
        super().__init__(act)
        self.held = True
        self.send = self._send

    def _send(self, change, mark, *, dry_run=False):
        if self.held and not dry_run:
            self.held = False
            self.cluster.script(Fault.HOLD_BACK)
        return self.cluster.send(change, mark, dry_run=dry_run)


@by_name
def test_the_write_of_a_stale_leader_that_arrives_late_is_refused(act):
    """E5, E4: A's write hangs on the way, B takes over, looks, finishes; then A's arrives, and A wakes."""
    stage = HeldBack(act)
    old = Run(act, stage)
    old.at(-60)
    old.at(0)
    assert verbs(stage) == ()
    asleep = old.loop
    old.boot()  # B, with the next term, over the same journal
    for tick in range(1, LAST):
        old.at(tick / 2)
    by_b = verbs(stage)
    (late,) = stage.cluster.deliver()
    assert late.answer in (Answer.CONFLICT, Answer.NOT_FOUND)
    assert verbs(stage) == by_b
    with pytest.raises(Conflict):  # the journal is the first to refuse it
        asleep.write(replace(next(iter(old.store.read())).entry, key=""))
    with contextlib.suppress(Conflict):
        asleep.advance(int(NOW + 10 * MINUTE), (), stage.facts(NOW + 10 * MINUTE), SEEING)
    assert verbs(stage) == by_b
    goes_well(old)


def test_a_drain_waits_for_its_disruption_budget_and_never_goes_round_it():
    """E8: refused by the budget for three ticks, then allowed, one by one; nothing is deleted."""
    stage = FakeStage(DRAIN)
    budget = stage.cluster.budget("cart", "shop", {"app": "cart"}, allowed=0)
    run = Run(DRAIN, stage)
    run.at(-60)
    for pod in stage.cluster.objects.values():
        if pod["kind"] == "Pod":
            pod["metadata"]["labels"] = {"app": "cart"}
    run.loop.rehearse = None  # the dry run would hold it
    for tick in range(3):
        run.at(tick / 2)
    assert verbs(stage) == ("patch",)
    answers = [one.entry.payload["answer"] for one in run.store.read(kinds=("change_answered",))]
    assert answers[1:] == ["budget"] * len(answers[1:])
    assert len(answers) >= 3
    for tick in range(3, 9):
        budget["status"]["disruptionsAllowed"] = 1
        run.at(tick / 2)
    assert {one.verb for one in stage.cluster.audit if not one.dry_run} == {"patch", "evict"}
    goes_well(run)


@by_name
def test_a_throttled_write_waits_and_is_sent_once(act):
    """E8: flow control's 429 is no budget's; Retry-After is honoured."""
    stage = HeldBack(act)
    stage.cluster.retry_after_s = 45.0
    stage.held, plain, seen = False, stage.cluster.send, []

    def send(change, mark, *, dry_run=False):
        if not dry_run:
            seen.append(stage.now_ms)
            if len(seen) == 1:
                stage.cluster.script(Fault.THROTTLE)
        return plain(change, mark, dry_run=dry_run)

    stage.send = send
    run = Run(act, stage).play()
    assert seen[1] - seen[0] >= 45_000
    goes_well(run)


class Down(Run):
    """Facts that cannot be read are the last known ones, as the live loop has it."""

    known = None

    def tick(self):
        try:
            self.known = self.hands.facts(int(NOW + self.minute * MINUTE))
        except Unavailable:
            self.stage.facts, plain = (lambda at_ms: self.known), self.stage.facts
            try:
                super().tick()
            finally:
                self.stage.facts = plain
        else:
            super().tick()


@by_name
@pytest.mark.parametrize("from_tick", [0, 1])
def test_an_api_server_that_is_down_for_five_minutes_stops_nothing_for_good(act, from_tick):
    """E9: no action, no crash, and without a restart what was due is done, or verified."""
    stage = FakeStage(act)
    run = Down(act, stage)
    run.at(-60)
    for tick in range(from_tick):
        run.at(tick / 2)
    before = verbs(stage)
    stage.cluster.down = True
    for tick in range(from_tick, from_tick + 10):
        run.at(tick / 2)
    assert verbs(stage) == before
    stage.cluster.down = False
    for tick in range(from_tick + 10, from_tick + 10 + LAST):
        run.at(tick / 2)
    assert verbs(stage) == act.writes
    assert run.starts == 1


@each_act([one for one in ACTS if not one.asks])
def test_a_cluster_that_cannot_be_read_just_before_the_write_is_not_written_to(act):
    """E9, 5.1: decided, and then the last look fails: no write, no crash; it is decided anew."""
    stage = FakeStage(act)
    run = Down(act, stage)
    run.at(-60)

    def breaks(point):
        stage.cluster.blind = stage.cluster.blind or (bool(run.loop.memory.lives) and point == "loop.decided")

    run.loop.reach = breaks
    run.at(0)
    assert stage.cluster.blind
    assert verbs(stage) == ()
    run.loop.reach = lambda _: None
    stage.cluster.blind = False
    for tick in range(2, LAST):
        run.at(tick / 2)
    goes_well(run)


@by_name
def test_a_cache_that_is_silently_dead_leads_to_nothing(act):
    """E10: the picture is half a minute old at most, or nothing is decided."""
    stage = FakeStage(act)
    run = Run(act, stage)
    run.at(-60)
    run.at(-1)
    stage.cluster.frozen_facts = True
    stage.cluster.facts(NOW - MINUTE)
    for tick in range(6):
        run.at(tick / 2)
    assert verbs(stage) == ()
    stage.cluster.frozen_facts = False
    for tick in range(6, 6 + LAST):
        run.at(tick / 2)
    goes_well(run)


class Refusing:
    """A store that refuses from its n-th append on, while ``refuses``."""

    def __init__(self, store, after):
        self._store, self.left, self.refuses, self.refused = store, after, True, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def append(self, entries, term, conditions=()):
        if self.refuses and self.left <= 0:
            self.refused += 1
            raise Unavailable("journal: no space left on device")
        self.left -= 1
        return self._store.append(entries, term, conditions)


class Patient(Run):
    """A tick that the journal refuses is tried again, as the live loop has it."""

    def tick(self):
        with contextlib.suppress(Unavailable):
            super().tick()


@by_name
@pytest.mark.parametrize("helps", [True, False], ids=["helps", "useless"])
def test_a_journal_that_refuses_at_each_step_of_an_act_stops_it_there(act, helps):
    """E12: for every transaction of the act, the disk is full from it on for three ticks: nothing is sent
    that the journal does not have; when there is room again the act comes to its end."""
    whole = Run(act, FakeStage(act), helps=helps).play()
    appends = sum(point.split(" ", 1)[1].startswith("journal: before") for point, _ in whole.fuse.trace)
    stopped_short = 0
    for after in range(appends + 1):
        stage = FakeStage(act)
        run = Patient(act, stage, helps=helps)
        run.at(-60)
        full = run.loop.store = Refusing(run.loop.store, after)
        for tick in range(LAST):
            full.refuses = not (full.refused and tick >= 3 and full.refused >= 3)
            run.at(tick / 2)
            if full.refuses and full.refused:
                sent = {one.entry.payload["intent"] for one in run.store.read(kinds=("change_sending",))}
                assert {one.intent for one in stage.effects()} <= sent
        for tick in range(LAST, 2 * LAST):
            full.refuses = False
            run.at(tick / 2)
        stopped_short += bool(full.refused)
        goes_well(run, Scenario("", helps=helps))
    assert stopped_short >= 5


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal.db"


def locked(path):
    """Somebody else holds the write lock: a backup, a person with a shell."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


def full(store):
    """The file may not grow any more, and its last page is used up."""
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages}")
    for size in (2000, 500, 100, 10, 1):
        with contextlib.suppress(Unavailable):
            while True:
                store.append((Entry("noise", "noise", NOW, {"fill": "x" * size}),), store.term())
    return lambda: store._writer.execute("PRAGMA max_page_count = 1000000")


def read_only(store):
    """The file system went read-only."""
    store._writer.execute("PRAGMA query_only = ON")
    return lambda: store._writer.execute("PRAGMA query_only = OFF")


@pytest.mark.parametrize("kind", ["locked", "full", "read-only"])
@pytest.mark.parametrize("point", ["loop.decided", "carry.rechecked", "carry.sent", "carry.all-sent"])
def test_a_real_journal_that_refuses_in_the_middle_of_an_act_stops_it_there(kind, point, journal):
    """E12 on SQLite itself; a step is sent only if its record is on the disk."""
    act, stage = ACTS[0], FakeStage(ACTS[0])
    run = Patient(act, stage, journal)
    run.store._writer.execute("PRAGMA busy_timeout = 20")
    heal = []

    def break_it(reached):
        if reached.endswith(point) and not heal and run.minute >= 0:
            heal.append(
                {"locked": lambda: locked(journal), "full": lambda: full(run.store)}.get(
                    kind, lambda: read_only(run.store)
                )()
            )

    run.loop.reach = run.loop.carry_out.reach = break_it
    run.at(-60)
    for tick in range(3):
        run.at(tick / 2)
    assert len(verbs(stage)) == (1 if point in ("carry.sent", "carry.all-sent") else 0)
    heal[0]()
    run.loop.reach = run.loop.carry_out.reach = lambda _: None
    for tick in range(3, LAST):
        run.at(tick / 2)
    goes_well(run)


@pytest.mark.parametrize("damage", ["torn", "altered"])
def test_a_journal_that_was_damaged_in_the_middle_of_an_act_is_never_a_fresh_start(damage, journal):
    """E13: the next process does not begin; it never forgets what was begun, nor fills budgets up again."""
    run = Run(ACTS[0], FakeStage(ACTS[0]), journal)
    run.at(-60)
    run.at(0)
    run.store.close()
    if damage == "torn":
        journal.write_bytes(journal.read_bytes()[: journal.stat().st_size // 2])
        journal.with_name("journal.db-wal").unlink(missing_ok=True)
    else:
        with sqlite3.connect(journal) as db:
            db.execute("DROP TRIGGER journal_keeps_what_is_written")
            db.execute("UPDATE journal SET payload = '{}' WHERE kind = 'plan_started'")
    with pytest.raises(Rejected):
        SqliteStore(journal)


def test_an_undamaged_journal_is_taken_up(journal):
    """The control of the one above."""
    run = Run(ACTS[0], FakeStage(ACTS[0]), journal)
    run.at(-60)
    run.at(0)
    run.store.close()
    run.boot()
    for tick in range(1, LAST):
        run.at(tick / 2)
    goes_well(run)
