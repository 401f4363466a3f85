"""FakeCluster: what the contract suite cannot ask of a real one: its facts, its scripts, a late write."""

import pytest

from aiops.errors import Unavailable
from aiops.model import Answer, Change, ChangeVerb, Facts, Mark, Node, Pod, Sight, Target, Workload
from tests.fakes.cluster import Crashed, FakeCluster, Fault

CART = Target("Deployment", "shop", "cart")
POD = Target("Pod", "shop", "cart-1")
NODE = Target("Node", "", "n1")
KNOWN = Facts(
    5,
    workloads={CART: Workload(CART, uid="u1", resource_version="7", replicas=3, paused=False)},
    pods={POD: Pod(POD, uid="p1", labels={"app": "cart"})},
    nodes={NODE: Node(NODE, uid="n1", resource_version="3", unschedulable=False, taints=())},
)
OURS = Mark("life-1:step-0", 3)
SCALE = Change(CART, "7", {"spec": {"replicas": 5}}, "u1")


@pytest.fixture
def cluster():
    return FakeCluster(KNOWN)


def test_facts_say_what_the_objects_say(cluster):
    cluster.send(SCALE, OURS)
    cluster.edit(NODE, {"spec": {"unschedulable": True, "taints": [{"key": "a"}]}})
    cluster.remove(POD)
    facts = cluster.facts(9)
    cart, node = facts.workloads[CART], facts.nodes[NODE]
    assert (facts.at_ms, cart.replicas, cart.uid) == (9, 5, "u1")
    assert cart.resource_version == cluster.objects[CART]["metadata"]["resourceVersion"] != "7"
    assert cart.annotations["aiops.dev/intent"] == "life-1:step-0"
    assert (node.unschedulable, node.taints) == (True, ({"key": "a"},))
    assert facts.pods == {}


def test_a_plan_from_its_facts_can_be_sent_again_and_again(cluster):
    for replicas in (5, 6):
        cart = cluster.facts(9).workloads[CART]
        change = Change(CART, cart.resource_version, {"spec": {"replicas": replicas}}, cart.uid)
        assert cluster.send(change, OURS).answer is Answer.DONE
    assert [one.patch["spec"]["replicas"] for one in cluster.commits] == [5, 6]


def test_frozen_facts_stay_as_they_were_and_so_does_their_time(cluster):
    """E10."""
    cluster.facts(5)
    cluster.frozen_facts = True
    cluster.send(SCALE, OURS)
    facts = cluster.facts(99)
    assert (facts.at_ms, facts.workloads[CART].replicas) == (5, 3)


@pytest.mark.parametrize("how", ["down", "blind"])
def test_what_cannot_be_read_is_an_error_and_a_look_is_unknown(cluster, how):
    setattr(cluster, how, True)
    for read in (lambda: cluster.facts(1), lambda: cluster.capture(CART, 1)):
        with pytest.raises(Unavailable):
            read()
    assert cluster.look(SCALE, OURS).sight is Sight.UNKNOWN
    assert cluster.send(SCALE, OURS).answer is (Answer.UNAVAILABLE if how == "down" else Answer.DONE)


def test_a_write_that_was_held_back_arrives_when_it_is_delivered(cluster):
    """E5: and is refused where somebody was faster."""
    cluster.script(Fault.HOLD_BACK, Fault.HOLD_BACK)
    evict = Change(POD, None, {}, "p1", ChangeVerb.EVICT)
    assert [cluster.send(one, OURS).answer for one in (SCALE, evict)] == [Answer.UNKNOWN] * 2
    assert cluster.commits == []
    cluster.edit(CART, {"spec": {"paused": True}})
    assert [one.answer for one in cluster.deliver()] == [Answer.CONFLICT, Answer.DONE]
    assert [one.verb for one in cluster.commits] == ["evict"]
    assert cluster.deliver() == []


def test_a_crash_is_after_the_commit_and_no_edge_catches_it(cluster):
    cluster.script(None, Fault.CRASH)
    cluster.send(Change(NODE, "3", {"spec": {"unschedulable": True}}, "n1"), OURS)
    with pytest.raises(Crashed):
        cluster.send(SCALE, OURS)
    assert not issubclass(Crashed, Exception)
    assert [one.target for one in cluster.commits] == [NODE, CART]


def test_a_controller_reacts_to_what_was_committed_and_to_nothing_else(cluster):
    seen = []
    cluster.on_commit = seen.append
    cluster.send(SCALE, OURS, dry_run=True)
    cluster.script(Fault.THROTTLE)
    cluster.send(SCALE, OURS)
    cluster.send(SCALE, OURS)
    cluster.send(SCALE, OURS)  # a conflict by now
    assert [(one.verb, one.target) for one in seen] == [("patch", CART)]
    assert [(one.answer, one.dry_run) for one in cluster.audit] == [
        (Answer.DONE, True),
        (Answer.DONE, False),
        (Answer.CONFLICT, False),
    ]


def test_evidence_is_what_a_test_says_it_is(cluster):
    cluster.evidence[CART] = {"events": ["x"]}
    assert cluster.capture(CART, 1) == {"events": ["x"]}
    assert cluster.captured == [CART]
