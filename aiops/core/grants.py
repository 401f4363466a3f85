"""Grants: the least rights that a configuration needs, from what its enabled remediations declare.

Reading is for the whole cluster, since facts are; nothing reads Secrets. Writing is apart from it: what
playbooks may do in a namespace is bound in each namespace that is opted in, what they do to nodes in the
cluster. A playbook counts where it, a scope for it and the policy's ceiling are in mode ask or auto; where
none does, there is nothing to write.

Input:   (group, resource) of what is watched; playbooks, the policy's mode and scopes; rights by remediation.
Output:  Grants, in a stable order; equal input gives equal output.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aiops.model import Mode, Playbook, Scope
from aiops.plugin import Right

WATCH = ("get", "list", "watch")
IN_CLUSTER = frozenset({"nodes", "persistentvolumes"})  # kinds without a namespace
ACTS = frozenset({Mode.ASK, Mode.AUTO})

Rights = Callable[[str], Sequence[Right]]


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One rule of a role: ``verbs`` on ``resources`` of one API group, or on ``names`` alone."""

    group: str  # "" is core
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """What of a configuration decides which rights are needed."""

    mode: Mode  # the policy's ceiling
    scopes: tuple[Scope, ...]  # of the policy: without one nothing acts
    playbooks: tuple[Playbook, ...]
    logs: bool = False  # whether evidence holds log lines
    stop_map: str = ""  # ConfigMap of the kill switch in our own namespace; "": none
    head_events: bool = False  # signed heads of the journal as Events in our own namespace
    people: bool = True  # whether tokens of people are shown to the API server


@dataclass(frozen=True, slots=True)
class Grants:
    """``read`` and ``nodes`` in the whole cluster, ``own`` in our namespace, ``write`` in those opted in."""

    read: tuple[Grant, ...]
    own: tuple[Grant, ...]
    write: tuple[Grant, ...]
    nodes: tuple[Grant, ...]
    remediations: tuple[str, ...]  # that may be carried out


def enabled(needs: Needs) -> tuple[str, ...]:
    """Names of the remediations that a step of some playbook may carry out, in order of their names."""
    if needs.mode not in ACTS:
        return ()
    bound = {one.playbook for one in needs.scopes if one.mode in ACTS}  # "" is every playbook
    books = (one for one in needs.playbooks if one.mode in ACTS and bound & {"", one.name})
    return tuple(sorted({step.remediation for book in books for step in book.steps}))


def grants(needs: Needs, watched: Iterable[tuple[str, str]], rights: Rights) -> Grants:
    """All that is needed; ``watched`` is (API group, resource) of each kind that facts are read from."""
    names = enabled(needs)
    wanted = [right for name in names for right in rights(name)]
    writes = [one for one in wanted if one.verb not in WATCH]
    beside = [Right("", "pods/log", "get")] if needs.logs and names else []
    read = [Right(group, resource, verb) for group, resource in watched for verb in WATCH]
    return Grants(
        read=(*_joined([*read, *beside]), *(_reviews() if needs.people else ())),
        own=tuple(_own(needs, acts=bool(names))),
        write=_joined([one for one in writes if _plain(one) not in IN_CLUSTER]),
        nodes=_joined([one for one in writes if _plain(one) in IN_CLUSTER]),
        remediations=names,
    )


def _plain(right: Right) -> str:
    return right.resource.partition("/")[0]


def _own(needs: Needs, *, acts: bool) -> Iterable[Grant]:
    if needs.stop_map:
        yield Grant("", ("configmaps",), ("get",), (needs.stop_map,))
    if needs.head_events and acts:
        yield Grant("", ("events",), ("create",))


def _reviews() -> Iterable[Grant]:
    """To ask whose a token is and what its owner may: what ``system:auth-delegator`` grants."""
    yield Grant("authentication.k8s.io", ("tokenreviews",), ("create",))
    yield Grant("authorization.k8s.io", ("subjectaccessreviews",), ("create",))


def _joined(rights: Iterable[Right]) -> tuple[Grant, ...]:
    """One grant for all resources of a group that are granted the same verbs."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for one in rights:
        verbs.setdefault((one.group, one.resource), set()).add(one.verb)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), some in verbs.items():
        alike.setdefault((group, tuple(sorted(some))), []).append(resource)
    made = (Grant(group, tuple(sorted(each)), some) for (group, some), each in alike.items())
    return tuple(sorted(made))
