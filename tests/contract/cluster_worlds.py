"""The two worlds of the cluster contract: the fake, and an API server of their own kind for each test.

A world makes objects as a person does, and says what was committed: the fake by its list, the real one by the
API server's audit log, never by our own word.
"""

import re
import socket
from contextlib import contextmanager

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.evidence import Capture
from aiops.adapters.kubernetes.writer import Writer
from aiops.model import Access, Change, ChangeVerb, EvidenceSettings, KubernetesSettings, Target
from tests.controlplane.apiproxy import Drop, LoseAnswer, refusal
from tests.fakes.cluster import FakeCluster, Fault

AGENT = re.compile(r"aiops/\S+ intent/(\S+) term/(\d+)$")
TEMPLATE = {
    "metadata": {"labels": {"app": "cart"}, "annotations": {"team": "shop"}},
    "spec": {
        "containers": [
            {
                "name": "web",
                "image": "shop/cart:2",
                "env": [{"name": "MODE", "value": "new"}, {"name": "ADDED", "value": "1"}],
                "resources": {"limits": {"memory": "256Mi"}, "requests": {"memory": "128Mi"}},
            },
            {"name": "added", "image": "shop/added:1"},
        ]
    },
}
OLD_TEMPLATE = {
    "metadata": {"labels": {"app": "cart"}},
    "spec": {
        "containers": [
            {"name": "web", "image": "shop/cart:1", "env": [{"name": "MODE", "value": "old"}]},
        ]
    },
}
FAULTS = {"lose": LoseAnswer(), "drop": Drop(), "throttle": refusal(429, "TooManyRequests", Retry_After="7")}
SCRIPTED = {"lose": Fault.LOSE_ANSWER, "drop": Fault.NEVER_ARRIVE, "throttle": Fault.THROTTLE}
METHODS = {
    ChangeVerb.PATCH: "PATCH",
    ChangeVerb.DELETE: "DELETE",
    ChangeVerb.CREATE: "POST",
    ChangeVerb.EVICT: "POST",
}


class World:
    """What both have in common."""

    namespace = "shop"

    def deployment(self, name="cart", replicas=0):
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "cart"}}, "template": TEMPLATE}
        return self.make("Deployment", name, {"metadata": {"annotations": {"team": "shop"}}, "spec": spec})

    def job(self, name):
        template = {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "web", "image": "shop/job:1"}]}
        }
        return self.target("Job", name), {"spec": {"backoffLimit": 0, "suspend": True, "template": template}}

    def target(self, kind, name):
        return Target(kind, "" if kind == "Node" else self.namespace, name)

    def bound(self, target, patch=None, verb=ChangeVerb.PATCH):
        """A change bound to the object as it is now."""
        meta = self.read(target)["metadata"]
        version = meta["resourceVersion"] if verb is ChangeVerb.PATCH else None
        return Change(target, version, patch or {}, meta["uid"], verb)

    def one_of_each(self):
        """One change of each verb, on objects that are there, all allowed."""
        job, body = self.job("rerun")
        return {
            ChangeVerb.PATCH: self.bound(self.deployment(), {"spec": {"paused": True}}),
            ChangeVerb.EVICT: self.bound(self.pod("evicted", {"app": "evicted"}), verb=ChangeVerb.EVICT),
            ChangeVerb.DELETE: self.bound(self.pod("deleted", {"app": "deleted"}), verb=ChangeVerb.DELETE),
            ChangeVerb.CREATE: Change(job, None, body, None, ChangeVerb.CREATE),
        }


class FakeWorld(World):
    """Objects in memory."""

    def __init__(self):
        self.cluster = FakeCluster()

    def make(self, kind, name, body):
        target = self.target(kind, name)
        self.cluster.put(target, body)
        return target

    def pod(self, name, labels, phase="Running"):
        return self.make("Pod", name, {"metadata": {"labels": labels}, "status": {"phase": phase}})

    def node(self, name, taints=()):
        return self.make("Node", name, {"spec": {"taints": list(taints)} if taints else {}})

    def read(self, target):
        return self.cluster.objects.get(target)

    def edit(self, target, patch):
        self.cluster.edit(target, patch)

    def report(self, target, status):
        self.cluster.edit(target, {"status": status})

    def remove(self, target):
        self.cluster.remove(target)

    def budget(self, name, labels, allowed):
        self.cluster.budget(name, self.namespace, labels, allowed)

    def commits(self):
        return [(one.verb, one.target.name, one.intent, one.term) for one in self.cluster.commits]

    @contextmanager
    def spoiled(self, how, verb):
        self.cluster.script(SCRIPTED[how])
        yield

    @contextmanager
    def unreachable(self):
        self.cluster.down = True
        yield self.cluster
        self.cluster.down = False

    def without_rights(self):
        self.cluster.forbidden = {(verb.value, kind) for verb in ChangeVerb for kind in ("Deployment", "Pod")}
        return self.cluster


