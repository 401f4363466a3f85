"""How what people do reaches the app: over one of its sockets, or as a signed request.

Source: "Using Socket Mode" (envelopes, acknowledgements, one connection of several), "Events API" (3 seconds,
three retries: at once, after a minute, after five; ``X-Slack-Retry-*``, ``X-Slack-No-Retry``), "Verifying
requests from Slack", "Handling user interaction" (interactions and commands are not sent again: the person is
shown a warning instead).
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx

AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def sign(secret, timestamp, body):
    """``X-Slack-Signature`` of a request."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``answer`` is what came back with the acknowledgement; ``error`` why it counts as failed."""

    at: float
    number: int
    via: str  # name of the socket, or "http"
    acked_at: float | None = None
    error: str = ""
    status: int = 0
    answer: object = None

    @property
    def took_s(self):
        """From handing over to the acknowledgement."""
        return None if self.acked_at is None else self.acked_at - self.at


@dataclass(slots=True, eq=False)
class Delivery:
    """One event, interaction or command on its way; ``over`` once nothing more will be tried."""

    kind: str  # "events_api", "interactive", "slash_commands"
    payload: dict
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: list = field(default_factory=list)
    over: bool = False

    @property
    def acked(self):
        return any(one.acked_at is not None for one in self.attempts)

    @property
    def answer(self):
        """What the acknowledgement carried: an error of a modal, a text."""
        return next((one.answer for one in self.attempts if one.acked_at is not None), None)


class Socket:
    """One open connection of the app."""

    def __init__(self, name, websocket, opened_at):
        self.name, self.websocket, self.opened_at = name, websocket, opened_at
        self.waiting, self.leaving = {}, False

    async def close_after(self, seconds):
        await asyncio.sleep(seconds)
        with contextlib.suppress(RuntimeError):  # it went by itself meanwhile
            await self.websocket.close()


class Courier:
    """Delivers on the double's own event loop, and keeps the journal of it."""

    def __init__(self, slack, ack_s, retries_s):
        self.slack, self.ack_s, self.retries_s = slack, ack_s, retries_s
        self.sockets, self.journal, self.strays, self.complaints = [], [], [], []
        self.url, self.app = "", None
        self._turn = 0

    def start(self, delivery):
        """Begin; the journal shows how it goes."""
        self.journal.append(delivery)
        asyncio.run_coroutine_threadsafe(self.deliver(delivery), self.slack.loop)
        return delivery

    async def deliver(self, delivery):
        """All tries, until one is acknowledged."""
        waits = (0.0, *self.retries_s) if delivery.kind == "events_api" else (0.0,)
        reason = ""
        try:
            for number, wait in enumerate(waits):
                await asyncio.sleep(wait)
                attempt, last = await self.once(delivery, number, reason)
                delivery.attempts.append(attempt)
                reason = attempt.error
                if attempt.acked_at is not None or last:
                    self.slack.modals.answered(delivery)
                    return
            if delivery.kind != "events_api":
                self.complaints.append((delivery, reason))
        finally:
            delivery.over = True

    async def once(self, delivery, number, reason):
        """(attempt, whether no other may follow)."""
        if self.slack.is_down:
            return Attempt(self.slack.clock(), number, "", error="down"), False
        if self.url:
            return await self._request(delivery, number, reason)
        return await self._envelope(delivery, number, reason), False

    async def _envelope(self, delivery, number, reason):
        began = self.slack.clock()
        open_ = [one for one in self.sockets if not one.leaving] or self.sockets
        if not open_:
            return Attempt(began, number, "", error="no_connection")
        self._turn += 1
        socket = open_[self._turn % len(open_)]
        envelope = {"type": delivery.kind, "envelope_id": delivery.id, "payload": delivery.payload}
        envelope |= {"accepts_response_payload": delivery.kind != "events_api"}
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason if number else ""}
        answer = asyncio.get_running_loop().create_future()
        socket.waiting[delivery.id] = answer
        try:
            await socket.websocket.send_text(json.dumps(envelope))
            got = await asyncio.wait_for(answer, self.ack_s)
        except TimeoutError:
            return Attempt(began, number, socket.name, error="timeout")
        except Exception as error:  # noqa: BLE001 - whatever the socket's end looks like, it was not delivered
            return Attempt(began, number, socket.name, error=f"connection_closed ({type(error).__name__})")
        finally:
            socket.waiting.pop(delivery.id, None)
        return Attempt(began, number, socket.name, acked_at=self.slack.clock(), answer=got)

    def received(self, socket, text):
        """What the app sent over a socket: acknowledgements, and nothing else."""
        try:
            told = json.loads(text)
        except ValueError:
            told = None
        waiting = socket.waiting.get(told.get("envelope_id")) if isinstance(told, dict) else None
        unknown = isinstance(told, dict) and set(told) - {"envelope_id", "payload"}
        if waiting is None or waiting.done() or unknown:
            self.strays.append((socket.name, text))
        else:
            waiting.set_result(told.get("payload"))

    def request(self, delivery, number=0, reason="", at=None):
        """(headers, body) of the signed request."""
        if delivery.kind == "events_api":
            body, kind = json.dumps(delivery.payload).encode(), "application/json"
        elif delivery.kind == "slash_commands":
            body, kind = urlencode(delivery.payload).encode(), "application/x-www-form-urlencoded"
        else:
            body = urlencode({"payload": json.dumps(delivery.payload)}).encode()
            kind = "application/x-www-form-urlencoded"
        timestamp = str(int(self.slack.clock() if at is None else at))
        headers = {
            "Content-Type": kind,
            "User-Agent": AGENT,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": sign(self.slack.signing_secret, timestamp, body),
        }
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return headers, body

    async def _request(self, delivery, number, reason):
        headers, body = self.request(delivery, number, reason)
        began = self.slack.clock()
        try:
            async with self.client() as client:
                answer = await asyncio.wait_for(
                    client.post(self.url, content=body, headers=headers), self.ack_s
                )
        except (TimeoutError, httpx.TimeoutException):
            return Attempt(began, number, "http", error="http_timeout"), False
        except httpx.HTTPError:
            return Attempt(began, number, "http", error="connection_failed"), False
        got = _parsed(answer)
        no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
        if not 200 <= answer.status_code < 300:
            failed = Attempt(began, number, "http", error="http_error", status=answer.status_code, answer=got)
            return failed, no_retry
        now = self.slack.clock()
        return Attempt(began, number, "http", acked_at=now, status=answer.status_code, answer=got), False

    def client(self):
        """Over the network, or straight into an ASGI app."""
        transport = httpx.ASGITransport(app=self.app) if self.app is not None else None
        return httpx.AsyncClient(transport=transport, timeout=self.ack_s + 1)


def _parsed(answer):
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text
