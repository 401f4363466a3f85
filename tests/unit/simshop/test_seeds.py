"""Seeds: how outcomes become the rows of ``make seeds``."""

import argparse
from dataclasses import replace

import pytest

from aiops.model.wire import from_json, to_json
from tests.seeds.__main__ import code, seeds_of
from tests.seeds.one import Alarm, Fault, Outcome, faults_of
from tests.seeds.table import details, line, rows
from tests.simshop.faults import USUAL

RIGHT = Fault("leak", "Deployment/shop/cart", True, 3600.0, 1, "Deployment/shop/cart", "memory_leak", 0, True)
WRONG = replace(RIGHT, rank=2, first="Deployment/shop/gateway", delay_s=60.0, proposed_right=False)
MISSED = Fault("disk", "PersistentVolumeClaim/data/db-0", False, None, None, "", "", 0, None)
ALARM = Alarm(50.6, "cpu_saturation", ("Deployment/orders/reporting cpu_usage",))


def outcome(*faults, alarms=(), days=7.0, workloads=10):
    return Outcome(1000, days, workloads, faults, alarms, 20.0)


def value(outcomes, name):
    return next(row for row in rows(outcomes) if row.name == name)


def test_a_fault_that_was_missed_has_no_right_cause():
    outcomes = [outcome(RIGHT, WRONG, MISSED)]
    assert value(outcomes, "found").value == pytest.approx(2 / 3)
    assert value(outcomes, "right cause first").value == pytest.approx(1 / 3)
    assert value(outcomes, "right cause in the first three").value == pytest.approx(2 / 3)


def test_false_incidents_are_counted_in_weeks_of_workloads():
    # Two seeds of 7 days and 10 workloads are 20 workload-weeks; one alarm in them is 5 in a hundred.
    outcomes = [outcome(RIGHT, alarms=(ALARM,)), outcome(RIGHT)]
    assert value(outcomes, "false incidents in 100 workload-weeks").value == pytest.approx(5.0)
    assert value(outcomes, "false incidents a day").value == pytest.approx(1 / 14)


@pytest.mark.parametrize(("found", "ok"), [(19, True), (18, False)])
def test_nineteen_of_twenty_faults_are_just_enough(found, ok):
    outcomes = [outcome(*[RIGHT] * found, *[MISSED] * (20 - found))]
    assert value(outcomes, "found").ok == ok


@pytest.mark.parametrize(("right", "ok"), [(16, True), (15, False)])
def test_sixteen_right_causes_of_twenty_are_just_enough(right, ok):
    outcomes = [outcome(*[RIGHT] * right, *[WRONG] * (20 - right))]
    assert value(outcomes, "right cause first").ok == ok


@pytest.mark.parametrize(("alarms", "ok"), [(1, True), (2, False)])
def test_one_false_incident_in_a_hundred_workload_weeks_is_just_allowed(alarms, ok):
    outcomes = [outcome(RIGHT, alarms=(ALARM,) * alarms, workloads=100)]
    assert value(outcomes, "false incidents in 100 workload-weeks").ok == ok


def test_further_incidents_for_one_fault_have_their_own_row():
    outcomes = [outcome(replace(RIGHT, extra=3))]
    assert value(outcomes, "further incidents for the same fault").value == 3
    assert value(outcomes, "false incidents").value == 0


def test_delays_are_told_in_minutes():
    assert value([outcome(RIGHT, WRONG)], "delay, median").value == 1.0
    assert value([outcome(RIGHT, WRONG)], "delay, 95th percentile").value == 60.0


def test_nothing_proposed_is_neither_right_nor_wrong():
    assert value([outcome(RIGHT, WRONG, MISSED)], "a right step among those proposed").value == 0.5


def test_what_went_wrong_is_told_line_by_line():
    told = "\n".join(details(outcome(RIGHT, WRONG, MISSED, alarms=(ALARM,))))
    for part in ("missed disk", "first suspect Deployment/shop/gateway", "false after 50.6 h"):
        assert part in told
    assert "found 2 of 3" in line(outcome(RIGHT, WRONG, MISSED))


def test_an_outcome_is_read_back_as_it_was_written():
    one = outcome(RIGHT, MISSED, alarms=(ALARM,))
    assert from_json(Outcome, to_json(one)) == one


def test_faults_are_drawn_from_the_usual_ones_and_always_the_same():
    assert faults_of(1000) == faults_of(1000)
    assert len(faults_of(1000)) == 6
    assert {name for seed in range(1000, 1020) for name in faults_of(seed)} == set(USUAL)
    assert len({faults_of(seed) for seed in range(1000, 1020)}) > 10


@pytest.mark.parametrize(
    ("text", "seeds"), [("1-3", (1, 2, 3)), ("7", (7,)), ("1000-1001,7,7", (1000, 1001, 7))]
)
def test_seeds_are_written_as_ranges_and_numbers(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "one", "3-1", "1-"])
def test_other_words_for_seeds_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seeds_of(text)


def test_the_digest_of_the_code_is_that_of_the_code():
    assert code() == code()
    assert len(code()) == 16
