"""Calls: the Web API through slack_sdk, its errors as ours, and patience where Slack asks for some (H8).

A method that was told to wait (``Retry-After``) is not called again before that time: the answer is
Unavailable at once, with the seconds that are left. Tokens and bodies appear in no error.

Cost:    one request a call, each with a time-out.
"""

import threading
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from aiops.core.words import plain
from aiops.errors import Forbidden, NotFound, PortError, Rejected, Unavailable

_LATER = {
    "ratelimited",
    "rate_limited",
    "service_unavailable",
    "internal_error",
    "fatal_error",
    "request_timeout",
    "team_added_to_org",
    "accesslimited",
}
_NOT_ALLOWED = {
    "not_authed",
    "invalid_auth",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "no_permission",
    "missing_scope",
    "org_login_required",
    "ekm_access_denied",
    "not_allowed_token_type",
    "access_denied",
    "two_factor_setup_required",
}
_ABSENT = {
    "channel_not_found",
    "message_not_found",
    "thread_not_found",
    "user_not_found",
    "users_not_found",
    "no_such_subteam",
    "subteam_not_found",
    "not_in_channel",
}
_DEFAULT_WAIT_S = 30.0  # where Slack says 429 and not for how long
_LONGEST_WAIT_S = 600.0  # a wait beyond any that Slack names


class Calls:
    """The Web API of one token. Safe between threads."""

    def __init__(self, client: WebClient, monotonic_s: Callable[[], float]) -> None:
        self._client, self._now = client, monotonic_s
        self._lock = threading.Lock()
        self._not_before: dict[str, float] = {}  # by method, and channel where there is one

    def __call__(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """The answer of ``method`` ("chat.postMessage"). Raises PortError."""
        key = f"{method} {arguments.get('channel', '')}"
        return self._guarded(key, lambda: self._client.api_call(method, json=arguments).data)

    def form(self, method: str, **arguments: object) -> Mapping[str, Any]:
        """The same for methods that take no JSON. Raises PortError."""
        return self._guarded(method, lambda: self._client.api_call(method, params=arguments).data)

    def headers(self, method: str) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """The answer of ``method`` and its headers, in lower case. Raises PortError."""
        seen: dict[str, str] = {}

        def ask() -> object:
            response = self._client.api_call(method)
            seen.update({str(name).lower(): str(value) for name, value in response.headers.items()})
            return response.data

        return self._guarded(method, ask), seen

    def upload(self, channel: str, thread: str, name: str, picture: bytes, about: str) -> Mapping[str, Any]:
        """A PNG into a thread, with ``about`` for those who cannot see it. Raises PortError."""
        return self._guarded(
            "files",
            lambda: (
                self._client.files_upload_v2(
                    channel=channel,
                    thread_ts=thread,
                    filename=name,
                    content=picture,
                    title=about,
                    alt_txt=about,
                ).data
            ),
        )

    def _guarded(self, key: str, ask: Callable[[], object]) -> Mapping[str, Any]:
        with self._lock:
            wait = self._not_before.get(key, 0.0) - self._now()
        if wait > 0:
            raise Unavailable(f"slack: asked to wait before {key.strip()}", wait)
        try:
            answer = ask()
        except SlackApiError as error:
            ours = translated(key, error)
            if isinstance(ours, Unavailable) and ours.retry_after_s:
                with self._lock:
                    self._not_before[key] = self._now() + ours.retry_after_s
            raise ours from error
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            # the text of some holds the body that was sent
            raise Unavailable(f"slack: {key.strip()}: {type(error).__name__}") from error
        return answer if isinstance(answer, dict) else {}


def translated(key: str, error: SlackApiError) -> PortError:
    """What Slack said, as one of ours."""
    response = error.response
    code = plain(str(response.get("error", "") or "error"))[:80] if hasattr(response, "get") else "error"
    status = getattr(response, "status_code", 0)
    said = f"slack: {key.strip()}: {code}"
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return Unavailable(said, _retry_after(getattr(response, "headers", {})))
    if status >= 500 or code in _LATER or code.startswith("Received a response in a non-JSON format"):
        return Unavailable(said)
    if code in _NOT_ALLOWED:
        needed = plain(str(response.get("needed", "")))[:80]
        return Forbidden(f"{said}{f' (needs {needed})' if needed else ''}")
    return NotFound(said) if code in _ABSENT else Rejected(said)


def _retry_after(headers: Mapping[str, object]) -> float:
    """Seconds that Slack asks for."""
    for name, value in headers.items():
        if str(name).lower() == "retry-after":
            first = value[0] if isinstance(value, list) and value else value
            text = str(first).strip()
            if text.isascii() and text.isdigit():
                return min(float(text) or 1.0, _LONGEST_WAIT_S)
    return _DEFAULT_WAIT_S
