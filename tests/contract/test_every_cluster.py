"""Every cluster, the fake and the real API server, answers alike: what the engine's exactly-once rests on.

The fake's own engine tests are worth what this suite says of the fake.
"""

from dataclasses import replace

import pytest

from aiops.errors import NotFound, Unavailable
from aiops.model import Answer, Change, ChangeVerb, Mark, Sight, Target
from tests.contract.cluster_worlds import OLD_TEMPLATE, FakeWorld, RealWorld

OURS = Mark("life-1:step-0", 3)
THEIRS = Mark("life-2:step-0", 4)
PAUSE = {"spec": {"paused": True}}
VERBS = [ChangeVerb.PATCH, ChangeVerb.EVICT, ChangeVerb.DELETE, ChangeVerb.CREATE]


@pytest.fixture(params=["fake", pytest.param("kubernetes", marks=pytest.mark.integration)])
def world(request):
    if request.param == "fake":
        yield FakeWorld()
        return
    asked = ("control_plane", "namespace", "audit", "api_proxy", "service_account", "nodes")
    yield RealWorld(*(request.getfixturevalue(name) for name in asked))


def test_a_patch_is_committed_once_and_its_mark_is_on_the_object(world):
    cart = world.deployment()
    receipt = world.cluster.send(world.bound(cart, PAUSE), OURS)
    found = world.read(cart)
    assert receipt.answer is Answer.DONE, receipt
    assert receipt.uid == found["metadata"]["uid"]
    assert found["spec"]["paused"] is True
    notes = found["metadata"]["annotations"]
    assert (notes["aiops.dev/intent"], notes["aiops.dev/term"]) == ("life-1:step-0", "3")
    assert notes["team"] == "shop"  # what was there stays
    assert world.commits() == [("patch", "cart", "life-1:step-0", 3)]


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_says_it_would_and_does_nothing(world, verb):
    """B9. The server ignores a DELETE's dryRun in the query where there is a body: it must be in the body."""
    change = world.one_of_each()[verb]
    before = world.read(change.target)
    receipt = world.cluster.send(change, OURS, dry_run=True)
    assert (receipt.answer, receipt.uid, receipt.resource_version) == (Answer.DONE, None, None)
    assert world.read(change.target) == before
    assert world.cluster.look(change, OURS).sight is Sight.ABSENT
    assert world.commits() == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_same_write_sent_twice_has_one_effect(world, verb):
    """E2: a repeat is refused by the API server itself."""
    change = world.one_of_each()[verb]
    first, second = world.cluster.send(change, OURS), world.cluster.send(change, OURS)
    assert first.answer is Answer.DONE, first
    assert second.answer in (Answer.CONFLICT, Answer.NOT_FOUND), second
    assert world.commits() == [(verb.value, change.target.name, "life-1:step-0", 3)]


@pytest.mark.parametrize("verb", VERBS)
def test_a_write_whose_answer_was_lost_is_unknown_and_a_look_finds_it(world, verb):
    """E3: never sent again, resolved by reading."""
    change = world.one_of_each()[verb]
    with world.spoiled("lose", verb):
        assert world.cluster.send(change, OURS).answer is Answer.UNKNOWN
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, True), look
    assert world.commits() == [(verb.value, change.target.name, "life-1:step-0", 3)]


@pytest.mark.parametrize("verb", VERBS)
def test_a_write_that_never_arrived_is_unknown_and_a_look_allows_to_send_it(world, verb):
    """E2, E3."""
    change = world.one_of_each()[verb]
    with world.spoiled("drop", verb):
        assert world.cluster.send(change, OURS).answer is Answer.UNKNOWN
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ABSENT, False), look
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    assert world.commits() == [(verb.value, change.target.name, "life-1:step-0", 3)]


@pytest.mark.parametrize("verb", VERBS)
def test_a_throttled_write_did_nothing_and_says_when_to_come_back(world, verb):
    """E8: told apart from a disruption budget's 429."""
    change = world.one_of_each()[verb]
    with world.spoiled("throttle", verb):
        receipt = world.cluster.send(change, OURS)
    assert (receipt.answer, receipt.retry_after_s) == (Answer.THROTTLED, 7.0)
    assert world.commits() == []


def test_where_no_connection_is_made_nothing_was_sent_and_nothing_is_seen(world):
    """E9."""
    change = world.bound(world.deployment(), PAUSE)
    with world.unreachable() as cluster:
        assert cluster.send(change, OURS).answer is Answer.UNAVAILABLE
        assert cluster.look(change, OURS).sight is Sight.UNKNOWN
        with pytest.raises(Unavailable):
            cluster.capture(change.target, 0)
    assert world.commits() == []


