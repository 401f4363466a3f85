"""Fixtures over the control plane; ``tests/conftest.py`` gives them to every test.

One control plane a pytest process, started by the first test that asks: two of them under ``-n 2``, so
that a test may kill its API server or its nodes without harm to the other worker's.
"""

import contextlib
import hashlib
import itertools
import os

import pytest

from tests.controlplane import binaries, identities, pki
from tests.controlplane.apiproxy import ApiProxy
from tests.controlplane.existing import Existing
from tests.controlplane.plane import ControlPlane

OPT_IN = "aiops.dev/opt-in"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory):
    """The ControlPlane (or the Existing cluster of AIOPS_TEST_KUBECONFIG) of this pytest process."""
    if os.environ.get("AIOPS_TEST_KUBECONFIG"):
        yield Existing(tmp_path_factory.mktemp("existing-cluster"))
        return
    try:
        binaries.find()
        if not pki.is_possible():
            raise binaries.NotBuiltError("openssl is not on PATH: apt-get install openssl")
    except binaries.NotBuiltError as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture
def special_plane(control_plane, tmp_path_factory):
    """Starts a ControlPlane with Options of its own: ``special_plane(Options(watch_cache=False))``."""
    _own(control_plane, "a control plane with other options")
    with contextlib.ExitStack() as stack:
        yield lambda options: stack.enter_context(
            ControlPlane(tmp_path_factory.mktemp("control-plane"), options)
        )


@pytest.fixture
def own_plane(control_plane):
    """The ControlPlane, for tests that kill its parts; they skip where it is somebody's existing cluster."""
    return _own(control_plane, "killing parts of the control plane")


@pytest.fixture
def api(control_plane):
    """An Api with the administrator's rights: the hand of a person."""
    return control_plane.api


@pytest.fixture
def namespace(control_plane, request):
    """Name of a fresh namespace, opted in; it is deleted afterwards."""
    seed = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]
    name = f"t-{next(_numbers)}-{seed}"
    new_namespace(control_plane.api, name)
    yield name
    control_plane.api.delete("Namespace", None, name)


def new_namespace(api, name, opted_in=True, **labels):
    """Make a namespace and wait until pods may be created in it."""
    labels = {**labels, **({OPT_IN: "true"} if opted_in else {})}
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    api.wait("ServiceAccount", name, "default", bool)


@pytest.fixture
def audit(control_plane):
    """The audit log of the API server; ``audit.now()`` gives the place to count from."""
    return _own(control_plane, "the audit log").audit


@pytest.fixture
def kubelet(control_plane):
    """The simulated kubelet, for injecting faults; all are healed afterwards, of containers and of nodes."""
    kubelet = _own(control_plane, "the simulated kubelet").kubelet
    kubelet.mishaps.take()
    yield kubelet
    kubelet.heal_all()
    kubelet.heal_nodes()
    kubelet.telemetry.forget()
    if mishaps := kubelet.mishaps.take():
        pytest.fail("the simulated kubelet went wrong:\n" + "\n".join(mishaps))


@pytest.fixture
def nodes(control_plane):
    """Names of the simulated nodes, one in each of the zones a, b, c; uncordoned and untainted afterwards."""
    plane = _own(control_plane, "simulated nodes")
    for shape in plane.options.nodes:  # another test may have taken one away, object and all
        if plane.api.find("Node", None, shape.name) is None:
            plane.kubelet.add_node(shape)
    yield tuple(shape.name for shape in plane.options.nodes)
    for shape in plane.options.nodes:
        _put_right(plane.api, shape)


@pytest.fixture
def service_account(control_plane, namespace):
    """Makes ServiceAccounts: ``service_account("aiops", [rule("get list", "pods")])`` gives a kubeconfig."""
    made = []

    def make(name, rules=(), cluster_rules=(), server=""):
        made.append(name)
        return identities.service_account(control_plane, namespace, name, rules, cluster_rules, server)

    yield make
    for kind, name in itertools.product(("ClusterRoleBinding", "ClusterRole"), made):
        if control_plane.api.find(kind, None, f"{namespace}-{name}") is not None:
            control_plane.api.delete(kind, None, f"{namespace}-{name}")


@pytest.fixture
def api_proxy(control_plane):
    """An ApiProxy before the API server, for tests of lost answers, refusals, silence."""
    with ApiProxy(_own(control_plane, "a proxy with its certificate")) as proxy:
        yield proxy


def _put_right(api, shape):
    """A node as it was registered: schedulable, without taints, foreign labels and marks of a daemon."""
    meta = api.get("Node", None, shape.name)["metadata"]
    strange = {key: None for key in meta.get("annotations", {}) if key.startswith("aiops.dev/")}
    labels = dict.fromkeys(meta["labels"]) | shape.full_labels
    body = {"metadata": {"annotations": strange, "labels": labels}}
    api.patch("Node", None, shape.name, {**body, "spec": {"unschedulable": None, "taints": None}})


def _own(plane, what):
    if not hasattr(plane, "kubelet"):
        pytest.skip(f"needs {what}, and AIOPS_TEST_KUBECONFIG names an existing cluster")
    return plane
