"""The command for a person does what the change does, and nothing else, whatever names and values hold."""

import json
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.kubectl import command_of
from aiops.model import Change, ChangeVerb, Target
from tests.unit.core.cases import CART, NODE, POD

SCALE = Change(CART, "41", {"spec": {"replicas": 5}}, "uid-cart")


def test_a_patch_is_of_the_kind_that_we_send():
    words = """kubectl -n shop patch deployment/cart -p '{"spec":{"replicas":5}}'"""
    assert command_of(SCALE) == words


def test_a_node_has_no_namespace():
    cordon = Change(NODE, "7", {"spec": {"unschedulable": True}})
    assert command_of(cordon).startswith("kubectl patch node/n1 ")


def test_a_subresource_is_named():
    assert "--subresource=resize" in command_of(replace(SCALE, target=POD, subresource="resize"))


def test_an_eviction_honours_the_disruption_budget_and_the_very_pod():
    """E8: `kubectl delete pod` would go past the budget."""
    words = shlex.split(command_of(Change(POD, None, {}, "uid-pod", ChangeVerb.EVICT)))
    assert "/api/v1/namespaces/shop/pods/cart-1/eviction" in words
    assert "delete" not in words
    assert json.loads(words[-1])["deleteOptions"] == {"preconditions": {"uid": "uid-pod"}}


@pytest.mark.parametrize(
    ("verb", "words"),
    [(ChangeVerb.DELETE, "kubectl -n shop delete pod/cart-1"), (ChangeVerb.CAPTURE, "")],
)
def test_other_verbs(verb, words):
    assert command_of(Change(POD, None, {}, "u", verb)) == words


def test_creating_hands_the_whole_object_over():
    job = Change(
        Target("Job", "shop", "report"), None, {"metadata": {"name": "report"}}, None, ChangeVerb.CREATE
    )
    words = shlex.split(command_of(job))
    assert words[:-1] == ["kubectl", "-n", "shop", "create", "-f", "-", "<<<"]
    assert json.loads(words[-1]) == {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report"}}


@given(st.text(min_size=1), st.text())
def test_no_name_and_no_value_becomes_a_command_of_its_own(name, value):
    """S3: what comes from labels stays a word."""
    change = Change(Target("Deployment", "shop", name), "1", {"a": value})
    words = shlex.split(command_of(change))
    assert words[:5] == ["kubectl", "-n", "shop", "patch", f"deployment/{name}"]
    assert json.loads(words[-1]) == {"a": value}
