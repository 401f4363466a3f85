"""Kubectl: the command by which a person does what a change does; "" for what only reads (evidence)."""

from aiops.model import Change, ChangeVerb
from aiops.model.kubectl import creating, evicting, kubectl, named, patching

API_VERSIONS = {"Job": "batch/v1", "Pod": "v1"}  # of what is created; what is there needs none


def command_of(change: Change) -> str:
    """One line for a shell, quoted. Without the version that we are bound to: a person looks first."""
    target = change.target
    match change.verb:
        case ChangeVerb.PATCH:
            return patching(target, change.patch, change.subresource)
        case ChangeVerb.EVICT:
            return evicting(target, change.uid)
        case ChangeVerb.DELETE:
            return kubectl(target, "delete", named(target))
        case ChangeVerb.CREATE:
            version = str(change.patch.get("apiVersion", API_VERSIONS.get(target.kind, "v1")))
            return creating(target, version, change.patch)
        case ChangeVerb.CAPTURE:
            return ""
