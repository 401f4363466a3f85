"""Ending: what is over though no sample will ever say so."""

from dataclasses import replace

import pytest

from aiops.core.ending import is_over
from aiops.model import Facts, Pod, Role, Target, Workload
from tests.unit.core.cases import anomaly

JOB, AGAIN = Target("Job", "shop", "report"), Target("Job", "shop", "report-rerun-1")
RUN = Target("Pod", "shop", "report-rerun-1-x")
FAILED = anomaly(JOB, "job_failed", Role.CONDITION, condition="JobFailed")


def job(target, manifest=None, **annotations):
    return Workload(target, annotations=annotations, manifest=manifest or {})


def after(*phases, completions=1, of="report", space="shop"):
    """The facts once ``report`` was run again, with the pods of that run."""
    again = replace(AGAIN, namespace=space)
    pods = {
        (name := Target("Pod", space, f"run-{number}")): Pod(name, again, phase=phase)
        for number, phase in enumerate(phases)
    }
    made = job(again, {"completions": completions}, **{"aiops.dev/rerun-of": of})
    return Facts(0, workloads={JOB: job(JOB), again: made}, pods=pods)


def test_a_job_that_was_run_again_and_succeeded_has_failed_no_more():
    assert is_over(FAILED, after("Succeeded"))


@pytest.mark.parametrize("phase", ["Running", "Failed", "Pending"])
def test_a_second_run_that_has_not_succeeded_makes_nothing_good(phase):
    assert not is_over(FAILED, after(phase))


def test_all_of_its_completions_are_needed():
    assert not is_over(FAILED, after("Succeeded", "Running", completions=2))
    assert is_over(FAILED, after("Succeeded", "Succeeded", completions=2))


def test_the_run_of_another_job_or_place_is_not_its_own():
    assert not is_over(FAILED, after("Succeeded", of="bill"))
    assert not is_over(FAILED, after("Succeeded", space="other"))


def test_other_trouble_of_the_job_is_not_over_by_that():
    assert not is_over(anomaly(JOB, "memory"), after("Succeeded"))


def test_a_pod_is_gone_only_where_pods_are_known():
    trouble = anomaly(RUN, "memory")
    assert is_over(trouble, after("Running"))
    assert not is_over(trouble, replace(after("Running"), unknown=frozenset({"pods"})))
    assert not is_over(trouble, after()), "no pod at all: nobody has looked"
