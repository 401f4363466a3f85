"""Cluster facts: what Kubernetes says, live or rebuilt from a recording.

``None`` is "unknown", never "no". What could not be found out is named in ``Facts.unknown`` and in the
``None`` fields; guards that need an unknown fact hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiops.model.target import Target


class EventKind(StrEnum):
    """What happened to an object."""

    ROLLOUT = "rollout"  # the pod template changed; detail names the revision
    IMAGE = "image"
    CONFIG = "config"  # a ConfigMap or Secret reference or its content
    SCALE = "scale"
    RESTART = "restart"  # a container started again
    OOM_KILLED = "oom_killed"
    EVICTED = "evicted"
    NODE = "node"  # became not ready, ready, cordoned, pressured
    DEPLOYED = "deployed"  # the object appeared
    DELETED = "deleted"
    OTHER = "other"


CHANGE_KINDS = frozenset(
    {EventKind.ROLLOUT, EventKind.IMAGE, EventKind.CONFIG, EventKind.SCALE, EventKind.DEPLOYED}
)


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """Something that happened at a known time."""

    at_ms: int
    target: Target
    kind: EventKind
    detail: str = ""
    ours: bool = False  # we did it ourselves, as an answer: no suspect

    @property
    def is_change(self) -> bool:
        """Whether somebody else changed something (a suspect), and not something failed (a symptom)."""
        return self.kind in CHANGE_KINDS and not self.ours


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod template. Memory in bytes, CPU in thousandths of a core; 0 is "none set"."""

    name: str
    image: str = ""
    memory_limit: int | None = None
    memory_request: int | None = None
    cpu_limit: int | None = None
    cpu_request: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a workload's pod template."""

    number: int
    images: tuple[str, ...] = ()
    since_ms: int | None = None
    template: Mapping[str, Any] | None = None  # the pod template as stored; None is unknown


@dataclass(frozen=True, slots=True)
class Manager:
    """Who wrote which fields of an object, as the API server keeps it (``managedFields``)."""

    name: str  # "argocd-controller", "helm", "kubectl-edit", "kube-controller-manager", ours: "aiops"
    at_ms: int | None
    fields: tuple[str, ...]  # "spec.replicas", "spec.template.spec.containers[web].image"
    subresource: str = ""  # "scale", "status"


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet, Job or CronJob as last read."""

    target: Target
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None  # of the spec: status does not change it
    replicas: int | None = None  # desired
    ready: int | None = None
    rolling: bool | None = None
    paused: bool | None = None
    images: tuple[str, ...] = ()
    revisions: tuple[Revision, ...] = ()  # oldest first; the last one is current
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    managed_by: str | None = None  # "argocd", "flux", "helm" ...: who owns the spec; "" is nobody
    hpa_min: int | None = None
    hpa_max: int | None = None  # 0: there is no autoscaler
    hpa_name: str = ""  # of the autoscaler object; empty is unknown
    pdb_disruptions_allowed: int | None = None  # without a disruption budget: the number of pods
    max_unavailable: int | None = None  # pods that a rollout may take away at once
    containers: tuple[Container, ...] = ()  # empty is unknown
    node_names: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    managers: tuple[Manager, ...] | None = None  # None is unknown, () is nobody
    suspended: bool | None = None  # of a CronJob or Job
    deleting: bool | None = None  # somebody has deleted it; finalizers are worked off
    selector: Mapping[str, str] | None = None  # labels by which it finds its pods; None is unknown
    budgets: int | None = None  # disruption budgets that match its pods; two make every eviction fail
    manifest: Mapping[str, Any] | None = None  # of a Job: spec to run again; of others None
    owner: Target | None = None  # of a Job: its CronJob; None: nobody, or unknown

    @property
    def rollout_takes(self) -> int | None:
        """Ready pods that a rollout takes away at once; None is unknown. Pods that are not ready count
        against what it may take away."""
        if self.max_unavailable is None or self.replicas is None or self.ready is None:
            return None
        missing = max(0, self.replicas - self.ready)
        return max(0, min(self.max_unavailable - missing, self.ready))


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as last read; ``owner`` is its workload, not its ReplicaSet."""

    target: Target
    owner: Target | None = None
    uid: str | None = None
    node: str | None = None
    phase: str | None = None
    ready: bool | None = None
    resource_version: str | None = None
    labels: Mapping[str, str] | None = None  # None is unknown
    reason: str = ""  # of a failed pod: "Evicted"
    deleting: bool | None = None
    controller: Target | None = None  # its direct owner: the ReplicaSet, Job ...; None: nobody, or unknown
    mirror: bool | None = None  # a static pod of the kubelet: an eviction changes nothing
    local_storage: bool | None = None  # emptyDir with data that an eviction loses
    since_ms: int | None = None  # when it was created
    containers: tuple[Container, ...] = ()  # as they run, resized ones too; empty is unknown


