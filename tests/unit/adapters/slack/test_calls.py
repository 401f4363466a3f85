"""Calls: what Slack says no with, as our errors, and how long it is left alone (H8)."""

import pytest
from slack_sdk.errors import SlackApiError

from aiops.adapters.slack.calls import Calls
from aiops.errors import Forbidden, NotFound, Rejected, Unavailable
from tests.fakes.clock import FakeClock


class Response(dict):
    """As slack_sdk hands one over."""

    def __init__(self, data, status=200, headers=None):
        super().__init__(data)
        self.data, self.status_code, self.headers = dict(data), status, headers or {}


class Web:
    """``WebClient`` that answers from a list."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def api_call(self, method, **arguments):
        self.asked.append((method, arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def no(error, status=200, headers=None, **more):
    return SlackApiError("secret body", Response({"ok": False, "error": error, **more}, status, headers))


def calls(*answers):
    web, clock = Web(*answers), FakeClock()
    return Calls(web, clock.monotonic_s), web, clock


@pytest.mark.parametrize(
    ("raised", "ours"),
    [
        (no("ratelimited", 429, {"Retry-After": "7"}), Unavailable),
        (no("internal_error"), Unavailable),
        (no("Received a response in a non-JSON format: <html>", 503), Unavailable),
        (no("anything", 500), Unavailable),
        (TimeoutError("read"), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (no("invalid_auth"), Forbidden),
        (no("token_revoked"), Forbidden),
        (no("missing_scope", needed="files:write"), Forbidden),
        (no("channel_not_found"), NotFound),
        (no("message_not_found"), NotFound),
        (no("is_archived"), Rejected),
        (no("invalid_blocks"), Rejected),
    ],
)
def test_each_refusal_is_one_of_our_errors_without_the_body(raised, ours):
    """H8, S8"""
    ask, _, _ = calls(raised)
    with pytest.raises(ours) as caught:
        ask("chat.postMessage", channel="C01", text="secret text")
    assert type(caught.value) is ours
    assert "secret" not in str(caught.value)


def test_a_missing_scope_is_named():
    ask, _, _ = calls(no("missing_scope", needed="files:write"))
    with pytest.raises(Forbidden, match="files:write"):
        ask("chat.postMessage", channel="C01")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": ["12"]}, 12),
        ({}, 30),
        ({"Retry-After": "soon"}, 30),
        ({"Retry-After": "999999"}, 600),
        ({"Retry-After": "0"}, 1),
    ],
)
def test_the_wait_that_slack_asks_for_is_handed_on(headers, seconds):
    """H8"""
    ask, _, _ = calls(no("ratelimited", 429, headers))
    with pytest.raises(Unavailable) as caught:
        ask("chat.postMessage", channel="C01")
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(("after_s", "asked"), [(6.9, 1), (7.0, 2)])
def test_slack_is_not_asked_again_before_that_wait_is_over(after_s, asked):
    """H8"""
    ask, web, clock = calls(no("ratelimited", 429, {"Retry-After": "7"}), Response({"ok": True}))
    with pytest.raises(Unavailable):
        ask("chat.postMessage", channel="C01")
    clock.advance(after_s)
    if asked == 1:
        with pytest.raises(Unavailable) as caught:
            ask("chat.postMessage", channel="C01")
        assert caught.value.retry_after_s == pytest.approx(0.1)
    else:
        assert ask("chat.postMessage", channel="C01") == {"ok": True}
    assert len(web.asked) == asked


def test_a_wait_for_one_channel_holds_up_no_other_and_no_other_method():
    ask, web, _ = calls(no("ratelimited", 429), Response({"ok": True}), Response({"ok": True}))
    with pytest.raises(Unavailable):
        ask("chat.postMessage", channel="C01")
    ask("chat.postMessage", channel="C02")
    ask("chat.update", channel="C01")
    assert len(web.asked) == 3
