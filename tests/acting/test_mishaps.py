"""What may happen between the plan and its end: people, rights, an API server that goes away.

One daemon for all of them, its parts in this process: what one mishap does to it, the next one would feel.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiops.model import Target
from tests.acting import verdict
from tests.acting.hand import Hand
from tests.acting.mishaps import (
    AGAIN,
    AWAY,
    BY_HAND,
    DRAIN,
    FORBIDDEN,
    MISHAPS,
    OLD,
    RESTART,
    TAKEN_BACK,
)
from tests.acting.world import World

pytestmark = [pytest.mark.integration, pytest.mark.slow]
PATIENCE_S = 90
AIOPS = str(Path(sys.executable).parent / "aiops")
NOTHING_CAME = {"superseded", "refused"}


@pytest.fixture(scope="module")
def hand(control_plane, tmp_path_factory):
    """A daemon before which all is well; people say no to nothing, and yes only where a test lets them."""
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no simulated kubelet")
    folder = tmp_path_factory.mktemp("mishaps")
    with (
        World(control_plane, folder, MISHAPS, "mishap", twins=False, past=False) as world,
        Hand(world) as made,
    ):
        made.agreed = set()
        made.answers = lambda asked: asked.plan.target in made.agreed
        made.calm()
        world.since = world.plane.audit.now()
        yield made
    assert control_plane.kubelet.mishaps.take() == []


def asked(hand, case):
    """Break it, and wait until a person is asked."""
    at = hand.world.place(case)
    case.spoil(at)

    def mine():
        return next((one for one in hand.asked if one.target.namespace == at.space), None)

    return at, hand.until(mine, PATIENCE_S, lambda: f"asked: {hand.world.told(at, case)}")


def outcomes(hand, question):
    """What came of the steps of the question's incident."""
    return [result for _, result, _ in hand.world.chronicle.ended(question.incident_id)]


def test_a_fix_that_a_person_made_meanwhile_is_credited_to_them(hand):
    """Item 8: recognised, and nothing is done any more."""
    world = hand.world
    at, question = asked(hand, BY_HAND)
    hand.calm(3)  # what comes within five seconds of the first bad sample may be its cause
    at.release("cart", image=OLD)  # as kubectl edit does
    incident = hand.until(
        lambda: next(
            (one for one in world.chronicle.incidents() if one.id == question.incident_id and one.closed_ms),
            0,
        ),
        PATIENCE_S,
        lambda: world.told(at, BY_HAND),
    )
    assert incident.credit.startswith(f"kubectl-edit changed Deployment/{at.space}/cart at ")
    assert outcomes(hand, question) == []
    assert world.written(at) == []


def test_another_object_of_the_same_name_is_not_the_one_that_was_planned_on(hand):
    """E5, M16: a person deletes it and makes it anew between the question and the answer."""
    world = hand.world
    at, question = asked(hand, AGAIN)
    new = AGAIN.make_again(at)
    assert new["metadata"]["uid"] != question.step.change.uid
    hand.agree(question)
    hand.calm(6)
    assert set(outcomes(hand, question)) <= NOTHING_CAME
    assert [one for one in world.written(at) if one.resource == "deployments"] == []
    there = at.api.get("Deployment", at.space, "cart")
    assert not [key for key in there["metadata"].get("annotations", {}) if key.startswith("aiops.dev/")]


def test_what_was_deleted_meanwhile_is_not_missed(hand):
    """The incident ends with its object, and the approval leads to nothing."""
    world = hand.world
    at, question = asked(hand, AWAY)
    at.api.delete("Deployment", at.space, "cart", {"propagationPolicy": "Foreground"})
    at.api.wait_gone("Deployment", at.space, "cart")
    hand.agree(question)
    hand.until(
        lambda: any(one.id == question.incident_id and one.closed_ms for one in world.chronicle.incidents()),
        PATIENCE_S,
        lambda: world.told(at, AWAY),
    )
    assert set(outcomes(hand, question)) <= NOTHING_CAME
    assert world.written(at) == []


