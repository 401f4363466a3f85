"""Together: how many metrics, how loud, for how long and how well known make an anomaly of the whole."""

import numpy as np
import pytest

from aiops.core.together import together

OLD = 1e12  # samples: all that is said is believed


def steady(*scores, seen=OLD):
    """The whole at the last of five samples at which the metrics have these scores."""
    return together(np.tile(np.array(scores, float)[:, None], 5), np.full(5, float(seen)))[-1]


@pytest.mark.parametrize(("score", "bad"), [(0.719, False), (0.721, True)])
def test_one_of_up_to_ten_metrics_must_have_something_to_say(score, bad):
    """It says score / (1 + score / 4), which is 0.61 at 0.61 / (1 - 0.61 / 4) = 0.7198."""
    assert bool(steady(score, *[0.2] * 9) >= 1) is bad


@pytest.mark.parametrize(("loud", "bad"), [(1, False), (2, True)])
def test_of_eleven_metrics_two_must_be_loud(loud, bad):
    """The loudest tenth of eleven is two. One at 1.6 says 1.6 / 1.4 = 1.143; with a still one beside it that
    is 0.57, with another as loud 1.143, and the edge is 0.61."""
    assert bool(steady(*[1.6] * loud, *[0.0] * (11 - loud)) >= 1) is bad


def test_no_metric_counts_more_than_four_however_loud():
    assert steady(1e308) == pytest.approx(4 / 0.61)


def test_what_cannot_be_told_has_no_say():
    """2 says 2 / 1.5."""
    assert steady(np.nan, 2.0, np.nan, np.inf) == pytest.approx(2 / 1.5 / 0.61)


def test_where_none_can_tell_the_whole_is_unknown():
    """M6: no data is not normal, neither at the first sample nor after a loud one."""
    whole = together(np.array([[np.nan, 9.0, np.nan], [np.nan, 9.0, np.inf]]), np.full(3, OLD))
    assert np.isnan(whole[[0, 2]]).all()
    assert whole[1] >= 1


@pytest.mark.parametrize(("samples", "bad"), [(1, False), (2, True)])
def test_what_does_not_last_is_a_quirk(samples, bad):
    """4 says 2: one in five samples is a mean of 0.4, two are 0.8, and the edge is 0.61."""
    scores = np.zeros((1, 20))
    scores[0, 20 - samples :] = 4.0
    assert bool(together(scores, np.full(20, OLD))[-1] >= 1) is bad


@pytest.mark.parametrize(("seen", "bad"), [(438, False), (439, True)])
def test_what_was_seen_for_a_short_time_must_be_louder(seen, bad):
    """4 says 2, of which seen / (seen + 1000) is believed: 0.61 at 610 / 1.39 = 438.8 samples."""
    assert bool(steady(4.0, seen=seen) >= 1) is bad


def test_later_samples_change_nothing():
    random = np.random.default_rng(1)
    scores = np.where(random.random((7, 300)) < 0.2, np.nan, random.exponential(0.5, (7, 300)))
    seen = np.arange(1.0, 301)
    whole = together(scores, seen)
    for stop in (1, 4, 150):
        np.testing.assert_array_equal(together(scores[:, :stop], seen[:stop]), whole[:stop])
