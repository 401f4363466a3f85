"""Is it ours to change now: is it known, is it at rest, who owns the field that is written."""

from collections.abc import Mapping
from typing import Any

from aiops.core.guards.context import Context, escalate, hold, permit, unknown
from aiops.core.impact import spec_of
from aiops.core.plan import is_intact
from aiops.model import Autoscaler, ChangeVerb, Claim, Facts, Node, Reason, Step, Target, Workload

ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
TEMPLATE_MARK = ("spec", "template", "metadata", "annotations")


def intact(context: Context) -> Reason:
    """A plan that was changed after it was made is not the plan that was judged (G11)."""
    if not is_intact(context.plan):
        return hold("intact", f"plan {context.plan.id} does not agree with its digest")
    return permit("intact", f"digest {context.plan.digest[:12]}")


def bound(context: Context) -> Reason:
    """A target is acted upon only where the API server knows it, and as it was planned on (E5, M16)."""
    change = context.step.change
    if change.verb is ChangeVerb.CREATE:
        return permit("bound", "it creates a new object")
    if change.uid is None or (change.verb is ChangeVerb.PATCH and change.resource_version is None):
        return unknown("bound", f"the version of {change.target} is not known: it can be shown, not sent")
    if (known := _now(change.target, context.facts)) is not None:
        uid, version = known
        if uid is not None and uid != change.uid:
            return hold("bound", f"{change.target} is another object than the one planned on")
        if change.verb is ChangeVerb.PATCH and version is not None and version != change.resource_version:
            return hold("bound", f"{change.target} changed since it was planned on: plan again")
    return permit("bound", f"bound to version {change.resource_version or change.uid}")


def _now(target: Target, facts: Facts) -> tuple[str | None, str | None] | None:
    """uid and version of ``target`` as last read; None where it was not read."""
    if (pod := facts.pods.get(target)) is not None:
        return pod.uid, None
    kinds: tuple[Mapping[Target, Workload | Node | Claim | Autoscaler], ...]
    kinds = (facts.workloads, facts.nodes, facts.claims, facts.autoscalers)
    for those in kinds:
        if (one := those.get(target)) is not None:
            return one.uid, one.resource_version
    return None


def at_rest(context: Context) -> Reason | None:
    """A rollout in progress, or paused by a person, is not interfered with; rolling it back is (M16)."""
    if context.on_node or context.subject.kind not in ROLLING:
        return None
    workload = context.workload
    if workload is None or workload.rolling is None:
        return unknown("at_rest", f"whether {context.subject} is rolling out is not known")
    if workload.paused:
        return hold("at_rest", f"{context.subject} is paused")
    if workload.rolling and context.step.remediation != "rollback":
        return hold("at_rest", f"{context.subject} is rolling out")
    return permit("at_rest", f"{context.subject} is at rest")


def owner_of_field(context: Context) -> Reason | None:
    """A field that Git owns is escalated with the change to commit, never fought over (B6)."""
    if context.on_node or not writes_owned_fields(context.step):
        return None
    workload = context.workload
    if workload is None or workload.managed_by is None:
        return unknown("owner_of_field", f"who owns the spec of {context.subject} is not known")
    if workload.managed_by:
        text = f"{workload.managed_by} owns the spec of {context.subject}: commit the change there"
        return escalate("owner_of_field", text)
    return permit("owner_of_field", f"nobody else writes the spec of {context.subject}")


def autoscaler(context: Context) -> Reason | None:
    """The number of pods belongs to the autoscaler where there is one (B6)."""
    if "replicas" not in spec_of(context.step.change.patch):
        return None
    workload = context.workload
    if workload is None or workload.hpa_max is None:
        return unknown("autoscaler", f"whether {context.subject} has an autoscaler is not known")
    scaled = any(one.scales == context.subject for one in context.facts.autoscalers.values())
    if workload.hpa_max > 0 or scaled:
        return escalate("autoscaler", f"the autoscaler of {context.subject} owns the number of pods")
    return permit("autoscaler", f"{context.subject} has no autoscaler")


def writes_owned_fields(step: Step) -> bool:
    """Whether the patch writes anything that a person would keep in Git. The restart mark is not."""
    if step.change.verb is not ChangeVerb.PATCH:
        return False
    return any(path[:4] != TEMPLATE_MARK for path in paths(step.change.patch) if path[0] != "metadata")


def paths(patch: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every field that a patch writes, as its path; a list is one field."""
    found: list[tuple[str, ...]] = []
    for key, value in patch.items():
        here = (*above, str(key))
        found += paths(value, here) if isinstance(value, Mapping) and value else [here]
    return found
