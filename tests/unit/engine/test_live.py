"""Live: ticks, restarts, blindness. Minutes of a daemon's life, on a clock that tests move."""

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.quality import Quality
from aiops.engine import entries
from aiops.engine.collect import Collector
from aiops.engine.live import Live
from aiops.engine.loop import Loop
from aiops.engine.rules import Rules
from aiops.engine.screens import Screens
from aiops.engine.window import Rings
from aiops.errors import Unavailable
from aiops.model import (
    Correlation,
    Detection,
    Direction,
    IncidentKind,
    IncidentState,
    Policy,
    Role,
    Signal,
    Target,
    TargetMapping,
)
from detectors.threshold import Threshold
from tests.fakes.baselines import FakeBaselines
from tests.fakes.clock import FakeClock
from tests.fakes.source import FakeSource
from tests.fakes.store import FakeStore

STEP_S = 5
ERRORS = Signal(
    "error_ratio",
    "errors",
    "ratio",
    Role.ERRORS,
    TargetMapping("Deployment", "app", "namespace"),
    Direction.UP,
    edge=0.1,
    detectors=("threshold",),
)
CART = Target("Deployment", "shop", "cart")
LABELS = [{"app": name, "namespace": "shop"} for name in ("cart", "pay", "mail", "web")]


class Watch:
    """Remembers what it was told."""

    def __init__(self):
        self.records, self.qualities, self.failures, self.shares, self.rows = [], [], [], [], []

    def wrote(self, records):
        self.written = getattr(self, "written", 0) + len(records)

    def ticked(self, collected, quality, records, took_s):
        self.records += records
        self.qualities.append(quality)

    def facts(self, age_s):
        pass

    def learned(self, share, collected):
        self.shares.append(share)

    def saved(self, rows):
        self.rows.append(rows)

    def failed(self, what, error):
        self.failures.append((what, type(error).__name__))

    def kinds(self):
        return [record.entry.kind for record in self.records]


class Daemon:
    """One process of the daemon; ``again`` is the next one on the same disk."""

    def __init__(
        self,
        source=None,
        clock=None,
        store=None,
        baselines=None,
        identity="",
        history_days=0.01,
        watch_only=False,
    ):
        self.clock = clock or FakeClock()
        self.began_ms = self.clock.now_ms()
        self.bad = False
        self.source = source or FakeSource({"error_ratio": (LABELS, self.value)})
        self.store, self.baselines = store or FakeStore(), baselines or FakeBaselines()
        self.watch = Watch()
        rules = Rules(
            (ERRORS,),
            Detection(step_s=STEP_S, history_days=history_days),
            Correlation(),
            Policy(),
            (),
            lambda name, signal, interval_s: Threshold(edge=signal.edge),
            lambda name, parameters: None,
        )
        self.store.begin_term(self.store.term() + 1)
        rings = Rings(100)
        self.live = Live(
            Loop(rules, self.store, self.store.term(), rings),
            Screens(rules, STEP_S),
            rings,
            Collector(self.source, rules.signals, "", 1000),
            None,
            self.baselines,
            self.clock,
            self.watch,
            identity,
        )
        if not watch_only:
            self.live.catch_up(self.live.restore())

    def value(self, row, at_ms):
        return 0.2 if self.bad and row == 0 else 0.01  # score 2: not yet an instant one

    def run(self, ticks):
        for _ in range(ticks):
            self.clock.advance(STEP_S)
            self.live.tick()
        return self

    def again(self):
        return Daemon(self.source, self.clock, self.store, self.baselines, self.live.identity)

    def incidents(self):
        return list(entries.incidents(self.store).values())


@pytest.fixture
def daemon():
    return Daemon()


