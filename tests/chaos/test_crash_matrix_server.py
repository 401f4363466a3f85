"""E1, G1, G3, G5 on a real API server, by its audit log. A sample; ``make chaos`` runs it all."""

import itertools

import pytest

from tests.chaos import matrix
from tests.chaos.acts import ACTS
from tests.chaos.server import Server

pytestmark = [pytest.mark.integration, pytest.mark.slow]

EVERY = 20


@pytest.fixture(scope="module")
def server(control_plane):
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no audit log")
    with Server(control_plane, "chaos-matrix") as made:
        yield made


@pytest.mark.parametrize("act", ACTS, ids=lambda one: one.name)
def test_killed_at_a_sample_of_points_nothing_is_lost_or_doubled(server, act, tmp_path):
    numbers = itertools.count()
    found = list(server.cells(act, matrix.SCENARIOS, lambda: tmp_path / f"{next(numbers)}.db", every=EVERY))
    assert [str(one) for one in found if not one.good] == []
    counted = matrix.figures(found)
    assert counted["kills"] >= 6
    assert counted["kills in flight"] >= matrix.LEAST_BUSY * counted["kills"]