def test_a_plan_made_before_somebody_elses_change_is_refused(world):
    """E5, E6, M16: the old plan never goes over the newer state."""
    cart = world.deployment()
    change = world.bound(cart, PAUSE)
    world.edit(cart, {"spec": {"minReadySeconds": 7}})
    assert world.cluster.send(change, OURS).answer is Answer.CONFLICT
    assert world.cluster.send(change, OURS, dry_run=True).answer is Answer.CONFLICT
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.CHANGED, False)
    assert "paused" not in world.read(cart)["spec"]
    assert world.commits() == []


def test_a_newer_status_is_no_newer_plan_where_the_generation_is_known(world):
    """M16: a controller writes the status of a busy workload several times a second."""
    cart = world.deployment()
    bound = world.bound(cart, PAUSE)
    generation = world.read(cart)["metadata"]["generation"]
    change = replace(bound, generation=generation)
    world.report(cart, {"unavailableReplicas": 7})
    assert world.cluster.send(change, OURS).answer is Answer.CONFLICT  # the version is the precondition
    assert world.cluster.look(bound, OURS).sight is Sight.CHANGED
    look = world.cluster.look(change, OURS)
    assert look.sight is Sight.ABSENT
    anew = replace(change, resource_version=look.resource_version)
    assert world.cluster.send(anew, OURS).answer is Answer.DONE
    other = replace(world.bound(cart, {"spec": {"minReadySeconds": 7}}), generation=generation)
    assert world.cluster.look(other, THEIRS).sight is not Sight.CHANGED  # its version is fresh
    world.edit(cart, {"spec": {"minReadySeconds": 8}})
    assert world.cluster.look(other, THEIRS).sight is Sight.CHANGED


def test_another_object_of_the_same_name_is_never_patched(world):
    """E5: deleted and made anew between plan and act."""
    change = world.bound(world.deployment(), PAUSE)
    world.remove(change.target)
    world.deployment()
    anew = world.bound(change.target, PAUSE)
    assert anew.uid != change.uid
    fresh = Change(change.target, anew.resource_version, PAUSE, change.uid)  # only the uid is another
    for one in (change, fresh):
        assert world.cluster.send(one, OURS).answer is Answer.CONFLICT
        assert world.cluster.look(one, OURS).sight is Sight.CHANGED
    assert world.commits() == []


@pytest.mark.parametrize("verb", [ChangeVerb.EVICT, ChangeVerb.DELETE])
def test_another_pod_of_the_same_name_is_never_ended(world, verb):
    """E2: the pod of a StatefulSet comes back under its name; what was planned on is gone."""
    pod = world.pod("db-0", {"app": "db"})
    change = world.bound(pod, verb=verb)
    world.remove(pod)
    world.pod("db-0", {"app": "db"})
    assert world.cluster.send(change, OURS).answer is Answer.CONFLICT
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.uid) == (Sight.ARRIVED, world.read(pod)["metadata"]["uid"])
    assert world.commits() == []


@pytest.mark.parametrize("verb", [ChangeVerb.PATCH, ChangeVerb.EVICT, ChangeVerb.DELETE])
def test_what_is_gone_is_not_found(world, verb):
    change = world.one_of_each()[verb]
    world.remove(change.target)
    assert world.cluster.send(change, OURS).answer is Answer.NOT_FOUND
    expected = Sight.CHANGED if verb is ChangeVerb.PATCH else Sight.ARRIVED
    assert world.cluster.look(change, OURS).sight is expected


def test_delete_may_be_bound_to_the_version_as_well(world):
    pod = world.pod("left", {"app": "left"}, phase="Failed")
    version = world.read(pod)["metadata"]["resourceVersion"]
    world.edit(pod, {"metadata": {"labels": {"somebody": "looks"}}})
    uid = world.read(pod)["metadata"]["uid"]
    stale = Change(pod, version, {}, uid, ChangeVerb.DELETE)
    assert world.cluster.send(stale, OURS).answer is Answer.CONFLICT
    assert world.cluster.send(Change(pod, None, {}, uid, ChangeVerb.DELETE), OURS).answer is Answer.DONE


def test_a_budget_without_room_refuses_an_eviction_and_the_pod_stays(world):
    """E8, B4: a dry run is told the same."""
    change = world.bound(world.pod("db-0", {"app": "db"}), verb=ChangeVerb.EVICT)
    world.budget("db", {"app": "db"}, allowed=0)
    for dry_run in (True, False):
        assert world.cluster.send(change, OURS, dry_run=dry_run).answer is Answer.BUDGET
    assert world.cluster.look(change, OURS).sight is Sight.ABSENT
    assert world.commits() == []


def test_a_budget_with_room_for_one_lets_one_go(world):
    """B4."""
    pods = [world.pod(f"db-{number}", {"app": "db"}) for number in range(2)]
    changes = [world.bound(pod, verb=ChangeVerb.EVICT) for pod in pods]
    world.budget("db", {"app": "db"}, allowed=1)
    answers = [world.cluster.send(change, OURS).answer for change in changes]
    assert answers == [Answer.DONE, Answer.BUDGET]


