"""Rings: what was written last comes back in order, also when targets come and go."""

import numpy as np

from aiops.engine.window import Ring, Rings
from aiops.model import Panel, Target


def panel(times, rows):
    targets = tuple(Target("Deployment", "shop", name) for name in rows)
    return Panel("cpu", "ratio", targets, np.array(times), np.array(list(rows.values()), float))


def test_a_ring_keeps_the_newest_and_forgets_the_oldest():
    ring = Ring("cpu", "ratio", columns=3)
    ring.write(panel([1, 2, 3, 4], {"a": [10, 20, 30, 40]}))
    kept = ring.panel()
    assert kept.times.tolist() == [2, 3, 4]
    assert kept.values.tolist() == [[20, 30, 40]]


def test_a_new_target_has_gaps_for_the_time_before_it():
    ring = Ring("cpu", "ratio", columns=4)
    ring.write(panel([1, 2], {"a": [10, 20]}))
    ring.write(panel([3], {"b": [7], "a": [30]}))
    kept = ring.panel()
    assert [target.name for target in kept.targets] == ["b", "a"]
    np.testing.assert_array_equal(kept.values, [[np.nan, np.nan, 7], [10, 20, 30]])


def test_a_time_that_steps_back_is_not_read_twice():
    ring = Ring("cpu", "ratio", columns=4)
    for at in (5, 6, 6, 4, 7):
        ring.write(panel([at], {"a": [at]}))
    assert ring.panel().times.tolist() == [5, 6, 7]


def test_rings_answer_for_a_stretch_of_time_and_leave_out_what_has_none():
    rings = Rings(columns=10)
    rings.write([panel([1, 2, 3], {"a": [1, 2, 3]})])
    assert [part.times.tolist() for part in rings.between(2, 4)] == [[2, 3]]
    assert rings.between(10, 20) == ()
