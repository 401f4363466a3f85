"""Facts in which every remediation finds something to do, and targets of every kind, known and unknown."""

from datetime import UTC, datetime

from aiops.bootstrap.plugins import found
from aiops.model import Autoscaler, Claim, Container, Facts, Node, Pod, Revision, Target, Workload

NAMES = sorted(found("aiops.remediations"))
NOW = datetime(2024, 3, 1, 12, 30, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY_MS, GIB, MIB = 86_400_000, 2**30, 2**20

CART = Target("Deployment", "shop", "cart")
DB = Target("StatefulSet", "shop", "db")
AGENT = Target("DaemonSet", "shop", "agent")
JOB, CRON = Target("Job", "shop", "bill"), Target("CronJob", "shop", "nightly")
POD, NODE = Target("Pod", "shop", "cart-1"), Target("Node", "", "n1")
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
TARGETS = (CART, DB, AGENT, JOB, CRON, POD, NODE, CLAIM, SCALER, SCALED, *STRANGE)


def template(image):
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "app", "image": image}]}}


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
        }
        | changes,
    )


FACTS = Facts(
    NOW_MS,
    workloads={
        one.target: one
        for one in (
            *(workload(target) for target in (CART, DB, AGENT, JOB, CRON)),
            workload(SCALED, hpa_min=2, hpa_max=6, hpa_name="front-hpa"),
        )
    },
    pods={POD: Pod(POD, CART, "uid-pod", "n1", "Running", ready=False)},
    nodes={NODE: Node(NODE, "uid-n1", "a", True, False, "7", {})},
    claims={CLAIM: Claim(CLAIM, 10 * GIB, True, DB, "uid-claim", "9")},
    autoscalers={SCALER: Autoscaler(SCALER, SCALED, 2, 6, "uid-hpa", "11")},
)
# The kind of object that a change's target must be, for a right on a resource.
KINDS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
    "pods/eviction": "Pod",
    "nodes": "Node",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
}
