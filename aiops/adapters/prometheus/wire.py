"""Wire: HTTP connections that keep to a deadline, to addresses that were checked, with TLS that is verified.

urllib3's time-outs start anew with every piece that arrives, so a server that sends a byte now and then would
hold us for ever. Here each receive is given what is left of the deadline of the running question, and
ends when we hang up.
"""

import contextlib
import http.client
import io
import socket
import ssl
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from aiops.adapters.prometheus import address
from aiops.errors import ConfigError, Problem
from aiops.model.prometheus import PrometheusSettings


class Line:
    """The sockets on which answers are waited for; all of them can be hung up at once, from any thread."""

    def __init__(self) -> None:
        self.hung_up = threading.Event()
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def hold(self, sock: socket.socket) -> None:
        """An answer is waited for on ``sock``."""
        with self._lock:
            self._sockets.add(sock)

    def hang_up(self) -> None:
        """End every wait, now and later."""
        self.hung_up.set()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):  # it is gone already
                sock.shutdown(socket.SHUT_RDWR)


class Running(threading.local):
    """What the question of this thread keeps to."""

    until_s: float = 0.0  # monotonic deadline
    read_s: float = 0.0  # time-out between two pieces
    line: Line | None = None


running = Running()


class _Pieces(io.RawIOBase):
    """The bytes of one answer; TimeoutError once the deadline of the running question has passed."""

    def __init__(self, raw: socket.SocketIO, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if running.line is not None and running.line.hung_up.is_set():
            raise ConnectionAbortedError("we hung up")
        left = running.until_s - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(min(left, running.read_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        raw: Any = self.fp.detach()  # a BufferedReader over a SocketIO
        self.fp = io.BufferedReader(_Pieces(raw, sock), 65_536)
        if running.line is not None:
            running.line.hold(sock)


def _connected(connection: HTTPConnection) -> socket.socket:
    timeout = min(float(connection.timeout or 3.0), max(running.until_s - time.monotonic(), 0.001))
    try:
        return address.connect(connection.host, connection.port, timeout)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection within {timeout:g} s") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error


class _Plain(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _Tls(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class Adapter(requests.adapters.HTTPAdapter):
    """requests' transport over these connections. Whatever ``verify`` a caller passes, TLS is verified."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._stamp: tuple[float, ...] = ()
        super().__init__(pool_connections=2, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Pools of our own connections."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to do: the context verifies."""

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002 - cannot be switched off
        cert: Any = None,  # noqa: ARG002 - ours is in the context
    ) -> Any:
        """Which pool: by scheme, host, port and our TLS context."""
        url = urllib3.util.parse_url(request.url or "")
        host = {"scheme": url.scheme, "host": url.host, "port": url.port}
        return host, {"ssl_context": self._tls()} if url.scheme == "https" else {}

    def _tls(self) -> ssl.SSLContext:
        """The context, made anew when one of its files has changed."""
        files = (self._settings.ca_file, self._settings.cert_file, self._settings.key_file)
        try:
            stamp = tuple(_changed(file) for file in files if file)
            if self._context is None or stamp != self._stamp:
                context = ssl.create_default_context(cafile=self._settings.ca_file or None)
                if self._settings.cert_file:
                    context.load_cert_chain(self._settings.cert_file, self._settings.key_file or None)
                self._context, self._stamp = context, stamp
        except OSError as error:  # ssl.SSLError is one
            problem = Problem("prometheus.ca_file, cert_file, key_file", str(error), "certificates in PEM")
            raise ConfigError([problem]) from error
        return self._context


def _changed(file: str) -> float:
    return Path(file).stat().st_mtime
