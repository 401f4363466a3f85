"""Classes whose target is a node: first with acting switched off, when it stays broken and nothing is called;
then a person is asked for each rung: the cordon that only contains, and the drain that mends it.
"""

import time

import pytest

from tests.acting import verdict
from tests.acting.hand import Hand
from tests.acting.nodes import NODES
from tests.acting.world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow]
PATIENCE_S = 90


@pytest.fixture(scope="module")
def world(control_plane, tmp_path_factory):
    """Two pools of nodes with something to lose."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    with World(control_plane, tmp_path_factory.mktemp("nodes"), NODES, "node", "observe", past=False) as made:
        yield made
    assert control_plane.kubelet.mishaps.take() == []


def test_with_acting_switched_off_a_node_stays_as_it_is_and_not_one_mutating_call_is_made(world):
    """B8, B9: the whole daemon as a process in mode observe, with a ServiceAccount that would let it."""
    with world.daemon() as daemon:
        world.is_warm(daemon)
        world.since = world.plane.audit.now()
        for case in NODES:  # one after the other: two nodes that fail at one time are one incident
            at = world.place(case)
            case.spoil(at)
            last = world.wait(lambda case=case, at=at: _decided(world, at, case), PATIENCE_S, "decided")
            assert last.plan.steps[0].remediation == "cordon"
            assert [one.guard for one in last.reasons if one.lean == "refuse"] == ["mode"]
            assert case.broken(at)
            case.set_bad(at, False)
            incident = world.incident(at, case)
            verdict.closed(world, case, incident, PATIENCE_S, lambda: time.sleep(0.3))
        user = f"system:serviceaccount:{world.own_namespace}:aiops"
        assert world.plane.audit.entries(user=user), "the oracle sees what it reads"
        assert world.plane.audit.mutating(user=user) == []


def _decided(world, at, case):
    """The newest decision about the case's node; None before."""
    seen = world.incident(at, case)
    decided = world.chronicle.decisions(seen.id) if seen is not None else []
    return decided[-1] if decided else None


def test_a_node_is_emptied_when_a_person_agrees_and_is_well_then(world):
    """E1, G5: each question has the exact change; the audit log shows the cordon, then the drain."""
    world.again("auto")
    with Hand(world) as hand:
        hand.calm()
        for case in NODES:
            case.spoil(world.place(case))
            incident = verdict.mended(world, case, PATIENCE_S, hand.tick)
            asked = [one.step.remediation for one in hand.questions(incident.id)]
            assert asked == ["cordon", "drain"]
            assert hand.questions(incident.id)[0].writes == 0
            verdict.only_expected_writes(world, case)
            results = [(one, result) for one, result, _ in world.chronicle.ended(incident.id)]
            assert results == [
                ("cordon", "applied"),
                ("cordon", "contained"),
                ("drain", "applied"),
                ("drain", "contained"),
            ]
            verdict.closed(world, case, incident, PATIENCE_S, hand.tick)
