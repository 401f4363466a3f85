"""Operations: what a route is, said once: method, path, body, query, answer, who may, what does the work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiops.model import Actor
from aiops.web.api.reading import Reading
from aiops.web.api.values import NoBody, NoQuery

PREFIX = "/api/v1"


class Token(StrEnum):
    """Whether a token is needed."""

    CLOSED = "where the server is closed"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and checked."""

    actor: Actor | None  # who asks; None only where no token is needed
    name: str = ""  # the id in the path
    body: Any = None  # of the operation's type
    query: Any = None
    ref: str = ""  # idempotency: of whoever asks, for exactly this request
    via: str = "api"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route."""

    id: str  # its name in the OpenAPI description
    method: str
    path: str  # below ``PREFIX``; "{id}" is ``Call.name``
    summary: str
    answer: type
    work: Callable[[Reading, Call], object]  # gives an ``answer``; may wait. Raises Refused or PortError
    body: type = NoBody
    query: type = NoQuery
    token: Token = Token.CLOSED
    refusals: tuple[int, ...] = field(default=())  # statuses beside 400, 401, 403 and 503
    streams: bool = False  # the answer is a stream of events, each an ``answer``

    @property
    def changes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is JSON already."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
