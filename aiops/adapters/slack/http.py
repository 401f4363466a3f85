"""HTTP: Slack's requests to our own server: signed, fresh, and once (H1, H2).

The signature is over the raw body (v0, HMAC-SHA256 with the app's signing secret), the time at most 300 s
away from ours, and a signature that was taken is not taken again. What fails any of it gets 401 and reaches
nothing.

Input:   POST, at most ``LONGEST`` bytes, within ``SLOWEST_S``.
Output:  Slack's acknowledgement; 401 forged or repeated, 405, 408, 413, and 503 where there is no room.
Memory:  one entry a taken request for as long as its time is fresh; at most ``MOST`` of them, then 503.
"""

import asyncio
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from slack_bolt import App, BoltRequest
from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LONGEST = 1_000_000  # bytes of a body; Slack's own are a few kilobytes
SLOWEST_S = 2.5  # for the body to arrive: Slack itself gives up after 3
WINDOW_S = 300  # the SDK's own, past and future alike
MOST = 100_000  # signatures that are remembered
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class _Clock(SdkClock):
    """Our clock, as the SDK wants one."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now_ms() / 1000


class Nonces:
    """Signatures that were taken, for as long as they would be taken again. Safe between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._seen: OrderedDict[bytes, float] = OrderedDict()  # until when, by hash

    def take(self, signature: str, until_s: float, now_s: float) -> str:
        """ "new", "seen", or "full". What is new is seen from now on."""
        mark = hashlib.sha256(signature.encode()).digest()
        with self._lock:
            if mark in self._seen:
                return "seen"
            if len(self._seen) >= self._most:
                self._seen = OrderedDict((one, until) for one, until in self._seen.items() if until >= now_s)
            if len(self._seen) >= self._most:
                return "full"
            self._seen[mark] = until_s
            return "new"

    def give_back(self, signature: str) -> None:
        """It was not acted on: Slack may bring it again."""
        with self._lock:
            self._seen.pop(hashlib.sha256(signature.encode()).digest(), None)


class Endpoint:
    """POST /slack/events as an ASGI application. Hands to ``app`` only what Slack has sent, once."""

    def __init__(
        self,
        app: App,
        signing_secret: str,
        now_ms: Callable[[], int],
        ready: Callable[[], bool],
    ) -> None:
        self._app, self._ready, self._now_ms = app, ready, now_ms
        self._verifier = SignatureVerifier(signing_secret, _Clock(now_ms))
        self._nonces = Nonces()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that is gone gets nothing."""
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return _short(405, "POST only")
        try:
            body = await asyncio.wait_for(_body(request), SLOWEST_S)
        except TimeoutError:
            return _short(408, "too slow")
        if body is None:
            return _short(413, "too long")
        signature = self.signed(request, body)
        if not signature:
            return _short(401, "not from Slack")
        if not self._ready():
            return _short(503, "not ready")
        now_s = self._now_ms() / 1000
        match self._nonces.take(signature, now_s + 2 * WINDOW_S, now_s):
            case "seen":
                return _short(401, "seen before")
            case "full":
                return _short(503, "too many requests")
        return await run_in_threadpool(self._dispatch, request, body, signature)

    def signed(self, request: Request, body: bytes) -> str:
        """The signature, if it is Slack's, over this body and fresh; "" for anything else."""
        stamps = request.headers.getlist("x-slack-request-timestamp")
        signatures = request.headers.getlist("x-slack-signature")
        if len(stamps) != 1 or len(signatures) != 1:
            return ""
        if not _SECONDS.fullmatch(stamps[0]) or not _SIGNATURE.fullmatch(signatures[0]):
            return ""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return ""
        return signatures[0] if self._verifier.is_valid(text, stamps[0], signatures[0]) else ""

    def _dispatch(self, request: Request, body: bytes, signature: str) -> Response:
        # only these: headers are not signed, and bolt has some that steer it
        names = ("content-type", "x-slack-retry-num", "x-slack-retry-reason")
        headers: dict[str, str | Sequence[str]] = {
            name: request.headers[name] for name in names if name in request.headers
        }
        try:
            asked = BoltRequest(body=body.decode("utf-8"), headers=headers)
            answer = self._app.dispatch(asked)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            # bolt takes for granted what it looks for; what we do ourselves is not done in here
            return _short(400, "not readable")
        if answer.status >= 500:
            self._nonces.give_back(signature)
        kind = (answer.headers.get("content-type") or ["text/plain; charset=utf-8"])[0]
        return Response(answer.body, status_code=answer.status, headers={"content-type": kind})


async def _body(request: Request) -> bytes | None:
    """The whole body; None as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _short(status: int, text: str) -> Response:
    return Response(text, status_code=status, media_type="text/plain")
