"""Kubectl: the command by which a person does what a change does, preconditions included where kubectl can.

Input:   a change; its verb, object and patch.
Output:  one line for a POSIX shell, quoted; "" for what only reads (evidence).
"""

import json
import shlex
from collections.abc import Mapping

from aiops.model import Change, ChangeVerb


def command_of(change: Change) -> str:
    """The command for ``change``."""
    kind, name = change.target.kind.lower(), shlex.quote(change.target.name)
    head = "kubectl" + (f" -n {shlex.quote(change.target.namespace)}" if change.target.namespace else "")
    match change.verb:
        case ChangeVerb.PATCH:
            below = f" --subresource {change.subresource}" if change.subresource else ""
            return f"{head} patch {kind} {name}{below} --type strategic -p {_json(change.patch)}"
        case ChangeVerb.DELETE:
            return f"{head} delete {kind} {name}"
        case ChangeVerb.CREATE:
            return f"echo {_json(change.patch)} | {head} create -f -"
        case ChangeVerb.EVICT:  # `kubectl delete pod` would go past the disruption budget
            return f"echo {_json(_eviction(change))} | kubectl create --raw {shlex.quote(_path(change))} -f -"
        case ChangeVerb.CAPTURE:
            return ""


def _eviction(change: Change) -> Mapping[str, object]:
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": change.target.name, "namespace": change.target.namespace},
    }
    return body | ({"deleteOptions": {"preconditions": {"uid": change.uid}}} if change.uid else {})


def _path(change: Change) -> str:
    return f"/api/v1/namespaces/{change.target.namespace}/pods/{change.target.name}/eviction"


def _json(values: Mapping[str, object]) -> str:
    return shlex.quote(json.dumps(values, sort_keys=True, separators=(",", ":"), default=str))