def test_a_pod_that_has_ended_is_evicted_whatever_its_budget_says(world):
    change = world.bound(world.pod("done", {"app": "db"}, phase="Failed"), verb=ChangeVerb.EVICT)
    world.pod("db-0", {"app": "db"})
    assert world.cluster.send(change, OURS).answer is Answer.DONE


def test_two_budgets_over_one_pod_are_no_matter_of_time(world):
    """Nothing was done, and waiting does not help: a person must remove one."""
    change = world.bound(world.pod("db-0", {"app": "db"}), verb=ChangeVerb.EVICT)
    world.budget("db-a", {"app": "db"}, allowed=1)
    world.budget("db-b", {"app": "db"}, allowed=1)
    receipt = world.cluster.send(change, OURS)
    assert receipt.answer is Answer.INVALID, receipt
    assert world.read(change.target) is not None


def test_what_is_created_carries_the_mark_and_is_deleted_by_the_uid_of_its_receipt(world):
    target, body = world.job("rerun")
    change = Change(target, None, body, None, ChangeVerb.CREATE)
    receipt = world.cluster.send(change, OURS)
    assert receipt.answer is Answer.DONE, receipt
    assert world.read(target)["metadata"]["annotations"]["aiops.dev/intent"] == "life-1:step-0"
    undo = Change(target, None, {}, receipt.uid, ChangeVerb.DELETE)
    assert world.cluster.send(undo, THEIRS).answer is Answer.DONE
    assert [verb for verb, *_ in world.commits()] == ["create", "delete"]


def test_somebody_elses_object_of_the_name_to_create_is_not_taken_for_ours(world):
    target, body = world.job("rerun")
    world.make("Job", "rerun", body)
    change = Change(target, None, body, None, ChangeVerb.CREATE)
    assert world.cluster.send(change, OURS).answer is Answer.CONFLICT
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.CHANGED, False)


def test_a_later_change_of_another_field_leaves_ours_to_be_undone(world):
    cart = world.deployment()
    change = world.bound(cart, PAUSE)
    world.cluster.send(change, OURS)
    world.edit(cart, {"spec": {"minReadySeconds": 7}})
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, True)
    assert look.resource_version != change.resource_version  # what an undo is to be bound to


def test_a_later_change_of_our_field_is_not_ours_to_undo(world):
    """M16."""
    cart = world.deployment()
    change = world.bound(cart, {"spec": {"minReadySeconds": 7}})
    world.cluster.send(change, OURS)
    world.edit(cart, {"spec": {"minReadySeconds": 8}})
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, False)


def test_the_mark_of_a_newer_term_is_seen(world):
    """E4, E5: whoever wrote since leads now."""
    cart = world.deployment()
    change = world.bound(cart, PAUSE)
    world.cluster.send(change, OURS)
    world.cluster.send(world.bound(cart, {"spec": {"minReadySeconds": 7}}), THEIRS)
    look = world.cluster.look(change, OURS)
    assert (look.term, look.sight) == (THEIRS.term, Sight.CHANGED)


def test_null_takes_an_annotation_away_and_one_that_is_not_there_is_no_error(world):
    cart = world.deployment()
    change = world.bound(cart, {"metadata": {"annotations": {"team": None, "never": None}}})
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    assert "team" not in world.read(cart)["metadata"]["annotations"]
    assert world.cluster.look(change, OURS).holds
    world.edit(cart, {"metadata": {"annotations": {"team": "back"}}})
    assert not world.cluster.look(change, OURS).holds


def test_a_rollback_replaces_the_template_as_a_whole(world):
    """The container, the variable and the annotation that the newer revision added are gone."""
    cart = world.deployment()
    template = {"$patch": "replace", **OLD_TEMPLATE}
    change = world.bound(cart, {"spec": {"template": template}})
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    found = world.read(cart)["spec"]["template"]
    containers = [(one["name"], one["image"], one["env"]) for one in found["spec"]["containers"]]
    assert containers == [("web", "shop/cart:1", [{"name": "MODE", "value": "old"}])]
    assert not found["metadata"].get("annotations")
    assert world.cluster.look(change, OURS).holds
    sidecar = [{"name": "persons", "image": "shop/debug:1"}]
    world.edit(cart, {"spec": {"template": {"spec": {"containers": sidecar}}}})
    assert not world.cluster.look(change, OURS).holds  # an undo would take it away


