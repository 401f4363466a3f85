"""Writer: what exactly is sent for each change, and what is never sent."""

import pytest

from aiops.adapters.kubernetes.addresses import WRITABLE, address, api_version, folder, resource
from aiops.adapters.kubernetes.connect import NoConnection
from aiops.adapters.kubernetes.writer import Writer, user_agent
from aiops.errors import Unavailable
from aiops.model import Answer, Change, ChangeVerb, Mark, Sight, Target
from tests.fakes.api import FakeApi

OURS = Mark("life-1:step-0", 3)
NOTES = {"aiops.dev/intent": "life-1:step-0", "aiops.dev/term": "3"}
CART = Target("Deployment", "shop", "cart")
POD = Target("Pod", "shop", "cart-1")


def sent(change, *, dry_run=False, **settings):
    api = FakeApi({"": (500, {})}, **settings)
    Writer(api).send(change, OURS, dry_run=dry_run)
    (request,) = api.asked
    return request


def test_a_patch_is_one_strategic_merge_bound_to_uid_and_version_with_its_mark():
    """E2, E5."""
    patch = {"metadata": {"annotations": {"team": None}, "labels": {"a": "b"}}, "spec": {"replicas": 5}}
    method, path, query, body, headers, total_s = sent(Change(CART, "7", patch, "u1"))
    assert (method, path) == ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/cart")
    assert query == {"fieldManager": "aiops", "fieldValidation": "Strict"}
    assert body == {
        "metadata": {
            "annotations": {"team": None, **NOTES},
            "labels": {"a": "b"},
            "uid": "u1",
            "resourceVersion": "7",
        },
        "spec": {"replicas": 5},
    }
    assert headers["Content-Type"] == "application/strategic-merge-patch+json"
    assert headers["User-Agent"].endswith(" intent/life-1:step-0 term/3")
    assert total_s == 20.0  # twice the read time-out: nothing hangs for longer
    assert patch["metadata"]["annotations"] == {"team": None}  # the plan itself is not touched


def test_what_a_plan_says_of_uid_version_or_mark_does_not_count():
    patch = {"metadata": {"uid": "x", "resourceVersion": "1", "annotations": {"aiops.dev/term": "99"}}}
    body = sent(Change(CART, "7", patch, "u1"))[3]["metadata"]
    assert (body["uid"], body["resourceVersion"], body["annotations"]) == ("u1", "7", NOTES)


def test_a_resize_goes_to_its_subresource():
    change = Change(POD, "7", {"spec": {"containers": []}}, "u1", subresource="resize")
    assert sent(change)[1] == "/api/v1/namespaces/shop/pods/cart-1/resize"


def test_an_eviction_is_bound_to_the_uid_and_marked():
    method, path, query, body, *_ = sent(Change(POD, "7", {}, "u1", ChangeVerb.EVICT))
    assert (method, path) == ("POST", "/api/v1/namespaces/shop/pods/cart-1/eviction")
    assert "dryRun" not in query
    assert body == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "cart-1", "namespace": "shop", "annotations": NOTES},
        "deleteOptions": {"preconditions": {"uid": "u1"}},
    }


@pytest.mark.parametrize(("version", "bound"), [(None, {}), ("7", {"resourceVersion": "7"})])
def test_a_delete_is_bound_to_the_uid_and_takes_dependents_along(version, bound):
    method, path, query, body, *_ = sent(Change(POD, version, {}, "u1", ChangeVerb.DELETE))
    assert (method, path, query) == ("DELETE", "/api/v1/namespaces/shop/pods/cart-1", {})
    assert body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u1", **bound},
        "propagationPolicy": "Background",
    }


def test_a_create_has_the_name_that_was_planned_and_the_mark():
    job = Target("Job", "shop", "rerun-1")
    change = Change(job, None, {"metadata": {"labels": {"a": "b"}}, "spec": {}}, None, ChangeVerb.CREATE)
    method, path, query, body, headers, _ = sent(change)
    assert (method, path) == ("POST", "/apis/batch/v1/namespaces/shop/jobs")
    assert query == {"fieldManager": "aiops", "fieldValidation": "Strict"}
    assert body == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "rerun-1", "namespace": "shop", "labels": {"a": "b"}, "annotations": NOTES},
        "spec": {},
    }
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("verb", list(ChangeVerb)[:4])
def test_a_dry_run_says_so_in_the_address_and_a_removal_in_its_body_too(verb):
    """B9: of a DELETE with a body the server takes only the body's word."""
    change = Change(POD, "7", {"spec": {}}, "u1", verb)
    _, _, query, body, *_ = sent(change, dry_run=True)
    assert query["dryRun"] == "All"
    options = body if verb is ChangeVerb.DELETE else body.get("deleteOptions", {})
    assert options.get("dryRun") == (["All"] if verb in (ChangeVerb.DELETE, ChangeVerb.EVICT) else None)


