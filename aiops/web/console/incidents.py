"""Incidents: the list, and the page of one."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aiops.core.catalog import OPEN_STATES, SEVERITIES, Row, Wanted
from aiops.web.console import plots, told
from aiops.web.console.site import HEADERS, Site

SIZE = 50
STATES = ("open", "all", *OPEN_STATES[1:], "closed")


def wanted_of(request: Request) -> tuple[Wanted, int]:
    """What the address asks for; what it does not know is passed over."""
    given = request.query_params
    state, severity = given.get("state", "all"), given.get("severity", "")
    wanted = Wanted(
        state="" if state not in STATES or state == "all" else state,
        namespace=given.get("namespace", "")[:253],
        incident_class=given.get("class", "")[:100],
        severity=severity if severity in SEVERITIES else "",
        text=given.get("q", "")[:200],
    )
    number = given.get("page", "1")
    return wanted, int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1


def list_page(site: Site) -> Callable[[Request], Response]:
    """All incidents, open first."""

    def endpoint(request: Request) -> Response:
        known = site.keeper.known()
        wanted, number = wanted_of(request)
        page = known.catalog.page(wanted, number, SIZE)
        asked = {
            "state": wanted.state,
            "severity": wanted.severity,
            "namespace": wanted.namespace,
            "class": wanted.incident_class,
            "q": wanted.text,
        }
        shorts = {one.id: one.short for one in known.approvals.pending()}
        values = {
            "here": "incidents",
            "page": page,
            "wanted": wanted,
            "states": STATES,
            "severities": tuple(SEVERITIES),
            "classes": known.catalog.classes(),
            "namespaces": known.catalog.namespaces(),
            "counts": known.catalog.counts(),
            "waits": lambda row: waits(row, shorts),
            "turn_to": lambda to: _address(asked, to),
        }
        return site.page(request, "incidents.html", values)

    return endpoint


def _address(asked: dict[str, str], number: int) -> str:
    given = {name: value for name, value in asked.items() if value} | {"page": str(number)}
    return f"/console/?{urlencode(given)}"


def waits(row: Row, shorts: dict[str, str]) -> str:
    """What an incident waits for, in a few words; "" for nothing."""
    if row.pending:
        return "answer to " + ", ".join(shorts.get(one, one[:4]) for one in row.pending)
    if row.claimed_by:
        return f"{row.claimed_by} is on it"
    words = {
        "waiting": "the next tick",
        "acting": "a step is under way",
        "verifying": "did it help?",
        "escalated": "a person",
    }
    return words.get(row.state, "")


def one_page(site: Site) -> Callable[[Request], Response]:
    """One incident with every value, from samples to outcome."""

    def endpoint(request: Request) -> Response:
        known = site.keeper.known()
        row = known.catalog.rows.get(request.path_params["incident"])
        if row is None:
            return site.problem(
                request, 404, "No such incident", "The journal knows no incident with this id."
            )
        story = told.story(site.parts.store, row.id)
        values = {
            "here": "incidents",
            "row": row,
            "story": story,
            "one": story.incident,
            "approvals": known.approvals.of_incident(row.id),
            "held": known.claims.held.get(row.id),
            "like": known.catalog.like(row),
            "remediations": site.parts.view.remediations,
            "spoken": plots.spoken,
            "changed": plots.changed(story.incident, site.parts.changes(story.incident)),
            "drawn": plots.drawn(site.parts.plots(story.incident, story.records), story),
        }
        return site.page(request, "incident.html", values)

    return endpoint


def plots_of(site: Site) -> Callable[[Request], Response]:
    """The samples of an incident's plots, as JSON."""

    def endpoint(request: Request) -> Response:
        row = site.keeper.known().catalog.rows.get(request.path_params["incident"])
        if row is None:
            return JSONResponse({"error": "no such incident"}, 404, HEADERS)
        story = told.story(site.parts.store, row.id)
        found = plots.drawn(site.parts.plots(story.incident, story.records), story)
        return JSONResponse(plots.document(found, story, site.parts.changes(story.incident)), headers=HEADERS)

    return endpoint
