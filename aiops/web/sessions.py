"""Sessions: people who signed in to the console, kept on our side; the browser holds a random name only.

The cookie is HttpOnly and SameSite=Strict, so that no script reads it and no other site sends it along; each
session has a CSRF token of its own beside it, that every form carries. A restart signs everybody out.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.responses import Response

from aiops.model import Actor, Channel

COOKIE = "aiops_session"
GROUPS_S = 3_600.0  # what the API server said of somebody's groups at the sign-in is believed so long at most
MOST = 1_000  # people signed in at once; the oldest session gives way


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. ``id`` and ``csrf`` are secrets: neither is shown, logged or written down (S8)."""

    actor: Actor
    until_s: float  # of the monotonic clock
    id: str = field(repr=False)
    csrf: str = field(repr=False)

    def matches(self, csrf: str) -> bool:
        """Whether a form of this session was sent; compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode("utf-8", "replace"))


class Sessions:
    """Who is signed in. Safe between threads; ``lasts_s`` is settings.server.session_s."""

    def __init__(self, lasts_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._lasts_s, self._monotonic_s = lasts_s, monotonic_s
        self._lock = threading.Lock()
        self._sessions: dict[bytes, Session] = {}  # by the hash of its id, oldest first

    def begin(self, actor: Actor) -> Session:
        """A session with a new id, whatever the browser had before (no fixation)."""
        lasts_s = min(self._lasts_s, GROUPS_S) if actor.channel is Channel.KUBERNETES else self._lasts_s
        until_s = self._monotonic_s() + lasts_s
        session = Session(actor, until_s, secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        with self._lock:
            self._forget_old()
            while len(self._sessions) >= MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[_hash(session.id)] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """The session with this id, while it lasts."""
        with self._lock:
            session = self._sessions.get(_hash(session_id))
        return session if session is not None and self._monotonic_s() < session.until_s else None

    def of(self, connection: HTTPConnection) -> Session | None:
        """The session whose cookie the browser sent."""
        given = connection.cookies.get(COOKIE, "")
        return self.find(given) if given else None

    def end(self, session_id: str) -> None:
        """Sign out: the id is worth nothing from now on."""
        with self._lock:
            self._sessions.pop(_hash(session_id), None)

    def give(self, response: Response, session: Session, *, secure: bool) -> None:
        """Have the browser keep the session. ``secure``: it was reached over TLS, and only so from now on."""
        response.set_cookie(
            COOKIE,
            session.id,
            max_age=int(self._lasts_s),
            path="/",
            secure=secure,
            httponly=True,
            samesite="strict",
        )

    @staticmethod
    def take(response: Response) -> None:
        """Have the browser forget it."""
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")

    def _forget_old(self) -> None:
        now_s = self._monotonic_s()
        for name in [name for name, one in self._sessions.items() if one.until_s <= now_s]:
            del self._sessions[name]


def over_tls(connection: HTTPConnection) -> bool:
    """Whether the browser reached us over TLS, or a proxy says so. Who lies here only keeps their own cookie
    from plain HTTP."""
    return "https" in (connection.url.scheme, connection.headers.get("x-forwarded-proto", "").strip().lower())


def _hash(session_id: str) -> bytes:
    """What is looked up, so that how long it takes tells nothing of the ids that are there."""
    return hashlib.sha256(session_id.encode("utf-8", "replace")).digest()
