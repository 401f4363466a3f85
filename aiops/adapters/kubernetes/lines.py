"""Lines: what a watch sends, one event a line, put together from pieces and read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from aiops.adapters.kubernetes.calls import Expired
from aiops.errors import PortError, Unavailable

LONGEST_LINE = 64 << 20  # bytes of one object
_SORTS = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK"})


def lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines. Unavailable for a line that never ends, or that the end of the stream cuts in two."""
    rest = bytearray()
    for piece in pieces:
        first, *more = piece.split(b"\n")
        rest += first
        for part in more:
            if rest.strip():
                yield bytes(rest)
            rest = bytearray(part)
        if len(rest) > LONGEST_LINE:
            raise Unavailable(f"watch: expected an object of at most {LONGEST_LINE >> 20} MiB, got more")
    if rest.strip():
        raise Unavailable("watch: it ended within an object")


def event(line: bytes, what: str) -> tuple[str, dict[str, Any], str]:
    """(type, object, version) of one event; ``what`` names verb and resource. Expired for 410, Unavailable
    for every other error and for what is no event."""
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Unavailable(f"{what}: expected JSON, got something else") from error
    found = data.get("object") if isinstance(data, dict) else None
    if not isinstance(found, dict):
        raise Unavailable(f"{what}: expected an event with an object")
    sort = data.get("type")
    if sort == "ERROR":
        raise _error(what, found)
    meta = found.get("metadata")
    meta = meta if isinstance(meta, dict) else {}
    version, named = meta.get("resourceVersion"), sort == "BOOKMARK" or isinstance(meta.get("name"), str)
    if sort not in _SORTS or not isinstance(version, str) or not version or not named:
        raise Unavailable(f"{what}: expected an event with a version, got {str(sort)[:20]!r}")
    return sort, found, version


def _error(what: str, found: Mapping[str, Any]) -> PortError:
    said = " ".join(str(found.get("message", "")).split())[:200]
    text = f"{what}: {found.get('code')} {said}"
    return Expired(text) if found.get("code") == 410 else Unavailable(text)
