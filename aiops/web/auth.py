"""Auth: who asks. A bearer token, or the session of the console; the token itself is kept nowhere.

A token is believed for a few seconds once it was judged, found again by its hash. An address whose tokens
fail too often has to wait; whoever is known at that address already is let in all the same. Where nobody can
tell whose a token is, nobody is let in (503).
"""

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection

from aiops.errors import Forbidden, PortError, Unavailable
from aiops.model import Actor
from aiops.ports import Authenticator
from aiops.telemetry import logger
from aiops.web.problems import Refused
from aiops.web.sessions import Session, Sessions

BELIEVED_S = 5.0  # a token that was revoked works so long still
GOOD_S = 3_600.0  # a token that was valid is judged anew, and does not wait for others' failures
FAILURES, WINDOW_S = 10, 60.0  # of one address, before it has to wait
LONGEST = 16_384  # characters of a token; those of large clusters have a few thousand
MOST = 1_000  # tokens and addresses that are remembered
AT_ONCE = 8  # tokens that the API server is asked about at the same time
CHALLENGE = 'Bearer realm="aiops"'
VISITOR = "aiops.visitor"  # where the scope of a request keeps its visitor
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and the session that says so; None: a token did."""

    actor: Actor
    session: Session | None = None


class Doorkeeper:
    """Tells visitors apart. Safe between threads; ``visitor`` and ``open`` may ask the API server: call
    them from a thread that may wait."""

    def __init__(
        self,
        authenticator: Authenticator,
        sessions: Sessions,
        monotonic_s: Callable[[], float] = time.monotonic,
        own: Callable[[str], Actor | None] = lambda _token: None,
    ) -> None:
        """``own`` judges the daemon's own token, at no cost: nobody's failures shut its holder out."""
        self.sessions = sessions
        self._authenticator, self._monotonic_s, self._own = authenticator, monotonic_s, own
        self._good: _Recent[bytes, float] = _Recent()  # tokens that were valid lately, until when
        self._lock = threading.Lock()
        self._known: _Recent[bytes, tuple[float, Actor | None]] = _Recent()
        self._failed: _Recent[str, deque[float]] = _Recent()
        self._threads: CapacityLimiter | None = None

    def known(self, connection: HTTPConnection) -> Visitor | None:
        """Who sent this request, as far as that is known without asking anybody; at once. Refused for
        credentials that are none."""
        token = _token(connection)
        if token is None:
            session = self.sessions.of(connection)
            return None if session is None else Visitor(session.actor, session)
        with self._lock:
            until_s, actor = self._known.get(_name(token)) or (0.0, None)
        return Visitor(actor) if actor is not None and self._monotonic_s() < until_s else None

    def visitor(self, connection: HTTPConnection) -> Visitor | None:
        """Who sent this request; None for nobody that we know of. Refused (401, 403, 429, 503) for a token
        that does not do: it is never passed over for a cookie beside it."""
        token = _token(connection)
        return self.known(connection) if token is None else Visitor(self._actor(token, _address(connection)))

    async def ask(self, connection: HTTPConnection) -> Visitor | None:
        """As ``visitor``, in a thread; a few at a time, so that tokens which nobody judges in time keep no
        thread from the answers of those who are known."""
        if self._threads is None:  # made on the event loop that it is for
            self._threads = CapacityLimiter(AT_ONCE)
        return await to_thread.run_sync(self.visitor, connection, limiter=self._threads)

    def open(self, token: str, address: str = "console") -> Session | None:
        """A session for whoever holds ``token``; None for a token that does not do. Raises Unavailable where
        nobody can tell, or ``address`` has to wait."""
        if not _fits(token):
            return None
        try:
            return self.sessions.begin(self._actor(token, address))
        except Refused as error:
            if error.refusal.status in {429, 503}:
                raise Unavailable(str(error)) from error
            return None

    def find(self, session_id: str) -> Session | None:
        """The session with this id, while it lasts."""
        return self.sessions.find(session_id)

    def close(self, session_id: str) -> None:
        """Sign out; a session that is not there is no error."""
        self.sessions.end(session_id)

    def _actor(self, token: str, address: str) -> Actor:
        name, now_s = _name(token), self._monotonic_s()
        with self._lock:
            until_s, actor = self._known.get(name) or (0.0, None)
            wait_s = self._wait_s(address, now_s)
            was_good = now_s < (self._good.get(name) or 0.0)
        if actor is not None and now_s < until_s:
            return actor
        if (ours := self._own(token)) is not None:
            return ours
        if wait_s > 0 and not was_good:
            raise Refused(
                429,
                "header Authorization",
                f"{FAILURES} tokens that are not valid in {WINDOW_S:g} s",
                "a pause, then a valid token",
                retry_after=str(int(wait_s) + 1),
            )
        if now_s >= until_s:
            actor = self._asked(token, address, now_s)
            with self._lock:
                self._known.put(name, (now_s + BELIEVED_S, actor))
                if actor is not None:
                    self._good.put(name, now_s + GOOD_S)
        if actor is None:
            self._fail(address, now_s)
            raise _not_valid()
        return actor

    def _asked(self, token: str, address: str, now_s: float) -> Actor | None:
        try:
            return self._authenticator.who(token)
        except Forbidden as error:  # valid, and of somebody who may not come in
            self._fail(address, now_s)
            raise Refused(403, "header Authorization", str(error), "the token of a member") from error
        except PortError as error:
            logger("web").warning("nobody can tell whose a token is", problem=str(error))
            raise Refused(
                503,
                "header Authorization",
                f"nobody can tell whose this token is: {error}",
                "an identity provider that answers",
                retry_after="5",
            ) from error

    def _fail(self, address: str, now_s: float) -> None:
        with self._lock:
            times = self._failed.get(address) or deque(maxlen=FAILURES)
            times.append(now_s)
            self._failed.put(address, times)
        logger("web").warning("a token was refused", address=address)

    def _wait_s(self, address: str, now_s: float) -> float:
        times = self._failed.get(address)
        return times[0] + WINDOW_S - now_s if times is not None and len(times) == FAILURES else 0.0


class _Recent(Generic[K, V]):
    """A dictionary that forgets what was put into it the longest ago."""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        self._values.pop(key, None)
        if len(self._values) >= MOST:
            del self._values[next(iter(self._values))]
        self._values[key] = value


def visitor_of(connection: HTTPConnection) -> Visitor | None:
    """Who sent this request, as the gate found out; None: nobody that we know of."""
    found: Visitor | None = connection.scope.get(VISITOR)
    return found


def require(connection: HTTPConnection) -> Actor:
    """Who sent this request; Refused (401) where nobody says."""
    visitor = visitor_of(connection)
    if visitor is None:
        raise not_signed_in()
    return visitor.actor


def not_signed_in() -> Refused:
    """The refusal of whoever does not say who they are."""
    return Refused(
        401,
        "header Authorization",
        "no token",
        "Bearer and a token: that of the daemon's state folder, or of Kubernetes",
        www_authenticate=CHALLENGE,
    )


def _not_valid() -> Refused:
    return Refused(
        401,
        "header Authorization",
        "a token that is not valid",
        "the token of the daemon's state folder as it is now, or one that Kubernetes takes",
        www_authenticate=f'{CHALLENGE}, error="invalid_token"',
    )


def _name(token: str) -> bytes:
    """What a token is remembered by."""
    return hashlib.sha256(token.encode()).digest()


def _token(connection: HTTPConnection) -> str | None:
    """The bearer token; None where there is none. Refused for any other credentials."""
    given = connection.headers.getlist("authorization")
    if not given:
        return None
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not _fits(token.strip()):
        raise Refused(
            401,
            "header Authorization",
            "something else",
            "once: Bearer and a token",
            www_authenticate=f'{CHALLENGE}, error="invalid_request"',
        )
    return token.strip()


def _fits(token: str) -> bool:
    """Whether it could be a token: visible ASCII, so that nothing odd goes on to the API server."""
    return 0 < len(token) <= LONGEST and token.isascii() and token.isprintable() and " " not in token


def _address(connection: HTTPConnection) -> str:
    """Where it comes from. What a proxy says of that is not believed: anybody can say it."""
    return connection.client.host if connection.client is not None else "unknown"
