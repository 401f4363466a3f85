"""Transport: one question to the server, within its deadline, bounded in memory, every error translated.

Input:   a path below the configured URL and form fields, or what PrometheusConnect asks through the session.
Output:  the answer, its body read whole (at most ``max_body_bytes`` after decompression).
Errors:  Unavailable (try later), Rejected, Forbidden, NotFound; redirects are Rejected and never followed,
         so credentials go to no other server.
Retries: connection errors, 429 and 5xx, with Retry-After or a doubling wait, inside the deadline; never after
         a query timed out, since asking again would load a server that has too much to do already.
"""

import math
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import requests.exceptions
import urllib3.exceptions
from requests.adapters import BaseAdapter

from aiops.adapters.prometheus import credentials
from aiops.adapters.prometheus.envelope import complaint
from aiops.adapters.prometheus.wire import Adapter, Line, running
from aiops.errors import Forbidden, NotFound, PortError, Rejected, Unavailable
from aiops.model.prometheus import PrometheusSettings

_PIECE = 256 * 1024  # bytes taken from the network at a time
_ERROR_BYTES = 64 * 1024  # of the body of a refusal: enough for its reason
_TIMED_OUT = frozenset({"timeout", "canceled"})  # Prometheus' own words for a query that took too long


class _AgainError(Exception):
    """``error`` came of something that may be gone at once."""

    def __init__(self, error: PortError) -> None:
        self.error = error


class Session(requests.Session):
    """A session that only knows our rules. May be used by several threads."""

    def __init__(self, settings: PrometheusSettings) -> None:
        super().__init__()
        self.settings = settings
        self.trust_env = False  # no proxy and no .netrc of whoever starts us
        self._line = Line()
        adapter = Adapter(settings)
        self.adapters.clear()
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Mount our own adapter; any other (PrometheusConnect brings one) would lose the rules above."""
        if isinstance(adapter, Adapter):
            super().mount(prefix, adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **named: Any) -> requests.Response:
        """Ask, with retries. Raises PortError; a returned answer is a 2xx with its body read.

        Of requests' own arguments ``timeout``, ``verify``, ``cert``, ``allow_redirects`` and ``stream`` are
        ours to say and ignored.
        """
        if args:
            raise TypeError("request: expected named arguments")
        until_s = time.monotonic() + self.settings.deadline_s
        wait_s = self.settings.backoff_s
        kept = {key: named[key] for key in ("params", "data", "headers") if named.get(key) is not None}
        for left in range(self.settings.retries, -1, -1):
            try:
                return self._once(str(method), str(url), kept, until_s)
            except _AgainError as again:
                error = again.error
                asked_s = error.retry_after_s if isinstance(error, Unavailable) else None
                pause_s = wait_s if asked_s is None else asked_s
                if not left or time.monotonic() + pause_s >= until_s or self._line.hung_up.wait(pause_s):
                    raise error from again.__cause__
                wait_s *= 2
        raise AssertionError("unreachable")

    def _once(self, method: str, url: str, named: dict[str, Any], until_s: float) -> requests.Response:
        self._must_be_open()
        running.until_s, running.read_s, running.line = until_s, self.settings.read_timeout_s, self._line
        sent = {**credentials.headers(self.settings), **named.get("headers", {})}
        timeout = (self.settings.connect_timeout_s, self.settings.read_timeout_s)
        try:
            response = super().request(
                method,
                url,
                params=named.get("params"),
                data=named.get("data"),
                headers=sent,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            )
            self.cookies.clear()
            with response:
                ok = response.status_code // 100 == 2
                most = self.settings.max_body_bytes if ok else _ERROR_BYTES
                response._content = _body(response, most, cut=not ok)
        except requests.exceptions.InvalidHeader:  # its text, and so a traceback, would show the value
            text = f"{self.settings.url}: a header or the tenant cannot be sent as it is (not shown)"
            raise Rejected(text) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _translated(error, self.settings) from error
        self._must_be_open()  # else an answer that we cut short would look like a wrong one
        if response.status_code // 100 != 2:
            raise _refused(response)
        return response

    def _must_be_open(self) -> None:
        if self._line.hung_up.is_set():
            raise Unavailable(f"{self.settings.url}: not asked any more, the connections are closed")

    def close(self) -> None:
        """Close the connections; questions under way and waits between two tries end, none is asked after."""
        self._line.hang_up()
        super().close()


def _body(response: requests.Response, most: int, *, cut: bool) -> bytes:
    """The body, unpacked. Rejected when larger than ``most`` bytes, or cut there if ``cut``."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "snappy"):
        raise Rejected(f"answer: expected plain or gzip, got Content-Encoding {encoding[:40]!r}")
    # snappy is of remote read, which unpacks it itself; as JSON it is none
    unpack = zlib.decompressobj(31) if encoding.endswith("gzip") else None
    pieces: list[bytes] = []
    claimed = response.headers.get("Content-Length", "")
    size = int(claimed) if claimed.isdecimal() and not cut and int(claimed) > most else 0
    while size <= most and (piece := response.raw.read1(_PIECE, decode_content=False)):
        if unpack is not None:
            piece = _unpacked(unpack, piece, most + 1 - size)
        pieces.append(piece)
        size += len(piece)
    if size > most:
        if not cut:
            raise Rejected(
                f"answer: expected at most {most} bytes, got more: ask for less, or raise the limit"
            )
        return b"".join(pieces)[:most]
    if unpack is not None and not unpack.eof and not cut:
        raise _AgainError(Unavailable("answer: the gzip stream ends too early"))
    return b"".join(pieces)


