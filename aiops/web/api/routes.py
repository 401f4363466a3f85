"""Routes: the table of operations as routes. Read the request, have a thread do the work, answer."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aiops.errors import Forbidden, NotFound, PortError
from aiops.model.wire import digest, to_json
from aiops.telemetry import logger
from aiops.web.api.events import Events
from aiops.web.api.operations import PREFIX, Call, Operation, Raw, Token
from aiops.web.api.parse import LARGEST, body, query
from aiops.web.api.reading import Index, Reading
from aiops.web.api.table import OPERATIONS
from aiops.web.api.values import Answered, NoQuery
from aiops.web.auth import require, visitor_of
from aiops.web.problems import Refused, answer

BODY_S = 10.0  # a body that is not whole by then is none
KEY = "idempotency-key"
LONGEST_KEY, LONGEST_NAME = 200, 200
OUR_CLIENT = "aiops-cli/"
Endpoint = Callable[[Request], Awaitable[Response]]


def api_routes(reading: Reading) -> list[Route]:
    """A route for each operation of the table."""
    if reading.index is None:
        reading = replace(reading, index=Index(reading.store).now)
    events = Events(reading.store)
    return [
        Route(
            f"{PREFIX}{one.path}",
            _endpoint(one, reading, events),
            methods=[one.method],
            include_in_schema=False,
        )
        for one in OPERATIONS
    ]


def _endpoint(operation: Operation, reading: Reading, events: Events) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            call = await _call(operation, request)
            if operation.streams:
                return await events.answer(request)
            found = await run_in_threadpool(operation.work, reading, call)
            return _answer(operation, request, found)
        except Refused as error:
            return answer(error.refusal)
        except PortError as error:
            return answer(_outside(error).refusal)
        except Exception as error:  # noqa: BLE001 - the edge: a bug of ours is told, and stops nothing
            _tell(operation, error)
            return answer(Refused(500, operation.id, "an error of ours", "an answer").refusal)

    return endpoint


async def _call(operation: Operation, request: Request) -> Call:
    """What is asked, read and checked. Refused (400, 401, 408, 413, 415) where it is not."""
    if operation.token is Token.ALWAYS:
        require(request)
    visitor = visitor_of(request)
    name = str(request.path_params.get("id", ""))
    if len(name) > LONGEST_NAME:
        raise Refused(404, "path", "an id that is too long", "the id of something that is there")
    asked: Any = query(
        operation.query if not operation.changes else NoQuery, request.query_params.multi_items()
    )
    if not operation.changes:
        return Call(visitor.actor if visitor else None, name, query=asked)
    raw = await _body(request)
    given: Any = body(operation.body, raw, request.headers.get("content-type", ""))
    actor = require(request)
    return Call(
        actor,
        name,
        given,
        asked,
        _ref(request, f"{actor.key} {request.url.path}", raw),
        _via(operation, request),
    )


async def _body(request: Request) -> bytes:
    """The whole body, not larger and not slower than it may be."""
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                size += len(piece)
                if size > LARGEST:
                    raise Refused(413, "body", "more", f"at most {LARGEST} bytes", connection="close")
                pieces.append(piece)
    except TimeoutError as error:
        raise Refused(408, "body", f"half of it in {BODY_S:g} s", "all of it", connection="close") from error
    return b"".join(pieces)


def _ref(request: Request, about: str, raw: bytes) -> str:
    """The same for the same request of the same person under the same key; without a key never the same."""
    given = request.headers.getlist(KEY)
    if not given:
        return f"http:{secrets.token_hex(16)}"
    key = given[0]
    if len(given) > 1 or not key or len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Refused(
            400, "header Idempotency-Key", "something else", f"once, up to {LONGEST_KEY} printable characters"
        )
    return f"http:{digest('idempotency', [about, key, hashlib.sha256(raw).hexdigest()])[:32]}"


def _via(operation: Operation, request: Request) -> str:
    """How it was said, for people to read; nothing is judged by it."""
    ours = request.headers.get("user-agent", "").startswith(OUR_CLIENT)
    return f"aiops {operation.id}" if ours else "api"


def _tell(operation: Operation, error: Exception) -> None:
    """Where it went wrong; not the error's own words, which may hold what was sent (S8)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
    logger("web").error("a request went wrong", operation=operation.id, kind=type(error).__name__, at=place)


def _answer(operation: Operation, request: Request, found: object) -> Response:
    status, headers = 200, {"Cache-Control": "no-store"}
    if isinstance(found, Raw):
        return Response(found.body, found.status, {**headers, **found.headers}, media_type="application/json")
    if isinstance(found, Answered) and not found.done:
        status = 409
    text = orjson.dumps(found if isinstance(found, dict) else to_json(found))
    if not operation.changes:
        tag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
        headers = {"Cache-Control": "private, no-cache", "ETag": tag}
        if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(b"", 304, headers)
    return Response(text, status, headers, media_type="application/json")


def _outside(error: PortError) -> Refused:
    """What the journal, or who knows tokens, says: to try again later, but for a right that is missing."""
    if isinstance(error, Forbidden):
        return Refused(503, "rights", str(error), "that we may ask who may approve")
    if isinstance(error, NotFound):
        return Refused(404, "path", str(error), "something that is there")
    return Refused(503, "journal", str(error), "an answer; nothing was changed", retry_after="5")
