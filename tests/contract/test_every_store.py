"""Every store keeps the same promises: one suite over memory, SQLite and the fake."""

import threading
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from aiops.adapters.memory import MemoryStore
from aiops.adapters.sqlite import SqliteStore
from aiops.errors import Conflict, InvariantError, Unavailable
from aiops.model import Budget, Entry, StreamAt
from tests.fakes.store import FakeStore

MAKERS = {
    "memory": lambda folder: MemoryStore(),
    "sqlite": lambda folder: SqliteStore(folder / "journal.sqlite"),
    "fake": lambda folder: FakeStore(),
}


@pytest.fixture(params=MAKERS)
def store(request, tmp_path):
    one = MAKERS[request.param](tmp_path)
    yield one
    one.close()


def entry(kind="decided", stream="i-1", at_ms=1000, key="", **payload):
    return Entry(kind, stream, at_ms, payload, key)


def test_what_was_appended_is_read_back_equal_numbered_and_chained(store):
    written = store.append([entry(n=1), entry(n=2)], term=0) + store.append([entry(n=3)], term=0)
    assert tuple(store.read()) == written
    assert [record.seq for record in written] == [1, 2, 3]
    assert [record.previous for record in written] == ["", written[0].hash, written[1].hash]
    assert store.head() == (3, written[2].hash)
    assert store.verify() == ""


def test_an_empty_journal_says_so(store):
    assert (store.head(), store.term(), list(store.read()), store.verify()) == ((0, ""), 0, [], "")


def test_a_payload_comes_back_as_json_values_whatever_went_in(store):
    """Not a number is no number: None, never 0."""
    (written,) = store.append(
        [entry(pods=("a", "b"), score=float("nan"), name='"\u2028\n', depth={"x": [1.5]})], 0
    )
    assert written.entry.payload == {
        "pods": ["a", "b"],
        "score": None,
        "name": '"\u2028\n',
        "depth": {"x": [1.5]},
    }
    assert list(store.read()) == [written]


def test_a_payload_that_is_not_json_is_a_bug_and_writes_nothing(store):
    with pytest.raises(InvariantError, match="decided"):
        store.append([entry(), entry(bad=object())], term=0)
    assert store.head() == (0, "")


def test_reading_is_by_place_by_stream_and_by_kind(store):
    store.append([entry("opened", "a"), entry("opened", "b"), entry("closed", "a"), entry("decided", "a")], 0)

    def seqs(**how):
        return [record.seq for record in store.read(**how)]

    assert seqs(since=2) == [3, 4]
    assert seqs(stream="a") == [1, 3, 4]
    assert seqs(kinds=["opened", "closed"]) == [1, 2, 3]
    assert seqs(since=1, stream="a", kinds=["closed", "opened"]) == [3]
    assert seqs(since=4) == seqs(stream="nobody") == seqs(kinds=["nothing"]) == []


def test_a_long_journal_is_read_whole_and_in_order(store):
    store.append([entry(n=n) for n in range(1234)], term=0)
    assert [record.entry.payload["n"] for record in store.read()] == list(range(1234))


def test_what_is_appended_while_reading_is_not_part_of_the_answer(store):
    store.append([entry(n=n) for n in range(3)], term=0)
    reading = store.read()
    next(reading)
    store.append([entry(n=3)], term=0)
    assert [record.seq for record in reading] == [2, 3]


def test_a_known_key_is_dropped_and_the_rest_is_written(store):
    """E2: the same intent journalled twice is one intent."""
    store.append([entry(key="intent-1", n=1)], term=0)
    again = store.append(
        [entry(key="intent-1", n=2), entry(key="x", n=3), entry(key="x", n=4), entry(n=5)], term=0
    )
    assert [record.entry.payload["n"] for record in again] == [3, 5]
    assert store.append([entry(key="intent-1")], 0, [StreamAt("i-1", 99)]) == ()
    assert [record.entry.payload["n"] for record in store.read()] == [1, 3, 5]


def test_a_stream_that_moved_on_is_a_conflict_and_nothing_is_written(store):
    store.append([entry(stream="a"), entry(stream="b")], term=0)
    store.append([entry(stream="a")], 0, [StreamAt("a", 1), StreamAt("new", 0)])
    for condition in (StreamAt("a", 1), StreamAt("a", 0), StreamAt("new", 1), StreamAt("a", 4)):
        with pytest.raises(Conflict, match="expected"):
            store.append([entry(), entry()], 0, [StreamAt("b", 2), condition])
    assert store.head()[0] == 3


