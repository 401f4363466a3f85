"""Step: what one stretch of time does to the shop, and what it conserves."""

from dataclasses import replace

import numpy as np
import pytest

from tests.simshop.shop import Shop
from tests.simshop.step import FULL, STARTING_S, Force, Rules, step

SHOP = Shop()
RULES = Rules.of(SHOP)
N, P, V = len(SHOP.services), len(SHOP.owner), len(SHOP.volumes)
GATEWAY, FRONTEND, CART = SHOP.index("gateway"), SHOP.index("frontend"), SHOP.index("cart")
PAYMENT, CHECKOUT = SHOP.index("payment"), SHOP.index("checkout")


def force(customers=100.0, **changes):
    arrivals = np.zeros(N)
    arrivals[GATEWAY] = customers
    calm = Force(
        arrivals=arrivals,
        service=np.ones(N),
        cpu=np.ones(N),
        hog=np.zeros(N),
        errors=np.zeros(N),
        memory=np.ones(N),
        leak=np.zeros(N),
        fill=np.zeros(V),
        replaced=np.zeros(P, bool),
        surged=np.zeros(P, bool),
        broken=np.zeros(P, bool),
        stopped=np.zeros(P, bool),
    )
    return replace(calm, **changes)


def only(size, index, value, kind=float):
    array = np.zeros(size, kind)
    array[index] = value
    return array


def live(acting, steps, step_s=60.0, state=None):
    """(the last state, all flows)."""
    state = RULES.start() if state is None else state
    flows = []
    for _ in range(steps):
        state, flow = step(RULES, state, acting, step_s)
        flows.append(flow)
    return state, flows


def test_the_same_state_and_force_give_the_same_answer():
    first, second = (step(RULES, RULES.start(), force(), 60.0)[1] for _ in range(2))
    assert all(
        np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True)
        for name in first.__slots__
    )


def test_every_request_comes_from_a_caller_or_from_outside():
    quiet = replace(RULES.start(), failing=np.zeros(N))  # nothing failed, so nothing is tried again
    _, flow = step(RULES, quiet, force(customers=100.0), 60.0)
    assert flow.demand == pytest.approx(force(100.0).arrivals + flow.demand @ RULES.calls)


def test_twice_the_customers_are_twice_the_demand_everywhere():
    quiet = replace(RULES.start(), failing=np.zeros(N))
    once, twice = (step(RULES, quiet, force(customers), 60.0)[1].demand for customers in (50.0, 100.0))
    assert twice == pytest.approx(2 * once)


def test_failures_are_tried_again_and_make_more_demand():
    quiet = replace(RULES.start(), failing=np.zeros(N))
    failing = replace(quiet, failing=only(N, CART, 0.5))
    before, after = (step(RULES, state, force(), 60.0)[1].demand[CART] for state in (quiet, failing))
    # The frontend tries 80 % of failed calls again, as the checkout does: 1 + 0.8 * 0.5 of all calls.
    assert after == pytest.approx(1.4 * before)


@pytest.mark.parametrize("customers", [0.0, 100.0, 1e5])
def test_shares_stay_shares_however_large_the_crowd(customers):
    _, flows = live(force(customers), 30)
    for flow in flows:
        for share in (flow.failed, flow.cpu, flow.memory, flow.disk):
            assert ((share >= 0) & (share <= 1)).all()
        assert np.isfinite(flow.latency_s).all()
        assert (flow.latency_s >= 0).all()


def test_slowness_travels_from_callee_to_caller_and_not_back():
    _, calm = live(force(), 3)
    _, slow = live(force(service=np.ones(N) + only(N, PAYMENT, 9.0)), 3)
    assert slow[-1].latency_s[PAYMENT] > 5 * calm[-1].latency_s[PAYMENT]
    assert slow[-1].latency_s[CHECKOUT] > calm[-1].latency_s[CHECKOUT] + 0.5
    assert slow[-1].latency_s[SHOP.index("inventory")] == pytest.approx(
        calm[-1].latency_s[SHOP.index("inventory")], rel=0.02
    )


def test_errors_travel_from_callee_to_caller():
    _, flows = live(force(errors=only(N, PAYMENT, 0.4)), 3)
    failed = flows[-1].failed
    assert failed[PAYMENT] > 0.35
    assert failed[CHECKOUT] > 0.1  # half of the failed payments are tried again
    assert failed[FRONTEND] < failed[CHECKOUT]  # one request in twenty goes to the checkout


def test_a_burned_cpu_saturates_and_refuses():
    _, flows = live(force(hog=only(N, CART, SHOP.services[CART].cpu_limit)), 3)
    assert flows[-1].cpu[CART] > FULL
    assert flows[-1].failed[CART] > 0.02


def test_a_leak_fills_the_memory_until_the_pods_are_killed():
    # 24 MiB a minute in a limit of 384 MiB: full within 16 minutes.
    _, flows = live(force(leak=only(N, CART, 0.4)), 20)
    mine = SHOP.owner == CART
    killed = [flow.killed[mine].any() for flow in flows]
    assert any(killed)
    assert not any(flow.killed[~mine].any() for flow in flows)
    assert flows[killed.index(True)].memory[mine].max() == 1.0


@pytest.mark.parametrize("how", ["replaced", "surged"])
def test_a_restart_clears_a_leak(how):
    state, _ = live(force(leak=only(N, CART, 0.2)), 10)
    mine = SHOP.owner == CART
    assert state.leaked[mine] == pytest.approx(120.0)  # 0.2 MiB/s for 600 s
    after, _ = step(RULES, state, force(**{how: mine}), 60.0)
    assert (after.leaked[mine] == 0).all()
    assert (after.age_s[mine] == 0).all()


@pytest.mark.parametrize(("how", "there"), [("replaced", False), ("surged", True)])
def test_a_pod_that_is_stopped_first_is_missing_while_the_next_one_starts(how, there):
    mine = SHOP.owner == CART
    _, flow = step(RULES, RULES.start(), force(**{how: mine}), STARTING_S)
    assert flow.up[mine].all() == there
    assert flow.up[~mine].all()


def test_a_pod_that_cannot_run_waits_longer_after_each_crash():
    mine = SHOP.owner == CART
    state, flows = live(force(broken=mine), 30)
    restarts = np.flatnonzero([flow.restarted[mine].any() for flow in flows])
    assert (np.diff(restarts)[1:] >= np.diff(restarts)[:-1]).all()
    assert flows[-1].looping[mine].all()
    assert flows[-1].failed[CART] > 0.9
    healed, flows = live(force(), 20, state=state)
    assert flows[-1].up[mine].all()
    assert not flows[-1].looping.any()
    assert (healed.crashes[mine] == 0).all()


def test_a_volume_grows_by_what_is_written_and_no_more():
    column = list(SHOP.volumes).index(SHOP.index("orders-db"))
    state = RULES.start()
    after, flow = step(RULES, state, force(fill=only(V, column, 1e-5)), 60.0)
    # 1e-5 a second for a minute beside the writes of the requests, 2.2e-10 each.
    written = flow.demand[SHOP.index("orders-db")] * 2.2e-10 * 60
    assert after.disk[column] - state.disk[column] == pytest.approx(6e-4 + written)


def test_a_full_volume_makes_its_database_refuse():
    column = list(SHOP.volumes).index(SHOP.index("orders-db"))
    full = replace(RULES.start(), disk=only(V, column, 1.0))
    _, flow = step(RULES, full, force(), 60.0)
    assert flow.failed[SHOP.index("orders-db")] == pytest.approx(0.7, abs=0.01)
