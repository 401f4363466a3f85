"""Connect: prometheus-api-client's connection over our own session, with questions that keep what it drops.

Its own calls go through the session's rules too (deadline, retries, verified TLS, no redirects). ``ask``
reads replies with orjson and carries ``warnings``, which the client throws away.
"""

from collections.abc import Mapping

import requests
from prometheus_api_client import PrometheusConnect

from aiops.adapters.prometheus import remote
from aiops.adapters.prometheus.envelope import Document, document, range_document
from aiops.adapters.prometheus.transport import Session
from aiops.errors import Forbidden, NotFound, Rejected
from aiops.model.prometheus import PrometheusSettings


class Connect(PrometheusConnect):  # type: ignore[misc]  # the client has no types
    """A connection to one server. May be used by several threads."""

    def __init__(self, settings: PrometheusSettings) -> None:
        self.session = Session(settings)
        super().__init__(url=settings.url.rstrip("/"), session=self.session)
        self._posts = True

    def ask(self, path: str, form: Mapping[str, object] | None = None) -> Document:
        """The answer of ``/api/v1/PATH``; ``form`` values may be lists. Raises PortError."""
        address = f"{self.url}/api/v1/{path}"
        body = self._fetch(address, form or {}, posts=path in ("query", "query_range")).content
        return range_document(body) if path == "query_range" else document(body)

    def read(self, body: bytes) -> bytes:
        """The answer of remote read, as it came. NotOffered where the server does not do it."""
        try:
            response = self.session.request(
                "POST", f"{self.url}/api/v1/read", data=body, headers=remote.HEADERS
            )
        except (NotFound, Forbidden, Rejected) as error:
            raise remote.NotOffered from error
        if "protobuf" not in response.headers.get("Content-Type", ""):
            raise remote.NotOffered
        return response.content

    def _fetch(self, address: str, form: Mapping[str, object], *, posts: bool) -> requests.Response:
        """Long queries go as a POST; where a gateway allows only GET (405), as that from then on."""
        if posts and self._posts:
            try:
                return self.session.request("POST", address, data=dict(form))
            except Rejected as error:
                if "HTTP 405" not in str(error):
                    raise
                self._posts = False
        return self.session.request("GET", address, params=dict(form))
