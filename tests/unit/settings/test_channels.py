"""Channels: an address that cannot be used and a route to nowhere are told when they are loaded."""

import pytest

from aiops.adapters.clock import SystemClock
from aiops.bootstrap import notify
from aiops.bootstrap.check import CHECKS
from aiops.settings import load
from tests.unit.settings.folders import folder, problems

GOOD = """
notify:
  webhooks:
    ops: {url: https://hooks.example.org/in}
    pay: {url: http://pay.shop/in, plain_http: true}
  routes: [{owner: payments, webhook: pay}, {owner: search, slack_channel: C0123}]
  alertmanager: {url: http://alertmanager.monitoring:9093}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("https://hooks.example.org/in", "ftp://x", "notify.webhooks.ops.url: expected a URL such as"),
        ("https://hooks.example.org/in", "https://a:b@c/", "expected a URL without a user, a password"),
        (", plain_http: true", "", "notify.webhooks.pay.url: expected https"),
        (
            "http://alertmanager.monitoring:9093",
            "alertmanager",
            "notify.alertmanager.url: expected a URL such as",
        ),
        ("webhook: pay", "webhook: pya", 'notify.routes[0].webhook: expected "pay" (did you mean that?)'),
        ("owner: payments", 'owner: ""', "notify.routes[0].owner: expected the value of an owner label"),
        (
            ", slack_channel: C0123",
            "",
            "notify.routes[1]: expected slack_channel or webhook, got a route to nowhere",
        ),
    ],
)
def test_what_is_wrong_with_a_channel(tmp_path, right, wrong, says):
    assert right in GOOD
    (one,) = problems(folder(tmp_path, aiops=GOOD.replace(right, wrong)), CHECKS)
    assert says in one


def test_each_channel_becomes_an_outlet_that_is_told_its_owners(tmp_path):
    settings = load(folder(tmp_path, aiops=GOOD), None, CHECKS)
    alerts = notify.alertmanager(settings, SystemClock())
    ops, pay, pushed = notify.outlets(settings, SystemClock(), alerts)
    assert [one.notifier.name for one in (ops, pay, pushed)] == ["webhook ops", "webhook pay", "alertmanager"]
    assert [ops.takes(owner) for owner in ("payments", "")] == [True, True]
    assert [pay.takes(owner) for owner in ("payments", "")] == [True, False]
    assert (pushed.grouped, pushed.questions, pushed.again_s) == (False, False, 60.0)


def test_without_an_alertmanager_facts_are_left_as_they_are(tmp_path):
    settings = load(folder(tmp_path), None, CHECKS)
    facts = object()
    assert notify.alertmanager(settings, SystemClock()) is None
    assert notify.outlets(settings, SystemClock(), None) == []
    assert notify.with_others(facts, None, settings, lambda *_: None) is facts