class Hands:
    """What acts on the real API server."""

    def __init__(self, kubeconfig, read_timeout_s=5, evidence=EvidenceSettings()):  # noqa: B008 - frozen
        settings = KubernetesSettings(
            access=Access.KUBECONFIG,
            kubeconfig=str(kubeconfig),
            connect_timeout_s=2,
            read_timeout_s=read_timeout_s,
        )
        api = connect(settings)
        writer = Writer(api)
        self.send, self.look = writer.send, writer.look
        self.capture = Capture(api, evidence).capture


class RealWorld(World):
    """An API server behind a proxy that spoils what it is told to."""

    def __init__(self, plane, namespace, audit, proxy, service_account, nodes):
        self.plane, self.namespace, self.proxy = plane, namespace, proxy
        self.api, self._audit, self._since = plane.api, audit, audit.now()
        self._service_account = service_account
        self._nodes = nodes
        self.cluster = Hands(proxy.kubeconfig(plane.kubeconfig))

    def make(self, kind, name, body):
        target = self.target(kind, name)
        version = {"Deployment": "apps/v1", "Job": "batch/v1"}.get(kind, "v1")
        meta = {**body.get("metadata", {}), "name": name}
        if target.namespace:
            meta["namespace"] = target.namespace
        self.api.create({**body, "apiVersion": version, "kind": kind, "metadata": meta})
        if kind == "Deployment":  # its controller writes the annotation of the revision, and then rests
            self._settled(target)
        return target

    def bound(self, target, patch=None, verb=ChangeVerb.PATCH):
        if target.kind == "Deployment":  # its controller must not change the version behind our back
            self._settled(target)
        return super().bound(target, patch, verb)

    def _settled(self, target):
        self.api.wait(
            "Deployment",
            self.namespace,
            target.name,
            lambda one: (
                one.get("status", {}).get("observedGeneration") == one["metadata"]["generation"]
                and "deployment.kubernetes.io/revision" in one["metadata"].get("annotations", {})
            ),
        )

    def pod(self, name, labels, phase="Running"):
        """A pod that no kubelet touches: on a node that is nobody's, with the status written by hand."""
        spec = {
            "nodeName": "nowhere",
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "web", "image": "shop/cart:1"}],
        }
        target = self.make("Pod", name, {"metadata": {"labels": labels}, "spec": spec})
        ready = {"type": "Ready", "status": "True" if phase == "Running" else "False"}
        status = {"status": {"phase": phase, "conditions": [ready]}}
        self.api.patch("Pod", self.namespace, name, status, "status")
        return target

    def node(self, name, taints=()):
        """One of the healthy nodes: what is not ready is tainted by its controller at any moment."""
        target = self.target("Node", self._nodes[0])
        self.edit(target, {"spec": {"taints": list(taints) or None}})
        return target

    def read(self, target):
        return self.api.find(target.kind, target.namespace or None, target.name)

    def edit(self, target, patch):
        self.api.patch(target.kind, target.namespace or None, target.name, patch)

    def report(self, target, status):
        """A controller writes the status; ours of the tests sets it right again, sooner or later."""
        self.api.patch(target.kind, target.namespace, target.name, {"status": status}, "status")

    def remove(self, target):
        self.api.delete(target.kind, target.namespace or None, target.name)
        self.api.wait_gone(target.kind, target.namespace or None, target.name)

    def budget(self, name, labels, allowed):
        """``allowed`` pods more than are wanted; returns once its controller has counted."""
        pods = self.api.list(
            "Pod", self.namespace, labelSelector=",".join("=".join(one) for one in labels.items())
        )
        spec = {"selector": {"matchLabels": labels}, "minAvailable": len(pods) - allowed}
        meta = {"name": name, "namespace": self.namespace}
        self.api.create(
            {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": spec}
        )
        self.api.wait(
            "PodDisruptionBudget",
            self.namespace,
            name,
            lambda one: (
                one.get("status", {}).get("currentHealthy") == len(pods)
                and one["status"]["disruptionsAllowed"] == allowed
            ),
        )

    def commits(self):
        return [
            ("evict" if one.subresource == "eviction" else one.verb, one.name, mark[1], int(mark[2]))
            for one in self._audit.mutating(since=self._since, user_agent="aiops/")
            if one.succeeded and not one.dry_run and (mark := AGENT.fullmatch(one.user_agent))
        ]

    @contextmanager
    def spoiled(self, how, verb):
        rule = self.proxy.inject(FAULTS[how], method=METHODS[verb], times=1)
        yield
        assert rule.hits == 1
        self.proxy.heal()

    @contextmanager
    def unreachable(self):
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        place = self.proxy.kubeconfig(self.plane.kubeconfig)
        text = place.read_text().replace(self.proxy.url, f"https://127.0.0.1:{port}")
        elsewhere = place.with_suffix(".nowhere")
        elsewhere.write_text(text)
        yield Hands(elsewhere)

    def without_rights(self):
        return Hands(self._service_account("powerless"))
