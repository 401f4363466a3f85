"""Evidence: what is kept, what never is, and what is said to be missing. On a real server in integration."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.kubernetes.describe import LONGEST_TEXT, described, text_of
from aiops.adapters.kubernetes.evidence import MOST_PODS, Capture, newest_lines
from aiops.errors import Forbidden, NotFound, Rejected, Unavailable
from aiops.model import EvidenceSettings, Target
from tests.fakes.api import FakeApi

POD = Target("Pod", "shop", "cart-1")
CART = Target("Deployment", "shop", "cart")
ENV = [
    {"name": "DB", "value": "CANARY"},
    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "cart-secret", "key": "CANARY"}}},
]


def pod(name="cart-1", ready=False, restarts=3, node="n1"):
    message = "panic: \x07cannot log in\nwith password=CANARY"
    died = {"reason": "Error", "exitCode": 2, "message": message, "finishedAt": "2026-01-01T00:00:09Z"}
    return {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "CANARY"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "cart-6c"}],
        },
        "spec": {
            "nodeName": node,
            "containers": [
                {
                    "name": "web",
                    "image": "shop/cart:2",
                    "env": ENV,
                    "envFrom": [{"configMapRef": {"name": "cart-config"}}],
                    "command": ["CANARY"],
                    "args": ["--flag=CANARY"],
                    "livenessProbe": {"exec": {"command": ["CANARY"]}},
                    "lifecycle": {"preStop": {"exec": {"command": ["CANARY"]}}},
                    "resources": {"limits": {"memory": "64Mi"}},
                }
            ],
            "volumes": [{"name": "tls", "secret": {"secretName": "cart-tls"}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready), "reason": "ContainersNotReady"}],
            "containerStatuses": [
                {
                    "name": "web",
                    "image": "shop/cart:2",
                    "ready": ready,
                    "restartCount": restarts,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
                    "lastState": {"terminated": died},
                }
            ],
        },
    }


def listing(*items, more=""):
    return 200, {"kind": "List", "metadata": {"continue": more}, "items": list(items)}


def happened(reason, message, at, uid, count=1):
    return {
        "metadata": {"uid": uid},
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        "count": count,
        "type": "Warning",
        "involvedObject": {"kind": "Pod", "name": "cart-1"},
    }


NODE = {
    "kind": "Node",
    "metadata": {"name": "n1", "uid": "n", "labels": {"zone": "a"}},
    "spec": {"unschedulable": True},
    "status": {"conditions": [{"type": "MemoryPressure", "status": "True", "reason": "Low"}]},
}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "cart", "namespace": "shop", "uid": "d", "resourceVersion": "9"},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "cart"}}},
    "status": {"readyReplicas": 0, "conditions": [{"type": "Progressing", "status": "False"}]},
}
EVENTS = listing(
    happened("BackOff", "Back-off restarting failed container", "2026-01-01T00:00:20Z", "e2", 7),
    happened("Killing", "token: CANARY", "2026-01-01T00:00:10Z", "e1"),
)
ANSWERS = {
    "/pods/cart-1": (200, pod()),
    "/pods/cart-1/log": (200, b"one\ntwo password=CANARY\n\x1b[31mthree\x1b[0m\n"),
    "/deployments/cart": (200, DEPLOYMENT),
    "/namespaces/shop/pods&labelSelector": listing(pod("good", True, 0), pod("bad", False, 9), pod("cart-1")),
    "/replicasets": listing({"kind": "ReplicaSet", "metadata": {"name": "cart-6c", "uid": "rs"}}),
    "/events": EVENTS,
    "/nodes/n1": (200, NODE),
}


def capture(target=POD, answers=None, **settings):
    api = FakeApi({**ANSWERS, **(answers or {})})
    return Capture(api, EvidenceSettings(**settings)).capture(target, 1_234), api


def test_of_a_pod_its_states_its_last_words_its_node_and_its_events_are_kept():
    kept, _ = capture()
    assert (kept["target"], kept["at_ms"]) == ("Pod/shop/cart-1", 1_234)
    (web,) = kept["object"]["containers"]
    assert (web["restarts"], web["ready"], web["state"]["reason"]) == (3, False, "CrashLoopBackOff")
    died = web["last_state"]
    assert (died["exit_code"], died["finished"]) == (2, "2026-01-01T00:00:09Z")
    assert died["message"] == "panic: �cannot log in ⏎ with password=[redacted]"
    (node,) = kept["nodes"]
    assert (node["name"], node["spec"], node["conditions"][0]["type"]) == (
        "n1",
        {"unschedulable": True},
        "MemoryPressure",
    )
    assert [(one["reason"], one["count"]) for one in kept["events"]] == [("Killing", 1), ("BackOff", 7)]
    assert "incomplete" not in kept


def test_names_of_what_a_pod_takes_its_settings_from_are_kept_and_no_value_is():
    """S8: no variable, no argument, no annotation's value, no secret's key."""
    kept, _ = capture(logs=True)
    assert "CANARY" not in json.dumps(kept)
    (web,) = kept["object"]["template"]["containers"]
    assert (web["env"], web["from"]) == (["DB", "KEY"], ["ConfigMap/cart-config", "Secret/cart-secret"])
    assert kept["object"]["template"]["volumes"] == ["tls: secret cart-tls"]
    assert kept["object"]["annotations"] == ["kubectl.kubernetes.io/last-applied-configuration"]


def test_of_a_deployment_the_worst_pods_come_first_and_its_newest_set_is_asked_for_events():
    kept, api = capture(CART)
    assert [one["name"] for one in kept["pods"]] == ["bad", "cart-1", "good"]
    assert kept["object"]["status"] == {"readyReplicas": 0}  # 0 says something
    asked = [query["fieldSelector"] for _, path, query, *_ in api.asked if path.endswith("/events")]
    assert [one.removeprefix("involvedObject.uid=") for one in asked] == [
        "d",
        "rs",
        "uid-bad",
        "uid-cart-1",
        "uid-good",
    ]
    assert len(kept["events"]) == 2  # each event once, though five questions brought it


def test_only_so_many_pods_are_looked_at_and_it_is_said():
    many = {"/namespaces/shop/pods&labelSelector": listing(*(pod(f"p{number}") for number in range(9)))}
    kept, _ = capture(CART, many)
    assert (len(kept["pods"]), kept["incomplete"]) == (MOST_PODS, ["4 more pods, no worse than these"])


ODD = {"matchLabels": {"app": "cart"}, "matchExpressions": [{"key": "a", "operator": "Odd"}]}


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {}}, None, ODD])
def test_a_selector_that_is_empty_or_not_understood_selects_nothing(selector):
    """B1."""
    deployment = {**DEPLOYMENT, "spec": {"selector": selector}}
    kept, api = capture(CART, {"/deployments/cart": (200, deployment)})
    assert "pods" not in kept
    assert not any(path.endswith(("/pods", "/replicasets")) for _, path, *_ in api.asked)


def test_a_selector_of_expressions_is_asked_as_such():
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "NotIn", "values": ["x"]},
        {"key": "app", "operator": "Exists"},
        {"key": "canary", "operator": "DoesNotExist"},
    ]
    deployment = {**DEPLOYMENT, "spec": {"selector": {"matchExpressions": expressions}}}
    _, api = capture(CART, {"/deployments/cart": (200, deployment)})
    (query,) = [query for _, path, query, *_ in api.asked if path.endswith("/pods")]
    assert query["labelSelector"] == "tier in (a,b),old notin (x),app,!canary"


def test_logs_are_not_even_asked_for_unless_switched_on():
    kept, api = capture()
    assert "logs" not in kept
    assert not any("/log" in path for _, path, *_ in api.asked)


def test_logs_are_of_the_run_that_died_redacted_and_without_control_characters():
    """S8, S9."""
    kept, api = capture(logs=True, log_lines=2, log_bytes=100)
    (log,) = kept["logs"]
    assert (log["pod"], log["container"], log["previous"]) == ("cart-1", "web", True)
    assert log["lines"] == ["two password=[redacted]", "three"]
    (query,) = [query for _, path, query, *_ in api.asked if path.endswith("/log")]
    assert query == {"container": "web", "tailLines": "2", "limitBytes": "400", "previous": "true"}


@pytest.mark.parametrize(
    ("limits", "lines"),
    [
        ({"log_bytes": 12}, ["aaa", "bbb", "ccc"]),  # three lines of three letters and an end each
        ({"log_bytes": 11}, ["bbb", "ccc"]),
        ({"log_bytes": 3}, []),
        ({"log_lines": 2}, ["bbb", "ccc"]),
        ({"log_lines": 0}, []),
    ],
)
def test_the_newest_lines_are_kept_that_fit_whole(limits, lines):
    assert newest_lines(b"aaa\nbbb\nccc\n", EvidenceSettings(**limits)) == lines


def test_bytes_that_are_no_text_are_kept_as_far_as_they_are():
    (line,) = newest_lines(b"\xff\x00ok\n", EvidenceSettings())
    assert line == "\N{REPLACEMENT CHARACTER}" * 2 + "ok"


def test_more_words_of_the_settings_are_hidden_everywhere():
    """S8."""
    words = b"kennwort=OTHER\n"
    event = listing(happened("X", "kennwort: OTHER", "t", "e"))
    kept, _ = capture(
        answers={"/pods/cart-1/log": (200, words), "/events": event}, logs=True, redact=("kennwort",)
    )
    assert "OTHER" not in json.dumps(kept)
    assert kept["logs"][0]["lines"] == ["kennwort=[redacted]"]


@pytest.mark.parametrize(
    ("part", "answer", "words"),
    [
        ("/events", (403, {"message": 'User "aiops" cannot list resource "events"'}), "events"),
        ("/events", Unavailable("list events: time-out"), "time-out"),
        ("/events", (200, {"kind": "Status"}), "expected a list"),
        ("/events", (200, b"<html>"), "expected JSON"),
        ("/events", listing(more="x"), "the first 200 only"),
        ("/nodes/n1", (404, {}), "nodes n1"),
        (
            "/pods/cart-1/log",
            (400, {"message": "previous terminated container not found"}),
            "previous terminated",
        ),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_kept(part, answer, words):
    kept, _ = capture(answers={part: answer}, logs=True)
    assert any(words in one for one in kept["incomplete"]), kept["incomplete"]
    assert kept["object"]["name"] == "cart-1"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, {"reason": "NotFound"}), NotFound),
        ((403, {}), Forbidden),
        (Unavailable("refused"), Unavailable),
        ((200, b"<html>"), Unavailable),
        ((200, b"[]"), Unavailable),
    ],
)
def test_without_the_object_itself_there_is_no_evidence(answer, error):
    with pytest.raises(error):
        capture(answers={"/pods/cart-1": answer})


@pytest.mark.parametrize("target", [Target("Secret", "shop", "s"), Target("ConfigMap", "shop", "c")])
def test_no_secret_is_ever_read(target):
    """S8."""
    api = FakeApi()
    with pytest.raises(Rejected, match="kind"):
        Capture(api, EvidenceSettings()).capture(target, 0)
    assert api.asked == []


class SlowApi(FakeApi):
    """Takes its time for each answer."""

    def request(self, *args, **rest):
        time.sleep(0.15)
        return super().request(*args, **rest)


def test_all_of_it_together_has_one_time_limit():
    """What had no time is named; the object itself was first."""
    api = SlowApi(ANSWERS)
    began = time.monotonic()
    kept = Capture(api, EvidenceSettings(timeout_s=0.4, logs=True)).capture(CART, 0)
    assert time.monotonic() - began < 1.5
    assert kept["object"]["name"] == "cart"
    assert any("no time was left" in one for one in kept["incomplete"])
    assert all(request[-1] <= 0.4 for request in api.asked)


def test_a_long_message_keeps_its_end():
    message = text_of(())("start " + "x " * LONGEST_TEXT + "end")
    assert (len(message), message[0], message[-3:]) == (LONGEST_TEXT, "…", "end")


WORDS = """metadata spec status conditions containerStatuses state lastState terminated message reason
restartCount template containers env envFrom volumes selector matchLabels matchExpressions operator values
key name annotations labels finalizers ownerReferences involvedObject items series count uid nodeName"""
KEYS = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(found=st.dictionaries(KEYS, JSON, max_size=6), listed=st.lists(JSON, max_size=3))
@settings(max_examples=150, deadline=None)
def test_answers_of_any_shape_are_evidence_or_an_error_of_ours(found, listed):
    """M4: a step is not held, and the loop not broken, by what an object looks like."""
    whole = (200, {"kind": "PodList", "metadata": {}, "items": listed})
    answers = {"/pods/": (200, found), "/deployments/": (200, found), "": whole}
    for target in (POD, CART):
        kept = Capture(FakeApi(answers), EvidenceSettings(logs=True)).capture(target, 0)
        json.dumps(kept)


@pytest.mark.parametrize(
    "broken", [{}, {"metadata": None, "spec": "x", "status": []}, {"spec": {"template": 1}}]
)
def test_an_object_of_no_known_form_is_described_as_far_as_it_goes(broken):
    """M4."""
    assert described(broken, text_of(())) == {}
