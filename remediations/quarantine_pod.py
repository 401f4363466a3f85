"""Quarantine pod: take one pod out of its Services and away from its owner, and keep it for evidence.

For one pod that behaves unlike its sisters: it gets no more requests, its owner makes a new one, and the old
one can still be looked at. It goes on running and costs room until somebody deletes it. It cannot help when
all pods are bad, and it does not cut the pod off from the network.

Input:   a Pod of a Deployment with its labels, the labels by which its owner and its Services find it; or a
         Deployment, of which exactly one pod is not ready (another target than the one asked about).
Output:  a Step that changes as few labels as hide the pod from its owner and from each of its Services, and
         keeps their old values in an annotation; or NotApplicable with the reason.
Errors:  none; a change planned on a stale version is refused by the API server.
Impact:  MEDIUM; HIGH where too few other pods are ready, or the disruption budget does not allow it.
Undo:    the labels as they were; the owner takes the pod back, and ends one that is too many.
Source:  Kubernetes documentation, "Debug running pods" and "ReplicaSet: isolating pods from a ReplicaSet".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from aiops.model import BlastRadius, Change, Facts, Impact, NotApplicable, Pod, Step, Target, Workload
from aiops.model.kubectl import patching
from aiops.model.pods import meant, others_ready, replacer
from aiops.plugin import Right

MARK, OLD, VALUE = "aiops.dev/quarantined", "aiops.dev/quarantined-labels", "quarantined"
KINDS = frozenset({"Deployment"})  # a StatefulSet cannot make another pod of the same name beside it


@dataclass(frozen=True, slots=True)
class QuarantinePod:
    """Proposes to hide one pod from its owner and its Services."""

    min_others: int = 1  # ready pods that must remain beside it, else a person decides

    rights: ClassVar[tuple[Right, ...]] = (
        Right("", "pods", "patch", ("metadata.labels", f"metadata.annotations.{OLD}")),
    )

    def __post_init__(self) -> None:
        if self.min_others < 0:
            raise ValueError(f"min_others: expected 0 or more, got {self.min_others}")

    def propose(self, target: Target, facts: Facts, now: datetime) -> Step | NotApplicable:  # noqa: ARG002
        """Plan the quarantine of ``target``, or of its one pod that is not ready."""
        pod = meant(target, facts)
        if pod is None:
            return NotApplicable(f"{target} is not a known pod, nor has it exactly one that is not ready")
        owner = replacer(pod, KINDS)
        if isinstance(owner, NotApplicable):
            return owner
        workload, labels = facts.workloads.get(owner), pod.labels
        if workload is None or not workload.selector or labels is None or "services" in facts.unknown:
            return NotApplicable(f"by which labels {owner} and its Services find {pod.target} is not known")
        if not _selects(workload.selector, labels):
            return NotApplicable(f"{owner} does not find {pod.target} by its labels any more")
        if MARK in labels:
            return NotApplicable(f"{pod.target} is in quarantine already")
        found_by = [workload.selector, *_services(pod, labels, facts)]
        old = {key: labels[key] for key in _fewest(found_by)}
        return self._step(pod, workload, old, len(found_by) - 1)

    def _step(self, pod: Pod, workload: Workload, old: Mapping[str, str], services: int) -> Step:
        hide = {
            "labels": {**dict.fromkeys(old, VALUE), MARK: "true"},
            "annotations": {OLD: json.dumps(old, sort_keys=True, separators=(",", ":"))},
        }
        show = {"labels": {**old, MARK: None}, "annotations": {OLD: None}}
        name, because = pod.target, self._why(pod, workload)
        return Step(
            summary=f"quarantine {name} of {workload.target}: out of {services} Services, kept for evidence",
            change=Change(name, pod.resource_version, {"metadata": hide}, pod.uid),
            undo=Change(name, pod.resource_version, {"metadata": show}, pod.uid),
            impact=Impact.HIGH if because else Impact.MEDIUM,
            blast_radius=BlastRadius(
                pods=1, share=1 / max(workload.replicas or 1, 1), at_once=0 if pod.ready is False else 1
            ),
            command=patching(name, {"metadata": hide}),
            because=because,
        )

    def _why(self, pod: Pod, workload: Workload) -> str:
        others = others_ready(pod, workload)
        if others is None or others < self.min_others or workload.replicas == 1:
            return "too few other pods are known to be ready"
        allowed = workload.pdb_disruptions_allowed
        if pod.ready is not False and (allowed is None or allowed < 1):
            return "its disruption budget is not known to allow it"
        return ""


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _services(pod: Pod, labels: Mapping[str, str], facts: Facts) -> list[Mapping[str, str]]:
    """The selectors of all Services that send requests to ``pod``; one without a selector chooses none."""
    return [
        one.selector
        for one in facts.services.values()
        if one.target.namespace == pod.target.namespace and one.selector and _selects(one.selector, labels)
    ]


def _fewest(selectors: list[Mapping[str, str]]) -> list[str]:
    """Few keys, of which each selector has one: again and again the key that most of the rest have."""
    chosen: list[str] = []
    left = selectors
    while left:
        keys = sorted({key for one in left for key in one})
        best = max(keys, key=lambda key: sum(key in one for one in left))
        chosen.append(best)
        left = [one for one in left if best not in one]
    return chosen
