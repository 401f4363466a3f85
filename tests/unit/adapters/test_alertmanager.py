"""Alertmanager: what it answers is read as it is meant, or not at all (S2, M4)."""

import json
from dataclasses import replace

import pytest

from aiops.adapters.alertmanager import MOST, Alertmanager
from aiops.bootstrap.others import MAX_AGE_S, joined
from aiops.errors import PortError
from aiops.model import Alert, AlertmanagerSettings, Silence, Target
from aiops.ports import Others
from tests.fakes.clock import FakeClock
from tests.unit.adapters.hooks import Hook
from tests.unit.core.cases import CART, MINUTE, NOW, POD, facts

SILENCE = {
    "id": "s1",
    "status": {"state": "active"},
    "matchers": [
        {"name": "namespace", "value": "shop", "isRegex": False}
    ],  # isEqual came with a later version
    "startsAt": "2023-11-14T22:00:00.123456789Z",
    "endsAt": "2023-11-14T23:00:00.000Z",
    "createdBy": "anna\x1b[31m",
    "comment": "password=hunter2hunter2",
}


@pytest.fixture
def hook():
    with Hook() as server:
        yield server


def alerts_at(hook):
    return Alertmanager(AlertmanagerSettings(hook.url + "/alerts/"), "blue", FakeClock(NOW))


def others(hook, body, at_ms=NOW):
    hook.body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return alerts_at(hook).others(at_ms)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b"{}",
        b"null",
        b"[1]",
        b'[{"id": 3}]',
        json.dumps([{**SILENCE, "startsAt": "yesterday"}]).encode(),
        json.dumps([{**SILENCE, "matchers": [{"name": "a"}]}]).encode(),
        json.dumps([SILENCE] * (MOST + 1)).encode(),
        b"[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_rejected_and_never_read_as_no_silences(hook, body):
    """Else what a person silenced would be acted upon."""
    with pytest.raises(PortError):
        others(hook, body)


def test_a_silence_is_read_with_its_time_and_without_what_steers_a_terminal(hook):
    """S8, S9; the answer serves for both questions, and no silence is an alert."""
    hook.body = json.dumps([SILENCE]).encode()
    (found,) = alerts_at(hook)._silences()
    assert (found.from_ms, found.until_ms) == (1_699_999_200_123, 1_700_002_800_000)
    assert found.matchers[0].equal
    assert "\x1b" not in found.by
    assert "hunter2" not in found.comment


def test_the_path_of_the_url_is_kept(hook):
    with pytest.raises(PortError):
        others(hook, b"")
    assert hook.got[0][1] == "/alerts/api/v2/silences"


def test_an_alert_without_a_name_is_no_evidence_and_no_trouble(hook):
    hook.body = json.dumps([{"labels": {"job": "x"}, "startsAt": "2023-11-14T22:00:00Z"}]).encode()
    assert list(alerts_at(hook)._alerts()) == []


def test_the_same_alert_of_two_pods_counts_from_the_first_on(hook):
    both = [
        {"labels": {"alertname": "A", "namespace": "shop", "deployment": "cart", "pod": pod}, "startsAt": at}
        for pod, at in (("cart-1", "2023-11-14T22:05:00Z"), ("cart-2", "2023-11-14T22:00:00Z"))
    ]
    hook.body = json.dumps(both).encode()
    (alert,) = alerts_at(hook)._alerts()
    assert (alert.target, alert.since_ms) == (CART, 1_699_999_200_000)


class TestJoined:
    """What others say, in the facts."""

    SILENCED = Silence("s1", (), NOW - MINUTE, NOW + MINUTE)

    @pytest.mark.parametrize(
        ("age_s", "known"), [(MAX_AGE_S, True), (MAX_AGE_S + 0.001, False), (-MAX_AGE_S - 0.001, False)]
    )
    def test_what_was_read_stands_for_a_minute(self, age_s, known):
        """Then guards hold: a clock that jumped counts as well."""
        said = Others(NOW - int(age_s * 1000), silences=(self.SILENCED,))
        found = joined(facts(), said, NOW, int(MAX_AGE_S * 1000))
        assert ("silences" not in found.unknown) is known
        assert (found.silences == (self.SILENCED,)) is known

    def test_before_the_first_answer_silences_are_unknown(self):
        assert "silences" in joined(facts(), None, NOW, 1000).unknown

    def test_an_alert_that_both_tell_is_one(self):
        known = facts(alerts=(Alert("A", CART, NOW - MINUTE),))
        said = Others(NOW, (Alert("A", POD, NOW), Alert("B", Target("Node", "", "n1"), NOW - 2 * MINUTE)))
        assert [one.name for one in joined(known, said, NOW, 1000).alerts] == ["B", "A"]

    def test_one_that_ended_and_fires_again_is_another(self):
        past = replace(Alert("A", CART, NOW - 9 * MINUTE), until_ms=NOW - 8 * MINUTE)
        said = Others(NOW, (Alert("A", POD, NOW),))
        assert len(joined(facts(alerts=(past,)), said, NOW, 1000).alerts) == 2
