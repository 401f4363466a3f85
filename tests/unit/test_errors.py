"""Errors: what they say, and that they come back whole from another process."""

import pickle

import pytest

from aiops.errors import ConfigError, InputError, Problem, Unavailable

PROBLEMS = [Problem("a.yaml:1 x", "no", "true or false"), Problem("a.yaml:2 y", "3", "text")]


@pytest.mark.parametrize(
    "error",
    [ConfigError(PROBLEMS), InputError(PROBLEMS), InputError("no such file"), Unavailable("busy", 2.5)],
    ids=["config", "input", "input as text", "unavailable"],
)
def test_an_error_survives_the_way_from_a_worker_process(error):
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), str(again), again.__dict__) == (type(error), str(error), error.__dict__)


def test_every_problem_says_where_what_was_expected_and_what_stood_there():
    assert str(ConfigError(PROBLEMS)).splitlines() == [
        "a.yaml:1 x: expected true or false, got no",
        "a.yaml:2 y: expected text, got 3",
    ]
