"""Writer: the one module through which anything in the cluster is changed.

Each write is one request that is sent once, bound to the uid and the version it was planned on, with its
mark (intent, term) in the same request: in the annotations of the object where the verb leaves one, in those
of the Eviction, and for every write in the User-Agent, which the API server's audit log keeps.

Input:   a Change with absolute values, and its Mark.
Output:  a Receipt, every outcome told apart (see ``refusals``); a Look at the object, read past every cache.
Errors:  ValueError for what must never be sent: no uid, no version, a capture, a kind that is not ours.
Cost:    one request; it takes at most ``connect_timeout_s`` and twice ``read_timeout_s``.
Source:  Kubernetes API conventions, "Concurrency control and consistency"; decision 0011 says what was seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import orjson

from aiops.adapters.kubernetes.addresses import address, api_version, folder, resource
from aiops.adapters.kubernetes.connect import USER_AGENT, Api, NoConnection, Reply
from aiops.adapters.kubernetes.refusals import named, receipt, status
from aiops.adapters.kubernetes.sight import annotations, sight
from aiops.core.redact import one_line
from aiops.errors import Unavailable
from aiops.model import Answer, Change, ChangeVerb, Look, Mark, Receipt, Sight

JSON = "application/json"
MERGE = "application/strategic-merge-patch+json"
SUBRESOURCES = frozenset({"", "resize"})
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: Json
    query: Sequence[tuple[str, str]]
    content_type: str = JSON


class Writer:
    """Writes to one API server, and looks what became of a write. Safe between threads."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._longest = 2 * api.settings.read_timeout_s

    def send(self, change: Change, mark: Mark, *, dry_run: bool = False) -> Receipt:
        """One write, once. With ``dry_run`` the server does everything but commit."""
        request = _request(change, mark, self._api.settings.field_manager, dry_run=dry_run)
        try:
            reply = self._ask(request, mark)
        except NoConnection as error:
            return Receipt(Answer.UNAVAILABLE, f"{named(change)}: {one_line(str(error))}")
        except Unavailable as error:
            return Receipt(Answer.UNKNOWN, f"{named(change)}: {one_line(str(error))}")
        answered = receipt(change, reply)
        # the uid and the version of what is only made for show mean nothing
        return replace(answered, uid=None, resource_version=None) if dry_run else answered

    def look(self, change: Change, mark: Mark) -> Look:
        """Read the object afresh and tell what it shows of ``change``; UNKNOWN where it cannot be read."""
        if change.verb is ChangeVerb.CAPTURE:
            raise ValueError(f"{change.target}: a capture writes nothing, so there is nothing to look for")
        what = f"get {resource(change.target)} {change.target}"
        try:
            reply = self._api.request("GET", address(change.target), total_s=self._longest)
        except Unavailable as error:
            return Look(Sight.UNKNOWN, f"{what}: {one_line(str(error))}")
        if _is_absent(change, reply):
            return sight(None, change, mark)
        found = status(reply)
        if reply.status == 200 and _is(change, found):
            return sight(found, change, mark)
        said = one_line(str(found.get("message") or "expected the object, got something else"))
        return Look(Sight.UNKNOWN, f"{what}: HTTP {reply.status}: {said}")

    def _ask(self, request: _Request, mark: Mark) -> Reply:
        return self._api.request(
            request.method,
            request.path,
            request.query,
            body=orjson.dumps(request.body, default=_plain),
            headers={"Content-Type": request.content_type, "User-Agent": user_agent(mark)},
            total_s=self._longest,
        )


def user_agent(mark: Mark) -> str:
    """Who writes, and for which intent: for a DELETE the only place that keeps it."""
    return f"{USER_AGENT} intent/{quote(mark.intent, safe='-._~:#@+')} term/{mark.term}"