def test_a_fault_opens_an_incident_after_three_bad_samples_and_closes_it_when_calm(daemon):
    daemon.run(10)
    daemon.bad = True
    daemon.run(2)
    assert daemon.incidents() == []
    daemon.run(1)  # open_after 3 of 5: 15 s after the first bad sample
    (incident,) = daemon.incidents()
    assert incident.targets == (CART,)
    assert incident.opened_ms - incident.since_ms == 2 * STEP_S * 1000
    daemon.bad = False
    daemon.run(5 + 60 + 1)  # close_after 5 samples, then close_after_s 300 s calm
    assert daemon.incidents()[0].state is IncidentState.CLOSED


def test_what_is_bad_at_the_first_start_is_known_breakage():
    """5.3: reported, never acted on."""
    source = FakeSource({"error_ratio": (LABELS, lambda row, at_ms: 0.5 if row == 0 else 0.01)})
    daemon = Daemon(source).run(2)
    assert [one.kind for one in daemon.incidents()] == [IncidentKind.KNOWN]


def test_prometheus_down_makes_us_blind_once_and_changes_nothing(daemon):
    """M1: blind, one notice, no incident opened or closed; it recovers by itself."""
    daemon.run(10)
    daemon.bad = True
    daemon.run(3)
    daemon.source.down = True
    daemon.run(100)
    assert daemon.incidents()[0].state is not IncidentState.CLOSED
    assert daemon.watch.kinds().count("sight_changed") == 1
    daemon.source.down, daemon.bad = False, False
    daemon.run(70)
    assert daemon.watch.kinds().count("sight_changed") == 2
    assert daemon.incidents()[0].state is IncidentState.CLOSED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda source: source.tables.update(error_ratio=((), None)),  # 200 with an empty vector
        lambda source: source.tables.update(error_ratio=(LABELS[:2], lambda row, at: 0.5)),  # half are gone
        lambda source: setattr(source, "warnings", ("a store did not answer",)),
        lambda source: setattr(source, "partial", True),
        lambda source: source.tables.update(error_ratio=(LABELS, lambda row, at: float("nan"))),
    ],
    ids=["empty", "half gone", "warnings", "partial", "all NaN"],
)
def test_doubtful_data_opens_nothing_and_is_not_learned_from(daemon, spoil):
    """M2, M3: no data is not zero and not healthy; what comes with a warning is not judged."""
    daemon.run(10)
    learned = next(iter(daemon.live.screens.screens.values())).learned_ms
    daemon.bad = True
    spoil(daemon.source)
    daemon.run(10)
    assert daemon.incidents() == []
    assert not daemon.live.quality.usable
    assert next(iter(daemon.live.screens.screens.values())).learned_ms == learned


def test_another_clusters_prometheus_is_not_judged():
    """M7: swapped upstream."""
    daemon = Daemon(identity="cluster=blue")
    daemon.source.name = "cluster=blue"
    daemon.run(10)
    assert daemon.live.quality.usable
    daemon.source.name, daemon.bad = "cluster=green", True
    daemon.run(10)
    assert daemon.incidents() == []
    assert "green" in daemon.live.quality.why()


def test_after_blindness_one_window_of_good_data_must_pass(daemon):
    """M6: open_of 5 samples of 5 s."""
    daemon.run(10)
    daemon.source.down = True
    daemon.run(1)
    daemon.source.down = False
    daemon.run(4)
    assert not daemon.live.quality.warm(daemon.clock.now_ms())
    daemon.run(1)
    assert daemon.live.quality.warm(daemon.clock.now_ms())


@pytest.mark.parametrize("saved", [True, False])
def test_a_restart_in_the_middle_of_an_incident_neither_loses_nor_repeats_it(daemon, saved):
    """E1: killed without a word; the next process finds it open and closes it."""
    daemon.run(10)
    daemon.live.save()
    daemon.bad = True
    daemon.run(5)
    if saved:
        daemon.live.save()
    (before,) = daemon.incidents()
    daemon.clock.advance(120)
    again = daemon.again().run(3)
    (after,) = again.incidents()
    assert (after.id, after.kind, after.state) == (before.id, IncidentKind.OBSERVED, before.state)
    assert [record.entry.kind for record in again.store.read()].count("incident_opened") == 1
    daemon.bad = False
    again.run(70)
    assert again.incidents()[0].state is IncidentState.CLOSED


