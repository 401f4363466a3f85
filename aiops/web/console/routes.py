"""Routes: every address of the console, in one table."""

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from aiops.errors import PortError
from aiops.web.console import audit, events, incidents, limits, people, replaying
from aiops.web.console.parts import Parts
from aiops.web.console.render import STATIC
from aiops.web.console.render import static as content_of
from aiops.web.console.site import HEADERS, Site

SIGN_IN = "/console/sign-in"
PUBLIC = (SIGN_IN, "/console/static/")  # open even where reading needs a sign-in
FORMS = ("/console/",)  # pages whose forms carry the CSRF token themselves


def console_routes(parts: Parts) -> list[BaseRoute]:
    """The routes of one console. They stand behind ``aiops.web.gate.Gate``, which says who asks."""
    site = Site(parts)
    site.keeper.warm()
    routes: list[BaseRoute] = [
        Route("/console", lambda _: RedirectResponse("/console/", 307), methods=["GET"]),
        Route("/console/static/{name:path}", static, methods=["GET"]),
        Route("/console/events", events.stream(site), methods=["GET"]),
    ]
    pages: list[tuple[str, Callable[[Request], Any]]] = [
        ("/console/", incidents.list_page(site)),
        ("/console/incidents/{incident}", incidents.one_page(site)),
        ("/console/incidents/{incident}/plots.json", incidents.plots_of(site)),
        ("/console/approvals", people.approvals_page(site)),
        ("/console/approvals/{approval}", people.approval_page(site)),
        ("/console/playbooks", limits.playbooks_page(site)),
        ("/console/guards", limits.guards_page(site)),
        ("/console/signals", limits.signals_page(site)),
        ("/console/replay", replaying.page(site)),
        ("/console/replay/progress", replaying.progress(site)),
        ("/console/replay/report/{name}", replaying.report(site)),
        ("/console/audit", audit.page(site)),
        ("/console/audit/{seq:int}", audit.one(site, as_json=False)),
        ("/console/audit/{seq:int}.json", audit.one(site, as_json=True)),
        (SIGN_IN, people.sign_in_page(site)),
    ]
    forms: list[tuple[str, Callable[[Request], Any]]] = [
        (SIGN_IN, people.sign_in(site)),
        ("/console/sign-out", people.sign_out(site)),
        (
            "/console/approvals/{approval}/{answer}",
            people.answer(site, people.APPROVALS, "/console/approvals"),
        ),
        ("/console/incidents/{incident}/{answer}", people.answer(site, people.INCIDENTS, "/console/")),
        ("/console/everything/{answer}", people.answer(site, people.EVERYTHING, "/console/guards")),
        ("/console/replay", replaying.start(site)),
    ]
    routes += [Route(path, _safe(page), methods=["GET"]) for path, page in pages]
    routes += [Route(path, form, methods=["POST"]) for path, form in forms]
    routes.append(Route("/console/{rest:path}", _safe(_unknown(site)), methods=["GET"]))
    return routes


def _unknown(site: Site) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return site.problem(request, 404, "No such page", "Nothing is at this address.")

    return endpoint


def _safe(page: Callable[[Request], Response]) -> Callable[[Request], Any]:
    """A page in a thread of its own; a journal that cannot be read is told, and is no bug of ours."""

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(page, request)
        except PortError as error:
            return Response(
                f"The journal cannot be read now: {error}\n", 503, HEADERS, media_type="text/plain"
            )

    return endpoint


def static(request: Request) -> Response:
    """A file of ours; its address changes with its content, so that it may be kept for ever."""
    name = request.path_params["name"]
    content = content_of(name)
    if content is None:
        return Response("not found\n", 404, HEADERS, media_type="text/plain")
    kept = {"Cache-Control": "public, max-age=31536000, immutable"} if request.query_params.get("v") else {}
    return Response(content, headers={**HEADERS, **kept, "Content-Type": STATIC[name]})