def test_the_field_manager_is_the_configured_one():
    change = Change(CART, "7", {"spec": {}}, "u1")
    assert sent(change, field_manager="healer")[2]["fieldManager"] == "healer"


@pytest.mark.parametrize(
    "metadata", [{"generateName": "rerun-"}, {"name": "other"}, {"name": "rerun-1", "generateName": "x"}]
)
def test_a_generated_or_other_name_is_never_created(metadata):
    """E2: only under a planned name is a repeat refused."""
    change = Change(Target("Job", "shop", "rerun-1"), None, {"metadata": metadata}, None, ChangeVerb.CREATE)
    api = FakeApi()
    with pytest.raises(ValueError, match="expected the name"):
        Writer(api).send(change, OURS)
    assert api.asked == []


@pytest.mark.parametrize(
    "bad",
    [
        Change(CART, None, {"spec": {}}, "u1"),
        Change(CART, "7", {"spec": {}}, None),
        Change(CART, "7", {}, "u1"),
        Change(POD, "7", {}, None, ChangeVerb.EVICT),
        Change(POD, "7", {}, None, ChangeVerb.DELETE),
        Change(CART, "7", {}, "u1", ChangeVerb.EVICT),
        Change(POD, "7", {}, "u1", ChangeVerb.CAPTURE),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_bound_to_nothing_or_says_nothing_is_never_sent(bad, dry_run):
    """B1, E5."""
    api = FakeApi()
    with pytest.raises(ValueError, match=bad.target.name):
        Writer(api).send(bad, OURS, dry_run=dry_run)
    assert api.asked == []


def test_the_uid_of_what_is_made_for_show_is_not_kept():
    """B9: an undo would look for it."""
    meta = {"name": "rerun-1", "uid": "for-show", "resourceVersion": "9"}
    api = FakeApi({"": (201, {"kind": "Job", "metadata": meta})})
    change = Change(Target("Job", "shop", "rerun-1"), None, {"spec": {}}, None, ChangeVerb.CREATE)
    real, dry = (Writer(api).send(change, OURS, dry_run=dry_run) for dry_run in (False, True))
    assert (real.answer, real.uid, real.resource_version) == (Answer.DONE, "for-show", "9")
    assert (dry.answer, dry.uid, dry.resource_version) == (Answer.DONE, None, None)


@pytest.mark.parametrize("subresource", ["status", "scale", "eviction", "exec"])
def test_no_other_subresource_is_patched(subresource):
    api = FakeApi()
    with pytest.raises(ValueError, match="subresource"):
        Writer(api).send(Change(POD, "7", {"spec": {}}, "u1", subresource=subresource), OURS)
    assert api.asked == []


@pytest.mark.parametrize("intent", ["a b", "a\r\nX-Evil: 1", "ä", "a/b?c"])
def test_an_intent_of_odd_characters_cannot_spoil_the_header(intent):
    """S9: an id of ours never has them; a header with them would be another header."""
    agent = user_agent(Mark(intent, 1))
    assert agent.isascii()
    assert agent.isprintable()
    assert len(agent.split()) == 3


@pytest.mark.parametrize(
    ("error", "answer"),
    [(NoConnection("refused"), Answer.UNAVAILABLE), (Unavailable("time-out"), Answer.UNKNOWN)],
)
def test_only_where_no_connection_was_made_is_it_known_that_nothing_was_sent(error, answer):
    """E3."""
    receipt = Writer(FakeApi({"": error})).send(Change(CART, "7", {"spec": {}}, "u1"), OURS)
    assert (receipt.answer, receipt.detail) == (answer, f"patch deployments.apps shop/cart: {error}")


@pytest.mark.parametrize(
    ("answer", "sight"),
    [
        (Unavailable("time-out"), Sight.UNKNOWN),
        ((404, {"kind": "Status", "reason": "NotFound", "details": {"name": "cart-1"}}), Sight.ARRIVED),
        ((404, {"kind": "Status", "reason": "NotFound", "details": {"name": "other"}}), Sight.UNKNOWN),
        ((404, {"reason": "NotFound"}), Sight.UNKNOWN),
        ((404, {"reason": "Gone", "details": {"name": "cart-1"}}), Sight.UNKNOWN),
        ((404, b"404 page not found"), Sight.UNKNOWN),
        ((403, {"kind": "Status", "message": "no"}), Sight.UNKNOWN),
        (
            (200, {"kind": "Pod", "metadata": {"name": "cart-1", "uid": "u2", "resourceVersion": "9"}}),
            Sight.ARRIVED,
        ),
        (
            (200, {"kind": "Pod", "metadata": {"name": "cart-1", "uid": "u1", "resourceVersion": "9"}}),
            Sight.ABSENT,
        ),
        (
            (200, {"kind": "Pod", "metadata": {"name": "cart-2", "uid": "u2", "resourceVersion": "9"}}),
            Sight.UNKNOWN,
        ),
        ((200, {"kind": "Pod", "metadata": {"name": "cart-1", "resourceVersion": "9"}}), Sight.UNKNOWN),
        ((200, {"kind": "PodList", "metadata": {}}), Sight.UNKNOWN),
        (
            (200, {"kind": "Service", "metadata": {"name": "cart-1", "uid": "u2", "resourceVersion": "9"}}),
            Sight.UNKNOWN,
        ),
        ((200, b"<html>"), Sight.UNKNOWN),
    ],
)
def test_gone_is_only_what_an_api_server_says_is_gone(answer, sight):
    """E2, E9: an eviction has arrived when its pod is gone, so a proxy's 404 must not count."""
    api = FakeApi({"": answer})
    assert Writer(api).look(Change(POD, None, {}, "u1", ChangeVerb.EVICT), OURS).sight is sight
    assert [request[:4] for request in api.asked] == [
        ("GET", "/api/v1/namespaces/shop/pods/cart-1", {}, None)
    ]


@pytest.mark.parametrize(
    "target",
    [
        Target("Secret", "shop", "s"),
        Target("Namespace", "", "shop"),
        Target("ClusterRole", "", "admin"),
        Target("PodDisruptionBudget", "shop", "db"),
        Target("Deployment", "", "cart"),
        Target("Node", "shop", "n1"),
        Target("Pod", "shop", ".."),
        Target("Pod", "shop", "a/../b"),
        Target("Pod", "shop", "a..b"),
        Target("Pod", "shop", "a%2fb"),
        Target("Pod", "shop", "a?b"),
        Target("Pod", "shop/x", "a"),
        Target("Pod", "shop", "Upper"),
        Target("Pod", "shop", "a" * 254),
    ],
)
def test_no_path_is_made_for_what_is_not_ours_to_write(target):
    """B3, S3: no Secret, no role, no name that leads elsewhere."""
    with pytest.raises(ValueError, match="expected"):
        address(target)


def test_every_kind_that_may_be_written_has_its_place():
    places = {kind: Target(kind, "" if kind == "Node" else "shop", "a.b-1") for kind in WRITABLE}
    assert {kind: folder(one) for kind, one in places.items()} == {
        "Deployment": "/apis/apps/v1/namespaces/shop/deployments",
        "StatefulSet": "/apis/apps/v1/namespaces/shop/statefulsets",
        "DaemonSet": "/apis/apps/v1/namespaces/shop/daemonsets",
        "Job": "/apis/batch/v1/namespaces/shop/jobs",
        "CronJob": "/apis/batch/v1/namespaces/shop/cronjobs",
        "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers",
        "Pod": "/api/v1/namespaces/shop/pods",
        "PersistentVolumeClaim": "/api/v1/namespaces/shop/persistentvolumeclaims",
        "Node": "/api/v1/nodes",
    }
    assert address(places["Node"]) == "/api/v1/nodes/a.b-1"
    assert address(places["Pod"], "eviction") == "/api/v1/namespaces/shop/pods/a.b-1/eviction"
    assert (api_version(places["Job"]), resource(places["Pod"], "eviction")) == ("batch/v1", "pods/eviction")
