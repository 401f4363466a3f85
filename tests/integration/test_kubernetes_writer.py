"""Writer on a real API server: how its writes are seen there, and what does not go at once."""

import time

import pytest

from aiops.model import Answer, Change, ChangeVerb, Sight
from tests.contract.cluster_worlds import RealWorld
from tests.controlplane.faults import SlowStop
from tests.integration.writer_cases import OURS, PAUSE

pytestmark = pytest.mark.integration


@pytest.fixture
def world(control_plane, namespace, audit, api_proxy, service_account, nodes):
    return RealWorld(control_plane, namespace, audit, api_proxy, service_account, nodes)


@pytest.fixture
def pause(world):
    """A change that can be told at once from what it changes."""
    return world.bound(world.deployment(), PAUSE)


@pytest.mark.parametrize("verb", list(ChangeVerb)[:4])
def test_the_audit_log_names_the_intent_of_every_write(world, audit, verb):
    """E1's oracle: for a DELETE the user agent is the only place."""
    change = world.one_of_each()[verb]
    since = audit.now()
    world.cluster.send(change, OURS)
    (entry,) = audit.mutating(since=since, user_agent="aiops/")
    assert entry.user_agent.endswith(" intent/life-1:step-0 term/3")
    if verb is not ChangeVerb.DELETE:
        notes = entry.request["metadata"]["annotations"]
        assert (notes["aiops.dev/intent"], notes["aiops.dev/term"]) == ("life-1:step-0", "3")
    if verb in (ChangeVerb.PATCH, ChangeVerb.CREATE):
        assert "fieldManager=aiops" in entry.uri
        managers = {one["manager"] for one in entry.response["metadata"]["managedFields"]}
        assert "aiops" in managers


@pytest.mark.parametrize("verb", list(ChangeVerb)[:4])
def test_the_audit_log_shows_a_dry_run_as_one(world, audit, verb):
    """B9: it is logged, and changes nothing; the address says so too."""
    change = world.one_of_each()[verb]
    since = audit.now()
    world.cluster.send(change, OURS, dry_run=True)
    (entry,) = audit.mutating(since=since, user_agent="aiops/")
    assert (entry.dry_run, entry.succeeded, "dryRun=All" in entry.uri) == (True, True, True)


def test_a_look_is_a_plain_read_past_every_cache(world, audit, pause):
    since = audit.now()
    world.cluster.look(pause, OURS)
    (entry,) = audit.entries(since=since, user_agent="aiops/")
    assert (entry.verb, "resourceVersion" in entry.uri) == ("get", False)


def test_a_pod_that_takes_its_time_to_stop_is_as_good_as_gone(world, api, kubelet):
    """E2: being deleted is the effect; a second eviction would be answered with yes."""
    kubelet.inject(SlowStop(), namespace=world.namespace)
    pod = world.make(
        "Pod",
        "slow",
        {
            "metadata": {"labels": {"app": "slow"}},
            "spec": {
                "terminationGracePeriodSeconds": 30,
                "containers": [{"name": "web", "image": "shop/cart:1"}],
            },
        },
    )
    api.wait("Pod", world.namespace, "slow", lambda one: one["status"]["phase"] == "Running")
    change = world.bound(pod, verb=ChangeVerb.EVICT)
    assert world.cluster.send(change, OURS).answer is Answer.DONE
    assert "deletionTimestamp" in world.read(pod)["metadata"]
    look = world.cluster.look(change, OURS)
    assert (look.sight, look.holds) == (Sight.ARRIVED, True)


def test_what_a_finalizer_holds_is_being_deleted_and_told_so(world, api):
    target, body = world.job("held")
    world.make("Job", "held", {**body, "metadata": {"finalizers": ["example.com/hold"]}})
    change = world.bound(target, verb=ChangeVerb.DELETE)
    try:
        assert world.cluster.send(change, OURS).answer is Answer.DONE
        assert "deletionTimestamp" in world.read(target)["metadata"]
        assert world.cluster.look(change, OURS).sight is Sight.ARRIVED
        create = Change(target, None, body, None, ChangeVerb.CREATE)
        assert world.cluster.send(create, OURS).answer is Answer.CONFLICT
    finally:
        api.patch("Job", world.namespace, "held", {"metadata": {"finalizers": None}})


def test_what_is_deleted_takes_what_it_owns_along(world, api):
    """The pods of a Job that we made and take back."""
    target, body = world.job("owner")
    body["spec"]["suspend"] = False
    receipt = world.cluster.send(Change(target, None, body, None, ChangeVerb.CREATE), OURS)
    api.wait("Job", world.namespace, "owner", lambda one: one.get("status", {}).get("active"))
    undo = Change(target, None, {}, receipt.uid, ChangeVerb.DELETE)
    assert world.cluster.send(undo, OURS).answer is Answer.DONE
    deadline = time.monotonic() + 20
    while api.list("Pod", world.namespace, labelSelector="job-name=owner"):
        assert time.monotonic() < deadline, "its pod is left behind"
        time.sleep(0.1)
