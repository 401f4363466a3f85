"""How much may go away at once: ready pods, disruption budgets, nodes."""

import math

from aiops.core.guards.context import Context, escalate, hold, permit, refuse, unknown
from aiops.core.guards.ownership import ROLLING
from aiops.core.impact import spec_of
from aiops.model import ChangeVerb, Reason, Step, Workload

LOCAL = frozenset({ChangeVerb.EVICT, ChangeVerb.DELETE})


def ready_floor(context: Context) -> Reason | None:
    """Enough pods stay ready, at least one; what is in flight counts as away (B4)."""
    if context.on_node:
        return None
    workload, at_once = context.workload, taken(context.step, context.workload)
    if at_once == 0:
        return permit("ready_floor", "no ready pod is taken away")
    if workload is None or workload.replicas is None or workload.ready is None:
        return unknown("ready_floor", f"how many pods of {context.subject} are ready is not known")
    if workload.replicas <= 1:
        return escalate("ready_floor", f"{context.subject} has {workload.replicas} replica: it would be down")
    if at_once is None:
        return unknown("ready_floor", f"how many pods of {context.subject} go away at once is not known")
    return _floor(context, workload, workload.replicas, workload.ready, at_once)


def taken(step: Step, workload: Workload | None) -> int | None:
    """Ready pods that ``step`` takes away at once; None is unknown. What the change itself implies counts,
    whatever the remediation says: a changed template rolls the pods, fewer replicas end some."""
    said, spec = step.blast_radius.at_once, spec_of(step.change.patch)
    implied: list[int | None] = [said]
    if "template" in spec and step.change.verb is ChangeVerb.PATCH and step.change.target.kind in ROLLING:
        implied.append(workload.rollout_takes if workload is not None else None)
    if isinstance(wanted := spec.get("replicas"), int) and step.change.verb is ChangeVerb.PATCH:
        ready = workload.ready if workload is not None else None
        implied.append(None if ready is None else max(0, ready - wanted))
    known = [one for one in implied if one is not None]
    return max(known) if len(known) == len(implied) else None


def _floor(context: Context, workload: Workload, replicas: int, ready: int, at_once: int) -> Reason:
    busy = sum(one.target == str(workload.target) for one in context.ledger.in_flight())
    least = max(1, math.ceil(context.policy.ready_floor * replicas))
    left = ready - at_once - busy
    text = f"{max(left, 0)} of {replicas} pods would stay ready, at least {least} must"
    return permit("ready_floor", text) if left >= least else escalate("ready_floor", text)


def disruption_budget(context: Context) -> Reason | None:
    """An eviction asks the disruption budget first; a delete must not go round it (B4, E8)."""
    if context.step.change.verb not in LOCAL or context.on_node:
        return None
    workload = context.workload
    allowed = workload.pdb_disruptions_allowed if workload is not None else None
    if allowed is None:
        return unknown("disruption_budget", f"the disruption budget of {context.subject} is not known")
    wanted = context.step.blast_radius.pods
    text = f"the disruption budget allows {allowed}, {wanted} would go"
    return permit("disruption_budget", text) if wanted <= allowed else escalate("disruption_budget", text)


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
    cordoned = sum(one.unschedulable is True for one in all_nodes.values() if one.target != target)
    if cordoned >= policy.max_cordoned:
        return refuse("nodes", f"{cordoned} nodes are cordoned already, at most {policy.max_cordoned} may be")
    left = len(all_nodes) - cordoned - 1
    if left < max(1, len(all_nodes) / 2):
        return escalate("nodes", f"only {left} of {len(all_nodes)} nodes would take pods")
    return permit("nodes", f"{down} of {len(all_nodes)} nodes not ready, {cordoned} cordoned")
