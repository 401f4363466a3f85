"""Alertmanager, the real one: our incidents are its alerts, its silences mute us and hold (issue 5.7)."""

import time
from dataclasses import replace
from datetime import datetime

import pytest

from aiops.adapters.alertmanager import AHEAD, Alertmanager
from aiops.adapters.clock import SystemClock
from aiops.bootstrap.others import WithOthers
from aiops.core.guards import muted
from aiops.core.silences import silenced
from aiops.errors import Unavailable
from aiops.model import AlertmanagerSettings, Card, IncidentState, LabelMatcher, Lean, Severity, Target
from tests.integration.alertmanager import alertmanager, matcher
from tests.integration.servers import free_port
from tests.unit.core.cases import facts, incident, situation
from tests.unit.core.guard_cases import context

pytestmark = pytest.mark.integration

BLUE = AlertmanagerSettings(matchers={"cluster": "blue"}, resend_s=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as running:
        yield running


@pytest.fixture
def blue(server):
    return Alertmanager(replace(BLUE, url=server.url), "blue", SystemClock())


def now_ms():
    return SystemClock().now_ms()


def card(**changes):
    started = now_ms() - 60_000
    one = incident(**{"opened_ms": started, "since_ms": started, "updated_ms": started} | changes)
    return Card("blue", one, "open", now_ms())


def ours(server, incident_id):
    return [one for one in server.alerts() if one["labels"].get("incident") == incident_id]


def test_an_incident_is_an_alert_with_labels_that_people_route_by(server, blue):
    blue.show(card(id="a1"))
    (alert,) = ours(server, "a1")
    assert alert["labels"] == {
        "alertname": "AiopsIncident",
        "incident": "a1",
        "incident_class": "memory_leak",
        "severity": "medium",
        "namespace": "shop",
        "kind": "Deployment",
        "workload": "cart",
        "cluster": "blue",
    }
    assert alert["annotations"]["summary"] == "memory leak of Deployment/shop/cart"


def test_it_ends_by_itself_when_we_are_gone(server, blue):
    """60 s times 4: so long after the newest push."""
    before = now_ms()
    blue.show(card(id="a2"))
    ends = server_ms(ours(server, "a2")[0]["endsAt"])
    assert before + AHEAD * 60_000 <= ends <= now_ms() + AHEAD * 60_000


def server_ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_closed_incident_is_resolved_there(server, blue):
    blue.show(card(id="a3"))
    assert ours(server, "a3")
    blue.show(card(id="a3", state=IncidentState.CLOSED, closed_ms=now_ms() - 1, closed_because="it is over"))
    assert not ours(server, "a3")


def test_where_it_becomes_worse_the_old_alert_ends(server, blue):
    blue.show(card(id="a4"))
    time.sleep(0.01)
    blue.show(card(id="a4", severity=Severity.CRITICAL))
    assert [one["labels"]["severity"] for one in ours(server, "a4")] == ["critical"]


def test_what_we_pushed_never_comes_back_as_evidence(server, blue):
    blue.show(card(id="a5"))
    server.fire(alertname="CartIsSlow", namespace="shop", pod="cart-1", cluster="blue", severity="page")
    server.fire(alertname="CartIsSlow", namespace="shop", pod="cart-1", cluster="red", severity="page")
    server.fire(alertname="OnlyRed", namespace="shop", cluster="red")
    (alert,) = blue.others(now_ms()).alerts
    assert (alert.name, alert.target) == ("CartIsSlow", Target("Pod", "shop", "cart-1"))
    assert (alert.severity, alert.summary) == ("page", "it is slow")


def test_a_silence_mutes_us_and_holds_actions_until_it_ends(server, blue):
    failures = []
    source = WithOthers(Known(), blue, lambda *one: failures.append(one))
    assert not source.facts(now_ms()).silences
    made = server.silence([matcher("namespace", "shop"), matcher("deployment", "ca.*", regex=True)], 3600)
    source.refresh(now_ms())
    found = source.facts(now_ms())
    (silence,) = found.silences
    wanted = {LabelMatcher("deployment", "ca.*", regex=True), LabelMatcher("namespace", "shop")}
    assert set(silence.matchers) == wanted
    assert silenced(found, incident(), now_ms()).endswith("by anna: release night")
    reason = muted.silenced(context(the_facts=found, the_situation=situation(now_ms=now_ms())))
    assert reason.lean is Lean.HOLD
    server.unsilence(made)
    source.refresh(now_ms())
    assert not source.facts(now_ms()).silences
    assert failures == []


def test_a_silence_of_another_cluster_is_none_of_ours(server, blue):
    made = [
        server.silence([matcher("namespace", "shop"), matcher("cluster", "red")], 60),
        server.silence([matcher("namespace", "shop"), matcher("cluster", "blue", equal=False)], 60),
    ]
    assert blue.others(now_ms()).silences == ()
    made.append(server.silence([matcher("namespace", "shop"), matcher("cluster", "bl.*", regex=True)], 60))
    assert len(blue.others(now_ms()).silences) == 1
    for one in made:
        server.unsilence(one)


class Known:
    """A cluster that is known."""

    def facts(self, at_ms):
        return facts(at_ms=at_ms)


def test_one_that_cannot_be_reached_makes_silences_unknown_and_holds():
    gone = Alertmanager(replace(BLUE, url=f"http://127.0.0.1:{free_port()}"), "blue", SystemClock())
    with pytest.raises(Unavailable, match="no connection"):
        gone.show(card())
    failures = []
    found = WithOthers(Known(), gone, lambda *one: failures.append(one)).facts(now_ms())
    assert "silences" in found.unknown
    assert muted.silenced(context(the_facts=found)).unknown
    assert len(failures) == 1
