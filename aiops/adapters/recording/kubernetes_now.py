"""Kubernetes now: objects and events as the API server has them at the end of a recording.

Read only: list calls, each with a timeout. What may not be listed stays unknown; the rest is used. Events of
the API server reach back an hour or so.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from aiops.adapters.recording import kubernetes_objects as objects
from aiops.errors import Forbidden, InputError, NotFound, PortError, Problem, Rejected, Unavailable
from aiops.model.recording import Fact, FactLine

TIMEOUT_S = (3.0, 20.0)  # to connect, and between two pieces of an answer
_PAGE = 500
_MOST = 200_000  # objects of one kind

PATHS: Mapping[str, str] = {
    "Deployment": "/apis/apps/v1/deployments",
    "StatefulSet": "/apis/apps/v1/statefulsets",
    "DaemonSet": "/apis/apps/v1/daemonsets",
    "ReplicaSet": "/apis/apps/v1/replicasets",
    "Pod": "/api/v1/pods",
    "Node": "/api/v1/nodes",
    "Namespace": "/api/v1/namespaces",
    "PersistentVolumeClaim": "/api/v1/persistentvolumeclaims",
    "StorageClass": "/apis/storage.k8s.io/v1/storageclasses",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/horizontalpodautoscalers",
    "PodDisruptionBudget": "/apis/policy/v1/poddisruptionbudgets",
    "Event": "/api/v1/events",
}
KNOWN = {  # a kind of fact is known when all of these could be listed
    "pods": ("Pod",),
    "owners": ("Pod", "ReplicaSet"),
    "workloads": ("Deployment", "StatefulSet", "DaemonSet"),
    "nodes": ("Node",),
    "labels": ("Namespace", "Deployment", "StatefulSet", "DaemonSet"),
    "claims": ("PersistentVolumeClaim",),
    "autoscalers": ("HorizontalPodAutoscaler",),
    "pdb": ("PodDisruptionBudget",),
}

Objects = Mapping[str, list[dict[str, Any]]]


def read_now(kubeconfig: Path, context: str, at_ms: int) -> tuple[tuple[FactLine, ...], frozenset[str]]:
    """(lines as of ``at_ms``, kinds of fact that are known at that time).

    InputError for a kubeconfig that cannot be used; PortError where the API server does not answer, or
    refuses everything.
    """
    client = _client(kubeconfig, context)
    listed: dict[str, list[dict[str, Any]]] = {}
    refused: PortError | None = None
    for kind, path in PATHS.items():
        try:
            listed[kind] = list(_list(client, path))
        except (Forbidden, NotFound) as error:
            refused = error
    if not listed and refused is not None:
        raise refused
    try:
        lines = tuple(_lines(listed, at_ms))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Rejected(f"the API server answered with an object that is none: {error!r:.120}") from error
    return lines, frozenset(name for name, kinds in KNOWN.items() if all(kind in listed for kind in kinds))


def _lines(listed: Objects, at_ms: int) -> Iterator[FactLine]:
    state: Iterable[Fact] = objects.state(listed)
    for event in objects.events(listed):
        if event.at_ms <= at_ms:
            yield FactLine(event.at_ms, event)
    for value in state:
        yield FactLine(at_ms, value)


def _client(kubeconfig: Path, context: str) -> Any:
    from kubernetes import config  # noqa: PLC0415 - half a second, only who asks for it pays

    if not kubeconfig.is_file():
        raise InputError([Problem(str(kubeconfig), "no such file", "a kubeconfig")])
    try:
        make: Any = config.new_client_from_config  # the vendor's is untyped
        return make(str(kubeconfig), context or None, persist_config=False)
    except Exception as error:  # whatever the client makes of a person's file, it is a wrong file
        got = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError([Problem(f"--kubeconfig {kubeconfig}", got, "a kubeconfig that works")]) from error


def _list(client: Any, path: str) -> Iterator[dict[str, Any]]:
    token, found = "", 0
    while True:
        query = [("limit", str(_PAGE)), *([("continue", token)] if token else [])]
        page = _get(client, path, query)
        items = page.get("items") or []
        yield from (item for item in items if isinstance(item, dict))
        found += len(items)
        token = (page.get("metadata") or {}).get("continue") or ""
        if not token:
            return
        if found > _MOST:
            raise Rejected(f"list {path}: expected at most {_MOST} objects, got more")


def _get(client: Any, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
    from kubernetes.client import ApiException  # noqa: PLC0415 - as above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with it

    try:
        request = client.param_serialize(
            method="GET",
            resource_path=path,
            query_params=query,
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        reply = client.call_api(*request, _request_timeout=TIMEOUT_S)
        body = reply.read()
        status = reply.status
    except ApiException as error:
        status, body = error.status or 0, b""
    except (HTTPError, OSError) as error:
        raise Unavailable(f"list {path}: the API server does not answer: {error}") from error
    if status == 200:
        return _object(path, body)
    if status in (401, 403):
        raise Forbidden(f"list {path}: expected leave to list it, got HTTP {status}")
    if status == 404:
        raise NotFound(f"list {path}: the API server has no such kind")
    if status in {0, 429} or status >= 500:
        raise Unavailable(f"list {path}: got HTTP {status}")
    raise Rejected(f"list {path}: got HTTP {status}")


def _object(path: str, body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unavailable(f"list {path}: expected JSON, got something else") from error
    if not isinstance(data, dict):
        raise Unavailable(f"list {path}: expected a list of objects, got {type(data).__name__}")
    return data
