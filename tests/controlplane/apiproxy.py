"""A proxy before the API server that knows what is asked, and spoils the answers that a test names.

    with ApiProxy(plane) as proxy:
        kubeconfig = proxy.kubeconfig(service_account("aiops", rules))
        lost = proxy.inject(LoseAnswer(), method="PATCH", path="/deployments/cart", times=1)
        ...
        assert lost.hits == 1  # the server has committed it, and the client knows nothing

It ends TLS with the API server's own certificate and speaks HTTP/1.1. A request without a token is sent on as
the administrator's. For what happens to bytes (latency, resets, corruption) put a FaultProxy of
``tests.integration.faults`` before ``plane.url`` instead.
"""

import contextlib
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3

from tests.controlplane import pki

HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str  # with its query
    headers: dict[str, str]
    body: bytes

    @property
    def watches(self) -> bool:
        """Whether it is a watch."""
        return "watch=1" in self.path.lower() or "watch=true" in self.path.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """Answers itself; the server is not asked, unless ``after_commit``."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    after_commit: bool = False


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The server does it; the client's connection is reset before it hears so."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The client's connection is reset; the server never heard of it."""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer ever comes; the server did it, or did not."""

    after_commit: bool = True


@dataclass(frozen=True, slots=True)
class Delay:
    """The server hears of it only so much later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncate:
    """The body of the answer breaks off after so many bytes."""

    after: int


@dataclass(frozen=True, slots=True)
class First:
    """Something happens just before the server hears of it: another writer, a kill."""

    act: Callable[[Asked], object]


@dataclass(frozen=True, slots=True)
class Then:
    """Something happens when the server has done it, before the client hears so."""

    act: Callable[[Asked], object]


Spoil = Answer | LoseAnswer | Drop | Hang | Delay | Truncate | First | Then


