"""A thin client of the API server: dicts in and out, a time-out on every call, errors with their code.

    api = Api.of(kubeconfig)
    api.create({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "shop"}})
    api.patch("Deployment", "shop", "cart", {"spec": {"replicas": 2}})
    api.wait("Pod", "shop", "cart-1", lambda pod: pod["status"]["phase"] == "Running")

It is the hand of a person in the tests, and of the simulated kubelet; not what the daemon uses.
"""

import contextlib
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import urllib3

TIMEOUT_S = 20.0
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON = "application/json"

_CORE = "/api/v1"
_APPS, _BATCH, _SCALE = "/apis/apps/v1", "/apis/batch/v1", "/apis/autoscaling/v2"
_POLICY, _RBAC = "/apis/policy/v1", "/apis/rbac.authorization.k8s.io/v1"
_STORAGE, _LEASE = "/apis/storage.k8s.io/v1", "/apis/coordination.k8s.io/v1"

# kind: (path of its group, plural, whether it lives in a namespace)
KINDS: dict[str, tuple[str, str, bool]] = {
    "Namespace": (_CORE, "namespaces", False),
    "Node": (_CORE, "nodes", False),
    "PersistentVolume": (_CORE, "persistentvolumes", False),
    "Pod": (_CORE, "pods", True),
    "Service": (_CORE, "services", True),
    "ConfigMap": (_CORE, "configmaps", True),
    "Secret": (_CORE, "secrets", True),
    "ServiceAccount": (_CORE, "serviceaccounts", True),
    "Event": (_CORE, "events", True),
    "PersistentVolumeClaim": (_CORE, "persistentvolumeclaims", True),
    "ResourceQuota": (_CORE, "resourcequotas", True),
    "Deployment": (_APPS, "deployments", True),
    "StatefulSet": (_APPS, "statefulsets", True),
    "DaemonSet": (_APPS, "daemonsets", True),
    "ReplicaSet": (_APPS, "replicasets", True),
    "ControllerRevision": (_APPS, "controllerrevisions", True),
    "Job": (_BATCH, "jobs", True),
    "CronJob": (_BATCH, "cronjobs", True),
    "HorizontalPodAutoscaler": (_SCALE, "horizontalpodautoscalers", True),
    "PodDisruptionBudget": (_POLICY, "poddisruptionbudgets", True),
    "Role": (_RBAC, "roles", True),
    "RoleBinding": (_RBAC, "rolebindings", True),
    "ClusterRole": (_RBAC, "clusterroles", False),
    "ClusterRoleBinding": (_RBAC, "clusterrolebindings", False),
    "StorageClass": (_STORAGE, "storageclasses", False),
    "Lease": (_LEASE, "leases", True),
    "APIService": ("/apis/apiregistration.k8s.io/v1", "apiservices", False),
    "PriorityClass": ("/apis/scheduling.k8s.io/v1", "priorityclasses", False),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
}

Object = dict[str, Any]


class ApiError(Exception):
    """The API server said no: ``status`` is its HTTP code, ``reason`` its word, ``body`` the whole answer."""

    def __init__(self, status: int, body: Any, call: str) -> None:
        said = body if isinstance(body, dict) else {"message": str(body)[:500]}
        self.status, self.body = status, said
        self.reason, self.message = said.get("reason", ""), said.get("message", "")
        super().__init__(f"{status} {self.reason} {call}: {self.message}")