def test_a_right_that_is_missing_is_named_and_the_daemon_goes_on(hand):
    """RBAC lacks a verb from now on: the error names verb and resource; given back, it is used."""
    world = hand.world
    at, question = asked(hand, FORBIDDEN)
    name = f"{world.own_namespace}-aiops"
    before = at.api.get("ClusterRole", None, name)["rules"]
    without = [one for one in before if not ("patch" in one["verbs"] and "deployments" in one["resources"])]
    assert len(without) == len(before) - 1
    at.api.patch("ClusterRole", None, name, {"rules": without})
    hand.agree(question)
    hand.until(lambda: "refused" in outcomes(hand, question), PATIENCE_S, lambda: world.told(at, FORBIDDEN))
    (said,) = [
        detail for _, result, detail in world.chronicle.ended(question.incident_id) if result == "refused"
    ]
    assert "patch deployments.apps" in said
    assert "forbidden" in said.lower()
    assert all(one.code == 403 for one in world.touched(at) if not one.dry_run)
    at.api.patch("ClusterRole", None, name, {"rules": before})
    hand.agreed.add(question.plan.target)
    decided = world.chronicle.decisions(question.incident_id)
    hand.until(
        lambda: "verified" in outcomes(hand, question),
        PATIENCE_S,
        lambda: f"{decided[-1]} {world.told(at, FORBIDDEN)}",
    )


def test_what_was_done_is_taken_back_when_a_person_asks_for_it(hand):
    """``aiops undo`` through the inbox of the running daemon, on the real cluster."""
    world = hand.world
    at = world.place(TAKEN_BACK)
    TAKEN_BACK.spoil(at)
    incident = verdict.mended(world, TAKEN_BACK, PATIENCE_S, hand.tick)
    command = [
        AIOPS,
        "undo",
        incident.id,
        "--state",
        str(world.folder / "state"),
        "--reason",
        "too dear",
        "--json",
    ]
    asking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    hand.until(lambda: asking.poll() is not None, PATIENCE_S, "aiops undo has ended")
    out, err = asking.communicate()
    assert asking.returncode == 0, (out, err)
    assert json.loads(out)
    wanted = [*TAKEN_BACK.expected(at), TAKEN_BACK.undone(at)]
    got = world.written(at)
    assert len(got) == len(wanted)
    assert all(one.is_of(other) for one, other in zip(got, wanted, strict=True)), got
    assert world.chronicle.ended(incident.id)[-1][1] == "undone"


def test_the_kill_switch_stops_a_drain_between_two_evictions(hand):
    """B5, E8: a ConfigMap, effective at the next write; the budget paces the drain, and no pod is deleted."""
    world = hand.world
    at = world.place(DRAIN)
    hand.agreed.add(Target("Node", "", DRAIN.node(at)))
    DRAIN.spoil(at)

    def evicted():
        world.plane.audit.refresh()
        seen = world.plane.audit.mutating(
            settle=False, namespace=at.space, since=world.since, user_agent="aiops/"
        )
        assert {one.verb for one in seen} <= {"create"}
        return [one for one in seen if not one.dry_run and one.succeeded]

    hand.until(evicted, PATIENCE_S, lambda: f"a first eviction: {world.told(at, DRAIN)}")
    stop = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "aiops-stop", "namespace": world.own_namespace},
    }
    at.create({**stop, "data": {"stop": "true"}})
    done = len(evicted())
    assert done < len(at.notes["pods"]), "the drain was over before it could be stopped"
    hand.until(at.is_complete, 30, "the pod that was evicted has a successor: the budget would allow more")
    hand.calm(4)
    assert len(evicted()) == done
    assert any(one["stopped"] for one in world.chronicle.payloads("switch_changed"))
    at.api.delete("ConfigMap", world.own_namespace, "aiops-stop")
    hand.until(lambda: len(evicted()) == len(at.notes["pods"]), PATIENCE_S, lambda: world.told(at, DRAIN))
    verdict.mended(world, DRAIN, PATIENCE_S, hand.tick)


def test_an_api_server_that_restarts_in_the_middle_is_waited_for(hand):
    """E9: approved while it is away, nothing can be known or sent; when it is back it is done, once."""
    world = hand.world
    at, question = asked(hand, RESTART)
    hand.agreed.add(question.plan.target)
    world.plane.kill_api_server()
    hand.agree(question)
    try:
        hand.calm(2)  # no longer: nodes that cannot renew their leases for eight seconds count as dead
        assert "applied" not in outcomes(hand, question)
    finally:
        world.plane.start_api_server()
    hand.until(lambda: "verified" in outcomes(hand, question), PATIENCE_S, lambda: world.told(at, RESTART))
    verdict.only_expected_writes(world, RESTART)
