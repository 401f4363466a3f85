"""Check: which scopes are missing, and what for."""

import pytest

from aiops.adapters.slack.check import _scopes
from aiops.errors import Unavailable

ALL = "chat:write,files:write,users:read,usergroups:read,channels:read,channels:history"


class Token:
    """``Calls`` of a token with some scopes."""

    def __init__(self, scopes):
        self.scopes = scopes

    def headers(self, _method):
        if isinstance(self.scopes, Exception):
            raise self.scopes
        return {"ok": True}, {} if self.scopes is None else {"x-oauth-scopes": self.scopes}


def bad(scopes, *, pictures=True, groups=True):
    return [one.what for one in _scopes(Token(scopes), pictures=pictures, groups=groups) if not one.good]


def test_a_token_with_every_scope_is_good():
    assert bad(ALL) == []


@pytest.mark.parametrize("scope", ALL.split(","))
def test_each_missing_scope_is_named(scope):
    rest = ",".join(one for one in ALL.split(",") if one != scope)
    assert bad(rest) == ["scope to hear replies" if scope == "channels:history" else f"scope {scope}"]


def test_what_is_not_used_needs_no_scope():
    assert bad("chat:write,users:read,channels:read,groups:history", pictures=False, groups=False) == []


def test_where_slack_does_not_say_it_is_not_called_bad_and_a_failure_is():
    assert bad(None) == []
    assert bad(Unavailable("slack: down")) == ["scopes"]
