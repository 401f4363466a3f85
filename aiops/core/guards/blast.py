"""How much may go away at once: ready pods, quorums, disruption budgets, local data, callers, nodes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiops.core.guards.away import ended, is_behind, leaving, left, takings
from aiops.core.guards.context import Context, escalate, hold, permit, refuse, unknown
from aiops.core.impact import spec_of
from aiops.model import Facts, Lean, Node, Reason, Service, Target, Workload

CORDONED_BY = "aiops.dev/cordoned-by"


def ready_floor(context: Context) -> Reason | None:
    """Enough pods stay ready, at least one; what is in flight counts as away (B4)."""
    said: Reason | None = None
    for owner, workload, at_once in takings(context):
        said = _floor(owner, workload, at_once, context)
        if said.lean is not Lean.PERMIT:
            return said
    return said


def _floor(owner: Target, workload: Workload | None, at_once: int | None, context: Context) -> Reason:
    if at_once == 0:
        return permit("ready_floor", "no ready pod is taken away")
    if workload is None or workload.replicas is None or workload.ready is None:
        return unknown("ready_floor", f"how many pods of {owner} are ready is not known")
    if workload.replicas <= 1:
        return escalate("ready_floor", f"{owner} has {workload.replicas} replica: it would be down")
    if at_once is None:
        return unknown("ready_floor", f"how many pods of {owner} go away at once is not known")
    stay, floor = left(owner, workload.ready, at_once, context), context.policy.ready_floor
    text = f"{max(stay, 0)} of {workload.replicas} pods of {owner} would stay ready, {floor:.0%} must"
    enough = stay >= 1 and stay / workload.replicas >= floor
    return permit("ready_floor", text) if enough else escalate("ready_floor", text)


def quorum(context: Context) -> Reason | None:
    """Of what votes, such as a StatefulSet of three, more than half stays ready (B4)."""
    said: Reason | None = None
    for owner, workload, at_once in takings(context):
        if owner.kind != "StatefulSet" or at_once == 0:
            continue
        if workload is None or workload.replicas is None or workload.ready is None or at_once is None:
            return unknown("quorum", f"how many pods of {owner} stay ready is not known")
        stay, majority = left(owner, workload.ready, at_once, context), workload.replicas // 2 + 1
        text = f"{max(stay, 0)} of {workload.replicas} pods of {owner} would stay, its quorum is {majority}"
        if stay < majority:
            return escalate("quorum", text)
        said = permit("quorum", text)
    return said


def disruption_budget(context: Context) -> Reason | None:
    """An eviction asks the disruption budget first; a delete must not go round it (B4, E8). While a node is
    emptied the budget paces it; where none may go at all, it never ends."""
    wanted = Counter(context.facts.owner(pod) for pod in ended(context))
    if not wanted:
        return None
    for owner, count in wanted.items():
        workload = context.facts.workloads.get(owner)
        matching = workload.budgets if workload is not None else None
        if matching is not None and matching > 1:
            text = f"{matching} disruption budgets match {owner}: every eviction fails, keep one"
            return escalate("disruption_budget", text)
        allowed = workload.pdb_disruptions_allowed if workload is not None else None
        if allowed is None:
            return unknown("disruption_budget", f"the disruption budget of {owner} is not known")
        if (1 if context.on_node else count) > allowed:
            text = f"the disruption budget of {owner} allows {allowed}, {count} would go"
            return escalate("disruption_budget", text)
    return permit("disruption_budget", f"the disruption budgets allow {sum(wanted.values())} to go")


def local_storage(context: Context) -> Reason | None:
    """What a pod keeps on its node is gone with it; a static pod is the kubelet's, and comes back (B4)."""
    pods = ended(context)
    if not pods:
        return None
    for target in pods:
        pod = context.facts.pods.get(target)
        if pod is None or pod.local_storage is None:
            return unknown("local_storage", f"whether {target} keeps data on its node is not known")
        if pod.mirror:
            return refuse("local_storage", f"{target} is a static pod: the kubelet makes it again")
        if pod.local_storage:
            return escalate("local_storage", f"{target} keeps data on its node, which would be lost")
    return permit("local_storage", f"{len(pods)} pods keep nothing on their nodes")


