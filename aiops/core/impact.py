"""Impact floor: what is always HIGH, whatever a playbook says (promises 5.3).

Rollback, drain, node reboot, anything on a volume claim, restart of a StatefulSet, a change that costs more
than today's maximum, anything without undo that touches more than one workload. Judged from the change
itself, so that a stranger's remediation cannot talk its way below. Code may raise an impact, never lower it.

Today's maximum is what the workload's owner has already agreed to pay for: the pods of the autoscaler's
maximum, or of the annotation ``aiops.dev/max-replicas`` which a person puts on the workload, or as many as
are wanted now.
"""

from collections.abc import Mapping
from typing import Any

from aiops.model import Change, ChangeVerb, Facts, Impact, Plan, Step, Workload

ALWAYS_HIGH = frozenset({"rollback", "drain", "reboot"})
ENDS = frozenset({ChangeVerb.DELETE, ChangeVerb.EVICT})
MAX_REPLICAS = "aiops.dev/max-replicas"


def higher(*impacts: Impact) -> Impact:
    """The highest of some impacts."""
    return max(impacts, key=lambda impact: impact.rank)


def floor(step: Step, facts: Facts, cost_difference: float | None = None) -> tuple[Impact, str]:
    """The least impact ``step`` may have, and why in words."""
    if step.remediation in ALWAYS_HIGH:
        return Impact.HIGH, f"{step.remediation} is always high"
    for change in step.changes:
        if because := _high(change, step):
            return Impact.HIGH, because
    if step.undo is None and (step.blast_radius.workloads > 1 or step.blast_radius.nodes > 1):
        return Impact.HIGH, "it touches more than one object and cannot be undone"
    for change in step.changes:
        workload = facts.workloads.get(facts.owner(change.target))
        spec = spec_of(change.patch) if change.verb is ChangeVerb.PATCH else {}  # a run again costs a run
        if cost := costs_more(spec, workload, cost_difference):
            return Impact.HIGH, cost
    return Impact.LOW, ""


def _high(change: Change, step: Step) -> str:
    """Why one change alone is high, whatever else the step does; "" where it is not."""
    spec, kind, on_node = spec_of(change.patch), change.target.kind, step.blast_radius.nodes > 0
    template = spec.get("template")
    if change.verb is ChangeVerb.CAPTURE:
        return ""
    if "PersistentVolume" in kind or "volumeClaimTemplates" in spec:
        return "it changes a volume claim, which cannot be taken back"
    if kind == "StatefulSet" and "template" in spec:
        return "it restarts a StatefulSet"
    if isinstance(template, Mapping) and template.get("$patch") == "replace":
        return "it puts a whole template in place, as a rollback does"
    if change.verb is ChangeVerb.DELETE and kind != "Pod":
        return "it deletes an object, which cannot be taken back"
    if change.verb in ENDS and (on_node or step.change.target.kind == "Node"):
        return "it empties or removes a node"
    if any(one.get("effect") == "NoExecute" for one in spec.get("taints") or ()):
        return "it drives the pods off a node"
    return ""


def raised(step: Step, facts: Facts, plan: Plan | None = None) -> tuple[Impact, str]:
    """The impact of ``step``, not below the floor, and why."""
    least, because = floor(step, facts, plan.cost_difference if plan else None)
    return (least, because) if least.rank > step.impact.rank else (step.impact, step.because)


def spec_of(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """``spec`` of a patch; empty where it has none."""
    spec = patch.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def costs_more(
    spec: Mapping[str, Any], workload: Workload | None, cost_difference: float | None = None
) -> str:
    """Why a change costs more than today's maximum; empty where it does not."""
    if cost_difference is not None and cost_difference > 0:
        return f"it costs {cost_difference:.2f} more than today"
    allowed = most_pods(workload)
    for name in ("replicas", "minReplicas", "maxReplicas"):
        wanted = spec.get(name)
        if isinstance(wanted, int) and (allowed is None or wanted > allowed):
            return f"{wanted} pods may cost more than today's maximum ({allowed or 'unknown'} pods)"
    if _asks_for_resources(spec):
        return "it asks for more resources than today"
    return ""


def most_pods(workload: Workload | None) -> int | None:
    """How many pods of ``workload`` its owner has agreed to; None where nothing is known."""
    if workload is None:
        return None
    stated = workload.annotations.get(MAX_REPLICAS, "")
    known = [
        workload.replicas,
        workload.hpa_max,
        int(stated) if stated.isascii() and stated.isdigit() else None,
    ]
    return max((count for count in known if count is not None), default=None)


def _asks_for_resources(spec: Mapping[str, Any]) -> bool:
    """Whether containers get other requests: in a template, or in place in a pod."""
    template = spec.get("template")
    inner = spec_of(template) if isinstance(template, Mapping) else spec
    containers = inner.get("containers")
    if not isinstance(containers, list | tuple):
        return False
    return any(isinstance(one, Mapping) and "requests" in (one.get("resources") or {}) for one in containers)