def _request(change: Change, mark: Mark, manager: str, *, dry_run: bool) -> _Request:
    if change.subresource not in SUBRESOURCES:
        raise ValueError(
            f"{change.target}: expected the subresource resize or none, got {change.subresource}"
        )
    query = [("fieldManager", manager), ("fieldValidation", "Strict"), *([("dryRun", "All")] * dry_run)]
    match change.verb:
        case ChangeVerb.PATCH:
            path = address(change.target, change.subresource)
            return _Request("PATCH", path, _patch(change, mark), query, MERGE)
        case ChangeVerb.CREATE:
            return _Request("POST", folder(change.target), _manifest(change, mark), query)
        case ChangeVerb.EVICT:
            return _Request(
                "POST", address(change.target, "eviction"), _eviction(change, mark, dry_run=dry_run), query
            )
        case ChangeVerb.DELETE:
            options = _delete_options(change, dry_run=dry_run)
            return _Request("DELETE", address(change.target), options, query[2:])
        case ChangeVerb.CAPTURE:
            raise ValueError(f"{change.target}: a capture writes nothing")


def _patch(change: Change, mark: Mark) -> Json:
    if not change.uid or not change.resource_version:
        raise ValueError(f"{change.target}: a patch needs the uid and the version it was planned on")
    if not change.patch:
        raise ValueError(f"{change.target}: expected a patch that says what to change, got an empty one")
    metadata = {
        **_marked(change, mark),
        "uid": change.uid,
        "resourceVersion": change.resource_version,
    }
    return {**change.patch, "metadata": metadata}


def _manifest(change: Change, mark: Mark) -> Json:
    metadata = _marked(change, mark)
    if "generateName" in metadata or metadata.get("name", change.target.name) != change.target.name:
        raise ValueError(f"{change.target}: expected the name of the target, got another or a generated one")
    metadata["name"] = change.target.name
    if change.target.namespace:
        metadata["namespace"] = change.target.namespace
    version = api_version(change.target)
    return {**change.patch, "apiVersion": version, "kind": change.target.kind, "metadata": metadata}


def _marked(change: Change, mark: Mark) -> dict[str, Any]:
    """The metadata of ``change.patch`` with the mark in its annotations."""
    metadata = dict(change.patch.get("metadata") or {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations(mark)}
    return metadata


def _eviction(change: Change, mark: Mark, *, dry_run: bool) -> Json:
    if change.target.kind != "Pod":
        raise ValueError(f"{change.target}: only a Pod can be evicted")
    return {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {
            "name": change.target.name,
            "namespace": change.target.namespace,
            "annotations": annotations(mark),
        },
        "deleteOptions": {
            "preconditions": {"uid": _uid(change)},
            **({"dryRun": ["All"]} if dry_run else {}),
        },
    }


def _delete_options(change: Change, *, dry_run: bool) -> Json:
    """The server takes ``dryRun`` from the body where there is one: in the query alone it would delete."""
    version = change.resource_version
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": _uid(change), **({"resourceVersion": version} if version else {})},
        "propagationPolicy": "Background",
        **({"dryRun": ["All"]} if dry_run else {}),
    }


def _uid(change: Change) -> str:
    if not change.uid:
        raise ValueError(f"{change.target}: to {change.verb} it, its uid is needed")
    return change.uid


def _is_absent(change: Change, reply: Reply) -> bool:
    """Whether an API server says so: a proxy's 404 means nothing."""
    said = status(reply)
    details = said.get("details")
    name = details.get("name") if isinstance(details, Mapping) else None
    return reply.status == 404 and said.get("reason") == "NotFound" and name == change.target.name


def _is(change: Change, found: Json) -> bool:
    metadata = found.get("metadata")
    return (
        found.get("kind") == change.target.kind
        and isinstance(metadata, Mapping)
        and metadata.get("name") == change.target.name
        and bool(metadata.get("uid"))
        and bool(metadata.get("resourceVersion"))
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"expected JSON, got {type(value).__name__}")
