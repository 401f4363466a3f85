"""Classes that the shipped playbooks let the daemon mend alone: injected, acted upon, verified, closed.

The daemon is ``aiops run`` with a ServiceAccount that may read, and do what the remediations declare. Each
class is played twice at the same time, in an opted-in namespace in mode auto and in one that is not
(observe): the first is mended, the second is as broken as before. The audit log says what was written (E1,
M9, B8, B9, G5).
Beside them are the classes in which the right answer is to do nothing, where everything would be allowed.
"""

import time

import pytest

from tests.acting import verdict
from tests.acting.alone import ALONE
from tests.acting.nothing import NOTHING
from tests.acting.world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow]
PATIENCE_S = 120


@pytest.fixture(scope="module")
def world(control_plane, tmp_path_factory):
    """Everything broken at once, and a daemon that was there before."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    folder = tmp_path_factory.mktemp("alone")
    with World(control_plane, folder, (*ALONE, *NOTHING), "alone") as made, made.daemon() as daemon:
        made.is_warm(daemon)
        made.spoil()
        yield made
    assert control_plane.kubelet.mishaps.take() == []


@pytest.mark.parametrize("case", ALONE, ids=str)
def test_it_is_acted_upon_verified_and_closed_and_its_twin_is_left_as_it_is(world, case):
    incident = verdict.mended(world, case, PATIENCE_S, lambda: time.sleep(0.3))
    verdict.only_expected_writes(world, case)
    verdict.twin_is_left(world, case, PATIENCE_S, lambda: time.sleep(0.3))
    case.over(world.place(case))
    verdict.closed(world, case, incident, PATIENCE_S, lambda: time.sleep(0.3))


@pytest.mark.parametrize("case", NOTHING, ids=str)
def test_it_is_seen_named_and_left_alone(world, case):
    """Not one mutating call, no dry run either, though the mode is auto and the place is opted in."""
    at = world.place(case)
    seen = world.wait(
        lambda: world.incident(at, case), PATIENCE_S, lambda: world.told(at, case), lambda: time.sleep(0.3)
    )
    last = world.chronicle.decisions(seen.id)[-1]
    assert last.plan.steps == ()
    assert last.plan.reason.startswith("the right answer is to do nothing: ")
    assert case.because in last.plan.reason
    assert world.touched(at) == []
    assert world.written(at, nodes=[case.node(at)] if hasattr(case, "node") else []) == []
