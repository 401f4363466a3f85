"""Gate: what every request passes first, whatever route it is for. Default is no.

- what changes anything needs a visitor, and in closed mode what reads does too; but for the few open paths;
- on loopback, and where names are configured, any other ``Host`` is refused: a page in somebody's browser
  that made its own name point here must not read anything (DNS rebinding);
- what changes anything and says which page it comes from (``Origin``) must come from our own, and a session
  of the console must send its CSRF token along;
- every answer has the headers that keep a browser from guessing, framing, caching and telling others.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiops.web.auth import VISITOR, Doorkeeper, Visitor, not_signed_in
from aiops.web.problems import Refused, answer

READS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF = "x-csrf-token"
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """Who passes without a token, and where. A path that ends in ``/`` stands for all below it, the
    root for itself alone."""

    closed: bool = False  # settings.server.closed
    loopback: bool = True  # whether we listen on loopback only
    names: Sequence[str] = ()  # further hosts that we may be called by; empty elsewhere than on loopback: any
    health: Sequence[str] = ("/healthz", "/readyz", "/metrics")  # open to all, under any name
    signed: Sequence[str] = ()  # paths that prove themselves who calls, such as /slack/events
    public: Sequence[str] = ()  # the sign-in page and what it is made of; reading and signing in
    forms: Sequence[str] = ()  # pages whose forms carry the CSRF token; they check it themselves
    sign_in: str = ""  # where people without a session are sent from ``forms``


@dataclass(frozen=True, slots=True)
class Gate:
    """An ASGI application before another."""

    app: ASGIApp
    doorkeeper: Doorkeeper
    rules: Rules = field(default_factory=Rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer with its refusal."""
        if scope["type"] != "http":  # no WebSocket is served here
            return
        send = _with_headers(send)
        try:
            away = await self._judge(HTTPConnection(scope), scope)
        except Refused as error:
            away = answer(error.refusal)
        await (self.app if away is None else away)(scope, receive, send)

    async def _judge(self, connection: HTTPConnection, scope: Scope) -> Response | None:
        """None to go on, with the visitor in ``scope``; another place to go to. Refused for no."""
        rules, path, reads = self.rules, scope["path"], scope["method"] in READS
        if reads and among(path, rules.health):
            return None
        if among(path, rules.signed):  # also by a name of a proxy: what is signed is from whom it says
            return None
        _check_host(connection, rules)
        if not reads:
            _check_origin(connection)
        if among(path, rules.public):
            scope[VISITOR] = _quietly(self.doorkeeper, connection)
            return None
        visitor = self.doorkeeper.known(connection)
        if visitor is None and "authorization" in connection.headers:
            visitor = await self.doorkeeper.ask(connection)
        scope[VISITOR] = visitor
        if visitor is None and (rules.closed or not reads):
            if reads and rules.sign_in and among(path, rules.forms):
                return RedirectResponse(f"{rules.sign_in}?next={quote(path)}", status_code=303)
            raise not_signed_in()
        if visitor is not None and not reads and not among(path, rules.forms):
            _check_csrf(connection, visitor)
        return None


def _quietly(doorkeeper: Doorkeeper, connection: HTTPConnection) -> Visitor | None:
    """Who is signed in, on the page that signs people in: nothing is asked of anybody."""
    session = doorkeeper.sessions.of(connection)
    return None if session is None else Visitor(session.actor, session)


def among(path: str, those: Sequence[str]) -> bool:
    """Whether ``path`` is one of ``those``, or below one that ends in ``/``; the root is only itself."""
    return any(
        path == one or (one.endswith("/") and one != "/" and (path.startswith(one) or path == one[:-1]))
        for one in those
    )


def _check_host(connection: HTTPConnection, rules: Rules) -> None:
    given = connection.headers.getlist("host")
    if len(given) == 1:
        name = _name(given[0])
        if name and (is_loopback(name) or name in rules.names or not (rules.loopback or rules.names)):
            return
    expected = ", ".join(["localhost", "127.0.0.1", "[::1]", *rules.names])
    raise Refused(421, "header Host", given[0] if given else "none", expected)


def _name(host: str) -> str:
    """A host without its port and brackets, in lower case; "" where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Host and port of an origin; "" where it has none, as that of a sandboxed frame."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host is this machine, by its very name: nothing is looked up."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _check_origin(connection: HTTPConnection) -> None:
    """A browser says which page a form was on; other programs say nothing."""
    given = connection.headers.getlist("origin")
    own = connection.headers.get("host", "")
    if given and [_place(one) for one in given] != [own]:
        raise Refused(403, "header Origin", given[0], f"a page of {own}")
    if connection.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Refused(403, "header Sec-Fetch-Site", "another site", "a page of our own")


def _check_csrf(connection: HTTPConnection, visitor: Visitor) -> None:
    if visitor.session is not None and not visitor.session.matches(connection.headers.get(CSRF, "")):
        raise Refused(403, f"header {CSRF}", "none, or another", "the CSRF token of this session")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
