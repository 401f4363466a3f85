"""Connect: requests to the API server. Credentials are read anew when their files change (E11).

Input:   KubernetesSettings; the pod's ServiceAccount folder, or a kubeconfig.
Output:  ``Api``, whose requests are plain: bytes in, status and bytes out. Nothing is sent twice by it, no
         redirect is followed, and every request has time limits.
Errors:  ConfigError for access that cannot be had as configured; of a request ``NoConnection`` where nothing
         was sent for certain, else ``Unavailable``: then nobody knows. An HTTP status is no error here.
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiops.adapters.kubernetes.broken import NoConnection, line_of, translated
from aiops.adapters.kubernetes.credentials import Credentials, find
from aiops.errors import Unavailable
from aiops.model import KubernetesSettings

__all__ = ["USER_AGENT", "Api", "NoConnection", "Reply", "Stream", "connect"]

USER_AGENT = f"aiops/{version('aiopsd')}"
TOTAL_S = 60.0  # for one whole answer: a server that trickles is one that does not answer
LARGEST = 256 << 20  # bytes of one answer
_PIECE = 1 << 16
UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Api:
    """One API server. Safe between threads; connections are kept and used again."""

    def __init__(self, settings: KubernetesSettings, credentials: Credentials) -> None:
        self.settings = settings
        self._credentials = credentials
        self._lock = threading.Lock()
        self._client, self._seen = credentials.client(), credentials.fingerprint()

    @property
    def host(self) -> str:
        """The address of the server."""
        return str(self._client.configuration.host)

    def request(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        read_s: float | None = None,
        total_s: float = TOTAL_S,
    ) -> Reply:
        """One request, sent once; the whole answer, whatever its status. A GET that is refused for its
        credentials (401) is asked again with fresh ones."""
        read_s = self.settings.read_timeout_s if read_s is None else read_s
        reply = self._whole(method, path, query, body, headers, read_s, total_s)
        if reply.status == UNAUTHORIZED:
            self._renew()
            if method == "GET":
                reply = self._whole(method, path, query, body, headers, read_s, total_s)
        return reply

    @contextmanager
    def stream(
        self, path: str, query: Sequence[tuple[str, str]], *, read_s: float, metadata_only: bool = False
    ) -> Iterator["Stream"]:
        """A GET whose answer comes piece by piece, each within ``read_s`` of the one before, and all of it
        within twice that."""
        accept = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
        given = accept if metadata_only else None
        with self._open("GET", path, query, None, given, read_s, 2 * read_s) as response:
            if response.status == UNAUTHORIZED:
                self._renew()
            yield Stream(response, path)

    def token(self) -> str:
        """The bearer token that we would send; "" where there is none. Raises NoConnection."""
        scheme, _, value = self._identity(self._current()).get("authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" else ""

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._client.close()

    def _whole(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: bytes | None,
        headers: Mapping[str, str] | None,
        read_s: float,
        total_s: float,
    ) -> Reply:
        until, what = time.monotonic() + total_s, f"{method} {path}"
        try:
            with self._open(method, path, query, body, headers, read_s, total_s) as response:
                stream = Stream(response, what)
                found = b"".join(_bounded(stream.pieces(), what))
        except NoConnection:
            raise
        except Unavailable as error:
            raise _late(what, total_s, until) or error from error
        if late := _late(what, total_s, until):  # we hung up, and what came till then looks like all of it
            raise late
        return Reply(stream.status, stream.headers, found)

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]],
        body: bytes | None,
        headers: Mapping[str, str] | None,
        read_s: float,
        total_s: float,
    ) -> Iterator[Any]:
        import urllib3  # noqa: PLC0415 - comes with the client, which is loaded by now

        from aiops.adapters.kubernetes.deadline import limited  # noqa: PLC0415 - needs it

        client = self._current()
        url = client.configuration.host + path + (f"?{urlencode(list(query))}" if query else "")
        with limited(total_s):
            try:
                response = client.rest_client.pool_manager.request(
                    method,
                    url,
                    body=body,
                    headers={**self._identity(client), **(headers or {})},
                    timeout=urllib3.Timeout(connect=self.settings.connect_timeout_s, read=read_s),
                    preload_content=False,
                    retries=False,
                    redirect=False,
                )
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise translated(f"{method} {path}", error) from error
            try:
                yield response
            finally:
                response.close()  # what was read to its end has given its connection back already

    def _identity(self, client: Any) -> dict[str, str]:
        """Who we are; the vendor refreshes what expires."""
        try:
            given = client.configuration.auth_settings().values()
        except Exception as error:  # a plug-in of the kubeconfig may fail in any way
            raise NoConnection(f"credentials: {line_of(error)}") from error
        identity = {one["key"]: one["value"] for one in given if one.get("value")}
        return {"User-Agent": USER_AGENT, "Accept": "application/json", **identity}

    def _current(self) -> Any:
        """The client, made anew when a file that it was made from has changed."""
        with self._lock:
            if self._credentials.fingerprint() != self._seen:
                self._make()
            return self._client

    def _renew(self) -> None:
        with self._lock:
            self._make()

    def _make(self) -> None:
        """From the files as they are now; where they are unreadable for a moment the old client stays."""
        seen = self._credentials.fingerprint()
        try:
            client = self._credentials.client()
        except Exception:  # half a file, no file: the next request looks again  # noqa: BLE001
            return
        self._client, self._seen = client, seen  # requests under way keep the old one and its connections


class Stream:
    """An answer that is read piece by piece."""

    def __init__(self, response: Any, what: str) -> None:
        self._response, self._what = response, what
        self.status: int = response.status
        self.headers = {key.lower(): value for key, value in response.headers.items()}

    def hang_up(self) -> None:
        """End it, from another thread: whoever reads it sees the end."""
        with contextlib.suppress(Exception):  # it may be over already, in whatever way
            self._response.shutdown()

    def pieces(self) -> Iterator[bytes]:
        """Pieces as they come, until the clean end. Unavailable for a break, silence or half an answer."""
        import urllib3  # noqa: PLC0415 - as above

        try:
            while piece := self._response.read1(_PIECE):
                yield piece
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise translated(self._what, error, sent=True) from error


def connect(
    settings: KubernetesSettings,
    *,
    account: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Api | None:
    """The API server as ``settings.access`` says; None where it says off, or says auto and there is none.

    ConfigError where it says more and it cannot be had. Nothing is sent. Half a second: the client's import.
    """
    credentials = find(settings, account, environ)
    return None if credentials is None else Api(settings, credentials)


def _bounded(pieces: Iterator[bytes], what: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST:
            raise Unavailable(f"{what}: the answer is larger than {LARGEST >> 20} MiB")
        yield piece


def _late(what: str, total_s: float, until: float) -> Unavailable | None:
    if time.monotonic() < until:
        return None
    return Unavailable(f"{what}: the answer is not whole after {total_s:g} s")
