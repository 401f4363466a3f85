"""Classes in which a person is asked first: the question has the exact change, nothing is written before the
answer; then it is carried out, verified and closed.

The daemon's parts run in this process, and people answer by the forum. Each class is
played twice at the same time: in an opted-in namespace, and beside it in one that is not, which stays broken
(E1, M9, B8, B9, G5; the impact floor of promises 5.3).
"""

import pytest

from tests.acting import verdict
from tests.acting.asked import ASKED
from tests.acting.hand import Hand
from tests.acting.world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow]
PATIENCE_S = 100


@pytest.fixture(scope="module")
def hand(control_plane, tmp_path_factory):
    """Everything broken at once, before the eyes of a daemon that was there before."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    with World(control_plane, tmp_path_factory.mktemp("asked"), ASKED, "asked") as world, Hand(world) as made:
        made.calm()
        world.spoil()
        yield made
    assert control_plane.kubelet.mishaps.take() == []


@pytest.mark.parametrize("case", ASKED, ids=str)
def test_a_person_is_asked_first_then_it_is_mended_and_its_twin_is_left_as_it_is(hand, case):
    world = hand.world
    incident = verdict.mended(world, case, PATIENCE_S, hand.tick)
    questions = hand.questions(incident.id)
    assert len(questions) == case.fixes, [one.step.summary for one in questions]
    verdict.the_question_was_exact(world, case, questions[0])
    verdict.only_expected_writes(world, case)
    verdict.twin_is_left(world, case, PATIENCE_S, hand.tick)
    case.over(world.place(case))
    verdict.closed(world, case, incident, PATIENCE_S, hand.tick)
