"""Loop: what is journalled when, what is carried out after it, and what a restart takes up."""

import itertools
from dataclasses import replace

import pytest

from aiops.core.life import Apply
from aiops.core.quality import SEEING, Quality
from aiops.engine.scene import only_record
from aiops.errors import Conflict, Unavailable
from aiops.model import Edge, Mode, Outcome, Result, Role, Scope
from tests.fakes.store import FakeStore
from tests.unit.core.cases import CART, MINUTE, NOW, policy, workload
from tests.unit.engine.loop_cases import LADDER, Timeline, rules

ACTIONS = ("plan_started", "rung_started", "step_ended")


def states(timeline):
    """Every state the incident was written down in."""
    records = timeline.store.read(kinds=("incident_opened", "incident_changed", "incident_closed"))
    return [record.entry.payload["incident"]["state"] for record in records]


class Hands:
    """Carries out what it is told to, and says what a test wants it to say."""

    def __init__(self, *results):
        self.results, self.deeds, self.journal = list(results), [], []

    def __call__(self, deed, scene):
        self.deeds.append(deed)
        result = self.results.pop(0) if self.results else Result.APPLIED
        return Outcome(deed.intent.plan_id, deed.intent.step, result, scene.now_ms)


def test_a_leak_is_acted_upon_once_as_a_dry_run():
    timeline = Timeline().calm_hour()
    timeline.leaks(0)
    assert timeline.decisions() == ["act/"]
    assert timeline.kinds(*ACTIONS) == ["plan_started", "step_ended"]
    assert states(timeline) == ["open", "acting", "open"]
    for minute in range(1, 50):  # past the cooldown of 30 min: a recording does not react
        timeline.tick(minute)
    assert timeline.kinds(*ACTIONS) == ["plan_started", "step_ended"]
    assert timeline.loop.memory.lives[timeline.incident.id].done


def test_a_dry_run_counts_for_budgets_and_not_for_the_breaker():
    timeline = Timeline().calm_hour()
    timeline.leaks(0)
    (attempt,) = timeline.loop.ledger.attempts
    assert (attempt.result, attempt.in_flight) == (Result.DRY_RUN, False)
    assert len(timeline.loop.ledger.counted_since(NOW - 1)) == 1
    assert timeline.loop.ledger.verdicts == {}
    assert timeline.loop.ledger.failures == {}


def test_the_intent_is_in_the_journal_before_anything_is_carried_out():
    """E1: no journal, no action."""
    timeline = Timeline()

    def hands(deed, scene):
        assert sorted(timeline.kinds("plan_started", "life_advanced")) == ["life_advanced", "plan_started"]
        return only_record(deed, scene)

    timeline.loop.carry_out = hands
    timeline.calm_hour().leaks(0)
    assert timeline.kinds("step_ended") == ["step_ended"]


def test_a_journal_that_refuses_lets_nothing_be_done_and_the_tick_can_be_tried_again():
    """E12."""
    store, hands = FakeStore(), Hands(Result.DRY_RUN)
    timeline = Timeline(store=store, carry_out=hands).calm_hour()
    store.full = True
    with pytest.raises(Unavailable):
        timeline.leaks(0)
    assert hands.deeds == []
    assert not timeline.loop.book.open
    store.full = False
    timeline.leaks(0)
    assert len(hands.deeds) == 1


def test_an_outcome_the_journal_refuses_is_written_with_the_next_tick():
    """E1: what was carried out is not forgotten, and not carried out again."""
    store = FakeStore()

    def hands(deed, scene):
        store.full = True
        return only_record(deed, scene)

    timeline = Timeline(store=store, carry_out=hands).calm_hour()
    timeline.leaks(0)
    assert timeline.kinds(*ACTIONS) == ["plan_started"]
    store.full = False
    timeline.tick(1)
    assert timeline.kinds(*ACTIONS) == ["plan_started", "step_ended"]
    assert states(timeline)[-1] == "open"


def test_somebody_who_acted_meanwhile_makes_the_decision_be_made_anew():
    """B2, E4: the journal refuses an intent that was decided on an old ledger."""
    timeline = Timeline().calm_hour()
    other = Timeline(store=timeline.store).calm_hour()
    timeline.loop.term = other.loop.term

    def meanwhile():
        timeline.loop.kill_switch = lambda: False
        other.leaks(0)
        return False

    timeline.loop.kill_switch = meanwhile  # asked after the ledger was read, before the intent is written
    with pytest.raises(Conflict):
        timeline.leaks(1)
    timeline.leaks(1)  # the next try has seen it
    assert timeline.decisions() == ["act/", "hold/"]
    assert timeline.kinds("plan_started") == ["plan_started"]


def test_in_observe_a_dry_run_shows_what_auto_would_do():
    """B8: the default after install is observe; the dry run still says "would have acted"."""
    timeline = Timeline(rules(policy=policy(mode=Mode.OBSERVE)), twice=True).calm_hour()
    timeline.leaks(0)
    assert timeline.decisions() == ["refuse/act"]
    assert timeline.kinds(*ACTIONS) == ["plan_started", "step_ended"]


