"""States of objects: their names, whose they are, since when, and how long they count."""

import pytest

from aiops.adapters.kubernetes.joined import FLICKER_MS, Conditions
from aiops.adapters.kubernetes.pods import Held
from aiops.model import Target
from tests.unit.adapters.kubernetes.cases import CART, NOW, OBJECTS, meta, pictured, put

MINUTE = 60_000
KINDS = frozenset(OBJECTS)
POD, NODE = OBJECTS["Pod"][0], OBJECTS["Node"][0]
WELL = {**OBJECTS, "Node": [{**NODE, "status": {}}]}
UNREADY = {
    "type": "Ready",
    "status": "False",
    "lastTransitionTime": "2026-03-01T10:55:00Z",
}  # 5 min before NOW


def pod(
    name="cart-b-1", waiting=None, conditions=(UNREADY,), created="2026-03-01T10:00:00Z", last=None, **status
):
    state = {"waiting": waiting} if waiting else {"running": {}}
    one = {"name": "app", "state": state, "restartCount": 1 if last else 0}
    one |= {"lastState": {"terminated": last}} if last else {}
    metadata = {**POD["metadata"], "name": name, "creationTimestamp": created}
    return {
        **POD,
        "metadata": metadata,
        "status": {"containerStatuses": [one], "conditions": list(conditions), **status},
    }


def held(*pods, now=NOW, **listed):
    """(target, name, minutes since) of each condition."""
    picture = pictured({**WELL, "Pod": list(pods), **listed}, now)
    return told(picture, now)


def told(picture, now=NOW):
    return [
        (one.target, one.name, (now - one.since_ms) // MINUTE) for one in picture.facts(now, KINDS).conditions
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "CreateContainerConfigError",
    ],
)
def test_a_waiting_container_is_a_state_of_its_workload_since_the_pod_is_not_ready(reason):
    assert held(pod(waiting={"reason": reason})) == [(CART, reason, 5)]


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_container_that_just_starts_is_in_no_state(reason):
    assert held(pod(waiting={"reason": reason})) == []


def test_the_first_pod_that_was_in_it_tells_since_when_and_is_named():
    later = {**UNREADY, "lastTransitionTime": "2026-03-01T10:58:00Z"}
    crash = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s, token=abc123secret"}
    picture = pictured({**WELL, "Pod": [pod("b", crash, [later]), pod("a", crash)]})
    (one,) = picture.facts(NOW, KINDS).conditions
    assert (NOW - one.since_ms) // MINUTE == 5
    assert one.detail.startswith("pod a, container app: back-off 5m0s")
    assert "abc123secret" not in one.detail  # S8


@pytest.mark.parametrize(("minutes", "names"), [(4, ["OOMKilled"]), (5, [])])
def test_a_kill_for_memory_is_a_state_for_five_minutes(minutes, names):
    last = {"reason": "OOMKilled", "finishedAt": "2026-03-01T11:00:00Z"}
    found = held(pod(conditions=[], last=last), now=NOW + minutes * MINUTE)
    assert [name for _, name, _ in found] == names


@pytest.mark.parametrize(("created", "names"), [("10:58:00", ["Pending"]), ("10:58:01", [])])
def test_a_pod_may_be_pending_for_two_minutes(created, names):
    found = held(pod(conditions=[], created=f"2026-03-01T{created}Z", phase="Pending"))
    assert [name for _, name, _ in found] == names


def test_a_pod_that_finds_no_node_says_so_at_once():
    nowhere = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes are available",
        "lastTransitionTime": "2026-03-01T10:59:30Z",
    }
    assert held(pod(conditions=[nowhere], created="2026-03-01T10:59:30Z", phase="Pending")) == [
        (CART, "Unschedulable", 0)
    ]


def test_an_evicted_pod_is_a_state_since_it_was_ended():
    disrupted = {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "2026-03-01T10:30:00Z"}
    assert held(pod(conditions=[disrupted], phase="Failed", reason="Evicted")) == [(CART, "Evicted", 30)]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_finished_pod_waits_for_nothing(phase):
    assert held(pod(waiting={"reason": "CrashLoopBackOff"}, phase=phase)) == []


def test_a_pod_whose_owner_is_not_known_is_its_own_place():
    lone = pod(waiting={"reason": "CrashLoopBackOff"})
    assert held(lone, ReplicaSet=[]) == [(Target("Pod", "shop", "cart-b-1"), "CrashLoopBackOff", 5)]


