"""The kill switch in the cluster: what is clear lets us go on, everything else stops us."""

import time

import orjson
import pytest

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.switch import CONNECT_S, READ_S, ConfigMapHand, ConfigMapStop, hasty
from aiops.adapters.switch import Switch
from aiops.errors import Forbidden, Unavailable
from aiops.model import Access, KubernetesSettings, Stop
from tests.fakes.config_maps import ConfigMaps, status

PATH = "/api/v1/namespaces/aiops/configmaps/aiops-stop"
NOW = 1_772_323_200_000  # 2026-03-01T00:00Z


@pytest.fixture
def server():
    made = ConfigMaps()
    yield made
    made.close()


@pytest.fixture
def switch(server, tmp_path):
    settings = KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(server.kubeconfig(tmp_path)))
    return ConfigMapHand(connect(hasty(settings)), "aiops", "aiops-stop")


def test_a_config_map_that_is_not_there_stops_nobody(switch):
    """B5: the positive control."""
    assert switch() == Stop("ConfigMap aiops/aiops-stop", False)


@pytest.mark.parametrize(("value", "on"), [("true", True), ("false", False)])
def test_the_key_says_it(server, switch, value, on):
    """B5."""
    server.objects[PATH] = {"stop": value}
    assert switch().on is on


@pytest.mark.parametrize(
    "data",
    [{}, {"stop": ""}, {"stop": "True"}, {"stop": "False"}, {"stop": "no"}, {"stop": True}, {"x": "false"}],
)
def test_a_value_that_is_not_clear_stops_us(server, switch, data):
    """B5: an unreadable switch is on."""
    server.objects[PATH] = data
    assert switch().on is None
    assert "key stop: expected" in switch().why


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (403, status("Forbidden", "configmaps is forbidden")),
        (401, status("Unauthorized", "Unauthorized")),
        (429, status("TooManyRequests", "slow down")),
        (500, b""),
        (503, b"<html>"),
        (404, b"<html>not found</html>"),  # of a proxy: not an API server's own word
        (200, b"not JSON"),
        (200, b"[]"),
        (200, orjson.dumps({"kind": "Secret", "data": {"stop": "false"}})),
        (200, orjson.dumps({"kind": "ConfigMap", "data": "false"})),
    ],
)
def test_whatever_else_is_answered_stops_us(server, switch, code, body):
    """B5."""
    server.say = (code, body)
    assert switch().on is None
    assert Switch([switch])() is None
    assert switch().why


def test_silence_stops_us_within_the_limits(server, switch):
    """B5, G16: no answer is not "off", and a look ends in time for the next write."""
    server.silent.set()
    began = time.monotonic()
    assert switch().on is None
    assert time.monotonic() - began < CONNECT_S + READ_S + 1


def test_a_server_that_is_gone_stops_us(server, switch):
    """B5."""
    server.close()
    assert switch().on is None


def test_what_is_pulled_stops_us_and_says_by_whom_and_what_is_released_does_not(switch):
    """B5."""
    assert switch.pull("ada", "sale tonight", NOW)
    assert (
        str(switch())
        == "ConfigMap aiops/aiops-stop stops us, by ada since 2026-03-01 00:00:00 UTC: sale tonight"
    )
    assert not switch.pull("bob", "me too", NOW + 1)  # who was first stays
    assert switch().by == "ada"
    assert switch.release("bob", "", NOW + 2)
    assert switch().on is False
    assert not switch.release("bob", "", NOW + 3)
    assert switch.pull("eve", "again", NOW + 4)  # the ConfigMap is there by now
    assert switch().by == "eve"


def test_releasing_mends_a_value_that_nobody_can_read(server, switch):
    server.objects[PATH] = {"stop": "nonsense"}
    assert switch.release("ada", "", NOW)
    assert switch().on is False


def test_a_person_without_the_right_is_told_verb_and_resource(server, switch):
    server.say = (403, status("Forbidden", "User ada cannot patch"))
    with pytest.raises(
        Forbidden, match="patch configmaps ConfigMap aiops/aiops-stop: HTTP 403: User ada cannot patch"
    ):
        switch.pull("ada", "", NOW)


def test_a_server_that_is_gone_cannot_be_told(server, switch):
    server.close()
    with pytest.raises(Unavailable):
        switch.pull("ada", "", NOW)


def test_where_it_does_not_say_who_the_server_says_by_which_tool(server, switch):
    """As kubectl makes it: there is the key and nothing else."""
    managers = [{"manager": "kubectl-create", "time": "2026-03-01T00:00:00Z"}, {"manager": "x"}, "odd"]
    found = {"kind": "ConfigMap", "metadata": {"managedFields": managers}, "data": {"stop": "true"}}
    server.say = (200, orjson.dumps(found))
    assert str(switch()).endswith("stops us, by kubectl-create since 2026-03-01T00:00:00Z")


def test_the_daemons_own_switch_cannot_write():
    assert not hasattr(ConfigMapStop, "pull")
    assert not hasattr(ConfigMapStop, "release")
