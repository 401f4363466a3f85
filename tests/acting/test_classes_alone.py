"""Classes that the shipped playbooks let the daemon mend alone: injected, acted upon, verified, closed.

The daemon is ``aiops run`` with a ServiceAccount that may read, and do what the remediations declare. Each class
is played twice at the same time, in an opted-in namespace in mode auto and in one that is not (observe): the first
is mended, the second is as broken as before. The audit log says what was written (E1, M9, B8, B9, G5).
"""

import contextlib
import time

import pytest

from tests.acting import verdict
from tests.acting.alone import ALONE
from tests.acting.world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.xdist_group("acting-alone")]
PATIENCE_S = 120


@pytest.fixture(scope="module")
def world(control_plane, tmp_path_factory):
    """Everything broken at once, and a daemon that was there before."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    with World(control_plane, tmp_path_factory.mktemp("alone"), ALONE, "alone") as made:
        with made.daemon() as daemon:
            made.wait(lambda: daemon.get("/readyz")[0] == 200, 60, "the daemon is ready")
            made.wait(lambda: made.chronicle.records("scopes_seen"), 20, "it has ticked")
            warm = time.monotonic() + 6  # of good ticks: ``open_of`` of them, and the first
            made.wait(lambda: time.monotonic() > warm, 10, "it is warm")
            made.daemon_process = daemon
            made.spoil()
            yield made
    with contextlib.suppress(AttributeError):
        assert control_plane.kubelet.mishaps.take() == []


@pytest.mark.parametrize("case", ALONE, ids=str)
def test_it_is_acted_upon_verified_and_closed_and_its_twin_is_left_as_it_is(world, case):
    incident = verdict.mended(world, case, PATIENCE_S, lambda: time.sleep(0.3))
    verdict.only_expected_writes(world, case)
    verdict.twin_is_left(world, case, PATIENCE_S, lambda: time.sleep(0.3))
    case.over(world.place(case))
    verdict.closed(world, case, incident, PATIENCE_S, lambda: time.sleep(0.3))
