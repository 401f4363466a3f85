"""Pods: which one of a workload is meant, and who would replace it. Asked by every plug-in that ends pods."""

from collections.abc import Collection

from aiops.model.facts import Facts, Pod, Workload
from aiops.model.plan import NotApplicable
from aiops.model.target import Target

REPLACING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})  # they make a new pod
ENDED = frozenset({"Succeeded", "Failed"})  # phases in which a pod runs no more


def meant(target: Target, facts: Facts) -> Pod | None:
    """The pod ``target``; of a workload its one pod that runs and is not ready; None where it is unclear."""
    if target.kind == "Pod":
        return facts.pods.get(target)
    bad = [pod for pod in running(target, facts) if pod.ready is False]
    return bad[0] if len(bad) == 1 else None


def running(workload: Target, facts: Facts) -> list[Pod]:
    """The pods of ``workload`` that have not ended and are not being deleted."""
    own = (pod for pod in facts.pods.values() if pod.owner == workload)
    return [pod for pod in own if pod.phase not in ENDED and not pod.deleting]


def replacer(pod: Pod, kinds: Collection[str] = REPLACING) -> Target | NotApplicable:
    """The workload that would replace ``pod``, or why it is left alone."""
    name = pod.target
    if pod.deleting:
        return NotApplicable(f"{name} is being deleted already")
    if pod.mirror:
        return NotApplicable(f"{name} is a static pod: its node starts it again as it was")
    if pod.phase in ENDED:
        return NotApplicable(f"{name} has ended")
    owner = pod.owner or pod.controller
    if owner is None or owner.kind not in kinds:
        return NotApplicable(f"nobody is known who would replace {name}")
    return owner


def others_ready(pod: Pod, workload: Workload | None) -> int | None:
    """How many ready pods remain beside ``pod``; None is unknown. One of which nothing is known counts."""
    if workload is None or workload.ready is None:
        return None
    return workload.ready - (pod.ready is not False)


def clashing(workload: Workload | None) -> str:
    """Why no pod of ``workload`` can be evicted, whatever its state; "" where one can, as far as is known."""
    if workload is None or workload.budgets is None or workload.budgets < 2:
        return ""
    many = f"{workload.budgets} disruption budgets match the pods of {workload.target}"
    return f"{many}: the API server refuses every eviction"
