"""Ending: trouble that is over though no sample will ever say so.

A pod that is gone shows no good sample any more, and a Job that failed has failed for good, however well it
ran the second time.
"""

from aiops.model import Anomaly, Facts, Target

RERUN_OF = "aiops.dev/rerun-of"  # on a Job: which one it is the second run of
SUCCEEDED = "Succeeded"


def is_gone(target: Target, facts: Facts) -> bool:
    """Whether a pod does not exist any more, as far as pods are known."""
    known = bool(facts.pods) and not {"pods", "cluster"} & facts.unknown
    return target.kind == "Pod" and known and target not in facts.pods


def is_over(anomaly: Anomaly, facts: Facts) -> bool:
    """Whether the trouble of ``anomaly`` ended, whatever its samples say."""
    return is_gone(anomaly.target, facts) or (
        anomaly.condition == "JobFailed" and ran_again(anomaly.target, facts)
    )


def ran_again(job: Target, facts: Facts) -> bool:
    """Whether ``job`` was run once more, and all of that run succeeded."""
    for one in facts.workloads.values():
        again = one.target
        if again.kind != "Job" or again.namespace != job.namespace:
            continue
        if one.annotations.get(RERUN_OF) == job.name:
            wanted = (one.manifest or {}).get("completions", 1) or 1
            ended = [pod for pod in facts.pods.values() if again in {pod.controller, pod.owner}]
            return sum(pod.phase == SUCCEEDED for pod in ended) >= wanted
    return False
