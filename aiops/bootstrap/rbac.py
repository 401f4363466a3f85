"""RBAC manifests for a configuration: what ``aiops rbac`` prints."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiops.adapters.kubernetes.kinds import KINDS
from aiops.adapters.kubernetes.reviews import GROUP, RESOURCE
from aiops.bootstrap import plugins
from aiops.core.grants import ACTS, Grant, Grants, Needs, grants
from aiops.model import Access
from aiops.plugin import Right
from aiops.settings import Settings

RBAC = "rbac.authorization.k8s.io"
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """Of what is made: ``name`` in ``namespace``, writing in ``opted_in``."""

    name: str
    namespace: str
    opted_in: tuple[str, ...] = ()


def needed(settings: Settings) -> tuple[Grants, Names]:
    """What a configuration needs, and the names that it gives. Raises ConfigError."""
    policy = settings.policy
    spaces = sorted({one.namespace for one in policy.scopes if one.namespace and one.mode in ACTS})
    return granted(settings), Names("aiops", policy.own_namespace, tuple(spaces))


def granted(settings: Settings) -> Grants:
    """The least rights of a daemon with these settings."""
    kubernetes = settings.kubernetes
    if kubernetes.access is Access.OFF:
        return Grants((), (), (), (), ())
    needs = Needs(
        mode=settings.policy.mode,
        scopes=tuple(settings.policy.scopes),
        playbooks=tuple(settings.playbooks),
        logs=kubernetes.evidence.logs,
        stop_map=kubernetes.stop.config_map,
        head_events=settings.audit.to_event,
        people=settings.server.console,
    )
    return grants(needs, watched(), rights)


def watched() -> Iterator[tuple[str, str]]:
    """(API group, resource) of every kind that facts are read from."""
    for one in KINDS:
        root, *rest = one.path.strip("/").split("/")
        yield ("" if root == "api" else rest[0]), rest[-1]


def rights(name: str) -> Sequence[Right]:
    """What a remediation declares. Raises ConfigError for one that is not installed."""
    declared: Sequence[Right] = plugins.remediation(name).rights
    return declared


def manifests(found: Grants, names: Names) -> Iterator[Manifest]:
    """The objects to apply, in order. A role without rules is left out, and its bindings with it."""
    yield _object("v1", "ServiceAccount", names.name, names.namespace)
    yield from _cluster_wide(f"{names.name}-read", found.read, names)
    if found.own:
        yield _role("Role", names.name, found.own, names.namespace)
        yield _binding(names, names.name, "Role", names.namespace)
    yield from _cluster_wide(f"{names.name}-write-nodes", found.nodes, names)
    if found.write:
        yield _role("ClusterRole", f"{names.name}-write", found.write)
        for space in names.opted_in:
            yield _binding(names, f"{names.name}-write", "ClusterRole", space)


def for_people(name: str, roles: Sequence[str]) -> Iterator[Manifest]:
    """Roles to give to people: to be let in, and to answer as one of ``roles`` (of ``approvals.roles``)."""
    yield _role("ClusterRole", f"{name}-member", [Grant(GROUP, (RESOURCE,), ("get",))])
    for role in roles:
        grant = Grant(GROUP, (RESOURCE,), ("approve",), (role,))
        yield _role("ClusterRole", f"{name}-approve-{role}", [grant])


def _cluster_wide(name: str, rules: Sequence[Grant], names: Names) -> Iterator[Manifest]:
    if rules:
        yield _role("ClusterRole", name, rules)
        yield _binding(names, name, "ClusterRole")


def _object(version: str, kind: str, name: str, namespace: str = "", **more: Any) -> Manifest:
    labels = {"app.kubernetes.io/name": "aiops", "app.kubernetes.io/managed-by": "aiops-rbac"}
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


def _role(kind: str, name: str, rules: Iterable[Grant], namespace: str = "") -> Manifest:
    return _object(f"{RBAC}/v1", kind, name, namespace, rules=[rule(one) for one in rules])


def rule(grant: Grant) -> Mapping[str, Any]:
    """A rule as Kubernetes has it."""
    made: dict[str, Any] = {
        "apiGroups": [grant.group],
        "resources": list(grant.resources),
        "verbs": list(grant.verbs),
    }
    return made | ({"resourceNames": list(grant.names)} if grant.names else {})


def _binding(names: Names, role: str, kind: str, namespace: str = "") -> Manifest:
    return _object(
        f"{RBAC}/v1",
        "RoleBinding" if namespace else "ClusterRoleBinding",
        role,
        namespace,
        roleRef={"apiGroup": RBAC, "kind": kind, "name": role},
        subjects=[{"kind": "ServiceAccount", "name": names.name, "namespace": names.namespace}],
    )
