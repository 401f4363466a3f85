"""Labels: the keys that kube-state-metrics flattened, and who manages an object by them.

The exporter writes ``app.kubernetes.io/name`` as ``label_app_kubernetes_io_name``; several keys may come to
the same, so only keys that are known are turned back, and others keep their flat name. It exports no labels
but those it was told to, so without any ``label_`` in sight the labels are unknown.
"""

import re
from collections.abc import Iterable, Mapping

KNOWN = (
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "argocd.argoproj.io/instance",
    "argocd.argoproj.io/tracking-id",
    "fluxcd.io/sync-gc-mark",
    "helm.sh/chart",
    "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
    "kubernetes.io/hostname",
    "kubernetes.io/metadata.name",
    "kustomize.toolkit.fluxcd.io/name",
    "kustomize.toolkit.fluxcd.io/namespace",
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
)
_MANAGERS = (
    ("argocd.argoproj.io/", "argocd"),
    ("kustomize.toolkit.fluxcd.io/", "flux"),
    ("helm.toolkit.fluxcd.io/", "flux"),
    ("fluxcd.io/", "flux"),
)


def flat(key: str) -> str:
    """A key as the exporter writes it."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", key)


def unflat(labels: Mapping[str, str], known: Iterable[str] = ()) -> dict[str, str]:
    """The Kubernetes labels among the labels of a series."""
    keys = {flat(key): key for key in (*KNOWN, *known)}
    found = ((name.removeprefix("label_"), value) for name, value in labels.items() if name[:6] == "label_")
    return {keys.get(name, name): value for name, value in sorted(found)}


def manager(labels: Mapping[str, str]) -> str | None:
    """Who owns the spec of an object with these labels; None where they do not say (unknown, not nobody)."""
    for prefix, name in _MANAGERS:
        if any(key.startswith(prefix) for key in labels):
            return name
    said = labels.get("app.kubernetes.io/managed-by", "").lower()
    return said or ("helm" if "helm.sh/chart" in labels else None)
