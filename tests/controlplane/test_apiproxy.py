"""ApiProxy: what the server did and what the client heard differ in exactly the way that was asked for."""

import time

import pytest
import urllib3

from tests.controlplane.api import MERGE, Api, ApiError, path
from tests.controlplane.apiproxy import (
    GARBAGE,
    HTML,
    Answer,
    Delay,
    Drop,
    First,
    Hang,
    LoseAnswer,
    Then,
    Truncate,
    refusal,
)
from tests.controlplane.identities import rule

pytestmark = pytest.mark.integration
BROKEN = urllib3.exceptions.HTTPError


@pytest.fixture
def config_map(api, namespace):
    metadata = {"name": "settings", "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mode": "old"}})
    return namespace


@pytest.fixture
def client(control_plane, api_proxy):
    return Api.of(api_proxy.kubeconfig(control_plane.kubeconfig))


def change(client, namespace, **params):
    return client.patch(
        "ConfigMap", namespace, "settings", {"data": {"mode": "new"}}, content_type=MERGE, **params
    )


def mode(api, namespace):
    return api.get("ConfigMap", namespace, "settings")["data"]["mode"]


def test_without_a_fault_everything_passes_as_its_user(api_proxy, service_account, namespace, api):
    kubeconfig = api_proxy.kubeconfig(service_account("reader", [rule("get list watch", "configmaps")]))
    reader = Api.of(kubeconfig)
    assert [one["metadata"]["name"] for one in reader.list("ConfigMap", namespace)] == ["kube-root-ca.crt"]
    with pytest.raises(ApiError, match=f"system:serviceaccount:{namespace}:reader") as refused:
        reader.list("Secret", namespace)
    assert refused.value.status == 403
    version = api.call("GET", path("ConfigMap", namespace))["metadata"]["resourceVersion"]
    events = reader.watch(path("ConfigMap", namespace), version, silence_s=10)
    metadata = {"name": "new", "namespace": namespace}
    api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    assert next(events)["object"]["metadata"]["name"] == "new"


def test_a_lost_answer_is_of_a_change_that_was_made(api, api_proxy, client, config_map):
    lost = api_proxy.inject(LoseAnswer(), method="PATCH", path="/configmaps/settings", times=1)
    with pytest.raises(BROKEN):
        change(client, config_map)
    assert (lost.hits, mode(api, config_map)) == (1, "new")
    change(client, config_map)  # once only


def test_a_dropped_request_changes_nothing(api, api_proxy, client, config_map):
    api_proxy.inject(Drop(), method="PATCH")
    with pytest.raises(BROKEN):
        change(client, config_map)
    assert mode(api, config_map) == "old"


@pytest.mark.parametrize(("after_commit", "expected"), [(True, "new"), (False, "old")])
def test_a_hanging_request_was_done_or_not_as_told(
    api, api_proxy, config_map, client, after_commit, expected
):
    api_proxy.inject(Hang(after_commit), method="PATCH")
    where = path("ConfigMap", config_map, "settings")
    with pytest.raises(BROKEN):
        client.call("PATCH", where, {"data": {"mode": "new"}}, content_type=MERGE, timeout_s=0.5)
    assert mode(api, config_map) == expected


def test_a_throttle_says_when_to_come_back_and_the_server_is_not_asked(api, api_proxy, client, config_map):
    api_proxy.inject(refusal(429, "TooManyRequests", "slow down", Retry_After="7"), method="PATCH")
    with pytest.raises(ApiError, match="slow down") as refused:
        change(client, config_map)
    assert (refused.value.status, mode(api, config_map)) == (429, "old")


def test_an_error_after_the_commit_hides_a_change_that_was_made(api, api_proxy, client, config_map):
    api_proxy.inject(Answer(500, b"{}", after_commit=True), method="PATCH")
    with pytest.raises(ApiError, match="500"):
        change(client, config_map)
    assert mode(api, config_map) == "new"


@pytest.mark.parametrize("nonsense", [GARBAGE, HTML, Truncate(40)])
def test_nonsense_is_not_an_object(api_proxy, client, config_map, nonsense):
    api_proxy.inject(nonsense, method="GET")
    try:
        assert not isinstance(client.get("ConfigMap", config_map, "settings"), dict)
    except (BROKEN, ValueError):
        return


def test_a_delay_is_before_the_server_hears_of_it(api_proxy, client, config_map):
    api_proxy.inject(Delay(0.5), method="GET")
    began = time.monotonic()
    client.get("ConfigMap", config_map, "settings")
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(("when", "expected"), [(First, "old"), (Then, "new")])
def test_something_happens_just_before_or_just_after(api, api_proxy, client, config_map, when, expected):
    seen = []
    api_proxy.inject(when(lambda asked: seen.append(mode(api, config_map))), method="PATCH")
    change(client, config_map)
    assert seen == [expected]


def test_frozen_a_watch_that_stands_falls_silent_and_goes_on_when_healed(api, api_proxy, client, config_map):
    version = api.call("GET", path("ConfigMap", config_map))["metadata"]["resourceVersion"]
    events = client.watch(path("ConfigMap", config_map), version, silence_s=1.0)
    change(api, config_map)
    assert next(events)["type"] == "MODIFIED"
    api_proxy.freeze()
    api.delete("ConfigMap", config_map, "settings")
    with pytest.raises(BROKEN):
        next(events)
    api_proxy.heal()
    assert client.find("ConfigMap", config_map, "settings") is None


def test_a_cut_ends_a_watch_and_the_next_call_connects_anew(api_proxy, client, config_map, api):
    version = api.call("GET", path("ConfigMap", config_map))["metadata"]["resourceVersion"]
    events = client.watch(path("ConfigMap", config_map), version, silence_s=10)
    change(api, config_map)
    next(events)
    began = time.monotonic()
    api_proxy.cut()
    with pytest.raises(BROKEN):
        next(events)
    assert time.monotonic() - began < 5  # not by the watch's own patience of 10 s
    assert client.get("ConfigMap", config_map, "settings")["data"]["mode"] == "new"
