"""What can be done, one of each kind: where every guard permits it, and the objects that it is done to.

The same act is played on the cluster in memory and on a real API server: there its objects are made anew for
each run, under names that end in a tag, in a state that no controller moves (paused, suspended, unscheduled).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from aiops.model import (
    Autoscaler,
    Condition,
    Facts,
    Matcher,
    Mode,
    Node,
    Playbook,
    PlaybookStep,
    Pod,
    Revision,
    Scope,
    SymptomMatcher,
    Target,
    Verification,
)
from tests.controlplane import objects
from tests.unit.core.cases import DAY, NOW, facts, node, policy, workload
from tests.unit.engine.loop_cases import rules

QUICK = Verification(settle_s=30, deadline_s=60, good=1, of=1)
TEMPLATE = {
    "metadata": {"labels": {"app": "cart"}},
    "spec": {
        "containers": [{"name": "web", "image": "shop/cart:1"}],
        "restartPolicy": "Never",
        "schedulerName": "nobody",
    },
}
OLD = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Always"}}
NEW = {**OLD, "spec": {**OLD["spec"], "containers": [{"name": "web", "image": "shop/cart:2"}]}}
HELD = (
    Revision(1, ("shop/cart:1",), NOW - 9 * DAY, OLD),
    Revision(2, ("shop/cart:2",), NOW - DAY // 48, NEW),
)


@dataclass(frozen=True)
class Place:
    """Names of one run: everything in ``namespace``, ending in ``tag``."""

    namespace: str = "shop"
    tag: str = ""

    def target(self, kind, name):
        return Target(kind, "" if kind == "Node" else self.namespace, f"{name}{self.tag}")

    @property
    def cart(self):
        return self.target("Deployment", "cart")


@dataclass(frozen=True)
class Act:
    """One kind of action. ``writes`` are its verbs in order; ``undo`` takes it back, or is ""."""

    name: str  # of the remediation
    prime: Callable[[Place], Target]  # whom the metric accuses
    also: Callable[[Place], dict[str, Any]]  # facts beside the cart
    writes: tuple[str, ...] = ("patch",)
    undo: str = ""
    asks: bool = False  # high impact: a person approves
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cart: Mapping[str, Any] = field(default_factory=dict)  # of the cart's facts
    capture: bool = False
    contains: bool = False  # judged by standing, not by what the metric says: it is not taken back

    def facts(self, place: Place, at_ms: int = NOW) -> Facts:
        """The cluster as this act finds it: all that it touches is known and permits."""
        cart = workload(
            place.cart, pdb_disruptions_allowed=4, revisions=HELD, selector={"app": "cart"}, **self.cart
        )
        extra = dict(self.also(place))
        others = extra.pop("others", ())
        several = tuple(replace(one, ready=one.replicas) for one in (cart, *others))
        labels = {place.namespace: {"aiops.dev/opt-in": "true"}}
        plain = {"pods": {}, "namespace_labels": labels, "namespace_annotations": {place.namespace: {}}}
        return facts(*several, at_ms=at_ms, **plain | extra)

    def rules(self, **changes):
        """Mode auto, one playbook that does just this."""
        step = PlaybookStep(self.name, parameters=self.parameters, capture=self.capture)
        book = Playbook(
            "chaos",
            "1",
            Matcher(symptoms=(SymptomMatcher(signal="memory"),)),
            (step,),
            verification=QUICK,
            mode=Mode.AUTO,
        )
        scope = Scope(Mode.AUTO, playbook="chaos")
        return rules(book, **{"policy": policy(scopes=(scope,))} | changes)


def bad_pods(place: Place, count: int = 1, **changes: Any) -> dict[str, Any]:
    """Pods of the cart that serve nobody, and what Kubernetes says of it: the second source."""
    names = [place.target("Pod", f"cart-{number}") for number in range(1, count + 1)]
    plain = Pod(
        names[0],
        place.cart,
        node=place.target("Node", "n1").name,
        phase="Running",
        ready=False,
        labels={"app": "cart"},
        mirror=False,
        local_storage=False,
    )
    pods = {one: replace(plain, target=one, uid=f"uid-{one.name}", **changes) for one in names}
    return {"pods": pods, "conditions": (Condition(place.cart, "CrashLoopBackOff", NOW),)}


def nodes(place: Place) -> tuple[Node, ...]:
    """Ten of them; the first is the one that is acted upon."""
    names = [place.target("Node", f"n{number}").name for number in range(1, 11)]
    return tuple(node(name, zone="abc"[number % 3]) for number, name in enumerate(names))


def scaler(place: Place) -> dict[str, Any]:
    name = place.target("HorizontalPodAutoscaler", "cart")
    one = Autoscaler(name, place.cart, 2, 6, f"uid-hpa{place.tag}", "5", managers=())
    return {"autoscalers": {name: one}}


def beside(kind: str, name: str, **changes: Any) -> Callable[[Place], dict[str, Any]]:
    """Another workload than the cart is the one."""
    return lambda place: {"others": (workload(place.target(kind, name), **changes),)}


def failed_job(place: Place) -> dict[str, Any]:
    job = place.target("Job", "bill")
    one = workload(job, replicas=1, revisions=(Revision(1, template=TEMPLATE),), suspended=False)
    return {"others": (one,), "conditions": (Condition(job, "JobFailed", NOW),)}


ACTS = (
    Act("restart_rollout", lambda place: place.cart, lambda _: {}, capture=True),
    Act(
        "scale_out",
        lambda place: place.cart,
        lambda _: {},
        undo="patch",
        cart={"annotations": {"aiops.dev/max-replicas": "6"}},
    ),
    Act("rollback", lambda place: place.cart, lambda _: {}, asks=True),
    Act("evict_pod", lambda place: place.cart, bad_pods, ("evict",)),
    Act("restart_pod", lambda place: place.cart, bad_pods, ("delete",)),
    Act("quarantine_pod", lambda place: place.cart, bad_pods, undo="patch"),
    Act(
        "delete_finished_pods",
        lambda place: place.cart,
        lambda place: bad_pods(place, 3, phase="Failed", reason="Evicted"),
        ("delete",) * 3,
        capture=True,
    ),
    Act(
        "cordon",
        lambda place: place.target("Node", "n1"),
        lambda place: {"nodes": nodes(place)},
        undo="patch",
        contains=True,
    ),
    Act(
        "drain",
        lambda place: place.target("Node", "n1"),
        lambda place: {**bad_pods(place, 3), "nodes": nodes(place)},
        ("patch", "evict", "evict", "evict"),
        undo="patch",
        asks=True,
        contains=True,
    ),
    Act("hpa_raise_max", lambda place: place.cart, scaler, undo="patch", asks=True),
    Act("rerun_job", lambda place: place.target("Job", "bill"), failed_job, ("create",), undo="delete"),
    Act(
        "suspend_cronjob",
        lambda place: place.target("CronJob", "nightly"),
        beside("CronJob", "nightly", suspended=False),
        undo="patch",
        contains=True,
    ),
)


FEW = {"restart_rollout", "drain", "rerun_job", "evict_pod"}  # a patch, several, a create, an eviction


def each_act(acts=ACTS):
    """Parametrizes a test by act; those beside ``FEW`` are left to ``make test``."""
    return pytest.mark.parametrize(
        "act",
        [pytest.param(one, id=one.name, marks=() if one.name in FEW else pytest.mark.slow) for one in acts],
    )


# The same things on a real API server

CARTLESS = {"app": "cart"}


def manifests(known: Facts, place: Place) -> list[dict[str, Any]]:
    """Objects for all that ``known`` names, but for nodes that nothing is done to."""
    acted = [one for one in known.nodes if place.tag and one == place.target("Node", "n1")]
    return [
        *(_workload(target) for target in known.workloads),
        *(_pod(target) for target in known.pods),
        *({"apiVersion": "v1", "kind": "Node", "metadata": {"name": one.name}} for one in acted),
        *(_scaler(target, one.scales) for target, one in known.autoscalers.items()),
    ]


def _meta(target: Target) -> dict[str, Any]:
    return {"name": target.name, "namespace": target.namespace, "labels": CARTLESS}


def _workload(target: Target) -> dict[str, Any]:
    meta, selector = _meta(target), {"matchLabels": CARTLESS}
    if target.kind == "Deployment":  # paused from its birth: its controller makes no pods
        spec = {"replicas": 4, "paused": True, "selector": selector, "template": NEW}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
    job = {"template": TEMPLATE, "suspend": True}
    if target.kind == "Job":
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": job}
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": TEMPLATE}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": spec}


def _pod(target: Target) -> dict[str, Any]:
    made = objects.pod_template("cart", schedulerName="nobody")
    return {"apiVersion": "v1", "kind": "Pod", "metadata": _meta(target), "spec": made["spec"]}


def _scaler(target: Target, scales: Target) -> dict[str, Any]:
    of = {"apiVersion": "apps/v1", "kind": scales.kind, "name": scales.name}
    spec = {"scaleTargetRef": of, "minReplicas": 2, "maxReplicas": 6}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _meta(target),
        "spec": spec,
    }
