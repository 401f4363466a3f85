"""People: signing in and out, what waits for an answer, and what they answer.

A form only carries what a person says to ``Forum.say``; whether they may is decided there, and nowhere
here. Each form has the session's CSRF token, and a nonce by which the same click twice is one answer.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aiops.core.calendar import day_end
from aiops.errors import InputError, PortError
from aiops.model import (
    Amend,
    Approve,
    Deny,
    Echo,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Said,
    Saying,
    Snooze,
    StopAll,
)
from aiops.web.console.site import HEADERS, NONCE, Site
from aiops.web.sessions import Session, over_tls

LONGEST = 500  # characters of a reason
MINUTE_MS = 60_000
MOST_MINUTES = 7 * 1440
Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """A form as it came: names of the path, fields of the form, and when."""

    path: Given
    form: Given
    now_ms: int
    timezone: str = "UTC"

    @property
    def id(self) -> str:
        """Of the approval or incident."""
        return self.path.get("approval") or self.path.get("incident", "")

    @property
    def reason(self) -> str:
        """In their words."""
        return self.form.get("reason", "").strip()[:LONGEST]

    @property
    def until_ms(self) -> int | None:
        """The end of "only today", or after so many minutes; None where it was not asked for."""
        if self.form.get("today"):
            return day_end(self.now_ms, self.timezone)
        text = self.form.get("minutes", "").strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST_MINUTES):
            raise InputError(f"minutes: expected a number from 1 to {MOST_MINUTES}, got {text[:20]!r}")
        return self.now_ms + int(text) * MINUTE_MS


def _snooze(heard: Heard) -> Saying:
    until_ms = heard.until_ms
    if until_ms is None:
        raise InputError("minutes: expected how long to wait, got nothing")
    return Snooze(heard.id, until_ms, heard.reason)


def _amend(heard: Heard) -> Saying:
    remediation = heard.form.get("remediation", "").strip()
    if not remediation:
        raise InputError("remediation: expected another step, got none")
    return Amend(heard.id, remediation, parameters(heard.form.get("parameters", "")), heard.reason)


def _false_alarm(heard: Heard) -> Saying:
    if not heard.reason:
        raise InputError("reason: expected why it was a false alarm, got nothing")
    return FalseAlarm(heard.id, heard.reason, heard.until_ms)


APPROVALS: Mapping[str, Callable[[Heard], Saying]] = {
    "approve": lambda heard: Approve(heard.id, heard.until_ms),
    "deny": lambda heard: Deny(heard.id, heard.reason, heard.until_ms),
    "snooze": _snooze,
    "amend": _amend,
}
INCIDENTS: Mapping[str, Callable[[Heard], Saying]] = {
    "mine": lambda heard: Mine(heard.id),
    "release": lambda heard: Release(heard.id),
    "false-alarm": _false_alarm,
}
EVERYTHING: Mapping[str, Callable[[Heard], Saying]] = {
    "stop": lambda heard: StopAll(heard.reason),
    "resume": lambda heard: ResumeAll(heard.reason),
}


def parameters(text: str) -> dict[str, str | int | float | bool]:
    """``name=value`` a line or after a comma; numbers and true or false as such. InputError for the rest."""
    found: dict[str, str | int | float | bool] = {}
    for part in text[:2000].replace(",", "\n").splitlines():
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise InputError(f"parameters: expected name=value, got {part.strip()[:60]!r}")
        found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> str | int | float | bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def answer(
    site: Site, table: Mapping[str, Callable[[Heard], Saying]], back: str
) -> Callable[[Request], "Response"]:
    """One endpoint for the answers of ``table``; afterwards the browser is at ``back``."""

    async def endpoint(request: Request) -> Response:
        form = await fields(request)
        return await run_in_threadpool(_answer, site, table, back, request, form)

    return endpoint  # type: ignore[return-value]  # Starlette takes coroutines as well


async def fields(request: Request) -> Given:
    """The text fields of a form; files are passed over."""
    form: FormData = await request.form(max_files=0, max_fields=20)
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _answer(
    site: Site,
    table: Mapping[str, Callable[[Heard], Saying]],
    back: str,
    request: Request,
    form: Given,
) -> Response:
    session, forum, path = site.session(request), site.parts.forum, request.path_params
    make = table.get(path.get("answer", ""))
    if make is None:
        return site.problem(request, 404, "No such answer", "There is nothing of this name to say.")
    if forum is None:
        return site.problem(request, 409, "Nobody can answer here", site.parts.shut)
    if session is None:
        return RedirectResponse(f"/console/sign-in?next={_back(site, back, path)}", 303, HEADERS)
    if not session.matches(form.get("csrf", "")):
        text = "The form is not of this session: perhaps you have signed in again since. Go back and reload."
        return site.problem(request, 403, "Not taken", text)
    now_ms = site.parts.now_ms()
    try:
        saying = make(Heard(path, form, now_ms, site.parts.view.timezone))
        echo = forum.say(Said(session.actor, saying, now_ms, "console", ref_of(session, form)))
    except InputError as error:
        echo = Echo(False, str(error))
    except PortError as error:
        echo = Echo(False, f"not taken, nothing counts: {error}")
    return site.tell(session, echo, _back(site, back, path))


def ref_of(session: Session, form: Given) -> str:
    """The idempotency key of one form of one session; "" where the form carries none."""
    nonce = form.get("nonce", "")
    if not NONCE.fullmatch(nonce):
        return ""
    return f"console:{hashlib.sha256(session.id.encode()).hexdigest()[:16]}:{nonce}"


def _back(site: Site, back: str, path: Given) -> str:
    approval = site.keeper.known().approvals.by_id.get(path.get("approval", ""))
    incident = approval.incident_id if approval is not None else path.get("incident", "")
    return f"/console/incidents/{incident}#answers" if incident in site.keeper.known().catalog.rows else back


def approvals_page(site: Site) -> Callable[[Request], Response]:
    """What waits for an answer, and what was answered lately."""

    def endpoint(request: Request) -> Response:
        known = site.keeper.known()
        others = [one for one in known.approvals.by_id.values() if one not in known.approvals.pending()]
        others.sort(key=lambda one: -one.asked_ms)
        values = {
            "here": "approvals",
            "pending": known.approvals.pending(),
            "past": others[:200],
            "remediations": site.parts.view.remediations,
        }
        return site.page(request, "approvals.html", values)

    return endpoint


def approval_page(site: Site) -> Callable[[Request], Response]:
    """One approval: on the page of its incident, if there is one."""

    def endpoint(request: Request) -> Response:
        approval = site.keeper.known().approvals.find(request.path_params["approval"])
        if approval is None:
            return site.problem(request, 404, "No such approval", "There is none with this id, or several.")
        return RedirectResponse(_back(site, "/console/approvals", {"approval": approval.id}), 303, HEADERS)

    return endpoint


def sign_in_page(site: Site) -> Callable[[Request], Response]:
    """Where a person shows who they are."""

    def endpoint(request: Request) -> Response:
        where = own(request.query_params.get("next", ""))
        return site.page(request, "sign_in.html", {"next": where, "wrong": ""})

    return endpoint


def sign_in(site: Site) -> Callable[[Request], Response]:
    """A bearer token becomes a session."""

    async def endpoint(request: Request) -> Response:
        form = await fields(request)
        return await run_in_threadpool(_sign_in, site, request, form)

    return endpoint  # type: ignore[return-value]


def _sign_in(site: Site, request: Request, form: Given) -> Response:
    doorkeeper, where = site.parts.doorkeeper, own(form.get("next", ""))
    if doorkeeper is None:
        return site.problem(request, 409, "Nobody can sign in here", site.parts.shut)
    address = request.client.host if request.client is not None else "unknown"
    try:
        session, wrong, status = doorkeeper.open(form.get("token", "").strip(), address), "", 403
    except PortError as error:
        session, wrong, status = None, f"nobody can tell now: {error}", 503
    if session is None:
        wrong = wrong or "that token is not valid"
        return site.page(request, "sign_in.html", {"next": where, "wrong": wrong}, status)
    response = RedirectResponse(where, 303, HEADERS)
    doorkeeper.sessions.give(response, session, secure=over_tls(request))
    return response


def sign_out(site: Site) -> Callable[[Request], Response]:
    """The session ends."""

    async def endpoint(request: Request) -> Response:
        form, session, doorkeeper = await fields(request), site.session(request), site.parts.doorkeeper
        response = RedirectResponse("/console/", 303, HEADERS)
        if session is not None and doorkeeper is not None and session.matches(form.get("csrf", "")):
            doorkeeper.close(session.id)
            doorkeeper.sessions.take(response)
        return response

    return endpoint  # type: ignore[return-value]


def own(where: str) -> str:
    """``where`` if it is a page of the console, else the first one: nobody is sent elsewhere."""
    good = where.startswith("/console/") and where.isprintable() and "\\" not in where and "//" not in where
    return where if good else "/console/"
