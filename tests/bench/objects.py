"""Objects of a large cluster, made from a few of a real API server (1.36).

Each has a name, uid and version of its own, all fields and managedFields; nodes carry the list of images that
real kubelets report. They are text, so that ten thousand are made in a moment.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

REAL = Path(__file__).parents[1] / "fakes" / "kubernetes_1_36.json"
PODS, NODES, WORKLOADS, REVISIONS = 10_000, 500, 1_000, 10
IMAGES = 50  # what a kubelet reports at most
REVISION = "deployment.kubernetes.io/revision"
NONE = (
    "/apis/apps/v1/controllerrevisions",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
    "/apis/policy/v1/poddisruptionbudgets",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/services",
    "/api/v1/configmaps",
    "/api/v1/events",
)


def many(pods: int = PODS) -> dict[str, list[str]]:
    """Objects as JSON, by the path at which they are listed."""
    real = json.loads(REAL.read_text())
    found: dict[str, list[str]] = {path: [] for path in NONE}
    found["/api/v1/namespaces"] = [json.dumps(real["Namespace"][0])]
    found["/api/v1/nodes"] = list(_nodes(real["Node"][0]))
    found["/apis/apps/v1/deployments"] = list(_workloads(real["Deployment"][0]))
    found["/apis/apps/v1/replicasets"] = list(_groups(real["ReplicaSet"][-1]))
    found["/api/v1/pods"] = list(_pods(real["Pod"][0], pods))
    return found


def _text(item: dict[str, Any], names: Mapping[str, str]) -> str:
    """The object with ``@uid`` and ``@version`` where it has those, and other names."""
    item["metadata"]["uid"], item["metadata"]["resourceVersion"] = "@uid", "@version"
    text = json.dumps(item)
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return text


def _made(text: str, kind: int, number: int, **names: object) -> str:
    for name, value in names.items():
        text = text.replace(f"@{name}@", str(value))
    return text.replace("@uid", f"{kind:08x}-0000-4000-8000-{number:012x}").replace(
        "@version", str(1_000_000 + number)
    )


def _nodes(item: dict[str, Any]) -> Iterator[str]:
    image = "registry.example.com/team/service-{}@sha256:" + "0" * 64
    item["status"]["images"] = [
        {"names": [image.format(at), f"registry.example.com/team/service-{at}:1.2"], "sizeBytes": 10**8}
        for at in range(IMAGES)
    ]
    text = _text(item, {"node-1": "node-@node@"})
    for number in range(NODES):
        yield _made(text, 1, number, node=number)


def _workloads(item: dict[str, Any]) -> Iterator[str]:
    text = _text(item, {"cart": "cart-@work@"})
    for number in range(WORKLOADS):
        yield _made(text, 2, number, work=number)


def _groups(item: dict[str, Any]) -> Iterator[str]:
    """The revisions of all workloads; one differs from the next in its image and its hash."""
    name, hashed = item["metadata"]["name"], item["metadata"]["labels"]["pod-template-hash"]
    item["metadata"]["annotations"][REVISION] = "@revision@"
    item["spec"]["template"]["spec"]["containers"][0]["image"] = "shop/cart-@work@:@revision@"
    text = _text(item, {name: "cart-@work@-@hash@", "cart": "cart-@work@", hashed: "@hash@"})
    for number in range(WORKLOADS * REVISIONS):
        work, revision = divmod(number, REVISIONS)
        yield _made(text, 3, number, work=work, revision=revision + 1, hash=f"{revision + 1:08x}")


def _pods(item: dict[str, Any], pods: int) -> Iterator[str]:
    """Pods of the newest revisions, over all nodes."""
    meta = item["metadata"]
    names = {
        meta["name"]: "cart-@work@-@hash@-@pod@",
        meta["ownerReferences"][0]["name"]: "cart-@work@-@hash@",
        meta["labels"]["pod-template-hash"]: "@hash@",
        "cart": "cart-@work@",
        item["spec"]["nodeName"]: "node-@node@",
    }
    text = _text(item, names)
    for number in range(pods):
        work, hashed = number % WORKLOADS, f"{REVISIONS:08x}"
        yield _made(text, 4, number, work=work, hash=hashed, pod=f"{number:05x}", node=number % NODES)
