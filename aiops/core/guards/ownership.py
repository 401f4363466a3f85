"""Is it ours to change now: is it known, is it at rest, who owns the field that is written."""

from collections.abc import Mapping

from aiops.core.guards.context import Context, escalate, hold, permit, unknown
from aiops.core.guards.fields import owned, owners, said
from aiops.core.impact import spec_of
from aiops.core.plan import is_intact
from aiops.model import (
    Autoscaler,
    Change,
    ChangeVerb,
    Claim,
    Facts,
    Manager,
    Node,
    Pod,
    Reason,
    Target,
    Workload,
)

ROLLING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
PAUSED_BY = "aiops.dev/paused-by"  # who paused a rollout, where it was us
PAUSE = frozenset({"paused"})
RETURNS = frozenset({"rollback", "restore_config_ref"})  # to what was before the rollout that is under way
Known = Workload | Node | Claim | Autoscaler


def intact(context: Context) -> Reason:
    """A plan that was changed after it was made is not the plan that was judged (G11)."""
    if not is_intact(context.plan):
        return hold("intact", f"plan {context.plan.id} does not agree with its digest")
    return permit("intact", f"digest {context.plan.digest[:12]}")


def bound(context: Context) -> Reason:
    """A target is acted upon only where the API server knows it, and as it was planned on (E5, M16)."""
    for change in context.writes:
        if change.verb is not ChangeVerb.CREATE and (loose := _loose(change, context.facts)) is not None:
            return loose
    version = context.step.change.resource_version or context.step.change.uid
    return permit("bound", f"bound to version {version}" if version else "it changes nothing that exists")


def _loose(change: Change, facts: Facts) -> Reason | None:
    """Why ``change`` is not bound to an object as it is now; None where it is."""
    target, patches = change.target, change.verb is ChangeVerb.PATCH
    if change.uid is None or (patches and change.resource_version is None):
        return unknown("bound", f"the version of {target} is not known: it can be shown, not sent")
    one = _read(target, facts)
    if one is None:
        return None  # not among the facts: the API server compares
    if one.uid is not None and one.uid != change.uid:
        return hold("bound", f"{target} is another object than the one planned on")
    if patches and not _same(one, change):
        return hold("bound", f"{target} changed since it was planned on: plan again")
    if isinstance(one, Workload | Pod) and one.deleting:
        return hold("bound", f"{target} is being deleted")
    return None


def _same(one: Known | Pod, change: Change) -> bool:
    """Whether ``one`` is as it was planned on, or only its status is not."""
    if one.resource_version is None or one.resource_version == change.resource_version:
        return True
    generation = one.generation if isinstance(one, Workload) else None
    return generation is not None and generation == change.generation


def _read(target: Target, facts: Facts) -> Known | Pod | None:
    return facts.pods.get(target) or known(target, facts)


def known(target: Target, facts: Facts) -> Known | None:
    """The workload, node, claim or autoscaler as last read; None where it was not read."""
    kinds: tuple[Mapping[Target, Known], ...]
    kinds = (facts.workloads, facts.nodes, facts.claims, facts.autoscalers)
    return next((those[target] for those in kinds if target in those), None)


def at_rest(context: Context) -> Reason | None:
    """A rollout in progress, or paused by a person, is not interfered with; going back to what was before it,
    pausing it and going on after our own pause are free (M16)."""
    subject, workload, step = context.subject, context.workload, context.step
    if subject.kind not in ROLLING:
        return None
    if workload is None or workload.rolling is None:
        return unknown("at_rest", f"whether {subject} is rolling out is not known")
    if workload.paused is None and subject.kind == "Deployment":
        return unknown("at_rest", f"whether {subject} is paused is not known")
    pausing = spec_of(step.change.patch).keys() == PAUSE
    if workload.paused and not (pausing and PAUSED_BY in workload.annotations):
        return hold("at_rest", f"{subject} is paused")
    if workload.rolling and not (pausing or step.remediation in RETURNS):
        return hold("at_rest", f"{subject} is rolling out")
    return permit("at_rest", f"{subject} is at rest" if not workload.rolling else "it concerns the rollout")


def owner_of_field(context: Context) -> Reason | None:
    """A field that Git, Helm or another remediator wrote is escalated with the change to commit, never fought
    over (B6). A field that nobody wrote, or a person's hand, is free."""
    wanted = [(change.target, owned(change)) for change in context.writes]
    wanted = [(target, fields) for target, fields in wanted if fields]
    if not wanted:
        return None
    for target, fields in wanted:
        one = known(target, context.facts)
        managers = one.managers if one is not None else None
        if managers is None:
            managers = _manager_of_all(one, fields)
        if managers is None:
            return unknown("owner_of_field", f"who owns the fields of {target} is not known")
        owner = {path: owners(path, managers, context.situation.field_manager) for path in fields}
        if taken := {path: value for path, value in fields.items() if owner[path]}:
            names = ", ".join(sorted({name for path in taken for name in owner[path]}))
            return escalate(
                "owner_of_field", f"{names} owns it: commit the change to {target} there: {said(taken)}"
            )
    return permit("owner_of_field", f"nobody else writes {', '.join(wanted[0][1])} of {wanted[0][0]}")


def _manager_of_all(one: Known | None, fields: Mapping[str, object]) -> tuple[Manager, ...] | None:
    """Where only labels tell who manages an object, all of it is theirs."""
    if not isinstance(one, Workload) or one.managed_by is None:
        return None
    return (Manager(one.managed_by, None, tuple(fields)),) if one.managed_by else ()


def autoscaler(context: Context) -> Reason | None:
    """The number of pods belongs to the autoscaler where there is one (B6)."""
    if not any("replicas" in spec_of(change.patch) for change in context.writes):
        return None
    workload = context.workload
    if workload is None or workload.hpa_max is None:
        return unknown("autoscaler", f"whether {context.subject} has an autoscaler is not known")
    scaled = any(one.scales == context.subject for one in context.facts.autoscalers.values())
    if workload.hpa_max > 0 or scaled:
        return escalate("autoscaler", f"the autoscaler of {context.subject} owns the number of pods")
    return permit("autoscaler", f"{context.subject} has no autoscaler")


def fight(context: Context) -> Reason:
    """Where somebody wrote over our changes again and again, it is they who decide (B6)."""
    limit, counts = context.policy.lock_after_reverts, context.ledger.overwritten
    target, count = max(
        ((str(one), counts.get(str(one), 0)) for one in (context.plan.target, *context.touched)),
        key=lambda found: found[1],
    )
    text = f"{count} of {limit} changes of ours to {target} were written over by somebody"
    return escalate("fight", f"locked: {text}") if count >= limit else permit("fight", text)
