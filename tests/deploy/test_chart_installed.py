"""The chart in a real API server, by Helm's own code: installed, raised, rolled back, gone (B3)."""

import itertools
import time

import helm_python as helm
import pytest

from tests.controlplane.api import Api, ApiError
from tests.controlplane.identities import token
from tests.controlplane.storage import CLASS
from tests.deploy.charts import CHART
from tests.integration.test_rbac import REVIEW

pytestmark = [pytest.mark.integration, pytest.mark.slow]
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding")
IN_NAMESPACE = ("Deployment", "ConfigMap", "Service", "ServiceAccount", "Role", "RoleBinding")
BARE = {"persistence": {"storageClass": CLASS}}  # of the simulated nodes
_numbers = itertools.count()


class Release:
    """One release in a namespace of its own, under the strictest Pod Security."""

    def __init__(self, plane):
        self.plane, self.api = plane, plane.api
        number = next(_numbers)
        self.home, self.shop, self.name = f"chart-{number}", f"chart-shop-{number}", f"aiops-{number}"
        strict = {"pod-security.kubernetes.io/enforce": "restricted"}
        for space, labels in ((self.home, strict), (self.shop, {"aiops.dev/opt-in": "true"})):
            meta = {"name": space, "labels": labels}
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        self.config = helm.Config(kubeconfig_path=str(plane.kubeconfig), namespace=self.home)

    def acting(self):
        scopes = [{"namespace": self.shop, "mode": "ask", "playbook": "memory-leak"}]
        return {**BARE, "mode": "ask", "config": {"policy": {"scopes": scopes}}}

    def may(self, verb, group, resource, namespace):
        """Whether the ServiceAccount that the chart made may."""
        key = token(self.api, self.home, self.name)
        own = Api.of(self.plane.write_kubeconfig(self.name, {"token": key}, ""))
        about = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
        spec = {"resourceAttributes": about}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
        return own.call("POST", REVIEW, body)["status"]["allowed"]

    def left(self):
        """What bears the release's name, in its namespace or the cluster."""
        names = [f"{self.name}{suffix}" for suffix in ("", "-read", "-write", "-write-nodes")]
        spaces = {**dict.fromkeys(CLUSTER_WIDE), **dict.fromkeys(IN_NAMESPACE, self.home)}
        return [
            f"{kind} {name}"
            for kind, space in spaces.items()
            for name in names
            if self.api.find(kind, space, name) is not None
        ]

    def close(self):
        with helm_gone():
            self.config.uninstall(self.name)
        self.config.close()
        for space in (self.home, self.shop):
            self.api.delete("Namespace", None, space)


class helm_gone:  # noqa: N801 - reads as a statement
    """A release that is gone already is gone."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        return kind is not None and issubclass(kind, helm.HelmError)


@pytest.fixture
def release(control_plane):
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: no pod of the chart could start there")
    made = Release(control_plane)
    yield made
    made.close()


def available(release, within_s=30.0):
    """Whether the API server lets the pod in, and the (simulated) kubelet starts it."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        status = release.api.get("Deployment", release.home, release.name).get("status", {})
        if status.get("updatedReplicas") == status.get("readyReplicas") == 1:
            return True
        time.sleep(0.2)
    events = [
        one["message"]
        for one in release.api.call("GET", f"/api/v1/namespaces/{release.home}/events")["items"]
    ]
    raise AssertionError(f"{status}: {events[-5:]}")


def test_it_is_installed_raised_rolled_back_and_taken_away(release):
    config, name = release.config, release.name
    patch = "patch", "apps", "deployments", release.shop

    config.install(str(CHART), name, BARE)
    assert available(release)
    assert release.may("list", "", "pods", release.shop)
    assert not release.may(*patch)  # after install it changes nothing, and could not

    config.upgrade(str(CHART), name, release.acting())
    assert available(release)
    assert release.may(*patch)
    assert not release.may("patch", "apps", "deployments", release.home)
    assert not release.may("delete", "", "pods", release.shop)  # no step of that playbook needs it

    config.rollback(name)
    assert available(release)
    assert not release.may(*patch)

    assert len(release.left()) >= 8
    config.uninstall(name)
    assert release.left() == []
    assert release.api.find("PersistentVolumeClaim", release.home, name) is not None  # the journal stays


def test_the_namespace_would_refuse_a_pod_that_is_less_restricted(release):
    """The control: Pod Security judges here."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loose", "namespace": release.home}}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        release.api.create({**pod, "spec": {"containers": [{"name": "a", "image": "a:1"}]}})
