"""May this thing be touched by us: known breakage, protection, opt-in, number of targets, freezes."""

from collections.abc import Mapping

from aiops.core.calendar import in_window, window_end
from aiops.core.guards.context import Context, hold, permit, refuse, unknown
from aiops.core.guards.wellknown import carries_the_cluster
from aiops.model import ChangeVerb, FreezeWindow, IncidentKind, IncidentState, Reason, Target, Workload

PARTS = frozenset({"HorizontalPodAutoscaler", "PersistentVolumeClaim"})  # of a workload, which counts
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def still_open(context: Context) -> Reason | None:
    """What is over needs no remedy, nor what is calm and not yet closed (M16, H6)."""
    incident = context.incident
    if incident is None:
        return None
    if incident.state is IncidentState.CLOSED or incident.closed_ms is not None:
        return refuse("still_open", f"incident {incident.id} is over")
    if incident.anomalies and all(one.cleared_ms is not None for one in incident.anomalies):
        return hold("still_open", "nothing is out of its band any more: somebody fixed it, or it passed")
    return permit("still_open", f"incident {incident.id} is open")


def known_breakage(context: Context) -> Reason:
    """What was broken when we first saw it is reported, never acted on (5.3)."""
    incident, known = context.incident, context.situation.known
    if incident is not None and incident.kind is IncidentKind.KNOWN:
        return refuse("known_breakage", "it was broken when this scope was first seen")
    for target in (context.step.change.target, context.subject):
        if target in known:
            return refuse("known_breakage", f"{target} was broken when it was first seen")
    return permit("known_breakage", "it was healthy when it was first seen")


def protected(context: Context) -> Reason:
    """Never kube-system, our own namespace and what we stand on, what carries the cluster, or what carries
    the label (B3)."""
    policy, facts = context.policy, context.facts
    targets = tuple(dict.fromkeys((*context.touched, context.plan.target)))
    for target in targets:
        if target.namespace in {*policy.protected_namespaces, policy.own_namespace} - {""}:
            return refuse("protected", f"namespace {target.namespace} is protected")
        if target in context.situation.protected:
            return refuse("protected", f"{target} is what the daemon itself needs")
        if carries_the_cluster(target, facts.workloads.get(target)):
            return refuse("protected", f"{target} is what the cluster itself stands on")
    created = {one.target for one in context.writes if one.verb is ChangeVerb.CREATE}
    for target in dict.fromkeys(facts.owner(one) for one in targets if one not in created):
        labels = _node(target, context) if target.kind == "Node" else _workload(target, context)
        if labels is not None:
            return labels
    if "labels" in facts.unknown and not context.on_node:
        return unknown("protected", f"the labels of {context.subject} are not known")
    return permit("protected", f"{context.subject} is not protected")


def _workload(target: Target, context: Context) -> Reason | None:
    workload = context.facts.workloads.get(target)
    if workload is None:
        return unknown("protected", f"whether {target} is protected is not known")
    space = context.facts.namespace_labels.get(target.namespace, {})
    if any(is_true(one, context.policy.protected_label) for one in (_marks(workload), space)):
        return refuse("protected", f"{target} carries {context.policy.protected_label}")
    return None


def _marks(workload: Workload) -> Mapping[str, str]:
    """Labels and annotations together; a mark in either protects."""
    marked = {key: value for key, value in workload.annotations.items() if is_true({key: value}, key)}
    return {**workload.labels, **marked}


def _node(target: Target, context: Context) -> Reason | None:
    labels = _node_labels(target, context)
    if labels is None:
        return unknown("protected", f"the labels of {target} are not known")
    if any(role in labels for role in CONTROL_PLANE):
        return refuse("protected", f"{target} is of the control plane")
    if is_true(labels, context.policy.protected_label):
        return refuse("protected", f"{target} carries {context.policy.protected_label}")
    return None


def opt_in(context: Context) -> Reason:
    """Nothing is touched but in namespaces, or on nodes, that carry the label (B8)."""
    label = context.policy.opt_in_label
    places: dict[str, Mapping[str, str] | None] = {}
    for target in context.touched:
        if target.kind == "Node":
            places[str(target)] = _node_labels(target, context)
        else:
            space = target.namespace
            places[f"namespace {space}"] = context.facts.namespace_labels.get(space)
    for where, labels in sorted(places.items()):
        if labels is None:
            return unknown("opt_in", f"the labels of {where} are not known")
        if not is_true(labels, label):
            return refuse("opt_in", f"{where} is not opted in: it lacks {label}=true")
    return permit("opt_in", f"{' and '.join(sorted(places))} opted in")


def one_target(context: Context) -> Reason:
    """At most so many workloads and nodes a plan, whatever a matcher says (B1). Where a node is emptied, its
    pods go with it, and no others."""
    limit, steps = context.policy.max_targets_per_plan, context.plan.steps
    if stray := _strays(context):
        return refuse("one_target", f"{stray} is not on the node that it empties")
    touched = {
        context.facts.owner(change.target)
        for step in steps
        for change in (step.change, *(() if step.blast_radius.nodes else step.then))
        if change.verb is not ChangeVerb.CREATE and change.target.kind not in PARTS
    }
    said = [step.blast_radius.nodes or step.blast_radius.workloads for step in steps]
    widest = max(*said, len(touched))
    if widest > limit:
        return refuse("one_target", f"it touches {widest} workloads or nodes, at most {limit} are allowed")
    return permit("one_target", f"it touches {widest} of at most {limit}")


def _strays(context: Context) -> str:
    """What a step on a node would change elsewhere; "" if nothing."""
    if not context.on_node:
        return ""
    node = context.step.change.target
    for change in context.writes:
        pod = context.facts.pods.get(change.target)
        if change.target != node and (pod is None or pod.node != node.name):
            return str(change.target)
    return ""


def freeze(context: Context) -> Reason:
    """No automatic action inside a freeze window of the namespace or the cluster, nor inside a sync window of
    whoever owns it (B5, 5.3)."""
    for window in context.policy.freeze_windows:
        if _concerns(window, context) and in_window(window, context.now_ms):
            return hold(
                "freeze", f"inside the freeze window {window.name}", window_end(window, context.now_ms)
            )
    if "freezes" in context.facts.unknown:
        return unknown("freeze", "whether an owner's sync window is open is not known")
    spaces, touched = {one.namespace for one in context.touched}, set(context.touched)
    for one in context.facts.freezes:
        if one.namespace in spaces and (not one.workloads or one.workloads & touched):
            return hold("freeze", f"inside {one.name}", one.until_ms)
    windows = len(context.policy.freeze_windows) + len(context.facts.freezes)
    return permit("freeze", f"none of {windows} freeze windows is open")


def _concerns(window: FreezeWindow, context: Context) -> bool:
    spaces = {one.namespace for one in context.touched}
    return not window.namespaces or bool(spaces & set(window.namespaces)) or context.on_node


def _node_labels(target: Target, context: Context) -> Mapping[str, str] | None:
    node = context.facts.nodes.get(target)
    return node.labels if node is not None else None


def is_true(labels: Mapping[str, str], label: str) -> bool:
    """Whether ``label`` is set to "true", in any case."""
    return labels.get(label, "").strip().lower() == "true"
