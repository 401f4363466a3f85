"""Refusals: every answer of an API server, and of what stands between, as the one outcome it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.kubernetes.connect import Reply
from aiops.adapters.kubernetes.refusals import named, receipt
from aiops.model import Answer, Change, ChangeVerb, Target

PATCH = Change(Target("Deployment", "shop", "cart"), "7", {"spec": {"paused": True}}, "u1")
EVICT = Change(Target("Pod", "shop", "cart-1"), None, {}, "u1", ChangeVerb.EVICT)
DELETE = Change(Target("Pod", "shop", "cart-1"), None, {}, "u1", ChangeVerb.DELETE)
CREATE = Change(Target("Job", "shop", "rerun"), None, {"spec": {}}, None, ChangeVerb.CREATE)
CORDON = Change(Target("Node", "", "n1"), "7", {"spec": {"unschedulable": True}}, "u1")


def says(status, message="", reason="", causes=(), headers=None, **details):
    """A Status object, as the API server writes refusals."""
    body = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "code": status}
    body["details"] = {**details, "causes": list(causes)}
    return Reply(status, headers or {}, json.dumps(body).encode())


def gives(status=200, kind="Deployment", name="cart", uid="u1", version="8"):
    meta = {"name": name, "uid": uid, "resourceVersion": version}
    return Reply(status, {}, json.dumps({"kind": kind, "metadata": meta}).encode())


SUCCESS = Reply(201, {}, b'{"kind":"Status","status":"Success","code":201}')
RBAC = (
    'pods "x" is forbidden: User "bob" cannot patch resource "pods" in API group "" in the namespace "shop"'
)
POLICY = "deployments.apps is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
TWO = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
BUDGET = [
    {"reason": "DisruptionBudget", "message": "The disruption budget db needs 1 healthy pods and has 1"}
]
OTHER_UID = [{"reason": "FieldValueInvalid", "field": "metadata.uid"}]


@pytest.mark.parametrize(
    ("change", "reply", "answer"),
    [
        (PATCH, gives(), Answer.DONE),
        (CREATE, gives(201, "Job", "rerun", "new"), Answer.DONE),
        (EVICT, SUCCESS, Answer.DONE),
        (DELETE, SUCCESS, Answer.DONE),
        (DELETE, gives(200, "Pod", "cart-1"), Answer.DONE),  # it is being deleted: the object comes back
        (PATCH, SUCCESS, Answer.UNKNOWN),  # not what a patch is answered with
        (PATCH, gives(kind="Status"), Answer.UNKNOWN),
        (PATCH, gives(name="other"), Answer.UNKNOWN),
        (PATCH, gives(uid="u2"), Answer.UNKNOWN),
        (PATCH, gives(uid=""), Answer.UNKNOWN),
        (CREATE, gives(201, "Job", "rerun", None), Answer.UNKNOWN),
        (DELETE, gives(200, "Pod", "cart-1", "u2"), Answer.UNKNOWN),
        (EVICT, gives(201, "Pod", "cart-1"), Answer.UNKNOWN),
        (EVICT, Reply(201, {}, b'{"kind":"Status","status":"Failure"}'), Answer.UNKNOWN),
        (PATCH, Reply(200, {}, b"<html>"), Answer.UNKNOWN),
        (PATCH, Reply(200, {}, b"[]"), Answer.UNKNOWN),
        (PATCH, Reply(200, {}, b"{}"), Answer.UNKNOWN),
        (PATCH, Reply(204, {}, b""), Answer.UNKNOWN),
        (PATCH, Reply(302, {"location": "/login"}, b""), Answer.UNKNOWN),
        (PATCH, says(400, "bad", "BadRequest"), Answer.INVALID),
        (PATCH, says(401, "Unauthorized", "Unauthorized"), Answer.FORBIDDEN),
        (PATCH, says(403, RBAC, "Forbidden"), Answer.FORBIDDEN),
        (PATCH, says(403, RBAC + ": no such role", "Forbidden"), Answer.FORBIDDEN),
        (PATCH, says(403, POLICY, "Forbidden"), Answer.INVALID),
        (PATCH, says(422, POLICY, "Invalid"), Answer.INVALID),
        (PATCH, says(403, 'admission webhook "w" denied the request: no', "Forbidden"), Answer.INVALID),
        (CREATE, says(403, "exceeded quota: q, requested: 1", "Forbidden"), Answer.INVALID),
        (PATCH, Reply(403, {}, b"<html>blocked by the firewall"), Answer.FORBIDDEN),
        (PATCH, says(404, 'deployments.apps "cart" not found', "NotFound"), Answer.NOT_FOUND),
        (PATCH, Reply(404, {}, b"404 page not found"), Answer.INVALID),
        (PATCH, says(405, "not allowed", "MethodNotAllowed"), Answer.INVALID),
        (PATCH, Reply(408, {}, b""), Answer.UNKNOWN),
        (PATCH, says(409, "the object has been modified", "Conflict"), Answer.CONFLICT),
        (CREATE, says(409, "already exists", "AlreadyExists"), Answer.CONFLICT),
        (PATCH, says(410, "gone", "Gone"), Answer.GONE),
        (PATCH, Reply(413, {}, b"too large"), Answer.INVALID),
        (PATCH, says(415, "unsupported", "UnsupportedMediaType"), Answer.INVALID),
        (PATCH, says(422, "field is immutable", "Invalid", OTHER_UID), Answer.CONFLICT),
        (PATCH, says(422, "must be 0 or more", "Invalid", [{"field": "spec.replicas"}]), Answer.INVALID),
        (EVICT, says(429, "Cannot evict pod", "TooManyRequests", BUDGET), Answer.BUDGET),
        (EVICT, says(429, "Too many requests", "TooManyRequests"), Answer.THROTTLED),
        (PATCH, Reply(429, {}, b"Too many requests, please try again later."), Answer.THROTTLED),
        (EVICT, says(403, "pdb disruptions allowed is negative", kind="poddisruptionbudget"), Answer.BUDGET),
        (EVICT, says(500, TWO), Answer.INVALID),
        (PATCH, says(500, TWO), Answer.UNKNOWN),  # of anything but an eviction it is no such promise
        (EVICT, says(500, "Internal error occurred: failed calling webhook"), Answer.UNKNOWN),
        (PATCH, says(500, "etcdserver: request timed out"), Answer.UNKNOWN),
        (PATCH, says(503, "the server is currently unable", "ServiceUnavailable"), Answer.UNKNOWN),
        (PATCH, says(504, "Timeout: request did not complete", "Timeout"), Answer.UNKNOWN),
        (PATCH, Reply(599, {}, b""), Answer.UNKNOWN),
        (PATCH, Reply(600, {}, b""), Answer.UNKNOWN),
        (PATCH, Reply(101, {}, b""), Answer.UNKNOWN),
    ],
)
def test_every_answer_is_the_outcome_it_is(change, reply, answer):
    """E3, E6, E8, E9."""
    assert receipt(change, reply).answer is answer


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        (says(429, headers={"retry-after": "7"}), 7.0),
        (says(429, headers={"retry-after": "0"}), 0.0),
        (says(429, retryAfterSeconds=10), 10.0),
        (says(429, headers={"retry-after": "7"}, retryAfterSeconds=10), 7.0),
        (says(429, headers={"retry-after": "9" * 400}), 3600.0),
        (says(429, retryAfterSeconds=10**9), 3600.0),
        (says(429, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), None),
        (says(429, headers={"retry-after": "-7"}), None),
        (says(429, retryAfterSeconds=True), None),
        (says(429, retryAfterSeconds="soon"), None),
        (says(429), None),
        (says(503, headers={"retry-after": "1"}), 1.0),
    ],
)
def test_when_to_come_back_is_taken_as_a_number_and_not_for_ever(reply, seconds):
    """E8."""
    assert receipt(EVICT, reply).retry_after_s == seconds


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (PATCH, "patch deployments.apps shop/cart"),
        (EVICT, "create pods/eviction shop/cart-1"),
        (DELETE, "delete pods shop/cart-1"),
        (CREATE, "create jobs.batch shop/rerun"),
        (CORDON, "patch nodes n1"),
        (
            Change(EVICT.target, "7", {"spec": {}}, "u1", subresource="resize"),
            "patch pods/resize shop/cart-1",
        ),
    ],
)
def test_a_refusal_names_verb_and_resource_as_rbac_does(change, words):
    assert named(change) == words
    assert receipt(change, says(403, RBAC)).detail.startswith(f"{words}: HTTP 403: ")


@pytest.mark.parametrize(
    "message",
    [
        'Invalid value: "map[spec:map[env:[map[name:DB value:CANARY]]]]": strict decoding error: no',
        'spec: Invalid value: {"value":"CANARY"}: no',
        "spec: Forbidden: pods may not change\n  {value: CANARY}",
        "denied: password=CANARY",
        "denied\x1b[2K: token: CANARY",
    ],
)
def test_the_words_of_the_server_are_kept_without_what_they_quote(message):
    """S8, S9."""
    detail = receipt(PATCH, says(422, message)).detail
    assert "CANARY" not in detail
    assert detail.isprintable()


def test_done_tells_what_to_bind_the_next_write_to():
    done = receipt(PATCH, gives())
    assert (done.uid, done.resource_version) == ("u1", "8")
    assert receipt(CREATE, gives(201, "Job", "rerun", "new", "9")).uid == "new"
    assert receipt(DELETE, gives(200, "Pod", "cart-1")).resource_version is None


@given(st.integers(100, 999), st.binary(max_size=60))
def test_no_answer_of_any_kind_is_taken_for_done_but_that_of_an_api_server(status, body):
    """E9, M4: garbage is never success and never an exception."""
    for change in (PATCH, EVICT, DELETE, CREATE):
        assert receipt(change, Reply(status, {}, body)).answer is not Answer.DONE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "metadata", "details", "causes", "message", "status"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from([200, 403, 404, 422, 429, 500]), JSON)
def test_json_of_any_shape_is_never_an_exception(status, said):
    """M4."""
    for change in (PATCH, EVICT, DELETE, CREATE):
        receipt(change, Reply(status, {"retry-after": "x"}, json.dumps(said).encode()))
