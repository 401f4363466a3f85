"""Evidence: what is read and kept before a step ends what it tells of.

Input:   a pod, workload, node, claim or autoscaler; EvidenceSettings.
Output:  plain JSON: the object in short, its pods (the worst first), the node, the events about all of them,
         states and last words of containers; the last log lines only where ``logs`` is on. All that others
         wrote is redacted; there are no values of environment variables, no contents of Secrets (S8).
         What could not be read is named under ``incomplete``, never passed over in silence.
Errors:  PortError where the object itself cannot be read; Rejected for a kind that is never read.
Cost:    up to about twenty requests, ``timeout_s`` for all of them.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from aiops.adapters.kubernetes.addresses import address
from aiops.adapters.kubernetes.calls import refusal
from aiops.adapters.kubernetes.connect import Api
from aiops.adapters.kubernetes.describe import described, event, items, part, text_of, when
from aiops.core.redact import one_line, redact
from aiops.core.words import plain
from aiops.errors import PortError, Rejected, Unavailable
from aiops.model import EvidenceSettings, Target

MOST_PODS = 5  # of a workload, the worst first
MOST_LISTED = 200  # pods or events that one question may bring
MOST_EVENTS = 50  # that are kept, the newest
MOST_LOGS = 8  # containers whose lines are read
RAW_FACTOR = 4  # so many times ``log_bytes`` are read, since redaction shortens
Json = Mapping[str, Any]
Query = Sequence[tuple[str, str]]


class Capture:
    """Reads evidence from one API server. Safe between threads."""

    def __init__(self, api: Api, settings: EvidenceSettings) -> None:
        self._api, self._settings = api, settings

    def capture(self, target: Target, at_ms: int) -> dict[str, Any]:
        """All that is kept of ``target``; ``at_ms`` is only written down."""
        try:
            path = address(target)
        except ValueError as error:
            raise Rejected(f"capture {target}: {error}") from error
        reading = _Reading(self._api, self._settings)
        found = reading.object(path, f"get {target}")
        return {"target": str(target), "at_ms": at_ms, **reading.about(target, found)}


class _Reading:
    """One capture: its deadline, and what it could not read."""

    def __init__(self, api: Api, settings: EvidenceSettings) -> None:
        self._api, self._settings = api, settings
        self._until = time.monotonic() + settings.timeout_s
        self._text = text_of(settings.redact)
        self._missing: list[str] = []

    def object(self, path: str, what: str) -> Json:
        data = orjson.loads(self._bytes(path, (), what))
        if not isinstance(data, dict):
            raise Unavailable(f"{what}: expected an object, got something else")
        return data

    def about(self, target: Target, found: Json) -> dict[str, Any]:
        pods = [found] if target.kind == "Pod" else self._pods(target, found)
        sets = self._newest_set(target, found)
        told: dict[str, Any] = {"object": described(found, self._text)}
        if target.kind != "Pod" and pods:
            told["pods"] = [described(one, self._text) for one in pods]
        names = (part(one, "spec").get("nodeName") for one in pods)
        nodes = sorted({name for name in names if name and isinstance(name, str)})
        told["nodes"] = [node for name in nodes[:MOST_PODS] if (node := self._node(name))]
        told["events"] = self._events(target, [found, *sets, *(one for one in pods if one is not found)])
        if self._settings.logs:
            told["logs"] = [*self._logs(pods)]
        if self._missing:
            told["incomplete"] = self._missing
        return told

    def _pods(self, target: Target, found: Json) -> list[Json]:
        """Pods of a workload, the worst first. A selector that is empty or unknown selects nothing."""
        selector = _selector(part(part(found, "spec"), "selector"))
        if target.kind not in ("Deployment", "StatefulSet", "DaemonSet", "Job") or not selector:
            return []
        path = f"/api/v1/namespaces/{target.namespace}/pods"
        listed = self._list(path, [("labelSelector", selector)], f"list pods of {target}")
        worst = sorted(listed, key=_health)
        if len(worst) > MOST_PODS:
            self._missing.append(f"{len(worst) - MOST_PODS} more pods, no worse than these")
        return worst[:MOST_PODS]

    def _newest_set(self, target: Target, found: Json) -> list[Json]:
        """The ReplicaSet of a Deployment: refusals of its pods (quotas, admission) are events about it."""
        selector = _selector(part(part(found, "spec"), "selector"))
        if target.kind != "Deployment" or not selector:
            return []
        path = f"/apis/apps/v1/namespaces/{target.namespace}/replicasets"
        listed = self._list(path, [("labelSelector", selector)], f"list replicasets of {target}")
        ordered = sorted(listed, key=lambda one: str(part(one, "metadata").get("creationTimestamp")))
        return ordered[-1:]

    def _node(self, name: str) -> dict[str, Any] | None:
        try:
            found = self.object(f"/api/v1/nodes/{quote(name, safe='')}", f"get nodes {name}")
        except PortError as error:
            self._miss(error)
            return None
        told = described(found, self._text)
        return {key: told[key] for key in ("name", "conditions", "spec", "deleted") if key in told}

    def _events(self, target: Target, objects: Sequence[Json]) -> list[dict[str, Any]]:
        found: dict[str, Json] = {}
        for one in objects:
            meta = part(one, "metadata")
            about = f"involvedObject.uid={meta.get('uid')}"
            path = f"/api/v1/namespaces/{target.namespace}/events"
            if target.kind == "Node":  # the kubelet's events name it, and not its uid
                path, about = "/api/v1/events", f"involvedObject.kind=Node,involvedObject.name={target.name}"
            listed = self._list(path, [("fieldSelector", about)], f"list events about {meta.get('name')}")
            found |= {str(part(each, "metadata").get("uid")): each for each in listed}
        newest = sorted(found.values(), key=when)[-MOST_EVENTS:]
        return [event(one, self._text) for one in newest]

    def _logs(self, pods: Sequence[Json]) -> Iterator[dict[str, Any]]:
        asked = [one for pod in pods for one in _log_addresses(pod)]
        if len(asked) > MOST_LOGS:
            self._missing.append(f"logs of {len(asked) - MOST_LOGS} more containers")
        raw = RAW_FACTOR * self._settings.log_bytes
        for path, pod, container, previous in asked[:MOST_LOGS]:
            query = [
                ("container", container),
                ("tailLines", str(self._settings.log_lines)),
                ("limitBytes", str(raw)),
                *([("previous", "true")] if previous else []),
            ]
            try:
                body = self._bytes(path, query, f"get pods/log {pod} {container}", accept="*/*")
            except PortError as error:
                self._miss(error)
                continue
            lines = newest_lines(body, self._settings)
            cut = len(body) >= raw
            yield {"pod": pod, "container": container, "previous": previous, "cut": cut, "lines": lines}

    def _list(self, path: str, query: Query, what: str) -> list[Json]:
        """The objects of a list; what cannot be read is noted, and read as none."""
        try:
            body = self._bytes(path, [*query, ("limit", str(MOST_LISTED))], what)
        except PortError as error:
            self._miss(error)
            return []
        data = orjson.loads(body)
        if not isinstance(data, dict) or not str(data.get("kind", "")).endswith("List"):
            self._missing.append(f"{what}: expected a list, got something else")
            return []
        if part(data, "metadata").get("continue"):
            self._missing.append(f"{what}: the first {MOST_LISTED} only")
        return items(data, "items")

    def _bytes(self, path: str, query: Query, what: str, accept: str = "application/json") -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Unavailable(f"{what}: no time was left")
        read_s = min(left, self._api.settings.read_timeout_s)
        reply = self._api.request("GET", path, query, headers={"Accept": accept}, read_s=read_s, total_s=left)
        if reply.status != 200:
            raise refusal(what, reply)
        if accept == "application/json" and not _is_json(reply.body):
            raise Unavailable(f"{what}: expected JSON, got something else")
        return reply.body

    def _miss(self, error: PortError) -> None:
        self._missing.append(one_line(str(error), self._settings.redact))


def newest_lines(body: bytes, settings: EvidenceSettings) -> list[str]:
    """The newest lines of a log that fit, redacted as one text, since a secret may span lines."""
    text = redact(body.decode("utf-8", "replace"), settings.redact)
    lines = [plain(one) for one in text.splitlines()][-settings.log_lines :] if settings.log_lines else []
    kept: list[str] = []
    room = settings.log_bytes
    for line in reversed(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]


def _selector(found: Json) -> str:
    """A label selector as a query; "" where it is empty or of a form that is not known here."""
    labels = [f"{key}={value}" for key, value in sorted(part(found, "matchLabels").items())]
    for one in items(found, "matchExpressions"):
        values = ",".join(map(str, one.get("values") or ()))
        match one.get("operator"):
            case "In":
                labels.append(f"{one.get('key')} in ({values})")
            case "NotIn":
                labels.append(f"{one.get('key')} notin ({values})")
            case "Exists":
                labels.append(str(one.get("key")))
            case "DoesNotExist":
                labels.append(f"!{one.get('key')}")
            case _:
                return ""
    return ",".join(labels)


def _health(pod: Json) -> tuple[bool, int, str]:
    """Sorts the worst first: not ready, then by restarts."""
    status = part(pod, "status")
    ready = any(
        one.get("type") == "Ready" and one.get("status") == "True" for one in items(status, "conditions")
    )
    counts = [one.get("restartCount") for one in items(status, "containerStatuses")]
    restarts = sum(count for count in counts if isinstance(count, int))
    return ready, -restarts, str(part(pod, "metadata").get("name"))


def _log_addresses(pod: Json) -> Iterator[tuple[str, str, str, bool]]:
    """Path, pod, container, whether the run before: the run before first, for it is the one that died."""
    meta, status = part(pod, "metadata"), part(pod, "status")
    namespace, name = quote(str(meta.get("namespace")), safe=""), quote(str(meta.get("name")), safe="")
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
    for key in ("containerStatuses", "initContainerStatuses"):
        for one in items(status, key):
            container = str(one.get("name"))
            if part(one, "lastState").get("terminated"):
                yield path, str(meta.get("name")), container, True
            if not part(one, "state").get("waiting"):
                yield path, str(meta.get("name")), container, False


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
