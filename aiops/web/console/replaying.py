"""Replaying: run a recording through the loop beside everything else, and show its report."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from aiops.web.console.people import fields
from aiops.web.console.site import HEADERS, Site

# the report is one file without scripts, whose styles are in it
REPORT = {**HEADERS, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


def may_start(site: Site, request: Request) -> bool:
    """Whether whoever looks may have a recording replayed: it costs a core for a while."""
    return site.parts.alone or site.actor(request) is not None


def page(site: Site) -> Callable[[Request], Response]:
    """What can be replayed, and how far the newest one is."""

    def endpoint(request: Request) -> Response:
        replays = site.parts.replays
        names = replays.names() if replays is not None else ()
        values = {
            "here": "replay",
            "names": names,
            "ready": {name for name in names if replays is not None and replays.report(name) is not None},
            "progress": replays.progress() if replays is not None else None,
            "may_start": may_start(site, request),
        }
        return site.page(request, "replay.html", values)

    return endpoint


def start(site: Site) -> Callable[[Request], Response]:
    """Begin."""

    async def endpoint(request: Request) -> Response:
        form = await fields(request)
        session, replays = site.session(request), site.parts.replays
        if not site.parts.alone and (session is None or not session.matches(form.get("csrf", ""))):
            return site.problem(request, 403, "Not taken", "Sign in first; then the form is of your session.")
        if replays is None:
            return site.problem(request, 409, "No recordings", "This console was given no recordings.")
        why_not = await run_in_threadpool(replays.start, form.get("recording", ""))
        if why_not:
            return site.problem(request, 409, "Not started", why_not)
        return RedirectResponse("/console/replay", 303, HEADERS)

    return endpoint  # type: ignore[return-value]


def progress(site: Site) -> Callable[[Request], Response]:
    """How far it is, as JSON."""

    def endpoint(_: Request) -> Response:
        found = site.parts.replays.progress() if site.parts.replays is not None else None
        if found is None:
            return JSONResponse({"over": True}, headers=HEADERS)
        told = {"name": found.name, "share": found.share, "what": found.what, "over": found.over}
        return JSONResponse(told, headers=HEADERS)

    return endpoint


def report(site: Site) -> Callable[[Request], Response]:
    """The report of a finished replay: a page of its own."""

    def endpoint(request: Request) -> Response:
        replays = site.parts.replays
        found = replays.report(request.path_params["name"]) if replays is not None else None
        if found is None:
            return site.problem(request, 404, "No such report", "This recording was not replayed yet.")
        return HTMLResponse(found, headers=REPORT)

    return endpoint