def test_what_began_while_we_were_down_is_found_at_the_restart(daemon):
    daemon.run(10)
    daemon.live.save()
    daemon.bad = True
    daemon.clock.advance(60)
    again = daemon.again().run(1)
    (incident,) = again.incidents()
    assert incident.kind is IncidentKind.OBSERVED
    assert incident.opened_ms - incident.since_ms <= 70_000


def test_a_restart_asks_for_the_gap_only(daemon):
    daemon.run(10)
    daemon.live.save()
    daemon.clock.advance(60)
    daemon.source.asked.clear()
    daemon.again()
    assert all(end - start < 61_000 for _, start, end, _ in daemon.source.asked)


def test_a_journal_that_refuses_loses_nothing(daemon):
    """E12: what was judged meanwhile is told when it takes entries again; no journal, no decision."""
    daemon.run(10)
    daemon.bad, daemon.store.full = True, True
    daemon.run(6)
    assert daemon.watch.failures[-1] == ("tick", "Unavailable")
    assert daemon.incidents() == []
    daemon.store.full = False
    daemon.run(1)
    assert [one.targets for one in daemon.incidents()] == [(CART,)]


def test_what_the_journal_refused_is_judged_again_after_a_crash(daemon):
    """E12: baselines that know of it, beside a journal that does not, would lose the incident for good."""
    daemon.run(10)
    daemon.live.save()
    daemon.bad, daemon.store.full = True, True
    daemon.run(6)
    daemon.live.save()
    daemon.store.full = False
    again = daemon.again().run(1)
    assert [one.targets for one in again.incidents()] == [(CART,)]


def test_a_disk_that_is_full_for_baselines_is_told_and_nothing_else_stops(daemon):
    daemon.run(3)
    daemon.baselines.full = True
    daemon.live.save()
    assert daemon.watch.failures == [("save", "Unavailable")]
    assert daemon.watch.rows == []
    daemon.baselines.full = False
    daemon.live.save()
    assert daemon.watch.rows == [4]


def test_a_bug_in_one_tick_does_not_end_the_daemon(daemon):
    daemon.run(3)
    query = daemon.source.query
    daemon.source.query = lambda signal, at_ms: 1 / 0
    daemon.run(1)
    assert daemon.watch.failures == [("tick", "ZeroDivisionError")]
    daemon.source.query = query
    daemon.run(1)
    assert daemon.live.good_ms == daemon.clock.now_ms()


def test_only_a_loop_that_does_not_end_its_ticks_is_stuck(daemon):
    """A dependency that is down is no reason to be restarted (promises 5.6); 4 intervals and 30 s are."""
    daemon.run(3)
    daemon.source.down = True
    daemon.store.full = True
    daemon.run(100)
    assert daemon.live.stuck() == 0
    daemon.clock.advance(4 * STEP_S + 30)
    assert daemon.live.stuck() == 0
    daemon.clock.advance(1)
    assert daemon.live.stuck() == 4 * STEP_S + 31


def test_a_start_that_is_stopped_while_it_learns_ends_at_once():
    daemon = Daemon()
    daemon.source.asked.clear()
    fresh = Daemon(daemon.source, daemon.clock)
    fresh.source.asked.clear()
    fresh.live.catch_up(fresh.live.restore(), stopped=lambda: True)
    assert fresh.source.asked == []


def test_a_stretch_that_a_stop_cuts_short_is_not_learned_from():
    """E16: its answers are those of a source that was hung up on."""
    daemon = Daemon()
    fresh = Daemon(daemon.source, daemon.clock, watch_only=True)
    answers = iter([False, True])  # the stop comes while the first stretch is asked for
    fresh.live.catch_up(fresh.live.restore(), stopped=lambda: next(answers))
    assert not any(screen.learned_ms for screen in fresh.live.screens.screens.values())


def test_where_nothing_can_be_had_the_rest_of_the_history_is_not_asked_for():
    source = FakeSource({"error_ratio": (LABELS, lambda row, at_ms: 0.01)})
    source.down = True
    assert len(Daemon(source, history_days=14).source.asked) == 1