def test_containers_are_merged_by_name_and_quantities_are_equal_by_value(world):
    cart = world.deployment()
    resources = {"limits": {"memory": "1024Mi"}, "requests": {"memory": "0.25Gi"}}
    web = {"name": "web", "resources": resources}
    change = world.bound(cart, {"spec": {"template": {"spec": {"containers": [web]}}}})
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    found = world.read(cart)["spec"]["template"]["spec"]["containers"]
    assert {one["name"] for one in found} == {"web", "added"}
    assert world.cluster.look(change, OURS).holds
    fewer = [{"name": "web", "resources": {"limits": {"memory": "1023Mi"}}}]
    world.edit(cart, {"spec": {"template": {"spec": {"containers": fewer}}}})
    assert not world.cluster.look(change, OURS).holds


def test_taints_are_replaced_as_a_whole(world):
    """So whoever taints must write back what was there."""
    old = {"key": "old", "effect": "NoSchedule"}
    new = {"key": "aiops.dev/suspect", "value": "1", "effect": "NoSchedule"}
    node = world.node("n", [old])
    change = world.bound(node, {"spec": {"taints": [new]}})
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    assert world.read(node)["spec"]["taints"] == [new]
    assert world.cluster.look(change, OURS).holds
    world.edit(node, {"spec": {"taints": [new, old]}})
    assert not world.cluster.look(change, OURS).holds


def test_a_restart_is_one_new_generation_and_its_repeat_is_none(world):
    """E2: the time is fixed at planning, so that a second rollout cannot come of it."""
    cart = world.deployment()
    note = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00+00:00"}
    patch = {"spec": {"template": {"metadata": {"annotations": note}}}}
    before = world.read(cart)["metadata"]["generation"]
    world.cluster.send(world.bound(cart, patch), OURS)
    world.cluster.send(world.bound(cart, patch), OURS)
    assert world.read(cart)["metadata"]["generation"] == before + 1


def test_a_mark_alone_is_a_new_generation_of_a_deployment_and_of_a_node_none(world):
    """So a generation proves a rollout no more than a version does."""
    for target, more in ((world.deployment(), 1), (world.node("n"), 0)):
        before = world.bound(target)
        generation = world.read(target)["metadata"].get("generation", 0)
        world.cluster.send(replace(before, patch={"metadata": {"labels": {"ours": "yes"}}}), OURS)
        found = world.read(target)["metadata"]
        assert found["annotations"]["aiops.dev/intent"] == "life-1:step-0"
        assert found.get("generation", 0) == generation + more


def test_a_refusal_of_rights_names_verb_and_resource(world):
    change = world.bound(world.deployment(), PAUSE)
    evict = world.bound(world.pod("p", {"app": "p"}), verb=ChangeVerb.EVICT)
    cluster = world.without_rights()
    for one, words in ((change, ("patch", "deployment")), (evict, ("evict", "pod"))):
        receipt = cluster.send(one, OURS)
        assert receipt.answer is Answer.FORBIDDEN, receipt
        assert all(word in receipt.detail.lower() for word in words), receipt
    assert world.commits() == []


def test_what_is_bound_to_nothing_is_never_sent(world):
    """B1: an empty selector of ours would be such a change."""
    cart, pod = world.deployment(), world.pod("p", {"app": "p"})
    patch = world.bound(cart, PAUSE)
    for bad in (
        Change(cart, None, PAUSE, patch.uid),
        Change(cart, patch.resource_version, PAUSE, None),
        Change(cart, patch.resource_version, {}, patch.uid),
        Change(pod, None, {}, None, ChangeVerb.EVICT),
        Change(pod, None, {}, None, ChangeVerb.DELETE),
        Change(cart, None, {}, patch.uid, ChangeVerb.EVICT),
        Change(pod, None, {}, None, ChangeVerb.CAPTURE),
        Change(Target("Secret", world.namespace, "s"), "1", {"data": {}}, "u"),
        Change(Target("Deployment", "", "cart"), "1", PAUSE, patch.uid),
        Change(Target("Deployment", world.namespace, "../x"), "1", PAUSE, patch.uid),
        Change(Target("Node", world.namespace, "n"), "1", PAUSE, "u"),
    ):
        with pytest.raises(ValueError, match=r"expected|needs|needed|only|capture"):
            world.cluster.send(bad, OURS)
    assert world.commits() == []


def test_a_capture_is_nothing_to_look_for(world):
    with pytest.raises(ValueError, match="capture"):
        world.cluster.look(Change(world.pod("p", {"app": "p"}), None, {}, None, ChangeVerb.CAPTURE), OURS)


def test_evidence_names_its_object_and_of_what_is_gone_there_is_none(world):
    cart = world.deployment()
    captured = world.cluster.capture(cart, 1_234)
    assert (captured["target"], captured["at_ms"]) == (str(cart), 1_234)
    world.remove(cart)
    with pytest.raises(NotFound):
        world.cluster.capture(cart, 1_234)
