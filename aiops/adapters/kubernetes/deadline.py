"""Deadline: an end for one request as a whole, whatever part of it trickles.

A time limit of a socket is for each piece that comes. A server that sends one byte of its greeting, or one
line of its head, a second would keep us for ever: so we hang up when all of the time is over.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

_here = threading.local()  # whose request the connections of this thread serve


class _Asking:
    """One request under way."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.over = False

    def hang_up(self) -> None:
        """Shut the connection: whoever waits for it sees the end of it."""
        self.over = True
        with contextlib.suppress(OSError, AttributeError):  # it may not stand yet, or not any more
            self.connection.sock.shutdown(socket.SHUT_RDWR)


def _note(connection: object) -> None:
    if (asking := getattr(_here, "asking", None)) is not None:
        asking.connection = connection


class _Plain(HTTPConnection):
    def connect(self) -> None:
        _note(self)
        super().connect()

    def request(self, *args: Any, **named: Any) -> None:
        _note(self)
        super().request(*args, **named)


class _Secure(HTTPSConnection):
    def connect(self) -> None:
        _note(self)
        super().connect()

    def request(self, *args: Any, **named: Any) -> None:
        _note(self)
        super().request(*args, **named)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


def watch_over(manager: Any) -> None:
    """Let the connections of a urllib3 PoolManager be ended by ``limited``."""
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """What is asked inside, by this thread, ends after ``seconds``: broken, as if the server had hung up."""
    asking = _here.asking = _Asking()
    timer = threading.Timer(seconds, asking.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _here.asking = None
