"""Addresses: where the objects that may be changed live at the API server. A kind not named here is never
written: no Secret, no role, no webhook, no namespace."""

import re

from aiops.model import Target

WRITABLE = {  # kind: API version, plural
    "Deployment": ("apps/v1", "deployments"),
    "StatefulSet": ("apps/v1", "statefulsets"),
    "DaemonSet": ("apps/v1", "daemonsets"),
    "Job": ("batch/v1", "jobs"),
    "CronJob": ("batch/v1", "cronjobs"),
    "HorizontalPodAutoscaler": ("autoscaling/v2", "horizontalpodautoscalers"),
    "Pod": ("v1", "pods"),
    "PersistentVolumeClaim": ("v1", "persistentvolumeclaims"),
    "Node": ("v1", "nodes"),
}
CLUSTER_WIDE = frozenset({"Node"})
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def api_version(target: Target) -> str:
    """``apps/v1``. Raises ValueError for a kind that is not ours to write."""
    return _known(target)[0]


def resource(target: Target, subresource: str = "") -> str:
    """``deployments.apps``, ``pods/eviction``: as RBAC and people name it."""
    version, plural = _known(target)
    group = version.rpartition("/")[0]
    return plural + (f"/{subresource}" if subresource else "") + (f".{group}" if group else "")


def folder(target: Target) -> str:
    """The path under which objects of the kind are made."""
    version, plural = _known(target)
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if target.kind in CLUSTER_WIDE:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{_name(target, target.namespace, 'namespace')}/{plural}"


def address(target: Target, subresource: str = "") -> str:
    """The path of one object. Raises ValueError for a name that is none: it could lead elsewhere (S3)."""
    path = f"{folder(target)}/{_name(target, target.name, 'name')}"
    return f"{path}/{subresource}" if subresource else path


def _known(target: Target) -> tuple[str, str]:
    if target.kind not in WRITABLE:
        raise ValueError(f"{target}: expected a kind of {', '.join(WRITABLE)}, got {target.kind}")
    if (target.kind in CLUSTER_WIDE) == bool(target.namespace):
        wanted = "no namespace" if target.kind in CLUSTER_WIDE else "a namespace"
        raise ValueError(f"{target}: expected {wanted}, got {target.namespace!r}")
    return WRITABLE[target.kind]


def _name(target: Target, text: str, what: str) -> str:
    if _NAME.fullmatch(text) is None or ".." in text:
        raise ValueError(f"{target}: expected a {what} as Kubernetes has them, got {text!r}")
    return text
