"""Tables: the tables of facts that only gather what was seen, each made anew when a kind of its changed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiops.adapters.kubernetes.objects import SeenClaim, SeenScaler
from aiops.adapters.kubernetes.pods import SeenPod
from aiops.model import Autoscaler, Claim, Target

Seen = Mapping[str, Mapping[Target, Any]]


def tables(seen: Seen, changed: Collection[str]) -> dict[str, Any]:
    """Fields of ``Facts`` by name; those of which no kind has ``changed`` are left out."""
    found: dict[str, Any] = {}
    if "Pod" in changed:
        found["pods"] = {target: one.pod for target, one in seen["Pod"].items()}
    if "Node" in changed:
        found["nodes"] = {target: one.node for target, one in seen["Node"].items()}
    if "HorizontalPodAutoscaler" in changed:
        scalers = seen["HorizontalPodAutoscaler"]
        found["autoscalers"] = {target: one.scaler for target, one in scalers.items()}
    if "Service" in changed:
        found["services"] = {target: one for target, one in seen["Service"].items() if one.selector}
    if "Namespace" in changed:
        spaces = seen["Namespace"].values()
        found["namespace_labels"] = {one.target.name: one.labels for one in spaces}
        found["namespace_annotations"] = {one.target.name: one.annotations for one in spaces}
    if not {"Pod", "PersistentVolumeClaim", "StorageClass"}.isdisjoint(changed):
        found["claims"] = dict(_claims(seen))
    return found


def scaled(seen: Mapping[Target, SeenScaler]) -> dict[Target, Autoscaler]:
    """Autoscalers by what they scale; of two over one workload the first by name."""
    return {seen[one].scaler.scales: seen[one].scaler for one in sorted(seen, reverse=True)}


def _claims(seen: Seen) -> Iterator[tuple[Target, Claim]]:
    """Claims with the workload that mounts them, and whether they may grow."""
    mounted: dict[Target, Target | None] = {}
    pods: Mapping[Target, SeenPod] = seen["Pod"]
    for pod in pods.values():
        for name in pod.claims:
            mounted[name] = pod.pod.owner
    grows = {target.name: may for target, may in seen["StorageClass"].items()}
    claims: Mapping[Target, SeenClaim] = seen["PersistentVolumeClaim"]
    for target, one in claims.items():
        may = grows.get(one.storage_class)
        yield target, replace(one.claim, expandable=may, owner=mounted.get(target))
