"""Patches, drawn at random, on a real API server: what it makes of them holds by our account of it, and the
fake makes the same of them."""

import numpy as np
import pytest

from aiops.adapters.kubernetes.written import holds
from tests.contract.cluster_worlds import RealWorld
from tests.fakes.patching import merged

pytestmark = pytest.mark.integration
NAMES = ("web", "added", "new")
QUANTITIES = ("64Mi", "0.5Gi", "1024Mi", "1Gi", "268435456", "1e9", "0.25G")
CPUS = ("100m", "0.1", "1", "1000m", "0.5")


class Draw:
    """Patches of a Deployment that the server may take."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def maybe(self, share=0.5):
        return self.random.random() < share

    def of(self, options):
        return options[int(self.random.integers(len(options)))]

    def container(self, name):
        found = {"name": name, "image": f"shop/{name}:{self.random.integers(3)}"}
        if self.maybe():
            found["env"] = [
                {"name": key, "value": str(self.random.integers(3))}
                for key in ("MODE", "ADDED", "X")
                if self.maybe()
            ]
        if self.maybe():
            amount = self.of(QUANTITIES)
            found["resources"] = {
                "limits": {"memory": amount, "cpu": self.of(CPUS)},
                "requests": {"memory": amount, "cpu": "1m"},
            }
        if self.maybe(0.3):
            found["terminationMessagePolicy"] = self.of(("File", "FallbackToLogsOnError"))
        if self.maybe(0.3):
            ports = [8080, 8081, 8082][: int(self.random.integers(1, 4))]
            found["ports"] = [{"containerPort": port, "name": f"p{port}"} for port in ports]
        return found

    def patch(self):
        spec, meta = {}, {}
        if self.maybe():
            spec["paused"] = self.of((True, False, None))
        if self.maybe():
            spec["minReadySeconds"] = self.of((0, 5, None))
        if self.maybe():
            spec["replicas"] = self.of((0, 2))
        if self.maybe():
            meta["annotations"] = {"team": self.of(("a", None)), "other": self.of(("b", None))}
        if self.maybe(0.8):
            spec["template"] = self.template()
        return {key: value for key, value in (("spec", spec), ("metadata", meta)) if value}

    def template(self):
        names = [name for name in NAMES if self.maybe()] or ["web"]
        containers = [self.container(name) for name in names]
        if self.maybe(0.3):
            labels = {"app": "cart"}
            return {"$patch": "replace", "metadata": {"labels": labels}, "spec": {"containers": containers}}
        if self.maybe(0.3) and "added" not in names:
            containers.append({"name": "added", "$patch": "delete"})
        notes = {
            "team": self.of(("x", None)),
            "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00+00:00",
        }
        return {"metadata": {"annotations": notes}, "spec": {"containers": containers}}


def told(found):
    """What a person wrote, without what the server fills in."""
    spec, template = found["spec"], found["spec"]["template"]
    notes = template["metadata"].get("annotations") or {}
    return {
        "switches": [spec.get(key) or 0 for key in ("paused", "minReadySeconds", "replicas")],
        "annotations": {key: found["metadata"]["annotations"].get(key) for key in ("team", "other")},
        "template": notes,
        "containers": {
            one["name"]: (
                one["image"],
                {env["name"]: env.get("value", "") for env in one.get("env", [])},
                sorted(port["containerPort"] for port in one.get("ports", [])),
                one.get("terminationMessagePolicy", "File"),
            )
            for one in template["spec"]["containers"]
        },
    }


@pytest.fixture
def cart(control_plane, namespace, audit, api_proxy, service_account, nodes):
    world = RealWorld(control_plane, namespace, audit, api_proxy, service_account, nodes)
    return world, world.deployment()


@pytest.mark.parametrize("seed", range(4))
def test_what_the_server_makes_of_a_patch_holds_and_the_fake_makes_the_same(cart, seed):
    world, target = cart
    draw, taken = Draw(seed), 0
    found = world.read(target)
    for _ in range(60):
        patch = draw.patch()
        if not patch:
            continue
        result = world.api.patch("Deployment", world.namespace, target.name, patch, dryRun="All")
        taken += 1
        assert holds(patch, result), patch
        assert told(merged(found, patch)) == told(result), patch
        changed = {**result, "spec": {**result["spec"], "minReadySeconds": 99}}
        if "minReadySeconds" in patch.get("spec", {}):
            assert not holds(patch, changed)
    assert taken >= 40
