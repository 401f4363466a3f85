"""Serve the routes from a thread of their own, beside the loop."""

import threading
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from aiops.errors import Unavailable

START_S, STOP_S = 10.0, 5.0
MOST = 1_000  # connections; more are told to come back later (503)


class Server:
    """A context: listening inside, closed after. ``port`` 0 takes a free one; ``url`` says which."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,  # a stream of events never ends by itself
            limit_concurrency=MOST,
            proxy_headers=False,  # anybody on this machine could say where they come from
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._ending = threading.Event()  # long answers end by themselves once it is set
        if isinstance(app, Starlette):
            app.state.ending = self._ending
        self._host, self._port = host, port
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._up = threading.Event()

    def _run(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn's answer to a port that is taken
            return
        finally:
            self._up.set()

    def __enter__(self) -> Self:
        """Start listening; Unavailable when the port cannot be had."""
        self._thread.start()
        for _ in range(int(START_S / 0.05)):
            if self._server.started or self._up.wait(0.05):
                break
        if not self._server.started:
            raise Unavailable(f"cannot listen on {self._host}:{self._port}: is the port taken?")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; open requests get a moment."""
        self._ending.set()
        self._server.should_exit = True
        self._thread.join(STOP_S)

    @property
    def url(self) -> str:
        """Where it listens."""
        sockets = [socket for server in self._server.servers for socket in server.sockets]
        port = sockets[0].getsockname()[1] if sockets else self._port
        return f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"
