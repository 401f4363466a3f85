"""Ledger: what acting adds: when a change was in place, who wrote over it, what changed nothing."""

from dataclasses import replace

import pytest

from aiops.core.ledger import (
    STREAM,
    Ledger,
    changed_nothing,
    did_not_help,
    outcome_entry,
    overwritten_entry,
    start_entry,
    unlock_entry,
)
from aiops.model import Outcome, Result, Verification
from tests.unit.core.cases import CART, MINUTE, NOW, plan, scale, step
from tests.unit.core.guard_cases import TILL, attempt

PLAN = plan(step(), scale(rung=1), verification=Verification(settle_s=45))


def folded(*results, made=PLAN):
    entries = [start_entry(made, 0, Ledger(), NOW)]
    entries += [outcome_entry(Outcome(made.id, 0, one, NOW + i * MINUTE)) for i, one in enumerate(results, 1)]
    return Ledger().fold(entries)


def test_a_start_keeps_how_long_its_noise_lasts():
    """M15."""
    (attempt,) = folded().attempts
    assert (attempt.settle_s, attempt.applied_ms) == (45, None)


def test_an_older_journal_knows_no_settling_time():
    entry = start_entry(PLAN, 0, Ledger(), NOW)
    old = {key: value for key, value in entry.payload.items() if key not in {"settle_s", "node", "cordons"}}
    (attempt,) = Ledger().fold([replace(entry, payload=old)]).attempts
    assert (attempt.settle_s, attempt.node, attempt.cordons) == (0, False, False)


def test_when_the_change_was_in_place_stays_known():
    """M15: the verification ends later."""
    (attempt,) = folded(Result.APPLIED, Result.VERIFIED).attempts
    assert (attempt.applied_ms, attempt.ended_ms) == (NOW + MINUTE, NOW + 2 * MINUTE)
    (refused,) = folded(Result.REFUSED).attempts
    assert (refused.applied_ms, refused.ended_ms) == (None, NOW + MINUTE)


def over(ledger):
    (attempt,) = ledger.attempts
    return overwritten_entry(attempt, "argocd-controller", "spec.replicas", NOW)


def test_who_wrote_over_us_is_counted_until_a_person_unlocks():
    """B6."""
    ledger = folded(Result.VERIFIED)
    once = ledger.fold([over(ledger)])
    assert once.overwritten == {str(CART): 1}
    assert once.fold([over(ledger)]).overwritten == {str(CART): 2}
    assert once.fold([unlock_entry("ada", NOW, TILL)]).overwritten == {str(CART): 1}
    assert once.fold([unlock_entry("ada", NOW, CART)]).overwritten == {}


def test_one_step_is_written_over_once():
    """The journal drops the second entry of a key; it says who, and of what."""
    ledger = folded(Result.VERIFIED)
    entry = over(ledger)
    assert (entry.kind, entry.stream) == ("overwritten", STREAM)
    assert entry.key == over(ledger).key == f"overwritten:{PLAN.id}:0"
    assert (entry.payload["by"], entry.payload["remediation"]) == ("argocd-controller", "restart_rollout")
    assert (entry.payload["target"], entry.payload["detail"]) == (str(CART), "spec.replicas")


@pytest.mark.parametrize(
    ("result", "nothing", "useless"),
    [
        (Result.REFUSED, True, False),
        (Result.SUPERSEDED, True, False),
        (Result.FAILED, False, True),
        (Result.UNDONE, False, True),
        (Result.VERIFIED, False, False),
        (Result.DRY_RUN, False, False),
        (Result.UNVERIFIED, False, False),
    ],
)
def test_what_changed_nothing_is_not_what_did_not_help(result, nothing, useless):
    (attempt,) = folded(result).attempts
    assert (changed_nothing(attempt), did_not_help(attempt)) == (nothing, useless)


