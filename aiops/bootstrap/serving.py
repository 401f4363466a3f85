"""Serving: health, metrics, API, console and Slack's events on one port, beside the loop."""

import math
from collections.abc import Mapping
from importlib.metadata import version

from starlette.applications import Starlette

from aiops.bootstrap.console import daemon_console
from aiops.bootstrap.identity import on_loopback
from aiops.bootstrap.people import People
from aiops.engine.live import Live
from aiops.errors import PortError
from aiops.ports import Forum
from aiops.settings import Settings
from aiops.telemetry import Metrics
from aiops.web.api.reading import Index, Reading
from aiops.web.api.routes import api_routes
from aiops.web.app import Doors, Pages, make_app
from aiops.web.console import FORMS, PUBLIC, SIGN_IN
from aiops.web.server import Server


def make_server(settings: Settings, live: Live, metrics: Metrics, people: People) -> Server:
    """The server as configured; it listens inside its ``with``."""
    return Server(daemon_app(settings, live, metrics, people), settings.server.host, settings.server.port)


def daemon_app(settings: Settings, live: Live, metrics: Metrics, people: People) -> Starlette:
    """``/healthz`` fails only when the loop is stuck; ``/readyz`` until the first tick was journalled."""

    def healthy() -> tuple[bool, Mapping[str, object]]:
        stuck_s = live.stuck()
        return not stuck_s, {"healthy": not stuck_s, "seconds_since_tick": round(stuck_s, 1)}

    def ready() -> tuple[bool, Mapping[str, object]]:
        good = live.good_ms is not None
        return good, {"ready": good, "blind": live.quality.why()}

    metrics.approvals.set_function(lambda: waiting(people.forum))
    return make_app(metrics.page, healthy, ready, _doors(settings, live, people))


def waiting(forum: Forum) -> float:
    """How many questions wait, counted when it is asked for; NaN where the journal cannot be read."""
    try:
        return float(len(forum.approvals()))
    except PortError:
        return math.nan


def _doors(settings: Settings, live: Live, people: People) -> Doors:
    there = settings.server.console
    slack = people.slack.asgi if people.slack is not None else None
    loopback = on_loopback(settings.server.host)
    return Doors(
        people.doorkeeper,
        api=api_routes(_reading(live, people)) if there else (),
        pages=_pages(settings, live, people) if there else Pages(()),
        slack=slack,
        closed=settings.server.closed or not (loopback or settings.server.public),
        loopback=loopback,
        names=settings.server.names,
    )


def _reading(live: Live, people: People) -> Reading:
    store = live.loop.store
    return Reading(
        store=store,
        now_ms=live.clock.now_ms,
        forum=people.forum,
        index=Index(store).now,
        status=lambda: status(live, people),
        version=version("aiopsd"),
    )


def _pages(settings: Settings, live: Live, people: People) -> Pages:
    routes = daemon_console(live, settings, people.forum, people.doorkeeper)
    return Pages(routes, PUBLIC, FORMS, SIGN_IN, home=FORMS[0])


def status(live: Live, people: People) -> Mapping[str, object]:
    """How the daemon stands, in JSON values."""
    loop, storm = live.loop, live.loop.book.storm
    stopped = loop.kill_switch()
    return {
        "cluster": loop.rules.cluster,
        "timezone": loop.rules.approvals.timezone,
        "mode": loop.rules.policy.mode,
        "last_good_tick_ms": live.good_ms,
        "stuck_s": round(live.stuck(), 1),
        "blind": live.quality.why(),
        "storm": storm.because if storm is not None else "",
        "stopped": stopped,
        "stopped_because": loop.why_stopped() if stopped is not False else "",
        "open_incidents": len(loop.book.open),
        "pending_approvals": len(people.forum.approvals()),
        "slack": "off" if people.slack is None else people.slack.problem() or "connected",
    }