@pytest.mark.parametrize(
    ("budget", "fits"),
    [
        (Budget("started", 4, 0), True),  # three are counted
        (Budget("started", 3, 0), False),
        (Budget("started", 3, 100), True),  # later than 100: two
        (Budget("started", 2, 100), False),
        (Budget("started", 2, 0, "namespace", "shop"), False),
        (Budget("started", 3, 0, "namespace", "shop"), True),
        (Budget("started", 1, 0, "namespace", "none"), True),
        (Budget("started", 1, 0, "pods", "1"), True),  # a number is not the text of it
        (Budget("started", 1, 0, "absent", ""), True),
        (Budget("started", 0, 9999), False),  # nothing is allowed at all
    ],
)
def test_a_budget_counts_its_kind_after_its_time_by_its_field(store, budget, fits):
    """B2."""
    store.append(
        [
            entry("started", at_ms=100, namespace="shop"),
            entry("started", at_ms=101, namespace="shop", pods=1),
            entry("started", at_ms=300, namespace="other"),
            entry("held", at_ms=300, namespace="shop"),
        ],
        term=0,
    )
    if fits:
        assert store.append([entry("started"), entry("started")], 0, [budget])
    else:
        with pytest.raises(Conflict, match="used up"):
            store.append([entry("started")], 0, [budget])
        assert store.head()[0] == 4


def test_only_the_newest_term_may_append_and_terms_only_rise(store):
    """E4: a leader that was paused fails here first."""
    store.append([entry()], term=0)
    store.begin_term(3)
    assert store.term() == 3
    for stale in (0, 2, 4):
        with pytest.raises(Conflict, match="term"):
            store.append([entry(key="k")], term=stale)
    for old in (3, 1):
        with pytest.raises(Conflict, match="term"):
            store.begin_term(old)
    assert [record.term for record in store.append([entry(key="k")], term=3)] == [3]
    assert store.verify() == ""


def test_a_closed_journal_is_unavailable(store):
    store.close()
    for use in (store.head, store.term, lambda: store.append([entry()], 0), lambda: list(store.read())):
        with pytest.raises(Unavailable):
            use()


def test_who_reads_while_it_is_closed_is_told_so(store):
    """Readers of the console go on until the very end; none of them may take the process along."""
    store.append([entry(n=n) for n in range(2_000)], term=0)
    ends, reading = [], threading.Barrier(5)

    def read():
        reading.wait()
        try:
            while True:
                store.head()
                sum(1 for _ in store.read())
        except Unavailable as error:
            ends.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for one in threads:
        one.start()
    reading.wait()
    time.sleep(0.02)
    store.close()
    for one in threads:
        one.join(20)
    assert len(ends) == 4


def test_budgets_hold_when_threads_race_for_the_last_of_it(store):
    """B2: eight threads want 25 each, 40 are allowed; readers look on meanwhile."""
    won, broken = [], []

    def write(name):
        for n in range(25):
            with suppress(Conflict):
                won.extend(store.append([entry("started", name, n=n)], 0, [Budget("started", 40, 0)]))

    def look():
        for _ in range(30):
            seqs = [record.seq for record in store.read()]
            if seqs != list(range(1, len(seqs) + 1)):
                broken.append(seqs)

    threads = [threading.Thread(target=write, args=(f"t{i}",)) for i in range(8)]
    threads += [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), store.head()[0], broken, store.verify()) == (40, 40, [], "")


class Daemons(RuleBasedStateMachine):
    """B2, E4: several leaders, of whom only the newest may write, against a model of three lines."""

    def __init__(self, make):
        super().__init__()
        self.store = make()

    @initialize()
    def begin(self):
        self.newest = 0
        self.believed = [0, 0, 0]  # each daemon's own idea of its term
        self.rows = []  # (kind, namespace, at_ms)

    @rule(daemon=st.integers(0, 2), term=st.integers(0, 12))
    def take_over(self, daemon, term):
        if term > self.newest:
            self.store.begin_term(term)
            self.newest = self.believed[daemon] = term
        else:
            with pytest.raises(Conflict):
                self.store.begin_term(term)

    @rule(
        daemon=st.integers(0, 2),
        namespace=st.sampled_from(["a", "b"]),
        at_ms=st.integers(1, 40),
        since_ms=st.integers(0, 30),
        limits=st.tuples(st.integers(0, 6), st.integers(0, 3)),
        plans=st.integers(1, 2),
    )
    def start(self, daemon, namespace, at_ms, since_ms, limits, plans):
        budgets = [
            Budget("started", limits[0], since_ms),
            Budget("started", limits[1], since_ms, "namespace", namespace),
        ]
        recent = [row for row in self.rows if row[1] > since_ms]
        fits = len(recent) < limits[0] and sum(row[0] == namespace for row in recent) < limits[1]
        wanted = [entry("started", namespace, at_ms, namespace=namespace)] * plans
        if fits and self.believed[daemon] == self.newest:
            self.store.append(wanted, self.believed[daemon], budgets)
            self.rows += [(namespace, at_ms)] * plans
        else:
            with pytest.raises(Conflict):
                self.store.append(wanted, self.believed[daemon], budgets)

    @invariant()
    def holds_what_was_granted_and_nothing_else(self):
        found = [(record.entry.payload["namespace"], record.entry.at_ms) for record in self.store.read()]
        assert found == self.rows

    def teardown(self):
        assert self.store.verify() == ""
        self.store.close()


@pytest.mark.parametrize("name", ["memory", "sqlite"])
def test_no_interleaving_of_leaders_exceeds_a_budget_or_passes_the_fence(name, tmp_path):
    """B2, E4."""
    made = iter(range(10_000))

    def make():
        folder = tmp_path / str(next(made))
        return Daemons(lambda: MAKERS[name](folder))

    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
