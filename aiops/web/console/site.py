"""Site: what every page has in common: who looks, what stands at the top, and the headers.

Nothing that comes from a label, an annotation or a form reaches a page unescaped; what slipped through all
the same could not run: scripts and styles come from our own files alone, and from no other place.
"""

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from aiops.model import Actor, Echo
from aiops.web.auth import visitor_of
from aiops.web.console.keeper import Keeper, Known
from aiops.web.console.parts import Parts
from aiops.web.console.render import render
from aiops.web.console.told import public
from aiops.web.sessions import Session

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # forms tell their origin to ourselves, and nobody else anything
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
NONCE = re.compile(r"[0-9a-f]{16}")
MOST_SAID = 200
NAV = (
    ("incidents", "/console/", "Incidents"),
    ("approvals", "/console/approvals", "Approvals"),
    ("playbooks", "/console/playbooks", "Playbooks"),
    ("guards", "/console/guards", "Guards"),
    ("signals", "/console/signals", "Signals"),
    ("replay", "/console/replay", "Replay"),
    ("audit", "/console/audit", "Audit"),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of what somebody has just said; shown to them alone, and once more on a reload."""

    session_id: str
    echo: Echo


class Site:
    """The console of one ``Parts``. Safe between threads."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.keeper = Keeper(parts.store, parts.now_ms)
        self._said: dict[str, Notice] = {}
        self._lock = threading.Lock()

    def session(self, request: Request) -> Session | None:
        """The session of whoever asks; None for nobody, and for who came with a token."""
        visitor = visitor_of(request)
        return visitor.session if visitor is not None else None

    def actor(self, request: Request) -> Actor | None:
        """Who asks; None for nobody that we know of."""
        visitor = visitor_of(request)
        return visitor.actor if visitor is not None else None

    @property
    def answers(self) -> bool:
        """Whether anybody can answer here at all."""
        return self.parts.forum is not None and self.parts.doorkeeper is not None

    def page(
        self, request: Request, template: str, values: Mapping[str, Any], status: int = 200
    ) -> HTMLResponse:
        """A page with everything round it."""
        return HTMLResponse(render(template, {**self._common(request), **values}), status, HEADERS)

    def _common(self, request: Request) -> dict[str, Any]:
        parts, known, session = self.parts, self.keeper.known(), self.session(request)
        return {
            "nav": NAV,
            "badges": self._badges(known),
            "here": "",
            "live": parts.standing(),
            "known": known,
            "now_ms": parts.now_ms(),
            "view": parts.view,
            "session": session,
            "csrf": session.csrf if session is not None else "",
            "who": session.actor if session is not None else None,
            "answers": self.answers,
            "may_answer": self.answers and session is not None,
            "shut": parts.shut,
            "can_sign_in": parts.doorkeeper is not None,
            "nonce": lambda: secrets.token_hex(8),
            "public": public,
            "said": self._heard(request, session),
            "path": request.url.path,
        }

    def _badges(self, known: Known) -> dict[str, int]:
        counts = known.catalog.counts()
        total = sum(counts[state] for state in ("open", "waiting", "acting", "verifying", "escalated"))
        return {"incidents": total, "approvals": len(known.approvals.pending())}

    def tell(self, session: Session, echo: Echo, where: str) -> Response:
        """Send them on to ``where``, where the echo of what they said is shown."""
        name = secrets.token_hex(8)
        with self._lock:
            while len(self._said) >= MOST_SAID:
                del self._said[next(iter(self._said))]
            self._said[name] = Notice(session.id, echo)
        return RedirectResponse(f"{where.partition('#')[0]}?said={name}#said", 303, HEADERS)

    def _heard(self, request: Request, session: Session | None) -> Echo | None:
        notice = self._said.get(request.query_params.get("said", ""))
        if notice is None or session is None or notice.session_id != session.id:
            return None
        return notice.echo

    def problem(self, request: Request, status: int, title: str, text: str) -> HTMLResponse:
        """A page that says what is wrong."""
        return self.page(request, "problem.html", {"title": title, "text": text}, status)
