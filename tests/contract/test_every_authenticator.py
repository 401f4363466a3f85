"""Every Authenticator keeps the port's promises, the fake of the tests included."""

import json

import pytest

from aiops.adapters.kubernetes.reviews import ACCESS, TOKENS, Reviews
from aiops.adapters.token import LocalToken
from aiops.bootstrap.identity import Known
from aiops.model import Actor, Channel
from tests.fakes.api import FakeApi
from tests.fakes.authenticator import FakeAuthenticator

USER = {"username": "eve", "groups": ["sre"]}


class OneToken(FakeApi):
    """An API server that knows one token, and grants one role in one namespace."""

    def request(self, method, path, query=(), *, body=None, **how):
        spec = json.loads(body)["spec"]
        wanted = spec.get("resourceAttributes", {})
        allowed = wanted.get("verb") == "get" or (wanted.get("name"), wanted.get("namespace")) == (
            "on-call",
            "shop",
        )
        self.answers = {
            TOKENS: (
                201,
                {
                    "kind": "TokenReview",
                    "status": {"authenticated": spec.get("token") == "good", "user": USER},
                },
            ),
            ACCESS: (201, {"kind": "SubjectAccessReview", "status": {"allowed": allowed}}),
        }
        return super().request(method, path, query, body=body, **how)


def local(folder):
    known = LocalToken(folder)
    return known, (folder / "token").read_text().strip()


def both(folder):
    known, token = local(folder)
    return Known(known, Reviews(OneToken())), token


def fake(_):
    eve = Actor(Channel.KUBERNETES, "eve", "eve", ("sre",))
    return FakeAuthenticator({"good": eve}, {(eve.key, "shop"): frozenset({"on-call"})}), "good"


CASES = {
    "local": local,
    "kubernetes": lambda _: (Reviews(OneToken()), "good"),
    "both, by the local token": both,
    "both, by Kubernetes": lambda folder: (both(folder)[0], "good"),
    "fake": fake,
}


@pytest.fixture(params=CASES)
def known(request, tmp_path):
    """(an authenticator, a token that is valid)."""
    return CASES[request.param](tmp_path)


def test_a_valid_token_is_somebody_with_a_stable_id_and_the_same_twice(known):
    """H5."""
    authenticator, token = known
    found = authenticator.who(token)
    assert found == authenticator.who(token)
    assert found.id
    assert found.roles == ()  # what they may is asked when it matters


@pytest.mark.parametrize(
    "change", [str.upper, lambda token: token[:-1], lambda token: f"{token}x", lambda _: "x"]
)
def test_any_other_token_is_nobody(known, change):
    """H4."""
    authenticator, token = known
    assert authenticator.who(change(token)) is None


def test_roles_are_some_of_those_that_were_asked_for(known):
    authenticator, token = known
    actor = authenticator.who(token)
    assert authenticator.roles(actor, ["on-call", "dba"], "shop") <= {"on-call", "dba"}
    assert "on-call" in authenticator.roles(actor, ["on-call", "dba"], "shop")
    assert authenticator.roles(actor, [], "shop") == frozenset()


def test_who_is_known_elsewhere_is_granted_nothing_here(known):
    """H4: a name that looks the same on another channel is another identity."""
    authenticator, token = known
    actor = authenticator.who(token)
    for channel in {Channel.SLACK, Channel.LOCAL} - {actor.channel}:
        twin = Actor(channel, actor.id, actor.name)
        assert authenticator.roles(twin, ["on-call"], "shop") == frozenset()
