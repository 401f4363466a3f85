"""Checks of the sample. Not collected by themselves."""

from tests.mutation import sample


def test_three_are_many_and_two_are_not():
    assert (sample.is_many(3), sample.is_many(2)) == (True, False)


def test_somebody_calls_it():
    assert sample.is_few(0)
