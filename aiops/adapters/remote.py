"""Remote: a daemon that is asked over HTTP: its journal as a ``Store`` that only reads, and what it is told.

Input:   where it is, a token, and the CA of its certificate where the system's own do not do.
Output:  JSON of its API; records as they are stored there, so that their chain can be checked here.
Errors:  Unavailable, Forbidden, NotFound and Rejected as for every port, in the daemon's own words; a reply
         that is none of its own is Rejected. No redirect is followed, so the token goes to nobody else.
Cost:    a request a call; a read of the journal one a ``PAGE`` records.
"""

import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import orjson

from aiops.core.chain import first_break
from aiops.errors import Forbidden, InputError, NotFound, Problem, Rejected, Unavailable
from aiops.model import AppendCondition, Entry, Record

CONNECT_S, READ_S, TOTAL_S = 3.0, 10.0, 60.0
LARGEST = 64 << 20  # bytes of one reply
PAGE = 500
API = "/api/v1"
USER_AGENT = f"aiops-cli/{version('aiopsd')}"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a daemon is. InputError for what is no such place, or would send a token in the clear."""

    url: str  # "https://aiops.example.com", "http://localhost:9911"
    token: str = field(default="", repr=False)
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            there = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            there = False
        if not there or parts.username or parts.query or parts.fragment:
            raise InputError([Problem("--server", repr(self.url), "a URL such as https://aiops.example.com")])
        if self.token and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            expected = "https, or a port that is forwarded to localhost: a token would travel in the clear"
            raise InputError([Problem("--server", self.url, expected)])


class Daemon:
    """Asks one daemon. Safe between threads; close it."""

    def __init__(self, address: Address) -> None:
        import urllib3  # noqa: PLC0415 - only who asks over the network pays

        self._address, self._errors = address, urllib3.exceptions
        try:
            trusted = ssl.create_default_context(cafile=address.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise InputError([Problem("--ca-file", str(error), "certificates in a PEM file")]) from error
        self._timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, ssl_context=trusted)

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Json:
        """What is at ``path`` below the API."""
        status, data = self._asked("GET", f"{path}?{urlencode(query)}" if query else path, None, {})
        return data if status == 200 else _refused(f"GET {path}", status, data)

    def post(self, path: str, body: Json, key: str) -> Json:
        """What became of it: {done, text, ...}. ``key`` makes a repeat of it harmless."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        status, data = self._asked("POST", path, orjson.dumps(body), headers)
        if status in {200, 409} and isinstance(data.get("done"), bool):
            return data
        return _refused(f"POST {path}", status, data)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _asked(self, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> tuple[int, Json]:
        what = f"{method} {self._address.url.rstrip('/')}{API}{path.partition('?')[0]}"
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **more}
        if self._address.token:
            headers["Authorization"] = f"Bearer {self._address.token}"
        url = f"{self._address.url.rstrip('/')}{API}{path}"
        try:
            reply = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=self._timeout,
                preload_content=False,
                redirect=False,
            )
            raw = _whole(reply, what)
        except (self._errors.HTTPError, OSError, ValueError) as error:
            raise Unavailable(f"{what}: {_line(error)}") from error
        return reply.status, _json(raw, reply.status, what)


class RemoteStore:
    """``ports.Store`` that only reads, over the journal of a daemon."""

    def __init__(self, address: Address) -> None:
        self.daemon = Daemon(address)

    def append(
        self,
        entries: Sequence[Entry],  # noqa: ARG002 - a port
        term: int,  # noqa: ARG002 - a port
        conditions: Sequence[AppendCondition] = (),  # noqa: ARG002 - a port
    ) -> tuple[Record, ...]:
        """Only the daemon writes its journal."""
        raise Rejected("journal: it is read over HTTP, and only the daemon writes it")

    def read(self, since: int = 0, stream: str = "", kinds: Sequence[str] = ()) -> Iterator[Record]:
        """See ``ports.Store``; what is appended while reading is not part of the answer."""
        query = {"stream": stream, "kinds": ",".join(kinds), "limit": PAGE}
        return self._pages(since, {key: value for key, value in query.items() if value})

    def _pages(self, since: int, query: Mapping[str, object]) -> Iterator[Record]:
        until: int | None = None
        while True:
            page = self.daemon.get("/journal", {**query, "since": max(since, 0)})
            records = _records(page)
            until = _head(page.get("head"))[0] if until is None else until
            for record in records:
                if record.seq <= since:
                    raise Rejected("journal: its records are not in order")
                if record.seq > until:
                    return
                since = record.seq
                yield record
            if page.get("next") is None or not records:
                return

    def head(self) -> tuple[int, str]:
        """See ``ports.Store``."""
        seq, value, _ = _head(self.daemon.get("/journal/head"))
        return seq, value

    def term(self) -> int:
        """See ``ports.Store``."""
        return _head(self.daemon.get("/journal/head"))[2]

    def begin_term(self, term: int) -> None:
        """Only the daemon leads."""
        raise Rejected(f"journal: term {term} cannot begin over HTTP")

    def verify(self) -> str:
        """See ``ports.Store``: every record is fetched, and its hash computed here."""
        return first_break(self.read())

    def close(self) -> None:
        """Close the connections."""
        self.daemon.close()


def named(name: str) -> str:
    """An id as a part of a path, whatever a person typed."""
    return quote(name, safe="")


def _whole(reply: Any, what: str) -> bytes:
    """The whole body, not larger and not slower than it may be."""
    pieces, size, until = [], 0, time.monotonic() + TOTAL_S
    try:
        for piece in reply.stream(1 << 16):
            size += len(piece)
            if size > LARGEST:
                raise Rejected(f"{what}: the reply is larger than {LARGEST >> 20} MiB")
            if time.monotonic() > until:
                raise Unavailable(f"{what}: the reply is not whole after {TOTAL_S:g} s")
            pieces.append(piece)
    except BaseException:
        reply.close()
        raise
    reply.release_conn()
    return b"".join(pieces)


def _json(raw: bytes, status: int, what: str) -> Json:
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if status >= 500:
            raise Unavailable(f"{what}: HTTP {status}") from error
        raise Rejected(f"{what}: expected JSON of a daemon, got HTTP {status} and something else") from error
    if not isinstance(data, dict):
        raise Rejected(f"{what}: expected an object, got something else")
    return data


def _refused(what: str, status: int, data: Json) -> NoReturn:
    """The daemon's refusal, in its own words."""
    where, got, expected = (str(data.get(name, ""))[:300] for name in ("where", "got", "expected"))
    text = f"{what}: HTTP {status}" + (f": {where}: expected {expected}, got {got}" if expected else "")
    match status:
        case 401 | 403:
            raise Forbidden(text)
        case 404:
            raise NotFound(text)
        case 408 | 429 | 500 | 502 | 503 | 504:
            raise Unavailable(text)
        case _:
            raise Rejected(text)


def _records(page: Json) -> list[Record]:
    try:
        return [
            Record(
                int(one["seq"]),
                int(one["term"]),
                Entry(
                    str(one["kind"]),
                    str(one["stream"]),
                    int(one["at_ms"]),
                    dict(one["payload"]),
                    str(one["key"]),
                ),
                str(one["previous"]),
                str(one["hash"]),
            )
            for one in page["records"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("journal: expected records, got something else") from error


def _head(data: Any) -> tuple[int, str, int]:
    try:
        return int(data["seq"]), str(data["hash"]), int(data["term"])
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("journal: expected its head, got something else") from error


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
