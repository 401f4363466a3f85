"""The sums behind the simulated applications: fixes help because the sums say so."""

import pytest

from tests.controlplane.traffic import EDGES, App, Counters, Spoil, load

SHOP = App("shop", "cart", rps=100.0, cpu_s=0.005, latency_s=0.02)  # 0.5 cores in all


def fares(pods=1, spoils=(), cores=1.0, leaked_mib=0.0, is_ready=True, app=SHOP):
    return load(app, pods, list(spoils), cores, leaked_mib, is_ready)


def test_the_load_is_shared_by_the_ready_pods_and_an_unready_one_has_none():
    assert [fares(pods=4).rps, fares(pods=4, is_ready=False).rps] == [25.0, 0.0]


def test_more_pods_answer_faster():
    # one: 100 * 0.005 + 0.01 = 0.51 of its core is busy, 0.02 / (1 - 0.51); of two each 0.26
    assert fares(pods=1).latency_s == pytest.approx(0.02 / 0.49)
    assert fares(pods=2).latency_s == pytest.approx(0.02 / 0.74)


@pytest.mark.parametrize(("cores", "refused"), [(0.51, 0.0), (0.255, 0.5)])
def test_what_does_not_fit_into_the_cpu_is_refused_and_the_cpu_is_full(cores, refused):
    # 0.51 cores are wanted: they fit just so, or half of them do
    crowded = fares(cores=cores)
    assert (crowded.error_ratio, crowded.cpu) == (pytest.approx(refused), pytest.approx(cores))


def test_throttling_begins_at_four_fifths_of_the_limit():
    # 0.51 of 0.6375 cores is 0.8; of 0.6 it is 0.85, 0.05 above, five times that is a quarter
    assert fares(cores=0.6375).throttled == pytest.approx(0.0)
    assert fares(cores=0.6).throttled == pytest.approx(0.25)


def test_spoils_add_up():
    bad = fares(spoils=[Spoil(latency_s=1.0, error_ratio=0.2), Spoil(error_ratio=0.3, cpu=0.1)])
    assert bad.error_ratio == pytest.approx(0.5)
    assert bad.cpu == pytest.approx(0.61)
    assert bad.latency_s == pytest.approx(0.02 / 0.39 + 1.0)


def test_leaked_memory_is_added_to_what_it_needs():
    assert fares(leaked_mib=40.0).memory_mib == 104.0


def test_counters_split_requests_by_answer_and_by_time():
    counters = Counters(restarts=0)
    counters.advance(2.0, fares(spoils=[Spoil(error_ratio=0.25)]))
    assert (sum(counters.good), sum(counters.bad)) == (pytest.approx(150.0), pytest.approx(50.0))
    # 0.0408 s: half take 0.0286, 45 % 0.0408, 5 % 0.0571; so 95 % are within 0.05 and the rest within 0.1
    assert counters.good[EDGES.index(0.05)] == pytest.approx(142.5)
    assert counters.good[EDGES.index(0.1)] == pytest.approx(7.5)
