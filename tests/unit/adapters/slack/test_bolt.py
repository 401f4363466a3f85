"""Bolt over a socket: acknowledged at once, heard only if it is ours (H1)."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from slack_bolt import BoltRequest

from aiops.adapters.slack.bolt import make_app
from aiops.adapters.slack.connect import Us
from aiops.adapters.slack.work import Work
from aiops.model import SlackMode, SlackSettings
from tests.unit.adapters.slack.parts import TEAM, Known
from tests.unit.adapters.slack.requests import click_body, message_body, submission_body


class Wire:
    """The app behind a socket; ``slow`` holds up whoever listens."""

    def __init__(self, *, room=50, us=None):
        self.heard, self.failures, self.slow = [], [], threading.Event()
        self.slow.set()
        self.message = self.click = self.submission = self._hear
        self.work = Work("test", self._failed, threads=1, room=room)
        self.pool = ThreadPoolExecutor(4)
        settings = SlackSettings(SlackMode.SOCKET, TEAM, "C01", api_url="http://127.0.0.1:1/api/")
        self.app = make_app(settings, Known(us), self, self.work, self._failed, self.pool)

    def _hear(self, said):
        self.slow.wait(5)
        self.heard.append(said)

    def _failed(self, what, error):
        self.failures.append((what, error))

    def brings(self, body):
        """Status of the acknowledgement."""
        return self.app.dispatch(BoltRequest(mode="socket_mode", body=body)).status

    def close(self):
        self.slow.set()
        self.pool.shutdown()  # what was acknowledged is with the workers by then
        self.work.close()


@pytest.fixture
def wire():
    made = Wire()
    yield made
    made.close()


@pytest.mark.parametrize("body", [message_body(), click_body(), submission_body()])
def test_what_is_ours_is_acknowledged_before_it_is_heard(wire, body):
    wire.slow.clear()
    assert wire.brings(body) == 200
    assert wire.heard == []
    wire.close()
    assert len(wire.heard) == 1


@pytest.mark.parametrize(
    "body",
    [
        message_body(team_id="T02"),
        message_body(api_app_id="A02"),
        click_body(team={"id": "T02"}),
        message_body() | {"event": None},
        click_body(actions=[None]),
        {"type": "url_verification", "challenge": "c"},
    ],
)
def test_what_is_not_ours_is_acknowledged_and_goes_no_further(wire, body):
    """H1: over a socket there is nobody to refuse it to, and nothing better would come."""
    assert wire.brings(body) == 200
    wire.close()
    assert wire.heard == []
    assert wire.failures == []


def test_a_message_of_somebody_elses_workspace_in_a_shared_channel_is_heard_as_theirs(wire):
    """H4: it is for us, from a stranger: the listener refuses it, in words."""
    body = message_body(team_id="T02") | {"authorizations": [{"team_id": TEAM}]}
    assert wire.brings(body) == 200
    wire.close()
    assert wire.heard[0].teams == ("T02", TEAM)


def test_where_slack_did_not_name_our_app_its_id_is_not_asked_for():
    made = Wire(us=Us(TEAM, "UBOT", "BBOT", ""))
    assert made.brings(message_body(api_app_id="A99")) == 200
    made.close()
    assert len(made.heard) == 1


def test_our_own_words_are_not_heard(wire):
    assert wire.brings(message_body(user="UBOT")) == 200
    wire.close()
    assert wire.heard == []


def test_without_room_there_is_no_acknowledgement_so_that_slack_comes_again():
    made = Wire(room=1)
    made.slow.clear()
    statuses = [made.brings(message_body(ts=f"17000001{n:02}.000200")) for n in range(4)]
    made.close()
    assert statuses[0] == 200
    assert statuses[-1] == 503
