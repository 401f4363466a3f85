"""For each remediation: objects on a real API server in which it finds something to do, and where."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiops.model import Target
from tests.controlplane.faults import Crash, SlowStart
from tests.controlplane.objects import claim, deployment, is_complete, job, pod_template


@dataclass(frozen=True, slots=True)
class Scene:
    """What a set-up may use."""

    api: Any
    kubelet: Any
    namespace: str
    nodes: tuple[str, ...]

    def target(self, kind: str, name: str) -> Target:
        return Target(kind, self.namespace, name)

    def change(self, kind: str, name: str, patch: Mapping[str, Any]) -> None:
        """As a person would."""
        self.api.patch(kind, self.namespace, name, patch)

    def pods(self, app: str) -> list[str]:
        """Names, the first by name first."""
        listed = self.api.list("Pod", self.namespace, labelSelector=f"app={app}")
        return sorted(one["metadata"]["name"] for one in listed)


@dataclass(frozen=True, slots=True)
class Case:
    """``begin`` makes the objects and answers the target."""

    begin: Callable[[Scene], Target]
    parameters: Mapping[str, Any] = field(default_factory=dict)


def settled(scene, name="cart", **chosen):
    """A Deployment whose pods are ready."""
    scene.api.create(deployment(scene.namespace, name, **chosen))
    scene.api.wait("Deployment", scene.namespace, name, is_complete)
    return scene.target("Deployment", name)


def served(scene):
    """A Deployment with a Service; its first pod."""
    settled(scene)
    selector = {"app": "cart"}
    metadata = {"name": "cart", "namespace": scene.namespace}
    scene.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": selector, "ports": [{"port": 80}]},
        }
    )
    return scene.target("Pod", scene.pods("cart")[0])


def of_kind(kind, **spec):
    """A StatefulSet or DaemonSet of which every pod is ready."""

    def begin(scene):
        made = deployment(scene.namespace, "db")
        made["kind"] = kind
        made["spec"].pop("replicas" if kind == "DaemonSet" else "", None)
        made["spec"] |= spec
        scene.api.create(made)
        scene.api.wait(kind, scene.namespace, "db", ready)
        return scene.target(kind, "db")

    return begin


def ready(one):
    status = one.get("status", {})
    wanted = status.get("desiredNumberScheduled", one["spec"].get("replicas"))
    got = status.get("numberReady", status.get("readyReplicas"))
    return bool(wanted) and got == wanted and status["observedGeneration"] == one["metadata"]["generation"]


NEWER = {  # another image, and something that was not there: a whole replacement takes it away again
    "spec": {
        "template": {
            "metadata": {"annotations": {"new": "yes"}},
            "spec": {
                "containers": [
                    {"name": "web", "image": "shop/cart:2", "env": [{"name": "NEW", "value": "1"}]}
                ]
            },
        }
    }
}


def rolled(begin):
    """As ``begin`` made it, and then rolled out anew."""

    def again(scene):
        target = begin(scene)
        scene.change(target.kind, target.name, NEWER)
        done = is_complete if target.kind == "Deployment" else renewed
        scene.api.wait(target.kind, scene.namespace, target.name, done)
        return target

    return again


def renewed(one):
    status = one["status"]
    wanted = status.get("desiredNumberScheduled", one["spec"].get("replicas"))
    updated = status.get("updatedNumberScheduled", status.get("updatedReplicas"))
    return ready(one) and updated == wanted


def reading(secret):
    """A container and volumes that read ``secret``."""
    key = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k", "optional": True}}}
    source = [{"secretRef": {"name": secret, "optional": True}}]
    return {
        "containers": [{"name": "web", "image": "shop/cart:1", "env": [key], "envFrom": source}],
        "volumes": [
            {"name": "tls", "secret": {"secretName": secret, "optional": True}},
            {"name": "conf", "configMap": {"name": secret, "optional": True}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": secret, "optional": True}}]}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }


def pointed_elsewhere(scene):
    made = deployment(scene.namespace, "cart")
    made["spec"]["template"]["spec"] |= reading("old")
    scene.api.create(made)
    scene.api.wait("Deployment", scene.namespace, "cart", is_complete)
    scene.change("Deployment", "cart", {"spec": {"template": {"spec": reading("new")}}})
    scene.api.wait("Deployment", scene.namespace, "cart", is_complete)
    return scene.target("Deployment", "cart")


def rolling(scene):
    """In the middle of a rollout that takes its time."""
    target = settled(scene)
    scene.kubelet.inject(SlowStart(60.0), namespace=scene.namespace, image="cart:2")
    scene.change("Deployment", "cart", NEWER)
    return target


def paused(scene):
    target = settled(scene)
    mark = {"annotations": {"aiops.dev/paused-by": "aiops"}}
    scene.change("Deployment", "cart", {"metadata": mark, "spec": {"paused": True}})
    return target


def scaled(scene):
    settled(scene)
    metadata = {"name": "cart-scaler", "namespace": scene.namespace}
    scene.api.create(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata,
            "spec": {
                "minReplicas": 2,
                "maxReplicas": 6,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "cart"},
            },
        }
    )
    return scene.target("Deployment", "cart")


def cron_job(suspended):
    def begin(scene):
        template = pod_template("nightly")
        template["spec"]["restartPolicy"] = "Never"
        marks = {"aiops.dev/suspended-by": "aiops"} if suspended else {}
        scene.api.create(
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "nightly", "namespace": scene.namespace, "annotations": marks},
                "spec": {
                    "schedule": "0 3 * * *",
                    "suspend": suspended,
                    "jobTemplate": {"spec": {"template": template}},
                },
            }
        )
        return scene.target("CronJob", "nightly")

    return begin


def failed_job(scene):
    scene.kubelet.inject(Crash(), namespace=scene.namespace)
    scene.api.create(job(scene.namespace, "bill", backoff_limit=0))
    scene.api.wait("Job", scene.namespace, "bill", lambda one: one["status"].get("failed"))
    scene.kubelet.heal_all(scene.namespace)
    return scene.target("Job", "bill")


def evicted(scene):
    target = settled(scene)
    for name in scene.pods("cart")[:2]:
        scene.kubelet.evict(scene.namespace, name)
    scene.api.wait("Deployment", scene.namespace, "cart", is_complete)
    return target


def a_node(patch=None):
    """The first node, with pods of one Deployment on it, changed by ``patch``."""

    def begin(scene):
        settled(scene, nodeSelector={"kubernetes.io/hostname": scene.nodes[0]})
        if patch:
            scene.api.patch("Node", None, scene.nodes[0], patch)
        return Target("Node", "", scene.nodes[0])

    return begin


def alone(begin):
    """Once the pods of tests before have left: a drain sees them all."""

    def after(scene):
        for space in {one["metadata"]["namespace"] for one in scene.api.list("Pod")} - {scene.namespace}:
            scene.api.wait_gone("Namespace", None, space)
        return begin(scene)

    return after


def limited(scene, **chosen):
    return settled(scene, memory="512Mi", cpu="1", **chosen)


def a_claim(scene):
    scene.api.create(claim(scene.namespace, "data", "1Gi"))
    made = pod_template("cart", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
    manifest = deployment(scene.namespace, "cart", replicas=1)
    manifest["spec"]["template"] = made
    scene.api.create(manifest)
    scene.api.wait("Deployment", scene.namespace, "cart", is_complete)
    return scene.target("PersistentVolumeClaim", "data")


OURS = {"metadata": {"annotations": {"aiops.dev/cordoned-by": "aiops"}}, "spec": {"unschedulable": True}}
TAINTED = {
    "spec": {
        "taints": [
            {"key": "aiops.dev/suspect", "value": "aiops", "effect": "NoSchedule"},
            {"key": "dedicated", "value": "gpu", "effect": "PreferNoSchedule"},
        ]
    }
}
AT_ONCE = {"min_held_s": 0}
CASES = {
    "adjust_resources": [
        Case(limited),
        Case(limited, {"resource": "memory", "side": "limits", "factor": 1.5}),
    ],
    "capture_evidence": [Case(settled)],
    "cordon": [Case(a_node())],
    "delete_finished_pods": [Case(evicted)],
    "drain": [Case(alone(a_node())), Case(alone(a_node(OURS)))],
    "evict_pod": [Case(served)],
    "expand_pvc": [Case(a_claim)],
    "hpa_bounds": [Case(scaled), Case(scaled, {"minimum": 3, "maximum": 9})],
    "hpa_raise_max": [Case(scaled)],
    "pause_rollout": [Case(rolling)],
    "quarantine_pod": [Case(served)],
    "raise_memory_limit": [Case(limited)],
    "rerun_job": [Case(failed_job)],
    "resize_pod": [Case(lambda scene: scene.target("Pod", scene.pods(limited(scene, replicas=1).name)[0]))],
    "restart_pod": [Case(served)],
    "restart_rollout": [Case(settled), Case(of_kind("StatefulSet")), Case(of_kind("DaemonSet"))],
    "restore_config_ref": [Case(pointed_elsewhere, AT_ONCE)],
    "resume_cronjob": [Case(cron_job(suspended=True))],
    "resume_rollout": [Case(paused)],
    "rollback": [
        Case(rolled(settled), AT_ONCE),
        Case(rolled(of_kind("StatefulSet")), AT_ONCE),
        Case(rolled(of_kind("DaemonSet")), AT_ONCE),
    ],
    "scale_out": [Case(settled), Case(of_kind("StatefulSet"))],
    "scale_to": [Case(settled, {"replicas": 1})],
    "suspend_cronjob": [Case(cron_job(suspended=False))],
    "taint": [Case(a_node({"spec": {"taints": TAINTED["spec"]["taints"][1:]}}))],
    "uncordon": [Case(a_node(OURS))],
    "untaint": [Case(a_node(TAINTED))],
}