def test_in_observe_a_live_run_does_and_counts_nothing():
    """B8, B9."""
    hands = Hands()
    timeline = Timeline(rules(policy=policy(mode=Mode.OBSERVE)), carry_out=hands).calm_hour()
    timeline.leaks(0)
    assert timeline.decisions() == ["refuse/"]
    assert (hands.deeds, timeline.kinds(*ACTIONS)) == ([], [])


def test_where_facts_are_unknown_it_decides_twice():
    recorded = replace(workload(), uid=None, resource_version=None, managed_by=None)
    timeline = Timeline(twice=True, workloads=(recorded,)).calm_hour()
    timeline.leaks(0)
    assert timeline.decisions() == ["hold/act"]
    (record,) = timeline.store.read(kinds=("decided",))
    reasons = record.entry.payload["value"]["reasons"]
    assert "bound" in {one["guard"] for one in reasons if one["unknown"]}


def test_later_rungs_are_shown_as_what_would_come_if_that_had_not_helped():
    timeline = Timeline(rules(policy=policy(mode=Mode.OBSERVE)), twice=True).calm_hour()
    timeline.leaks(0)
    (record,) = timeline.store.read(kinds=("decided",))
    (mode,) = [one for one in record.entry.payload["value"]["reasons"] if one["guard"] == "mode"]
    assert "would have acted: restart Deployment/shop/cart, 4 pods" in mode["text"]
    assert "if that had not helped: roll Deployment/shop/cart back from revision 2 to 1" in mode["text"]


def test_a_person_is_asked_and_silence_is_a_no():
    """H8: mode ask; after 15 min without an answer a person has it, and the same is not asked again."""
    timeline = Timeline(rules(policy=policy(scopes=(Scope(Mode.ASK, namespace="shop"),)))).calm_hour()
    timeline.leaks(0)
    assert timeline.incident.state == "waiting"
    timeline.tick(14)
    assert timeline.incident.state == "waiting"
    timeline.tick(15)
    assert timeline.incident.state == "escalated"
    for minute in range(16, 80):
        timeline.tick(minute)
    assert states(timeline) == ["open", "waiting", "escalated"]
    assert timeline.kinds(*ACTIONS) == []


def test_a_hold_is_looked_at_again_when_it_ends():
    """M6: held while warming up for three minutes, then acted upon although nothing else happened."""
    timeline = Timeline().calm_hour()
    warming = Quality({}, warm_from_ms=NOW + 3 * MINUTE)
    timeline.leaks(0, quality=warming)
    assert timeline.decisions() == ["hold/"]
    timeline.tick(2, quality=warming)
    assert timeline.decisions() == ["hold/"]
    timeline.tick(3, quality=warming)
    assert timeline.decisions() == ["hold/", "act/"]


def test_a_hold_that_time_does_not_end_is_looked_at_again_all_the_same():
    switch = [True]
    timeline = Timeline(kill_switch=lambda: switch[0]).calm_hour()
    timeline.leaks(0)
    assert timeline.decisions() == ["hold/"]
    switch[0] = False
    timeline.tick(1)  # a minute later, then ever more rarely
    assert timeline.decisions() == ["hold/", "act/"]


def test_what_is_applied_is_verified_and_the_next_rung_comes_if_it_did_not_help():
    """5.5: never two rungs in one incident without verification between; what a later version will do."""
    hands = Hands(Result.APPLIED, Result.FAILED)
    timeline = Timeline(carry_out=hands).calm_hour()
    timeline.leaks(0)
    assert [type(deed).__name__ for deed in hands.deeds] == ["Apply", "Verify"]
    timeline.tick(1)
    assert timeline.decisions() == ["act/", "escalate/"]  # the rollback is high impact: a person decides
    assert timeline.incident.state == "waiting"
    assert states(timeline) == ["open", "acting", "verifying", "open", "waiting"]


def test_an_incident_that_ends_while_a_step_is_under_way_keeps_its_life_until_the_end_is_known():
    """E1: every intent ends."""
    hands = Hands(Result.APPLIED, Result.UNVERIFIED)
    timeline = Timeline(carry_out=hands).calm_hour()
    timeline.leaks(0)
    assert timeline.incident.state == "escalated"  # unknown is not success
    timeline.calms(5)
    timeline.tick(11)
    assert timeline.incident.state == "closed"
    assert timeline.loop.memory.lives == {}


def test_a_restart_takes_up_what_was_open_and_says_nothing_twice():
    """E1: incidents, decisions, states and first sights come back from the journal."""
    timeline = Timeline(rules(policy=policy(scopes=(Scope(Mode.ASK, namespace="shop"),)))).calm_hour()
    timeline.leaks(0)
    written = len(timeline.kinds())
    again = Timeline(timeline.loop.rules, store=timeline.store)
    again.loop.restore()
    assert again.loop.book == timeline.loop.book
    again.tick(1)
    assert again.incident.state == "waiting"
    assert len(again.kinds()) == written
    again.tick(15)
    assert again.incident.state == "escalated"