@pytest.mark.parametrize(
    ("result", "first", "second"),
    [
        (Result.SUPERSEDED, True, True),  # the same rung once more, and any later one
        (Result.REFUSED, True, True),
        (Result.FAILED, False, True),
        (Result.CONTAINED, False, True),  # it stands; what heals may follow
        (Result.VERIFIED, False, False),
        (Result.DRY_RUN, False, False),
    ],
)
def test_what_goes_on_with_a_plan_shares_its_budget(result, first, second):
    """5.3: a plan that was superseded is made anew; the rungs of a ladder follow one another."""
    ledger = folded(result)
    assert (ledger.continues(PLAN, 0), ledger.continues(PLAN, 1)) == (first, second)
    other = plan(step(), scale(rung=1), incident_id="i9")
    assert not ledger.continues(other, 1)
    kinds = [start_entry(PLAN, number, ledger, NOW).kind for number in (0, 1)]
    assert kinds == ["rung_started" if goes_on else "plan_started" for goes_on in (first, second)]


def test_an_earlier_rung_never_goes_on_with_a_later_one():
    entry = start_entry(PLAN, 1, Ledger(), NOW)
    for result in (Result.SUPERSEDED, Result.FAILED):
        ended = outcome_entry(Outcome(PLAN.id, 1, result, NOW))
        assert not Ledger().fold([entry, ended]).continues(PLAN, 0)


def test_guards_are_asked_as_if_this_one_attempt_were_not_there():
    """5.1: just before it is sent, its own intent is in the journal."""
    second = start_entry(PLAN, 1, Ledger(), NOW)
    both = folded().fold([second])
    assert [one.step for one in both.without(PLAN.id, 0).attempts] == [1]
    assert both.without("another", 0) == both


@pytest.mark.parametrize(
    ("result", "failures"),
    [
        (Result.UNDONE, 1),
        (Result.UNVERIFIED, 1),
        (Result.FAILED, 1),
        (Result.VERIFIED, 0),
        (Result.REFUSED, 0),
    ],
)
def test_each_bad_end_is_a_failure_by_itself(result, failures):
    """M11."""
    assert folded(result).failures.get(str(CART), 0) == failures


def test_an_attempt_of_which_nothing_is_said_makes_no_noise_and_cordons_nothing():
    one = attempt(NOW)
    assert (one.settle_s, one.cordons, one.node) == (0, False, False)


def test_an_outcome_that_is_told_again_ended_when_it_was_told_first():
    (one,) = folded(Result.FAILED, Result.FAILED).attempts
    assert one.ended_ms == NOW + MINUTE


def test_the_end_of_one_step_is_no_end_of_another():
    second = start_entry(PLAN, 1, Ledger(), NOW)
    ended = outcome_entry(Outcome(PLAN.id, 0, Result.VERIFIED, NOW))
    ledger = folded().fold([second, ended])
    assert [one.result for one in ledger.attempts] == [Result.VERIFIED, None]


def test_the_time_of_the_newest_failure_is_kept_and_no_success_moves_it():
    """M11: the back-off begins there."""
    assert folded(Result.FAILED).failed_ms == {str(CART): NOW + MINUTE}
    assert folded(Result.VERIFIED).failed_ms == {}


def test_the_newest_fifty_verifications_are_kept():
    ledger = Ledger()
    for number in range(60):
        made = plan(step(summary=str(number)))
        result = Result.FAILED if number == 0 else Result.VERIFIED
        ended = outcome_entry(Outcome(made.id, 0, result, NOW + number))
        ledger = ledger.fold([start_entry(made, 0, Ledger(), NOW + number), ended])
    assert [at_ms for at_ms, _ in ledger.verdicts[""]] == [NOW + number for number in range(10, 60)]


def test_a_plan_of_a_review_goes_on_with_its_own_attempts():
    """It has no incident."""
    made = plan(step(), scale(rung=1), incident_id=None)
    ledger = folded(Result.FAILED, made=made)
    assert (len(ledger.of(made)), ledger.continues(made, 1)) == (1, True)
    assert ledger.of(PLAN) == ()


def test_of_two_rungs_the_newest_counts():
    second = start_entry(PLAN, 1, Ledger(), NOW)
    ledger = folded(Result.FAILED).fold([second])
    assert ledger.last_rung("i1", PLAN.playbook).rung == 1
    assert not ledger.continues(PLAN, 1)  # the second one is under way
