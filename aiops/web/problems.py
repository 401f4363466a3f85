"""Problems: every refusal over HTTP looks alike, {error, where, got, expected}, and says what would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.responses import Response

from aiops.errors import AiopsError

WORDS = {
    400: "bad request",
    401: "not signed in",
    403: "not allowed",
    404: "not found",
    405: "method not allowed",
    408: "too slow",
    409: "not done",
    413: "too large",
    415: "not JSON",
    421: "another host",
    429: "too many failures",
    500: "our fault",
    503: "not available",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. ``got`` never holds what a person keeps secret."""

    status: int
    where: str  # "body.until_ms", "header Authorization", "approval a1b2"
    got: str
    expected: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(AiopsError):  # noqa: N818 - an answer, named by what it means
    """A request that gets no other answer than its refusal."""

    def __init__(self, status: int, where: str, got: str, expected: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.refusal = Refusal(status, where, got, expected, named)
        super().__init__(f"{where}: expected {expected}, got {got}")


def as_json(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``data`` as JSON; a NaN is null."""
    return Response(orjson.dumps(data), status, headers, media_type="application/json")


def answer(refusal: Refusal) -> Response:
    """A refusal as it goes out."""
    told = {
        "error": WORDS.get(refusal.status, "refused"),
        "where": refusal.where,
        "got": refusal.got[:300],
        "expected": refusal.expected,
    }
    return as_json(told, refusal.status, refusal.headers)
