"""Credit: a fix that somebody else made is recognised, and said to be theirs.

An incident ended, no step of ours was verified to have ended it, and while it was bad somebody else wrote the
spec of what is blamed, or of its autoscaler: that is whose fix it was, as far as anybody can tell.

Input:   the incident with the times at which its signals were back, the facts, our attempts in it.
Output:  a Credit, or None: nobody else changed anything, or it was us. Who is the name under which they wrote
         (``managedFields``); where that is not known, "somebody".
Limits:  the API server keeps one time a writer for all its fields: an event near it says what changed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiops.core.ledger import Attempt
from aiops.core.words import clock
from aiops.model import Autoscaler, ClusterEvent, EventKind, Facts, Incident, Manager, Result, Target

SKEW_MS = 5_000  # between two clocks: what came so soon after the first bad sample may be its cause
NEAR_MS = 60_000  # an event so near to a write is of that write
MOST_FIELDS = 4
SOMEBODY = "somebody"
CONTROLLERS = ("kube-", "kubelet", "cluster-autoscaler", "horizontal-pod-autoscaler", "vpa-")
SPEC = ("spec", "data", "stringData", "binaryData")


@dataclass(frozen=True, slots=True)
class Credit:
    """Whose fix it was."""

    who: str  # as the API server knows the writer: "kubectl-edit", "argocd-controller"; or "somebody"
    target: Target  # what they changed
    what: tuple[str, ...]  # in words of the event, or the fields that they own
    at_ms: int


def credited(
    incident: Incident, facts: Facts, attempts: Sequence[Attempt], now_ms: int, ours: str = "aiops"
) -> Credit | None:
    """Who else ended ``incident``, at the latest at ``now_ms``; None where it was us or nobody."""
    if any(one.result is Result.VERIFIED for one in attempts):
        return None
    end_ms = ended_ms(incident, now_ms)
    prime = facts.owner(incident.prime)
    written = [
        (manager, target)
        for target, managers in writers(prime, facts)
        for manager in managers
        if _foreign(manager, ours) and _within(manager.at_ms, incident, end_ms)
    ]
    happened = [
        one
        for one in facts.events
        if one.target == prime and one.is_change and _within(one.at_ms, incident, end_ms)
    ]
    if written:
        manager, target = max(written, key=lambda one: (one[0].at_ms or 0, one[0].name))
        at_ms = manager.at_ms or 0
        near = [one for one in happened if abs(one.at_ms - at_ms) <= NEAR_MS and target == prime]
        return Credit(manager.name, target, _events(near) or _fields(manager), at_ms)
    return _anonymous(prime, facts, happened, attempts)


def words(credit: Credit | None) -> str:
    """A credit as people are told; "" for none."""
    if credit is None:
        return ""
    return f"{credit.who} changed {credit.target} at {clock(credit.at_ms)} UTC: {', '.join(credit.what)}"


def ended_ms(incident: Incident, now_ms: int) -> int:
    """When it was over in truth: its last signal back in the band, which is before anybody could say so."""
    cleared = [one.cleared_ms for one in incident.anomalies]
    if cleared and all(one is not None for one in cleared):
        return max(one for one in cleared if one is not None)
    return incident.closed_ms if incident.closed_ms is not None else now_ms


def writers(prime: Target, facts: Facts) -> Iterable[tuple[Target, tuple[Manager, ...]]]:
    """What is blamed and what scales it, each with whoever wrote it."""
    workload, node = facts.workloads.get(prime), facts.nodes.get(prime)
    found = workload.managers if workload is not None else node.managers if node is not None else None
    yield prime, found or ()
    scalers: list[Autoscaler] = [one for one in facts.autoscalers.values() if one.scales == prime]
    for scaler in scalers:
        yield scaler.target, scaler.managers or ()


def _anonymous(
    prime: Target, facts: Facts, happened: Sequence[ClusterEvent], attempts: Sequence[Attempt]
) -> Credit | None:
    """Where nobody keeps who writes: an event that we did not cause. What an autoscaler does is no fix."""
    workload = facts.workloads.get(prime)
    if attempts or (workload is not None and workload.managers is not None):
        return None
    scaled_by_hand = workload is not None and workload.hpa_max == 0
    by_hand = [one for one in happened if one.kind is not EventKind.SCALE or scaled_by_hand]
    if not by_hand:
        return None
    last = max(by_hand, key=lambda one: one.at_ms)
    return Credit(SOMEBODY, prime, _events([last]), last.at_ms)


def _foreign(manager: Manager, ours: str) -> bool:
    """Whether a person, or a tool of theirs, wrote the spec; not we, not Kubernetes itself."""
    if manager.name == ours or manager.name.startswith(CONTROLLERS) or manager.subresource == "status":
        return False
    return any(field.partition(".")[0] in SPEC for field in manager.fields)


def _within(at_ms: int | None, incident: Incident, end_ms: int) -> bool:
    return at_ms is not None and incident.since_ms + SKEW_MS < at_ms <= end_ms


def _events(events: Sequence[ClusterEvent]) -> tuple[str, ...]:
    told = (f"{one.kind.replace('_', ' ')} {one.detail}".strip() for one in events)
    return tuple(dict.fromkeys(told))[:MOST_FIELDS]


def _fields(manager: Manager) -> tuple[str, ...]:
    mine = [one for one in manager.fields if one.partition(".")[0] in SPEC]
    more = len(mine) - MOST_FIELDS
    return (*mine[:MOST_FIELDS], *((f"{more} more fields",) if more > 0 else ()))
