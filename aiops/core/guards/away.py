"""Away: how many ready pods of which workload a step takes away at once, judged from the change itself."""

from collections.abc import Iterator, Mapping

from aiops.core.guards.context import Context
from aiops.core.guards.ownership import ROLLING
from aiops.core.impact import spec_of
from aiops.model import Change, ChangeVerb, Facts, Pod, Step, Target, Workload

ENDS = frozenset({ChangeVerb.EVICT, ChangeVerb.DELETE})
FINISHED = frozenset({"Failed", "Succeeded"})


def ended(context: Context) -> tuple[Target, ...]:
    """The pods that the step ends while they may be running. One that has finished is only cleared away; what
    is not known may be running."""
    return tuple(change.target for change in context.writes if _ends(change, context.facts))


def _ends(change: Change, facts: Facts) -> bool:
    pod = facts.pods.get(change.target)
    return change.verb in ENDS and change.target.kind == "Pod" and not (pod and pod.phase in FINISHED)


def _leaves(change: Change, facts: Facts) -> bool:
    """Whether a pod is ended, or taken out of what finds it by its labels, while it may be ready."""
    metadata = change.patch.get("metadata") or {}
    relabelled = change.target.kind == "Pod" and "labels" in metadata
    pod = facts.pods.get(change.target)
    return (relabelled or _ends(change, facts)) and (pod is None or pod.ready is not False)


def leaving(context: Context) -> tuple[Target, ...]:
    """The pods, named by the step, that may be ready and will not be reached any more."""
    return tuple(change.target for change in context.writes if _leaves(change, context.facts))


def takings(context: Context) -> Iterator[tuple[Target, Workload | None, int | None]]:
    """Each workload that loses ready pods, with how many at once; None is unknown."""
    facts = context.facts
    if not context.on_node:
        yield context.subject, context.workload, taken(context.step, context.workload, facts)
        return
    counts: dict[Target, int] = {}
    for pod in leaving(context):
        counts[facts.owner(pod)] = counts.get(facts.owner(pod), 0) + 1
    for owner, count in counts.items():
        yield owner, facts.workloads.get(owner), count


def taken(step: Step, workload: Workload | None, facts: Facts) -> int | None:
    """Ready pods that ``step`` takes away at once; None is unknown. What the changes themselves imply counts,
    whatever the remediation says: a changed template rolls the pods, fewer replicas end some."""
    gone = sum(_leaves(change, facts) for change in step.changes)
    implied: list[int | None] = [step.blast_radius.at_once, gone]
    for change in step.changes:
        spec = spec_of(change.patch)
        if "template" in spec and change.target.kind in ROLLING:
            implied.append(workload.rollout_takes if workload is not None else None)
        if isinstance(wanted := spec.get("replicas"), int):
            ready = workload.ready if workload is not None else None
            implied.append(None if ready is None else ready - wanted)
    known = [one for one in implied if one is not None]
    return max(known) if len(known) == len(implied) else None


def left(owner: Target, ready: int, at_once: int, context: Context) -> int:
    """Of ``ready`` pods those that stay; what is under way on ``owner`` counts as away."""
    return ready - at_once - sum(one.target == str(owner) for one in context.ledger.in_flight())


def is_behind(pod: Pod, selector: Mapping[str, str]) -> bool | None:
    """Whether a Service with ``selector`` finds ``pod``; None where its labels are not known."""
    if pod.labels is None:
        return None
    return all(pod.labels.get(key) == value for key, value in selector.items())
