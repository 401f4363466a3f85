"""Kubectl: what a person would type for a change, quoted for a shell."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from aiops.model.target import Target


def kubectl(target: Target, *words: str) -> str:
    """``kubectl`` in the namespace of ``target`` with ``words``, each quoted where it must be."""
    where = ("-n", target.namespace) if target.namespace else ()
    return shlex.join(("kubectl", *where, *words))


def named(target: Target) -> str:
    """``deployment/cart``, as kubectl takes it."""
    return f"{target.kind.lower()}/{target.name}"


def patching(target: Target, patch: Mapping[str, Any], subresource: str = "") -> str:
    """The command that sends ``patch`` as we would: as a strategic merge patch, kubectl's default."""
    where = (f"--subresource={subresource}",) if subresource else ()
    return kubectl(target, "patch", named(target), *where, "-p", _json(patch))


def creating(target: Target, api_version: str, body: Mapping[str, Any]) -> str:
    """The command that creates ``target`` from ``body``."""
    whole = {"apiVersion": api_version, "kind": target.kind, **body}
    return f"{kubectl(target, 'create', '-f', '-')} <<< {shlex.quote(_json(whole))}"


def evicting(pod: Target, uid: str | None) -> str:
    """The command that evicts ``pod``: kubectl has no word of its own for it, and ``delete`` goes round
    disruption budgets."""
    body: dict[str, Any] = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
    }
    if uid is not None:
        body["deleteOptions"] = {"preconditions": {"uid": uid}}
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/eviction"
    return f"{shlex.join(('kubectl', 'create', '--raw', path, '-f', '-'))} <<< {shlex.quote(_json(body))}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), default=dict)
