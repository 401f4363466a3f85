"""Routing: whose an incident is, and where it goes; the first route that matches counts."""

import pytest

from aiops.core.routing import owner_of, slack_channel, takes
from aiops.model import Route
from tests.unit.core.cases import CART, NODE, POD, facts, workload

LABELS = ("app.kubernetes.io/owner", "team")
ROUTES = (Route("pay", "C-PAY", "pay"), Route("pay", "C-OTHER"), Route("search", webhook="search"))


@pytest.mark.parametrize(
    ("labels", "namespace", "target", "owner"),
    [
        ({"team": "pay"}, {}, CART, "pay"),
        ({"team": "pay", "app.kubernetes.io/owner": "first"}, {}, CART, "first"),  # in the order of settings
        ({"team": "pay"}, {}, POD, "pay"),  # of its workload
        ({}, {"team": "space"}, CART, "space"),  # else of the namespace
        ({"team": "pay"}, {"team": "space"}, CART, "pay"),
        ({}, {}, CART, ""),
        ({"team": "pay"}, {"team": "space"}, NODE, ""),
    ],
)
def test_the_owner_is_the_first_label_there(labels, namespace, target, owner):
    there = facts(workload(labels=labels), namespace_labels={"shop": namespace})
    assert owner_of(target, there, LABELS) == owner


@pytest.mark.parametrize(("owner", "channel"), [("pay", "C-PAY"), ("search", "C-ALL"), ("", "C-ALL")])
def test_a_channel_is_the_routes_or_the_default(owner, channel):
    assert slack_channel(owner, ROUTES, "C-ALL") == channel


@pytest.mark.parametrize(
    ("webhook", "owner", "told"),
    [
        ("pay", "pay", True),
        ("pay", "search", False),
        ("pay", "", False),
        ("search", "search", True),
        ("all", "pay", True),  # no route names it: it is told everything
        ("all", "", True),
    ],
)
def test_a_webhook_that_a_route_names_gets_only_what_is_routed_to_it(webhook, owner, told):
    assert takes(webhook, owner, ROUTES) is told