@dataclass(frozen=True, slots=True)
class Node:
    """A node as last read."""

    target: Target
    uid: str | None = None
    zone: str | None = None
    ready: bool | None = None
    unschedulable: bool | None = None
    resource_version: str | None = None
    labels: Mapping[str, str] | None = None  # None is unknown
    annotations: Mapping[str, str] | None = None  # None is unknown
    taints: tuple[Mapping[str, str], ...] | None = None  # key, value, effect, timeAdded; None is unknown
    managers: tuple[Manager, ...] | None = None  # None is unknown, () is nobody


@dataclass(frozen=True, slots=True)
class Service:
    """A Service as last read: by which labels it finds its pods."""

    target: Target
    selector: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Freeze:
    """Somebody else's rule that nothing is changed in a namespace now, such as a sync window of Argo CD."""

    name: str  # for people: "Argo CD sync window deny 0 22 * * * of project shop"
    namespace: str
    until_ms: int | None = None
    workloads: frozenset[Target] = frozenset()  # empty: the whole namespace


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim as last read; sizes in bytes. ``owner`` is the workload that mounts it."""

    target: Target
    size: int | None = None
    expandable: bool | None = None  # whether its storage class allows expansion
    owner: Target | None = None
    uid: str | None = None
    resource_version: str | None = None
    managers: tuple[Manager, ...] | None = None  # None is unknown, () is nobody


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler as last read."""

    target: Target
    scales: Target
    minimum: int | None = None
    maximum: int | None = None
    uid: str | None = None
    resource_version: str | None = None
    managers: tuple[Manager, ...] | None = None  # None is unknown, () is nobody


@dataclass(frozen=True, slots=True)
class Condition:
    """A state of Kubernetes that holds since a known time, such as CrashLoopBackOff of a workload."""

    target: Target
    name: str
    since_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """``caller`` calls ``callee``: trouble travels from callee to caller."""

    caller: Target  # such as Deployment/shop/web
    callee: Target  # such as StatefulSet/shop/db


@dataclass(frozen=True, slots=True)
class Alert:
    """A fired alert of somebody else's rules (``ALERTS``, Alertmanager)."""

    name: str
    target: Target | None
    since_ms: int
    until_ms: int | None = None  # None: still firing
    severity: str = ""
    runbook_url: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class LabelMatcher:
    """One matcher of a silence: all of them must agree."""

    name: str
    value: str
    regex: bool = False  # anchored, as Alertmanager does
    equal: bool = True  # False: must not match


@dataclass(frozen=True, slots=True)
class Silence:
    """People muted what its matchers describe: nobody is disturbed by it, and its targets are left alone."""

    id: str
    matchers: tuple[LabelMatcher, ...]
    from_ms: int
    until_ms: int
    by: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The cluster at ``at_ms``. Events and alerts reach back as far as they are known, oldest first."""

    at_ms: int
    cluster: str = ""
    workloads: Mapping[Target, Workload] = field(default_factory=dict)
    pods: Mapping[Target, Pod] = field(default_factory=dict)
    nodes: Mapping[Target, Node] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    edges: tuple[Edge, ...] = ()
    events: tuple[ClusterEvent, ...] = ()
    alerts: tuple[Alert, ...] = ()
    namespace_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    claims: Mapping[Target, Claim] = field(default_factory=dict)
    autoscalers: Mapping[Target, Autoscaler] = field(default_factory=dict)
    services: Mapping[Target, Service] = field(default_factory=dict)
    namespace_annotations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    freezes: tuple[Freeze, ...] = ()
    silences: tuple[Silence, ...] = ()  # those in force; "silences" in ``unknown``: they could not be read
    budgets: Mapping[Target, Target] = field(default_factory=dict)  # disruption budget -> its one workload
    unknown: frozenset[str] = frozenset()  # names of kinds of fact that nobody could read: "pdb", "owners"

    def owner(self, target: Target) -> Target:
        """The workload of a pod, claim, autoscaler or disruption budget; any other target is its own."""
        if (pod := self.pods.get(target)) is not None and pod.owner is not None:
            return pod.owner
        if (claim := self.claims.get(target)) is not None and claim.owner is not None:
            return claim.owner
        if (scaler := self.autoscalers.get(target)) is not None:
            return scaler.scales
        return self.budgets.get(target, target)

    def neighbours(self, target: Target) -> frozenset[Target]:
        """Callers and callees of ``target``, one step."""
        near = {edge.callee for edge in self.edges if edge.caller == target}
        near |= {edge.caller for edge in self.edges if edge.callee == target}
        return frozenset(near)