def _unpacked(unpack: Any, piece: bytes, most: int) -> bytes:
    """At most ``most`` bytes of what ``piece`` unpacks to: a bomb is never blown up."""
    try:
        return bytes(unpack.decompress(piece, most))
    except zlib.error as error:
        raise Rejected(f"answer: not a gzip stream ({error})") from error


def _translated(error: Exception, settings: PrometheusSettings) -> Exception:
    """Ours for what requests, urllib3 or the socket raised."""
    text = _innermost(error)
    if isinstance(error, requests.exceptions.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError):
        return _AgainError(Unavailable(f"{settings.url}: no connection ({text})"))
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return Unavailable(f"{settings.url}: TLS failed ({text}); name the authority in ca_file")
    if isinstance(
        error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError | TimeoutError
    ) or isinstance(error.__context__, TimeoutError | urllib3.exceptions.TimeoutError):
        limit = f"{settings.read_timeout_s:g} s between two pieces, {settings.deadline_s:g} s in all"
        return Unavailable(f"{settings.url}: no complete answer in time ({limit})")
    if isinstance(error, requests.exceptions.InvalidURL | ValueError):
        return Rejected(f"{settings.url}: cannot be asked ({text})")
    return _AgainError(Unavailable(f"{settings.url}: the connection failed ({text})"))


def _innermost(error: BaseException) -> str:
    """The first cause in words, shortened: requests wraps urllib3, which wraps the socket's own."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return f"{type(error).__name__}: {str(error)[:200]!r}".replace("'", "")


def _refused(response: requests.Response) -> Exception:
    """The error for an answer that is not a 2xx."""
    status = response.status_code
    kind, reason = complaint(response.content)
    where = f"HTTP {status}: {reason}" if reason else f"HTTP {status}"
    if 300 <= status < 400:
        target = response.headers.get("Location", "")[:200]
        return Rejected(f"{where}: redirects are not followed; configure the address itself ({target!r})")
    if status in (401, 403):
        return Forbidden(f"{where}: reading metrics is not allowed with these credentials")
    if status == 404:
        return NotFound(where)
    if kind in _TIMED_OUT or status in (408, 504):  # 504: a gateway waited for it in vain
        return Unavailable(where)
    if status == 429 or status >= 500:
        return _AgainError(Unavailable(where, _retry_after_s(response.headers)))
    return Rejected(where)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
            zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (zoned - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
