"""What the console's pages are made of: limits as the guards see them, plots, what is kept of the journal."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
import requests

from aiops.adapters.memory import MemoryStore
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.core.quality import Quality, Reading
from aiops.engine import entries
from aiops.engine.window import Recorded
from aiops.model import (
    ClusterEvent,
    Direction,
    EventKind,
    Evidence,
    Outcome,
    Panel,
    Plot,
    Result,
    Suspect,
)
from aiops.web.console import Standing, View
from aiops.web.console.keeper import READ, Keeper
from aiops.web.console.limits import breakers, budgets, signals, waits
from aiops.web.console.plots import changed, document, drawn, from_journal, marks
from aiops.web.console.told import about, story
from tests.browser.scene import Scene, a_plot, lived, past_incident, served
from tests.unit.core.cases import CART, HOUR, MINUTE, NOW, anomaly, incident, plan, policy
from tests.unit.engine.loop_cases import LADDER, MEMORY

VIEW = View(policy=policy(), playbooks=(LADDER,), signals=(MEMORY,))
PLAN = replace(plan(), playbook=LADDER.name, incident_id="i1")


def started(at_ms=NOW, number=0, ledger=None):
    return start_entry(replace(PLAN, id=f"p{number}"), 0, ledger or Ledger(), at_ms)


def ended(result, at_ms, number=0):
    return outcome_entry(Outcome(f"p{number}", 0, result, at_ms))


def used(ledger, where, now_ms=NOW):
    return next((one.used, one.limit) for one in budgets(ledger, VIEW.policy, now_ms) if one.where == where)


def test_budgets_count_as_the_guards_do():
    ledger = Ledger().fold([started(NOW - 5 * MINUTE)])
    assert used(ledger, "in the cluster in 10 min") == (1, 6)
    assert used(ledger, "in the cluster in 10 min", NOW + 6 * MINUTE) == (0, 6)
    assert used(ledger, "in the cluster in 1 h", NOW + 6 * MINUTE) == (1, 20)
    assert used(ledger, "under way in the cluster") == (1, 3)
    assert used(ledger, f"for {CART}") == (1, 1)


def test_a_budget_of_nothing_is_used_up():
    none = replace(VIEW.policy, budgets=replace(VIEW.policy.budgets, cluster_per_day=0))
    last = next(one for one in budgets(Ledger(), none, NOW) if one.where == "in the cluster in 24 h")
    assert (last.full, last.share) == (True, 1.0)


def test_a_cooldown_ends_when_its_time_has_come():
    ledger = Ledger().fold([started(NOW - 10 * MINUTE), ended(Result.VERIFIED, NOW - 5 * MINUTE)])
    until_ms = NOW - 5 * MINUTE + 1000 * LADDER.cooldown_s
    (one,) = waits(ledger, VIEW, until_ms - 1)
    assert (one.where, one.until_ms) == (str(CART), until_ms)
    assert waits(ledger, VIEW, until_ms) == ()


@pytest.mark.parametrize(("failures", "locked"), [(2, False), (3, True)])
def test_a_lock_out_waits_for_a_person(failures, locked):
    many = [
        entry
        for n in range(failures)
        for entry in (started(NOW + n, n), ended(Result.FAILED, NOW + n + 1, n))
    ]
    found = waits(Ledger().fold(many), VIEW, NOW + 2 * 24 * HOUR)
    assert [one.until_ms for one in found if "locked out" in one.why] == [None] * locked


def test_a_breaker_is_open_until_its_time_and_that_of_all_until_a_person():
    many = [entry for n in range(5) for entry in (started(NOW + n, n), ended(Result.FAILED, NOW + n + 1, n))]
    ledger = Ledger().fold(many)
    now = {one.playbook: one.state for one in breakers(ledger, VIEW.policy, NOW + MINUTE)}
    assert now == {"": "open until a person resets it", LADDER.name: "open"}
    later = {one.playbook: one.state for one in breakers(ledger, VIEW.policy, NOW + 2 * HOUR)}
    assert later[LADDER.name] == "half open: one trial"
    assert breakers(Ledger(), VIEW.policy, NOW)[0].state == "closed"


@pytest.mark.parametrize(
    ("standing", "state"),
    [
        (Standing(), "unknown"),  # what nobody knows is not good
        (Standing(live=True, readings=(Reading(MEMORY.name, 4, 4),), quality=Quality({})), "good"),
        (Standing(live=True, readings=(Reading(MEMORY.name, 0, 0),), quality=Quality({})), "empty"),
        (
            Standing(
                live=True, readings=(Reading(MEMORY.name, 4, 0),), quality=Quality({MEMORY.name: "gone"})
            ),
            "blind",
        ),
    ],
)
def test_a_signal_is_good_only_where_its_data_is_known_to_be(standing, state):
    (one,) = signals(VIEW, standing)
    assert one.state == state


def journal(*those):
    store = MemoryStore()
    store.begin_term(1)
    store.append(those, 1)
    return store


def leak():
    """Samples a minute, calm for twenty, then one far out; the incident says so, and once more later."""
    times = NOW - 20 * MINUTE + MINUTE * np.arange(21)
    values = np.array([[1.0] * 20 + [9.0]])
    values[0, 3] = np.nan
    panel = Panel(MEMORY.name, "B", (CART,), times, values)
    first = anomaly(CART, since_ms=NOW, at_ms=NOW, observed=9.0, low=0.0, high=2.0)
    worse = replace(first, at_ms=NOW + MINUTE, observed=11.0, high=2.5)
    one = incident(first, since_ms=NOW, opened_ms=NOW)
    two = replace(one, anomalies=(worse,), updated_ms=NOW + MINUTE)
    return journal(
        *entries.opened(one, Recorded({MEMORY.name: panel}), NOW),
        entries.changed(two, ("anomaly",), NOW + MINUTE),
    )


def test_the_journals_own_samples_are_drawn_up_to_what_was_said_last():
    store = leak()
    told = story(store, "i1")
    (plot,) = from_journal(told.incident, about(store, "i1"))
    assert plot.values[-2:].tolist() == [9.0, 11.0]
    assert np.isnan(plot.values[3])  # a gap stays one
    assert plot.high[-2:].tolist() == [2.0, 2.5]
    assert np.isnan(plot.high[:-2]).all()  # what was expected before is not known here
    assert plot.anomalous.tolist() == [False] * 20 + [True, True]


def test_the_browser_gets_seconds_and_null_for_gaps():
    store = leak()
    told = story(store, "i1")
    data = document(drawn((), told), told)
    (plot,) = data["plots"]
    assert plot["t"][-1] == (NOW + MINUTE) / 1000
    assert plot["v"][3] is None
    assert plot["bad"][-1] == 11.0
    assert {"onset", "opened"} <= {one["kind"] for one in data["marks"]}


def test_a_side_that_is_not_judged_is_open_to_the_edge_of_the_plot():
    told = story(leak(), "i1")
    (plot,) = document(drawn((a_plot(),), told), told)["plots"]
    assert set(plot["low"]) == {0.0}  # below is nothing but the floor: memory is never negative
    assert None in plot["v"]


def test_a_plot_without_a_single_sample_is_no_error():
    told = story(leak(), "i1")
    nothing = np.full(3, np.nan)
    times = NOW + MINUTE * np.arange(3)
    empty = Plot(CART, "m", "B", Direction.UP, times, nothing, nothing, nothing, np.zeros(3, bool))
    (plot,) = document(drawn((empty,), told), told)["plots"]
    assert plot["v"] == [None] * 3


def test_a_change_is_marked_once_and_a_symptom_never():
    blamed = Suspect(
        CART,
        0.9,
        (
            Evidence("rolled out to revision 7", 1.0, at_ms=NOW - MINUTE),
            Evidence("m: 9 B, expected at most 2 B", 1.0, "m", NOW),
        ),
        change="rollout",
    )
    one = incident(suspects=(blamed,))
    (alone,) = changed(one, ())
    assert (alone.at_ms, alone.label) == (NOW - MINUTE, "rolled out to revision 7")
    told = ClusterEvent(NOW - MINUTE, CART, EventKind.ROLLOUT, "to revision 7")
    (both,) = changed(one, (told,))
    assert (both.label, both.detail) == ("rollout", f"{CART}: to revision 7")


def test_what_changed_at_the_same_time_is_one_line_of_a_plot():
    told = story(leak(), "i1")
    those = [
        ClusterEvent(NOW - MINUTE, CART, EventKind.ROLLOUT, "to revision 7"),
        ClusterEvent(NOW - MINUTE, CART, EventKind.IMAGE, "a -> b"),
    ]
    (line,) = [one for one in marks(told, those) if one.kind == "change"]
    assert line.label == "rollout, image"
    assert line.detail == f"{CART}: to revision 7; {CART}: a -> b"


class Counting:
    """A journal that counts what is read of it."""

    def __init__(self, store):
        self.store, self.records = store, 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def read(self, since=0, stream="", kinds=()):
        for record in self.store.read(since, stream, kinds):
            self.records += 1
            yield record


def test_a_page_reads_only_what_is_new_in_the_journal():
    scene = Scene(past=20)
    store = Counting(scene.store)
    keeper = Keeper(store, lambda: NOW)
    first = keeper.known()
    assert len(first.catalog.rows) == 21
    store.records = 0
    assert keeper.known() is first
    assert store.records == 0
    scene.open_another()
    assert len(keeper.known().catalog.rows) == 22
    assert store.records == 1


def test_what_is_kept_up_and_what_is_folded_at_once_are_the_same():
    scene = Scene(past=0)
    kept = Keeper(scene.store, lambda: NOW)
    for number in range(6):
        scene.add(*lived(past_incident(number)))
        kept.known()
    assert kept.known() == Keeper(scene.store, lambda: NOW).known()
    assert set(READ) >= {one.entry.kind for one in scene.store.read(stream="approvals")}


def test_the_chain_is_looked_at_beside_the_requests():
    scene = Scene(past=3)
    keeper = Keeper(scene.store, lambda: NOW)
    assert keeper.verified() is None
    for _ in range(200):
        if (found := keeper.verified()) is not None:
            break
        time.sleep(0.01)
    assert (found.problem, found.seq) == ("", scene.store.head()[0])


def test_records_of_plans_and_approvals_belong_to_their_incident():
    scene = Scene(past=2)
    kinds = {one.entry.kind for one in about(scene.store, scene.incident_id)}
    assert {"incident_opened", "decided", "approval_asked"} <= kinds


def test_a_stream_of_events_ends_with_its_server_and_says_what_is_new(caplog):
    scene = Scene(past=1)
    with served(scene) as home, requests.get(f"{home}events", stream=True, timeout=10) as answer:
        lines = answer.iter_lines(decode_unicode=True)
        assert next(lines) == "event: beat"
        first = json.loads(next(lines).removeprefix("data: "))
        assert (first["seq"], first["mode"], first["late"]) == (scene.store.head()[0], "live", False)
        scene.open_another()
        told = [
            next(line for line in lines if line.startswith(what)) for what in ("event: changed", "data: ")
        ]
        assert json.loads(told[1].removeprefix("data: "))["about"] == ["0123456789ab"]
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


@pytest.mark.parametrize(("minutes", "late"), [(4, False), (5, True)])
def test_a_loop_that_is_silent_is_late(minutes, late):
    """A tick a minute: four of them and half a minute may go by."""
    scene = Scene(past=0)
    standing = replace(scene.standing(), ticked_ms=scene.clock.now_ms() - minutes * MINUTE)
    with (
        served(scene, standing=lambda: standing) as home,
        requests.get(f"{home}events", stream=True, timeout=10) as answer,
    ):
        lines = answer.iter_lines(decode_unicode=True)
        data = next(line for line in lines if line.startswith("data: "))
        assert json.loads(data.removeprefix("data: "))["late"] is late
