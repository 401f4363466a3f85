"""Facts in which every remediation finds something to do, and targets of every kind, known and unknown."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from aiops.bootstrap.plugins import found
from aiops.model import (
    Autoscaler,
    Claim,
    Condition,
    Container,
    Facts,
    Node,
    Pod,
    Revision,
    Service,
    Target,
    Workload,
)

NAMES = sorted(found("aiops.remediations"))
NOW = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY_MS, GIB, MIB = 86_400_000, 2**30, 2**20

CART = Target("Deployment", "shop", "cart")
PAY = Target("Deployment", "shop", "pay")  # its newest revision reads another Secret
MOVING = Target("Deployment", "shop", "moving")  # in the middle of a rollout
PAUSED = Target("Deployment", "shop", "paused")  # by us
DB = Target("StatefulSet", "shop", "db")
AGENT = Target("DaemonSet", "shop", "agent")
JOB, CRON = Target("Job", "shop", "bill"), Target("CronJob", "shop", "nightly")
STOPPED = Target("CronJob", "shop", "weekly")  # suspended by us
POD, EVICTED = Target("Pod", "shop", "cart-1"), Target("Pod", "shop", "cart-0")
MEMBER = Target("Pod", "shop", "db-0")  # whose request is its limit
NODE, CLOSED = Target("Node", "", "n1"), Target("Node", "", "n2")  # n2 is cordoned and tainted by us
CLAIM = Target("PersistentVolumeClaim", "shop", "data-db-0")
SCALER, SCALED = Target("HorizontalPodAutoscaler", "shop", "front-hpa"), Target("Deployment", "shop", "front")
STRANGE = (
    Target("Deployment", "shop", "unheard-of"),
    Target("Pod", "shop", "unheard-of"),
    Target("Node", "", "unheard-of"),
    Target("Widget", "shop", "w"),
    Target("Namespace", "", "shop"),
    Target("Ingress", "shop", "edge"),
)
TARGETS = (
    *(CART, PAY, MOVING, PAUSED, DB, AGENT, JOB, CRON, STOPPED, POD, EVICTED, MEMBER, NODE, CLOSED, CLAIM),
    *(SCALER, SCALED, *STRANGE),
)


def template(image):
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "app", "image": image}]}}


def reading(secret, image="pay:4"):
    """A template whose container reads ``secret``: in its variables, one by one, and as files."""
    app = {
        "name": "app",
        "image": image,
        "envFrom": [{"configMapRef": {"name": f"{secret}-env"}}],
        "env": [
            {"name": "REGION", "value": "eu"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": secret, "key": "token"}}},
        ],
    }
    volumes = [
        {"name": "tls", "secret": {"secretName": f"{secret}-tls", "defaultMode": 420}},
        {"name": "conf", "configMap": {"name": f"{secret}-conf"}},
        {"name": "all", "projected": {"sources": [{"secret": {"name": secret}}]}},
        {"name": "scratch", "emptyDir": {}},
    ]
    setup = {"name": "setup", "image": "setup:1", "envFrom": [{"secretRef": {"name": secret}}]}
    setup["env"] = [{"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": secret, "key": "k"}}}]
    return {
        "metadata": {"labels": {"app": "pay", "pod-template-hash": secret}},
        "spec": {"containers": [app], "initContainers": [setup], "volumes": volumes},
    }


def revisions(name):
    """A revision that ran for a week, and the current one, two days old."""
    return (
        Revision(3, (f"{name}:3",), NOW_MS - 9 * DAY_MS, template(f"{name}:3")),
        Revision(4, (f"{name}:4",), NOW_MS - 2 * DAY_MS, template(f"{name}:4")),
    )


def workload(target, **changes):
    """One of which everything is known; four of four pods ready, no autoscaler."""
    return Workload(
        target,
        **{
            "uid": f"uid-{target.name}",
            "resource_version": "41",
            "replicas": 4,
            "ready": 4,
            "rolling": False,
            "paused": False,
            "images": (f"{target.name}:4",),
            "revisions": revisions(target.name),
            "managed_by": "",
            "hpa_max": 0,
            "pdb_disruptions_allowed": 1,
            "max_unavailable": 1,
            "containers": (Container("app", f"{target.name}:4", 512 * MIB, 256 * MIB, 1000, 500),),
            "managers": (),
            "suspended": False,
            "deleting": False,
            "selector": {"app": target.name},
            "budgets": 1,
        }
        | changes,
    )


def pod(target=POD, owner=CART, **changes):
    """One that runs and is not ready, of which everything is known."""
    labels = {"app": owner.name if owner else "x", "tier": "front", "pod-template-hash": "77"}
    return Pod(
        target,
        owner,
        **{
            "uid": f"uid-{target.name}",
            "node": "n1",
            "phase": "Running",
            "ready": False,
            "resource_version": "5",
            "labels": labels,
            "deleting": False,
            "controller": Target("ReplicaSet", "shop", "cart-77"),
            "mirror": False,
            "local_storage": False,
            "since_ms": NOW_MS - DAY_MS,
            "containers": (Container("app", "cart:4", 512 * MIB, 256 * MIB, 1000, 500),),
        }
        | changes,
    )


def node(target=NODE, **changes):
    """One that is ready and takes pods."""
    known = {"zone": "a", "ready": True, "unschedulable": False, "resource_version": "7"}
    known |= {"labels": {}, "annotations": {}, "taints": ()}
    return Node(target, f"uid-{target.name}", **known | changes)


OURS = {"key": "aiops.dev/suspect", "value": "aiops", "effect": "NoSchedule"}
THEIRS = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
WORKLOADS = (
    *(workload(target) for target in (CART, DB, AGENT, JOB, CRON)),
    workload(MOVING, rolling=True),
    workload(PAUSED, paused=True, annotations={"aiops.dev/paused-by": "aiops"}),
    workload(STOPPED, suspended=True, annotations={"aiops.dev/suspended-by": "aiops"}),
    workload(SCALED, hpa_min=2, hpa_max=6, hpa_name="front-hpa"),
    workload(
        PAY,
        revisions=(
            Revision(3, ("pay:3",), NOW_MS - 9 * DAY_MS, reading("old", "pay:3")),
            Revision(4, ("pay:4",), NOW_MS - 2 * DAY_MS, reading("new")),
        ),
    ),
)
FACTS = Facts(
    NOW_MS,
    workloads={one.target: one for one in WORKLOADS},
    pods={
        POD: pod(),
        EVICTED: pod(EVICTED, phase="Failed", reason="Evicted"),
        MEMBER: pod(
            MEMBER, DB, node="n2", ready=True, controller=DB, containers=(Container("db", "", GIB, GIB),)
        ),
    },
    nodes={
        NODE: node(),
        CLOSED: node(
            CLOSED,
            unschedulable=True,
            annotations={"aiops.dev/cordoned-by": "aiops"},
            taints=(THEIRS, OURS),
        ),
    },
    conditions=(Condition(JOB, "JobFailed", NOW_MS - 60_000),),
    claims={CLAIM: Claim(CLAIM, 10 * GIB, True, DB, "uid-claim", "9")},
    autoscalers={SCALER: Autoscaler(SCALER, SCALED, 2, 6, "uid-hpa", "11")},
    services={Target("Service", "shop", "cart"): Service(Target("Service", "shop", "cart"), {"app": "cart"})},
)
# The kind of object that a change's target must be, for a right on a resource.
KINDS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "pods": "Pod",
    "pods/eviction": "Pod",
    "pods/resize": "Pod",
    "pods/log": "Pod",
    "events": "Event",
    "nodes": "Node",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
}


def paths(patch, above=()):
    """Every field that a patch writes, as its path; a list of named things goes by their names' fields, any
    other list is one field."""
    for key, value in patch.items():
        here = (*above, str(key))
        if key == "$patch":
            continue
        if isinstance(value, Mapping) and value:
            yield from paths(value, here)
        elif is_named(value):
            for one in value:
                yield from paths({inner: one[inner] for inner in one if inner != "name"}, here)
        else:
            yield here


def is_named(value):
    """Whether a list is merged by the names of its members."""
    return (
        isinstance(value, list) and bool(value) and all(isinstance(o, Mapping) and "name" in o for o in value)
    )


def merged(value, patch):
    """``value`` after a strategic merge patch, as far as ours need it."""
    if patch.get("$patch") == "replace":
        return {key: inner for key, inner in patch.items() if key != "$patch"}
    result = dict(value)
    for key, new in patch.items():
        if new is None:
            result.pop(key, None)
        elif isinstance(new, Mapping):
            result[key] = merged(result.get(key) or {}, new)
        elif is_named(new):
            old = {one["name"]: one for one in result.get(key, ())}
            result[key] = [
                *(old | {one["name"]: merged(old.get(one["name"], {}), one) for one in new}).values()
            ]
        else:
            result[key] = new
    return json.loads(json.dumps(result))
