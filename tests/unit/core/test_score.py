"""Score: what counts as found, as early, as the right cause and as a wrong proposal."""

import pytest

from aiops.core.score import percentile, score
from aiops.model import Refuse, Suspect, Target, TrueIncident
from tests.unit.report.stories import (
    CART,
    CATALOG,
    CLAIM,
    DAY,
    FRONTEND,
    HOUR,
    MINUTE,
    ORDERS_DB,
    START,
    decided,
    incident,
    plan,
    step,
    story,
    told,
    truth,
)


def opened(at, target=CART, **more):
    return told(incident(target=target, opened=at, **more), decisions=())


def one_row(told_story):
    (row,) = score(told_story).rows
    return row


def test_a_recording_without_true_incidents_has_no_score():
    assert score(story(truths=())) is None


def test_detection_delay_counts_from_the_true_start_not_from_the_first_bad_sample():
    assert one_row(story()).delay_ms == 5 * MINUTE  # opened at START + 1 h, began 5 min before that


@pytest.mark.parametrize(
    ("at", "found"),
    [(-1, False), (0, True), (HOUR, True), (HOUR + 15 * MINUTE, True), (HOUR + 15 * MINUTE + 1, False)],
)
def test_an_incident_counts_when_it_opens_between_the_start_and_fifteen_minutes_after_the_end(at, found):
    begun = START + DAY
    assert one_row(story([opened(begun + at)], [truth(start=begun)])).found is found


def test_an_incident_of_another_target_at_the_same_time_is_false():
    result = score(story([opened(START + HOUR, CATALOG)]))
    assert (result.found, result.false_ids, result.precision) == (0, ("a1",), 0.0)


def test_an_incident_of_what_the_fault_affected_counts_as_found_but_not_as_the_right_cause():
    suffering = opened(START + HOUR, FRONTEND, suspects=(Suspect(FRONTEND, 0.9),))
    row = one_row(story([suffering], [truth(affected=(FRONTEND,))]))
    assert (row.found, row.cause_rank) == (True, None)


def test_a_claim_and_the_workload_that_mounts_it_are_one_place():
    seen = opened(START + HOUR, ORDERS_DB)
    apart = story([seen], [truth(target=CLAIM)])
    together = story([seen], [truth(target=CLAIM)], owners={CLAIM: ORDERS_DB})
    assert (one_row(apart).found, one_row(together).found) == (False, True)
    assert one_row(together).cause_rank == 1


def test_the_clusters_name_may_be_left_out_of_the_truth():
    named = Target("Deployment", "shop", "cart", "demo")
    assert one_row(story([opened(START + HOUR, named)])).found


def test_where_the_truth_names_no_target_time_alone_matches():
    row = one_row(story([opened(START + HOUR, CATALOG)], [truth(target=None)]))
    assert (row.found, row.cause_rank) == (True, None)


@pytest.mark.parametrize(("place", "first", "three"), [(1, 1.0, 1.0), (3, 0.0, 1.0), (4, 0.0, 0.0)])
def test_the_right_cause_counts_at_one_and_at_three(place, first, three):
    others = [Suspect(Target("Deployment", "shop", f"other-{n}"), 0.1) for n in range(4)]
    others.insert(place - 1, Suspect(CART, 0.2))
    result = score(story([opened(START + HOUR, suspects=tuple(others))]))
    assert (result.cause_at_1, result.cause_at_3) == (first, three)


def test_what_was_missed_is_left_out_of_the_share_of_right_causes_but_not_of_recall():
    missed = truth("surge", START + DAY, CATALOG)
    result = score(story(truths=[truth(), missed]))
    assert (result.cause_at_1, result.causes_known, result.recall) == (1.0, 1, 0.5)


def test_two_incidents_of_one_true_incident_are_no_false_ones_and_found_once():
    again = opened(START + HOUR + 10 * MINUTE, incident_class="oom_killed", name="a2")
    result = score(story([told(), again]))
    assert (result.found, result.false_ids, result.rows[0].incident_ids) == (1, (), ("a1", "a2"))


def test_false_incidents_count_per_day_and_per_hundred_workload_weeks():
    result = score(story([told(), opened(START + DAY, CATALOG, name="x")]))
    assert result.false_per_day == 0.5  # one in two days
    assert result.false_per_100_workload_weeks == pytest.approx(100 / (17 * 2 / 7))  # 17 workloads, two days


@pytest.mark.parametrize(
    ("remediation", "target", "right", "verdict"),
    [
        ("restart_rollout", CART, ("restart_rollout", "scale_out"), True),
        ("rollback", CART, ("restart_rollout",), False),  # another fix than those that help
        ("restart_rollout", FRONTEND, ("restart_rollout",), False),  # the right fix in the wrong place
        ("restart_rollout", CART, (), None),  # nobody says what helps
    ],
)
def test_a_proposal_is_right_when_it_helps_the_true_cause(remediation, target, right, verdict):
    made = plan(target, steps=(step(target, remediation),))
    (proposal,) = score(story([told(decisions=(decided(made),))], [truth(right=right)])).proposals
    assert proposal.right is verdict


def test_a_proposal_in_a_false_incident_is_wrong():
    begun = START + DAY
    result = score(story([told(incident(opened=begun), (decided(at=begun),))]))
    assert [one.remediation for one in result.wrong] == ["restart_rollout"]


def test_what_was_refused_even_if_all_had_permitted_is_not_proposed():
    made = plan()
    refused = decided(made, if_known=False)
    assert isinstance(refused.decision, Refuse)
    assert score(story([told(decisions=(refused,))])).proposals == ()


def test_only_what_was_watched_counts():
    early, late = truth(lasted=HOUR), truth("surge", START + DAY + HOUR, CATALOG)
    result = score(story([opened(START + DAY + 2 * HOUR)], [early, late], learned_until_ms=START + DAY))
    assert [row.truth.name for row in result.rows] == ["surge"]
    assert result.false_per_day == 1.0  # one in the second of two days


def test_the_same_step_decided_twice_is_proposed_once():
    assert len(score(story([told(decisions=(decided(), decided(at=START + 2 * HOUR)))])).proposals) == 1


@pytest.mark.parametrize(("before", "found"), [(20 * MINUTE, True), (7 * HOUR, False)])
def test_an_incident_may_open_before_the_pager_but_not_a_day_before(before, found):
    fires = START + DAY
    alert = TrueIncident("CartDown", fires, fires + HOUR, CART, source="alert")
    row = one_row(story([opened(fires - before, lasted=12 * HOUR)], [alert]))
    assert row.delay_ms == (-before if found else None)


def test_an_incident_that_closed_before_the_alert_fired_is_not_it():
    fires = START + DAY
    alert = TrueIncident("CartDown", fires, fires + HOUR, CART, source="alert")
    assert not one_row(story([opened(fires - HOUR, lasted=59 * MINUTE)], [alert])).found


def test_an_alert_cannot_tell_whether_a_step_was_right():
    alert = TrueIncident("CartDown", START + HOUR, START + 2 * HOUR, CART, source="alert")
    result = score(story(truths=[alert]))
    assert (result.source, result.wrong, result.proposals[0].right) == ("alert", (), None)


@pytest.mark.parametrize(("rank", "value"), [(0.5, 2.0), (0.95, 4.0), (0.25, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(rank, value):
    assert percentile([4.0, 1.0, 3.0, 2.0], rank) == value