def test_a_long_gap_is_asked_for_coarsely_up_to_the_last_two_hours(daemon):
    """Three days at 5 s would be 51,840 columns a series; at 5 min they are 840 and 1,440."""
    daemon.run(10)
    daemon.live.save()
    daemon.clock.advance(3 * 86_400)
    daemon.source.asked.clear()
    Daemon(daemon.source, daemon.clock, daemon.store, daemon.baselines, history_days=14)
    steps = {step for _, _, _, step in daemon.source.asked}
    assert steps == {300_000, 5_000}
    assert sum((end - start) // step for _, start, end, step in daemon.source.asked) < 2_400


def test_of_a_long_gap_only_how_it_ended_is_told(daemon):
    """The cart was bad for an hour of the first of three days, pay is since the second: one incident."""
    daemon.run(10)
    daemon.live.save()
    began = daemon.clock.now_ms()
    daemon.clock.advance(3 * 86_400)

    def value(row, at_ms):
        hours = (at_ms - began) / 3_600_000
        return 0.2 if (row == 0 and 5 < hours < 6) or (row == 1 and hours > 40) else 0.01

    daemon.source.tables["error_ratio"] = (LABELS, value)
    again = Daemon(daemon.source, daemon.clock, daemon.store, daemon.baselines, history_days=14).run(2)
    assert [one.targets for one in again.incidents()] == [(Target("Deployment", "shop", "pay"),)]


def test_an_incident_that_ended_in_a_long_gap_is_closed_after_it(daemon):
    daemon.run(10)
    daemon.bad = True
    daemon.run(5)
    daemon.live.save()
    (before,) = daemon.incidents()
    daemon.bad = False
    daemon.clock.advance(2 * 86_400)
    again = Daemon(daemon.source, daemon.clock, daemon.store, daemon.baselines, history_days=14).run(70)
    (after,) = again.incidents()
    assert (after.id, after.state) == (before.id, IncidentState.CLOSED)


def test_a_first_learning_that_was_cut_short_begins_anew():
    """What was bad in the history, and is, was broken when we first saw it."""
    source = FakeSource({"error_ratio": (LABELS, lambda row, at_ms: 0.5 if row == 0 else 0.01)})
    first = Daemon(source, history_days=3)  # killed before its first tick
    first.live.save()
    first.clock.advance(3600)
    again = Daemon(source, first.clock, first.store, first.baselines, history_days=3).run(2)
    assert [one.kind for one in again.incidents()] == [IncidentKind.KNOWN]


def test_a_source_that_is_down_at_the_start_is_told_and_the_loop_begins_cold():
    source = FakeSource({"error_ratio": (LABELS, lambda row, at_ms: 0.01)})
    source.down = True
    daemon = Daemon(source).run(2)
    assert not daemon.live.quality.usable
    source.down = False
    daemon.run(10)
    assert daemon.live.quality.usable


def test_targets_that_left_long_ago_are_forgotten(daemon):
    """M5."""
    daemon.run(3)
    daemon.source.tables["error_ratio"] = (LABELS[:3], lambda row, at_ms: 0.01)
    daemon.run(3)
    daemon.live.tidy()
    assert len(daemon.live.screens.targets) == 4
    daemon.clock.advance(2 * 86_400 + 60)
    daemon.run(10)
    daemon.live.tidy()
    assert len(daemon.live.screens.targets) == 3


def test_a_memory_store_is_enough_to_run(daemon):
    """The port, not the medium: the same life over the plain memory adapter."""
    other = Daemon(store=MemoryStore())
    other.run(5)
    assert other.live.quality == Quality({}, other.live.quality.warm_from_ms)
    assert other.watch.failures == []


def test_the_store_says_no_by_our_own_error(daemon):
    daemon.store.full = True
    with pytest.raises(Unavailable):
        daemon.store.append([entries.quality(Quality({"x": "y"}), 0)], daemon.store.term())
