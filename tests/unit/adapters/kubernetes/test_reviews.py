"""Reviews: what the API server's word is made of, and that nothing else is taken for a yes."""

import pytest

from aiops.adapters.kubernetes.reviews import ACCESS, TOKENS, Reviews
from aiops.errors import Forbidden, Unavailable
from aiops.model import Actor, Channel
from tests.fakes.api import FakeApi

EVE = Actor(Channel.KUBERNETES, "eve", "eve", ("sre",))
USER = {"username": "eve", "uid": "1", "groups": ["sre"]}


def token_review(**status):
    return 201, {"kind": "TokenReview", "status": {"authenticated": True, "user": USER, **status}}


def access(allowed, **more):
    return 201, {"kind": "SubjectAccessReview", "status": {"allowed": allowed, **more}}


def reviews(token, sar=(201, {"kind": "SubjectAccessReview", "status": {"allowed": True}}), **changes):
    return Reviews(FakeApi({TOKENS: token, ACCESS: sar}), **changes)


def test_a_valid_token_of_a_member_is_its_user_with_their_groups():
    """H5: by the name that the API server gives, which is stable."""
    assert reviews(token_review()).who("t") == EVE


@pytest.mark.parametrize(
    "status",
    [
        {"authenticated": False},
        {"authenticated": "yes"},
        {"authenticated": True, "user": None},
        {"authenticated": True, "user": {"username": ""}},
        {"authenticated": True, "user": {"username": "system:anonymous"}},
        {"authenticated": True, "user": {"username": "eve", "groups": ["system:unauthenticated"]}},
        {},
    ],
)
def test_whatever_is_no_clear_yes_is_nobody(status):
    """H4."""
    answer = 201, {"kind": "TokenReview", "status": status}
    assert reviews(answer).who("t") is None


@pytest.mark.parametrize(
    ("said", "known"),
    [(["aiops"], True), (["https://kubernetes.default.svc"], False), ([], False), (None, False)],
)
def test_a_token_for_somebody_else_is_not_ours(said, known):
    """A server that knows no audiences leaves them out."""
    found = reviews(token_review(audiences=said), audience="aiops").who("t")
    assert (found is not None) == known


def test_a_pod_s_token_is_not_enough():
    """S1: valid, and nobody said that its holder is a member."""
    with pytest.raises(Forbidden, match=r"eve may not get approvals\.aiops\.dev"):
        reviews(token_review(), access(False)).who("t")


def test_whom_the_configuration_names_is_a_member():
    found = reviews(token_review(), access(False), named=lambda actor: actor.id == "eve").who("t")
    assert found == EVE


def test_without_access_reviews_only_the_named_count_and_nothing_is_granted():
    only_named = reviews(token_review(), named=lambda actor: False, access=False)
    with pytest.raises(Forbidden):
        only_named.who("t")
    assert only_named.roles(EVE, ["on-call"], "shop") == frozenset()


def test_a_role_is_the_virtual_verb_on_its_name_in_the_namespace():
    api = FakeApi({ACCESS: access(True)})
    assert Reviews(api).roles(EVE, ["on-call", "", "db"], "shop") == {"on-call", "db"}
    spec = api.asked[0][3]["spec"]
    assert spec == {
        "user": "eve",
        "groups": ["sre"],
        "resourceAttributes": {
            "group": "aiops.dev",
            "resource": "approvals",
            "verb": "approve",
            "name": "on-call",
            "namespace": "shop",
        },
    }


@pytest.mark.parametrize(
    "answer",
    [
        access(False),
        access("true"),
        access(None),
        access(True, denied=True),
        access(False, evaluationError="x"),
    ],
)
def test_a_role_takes_a_clear_yes(answer):
    assert reviews(token_review(), answer).roles(EVE, ["on-call"], "shop") == frozenset()


def test_somebody_of_another_channel_is_granted_nothing_here():
    slack = Actor(Channel.SLACK, "T1/U1")
    assert reviews(token_review()).roles(slack, ["on-call"], "shop") == frozenset()


@pytest.mark.parametrize(
    "answer",
    [
        Unavailable("no answer"),
        (500, {}),
        (429, {}),
        (401, {}),
        (403, {"message": "you may not"}),
        (404, {}),
        (201, b"<html>"),
        (201, []),
        (201, {"kind": "Status", "status": "Success"}),
        (302, {}),
    ],
)
def test_nobody_is_let_in_and_nothing_granted_where_nobody_can_tell(answer):
    with pytest.raises(Unavailable):
        reviews(answer).who("t")
    with pytest.raises(Unavailable):
        reviews(token_review(), answer).who("t")
    with pytest.raises(Unavailable):
        reviews(token_review(), answer).roles(EVE, ["on-call"], "shop")


def test_no_error_shows_the_token():
    """S8: a server may send back what it was sent."""
    with pytest.raises(Unavailable) as caught:
        reviews((400, {"message": "bad token canary-123"})).who("canary-123")
    assert "canary" not in str(caught.value)
