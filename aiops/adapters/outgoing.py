"""Outgoing: one HTTP request to an address of the configuration, within its deadline, and nothing else (S5).

No redirects, no proxy of whoever starts us, no cookies; link-local and metadata addresses are never spoken
to, and what was checked is what is connected to; TLS is verified always. An answer is read up to a limit.

Errors:  Unavailable (connection, time-out, 408, 429 with Retry-After, 5xx), Forbidden (401, 403), NotFound
         (404, 410), Rejected (redirects, other 4xx, an answer that is too long). Texts name the host, never
         the path: that of a webhook is often the secret itself.
Cost:    a connection each; a thread that hangs up at the deadline.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from aiops.adapters.prometheus.address import connect
from aiops.core.redact import one_line
from aiops.errors import ConfigError, Forbidden, NotFound, PortError, Problem, Rejected, Unavailable

MOST_BYTES = 8 * 1024 * 1024
LONGEST_WAIT_S = 3_600.0  # of what a server may ask for


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: checked when the configuration is read."""

    scheme: str
    host: str
    port: int
    path: str  # with its query; begins with "/"

    @property
    def name(self) -> str:
        """For people and logs: without the path."""
        return f"{self.scheme}://{self.host}:{self.port}"


def place(url: str, where: str, *, plain: bool = False) -> Place:
    """``url``, checked; ConfigError at ``where``. Without ``plain`` only https, or this very machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(where, "(not shown)", f"a URL ({error})") from error
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or any(one <= " " or one > "~" for one in url):
        raise _wrong(where, "(not shown)", "a URL such as https://hooks.example.org/ops")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _wrong(where, parts.scheme + "://...", "a URL without a user, a password and a fragment")
    if parts.scheme == "http" and not plain and not _is_local(host):
        raise _wrong(where, f"http://{host}", "https, for what is sent to another machine is read on its way")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port or {"http": 80, "https": 443}[parts.scheme], path)


def _wrong(where: str, got: str, expected: str) -> ConfigError:
    return ConfigError([Problem(where, got, expected)])


def _is_local(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def ask(
    to: Place,
    method: str,
    timeout_s: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    path: str = "",
) -> bytes:
    """The body of the answer to one request; ``path`` instead of the place's own. Raises PortError."""
    until_s = time.monotonic() + timeout_s
    try:
        sock = connect(to.host, to.port, timeout_s)
    except OSError as error:
        raise Unavailable(f"{to.name}: no connection ({error})") from error
    held = [sock]  # the one that is read from: TLS takes the first one over
    hang_up = threading.Timer(max(0.01, until_s - time.monotonic()), _shut, (held,))
    hang_up.daemon = True
    hang_up.start()
    try:
        if to.scheme == "https":
            secured = _secured(to, sock)
            held[0] = secured
            secured.do_handshake()
        status, said, fields = _talk(to, held[0], method, path or to.path, body, dict(headers or {}))
    except (OSError, http.client.HTTPException) as error:
        late = " within the deadline" if time.monotonic() >= until_s else ""
        raise Unavailable(f"{to.name}: no answer{late} ({type(error).__name__}: {error})") from error
    finally:
        hang_up.cancel()
        held[0].close()
    if 200 <= status < 300:
        return said
    raise refusal(to, status, said, fields)


def _secured(to: Place, sock: socket.socket) -> ssl.SSLSocket:
    """TLS over ``sock``, verified; not agreed upon yet, so that it can be hung up while that lasts."""
    context = ssl.create_default_context()
    return context.wrap_socket(sock, server_hostname=to.host, do_handshake_on_connect=False)


def _shut(held: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):  # it is over already
        socket.socket.shutdown(held[0], socket.SHUT_RDWR)  # of TLS too: without a word of farewell


def _talk(
    to: Place, sock: socket.socket, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes, Mapping[str, str]]:
    line = http.client.HTTPConnection(to.host, to.port)
    line.sock = sock
    usual = {"443": "https", "80": "http"}.get(str(to.port)) == to.scheme
    host = f"[{to.host}]" if ":" in to.host else to.host
    line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    line.putheader("Host", host if usual else f"{host}:{to.port}")
    for name, value in {"User-Agent": "aiops", "Connection": "close", **headers}.items():
        line.putheader(name, value)
    if body or method != "GET":
        line.putheader("Content-Length", str(len(body)))
    line.endheaders(body or None)
    answer = line.getresponse()
    said = answer.read(MOST_BYTES + 1)
    if len(said) > MOST_BYTES:
        raise Rejected(f"{to.name}: expected an answer of at most {MOST_BYTES} bytes, got more")
    return answer.status, said, {name.lower(): value for name, value in answer.getheaders()}


def refusal(to: Place, status: int, said: bytes, fields: Mapping[str, str]) -> PortError:
    """The error that a status other than 2xx is."""
    detail = one_line(said[:2_000].decode("utf-8", "replace"), longest=160)
    text = f"{to.name}: HTTP {status}{f' ({detail})' if detail else ''}"
    if status in (408, 425, 429) or status >= 500:
        return Unavailable(text, _retry_after(fields.get("retry-after", "")))
    if 300 <= status < 400:
        return Rejected(f"{to.name}: answers with a redirect (HTTP {status}), which is not followed")
    if status in (401, 403):
        return Forbidden(text)
    return NotFound(text) if status in (404, 410) else Rejected(text)


def _retry_after(value: str) -> float | None:
    """Seconds that a server asks us to wait, bounded; None where it does not say."""
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), LONGEST_WAIT_S)
