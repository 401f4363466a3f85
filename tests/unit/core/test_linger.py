"""Linger: an order among calm samples, and nothing else."""

import numpy as np
import pytest

from aiops.core.linger import BELOW, HALVES_IN, lingering


def test_a_score_below_one_halves_in_as_many_samples_as_it_takes_to_close():
    """From 8: after five samples 4, after ten 2, which is above 1 still; what is told stays below."""
    told = lingering(np.array([8.0] + [0.0] * 25))
    assert told[0] == 8.0
    assert told[1 : 3 * HALVES_IN] == pytest.approx([BELOW] * (3 * HALVES_IN - 1))
    assert told[4 * HALVES_IN] == pytest.approx(0.5)  # 8 / 2 ** 4
    assert told[5 * HALVES_IN] == pytest.approx(0.25)


def test_one_or_more_is_where_it_was_before():
    """The daemon says anomaly there, and nowhere else."""
    score = np.random.default_rng(1).exponential(0.6, 2_000)
    score[::17] = np.nan
    assert ((lingering(score) >= 1) == (score >= 1)).all()


def test_it_is_never_below_what_came_in_and_keeps_what_is_unknown():
    score = np.array([0.3, np.nan, 0.9, 0.1, np.nan, 0.0])
    told = lingering(score)
    assert np.isnan(told).tolist() == np.isnan(score).tolist()
    known = ~np.isnan(score)
    assert (told[known] >= score[known]).all()
    assert told[3] == pytest.approx(0.9 * 0.5 ** (1 / HALVES_IN))


def test_what_is_unknown_keeps_nothing_up():
    """M6: no data is not bad either: it falls on through a gap."""
    told = lingering(np.array([0.8, *[np.nan] * (2 * HALVES_IN - 1), 0.0]))
    assert told[-1] == pytest.approx(0.2)


def test_later_samples_change_nothing():
    score = np.random.default_rng(2).exponential(0.5, 400)
    for stop in (1, 7, 200):
        np.testing.assert_array_equal(lingering(score[:stop]), lingering(score)[:stop])


def test_an_endless_score_is_no_error():
    told = lingering(np.array([np.inf, 0.0, 1e308, 0.0]))
    assert told.tolist() == [np.inf, BELOW, 1e308, BELOW]