def refusal(status: int, reason: str, message: str = "", **headers: str) -> Answer:
    """An API server's own way to say no: ``refusal(429, "TooManyRequests", Retry_After="1")``."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": status,
        "reason": reason,
        "message": message or reason,
    }
    given = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Answer(status, json.dumps(body).encode(), (("Content-Type", "application/json"), *given))


HTML = Answer(200, b"<!DOCTYPE html><html><body>Sign in</body></html>", (("Content-Type", "text/html"),))
GARBAGE = Answer(200, b'{"kind": "PodLi\x00\xff')


@dataclass(slots=True)
class Rule:
    """A fault and the requests it is for. ``hits`` counts those it struck."""

    fault: Spoil
    method: str = ""
    path: str = ""  # a part of it
    times: int | None = None
    skip: int = 0  # so many pass first
    hits: int = 0

    def takes(self, asked: Asked) -> bool:
        """Whether it strikes this request; counts."""
        if self.method not in ("", asked.method) or self.path not in asked.path:
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


@dataclass
class ApiProxy:
    """A context manager. ``asked`` are the requests so far, in the order of their coming."""

    plane: Any  # a ControlPlane, or an Existing cluster with its certificate
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        keys = self.plane.pki
        trusted = {"ca_certs": str(keys / "ca.crt"), "retries": False, "maxsize": 32}
        self._plain = urllib3.PoolManager(**trusted)
        admin = {"cert_file": str(keys / f"{pki.ADMIN}.crt"), "key_file": str(keys / f"{pki.ADMIN}.key")}
        self._admin = urllib3.PoolManager(**trusted, **admin)
        proxy = self

        class Page(_Page):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "api.crt", keys / "api.key")
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "ApiProxy":
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._flows.set()
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def kubeconfig(self, original: Path) -> Path:
        """A copy of a kubeconfig of ours that goes through here."""
        config = json.loads(Path(original).read_text())
        user = {key: text for key, text in config["users"][0]["user"].items() if key == "token"}
        place = Path(original).with_suffix(f".{self._server.server_address[1]}.kubeconfig")
        return pki.kubeconfig(place, self.url, self.plane.pki / "ca.crt", user)

    def inject(
        self, fault: Spoil, *, method: str = "", path: str = "", times: int | None = None, skip: int = 0
    ) -> Rule:
        """Put a fault on requests of a method whose path contains ``path``; the newest rule wins."""
        rule = Rule(fault, method, path, times, skip)
        with self._lock:
            self._rules.insert(0, rule)
        return rule

    def heal(self) -> None:
        """No faults any more, and what was frozen goes on."""
        with self._lock:
            self._rules.clear()
        self._flows.set()

    def freeze(self) -> None:
        """From now on not a byte comes back, of watches that stand neither; connections stay open."""
        self._flows.clear()

    def cut(self) -> None:
        """Reset every connection there is."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _reset(connection)

    def note(self, asked: Asked) -> Spoil | None:
        """Called for each request: the fault that strikes it."""
        with self._lock:
            self.asked.append(asked)
            return next((rule.fault for rule in self._rules if rule.takes(asked)), None)

    def keep(self, connection: socket.socket) -> None:
        """Called for each connection, for ``cut``."""
        with self._lock:
            self._open.add(connection)

    def flow(self) -> None:
        """Called before bytes go back: waits while frozen."""
        self._flows.wait()

    def forward(self, asked: Asked) -> urllib3.BaseHTTPResponse:
        """Ask the server."""
        has_token = any(name.lower() == "authorization" for name in asked.headers)
        headers = {name: text for name, text in asked.headers.items() if name.lower() not in HOP}
        return (self._plain if has_token else self._admin).request(
            asked.method,
            self.plane.url + asked.path,
            body=asked.body or None,
            headers=headers,
            preload_content=False,
            timeout=urllib3.Timeout(connect=5.0, read=None),
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A connection that broke is what this is for."""


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ApiProxy

    def setup(self):
        super().setup()
        self.owner.keep(self.connection)

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        fault = self.owner.note(asked)
        with contextlib.suppress(OSError, urllib3.exceptions.HTTPError):
            self._serve(asked, fault)
            return
        self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names are the base class's

    def _serve(self, asked, fault):
        match fault:
            case Drop():
                return self._reset()
            case Hang(after_commit=False):
                return self._hang()
            case Answer(after_commit=False):
                return self._send(fault.status, fault.headers, fault.body)
            case Delay(seconds):
                self.owner.stopping.wait(seconds)
            case First(act):
                act(asked)
        answer = self.owner.forward(asked)
        with contextlib.closing(answer):
            if asked.watches and answer.status == 200 and not isinstance(fault, Hang | LoseAnswer):
                return self._stream(answer)
            return self._answered(asked, fault, answer)

    def _answered(self, asked, fault, answer):
        """The server has done it; ``fault`` says what the client hears."""
        body, headers = answer.read(), tuple(answer.headers.items())
        match fault:
            case LoseAnswer():
                return self._reset()
            case Hang():
                return self._hang()
            case Answer():
                return self._send(fault.status, fault.headers, fault.body)
            case Then(act):
                act(asked)
            case Truncate(after):
                self._head(answer.status, headers, len(body))
                self.wfile.write(body[:after])
                return self._reset()
        return self._send(answer.status, headers, body)

    def _send(self, status, headers, body):
        self.owner.flow()
        self._head(status, headers, len(body))
        self.wfile.write(body)

    def _head(self, status, headers, length):
        self.send_response_only(status)
        for name, text in headers:
            if name.lower() not in HOP:
                self.send_header(name, text)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _stream(self, answer):
        self.owner.flow()
        self.send_response_only(200)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(65_536):
            self.owner.flow()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _hang(self):
        self.owner.stopping.wait()
        self.close_connection = True

    def _reset(self):
        self.close_connection = True
        _reset(self.connection)

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass


def _reset(connection):
    """RST now, though other threads hold the socket: /dev/null takes its place in the table of files."""
    with contextlib.suppress(OSError), Path("/dev/null").open("rb") as nothing:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.shutdown(connection, socket.SHUT_RD)  # whoever reads it lets go
        os.dup2(nothing.fileno(), connection.fileno())