def status(kind, name, value, **more):
    item = OBJECTS[kind][0]
    condition = {"type": name, "status": value, "lastTransitionTime": "2026-03-01T10:50:00Z", **more}
    return {**item, "status": {**item["status"], "conditions": [condition]}}


def test_a_rollout_that_makes_no_progress():
    stuck = status("Deployment", "Progressing", "False", reason="ProgressDeadlineExceeded")
    assert held(Deployment=[stuck]) == [(CART, "RolloutStuck", 10)]
    assert held(Deployment=[status("Deployment", "Progressing", "True")]) == []
    assert held(Deployment=[status("Deployment", "Progressing", "Unknown")]) == []  # paused


def test_a_job_that_failed():
    failed = {"type": "Failed", "status": "True", "lastTransitionTime": "2026-03-01T10:50:00Z"}
    job = {"metadata": meta("load"), "spec": {}, "status": {"conditions": [failed]}}
    assert held(Job=[job]) == [(Target("Job", "shop", "load"), "JobFailed", 10)]


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("Ready", "False", "NodeNotReady"),
        ("Ready", "Unknown", "NodeNotReady"),
        ("MemoryPressure", "True", "MemoryPressure"),
        ("DiskPressure", "True", "DiskPressure"),
        ("PIDPressure", "True", "PIDPressure"),
        ("NetworkUnavailable", "True", "NetworkUnavailable"),
        ("Ready", "True", None),
        ("MemoryPressure", "Unknown", None),
    ],
)
def test_states_of_a_node(name, value, state):
    found = held(Node=[status("Node", name, value)])
    assert found == ([] if state is None else [(Target("Node", "", "n1"), state, 10)])


@pytest.mark.parametrize(("wanted", "most", "names"), [(9, 9, ["HPAAtMaximum"]), (8, 9, []), (1, 1, [])])
def test_an_autoscaler_at_its_maximum(wanted, most, names):
    item = OBJECTS["HorizontalPodAutoscaler"][0]
    limited = {
        "type": "ScalingLimited",
        "status": "True",
        "reason": "TooManyReplicas",
        "lastTransitionTime": "2026-03-01T10:50:00Z",
    }
    full = {
        **item,
        "spec": {**item["spec"], "maxReplicas": most},
        "status": {"desiredReplicas": wanted, "conditions": [limited]},
    }
    found = held(HorizontalPodAutoscaler=[full])
    assert found == [(Target("HorizontalPodAutoscaler", "shop", "hpa"), name, 10) for name in names]


@pytest.mark.parametrize(
    ("healthy", "cordoned", "names"),
    [(3, True, ["DisruptionBudgetBlocks"]), (2, True, []), (3, False, [])],
)
def test_a_budget_blocks_where_all_are_healthy_none_may_go_and_a_node_is_to_be_emptied(
    healthy, cordoned, names
):
    item = OBJECTS["PodDisruptionBudget"][0]
    status_ = {"disruptionsAllowed": 0, "expectedPods": 3, "currentHealthy": healthy}
    node = {**NODE, "spec": {"unschedulable": cordoned}, "status": {}}
    found = held(PodDisruptionBudget=[{**item, "status": status_}], Node=[node])
    assert [name for _, name, _ in found] == names


def test_a_crash_loop_that_runs_between_its_waits_began_when_it_first_waited():
    picture = pictured({**WELL, "Pod": [pod(waiting={"reason": "CrashLoopBackOff"})]})
    assert told(picture) == [(CART, "CrashLoopBackOff", 5)]
    put(picture, "Pod", pod(conditions=[]))
    assert told(picture, NOW + MINUTE) == []
    again = {**UNREADY, "lastTransitionTime": "2026-03-01T11:02:00Z"}
    put(picture, "Pod", pod(waiting={"reason": "CrashLoopBackOff"}, conditions=[again]))
    assert told(picture, NOW + 2 * MINUTE) == [(CART, "CrashLoopBackOff", 7)]


@pytest.mark.parametrize(("gap_ms", "since_ms"), [(FLICKER_MS, 0), (FLICKER_MS + 1, FLICKER_MS + 1)])
def test_what_comes_back_after_five_minutes_begins_anew(gap_ms, since_ms):
    conditions = Conditions()
    conditions.of([(CART, Held("X", 0))], 0)
    (one,) = conditions.of([(CART, Held("X", gap_ms))], gap_ms)
    assert one.since_ms == since_ms
