"""Ledger: what was started and what came of it, folded from entries."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.ledger import (
    KEEP_MS,
    Ledger,
    attempts_for,
    decided_entry,
    decision_of,
    entries_for,
    kind_of,
    outcome_entry,
    plans_used,
    start_entry,
    unlock_entry,
)
from aiops.model import Act, Escalate, Hold, Lean, Outcome, Reason, Record, Refuse, Result
from tests.unit.core.cases import CART, HOUR, MINUTE, NOW, cordon, incident, plan, scale, step

PLAN = plan(step(), scale(rung=1))
WHY = (Reason("impact", Lean.PERMIT, "low"),)


def started(at_ms=NOW, the_plan=PLAN, number=0, ledger=None):
    return start_entry(the_plan, number, ledger or Ledger(), at_ms)


def ended(result, at_ms=NOW + MINUTE, the_plan=PLAN, number=0):
    return outcome_entry(Outcome(the_plan.id, number, result, at_ms))


def folded(*entries):
    return Ledger().fold(entries)


def test_a_start_is_in_flight_until_its_end_is_known():
    assert len(folded(started()).in_flight()) == 1
    assert (
        len(folded(started(), ended(Result.APPLIED)).in_flight()) == 1
    )  # applied is not over: it is verified
    for result in (Result.VERIFIED, Result.DRY_RUN, Result.FAILED, Result.UNDONE, Result.UNVERIFIED):
        assert folded(started(), ended(result)).in_flight() == ()


@pytest.mark.parametrize(
    ("results", "failures"),
    [
        ((Result.FAILED,), 1),
        ((Result.UNVERIFIED,), 1),  # unknown is not success
        ((Result.FAILED, Result.UNDONE), 1),  # the undo of a failure is the same failure
        ((Result.APPLIED, Result.FAILED), 1),
        ((Result.VERIFIED,), 0),
        ((Result.DRY_RUN,), 0),  # nobody knows whether it would have helped
        ((Result.APPLIED,), 0),
    ],
)
def test_failures_are_counted_once(results, failures):
    ledger = folded(started(), *(ended(result, NOW + i * MINUTE) for i, result in enumerate(results, 1)))
    assert ledger.failures.get(str(CART), 0) == failures
    assert len(ledger.verdicts.get("", ())) == len(ledger.verdicts.get(PLAN.playbook, ()))


def test_a_success_ends_a_row_of_failures():
    plans = [plan(step(summary=f"try {i}")) for i in range(3)]
    entries = [
        one
        for made, result in zip(plans, (Result.FAILED, Result.FAILED, Result.VERIFIED), strict=True)
        for one in (started(NOW, made), ended(result, the_plan=made))
    ]
    assert folded(*entries[:4]).failures[str(CART)] == 2
    assert folded(*entries).failures[str(CART)] == 0


def test_an_entry_read_twice_counts_once():
    """E1: the same intent, the same outcome."""
    once = folded(started(), ended(Result.FAILED))
    twice = folded(started(), started(), ended(Result.FAILED), ended(Result.FAILED))
    assert once == twice


def test_an_end_without_a_start_is_nothing():
    assert folded(ended(Result.FAILED)) == Ledger()


def test_only_the_first_rung_counts_for_budgets():
    """5.3: the rungs of a ladder share their plan's budget."""
    first = folded(started(), ended(Result.FAILED))
    second = start_entry(PLAN, 1, first, NOW + 2 * MINUTE)
    assert second.kind == "rung_started"
    assert len(first.fold([second]).counted_since(NOW - 1)) == 1
    assert start_entry(PLAN, 1, folded(started(), ended(Result.DRY_RUN)), NOW).kind == "plan_started"


@pytest.mark.parametrize(("since_ms", "count"), [(NOW - 1, 1), (NOW, 0)])
def test_a_window_begins_after_its_start(since_ms, count):
    assert len(folded(started()).counted_since(since_ms)) == count


@pytest.mark.parametrize(("later_ms", "kept"), [(KEEP_MS - 1, 2), (KEEP_MS, 1)])
def test_what_is_two_days_old_is_forgotten_unless_it_is_in_flight(later_ms, kept):
    other = plan(scale())
    ledger = folded(started(), ended(Result.FAILED), started(NOW + later_ms, other))
    assert len(ledger.attempts) == kept
    flying = folded(started(), started(NOW + later_ms, other))
    assert len(flying.attempts) == 2


def test_a_person_unlocks_a_workload_or_resets_a_breaker():
    failed = folded(started(), ended(Result.FAILED))
    assert failed.fold([unlock_entry("ann", NOW, target=CART)]).failures == {}
    reset = failed.fold([unlock_entry("ann", NOW, playbook="")])
    assert set(reset.verdicts) == {PLAN.playbook}
    assert reset.failures == failed.failures


def test_nodes_and_cordons_are_marked():
    (attempt,) = folded(started(the_plan=plan(cordon()))).attempts
    assert (attempt.node, attempt.cordons) == (True, True)
    (other,) = folded(started()).attempts
    assert (other.node, other.cordons) == (False, False)


@pytest.mark.parametrize(
    "decision",
    [
        Act(PLAN, WHY),
        Escalate(PLAN, WHY, ("on-call",), NOW),
        Hold(PLAN, WHY, NOW),
        Refuse(PLAN, WHY),
    ],
    ids=kind_of,
)
def test_a_decision_comes_back_from_the_journal_as_it_was(decision):
    assert decision_of(decided_entry(decision, NOW)) == decision


def test_only_an_act_writes_an_intent():
    assert [one.kind for one in entries_for(Act(PLAN, WHY), Ledger(), NOW)] == ["decided", "plan_started"]
    assert [one.kind for one in entries_for(Hold(PLAN, WHY), Ledger(), NOW)] == ["decided"]


def test_the_newest_record_of_the_stream_is_remembered():
    """B2: what an append is conditioned on."""
    entry = started()
    assert Ledger().fold([Record(7, 1, entry, "", "")]).seq == 7
    decided = decided_entry(Hold(PLAN, WHY), NOW)
    assert Ledger().fold([Record(8, 1, decided, "", "")]).seq == 0  # of another stream


def test_use_is_shown_by_window():
    ledger = folded(started(NOW - 30 * MINUTE), ended(Result.DRY_RUN))
    assert plans_used(ledger, NOW) == {"10 min": 0, "hour": 1, "day": 1, "in flight": 0}
    assert len(attempts_for(ledger, incident())) == 1


ENTRIES = st.lists(
    st.one_of(
        st.tuples(st.just("start"), st.integers(0, 3)),
        st.tuples(st.sampled_from(list(Result)), st.integers(0, 3)),
    ),
    max_size=20,
)


@given(ENTRIES, st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_folding_in_two_parts_is_folding_at_once(story, cut):
    """So that a restart, and a look at what others wrote, lead to the same ledger."""
    plans = [plan(step(summary=f"try {i}")) for i in range(4)]
    entries = [
        started(NOW + at * MINUTE, plans[which])
        if what == "start"
        else ended(what, NOW + at * MINUTE, plans[which])
        for at, (what, which) in enumerate(story)
    ]
    assert Ledger().fold(entries) == Ledger().fold(entries[:cut]).fold(entries[cut:])
    spans = list(itertools.pairwise(one.at_ms for one in Ledger().fold(entries).attempts))
    assert all(earlier <= later for earlier, later in spans)
    assert Ledger().fold(entries).counted_since(NOW - HOUR) == tuple(
        one for one in Ledger().fold(entries).attempts if one.counted
    )
