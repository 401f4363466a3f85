"""Objects as the API server gives them, shortened to what is read, and what is made of them."""

from aiops.adapters.kubernetes.fields import target
from aiops.adapters.kubernetes.kinds import BY_NAME
from aiops.adapters.kubernetes.picture import Picture
from aiops.model import Target

NOW = 1_772_362_800_000  # 2026-03-01T11:00Z
CART = Target("Deployment", "shop", "cart")


def meta(name, **more):
    return {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7", **more}


def owned(name, kind, owner, **more):
    return meta(name, ownerReferences=[{"kind": kind, "name": owner, "controller": True}], **more)


TEMPLATE = {
    "metadata": {"labels": {"app": "cart"}},
    "spec": {
        "containers": [
            {
                "name": "app",
                "image": "cart:2",
                "resources": {"limits": {"memory": "512Mi", "cpu": "500m"}, "requests": {"cpu": "0.1"}},
            }
        ]
    },
}
OBJECTS = {
    "Deployment": [
        {
            "metadata": meta("cart", generation=3, labels={"app.kubernetes.io/managed-by": "Helm"}),
            "spec": {
                "replicas": 4,
                "template": TEMPLATE,
                "strategy": {"rollingUpdate": {"maxUnavailable": "30%"}},
            },
            "status": {"readyReplicas": 4, "replicas": 4, "updatedReplicas": 4, "observedGeneration": 3},
        }
    ],
    "StatefulSet": [],
    "DaemonSet": [],
    "ReplicaSet": [
        {
            "metadata": owned(
                f"cart-{letter}",
                "Deployment",
                "cart",
                creationTimestamp="2026-03-01T00:00:00Z",
                annotations={"deployment.kubernetes.io/revision": number},
            ),
            "spec": {"template": TEMPLATE},
        }
        for letter, number in (("b", "12"), ("a", "9"))
    ],
    "Pod": [
        {
            "metadata": owned("cart-b-1", "ReplicaSet", "cart-b"),
            "spec": {"nodeName": "n1", "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        }
    ],
    "Node": [
        {
            "metadata": {"name": "n1", "uid": "u", "labels": {"topology.kubernetes.io/zone": "a"}},
            "spec": {"unschedulable": True},
            "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
        }
    ],
    "Namespace": [{"metadata": {"name": "shop", "labels": {"team": "a"}}}],
    "PersistentVolumeClaim": [
        {
            "metadata": meta("data"),
            "spec": {"storageClassName": "ssd", "resources": {"requests": {"storage": "10Gi"}}},
        }
    ],
    "StorageClass": [{"metadata": {"name": "ssd"}, "allowVolumeExpansion": True}],
    "HorizontalPodAutoscaler": [
        {
            "metadata": meta("hpa"),
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "cart"}, "maxReplicas": 9},
        }
    ],
    "PodDisruptionBudget": [
        {
            "metadata": meta("pdb"),
            "spec": {"selector": {"matchLabels": {"app": "cart"}}},
            "status": {"disruptionsAllowed": 0},
        }
    ],
    "Event": [
        {
            "metadata": meta("e"),
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "cart-b-1"},
            "reason": "Evicted",
            "message": "low on memory",
            "lastTimestamp": "2026-03-01T10:00:00Z",
        }
    ],
}


def put(picture, kind, *items, now=NOW):
    """Hand objects to a picture as a watch does."""
    for item in items:
        picture.put(kind, target(kind, item), BY_NAME[kind].read(item, now), now)


def pictured(listed, now=NOW):
    """A picture of lists."""
    picture = Picture()
    for kind, items in listed.items():
        read = BY_NAME[kind].read
        picture.replace(kind, {target(kind, item): read(item, now) for item in items}, now)
    return picture


def facts(listed=OBJECTS, now=NOW):
    """The facts that lists make; kinds that are not listed could not be."""
    return pictured(listed, now).facts(now, frozenset(listed))
