"""Budget: ticks are cut short, then skipped, and twice as many each time."""

import pytest

from aiops.adapters.prometheus.budget import Budget
from aiops.errors import Unavailable
from aiops.model.prometheus import QueryBudget


def skipped(budget, at_ms):
    try:
        budget.enter(at_ms)
    except Unavailable:
        return True
    return False


@pytest.mark.parametrize(("name", "limit"), [("series", 10), ("samples", 10), ("seconds", 10)])
def test_at_the_limit_goes_on_and_above_it_stops(name, limit):
    budget, cost = Budget(QueryBudget(**{name: limit})), {"series": 0, "samples": 0, "seconds": 0.0}
    budget.enter(1)
    budget.spend(1, **{**cost, name: limit})
    assert not skipped(budget, 1)
    budget.spend(1, **{**cost, name: 1})
    assert skipped(budget, 1)


def test_ticks_skipped_double_up_to_the_most_and_a_good_tick_forgives():
    budget = Budget(QueryBudget(series=1, max_skip=4))
    history = ""
    for tick in range(20):
        off = skipped(budget, tick)
        history += "." if off else "x"
        if not off:
            budget.spend(tick, series=2, samples=0, seconds=0)
    assert history == "x.x..x....x....x...."  # 1, 2, 4, 4, 4 skipped after each that was over
    for tick in range(20, 24):
        skipped(budget, tick)
    budget.spend(20, series=9, samples=0, seconds=0)  # of a tick that is over: counts for nobody
    assert not skipped(budget, 30)
    budget.spend(30, series=2, samples=0, seconds=0)
    assert [skipped(budget, tick) for tick in (31, 32)] == [True, False]
