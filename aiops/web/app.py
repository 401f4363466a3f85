"""The routes that need no authentication, because they change nothing and show no names of yours.

``/metrics`` for Prometheus; ``/healthz`` fails only when the loop is stuck, never because something else is
down (a restart would not mend that, and would cost the warm-up); ``/readyz`` says whether the loop has seen
its first good tick.
"""

from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Report = Callable[[], tuple[bool, Mapping[str, object]]]  # (good, what to show)


def make_app(metrics: Callable[[], tuple[bytes, str]], healthy: Report, ready: Report) -> Starlette:
    """An ASGI application; ``metrics`` answers (body, content type)."""

    def show_metrics(_: Request) -> Response:
        body, content_type = metrics()
        return Response(body, headers={"content-type": content_type})

    def show(report: Report) -> Callable[[Request], Response]:
        def endpoint(_: Request) -> Response:
            good, facts = report()
            return JSONResponse(dict(facts), status_code=200 if good else 503)

        return endpoint

    return Starlette(
        routes=[
            Route("/metrics", show_metrics, methods=["GET"]),
            Route("/healthz", show(healthy), methods=["GET"]),
            Route("/readyz", show(ready), methods=["GET"]),
        ]
    )
