"""Spread: what is usual, what happens now and then, and what may teach which."""

import numpy as np
import pytest

from aiops.model.spread import FAR, RUN, TAIL, YOUNG, Learning, Spread

MINUTE = 60.0


def learn(sizes, start=None, threshold=5.0, known=True):
    """Feed distances of one row; the learning at its end."""
    state = Learning(start or Spread.blank(1), threshold, MINUTE, 86_400.0)
    for size in sizes:
        fresh = np.array([np.isfinite(size)])
        state.learn(np.where(fresh, size, 0.0), fresh, state.edge(), known & (state.seen >= 30))
    return state


def test_the_edge_is_as_many_sigmas_as_asked_of_what_is_usual():
    """Distances of 1: the mean is 1, the edge 5 * 1.2533; the tail is 5 * 1 and stays below."""
    assert learn([1.0] * 2000, known=False).edge()[0] == pytest.approx(5 * 1.2533)


def test_a_series_that_spikes_now_and_then_gets_a_wide_band():
    """Every 100th distance is 10, the others 1: cubes of 0.99 + 10 = 10.99 in the mean. Of the first thousand
    a share of 1 / e counts as still, so after two thousand (6.95 + 10.99) / 2 = 8.97 is known; five times
    its cube root is 10.4, beyond the spikes. What is usual alone would end at 5 * 1.2533 * 1.09 = 6.8."""
    state = learn([*[1.0] * 99, 10.0] * 20, known=False)
    assert state.tail()[0] == pytest.approx(10.4, abs=0.1)
    assert state.edge()[0] > 10


@pytest.mark.parametrize("lasts", [int(RUN), 60])
def test_an_incident_teaches_the_tail_as_much_as_its_first_samples(lasts):
    """M12: 2000 distances of 1, then 15 (outside 6.3) for a while: the cubes become
    (1995 + 5 * 3375) / 2000 or so, whose cubic mean is about 2.1, five of it 10.6: less than the incident."""
    tail = learn([*[15.0] * lasts, 1.0], learn([1.0] * 2000).spread()).tail()[0]
    assert tail == pytest.approx(10.6, abs=0.3)


def test_no_incident_hides_itself():
    """M12: while it lasts the tail is what it was before it."""
    before = learn([1.0] * 2000)
    assert learn([15.0] * 30, before.spread()).tail() == before.tail()


def test_one_glitch_counts_at_most_so_many_edges():
    """M4: edge 6.2665, so a glitch of 1e4 counts as 20 * 6.2665 = 125: cubes (1999 + 125.3**3) / 2000."""
    tail = learn([1e4, 1.0], learn([1.0] * 1999).spread()).tail()[0]
    assert tail == pytest.approx(TAIL * np.cbrt(1 + (FAR * 6.2665) ** 3 / 2000), rel=0.01)


def test_what_a_still_series_does_first_counts_in_full():
    tail = learn([1e4, 0.0], learn([0.0] * 2000).spread()).tail()[0]
    assert tail == pytest.approx(TAIL * np.cbrt(1e12 / 2001), rel=0.01)


def test_few_samples_are_no_tail():
    """Ten samples of 1 count as if 990 had been still: 5 * cbrt(about 10 / 1000) = 1.08."""
    assert learn([1.0] * 10, known=False).tail()[0] == pytest.approx(TAIL * np.cbrt(10 / YOUNG), rel=0.01)


def test_a_gap_teaches_nothing():
    before = learn([1.0] * 100).spread()
    after = learn([np.nan, np.nan], before).spread()
    assert after.seen == before.seen
    assert after.mean == before.mean


def test_the_longer_outside_the_wider_the_cut():
    state = learn([1.0] * 200)
    cuts = []
    for _ in range(900):
        outside, cut = state.learn(np.array([50.0]), np.array([True]), np.array([6.0]), np.array([True]))
        cuts.append(cut[0])
    assert outside[0]
    assert cuts[0] == pytest.approx(6.0)
    assert cuts[360] == pytest.approx(24.0, rel=0.01)  # 8 doublings a day of 1440: 2 after 360 minutes
