"""A proxy on loopback that spoils what passes: put it before any TCP server.

    with FaultProxy(server.url) as proxy:
        source = PrometheusSource(PrometheusSettings(url=proxy.url))
        proxy.fault = Truncate(after=200)  # from the next connection on

Faults act on the way back, from the server to the client. ``proxy.connections`` counts what was accepted.
"""

import contextlib
import socket
import struct
import threading
import time
import urllib.parse
from dataclasses import dataclass

PIECE = 16_384


@dataclass(frozen=True)
class Latency:
    """Each answer starts ``seconds`` late."""

    seconds: float


@dataclass(frozen=True)
class Throttle:
    """``bytes_per_s``, a byte or more at a time: a trickle."""

    bytes_per_s: float


@dataclass(frozen=True)
class Reset:
    """RST after ``after`` bytes of the answer; 0: as soon as the question came."""

    after: int = 0


@dataclass(frozen=True)
class BlackHole:
    """Accepts, listens, never answers."""


@dataclass(frozen=True)
class HalfClose:
    """Sends FIN after ``after`` bytes and goes on reading."""

    after: int = 0


@dataclass(frozen=True)
class Truncate:
    """Closes after ``after`` bytes of the answer."""

    after: int


@dataclass(frozen=True)
class Corrupt:
    """Turns over the bits of one byte in each ``every`` of the answer, after the first ``skip`` bytes."""

    every: int = 101
    skip: int = 200


@dataclass(frozen=True)
class Answer:
    """Answers itself; the server is not asked. Enough for status codes, HTML pages and huge claims."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    length: int | None = None  # what Content-Length claims; None: the truth

    def bytes(self):
        lines = [f"HTTP/1.1 {self.status} Scripted", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body) if self.length is None else self.length}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


HTML = Answer(200, b"<!DOCTYPE html><html><body>Sign in</body></html>", (("Content-Type", "text/html"),))
PASS = None  # no fault


class FaultProxy:
    """TCP in, TCP out, ``fault`` between. A context manager."""

    def __init__(self, upstream: str) -> None:
        parts = urllib.parse.urlsplit(upstream if "//" in upstream else f"//{upstream}")
        self._upstream = (parts.hostname, parts.port)
        self.fault, self.connections = PASS, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{parts.scheme or 'http'}://{self.address}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def cut(self):
        """Close every connection there is, as a fault that begins now would."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client, self.fault), daemon=True).start()

    def _serve(self, client, fault):
        with contextlib.suppress(OSError), client:
            with self._lock:
                self._open.add(client)
            if isinstance(fault, Answer | BlackHole) or fault in (Reset(0), HalfClose(0)):
                self._alone(client, fault)
            else:
                with socket.create_connection(self._upstream, timeout=10) as server:
                    server.settimeout(None)
                    threading.Thread(target=_pump, args=(client, server), daemon=True).start()
                    self._back(server, client, fault)

    def _alone(self, client, fault):
        """Play the server: read the question, then do what ``fault`` says."""
        question = b""
        while b"\r\n\r\n" not in question:
            piece = client.recv(PIECE)
            if not piece:
                return
            question += piece
        if isinstance(fault, Answer):
            client.sendall(fault.bytes())
            client.shutdown(socket.SHUT_WR)
        elif isinstance(fault, Reset):
            _reset(client)
            return
        elif isinstance(fault, HalfClose):
            client.shutdown(socket.SHUT_WR)
        while client.recv(PIECE):  # until the other side has had enough
            pass

    def _back(self, server, client, fault):
        sent = 0
        while piece := server.recv(PIECE):
            match fault:
                case Latency(seconds):
                    self._stopping.wait(seconds)
                case Throttle(rate):
                    self._trickle(client, piece, rate)
                    continue
                case Reset(after) | HalfClose(after) | Truncate(after) if sent + len(piece) >= after:
                    client.sendall(piece[: after - sent])
                    _end(client, fault)
                    return
                case Corrupt(every, skip):
                    piece = _corrupted(piece, sent, every, skip)
            client.sendall(piece)
            sent += len(piece)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _trickle(self, client, piece, rate):
        size = max(1, int(rate / 50))
        for start in range(0, len(piece), size):
            if self._stopping.is_set():
                return
            client.sendall(piece[start : start + size])
            time.sleep(size / rate)


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)  # whoever still reads it holds it open, and no RST would go out
    client.close()


def _end(client, fault):
    if isinstance(fault, Reset):
        _reset(client)
    elif isinstance(fault, Truncate):
        client.shutdown(socket.SHUT_RDWR)
    else:
        client.shutdown(socket.SHUT_WR)
        while client.recv(PIECE):
            pass


def _corrupted(piece, sent, every, skip):
    spoilt = bytearray(piece)
    for place in range(max(0, skip - sent), len(spoilt), every):
        spoilt[place] ^= 0xFF
    return bytes(spoilt)
