"""The wires: HTTP and WebSocket on one loopback port, on an event loop of its own thread."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from tests.fakes.slack.delivery import Socket
from tests.fakes.slack.methods import METHODS
from tests.fakes.slack.refusal import Refused

MOST_SOCKETS = 10


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Web API, as it was answered. ``error`` "" is a success."""

    at: float
    method: str
    args: dict
    error: str
    status: int


class Server:
    """Serves the double; may be taken down and put up again on the same port."""

    def __init__(self, slack):
        self.slack = slack
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="slack-double", daemon=True)
        self._serving = None

    def start(self):
        self._thread.start()
        self.up()

    def up(self):
        """Listen."""
        routes = [
            Route("/api/{method}", self._api, methods=["GET", "POST"]),
            Route("/upload/v1/{file}", self._upload, methods=["POST"]),
            Route("/actions/{team}/{name}", self._respond, methods=["POST"]),
            WebSocketRoute("/link/", self._link),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            lifespan="off",
            ws_ping_interval=5,
            ws_ping_timeout=5,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        server.force_exit = True  # connections are cut at the end, not waited for
        done = asyncio.run_coroutine_threadsafe(server._serve(), self.loop)
        self._serving = (server, done)
        deadline = time.monotonic() + 10
        while not server.started:
            if done.done() or time.monotonic() > deadline:
                raise RuntimeError(f"the double does not listen on {self.port}")
            time.sleep(0.005)

    def down(self):
        """Stop listening and cut every connection."""
        server, done = self._serving
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            done.result(10)

    def cut(self):
        """Every connection is gone, without a word."""
        for one in list(self._serving[0].server_state.connections):
            self.loop.call_soon_threadsafe(one.transport.abort)

    def stop(self):
        self.down()
        asyncio.run_coroutine_threadsafe(_end_of_all(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)

    async def _before(self):
        """Whether the double answers at all, and when."""
        if self.slack.delay_s:
            await asyncio.sleep(self.slack.delay_s)
        if self.slack.broken:
            return PlainTextResponse("upstream connect error", status_code=self.slack.broken)
        return None

    async def _api(self, request):
        answer = await self._before()
        if answer is not None:
            self.slack.calls.append(
                Call(self.slack.clock(), request.path_params["method"], {}, "down", answer.status_code)
            )
            return answer
        method = request.path_params["method"]
        args = await _arguments(request, method)
        headers, status = {}, 200
        try:
            body = {"ok": True, **self.slack.call(method, args, request.headers.get("authorization", ""))}
        except Refused as refused:
            body = {"ok": False, "error": refused.error, **refused.more}
            if refused.error == "ratelimited":
                status, headers = 429, {"Retry-After": str(body.pop("retry_after"))}
        shown = {name: value for name, value in args.items() if name != "token"}
        self.slack.calls.append(Call(self.slack.clock(), method, shown, body.get("error", ""), status))
        return JSONResponse(body, status_code=status, headers=headers)

    async def _upload(self, request):
        answer = await self._before()
        if answer is not None:
            return answer
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            form = await request.form()
            data = await next(iter(form.values())).read()
        else:
            data = await request.body()
        status, text = self.slack.uploads.receive(request.path_params["file"], data)
        return PlainTextResponse(text, status_code=status)

    async def _respond(self, request):
        answer = await self._before()
        if answer is not None:
            return answer
        try:
            self.slack.responded(request.path_params["name"], json.loads(await request.body()))
        except Refused as refused:
            status = 404 if refused.error.endswith("_url") else 400
            return JSONResponse({"ok": False, "error": refused.error, **refused.more}, status_code=status)
        except ValueError:
            return PlainTextResponse("invalid_payload", status_code=400)
        return PlainTextResponse("ok")

    async def _link(self, websocket):
        courier = self.slack.courier
        if self.slack.broken or not self.slack.take_ticket(websocket.query_params.get("ticket", "")):
            await websocket.send_denial_response(Response(status_code=self.slack.broken or 403))
            return
        await websocket.accept()
        name = f"socket {len(self.slack.opened) + 1}"
        one = Socket(name, websocket, self.slack.clock())
        self.slack.opened.append(one)
        if len(courier.sockets) >= MOST_SOCKETS:
            await websocket.send_text(json.dumps({"type": "disconnect", "reason": "too_many_websockets"}))
            await websocket.close()
            return
        courier.sockets.append(one)
        try:
            await websocket.send_text(json.dumps(self._hello(name)))
            while True:
                courier.received(one, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass  # closed by either side
        finally:
            courier.sockets.remove(one)
            for waiting in one.waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError("closed"))

    def _hello(self, name):
        return {
            "type": "hello",
            "num_connections": len(self.slack.courier.sockets),
            "debug_info": {"host": name, "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.slack.app.id},
        }


async def _end_of_all():
    """Whatever is still on its way stays there."""
    others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _arguments(request, method):
    """Query, form and JSON fields; a JSON body only where the method reads one."""
    args = dict(request.query_params)
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    body = await request.body()
    known = METHODS.get(method)
    if kind == "application/json":
        if known is not None and known.json and body:
            with contextlib.suppress(ValueError):
                args |= json.loads(body)
    elif kind == "application/x-www-form-urlencoded":
        args |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    for name in known.arrays if known is not None else ():
        if isinstance(args.get(name), str):
            with contextlib.suppress(ValueError):
                args[name] = json.loads(args[name])
    return args