def path(kind: str, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
    """The path of an object, or of all of a kind; ``namespace`` None or "" means all of them."""
    group, plural, namespaced = KINDS[kind]
    parts = [group]
    if namespaced and namespace:
        parts.append(f"namespaces/{namespace}")
    parts.append(plural)
    parts += [part for part in (name, subresource) if part]
    return "/".join(parts)


class Api:
    """Calls with the credentials of one user. Safe to use from several threads."""

    def __init__(self, server: str, ca: str, user: Mapping[str, str], user_agent: str = "tests") -> None:
        self.server, self.user_agent = server, user_agent
        self._headers = {"User-Agent": user_agent, "Accept": JSON}
        if token := user.get("token"):
            self._headers["Authorization"] = f"Bearer {token}"
        self._pool = urllib3.PoolManager(
            maxsize=16,
            ca_certs=ca,
            cert_file=user.get("client-certificate"),
            key_file=user.get("client-key"),
            retries=False,
        )

    @classmethod
    def of(cls, kubeconfig: Path, user_agent: str = "tests") -> "Api":
        """From a kubeconfig as ``pki.kubeconfig`` writes it (JSON; files and tokens, nothing inline)."""
        config = json.loads(Path(kubeconfig).read_text())
        cluster = config["clusters"][0]["cluster"]
        return cls(
            cluster["server"], cluster["certificate-authority"], config["users"][0]["user"], user_agent
        )

    def call(
        self,
        method: str,
        where: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """The parsed answer (text, where it is not JSON); ApiError for 400 and above."""
        sent = {**self._headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = content_type
        answer = self._pool.request(
            method,
            self._url(where, params),
            body=None if body is None else orjson.dumps(body),
            headers=sent,
            timeout=urllib3.Timeout(connect=5.0, read=timeout_s),
        )
        is_json = answer.headers.get("Content-Type", "").startswith(JSON)
        got = orjson.loads(answer.data) if is_json else answer.data.decode(errors="replace")
        if answer.status >= 400:
            raise ApiError(answer.status, got, f"{method} {where}")
        return got

    def _url(self, where, params):
        given = {key: value for key, value in (params or {}).items() if value is not None}
        query = urllib.parse.urlencode({key: _text(value) for key, value in given.items()})
        return f"{self.server}{where}{'?' if query else ''}{query}"

    def get(self, kind: str, namespace: str | None, name: str, subresource: str = "") -> Object:
        """One object; ApiError 404 where it is not."""
        return self.call("GET", path(kind, namespace, name, subresource))

    def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object, or None where there is none."""
        try:
            return self.get(kind, namespace, name)
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def list(self, kind: str, namespace: str | None = None, **params: Any) -> list[Object]:
        """All of a kind; ``labelSelector``, ``fieldSelector`` as the API has them."""
        return self.call("GET", path(kind, namespace), params=params)["items"]

    def create(self, manifest: Object, **params: Any) -> Object:
        """Create what ``manifest`` says, in its own namespace."""
        where = path(manifest["kind"], manifest["metadata"].get("namespace"))
        return self.call("POST", where, manifest, params=params)

    def ensure(self, manifest: Object) -> None:
        """Create it unless it is there."""
        try:
            self.create(manifest)
        except ApiError as error:
            if error.status != 409:
                raise

    def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        body: Any,
        subresource: str = "",
        *,
        content_type: str = STRATEGIC,
        **params: Any,
    ) -> Object:
        """Patch one object; strategic merge unless ``content_type`` says otherwise."""
        where = path(kind, namespace, name, subresource)
        return self.call("PATCH", where, body, params=params, content_type=content_type)

    def delete(self, kind: str, namespace: str | None, name: str, body: Any = None, **params: Any) -> Object:
        """Delete one object; ``body`` are DeleteOptions."""
        return self.call("DELETE", path(kind, namespace, name), body, params=params)

    def evict(self, namespace: str, pod: str, **options: Any) -> Object:
        """Ask for the eviction of a pod; ApiError 429 where a budget forbids it."""
        metadata = {"name": pod, "namespace": namespace}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata, **options}
        return self.call("POST", path("Pod", namespace, pod, "eviction"), eviction)

    def logs(self, namespace: str, pod: str, **params: Any) -> str:
        """Log of a pod, from its kubelet; ``container``, ``previous``, ``tailLines`` as the API has them."""
        return self.call("GET", path("Pod", namespace, pod, "log"), params=params, headers={"Accept": "*/*"})

    def watch(self, where: str, version: str, *, silence_s: float, **params: Any) -> Iterator[Object]:
        """Events of a watch from ``version`` on; ends with the stream, or after ``silence_s`` without one."""
        query = {"watch": 1, "resourceVersion": version, "allowWatchBookmarks": 1, **params}
        answer = self._pool.request(
            "GET",
            self._url(where, query),
            headers=self._headers,
            preload_content=False,
            timeout=urllib3.Timeout(connect=5.0, read=silence_s),
        )
        with contextlib.closing(answer):
            if answer.status >= 400:
                raise ApiError(answer.status, answer.read().decode(errors="replace"), f"WATCH {where}")
            yield from _lines(answer)

    def wait(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        until: Callable[[Object], Any],
        timeout_s: float = 20.0,
    ) -> Object:
        """The object once ``until`` of it is true; looks ten times a second, and fails showing its status."""
        deadline, last = time.monotonic() + timeout_s, None
        while time.monotonic() < deadline:
            last = self.find(kind, namespace, name)
            if last is not None and until(last):
                return last
            time.sleep(0.1)
        shown = "nothing" if last is None else json.dumps({key: last.get(key) for key in ("status", "spec")})
        raise AssertionError(f"{kind}/{namespace}/{name} is not so after {timeout_s} s: {shown[:3000]}")

    def wait_gone(self, kind: str, namespace: str | None, name: str, timeout_s: float = 20.0) -> None:
        """Return once the object is not there any more."""
        deadline = time.monotonic() + timeout_s
        while self.find(kind, namespace, name) is not None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{kind}/{namespace}/{name} is still there after {timeout_s} s")
            time.sleep(0.1)


def _lines(answer):
    rest = b""
    while piece := answer.read1(65_536):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line:
                yield orjson.loads(line)


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
