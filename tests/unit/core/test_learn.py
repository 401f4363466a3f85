"""Learn: what the journal teaches, and what it does not."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.learn import detectors_entry, learn
from aiops.core.ledger import decided_entry, unlock_entry
from aiops.core.memory import KEEP_MS, Came, Lessons, passed_over
from aiops.model import Entry, Hold, IncidentKind, Record, Result, Suspect
from aiops.model.wire import to_json
from tests.unit.core.cases import CART, DAY, HOUR, MINUTE, NOW, POD, plan
from tests.unit.core.guard_cases import TILL
from tests.unit.core.lesson_cases import Story

LEAK = ("restart-leaking", "1", "memory_leak")


def lessons(story):
    return learn(Lessons(), story.entries)


def came(story, *what, now_ms=NOW):
    return [one.came for one in lessons(story).of(*(what or LEAK), now_ms)]


def alone(story, kind="memory_leak", now_ms=NOW):
    """(how long, whether it healed) of each that teaches."""
    return [one.alone_at(now_ms) for one in lessons(story).alone(kind, now_ms)]


@pytest.mark.parametrize(
    ("result", "harmed", "expected"),
    [
        (Result.VERIFIED, False, [Came.VERIFIED]),
        (Result.UNVERIFIED, False, [Came.UNKNOWN]),
        (Result.FAILED, False, [Came.NOT_HELPED]),
        (Result.UNDONE, False, [Came.NOT_HELPED]),
        (Result.FAILED, True, [Came.HARMED]),
        (Result.DRY_RUN, False, []),  # nobody knows whether it would have helped
        (Result.REFUSED, False, []),  # nothing was changed
        (Result.SUPERSEDED, False, []),
        (Result.APPLIED, False, []),  # not judged yet
    ],
)
def test_an_outcome_is_a_lesson(result, harmed, expected):
    story = Story()
    story.tries(result, harmed)
    assert came(story) == expected


def test_a_lesson_names_what_it_is_about():
    story = Story()
    made = story.tries(Result.VERIFIED)
    (one,) = lessons(story).tried.values()
    assert (one.playbook, one.version, one.remediation) == ("restart-leaking", "1", "restart_rollout")
    assert (one.place.incident_class, one.place.target, one.place.namespace) == (
        "memory_leak",
        "Deployment/shop/cart",
        "shop",
    )
    assert one.incident_id == made.id


def test_of_several_outcomes_of_one_step_the_worst_stays():
    """A failure that is undone is one failure; a success that a person takes back is none."""
    for first, second, expected in [
        (Result.FAILED, Result.UNDONE, Came.NOT_HELPED),
        (Result.VERIFIED, Result.UNDONE, Came.NOT_HELPED),
        (Result.UNVERIFIED, Result.VERIFIED, Came.UNKNOWN),
    ]:
        story = Story()
        planned = story.starts(story.opens())
        story.wait().ends(planned, first)
        story.wait().ends(planned, second)
        assert came(story) == [expected]


def test_a_success_that_does_not_hold_is_none():
    """The incident comes back half an hour later."""
    story = Story()
    made = story.tries(Result.VERIFIED)
    assert came(story) == [Came.VERIFIED]
    story.changes(made, "reopened")
    assert came(story) == [Came.NOT_HELPED]
    story.changes(story.tries(Result.VERIFIED), "severity")
    assert came(story) == [Came.NOT_HELPED, Came.VERIFIED]


def test_the_class_is_the_one_that_was_known_when_the_step_began():
    story = Story()
    made = story.changes(story.opens(incident_class="unclassified"), "class", incident_class="memory_leak")
    story.tries(Result.VERIFIED, made=made)
    assert came(story) == [Came.VERIFIED]
    assert came(story, "restart-leaking", "1", "unclassified") == []


def test_another_version_of_playbook_or_detectors_has_its_own_record():
    story = Story()
    story.tries(Result.VERIFIED, playbook_version="2")
    assert came(story) == []
    assert came(story, "restart-leaking", "2", "memory_leak") == [Came.VERIFIED]
    story.entries.append(detectors_entry("newer", story.now_ms))
    assert came(story, "restart-leaking", "2", "memory_leak") == []
    story.tries(Result.FAILED)
    story.leaves_alone(MINUTE)
    assert came(story) == [Came.NOT_HELPED]
    assert alone(story) == [(0, False), (MINUTE, True)]  # in the first one something was done at once


def test_what_began_under_other_detectors_is_their_lesson():
    """Which detectors judged it is a matter of when the incident opened."""
    story = Story()
    made = story.opens()
    story.entries.append(detectors_entry("newer", story.now_ms))
    story.tries(Result.VERIFIED, made=made)
    assert came(story) == []


@pytest.mark.parametrize(("later_ms", "count"), [(KEEP_MS - 1, 1), (KEEP_MS, 0)])
def test_what_is_ninety_days_old_does_not_count(later_ms, count):
    story = Story(NOW)
    planned = story.starts(story.opens())
    story.ends(planned, Result.VERIFIED)
    assert len(came(story, now_ms=NOW + later_ms)) == count
    story.wait(later_ms).write("storm_ended", "storm", {"because": ""})
    assert len(lessons(story).tried) == 1  # nothing that teaches was read since
    story.opens()
    assert len(lessons(story).tried) == count


@pytest.mark.parametrize(("later_ms", "count"), [(KEEP_MS - 1, 1), (KEEP_MS, 0)])
def test_what_healed_ninety_days_ago_does_not_count(later_ms, count):
    story = Story(NOW)
    story.closes(story.opens())
    assert len(alone(story, now_ms=NOW + later_ms)) == count


def test_an_incident_in_which_nothing_was_done_teaches_how_long_it_lasts():
    story = Story()
    story.leaves_alone(7 * MINUTE)
    assert alone(story) == [(7 * MINUTE, True)]


def test_one_in_which_something_was_done_was_left_alone_until_then():
    story = Story()
    made = story.opens()
    story.wait(20 * MINUTE).tries(Result.VERIFIED, made=made)
    assert alone(story) == [(20 * MINUTE, False)]


def test_one_that_is_open_is_left_alone_still():
    story = Story(NOW - HOUR)
    story.opens()
    assert alone(story) == [(HOUR, False)]


@pytest.mark.parametrize("result", [Result.DRY_RUN, Result.REFUSED, Result.SUPERSEDED])
def test_what_changed_nothing_leaves_the_incident_alone(result):
    story = Story()
    made = story.opens()
    planned = story.starts(made)
    story.wait().ends(planned, result)
    story.wait(6 * MINUTE).closes(made)
    assert alone(story) == [(7 * MINUTE, True)]


def test_a_refusal_after_a_real_step_does_not_make_it_left_alone():
    story = Story()
    made = story.opens()
    done = story.wait().starts(made)
    refused = story.starts(made, made_at_ms=1)
    story.ends(refused, Result.REFUSED)
    story.ends(done, Result.VERIFIED)
    story.wait().closes(made)
    assert alone(story) == [(MINUTE, False)]


def test_an_incident_that_ends_before_a_dry_run_does_was_left_alone_to_its_end():
    story = Story()
    made = story.opens()
    planned = story.wait().starts(made)
    story.wait().closes(made)
    assert alone(story) == [(MINUTE, False)]  # as far as anybody knows, something is being done
    story.wait().ends(planned, Result.DRY_RUN)
    assert alone(story) == [(2 * MINUTE, True)]


def test_what_had_healed_before_we_acted_healed_by_itself():
    """An incident stays open for a while after its last signal is back."""
    story = Story()
    made = story.opens()
    began = story.now_ms
    for at_ms, expected in ((2 * MINUTE, (2 * MINUTE, True)), (4 * MINUTE, (3 * MINUTE, False))):
        entries = list(story.entries)
        story.wait(3 * MINUTE).starts(made)
        (one,) = made.anomalies
        gone = replace(made, anomalies=(replace(one, cleared_ms=began + at_ms),))
        story.write("incident_closed", made.id, {"incident": to_json(gone)})
        assert alone(story) == [expected]
        story.entries, story.now_ms = entries, began


def test_what_is_known_later_was_not_known_then():
    """So that an acceptance is judged by what spoke for it at that time."""
    story = Story()
    made = story.opens()
    began = story.now_ms
    story.wait(5 * MINUTE).closes(made)
    (one,) = lessons(story).watched.values()
    assert one.alone_at(began + 4 * MINUTE) == (4 * MINUTE, False)
    assert one.alone_at(began + 5 * MINUTE) == (5 * MINUTE, True)
    acted = replace(one, acted_ms=began + 2 * MINUTE)
    assert acted.alone_at(began + 2 * MINUTE - 1) == (2 * MINUTE - 1, False)
    assert acted.alone_at(began + 2 * MINUTE) == (2 * MINUTE, False)
    assert replace(one, acted_ms=one.ended_ms).alone_at(NOW) == (5 * MINUTE, False)


def test_what_is_too_old_is_dropped_from_memory():
    """90 days are what is kept; an acceptance, an unlock, an incident, an outcome alike."""
    story = Story(NOW)
    story.ends(story.starts(story.opens()), Result.FAILED)
    story.entries.append(unlock_entry("ada", story.now_ms, CART))
    story.write("autonomy_accepted", "autonomy", {"by": "ada", "playbook": "p", "scope": "s"})
    for later_ms, kept in ((KEEP_MS - 1, 1), (KEEP_MS, 0)):
        after = learn(Lessons(), [*story.entries, detectors_entry("x", NOW + later_ms)])
        assert [len(one) for one in (after.tried, after.watched, after.accepted, after.forgiven)] == [
            kept
        ] * 4


@pytest.mark.parametrize(
    "opening", [{"kind": IncidentKind.PREDICTED}, {"kind": IncidentKind.KNOWN}, {"storm": True}]
)
def test_what_was_only_expected_or_known_before_and_storms_teach_nothing_of_healing(opening):
    story = Story()
    made = story.opens(**opening)
    story.wait().closes(made)
    assert alone(story) == []


def test_what_a_person_mended_was_left_alone_until_then_and_did_not_heal():
    """Credit where it is due."""
    story = Story()
    made = story.opens()
    story.wait(3 * MINUTE).closes(made, credit="ada changed Deployment/shop/cart")
    assert alone(story) == [(3 * MINUTE, False)]


def test_one_that_became_part_of_a_storm_later_does_not_count():
    story = Story()
    made = story.changes(story.opens(), "storm", storm=True)
    story.wait().closes(made)
    assert alone(story) == []


def test_one_that_comes_back_has_not_healed():
    story = Story(NOW - HOUR)
    made = story.opens()
    story.wait().closes(made)
    story.changes(made, "reopened")
    assert alone(story) == [(HOUR, False)]
    acted = Story(NOW - HOUR)
    made = acted.tries(Result.VERIFIED)
    acted.changes(made, "reopened")
    assert alone(acted, now_ms=acted.now_ms) == [(0, False)]  # something was done at once


def test_it_healed_when_its_last_signal_came_back_not_when_that_was_told():
    story = Story()
    made = story.opens()
    gone = tuple(replace(one, cleared_ms=story.now_ms + 2 * MINUTE) for one in made.anomalies)
    story.wait(9 * MINUTE)
    story.write("incident_closed", made.id, {"incident": to_json(replace(made, anomalies=gone))})
    assert alone(story) == [(2 * MINUTE, True)]


def test_the_workload_is_the_plans_where_one_was_made():
    """A pod is suspected, and the plan is for its Deployment."""
    story = Story()
    made = story.opens(suspects=(Suspect(POD, 0.9),))
    assert lessons(story).watched[made.id].place.target == str(POD)
    story.entries.append(decided_entry(Hold(plan(incident_id=made.id), ()), story.now_ms))
    assert lessons(story).watched[made.id].place.target == str(CART)
    nobody = story.opens(suspects=(), targets=(TILL,))
    assert lessons(story).watched[nobody.id].place.target == str(TILL)


def test_entries_of_an_incident_that_nobody_opened_teach_nothing_of_it():
    story = Story()
    made = story.opens()
    opening = story.entries.pop()
    planned = story.starts(made)
    story.ends(planned, Result.VERIFIED)
    story.changes(made, "severity")
    story.closes(made)
    assert came(story, "restart-leaking", "1", "") == [Came.VERIFIED]
    assert alone(story) == []
    assert opening.kind == "incident_opened"


def test_a_start_or_an_end_that_is_read_twice_is_one():
    story = Story()
    planned = story.starts(story.opens())
    story.entries.append(story.entries[-1])
    story.wait().ends(planned, Result.FAILED)
    story.entries.append(story.entries[-1])
    assert came(story) == [Came.NOT_HELPED]


def test_records_teach_as_entries_do_and_the_rest_teaches_nothing():
    story = Story()
    story.tries(Result.VERIFIED)
    records = [Record(i, 1, one, "", "") for i, one in enumerate(story.entries, 1)]
    assert learn(Lessons(), records) == lessons(story)
    before = lessons(story)
    assert learn(before, [Entry("sight_changed", "sight", NOW, {})]) is before


@given(st.lists(st.sampled_from(["try", "fail", "alone", "back", "unlock"]), max_size=8), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_learning_in_two_parts_is_learning_at_once(what, cut):
    """So that a restart leads to the same lessons."""
    story, made = Story(), None
    for one in what:
        match one:
            case "try":
                made = story.tries(Result.VERIFIED)
            case "fail":
                made = story.tries(Result.FAILED)
            case "alone":
                made = story.leaves_alone(5 * MINUTE)
            case "back" if made is not None:
                story.changes(made, "reopened")
            case "unlock":
                story.entries.append(unlock_entry("ada", story.now_ms, CART))
    entries = story.entries
    assert learn(learn(Lessons(), entries[:cut]), entries[cut:]) == learn(Lessons(), entries)


# What never helped is passed over


def over(story, incident_id="new", target=CART, remediation="restart_rollout", kind="memory_leak"):
    return passed_over(lessons(story), "restart-leaking", "1", remediation, kind, target, incident_id, NOW)


def test_a_step_that_failed_twice_and_never_helped_is_passed_over():
    story = Story(NOW - 3 * DAY)
    story.tries(Result.FAILED)
    assert over(story) == ""
    story.tries(Result.FAILED)
    text = over(story)
    assert text == "passed over: 2 times it did not help memory_leak here, the last on 2023-11-12"


@pytest.mark.parametrize(
    ("changes", "passed"),
    [
        ({}, True),
        ({"target": TILL}, False),
        ({"remediation": "rollback"}, False),
        ({"kind": "oom_kills"}, False),
    ],
)
def test_it_is_passed_over_for_this_pattern_alone(changes, passed):
    story = Story()
    story.tries(Result.FAILED)
    story.tries(Result.FAILED, harmed=True)
    assert bool(over(story, **changes)) is passed


def test_what_helped_once_is_tried_again():
    story = Story()
    for result in (Result.FAILED, Result.VERIFIED, Result.FAILED, Result.FAILED):
        story.tries(result)
    assert over(story) == ""


def test_what_nobody_could_verify_is_no_failure():
    story = Story()
    for _ in range(3):
        story.tries(Result.UNVERIFIED)
    assert over(story) == ""


def test_within_one_incident_attempts_and_lock_out_decide_not_this():
    story = Story()
    made = story.opens()
    for number in range(2):
        planned = story.starts(made, made_at_ms=number)
        story.wait().ends(planned, Result.FAILED)
    assert over(story, incident_id=made.id) == ""
    assert over(story, incident_id="another") != ""


def test_a_person_who_unlocks_the_workload_lets_it_be_tried_again():
    """M11: until a human unlocks."""
    story = Story()
    story.tries(Result.FAILED)
    story.tries(Result.FAILED)
    story.entries.append(unlock_entry("ada", story.now_ms, TILL))
    assert over(story) != ""
    story.entries.append(unlock_entry("ada", story.now_ms, playbook=""))
    assert over(story) != ""
    story.entries.append(unlock_entry("ada", story.now_ms, CART))
    assert over(story) == ""
    story.wait().tries(Result.FAILED)
    assert over(story) == ""
    story.tries(Result.FAILED)
    assert over(story) != ""


def test_an_unlock_forgives_what_was_judged_until_that_very_moment():
    story = Story()
    for _ in range(2):
        story.ends(story.starts(story.opens()), Result.FAILED)
    assert over(story) != ""
    story.entries.append(unlock_entry("ada", story.now_ms, CART))
    assert over(story) == ""


def test_of_several_failures_the_last_one_is_named():
    story = Story(NOW - 4 * DAY)
    for _ in range(3):
        story.tries(Result.FAILED)
        story.wait(DAY)
    assert over(story).startswith("passed over: 3 times")
    assert over(story).endswith("the last on 2023-11-13")  # began on the 10th, a day and 6 h 12 min apart


def test_what_is_not_judged_yet_is_not_bad():
    story = Story()
    story.starts(story.opens())
    (one,) = lessons(story).tried.values()
    assert (one.came, one.bad) == (None, False)


def test_what_comes_back_takes_back_its_own_successes_and_nothing_else():
    story = Story()
    first, second = story.tries(Result.VERIFIED), story.tries(Result.VERIFIED)
    harmed = story.tries(Result.FAILED, harmed=True)
    waiting = story.opens()
    story.starts(waiting)
    for made in (second, harmed, waiting):
        story.changes(made, "reopened")
    found = {one.incident_id: one.came for one in lessons(story).tried.values()}
    assert found == {
        first.id: Came.VERIFIED,
        second.id: Came.NOT_HELPED,
        harmed.id: Came.HARMED,
        waiting.id: None,
    }


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((2, 5), (5 * MINUTE, True)),  # when the last one came back
        ((5, 2), (5 * MINUTE, True)),
        ((2, None), (4 * MINUTE, False)),  # deleted, or lost: the last time that it was seen
        ((None, 2), (4 * MINUTE, False)),
        ((), (0, False)),
    ],
)
def test_it_healed_when_all_its_signals_were_back(ends, expected):
    story = Story()
    made = story.opens()
    (one,), began = made.anomalies, story.now_ms
    gone = tuple(
        replace(
            one, cleared_ms=None if end is None else began + end * MINUTE, at_ms=began + (3 + at) * MINUTE
        )
        for at, end in enumerate(ends)
    )
    story.wait(9 * MINUTE)
    story.write("incident_closed", made.id, {"incident": to_json(replace(made, anomalies=gone))})
    assert alone(story) == [expected]


def test_a_decision_or_an_end_of_what_nobody_saw_begin_teaches_nothing():
    story = Story()
    planned = story.starts(story.opens())
    story.entries = [decided_entry(Hold(planned, ()), story.now_ms)]
    story.ends(planned, Result.VERIFIED)
    assert lessons(story) == Lessons()


def test_a_start_that_is_read_again_after_its_end_changes_nothing():
    story = Story()
    planned = story.starts(story.opens())
    begun = story.entries[-1]
    story.wait().ends(planned, Result.FAILED)
    story.entries.append(begun)
    assert came(story) == [Came.NOT_HELPED]


def test_it_was_left_alone_until_the_first_step_not_until_the_second():
    story = Story()
    made = story.opens()
    story.wait(3 * MINUTE).starts(made)
    story.wait(3 * MINUTE).starts(made, made_at_ms=1)
    assert alone(story) == [(3 * MINUTE, False)]


def test_a_failure_that_is_undone_was_judged_when_it_failed():
    story = Story()
    planned = story.starts(story.opens())
    story.wait().ends(planned, Result.FAILED)
    failed_ms = story.now_ms
    story.wait().ends(planned, Result.UNDONE)
    (one,) = lessons(story).tried.values()
    assert one.at_ms == failed_ms


def test_where_the_first_suspect_is_another_than_the_last_the_first_is_meant():
    story = Story()
    made = story.opens(suspects=(Suspect(TILL, 0.6), Suspect(CART, 0.3)), targets=(CART, TILL))
    assert lessons(story).watched[made.id].place.target == str(TILL)
    nobody = story.opens(suspects=(), targets=(TILL, CART))
    assert lessons(story).watched[nobody.id].place.target == str(TILL)
