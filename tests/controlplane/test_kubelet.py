"""The simulated kubelet: each fault is seen as a real cluster would show it, and heals as there."""

import time

import pytest

from tests.controlplane.faults import (
    ANNOTATION,
    RUN_S,
    Crash,
    NeverStarts,
    NotReady,
    OomKill,
    SlowStart,
    SlowStop,
)
from tests.controlplane.objects import (
    autoscaler,
    claim,
    cron_job,
    daemon_set,
    deployment,
    is_complete,
    job,
    service,
    stateful_set,
    waiting_reason,
)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kubelet")]


@pytest.fixture
def cart(api, namespace):
    """Creates a Deployment ``cart``; its first pod, by name, once there is one."""

    def create(**chosen):
        api.create(deployment(namespace, "cart", **{"replicas": 1, **chosen}))
        return first_pod(api, namespace)

    return create


def first_pod(api, namespace):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if pods := api.list("Pod", namespace):
            return pods[0]["metadata"]["name"]
        time.sleep(0.05)
    raise AssertionError("no pod")


def container(pod):
    return pod["status"]["containerStatuses"][0]


def wait_waiting(api, namespace, name, reason):
    return api.wait("Pod", namespace, name, lambda pod: waiting_reason(pod) == reason)


def events(api, namespace, reason, about=None):
    """The kubelet's events of a reason, once there are some: they are written behind its back."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        found = [one for one in api.list("Event", namespace) if one["reason"] == reason]
        ours = [one for one in found if one["source"].get("component") == "kubelet"]
        if about is not None:
            ours = [one for one in ours if one["involvedObject"]["name"] == about]
        if ours:
            return ours
        time.sleep(0.05)
    raise AssertionError(f"no event {reason} within 5 s")


def wait_complete(api, namespace, name="cart"):
    return api.wait("Deployment", namespace, name, is_complete)


def test_a_deployment_runs_within_seconds(api, namespace, cart):
    cart(replicas=3)
    assert wait_complete(api, namespace)["status"]["readyReplicas"] == 3
    assert {pod["status"]["phase"] for pod in api.list("Pod", namespace)} == {"Running"}


def test_a_crash_loop_shows_its_exit_code_and_restarts_and_ends_when_healed(api, namespace, kubelet, cart):
    crash = kubelet.inject(Crash(exit_code=3, message="no database"), namespace=namespace)
    pod = wait_waiting(api, namespace, cart(), "CrashLoopBackOff")
    ended = container(pod)["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (3, "Error", "no database")
    assert container(pod)["restartCount"] >= 1
    assert [one["type"] for one in events(api, namespace, "BackOff")] == ["Warning"]
    kubelet.heal(crash)
    wait_complete(api, namespace)


def test_a_crash_may_end_by_itself_after_some_restarts(api, namespace, kubelet, cart):
    kubelet.inject(Crash(), namespace=namespace, restarts_below=2)
    name = cart()
    wait_complete(api, namespace)
    assert container(api.get("Pod", namespace, name))["restartCount"] == 2


def test_a_fault_in_a_templates_annotation_goes_with_the_rollback(api, namespace, cart):
    cart()
    wait_complete(api, namespace)
    metadata = {"annotations": {ANNOTATION: '[{"fault": "crash", "exit_code": 9}]'}}
    api.patch("Deployment", namespace, "cart", {"spec": {"template": {"metadata": metadata}}})
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("unavailableReplicas") == 1)
    metadata = {"annotations": {ANNOTATION: None}}
    api.patch("Deployment", namespace, "cart", {"spec": {"template": {"metadata": metadata}}})
    wait_complete(api, namespace)


def test_a_wrong_annotation_is_told_not_swallowed(api, namespace, kubelet, cart):
    cart(annotations={ANNOTATION: '[{"fault": "crsh"}]'})
    until = time.monotonic() + 5
    while not (told := kubelet.mishaps.take()) and time.monotonic() < until:
        time.sleep(0.05)
    assert "expected fault to be one of ['crash'" in told[0]
    wait_complete(api, namespace)  # and the pod lives on without a fault
    kubelet.mishaps.take()


def test_an_image_that_is_not_there_is_backed_off_from(api, namespace, cart):
    name = cart(image="shop/no-such-image:2")
    wait_waiting(api, namespace, name, "ImagePullBackOff")
    assert 'Failed to pull image "shop/no-such-image:2"' in events(api, namespace, "Failed")[0]["message"]


def test_a_higher_memory_limit_ends_the_oom_kills(api, namespace, kubelet, cart):
    kubelet.inject(OomKill(), namespace=namespace, memory_below="512Mi")
    name = cart(memory="511Mi")
    pod = wait_waiting(api, namespace, name, "CrashLoopBackOff")
    assert container(pod)["lastState"]["terminated"]["reason"] == "OOMKilled"
    assert events(api, "default", "OOMKilling", about=pod["spec"]["nodeName"])
    room = {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}
    template = {"spec": {"containers": [{"name": "web", "resources": room}]}}
    api.patch("Deployment", namespace, "cart", {"spec": {"template": template}})
    wait_complete(api, namespace)


def test_limits_raised_in_place_are_taken_over_by_the_pod_as_it_runs(api, namespace, kubelet, cart):
    name = cart(memory="256Mi")
    wait_complete(api, namespace)
    room = {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}
    api.patch(
        "Pod", namespace, name, {"spec": {"containers": [{"name": "web", "resources": room}]}}, "resize"
    )
    pod = api.wait("Pod", namespace, name, lambda pod: container(pod).get("resources") == room)
    assert container(pod)["restartCount"] == 0


def test_a_pod_that_is_not_ready_runs_on_and_its_replacement_is_fine(api, namespace, kubelet, cart):
    cart(replicas=2)
    wait_complete(api, namespace)
    victim = api.list("Pod", namespace)[0]["metadata"]
    kubelet.inject(NotReady(), uids=frozenset({victim["uid"]}))
    deployed = api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("readyReplicas") == 1)
    assert deployed["status"]["unavailableReplicas"] == 1
    assert api.get("Pod", namespace, victim["name"])["status"]["phase"] == "Running"
    assert "statuscode: 503" in events(api, namespace, "Unhealthy")[0]["message"]
    api.delete("Pod", namespace, victim["name"])
    wait_complete(api, namespace)


def test_a_slow_start_is_ready_late_and_not_before(api, namespace, kubelet, cart):
    kubelet.inject(SlowStart(1.0), namespace=namespace)
    name = cart()
    api.wait("Pod", namespace, name, lambda pod: pod["status"]["phase"] == "Running")
    began = time.monotonic()
    wait_complete(api, namespace)
    assert time.monotonic() - began > 0.5


def test_a_pod_that_does_not_stop_is_there_for_its_grace_period(api, namespace, kubelet, cart):
    kubelet.inject(SlowStop(), namespace=namespace)
    name = cart(terminationGracePeriodSeconds=2)
    wait_complete(api, namespace)
    began = time.monotonic()
    api.delete("Pod", namespace, name)
    assert "deletionTimestamp" in api.get("Pod", namespace, name)["metadata"]
    api.wait_gone("Pod", namespace, name)
    assert 1.5 < time.monotonic() - began < 8


def test_a_container_that_never_starts_stays_in_creation(api, namespace, kubelet, cart):
    stuck = kubelet.inject(NeverStarts(), namespace=namespace)
    name = cart()
    wait_waiting(api, namespace, name, "ContainerCreating")
    time.sleep(0.5)
    assert waiting_reason(api.get("Pod", namespace, name)) == "ContainerCreating"
    assert events(api, namespace, "FailedMount")
    kubelet.heal(stuck)
    wait_complete(api, namespace)


def with_env(source):
    return {"env": [{"name": "MODE", "valueFrom": source}]}


@pytest.mark.parametrize(
    ("made_of", "said"),
    [
        ({"configMapKeyRef": {"name": "settings", "key": "mode"}}, 'configmap "settings" not found'),
        ({"secretKeyRef": {"name": "settings", "key": "mode"}}, 'secret "settings" not found'),
    ],
)
def test_a_reference_that_is_missing_is_a_configuration_error_until_it_is_there(
    api, namespace, made_of, said
):
    manifest = deployment(namespace, "cart", replicas=1)
    manifest["spec"]["template"]["spec"]["containers"][0] |= with_env(made_of)
    api.create(manifest)
    pod = wait_waiting(api, namespace, first_pod(api, namespace), "CreateContainerConfigError")
    assert container(pod)["state"]["waiting"]["message"] == said
    kind = "ConfigMap" if "configMapKeyRef" in made_of else "Secret"
    data = {"data": {"mode": "old"}} if kind == "ConfigMap" else {"stringData": {"mode": "old"}}
    metadata = {"name": "settings", "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, **data})
    wait_complete(api, namespace)


def test_a_bad_value_in_a_config_map_crashes_until_the_previous_one_is_named(api, namespace, kubelet):
    for name, mode in (("settings-1", "good"), ("settings-2", "bad")):
        metadata = {"name": name, "namespace": namespace}
        api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mode": mode}})
    kubelet.inject(Crash(), namespace=namespace, env={"MODE": "bad"})
    manifest = deployment(namespace, "cart", replicas=1)
    web = manifest["spec"]["template"]["spec"]["containers"][0]
    web |= with_env({"configMapKeyRef": {"name": "settings-2", "key": "mode"}})
    api.create(manifest)
    wait_waiting(api, namespace, first_pod(api, namespace), "CrashLoopBackOff")
    good = {"name": "web", **with_env({"configMapKeyRef": {"name": "settings-1", "key": "mode"}})}
    api.patch("Deployment", namespace, "cart", {"spec": {"template": {"spec": {"containers": [good]}}}})
    wait_complete(api, namespace)


def test_a_volume_that_is_missing_keeps_the_container_in_creation(api, namespace, cart):
    name = cart(volumes=[{"name": "tls", "secret": {"secretName": "certificate"}}])
    wait_waiting(api, namespace, name, "ContainerCreating")
    assert 'secret "certificate" not found' in events(api, namespace, "FailedMount")[0]["message"]


def test_logs_of_this_run_and_of_the_one_before_come_by_way_of_the_api_server(api, namespace, kubelet, cart):
    kubelet.inject(Crash(log=("panic: no database",)), namespace=namespace, restarts_below=1)
    name = cart()
    wait_complete(api, namespace)
    kubelet.write_log(namespace, name, "one", "two")
    assert api.logs(namespace, name).splitlines()[-2:] == ["one", "two"]
    assert api.logs(namespace, name, tailLines=1) == "two\n"
    assert api.logs(namespace, name, limitBytes=3) == api.logs(namespace, name)[:3]
    assert api.logs(namespace, name, previous=True).splitlines()[-1] == "panic: no database"


def test_an_evicted_pod_stays_behind_and_is_replaced(api, namespace, kubelet, cart):
    name = cart()
    wait_complete(api, namespace)
    kubelet.evict(namespace, name)
    pod = api.wait("Pod", namespace, name, lambda pod: pod["status"]["phase"] == "Failed")
    assert pod["status"]["reason"] == "Evicted"
    wait_complete(api, namespace)
    assert len(api.list("Pod", namespace)) == 2
    api.delete("Pod", namespace, name)
    api.wait_gone("Pod", namespace, name)


def test_a_job_completes(api, namespace):
    api.create(job(namespace, "report"))
    done = api.wait("Job", namespace, "report", lambda one: one["status"].get("succeeded") == 1)
    assert done["status"].get("failed", 0) == 0


def test_a_job_with_a_bad_image_fails_at_its_backoff_limit(api, namespace, kubelet):
    kubelet.inject(Crash(exit_code=2), namespace=namespace, image="report:bad")
    api.create(job(namespace, "report", image="report:bad", backoff_limit=0))
    failed = api.wait("Job", namespace, "report", lambda one: one["status"].get("failed") == 1)
    reasons = {one["reason"] for one in failed["status"].get("conditions", [])}
    assert reasons <= {"BackoffLimitExceeded"}
    api.wait("Job", namespace, "report", lambda one: conditions(one).get("Failed") == "True")


def conditions(one):
    return {condition["type"]: condition["status"] for condition in one["status"].get("conditions", [])}


def test_a_job_runs_as_long_as_it_is_told(api, namespace):
    api.create(job(namespace, "report", annotations={RUN_S: "1.5"}))
    api.wait("Job", namespace, "report", lambda one: one["status"].get("active") == 1)
    began = time.monotonic()
    api.wait("Job", namespace, "report", lambda one: one["status"].get("succeeded") == 1)
    assert time.monotonic() - began > 0.5


def test_an_init_container_comes_first_and_its_failure_keeps_the_others_waiting(
    api, namespace, kubelet, cart
):
    crash = kubelet.inject(Crash(), namespace=namespace, container="migrate")
    name = cart(initContainers=[{"name": "migrate", "image": "shop/migrate:1"}])
    api.wait("Pod", namespace, name, lambda pod: init_restarts(pod) >= 1)
    pod = api.get("Pod", namespace, name)
    assert (pod["status"]["phase"], waiting_reason(pod)) == ("Pending", "ContainerCreating")
    kubelet.heal(crash)
    wait_complete(api, namespace)


def init_restarts(pod):
    return sum(one["restartCount"] for one in pod["status"].get("initContainerStatuses", []))


def test_a_full_volume_crashes_its_pod_until_it_is_expanded(api, namespace, kubelet):
    kubelet.inject(Crash(message="no space left on device"), namespace=namespace, claims_below="2Gi")
    api.create(claim(namespace, "data", "1Gi"))
    manifest = deployment(
        namespace, "db", replicas=1, volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    )
    mounts = [{"name": "d", "mountPath": "/data"}]
    manifest["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts
    api.create(manifest)
    wait_waiting(api, namespace, first_pod(api, namespace), "CrashLoopBackOff")
    room = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    api.patch("PersistentVolumeClaim", namespace, "data", room)
    wait_complete(api, namespace, "db")


def test_an_autoscaler_scales_by_the_usage_that_is_told(api, namespace, kubelet, cart):
    cart(cpu="500m", replicas=2)
    kubelet.metrics.use(namespace, "cart", cpu="490m")
    api.create(autoscaler(namespace, "cart", low=2, high=3))
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("readyReplicas") == 3)


def test_a_stateful_set_has_a_claim_for_each_pod_and_starts_them_in_order(api, namespace):
    api.create(stateful_set(namespace, "db", replicas=2, claims={"data": "1Gi"}))
    api.wait("StatefulSet", namespace, "db", is_complete)
    claims = api.list("PersistentVolumeClaim", namespace)
    assert {one["metadata"]["name"]: one["status"]["phase"] for one in claims} == {
        "data-db-0": "Bound",
        "data-db-1": "Bound",
    }


def test_a_daemon_set_has_a_pod_on_every_node(api, namespace, nodes):
    api.create(daemon_set(namespace, "agent"))
    api.wait("DaemonSet", namespace, "agent", lambda one: one["status"].get("numberReady") == len(nodes))
    assert {pod["spec"]["nodeName"] for pod in api.list("Pod", namespace)} == set(nodes)


def test_a_service_finds_the_pods_that_are_ready_and_no_others(api, namespace, kubelet, cart):
    api.create(service(namespace, "cart"))
    cart(replicas=2)
    wait_complete(api, namespace)
    victim = api.list("Pod", namespace)[0]["metadata"]
    kubelet.inject(NotReady(), uids=frozenset({victim["uid"]}))
    api.wait("Deployment", namespace, "cart", lambda one: one["status"].get("readyReplicas") == 1)
    where = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    until = time.monotonic() + 10
    while (ready := endpoints(api, where)) != [False, True] and time.monotonic() < until:
        time.sleep(0.1)
    assert ready == [False, True]


def endpoints(api, where):
    slices = api.call("GET", where)["items"]
    return sorted(bool(one["conditions"]["ready"]) for each in slices for one in each["endpoints"] or [])


def test_a_job_of_a_cron_jobs_template_completes(api, namespace):
    api.create(cron_job(namespace, "nightly", "0 3 * * *"))
    template = api.get("CronJob", namespace, "nightly")["spec"]["jobTemplate"]["spec"]
    again = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "again", "namespace": namespace}}
    api.create(again | {"spec": template})
    api.wait("Job", namespace, "again", lambda one: one["status"].get("succeeded") == 1)


def test_a_deleted_pod_that_somebody_holds_shows_how_it_ended_and_goes_when_let_go(api, namespace):
    manifest = deployment(namespace, "cart", replicas=1)
    manifest["spec"]["template"]["metadata"]["finalizers"] = ["aiops.dev/test"]
    api.create(manifest)
    wait_complete(api, namespace)
    name = first_pod(api, namespace)
    api.delete("Pod", namespace, name)
    pod = api.wait("Pod", namespace, name, lambda pod: "terminated" in container(pod)["state"])
    assert pod["status"]["phase"] == "Succeeded"
    api.patch("Deployment", namespace, "cart", {"spec": {"replicas": 0}})
    for one in api.list("Pod", namespace):
        api.patch("Pod", namespace, one["metadata"]["name"], {"metadata": {"finalizers": None}})
    api.wait_gone("Pod", namespace, name)
