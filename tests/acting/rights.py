"""Rights: the rules of the daemon's ServiceAccount, from what its remediations declare and its facts read."""

from aiops.adapters.kubernetes.kinds import KINDS
from tests.controlplane.identities import rule


def read_rules():
    """Get, list and watch what facts are made of; the log subresource is not among it."""
    return [rule("get list watch", *_place(one.path)) for one in KINDS]


def _place(path):
    """(resource, group) of a collection's path."""
    parts = path.strip("/").split("/")
    return parts[-1], parts[1] if parts[0] == "apis" else ""


def write_rules(remediations):
    """What the remediations declare, and nothing else."""
    wanted = sorted({(r.group, r.resource, r.verb) for one in remediations for r in one.rights})
    return [rule(verb, resource, group) for group, resource, verb in wanted]