def test_after_a_crash_between_intent_and_outcome_it_is_looked_for_and_never_sent_again():
    """E1, E2: the intent is in the journal, the outcome is not."""
    timeline = Timeline(carry_out=Hands()).calm_hour()

    def crash(deed, scene):
        raise KeyboardInterrupt  # whatever kills us in the middle

    timeline.loop.carry_out = crash
    with pytest.raises(KeyboardInterrupt):
        timeline.leaks(0)
    hands = Hands(Result.DRY_RUN)
    again = Timeline(store=timeline.store, carry_out=hands)
    again.loop.restore()
    assert again.incident.state == "acting"
    again.tick(1)
    assert [type(deed).__name__ for deed in hands.deeds] == ["Verify"]
    assert not any(isinstance(deed, Apply) for deed in hands.deeds)
    assert again.kinds(*ACTIONS) == ["plan_started", "step_ended"]


def test_a_restart_does_not_make_what_breaks_next_known_breakage():
    """5.3: first sights are journalled; without them all would be "broken when first seen" then."""
    timeline = Timeline().calm_hour()
    again = Timeline(store=timeline.store)
    again.loop.restore()
    again.leaks(0)
    assert again.incident.kind == "observed"
    fresh = Timeline()
    fresh.leaks(0)  # the positive control: no journal, so it was broken when we came
    assert fresh.incident.kind == "known"


def test_known_breakage_is_reported_and_never_decided_upon():
    timeline = Timeline()
    timeline.leaks(0)
    assert timeline.decisions() == []
    assert timeline.kinds("incident_opened") == ["incident_opened"]


def test_an_incident_that_comes_back_begins_a_new_life():
    """M10: it flaps; within the cooldown the second return is held, not acted upon."""
    timeline = Timeline().calm_hour()
    timeline.leaks(0)
    timeline.calms(3)
    timeline.tick(8)
    assert timeline.incident.state == "closed"
    timeline.leaks(12)
    assert (timeline.incident.state, timeline.incident.flaps) == ("open", 1)
    assert timeline.decisions() == ["act/", "hold/"]
    timeline.tick(31)
    assert timeline.decisions() == ["act/", "hold/", "act/"]  # 30 min after the first


@pytest.mark.parametrize("half_period", [5, 10, 20])
def test_a_square_wave_is_acted_upon_at_most_once_in_a_cooldown(half_period):
    """M10: bad and good by turns at 1/2, 1 and 2 times the join window of 10 min, for six hours."""
    timeline = Timeline().calm_hour()
    for minute in range(360):
        if minute % (2 * half_period) == 0:
            timeline.leaks(minute)
        elif minute % (2 * half_period) == half_period:
            timeline.calms(minute)
        else:
            timeline.tick(minute)
    starts = [record.entry.at_ms for record in timeline.store.read(kinds=("plan_started",))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert starts
    assert min(gaps, default=30 * MINUTE) >= 30 * MINUTE
    assert len(starts) <= LADDER.max_attempts


def test_another_workload_of_the_same_namespace_is_judged_by_its_own_ladder():
    """B2: one plan for the cart does not use up the till's cooldown; the namespace's budget is shared."""
    till = replace(workload(replace(CART, name="till")), uid="uid-till")
    timeline = Timeline(workloads=(workload(), till)).calm_hour()
    timeline.leaks(0)
    timeline.leaks(20, target=till.target)
    assert timeline.decisions() == ["act/", "act/"]


def test_sight_is_journalled_when_it_changes():
    timeline = Timeline().calm_hour()
    timeline.tick(0, quality=Quality({"memory": "no data"}))
    timeline.tick(1, quality=Quality({"memory": "no data"}))
    timeline.tick(2, quality=SEEING)
    assert timeline.kinds("sight_changed") == ["sight_changed"] * 2


def test_another_first_suspect_is_told():
    """The cart's latency is its own, until the database that it calls is seen to be slow too."""
    db = workload(replace(CART, kind="StatefulSet", name="db"))
    timeline = Timeline(rules(edges=(Edge(CART, db.target),)), workloads=(workload(), db)).calm_hour()
    timeline.leaks(0, signal="latency", role=Role.LATENCY, unit="s")
    timeline.leaks(2, db.target, signal="latency", role=Role.LATENCY, unit="s", score=9.0)
    assert timeline.incident.prime == db.target
    what = [one.entry.payload["what"] for one in timeline.store.read(kinds=("incident_changed",))]
    assert any("suspect" in words for words in what)


def test_a_decision_that_says_the_same_is_not_written_again():
    """Looked at after 1, 3, 7, 15 ... minutes, and journalled once."""
    timeline = Timeline(kill_switch=lambda: True).calm_hour()
    timeline.leaks(0)
    for minute in range(1, 120):
        timeline.tick(minute)
    assert timeline.decisions() == ["hold/"]
    assert timeline.kinds("life_advanced") == []
