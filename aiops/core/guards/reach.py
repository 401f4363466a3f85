"""May this thing be touched by us: known breakage, protection, opt-in, number of targets, freezes."""

from collections.abc import Mapping

from aiops.core.calendar import in_window, window_end
from aiops.core.guards.context import Context, hold, permit, refuse, unknown
from aiops.model import ChangeVerb, FreezeWindow, IncidentKind, IncidentState, Reason, Workload

PARTS = frozenset({"HorizontalPodAutoscaler", "PersistentVolumeClaim"})  # of a workload, which counts
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def still_open(context: Context) -> Reason | None:
    """What is over needs no remedy (M16, H6)."""
    incident = context.incident
    if incident is None:
        return None
    if incident.state is IncidentState.CLOSED or incident.closed_ms is not None:
        return refuse("still_open", f"incident {incident.id} is over")
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
    """Never kube-system, our own namespace and what we stand on, or what carries the label (B3)."""
    policy = context.policy
    for target in {context.step.change.target, context.subject, context.plan.target}:
        if target.namespace in {*policy.protected_namespaces, policy.own_namespace} - {""}:
            return refuse("protected", f"namespace {target.namespace} is protected")
        if target in context.situation.protected:
            return refuse("protected", f"{target} is what the daemon itself needs")
    if context.on_node:
        return _protected_node(context)
    if context.workload is None:
        return unknown("protected", f"whether {context.subject} is protected is not known")
    space = context.facts.namespace_labels.get(context.subject.namespace, {})
    if any(is_true(one, policy.protected_label) for one in (_marks(context.workload), space)):
        return refuse("protected", f"{context.subject} carries {policy.protected_label}")
    if "labels" in context.facts.unknown:
        return unknown("protected", f"the labels of {context.subject} are not known")
    return permit("protected", f"{context.subject} is not protected")


def _marks(workload: Workload) -> Mapping[str, str]:
    """Labels and annotations together; a mark in either protects."""
    marked = {key: value for key, value in workload.annotations.items() if is_true({key: value}, key)}
    return {**workload.labels, **marked}


def _protected_node(context: Context) -> Reason:
    labels = _node_labels(context)
    if labels is None:
        return unknown("protected", f"the labels of {context.step.change.target} are not known")
    if any(role in labels for role in CONTROL_PLANE):
        return refuse("protected", f"{context.step.change.target} is of the control plane")
    if is_true(labels, context.policy.protected_label):
        return refuse("protected", f"{context.step.change.target} carries {context.policy.protected_label}")
    return permit("protected", f"{context.step.change.target} is not protected")


def opt_in(context: Context) -> Reason:
    """Only what its owner opted in, by a label on the namespace, or on the node (B8)."""
    label = context.policy.opt_in_label
    places: dict[str, Mapping[str, str] | None]
    if context.on_node:
        places = {str(context.step.change.target): _node_labels(context)}
    else:
        spaces = {context.step.change.target.namespace, context.subject.namespace}
        places = {f"namespace {one}": context.facts.namespace_labels.get(one) for one in sorted(spaces)}
    for where, labels in places.items():
        if labels is None:
            return unknown("opt_in", f"the labels of {where} are not known")
        if not is_true(labels, label):
            return refuse("opt_in", f"{where} is not opted in: it lacks {label}=true")
    return permit("opt_in", f"{' and '.join(places)} opted in")


def one_target(context: Context) -> Reason:
    """At most so many workloads and nodes a plan, whatever a matcher says (B1)."""
    limit = context.policy.max_targets_per_plan
    changes = [step.change for step in context.plan.steps if step.change.verb is not ChangeVerb.CREATE]
    touched = {context.facts.owner(change.target) for change in changes if change.target.kind not in PARTS}
    widest = max(
        [step.blast_radius.workloads for step in context.plan.steps]
        + [step.blast_radius.nodes for step in context.plan.steps]
        + [len(touched)]
    )
    if widest > limit:
        return refuse("one_target", f"it touches {widest} workloads or nodes, at most {limit} are allowed")
    return permit("one_target", f"it touches {widest} of at most {limit}")


def freeze(context: Context) -> Reason:
    """No automatic action inside a freeze window of the namespace or the cluster (B5)."""
    for window in context.policy.freeze_windows:
        if _concerns(window, context) and in_window(window, context.now_ms):
            return hold(
                "freeze", f"inside the freeze window {window.name}", window_end(window, context.now_ms)
            )
    return permit("freeze", f"none of {len(context.policy.freeze_windows)} freeze windows is open")


def _concerns(window: FreezeWindow, context: Context) -> bool:
    spaces = {context.step.change.target.namespace, context.subject.namespace}
    return not window.namespaces or bool(spaces & set(window.namespaces)) or context.on_node


def _node_labels(context: Context) -> Mapping[str, str] | None:
    node = context.facts.nodes.get(context.step.change.target)
    return node.labels if node is not None else None


def is_true(labels: Mapping[str, str], label: str) -> bool:
    """Whether ``label`` is set to "true", in any case."""
    return labels.get(label, "").strip().lower() == "true"
