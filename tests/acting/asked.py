"""Asked: the classes in which a person is asked first: the impact floor or the shipped playbook says so."""

from typing import ClassVar

from tests.acting.case import Case, Write, container
from tests.controlplane.faults import Crash, NotReady
from tests.controlplane.objects import (
    autoscaler,
    budget,
    claim,
    config_map,
    deployment,
    job,
)
from tests.controlplane.traffic import Spoil

OLD, NEW = "shop/cart:1", "shop/cart:2"


class Rollback(Case):
    """What is written where it goes back: the whole template of the revision before."""

    def expected(self, at):
        return [Write("patch", "deployments", "cart", RolledBack(at.notes.get("image", OLD)))]


class RolledBack:
    """In an expected body: a whole template in place of the other, with this image."""

    def __init__(self, image):
        self.image = image

    def __eq__(self, body):
        template = body["spec"]["template"]
        images = [one["image"] for one in template["spec"]["containers"]]
        return body.keys() == {"spec"} and template["$patch"] == "replace" and images == [self.image]

    __hash__ = None

    def __repr__(self):
        return f"a whole template of {self.image}"


class CrashAfterRollout(Rollback):
    """The new image crashes at its start; two of four pods still serve."""

    name = "crash_loop_after_rollout"

    def spoil(self, at):
        at.kubelet.inject(Crash(exit_code=3), namespace=at.space, image=NEW)
        at.release("cart", image=NEW)


class ErrorsAfterDeploy(Rollback):
    """The new image answers half of the requests with errors."""

    name = "error_burst_after_deploy"
    load: ClassVar = {"rps": 60}

    def spoil(self, at):
        at.telemetry.spoil(Spoil(error_ratio=0.5), namespace=at.space, image=NEW)
        at.release("cart", image=NEW)

    def broken(self, at):
        failed = (
            'http_server_request_duration_seconds_count{namespace="$space",http_response_status_code="503"}'
        )
        return at.value(f"sum(rate({failed}[5s]))") > 1


class StuckRollout(Rollback):
    """The new image never becomes ready, and its deadline passes."""

    name = "stuck_rollout"

    def create(self, at):
        made = deployment(at.space, "cart", **self.size)
        made["spec"]["progressDeadlineSeconds"] = 4
        at.create(made)

    def spoil(self, at):
        at.kubelet.inject(NotReady(), namespace=at.space, image=NEW)
        at.release("cart", image=NEW)


class ImageAfterChange(Rollback):
    """A tag that nobody pushed."""

    name = "image_pull_backoff"

    def spoil(self, at):
        at.release("cart", image="shop/no-such-image:2")


class ConfigAfterChange(Case):
    """The template refers to a ConfigMap that is not there: it reads the one before again."""

    name = "config_error_after_change"
    impact = "medium"

    def create(self, at):
        at.create(config_map(at.space, "settings-1", MODE="old"))
        made = deployment(at.space, "cart", **self.size)
        made["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [
            {"configMapRef": {"name": "settings-1"}}
        ]
        at.create(made)

    def spoil(self, at):
        at.release("cart", envFrom=[{"configMapRef": {"name": "settings-2"}}])

    def expected(self, at):
        web = {"name": "web", "envFrom": [{"configMapRef": {"name": "settings-1"}}]}
        body = {"spec": {"template": {"spec": {"containers": [web]}}}}
        return [Write("patch", "deployments", "cart", body)]


class AutoscalerAtMaximum(Case):
    """Load for nine pods, and no more than eight are allowed."""

    name = "hpa_at_maximum"
    size: ClassVar = {"replicas": 8, "cpu": "100m"}
    LOAD_M = 450  # thousandths of a core, shared by the pods; at 50 % of 100 m that is nine pods

    def create(self, at):
        super().create(at)
        self.goes_on(at)
        made = autoscaler(at.space, "cart", low=8, high=12)
        # one pod at a time, so that it sees what the last one changed before it asks for the next
        one = {"type": "Pods", "value": 1, "periodSeconds": 15}
        made["spec"]["behavior"] = {"scaleUp": {"policies": [one]}}
        at.create(made)

    def ready(self, at):
        scaler = at.api.get("HorizontalPodAutoscaler", at.space, "cart")
        return at.is_complete() and scaler.get("status", {}).get("desiredReplicas") == 8

    def goes_on(self, at):
        pods = max(len(at.pods("cart")), 1)
        load = self.LOAD_M if at.notes.get("busy") else 50 * pods
        at.kubelet.metrics.use(at.space, "cart", cpu=f"{load // pods}m")

    def spoil(self, at):
        at.edit("HorizontalPodAutoscaler", "cart", {"spec": {"maxReplicas": 8}})
        at.notes["busy"] = True

    def also_blamed(self, at):
        return (f"HorizontalPodAutoscaler/{at.space}/cart",)

    def broken(self, at):
        return len(at.pods("cart")) < 9

    def expected(self, at):
        return [Write("patch", "horizontalpodautoscalers", "cart", {"spec": {"maxReplicas": 10}})]


