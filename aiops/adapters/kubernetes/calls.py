"""Calls: read one object, or list all of a kind page by page; every refusal as one of our errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from aiops.adapters.kubernetes.connect import Api, Reply
from aiops.errors import Forbidden, NotFound, PortError, Rejected, Unavailable

PAGE = 500
MOST = 500_000  # objects of one kind
Json = Mapping[str, Any]


class Expired(Unavailable):
    """410: the version or the page that was asked for is no longer kept; list anew."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list, and the version that the whole list is of."""

    items: tuple[dict[str, Any], ...]
    version: str


def read(api: Api, path: str, what: str = "") -> dict[str, Any]:
    """One object as it is now, past every cache. Raises PortError; NotFound where it is not there."""
    what = what or f"get {resource_of(path)}"
    return _object(what, _asked(api, path, (), what))


def pages(api: Api, path: str, *, limit: int = PAGE, metadata_only: bool = False) -> Iterator[Page]:
    """All objects of a kind as they are now. Raises PortError: then what came before is no whole list.

    ``Expired`` where the list outlived what the server keeps. An answer that is not a list with a version is
    refused, so that a failure never reads as "there is nothing".
    """
    what, token, found = f"list {resource_of(path)}", "", 0
    group = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" if metadata_only else ""
    while True:
        query = [("limit", str(limit)), *([("continue", token)] if token else [])]
        data = _object(what, _asked(api, path, query, what, f"application/json{group}"))
        page, token = _page(what, data)
        found += len(page.items)
        yield page
        if not token:
            return
        if found > MOST:
            raise Rejected(f"{what}: expected at most {MOST} objects, got more")


def _page(what: str, data: Json) -> tuple[Page, str]:
    meta, items = data.get("metadata"), data.get("items")
    version = meta.get("resourceVersion") if isinstance(meta, dict) else None
    if not isinstance(version, str) or not version or not str(data.get("kind", "")).endswith("List"):
        raise Unavailable(f"{what}: expected a list with its version, got {_shown(data)}")
    if items is None:
        items = []
    if not isinstance(items, list) or not all(_is_object(one) for one in items):
        raise Unavailable(f"{what}: expected a list of objects, got something else among them")
    token = meta.get("continue") if isinstance(meta, dict) else ""
    return Page(tuple(items), version), token if isinstance(token, str) else ""


def _is_object(item: object) -> bool:
    meta = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(meta, dict) and isinstance(meta.get("name"), str) and bool(meta["name"])


def _asked(
    api: Api, path: str, query: Sequence[tuple[str, str]], what: str, accept: str = "application/json"
) -> bytes:
    reply = api.request("GET", path, query, headers={"Accept": accept})
    if reply.status != 200:
        raise refusal(what, reply)
    return reply.body


def refusal(what: str, reply: Reply) -> PortError:
    """The error that an HTTP status other than 200 stands for; ``what`` names verb and resource."""
    said = message(reply.body)
    text = f"{what}: HTTP {reply.status}" + (f": {said}" if said else "")
    match reply.status:
        case 401 | 403:
            return Forbidden(text)
        case 404:
            return NotFound(text)
        case 410:
            return Expired(text)
        case 429:
            return Unavailable(text, retry_after(reply))
        case status if status >= 500:
            return Unavailable(text, retry_after(reply))
        case _:
            return Rejected(text)


def retry_after(reply: Reply) -> float | None:
    """Seconds that the server asks us to wait; None where it does not say."""
    said = reply.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else None


def message(body: bytes, longest: int = 300) -> str:
    """The server's own words in a Status object; "" where it is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    said = data.get("message") if isinstance(data, dict) else None
    return " ".join(said.split())[:longest] if isinstance(said, str) else ""


def resource_of(path: str) -> str:
    """``/apis/apps/v1/namespaces/shop/deployments/web`` is ``deployments.apps``, as RBAC names it."""
    parts = [one for one in path.split("/") if one]
    group = parts[1] if parts[:1] == ["apis"] and len(parts) > 1 else ""
    rest = parts[3:] if parts[:1] == ["apis"] else parts[2:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    name = rest[0] + (f"/{rest[2]}" if len(rest) > 2 else "") if rest else path
    return f"{name}.{group}" if group else name


def _object(what: str, body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(f"{what}: expected JSON, got something else") from error
    if not isinstance(data, dict):
        raise Unavailable(f"{what}: expected an object, got {type(data).__name__}")
    return data


def _shown(data: Json) -> str:
    return f"{orjson.dumps(dict(data))[:80]!r}"
