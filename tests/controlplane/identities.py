"""Users with rights of their own: a ServiceAccount, what it may do, and a kubeconfig that speaks as it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.controlplane.api import Api
from tests.controlplane.plane import ControlPlane

RBAC = "rbac.authorization.k8s.io/v1"
Rule = Mapping[str, Any]


def rule(verbs: str, resources: str, group: str = "", names: Iterable[str] = ()) -> Rule:
    """An RBAC rule; verbs and resources are words: ``rule("get list", "pods pods/log")``."""
    made: dict[str, Any] = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return made | ({"resourceNames": list(names)} if names else {})


def service_account(
    plane: ControlPlane,
    namespace: str,
    name: str,
    rules: Iterable[Rule] = (),
    cluster_rules: Iterable[Rule] = (),
    server: str = "",
    expires_s: int = 7200,
) -> Path:
    """Make a ServiceAccount with ``rules`` in its namespace and ``cluster_rules`` everywhere; its kubeconfig.

    ``server`` is the address of a proxy before the API server. In the audit log it is the user
    ``system:serviceaccount:NAMESPACE:NAME``.
    """
    api, metadata = plane.api, {"name": name, "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    if local := [*rules]:
        _grant(api, "Role", metadata, local, namespace, name)
    if everywhere := [*cluster_rules]:
        _grant(api, "ClusterRole", {"name": f"{namespace}-{name}"}, everywhere, namespace, name)
    return plane.write_kubeconfig(
        f"{namespace}-{name}", {"token": token(api, namespace, name, expires_s)}, server
    )


def token(api: Api, namespace: str, name: str, expires_s: int = 7200) -> str:
    """A token of a ServiceAccount (the API server gives none for less than 600 s)."""
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": expires_s},
    }
    where = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    return api.call("POST", where, request)["status"]["token"]


def _grant(api, kind, metadata, rules, namespace, name):
    api.create({"apiVersion": RBAC, "kind": kind, "metadata": metadata, "rules": rules})
    api.create(
        {
            "apiVersion": RBAC,
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": metadata["name"]},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        }
    )