class PendingPods(Case):
    """Something more important took the room on the only node that they may run on."""

    name = "pending_pods"

    def create(self, at):
        pool = at.notes["pool"] = f"{at.space}-pool"
        at.notes["world"].add_node(pool, taint=pool, cpu="2", labels={"pool": pool})
        strategy = {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}
        made = pooled(deployment(at.space, "cart", replicas=3, cpu="400m"), pool)
        made["spec"]["strategy"] = strategy
        at.create(made)
        at.api.ensure(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": "more-important"},
                "value": 1000,
            }
        )

    def spoil(self, at):
        # 3 x 400 + 900 = 2100 of 2000: one pod has to go, and finds 300 free
        other = deployment(at.space, "other", replicas=1, cpu="900m", priorityClassName="more-important")
        at.create(pooled(other, at.notes["pool"]))

    def expected(self, at):
        return [Write("patch", "deployments", "cart", container({"requests": {"cpu": "300m"}}))]


def pooled(made, pool):
    """A Deployment whose pods run in one pool of nodes alone."""
    spec = made["spec"]["template"]["spec"]
    spec["nodeSelector"] = {"pool": pool}
    spec["tolerations"] = [{"key": "pool", "value": pool, "effect": "NoSchedule"}]
    return made


class FailedJob(Case):
    """Its input was not there yet: it is run once more."""

    name = "failed_job"
    impact = "medium"
    target = "Job/report"

    def create(self, at):
        at.kubelet.inject(
            Crash(exit_code=2), namespace=at.space, labels={"batch.kubernetes.io/job-name": "report"}
        )

    def ready(self, at):
        return True

    def spoil(self, at):
        at.create(job(at.space, "report", backoff_limit=0))

    def broken(self, at):
        return not any(one.get("status", {}).get("succeeded") for one in at.api.list("Job", at.space))

    def expected(self, at):
        name = next(
            (
                one["metadata"]["name"]
                for one in at.api.list("Job", at.space)
                if one["metadata"]["name"] != "report"
            ),
            "nothing was run again",
        )
        return [Write("create", "jobs", name, Rerun("report"))]


class Rerun:
    """In an expected body: the second run of a Job, with no retries."""

    def __init__(self, job):
        self.job = job

    def __eq__(self, body):
        marked = body["metadata"]["annotations"] == {"aiops.dev/rerun-of": self.job}
        return marked and body["spec"]["backoffLimit"] == 0

    __hash__ = None

    def __repr__(self):
        return f"a second run of {self.job}"


class DiskFilling(Case):
    """A volume of one GiB is nearly full; twice as large it is as full as it was."""

    name = "disk_filling"

    def create(self, at):
        at.create(claim(at.space, "data", "1Gi"))
        made = deployment(at.space, "cart", replicas=1)
        spec = made["spec"]["template"]["spec"]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        spec["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        at.create(made)
        at.notes["volume"] = at.telemetry.volume(at.space, "data", 420)

    def spoil(self, at):
        at.notes["volume"].used_mib = 860

    def also_blamed(self, at):
        return (f"PersistentVolumeClaim/{at.space}/data",)

    def broken(self, at):
        used = 'kubelet_volume_stats_used_bytes{namespace="$space"}'
        return at.value(f'{used} / kubelet_volume_stats_capacity_bytes{{namespace="$space"}}') > 0.8

    def expected(self, at):
        body = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        return [Write("patch", "persistentvolumeclaims", "data", body)]


class BudgetDeadlock(Case):
    """A person empties a node, and the budget lets none of the pods go: there is one more."""

    name = "pdb_deadlock"
    size: ClassVar = {"replicas": 2}

    def create(self, at):
        super().create(at)
        at.create(budget(at.space, "cart", min_available=2))
        if not at.twin:
            at.notes["world"].add_node(f"{at.space}-old")

    def spoil(self, at):
        if not at.twin:
            cordoned = {"spec": {"unschedulable": True}}
            at.api.patch("Node", None, f"{at.space}-old", cordoned, fieldManager="kubectl-cordon")

    def also_blamed(self, at):
        return (f"PodDisruptionBudget/{at.space}/cart",)

    def broken(self, at):
        status = at.api.get("PodDisruptionBudget", at.space, "cart")["status"]
        return status["disruptionsAllowed"] == 0

    def expected(self, at):
        return [Write("patch", "deployments", "cart", {"spec": {"replicas": 3}})]


class Evicted(Case):
    """A node evicted two pods; they were replaced, and what is left of them hides what matters."""

    name = "evicted"
    impact = "low"

    def spoil(self, at):
        oldest = sorted(  # as they are cleared away: one may be a second older than another
            (one["metadata"] for one in at.pods("cart")),
            key=lambda one: (one["creationTimestamp"], one["name"]),
        )
        pods = at.notes["pods"] = [one["name"] for one in oldest[:2]]
        for pod in pods:
            at.kubelet.evict(at.space, pod)

    def broken(self, at):
        return any(one["status"].get("reason") == "Evicted" for one in at.api.list("Pod", at.space))

    def expected(self, at):
        return [Write("delete", "pods", pod) for pod in at.notes["pods"]]


ASKED = (
    CrashAfterRollout(),
    ErrorsAfterDeploy(),
    StuckRollout(),
    ImageAfterChange(),
    ConfigAfterChange(),
    AutoscalerAtMaximum(),
    PendingPods(),
    FailedJob(),
    DiskFilling(),
    BudgetDeadlock(),
    Evicted(),
)
