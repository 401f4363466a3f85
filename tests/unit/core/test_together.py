"""Together: how many metrics, and how loud, make an anomaly of the whole."""

import numpy as np
import pytest

from aiops.core.together import together


def column(*scores):
    return together(np.array(scores, dtype=float)[:, None])[0]


@pytest.mark.parametrize(("score", "bad"), [(1.33, False), (1.34, True)])
def test_one_of_up_to_ten_metrics_must_be_a_third_beyond_its_edge(score, bad):
    """What it has to say is score / (1 + score / 4), which is 1 at 4/3."""
    assert bool(column(score, *[0.2] * 9) >= 1) is bad


@pytest.mark.parametrize(("loud", "bad"), [(1, False), (2, True)])
def test_of_eleven_metrics_two_must_be_loud(loud, bad):
    """The loudest tenth of eleven is two. One at 1.6 says 1.6 / 1.4 = 1.143: with a still one beside it half
    of that, with another as loud all of it."""
    assert bool(column(*[1.6] * loud, *[0.01] * (11 - loud)) >= 1) is bad


def test_no_metric_counts_more_than_four():
    assert column(1e6) == pytest.approx(4.0, rel=1e-5)


def test_what_cannot_be_told_has_no_say():
    assert column(np.nan, 2.0, np.nan) == pytest.approx(2 / 1.5)


def test_where_none_can_tell_the_whole_is_unknown():
    assert np.isnan(column(np.nan, np.nan))
