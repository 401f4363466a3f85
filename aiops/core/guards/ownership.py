"""Is it ours to change now: is it known, is it at rest, who owns the field that is written."""

from collections.abc import Mapping
from typing import Any

from aiops.core.guards.context import Context, escalate, hold, permit, unknown
from aiops.core.impact import spec_of
from aiops.core.plan import is_intact
from aiops.model import ChangeVerb, Reason, Step

GITOPS = frozenset({"argocd", "argo", "flux", "helm", "gitops", "kustomize"})
ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
TEMPLATE_MARK = ("spec", "template", "metadata", "annotations")


def intact(context: Context) -> Reason:
    """A plan that was changed after it was made is not the plan that was judged (G11)."""
    if not is_intact(context.plan):
        return hold("intact", f"plan {context.plan.id} does not agree with its digest")
    return permit("intact", f"digest {context.plan.digest[:12]}")


def bound(context: Context) -> Reason:
    """A target is acted upon only where the API server knows it, at the version planned on (E5)."""
    change = context.step.change
    if change.verb is ChangeVerb.CREATE:
        return permit("bound", "it creates a new object")
    if change.uid is None or (change.verb is ChangeVerb.PATCH and change.resource_version is None):
        return unknown("bound", f"the version of {change.target} is not known: it can be shown, not sent")
    return permit("bound", f"bound to version {change.resource_version or change.uid}")


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
    if workload.managed_by.lower() in GITOPS:
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
    if workload.hpa_max > 0:
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
