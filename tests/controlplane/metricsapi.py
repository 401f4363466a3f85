"""The metrics API (metrics.k8s.io), so that autoscalers of the real controller work: usage is what tests say.

    kubelet.metrics.use("shop", "cart", cpu="900m")  # of every pod whose name begins with cart

It is joined to the API server as a real metrics server is: an APIService and, as there is no pod network, a
Service of type ExternalName on loopback. Without a word of a test a pod uses 100m and 64Mi.
"""

import contextlib
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.controlplane.api import Api
from tests.controlplane.containers import stamp

GROUP = "/apis/metrics.k8s.io/v1beta1"
IDLE = {"cpu": "100m", "memory": "64Mi"}
Pods = Callable[[], Iterable[Mapping[str, Any]]]


class MetricsApi:
    """Answers for the running pods that ``pods`` gives."""

    def __init__(self, api: Api, pki: Path, pods: Pods) -> None:
        self._api, self._pods = api, pods
        self._usage: dict[tuple[str, str], dict[str, str]] = {}
        source = self

        class Page(_Page):
            owner = source

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "api.crt", pki / "api.key")
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def use(self, namespace: str, pod: str, cpu: str = IDLE["cpu"], memory: str = IDLE["memory"]) -> None:
        """From now on the pods whose name begins with ``pod`` use so much, each of their containers."""
        self._usage[namespace, pod] = {"cpu": cpu, "memory": memory}

    def start(self) -> None:
        """Serve, and join the API server."""
        threading.Thread(target=self._server.serve_forever, args=(0.5,), daemon=True).start()
        port = self._server.server_address[1]
        metadata = {"name": "metrics-server", "namespace": "kube-system"}
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }
        joined = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {**metadata, "port": port},
            },
        }
        self._api.ensure(service)
        self._api.ensure(joined)

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, selector: str) -> Mapping[str, Any] | None:
        """The object at a path below the group; None is 404."""
        if not path:
            return _resources()
        parts = path.strip("/").split("/")
        namespace = parts[1] if parts[0] == "namespaces" and len(parts) >= 3 else ""
        if parts[-1] != "pods":
            return None
        wanted = dict(pair.split("=", 1) for pair in selector.split(",") if "=" in pair)
        items = [
            self._metrics(pod)
            for pod in self._pods()
            if namespace in ("", pod["metadata"]["namespace"])
            and wanted.items() <= pod["metadata"].get("labels", {}).items()
        ]
        return {
            "kind": "PodMetricsList",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {},
            "items": items,
        }

    def _metrics(self, pod):
        meta = pod["metadata"]
        usage = IDLE
        for (namespace, name), used in list(self._usage.items()):
            if namespace == meta["namespace"] and meta["name"].startswith(name):
                usage = used
        return {
            "metadata": {key: meta.get(key) for key in ("name", "namespace", "labels")},
            "timestamp": stamp(),
            "window": "10s",
            "containers": [{"name": one["name"], "usage": usage} for one in pod["spec"]["containers"]],
        }


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: MetricsApi

    def do_GET(self):
        where = urllib.parse.urlsplit(self.path)
        selector = dict(urllib.parse.parse_qsl(where.query)).get("labelSelector", "")
        found = None
        if where.path.startswith(GROUP):
            found = self.owner.answer(where.path.removeprefix(GROUP), selector)
        body = json.dumps(found or {"kind": "Status", "code": 404}).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the name is the base class's
        pass


def _resources():
    pods = {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics"}
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "metrics.k8s.io/v1beta1",
        "resources": [{**pods, "verbs": ["get", "list"]}],
    }