def dependents(context: Context) -> Reason | None:
    """Those who call it keep somebody who answers: of the workload, and of every Service in front (5.3)."""
    losing = {owner: (workload, at_once) for owner, workload, at_once in takings(context)}
    calls = {one for one in context.facts.edges if one.callee in losing and one.caller != one.callee}
    callers = Counter(one.callee for one in calls)
    for owner, count in callers.items():
        workload, at_once = losing[owner]
        if at_once == 0:
            continue
        if workload is None or workload.ready is None or at_once is None:
            return unknown(
                "dependents", f"whether a pod of {owner} stays ready is not known: {count} call it"
            )
        if left(owner, workload.ready, at_once, context) < 1:
            return escalate("dependents", f"no pod of {owner} stays ready, and {count} workloads call it")
    gone = leaving(context)
    for service in context.facts.services.values():
        if (reason := _last_behind(service, gone, context.facts)) is not None:
            return reason
    return permit("dependents", f"{callers.total()} workloads call it, and somebody answers still")


def _last_behind(service: Service, gone: tuple[Target, ...], facts: Facts) -> Reason | None:
    """A Service whose last ready pod is among those that go; None where another stays or none goes."""
    space = service.target.namespace
    going = [one for one in gone if one.namespace == space]
    if not service.selector:
        return None  # it finds nobody
    found = {one: facts.pods.get(one) for one in going}
    behind = {one: pod and is_behind(pod, service.selector) for one, pod in found.items()}
    if any(one is None for one in behind.values()):
        return unknown("dependents", f"whether {going[0]} is behind {service.target} is not known")
    if not any(behind.values()):
        return None
    stays = any(
        pod.ready and pod.target.namespace == space and is_behind(pod, service.selector)
        for pod in facts.pods.values()
        if pod.target not in found
    )
    return None if stays else escalate("dependents", f"it is the last ready pod behind {service.target}")


def nodes(context: Context) -> Reason | None:
    """No node is touched while many are not ready, nor a fourth one held cordoned (5.3)."""
    if not context.on_node:
        return None
    target, policy, all_nodes = context.step.change.target, context.policy, context.facts.nodes
    node = all_nodes.get(target)
    if "nodes" in context.facts.unknown or node is None:
        return unknown("nodes", f"not all nodes are known, or not {target}")
    if any(one.ready is None or one.unschedulable is None for one in all_nodes.values()):
        return unknown("nodes", "how many nodes are ready and take pods is not known")
    down = sum(one.ready is False for one in all_nodes.values())
    if down / len(all_nodes) >= policy.nodes_not_ready:
        return hold("nodes", f"{down} of {len(all_nodes)} nodes are not ready")
    zone = [one for one in all_nodes.values() if node.zone is not None and one.zone == node.zone]
    zone_down = sum(one.ready is False for one in zone)
    if zone and zone_down / len(zone) >= policy.zone_not_ready:
        return hold("nodes", f"{zone_down} of {len(zone)} nodes of zone {node.zone} are not ready")
    return _room(context, node, all_nodes) or permit("nodes", f"{down} of {len(all_nodes)} are not ready")


def _room(context: Context, node: Node, all_nodes: Mapping[Target, Node]) -> Reason | None:
    """Why the cluster has no room for one node less; None where it has, or where the node is given back."""
    if _gives_back(spec_of(context.step.change.patch), node):
        return None
    closed = [one for one in all_nodes.values() if one.unschedulable and one.target != node.target]
    ours = sum(CORDONED_BY in (one.annotations or {}) for one in closed)
    most = context.policy.max_cordoned
    if len(closed) >= most:
        text = f"{len(closed)} nodes are cordoned already, {ours} of them by us, at most {most} may be"
        return refuse("nodes", text)
    stay = len(all_nodes) - len(closed) - 1
    if stay < len(all_nodes) / 2:
        return escalate("nodes", f"only {stay} of {len(all_nodes)} nodes would take pods")
    return None


def _gives_back(spec: Mapping[str, Any], node: Node) -> bool:
    """Whether a node takes pods again: it is uncordoned, or fewer taints keep them off."""
    if "taints" in spec and node.taints is not None:
        return len(spec["taints"] or ()) < len(node.taints)
    return spec.get("unschedulable") is False
