"""The HTTP side, put together: health and metrics; where they are handed in the API, pages, Slack's events.

``/metrics`` for Prometheus; ``/healthz`` fails only when the loop is stuck, never because something else is
down (a restart would not mend that, and would cost the warm-up); ``/readyz`` says whether the loop has seen
its first good tick. These need no token, because they change nothing and show no names of yours. Before
everything stands the gate: see ``aiops.web.gate`` for who passes it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from aiops.web.auth import Doorkeeper
from aiops.web.gate import Gate, Rules
from aiops.web.problems import Refused, answer

Report = Callable[[], tuple[bool, Mapping[str, object]]]  # (good, what to show)
SLACK = "/slack/events"


@dataclass(frozen=True, slots=True)
class Pages:
    """The console, as the app needs to know it. A path that ends in ``/`` stands for all below it."""

    routes: Sequence[BaseRoute]
    public: Sequence[str] = ()  # the sign-in page and what it is made of
    forms: Sequence[str] = ()  # pages whose forms carry the CSRF token and check it themselves
    sign_in: str = ""  # where people without a session are sent
    home: str = ""  # where whoever asks for nothing in particular is sent


@dataclass(frozen=True, slots=True)
class Doors:
    """What is served beside health and metrics, and to whom."""

    doorkeeper: Doorkeeper
    api: Sequence[BaseRoute] = ()  # of ``aiops.web.api.routes``
    pages: Pages = Pages(())
    slack: ASGIApp | None = None  # takes what Slack sends: signed, and checked by it
    closed: bool = False  # whether reading needs a token too
    loopback: bool = True  # whether we listen on loopback only
    names: Sequence[str] = ()  # further hosts that it may be called by


def make_app(
    metrics: Callable[[], tuple[bytes, str]], healthy: Report, ready: Report, doors: Doors | None = None
) -> Starlette:
    """An ASGI application; ``metrics`` answers (body, content type). Without ``doors`` that is all."""

    async def show_metrics(_: Request) -> Response:
        body, content_type = metrics()
        return Response(body, headers={"content-type": content_type})

    def show(report: Report) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_: Request) -> Response:  # never behind others that wait for a thread
            good, facts = report()
            return JSONResponse(dict(facts), status_code=200 if good else 503)

        return endpoint

    routes: list[BaseRoute] = [
        Route("/metrics", show_metrics, methods=["GET"]),
        Route("/healthz", show(healthy), methods=["GET"]),
        Route("/readyz", show(ready), methods=["GET"]),
    ]
    if doors is not None:
        routes += [*doors.api, *doors.pages.routes]
        if doors.pages.home:
            routes.append(Route("/", lambda _: RedirectResponse(doors.pages.home, 307), methods=["GET"]))
        if doors.slack is not None:
            routes.append(Route(SLACK, doors.slack, methods=["POST"]))
    return Starlette(
        routes=routes,
        middleware=[] if doors is None else [_gate(doors)],
        exception_handlers={HTTPException: _told, Refused: _refused, Exception: _ours},
    )


def _gate(doors: Doors) -> Middleware:
    rules = Rules(
        closed=doors.closed,
        loopback=doors.loopback,
        names=tuple(name.lower() for name in doors.names),
        signed=(SLACK,) if doors.slack is not None else (),
        public=(*doors.pages.public, *(("/",) if doors.pages.home else ())),
        forms=doors.pages.forms,
        sign_in=doors.pages.sign_in,
    )
    return Middleware(Gate, doorkeeper=doors.doorkeeper, rules=rules)


def _told(request: Request, error: Exception) -> Response:
    """What the router refuses, as every other refusal looks."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    expected = {404: "a path that is there", 405: "another method"}.get(error.status_code, error.detail)
    refused = Refused(error.status_code, request.url.path, request.method, expected)
    response = answer(refused.refusal)
    response.headers.update(error.headers or {})
    return response


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for it
    return answer(error.refusal)


def _ours(request: Request, _: Exception) -> Response:
    """A bug of ours: nothing of it is told to whoever asked."""
    return answer(Refused(500, request.url.path, "an error of ours", "an answer").refusal)
