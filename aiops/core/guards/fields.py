"""Fields: which ones a patch writes, and who wrote them before us (promises 5.3: ownership by field).

Paths are those of ``Manager.fields``: ``spec.template.spec.containers[web].image``. Two paths meet where they
are the same, or one lies inside the other.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiops.model import Change, ChangeVerb, Manager

RESTARTED_AT = "spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt"
OURS = ("metadata.annotations.aiops.dev/", "spec.template.metadata.annotations.aiops.dev/")
IDENTITY = frozenset({"metadata.uid", "metadata.resourceVersion", "metadata.name", "metadata.namespace"})
# People's hands, by the name under which their tools write; "kubectl" also writes as "kubectl-edit".
HANDS = ("kubectl", "oc", "k9s", "lens", "dashboard", "Mozilla", "before-first-apply")
# Kubernetes itself. What its autoscaler writes is the guard ``autoscaler``'s to judge.
KUBERNETES = frozenset(
    {
        "kube-controller-manager",
        "kube-scheduler",
        "kube-apiserver",
        "kubelet",
        "kubeadm",
        "cloud-controller-manager",
        "k3s",
    }
)
LONGEST = 400  # characters of a change that are shown


def flat(patch: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Every field that a patch writes with its value, by path; items of a list with names by their names."""
    return dict(_walk(patch, above))


def _walk(here: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in here.items():
        if key.startswith("$"):
            continue
        path = f"{above}.{key}" if above else key
        if isinstance(value, Mapping) and value and "$patch" not in value:
            yield from _walk(value, path)
        elif named := _named(value):
            for name, item in named.items():
                inner = {key: one for key, one in item.items() if key != "name"}
                whole = not inner or "$patch" in item
                yield from [(f"{path}[{name}]", item)] if whole else _walk(inner, f"{path}[{name}]")
        else:
            yield path, value


def _named(value: Any) -> dict[str, Mapping[str, Any]]:
    """The items of a list by name; empty where it is no list of named items."""
    if not isinstance(value, list | tuple):
        return {}
    found = {one["name"]: one for one in value if isinstance(one, Mapping) and "name" in one}
    return found if len(found) == len(value) else {}


def owned(change: Change) -> dict[str, Any]:
    """What of ``change`` somebody else may own. Not our own marks, nor the mark of a restart, which Git knows
    nothing of; nor a pod, which its controller made and will make again."""
    if change.verb is not ChangeVerb.PATCH or change.target.kind == "Pod":
        return {}
    written = flat(change.patch)
    return {
        path: value
        for path, value in written.items()
        if path not in IDENTITY and path != RESTARTED_AT and not path.startswith(OURS)
    }


def is_nobody(manager: str, ours: str) -> bool:
    """Whether what ``manager`` wrote is nobody's to keep: ours, a person's hand, Kubernetes itself."""
    hand = any(manager == one or manager.startswith((f"{one}-", f"{one}/")) for one in HANDS)
    return manager == ours or manager in KUBERNETES or hand


def owners(path: str, managers: tuple[Manager, ...], ours: str) -> tuple[str, ...]:
    """Those who wrote ``path`` and will write it again, in order of name."""
    names = {one.name for one in managers if any(meet(path, field) for field in one.fields)}
    return tuple(sorted(name for name in names if not is_nobody(name, ours)))


def meet(one: str, other: str) -> bool:
    """Whether two paths are the same field, or one is part of the other."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and (len(long) == len(short) or long[len(short)] in ".[")


def said(fields: Mapping[str, Any]) -> str:
    """What to commit, for people: ``spec.replicas: 5, ...``."""
    text = ", ".join(f"{path}: {json.dumps(value, default=str)}" for path, value in fields.items())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
