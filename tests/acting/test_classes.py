"""Each class of incident: injected into the control plane, acted upon, verified, closed; with acting off it stays.

M9, E1 and the positive controls of issue 4. The audit log of the API server says what was done.
"""

import pytest

from tests.acting.stage import Stage
from tests.controlplane.faults import Crash
from tests.controlplane.objects import deployment, is_complete

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def stage(control_plane, service_account, namespace, tmp_path, kubelet):
    with Stage(control_plane, service_account, namespace, tmp_path) as made:
        yield made


def test_the_one_pod_that_crashes_is_replaced(stage, kubelet, audit):
    stage.api.create(deployment(stage.namespace, "cart", replicas=4))
    stage.api.wait("Deployment", stage.namespace, "cart", is_complete)
    since = audit.now()
    with stage.daemon() as daemon:
        stage.calm(daemon)
        pod = stage.api.list("Pod", stage.namespace)[0]
        kubelet.inject(Crash(), uids=frozenset({pod["metadata"]["uid"]}))
        kubelet.restart(stage.namespace, pod["metadata"]["name"])
        daemon.wait_for("incident_opened", 40)
        daemon.wait_for("step_ended", 90, result="verified")
    done = [
        (one.verb, one.subresource, one.name)
        for one in audit.mutating(namespace=stage.namespace, since=since, user_agent="aiops/", dry_run=False)
    ]
    assert done == [("create", "eviction", pod["metadata"]["name"])]
