"""Slack, whole: the adapter with the real slack_bolt and slack_sdk against the double, over both ways in."""

import threading
import time
from dataclasses import replace

import pytest
from websockets.sync.client import connect

from aiops.adapters.clock import SystemClock
from aiops.errors import PortError, Unavailable
from aiops.model import (
    Amend,
    ApprovalState,
    Approve,
    Deny,
    Mine,
    Note,
    SlackMode,
    StopAll,
    Why,
)
from aiops.web.app import Doors, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.sessions import Sessions
from tests.asgi import Client
from tests.fakes.authenticator import FakeAuthenticator
from tests.fakes.forum import an_approval
from tests.fakes.slack import Slack
from tests.integration.slack_cases import scene
from tests.unit.adapters.slack.parts import a_card, a_question, an_incident

pytestmark = pytest.mark.integration

BOTH = pytest.mark.parametrize("mode", [SlackMode.SOCKET, SlackMode.HTTP])
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 2000


@BOTH
def test_a_full_conversation(mode):
    """Incident, picture, "why?", "scale to 6 instead", a click, the end; nobody was pinged but approvers."""
    with scene(mode) as it:
        slack, notifier = it.slack, it.channel.notifier
        notifier.show(a_card("diagnosing", picture=PNG))
        card, question = it.asks()
        assert [one for one in slack.thread(card) if one.files]
        assert "waiting" in it.posted("incident:incident00001").seen
        slack.says(it.ben, "why?", thread=card)
        it.echo(card, "noted")
        slack.says(it.ben, "scale to 6 instead", thread=card)
        it.echo(card, "plan scale_to with replicas=6")
        amended = an_approval("c0ffee123456", short="c0ff", summary="scale to 6", digest="f" * 64)
        first = it.forum.those[0]
        it.forum.those[0] = replace(first, state=ApprovalState.SUPERSEDED, said="amended by ben")
        notifier.ask(a_question(it.forum.those[0]))
        _, second = it.asks(amended)
        assert slack.current(question).buttons == []
        assert slack.acked(slack.clicks(it.ana, second, "aiops_approve"))
        it.echo(card, "approve plan c0ff: approved by ana")
        notifier.ask(a_question(it.forum.those[1]))
        notifier.note(Note("scaled, 6 of 6 ready", "n1", "incident00001"))
        notifier.show(a_card("resolved"))
        assert slack.current(card).colors == ["#12b76a"]
        assert slack.current(second).buttons == []
        sayings = [type(one.saying) for one in it.heard(3)]
        assert sayings == [Why, Amend, Approve]
        assert it.forum.heard[2].actor.groups == (it.group.id,)
        assert len(slack.messages(it.incidents)) == 1
        assert {one.who for one in slack.notified if one.message.user == slack.app.user.id} == {
            f"!subteam^{it.group.id}",
            it.ana.id,
            it.ben.id,
        }
        slack.settles()
        assert slack.courier.complaints == []
        assert slack.courier.strays == []
        assert it.failures == []


@BOTH
def test_each_button_and_the_modal(mode):
    with scene(mode) as it:
        card, question = it.asks()
        click = it.slack.clicks(it.ana, question, "aiops_amend")
        assert it.slack.acked(click)
        view = it.slack.wait(lambda: it.slack.views(it.ana))[-1]
        bad = {"remediation": "scale_to", "parameters": "six", "reason": "cheaper"}
        sent = it.slack.submits(it.ana, view, bad)
        assert it.slack.acked(sent)
        assert sent.answer["response_action"] == "errors"
        sent = it.slack.submits(it.ana, view, bad | {"parameters": "replicas=6"})
        assert it.slack.acked(sent)
        assert it.heard(1)[0].saying == Amend(it.forum.those[0].id, "scale_to", {"replicas": 6}, "cheaper")
        for count, action in enumerate(("aiops_why", "aiops_snooze"), 2):
            assert it.slack.acked(it.slack.clicks(it.ben, question, action))
            it.heard(count)
        it.echo(card, "put plan a1b2 off until")
        assert it.failures == []


@pytest.mark.parametrize(
    "who",
    [
        lambda it: it.slack.guest("eve"),
        lambda it: it.slack.guest("eve", single=True),
        lambda it: it.slack.stranger("eve"),
        lambda it: it.slack.deactivates(it.slack.person("eve")),
        lambda it: it.slack.other_bot("eve"),
    ],
    ids=["guest", "single-channel guest", "stranger", "deactivated", "bot"],
)
@BOTH
def test_whoever_is_no_full_member_decides_nothing(mode, who):
    """H4"""
    with scene(mode) as it:
        card, question = it.asks()
        eve = who(it)
        it.incidents.members.add(eve.id)
        it.slack.clicks(eve, question, "aiops_approve")
        it.slack.says(eve, "approve a1b2", thread=card)
        it.slack.says(eve, "stop everything", thread=card)
        it.slack.settles()
        time.sleep(0.1)
        assert it.forum.heard == []
        assert it.forum.those[0].state is ApprovalState.PENDING


@BOTH
def test_a_name_that_looks_like_an_approvers_is_another_id(mode):
    """H4"""
    with scene(mode) as it:
        _, question = it.asks()
        eve = it.slack.person("eve", display_name="ana")
        it.incidents.members.add(eve.id)
        it.slack.clicks(eve, question, "aiops_approve")
        actor = it.heard(1)[0].actor
        assert actor.id == f"{it.slack.team_id}/{eve.id}"
        assert actor.groups == ()


@BOTH
def test_fifty_people_at_once_and_every_event_twice_decide_once(mode):
    """H3"""
    with scene(mode) as it:
        card, question = it.asks()
        it.slack.courier.ack_s = 3.0  # Slack's own: the machine may be busy
        people = [it.slack.person(f"p{n}") for n in range(50)]
        it.incidents.members |= {one.id for one in people}
        clicks = [it.slack.clicks(one, question, "aiops_approve") for one in people]
        it.slack.settles(15)
        assert all(one.acked for one in clicks)
        again = [it.slack.redelivers(one) for one in clicks[:10]]
        it.slack.settles()
        if mode is SlackMode.SOCKET:  # over HTTP it is, within the same second, a replay
            assert all(one.acked for one in again)
        it.heard(50, 15)
        time.sleep(0.1)
        assert len(it.forum.heard) == 50
        assert len([one for one in it.slack.thread(card) if "approved by" in one.seen]) == 1


@BOTH
def test_an_edit_of_a_reply_and_a_quotation_decide_nothing(mode):
    """H7"""
    with scene(mode) as it:
        card, _ = it.asks()
        said = it.slack.says(it.ana, "let me look", thread=card)
        it.slack.edits(it.ana, said, "approve a1b2")
        it.slack.says(it.ana, "> approve a1b2", thread=card)
        it.slack.says(it.ana, "yes", thread=card)
        it.echo(card, "a yes has to say to what")
        assert it.forum.heard == []


def test_a_stop_is_heard_without_a_thread():
    """B5"""
    with scene() as it:
        it.slack.says(it.ben, "stop everything", it.incidents)
        assert it.heard(1)[0].saying == StopAll()


@BOTH
def test_a_click_is_acknowledged_at_once_and_decided_within_300_ms(mode):
    """Also while the journal takes its time: acknowledging waits for nothing."""
    with scene(mode) as it:
        _, question = it.asks()
        began = time.monotonic()
        it.slack.clicks(it.ana, question, "aiops_approve")
        it.heard(1)
        assert time.monotonic() - began < 0.3
        held = threading.Event()
        say = it.forum.say
        it.forum.say = lambda said: (held.wait(5), say(said))[1]
        slow = it.slack.clicks(it.ben, question, "aiops_deny")
        assert it.slack.acked(slow)
        assert slow.attempts[0].took_s < 0.5
        held.set()
        it.heard(2)


def test_slack_that_is_down_at_the_start_delays_nothing_and_is_joined_later():
    """H8"""
    with Slack(ack_s=1.0, retries_s=(0.0, 0.1)) as slack:
        slack.down()
        began = time.monotonic()
        with scene(slack=slack, wait=False) as it:
            assert time.monotonic() - began < 1.0
            assert not it.channel.connected()
            with pytest.raises(Unavailable):
                it.channel.notifier.show(a_card())
            slack.wait(lambda: it.failures, 5.0, "the trouble to be told")
            assert it.channel.problem()
            slack.up()
            slack.wait(it.channel.connected, 10.0, "the app to connect")
            _, question = it.asks()
            slack.clicks(it.ana, question, "aiops_deny")
            assert it.heard(1)[0].saying == Deny(it.forum.those[0].id)


@pytest.mark.parametrize("fault", ["down", "breaks", "rate limit", "archived"])
def test_while_slack_refuses_the_approval_stays_pending_and_the_herald_is_told(fault):
    """H8"""
    with scene() as it:
        it.channel.notifier.show(a_card())
        match fault:
            case "down":
                it.slack.down()
            case "breaks":
                it.slack.breaks(503)
            case "rate limit":
                it.slack.rate_limits(5, 7, "chat.postMessage")
            case _:
                it.slack.archives(it.incidents)
        approval = an_approval()
        it.forum.those.append(approval)
        with pytest.raises(PortError) as caught:
            it.channel.notifier.ask(a_question(approval))
        if fault == "rate limit":
            assert caught.value.retry_after_s == 7
        assert it.forum.those[0].state is ApprovalState.PENDING
        assert it.posts.ref("slack", f"approval:{approval.id}") == ""


def test_a_wish_to_be_left_alone_is_kept():
    """H8: one refusal, and not another call of that method before its time."""
    with scene() as it:
        it.slack.rate_limits(1, 30, "chat.postMessage")
        for _ in range(5):
            with pytest.raises(Unavailable):
                it.channel.notifier.show(a_card())
        assert len(it.slack.called("chat.postMessage")) == 1


def test_what_was_posted_without_our_knowing_is_not_posted_again():
    """H8, H10: Slack took it, and its answer came too late for us."""
    with scene(timeout_s=1.0) as it:
        it.channel.notifier.show(a_card())
        call = it.slack.call

        def late(method, *args):
            answer = call(method, *args)
            if method == "chat.postMessage":
                time.sleep(1.3)
            return answer

        it.slack.call = late
        approval = an_approval()
        with pytest.raises(Unavailable):
            it.channel.notifier.ask(a_question(approval))
        it.slack.call = call
        card = it.posted("incident:incident00001")
        assert len(it.slack.thread(card)) == 1
        it.channel.notifier.ask(a_question(approval))
        assert len(it.slack.thread(card)) == 1
        assert it.posted(f"approval:{approval.id}").buttons


def test_an_echo_waits_out_a_rate_limit_and_the_decision_does_not():
    with scene() as it:
        card, question = it.asks()
        it.slack.rate_limits(1, 1, "chat.postMessage")
        began = time.monotonic()
        it.slack.clicks(it.ana, question, "aiops_approve")
        it.heard(1)
        assert time.monotonic() - began < 0.5
        it.echo(card, "approved by ana", 6.0)


@pytest.mark.parametrize("how", ["disconnects", "cuts"])
def test_a_connection_that_is_lost_is_made_anew_and_nothing_is_heard_twice(how):
    with scene() as it:
        card, question = it.asks()
        getattr(it.slack, how)()
        it.slack.wait(lambda: len(it.slack.opened) > 1 and it.slack.sockets, 15.0, "another connection")
        it.slack.wait(it.channel.connected, 5.0)
        it.slack.says(it.ana, "I'm on it", thread=card)
        assert it.heard(1, 10)[0].saying == Mine("incident00001")
        it.slack.clicks(it.ana, question, "aiops_approve")
        it.heard(2)
        it.slack.settles(10)
        assert len(it.forum.heard) == 2


def test_a_second_process_on_the_same_app_is_told_of():
    """Slack hands each event to one of them only."""
    with scene() as it:
        ours = it.slack.sockets[0]
        with connect(it.slack.call("apps.connections.open", {}, f"Bearer {it.slack.app_token}")["url"]):
            it.slack.wait(lambda: len(it.slack.sockets) == 2)
            it.slack._run(ours.close_after(0))  # ours comes back, and is greeted with how many there are
            it.slack.wait(lambda: it.failures, 10.0, "the warning")
        assert "2 connections of this app" in str(it.failures[0][1])


def test_a_direct_message_can_stop_everything():
    """B5"""
    with scene() as it:
        it.slack.says(it.ben, "stop everything", it.slack.world.direct(it.slack.app.user.id, it.ben.id))
        assert it.heard(1)[0].saying == StopAll()


def test_slack_gets_in_past_the_gate_of_our_server_by_its_signature_alone():
    """S1: no token, no session, the name of a proxy; what is unsigned stays outside."""
    with scene(SlackMode.HTTP) as it:
        doorkeeper = Doorkeeper(FakeAuthenticator({}), Sessions(60), SystemClock().monotonic_s)
        app = make_app(
            metrics=lambda: (b"", "text/plain"),
            healthy=lambda: (True, {}),
            ready=lambda: (True, {}),
            doors=Doors(doorkeeper, slack=it.channel.asgi, closed=True),
        )
        url = "https://aiops.example/slack/events"
        assert it.slack.verifies(url, app)
        _, question = it.asks()
        assert it.slack.acked(it.slack.clicks(it.ana, question, "aiops_deny"))
        assert it.heard(1)[0].saying == Deny(it.forum.those[0].id)
        assert Client(app, "https://aiops.example").post("/slack/events", json={}).status_code == 401
        assert Client(app, "https://aiops.example").get("/slack/events").status_code == 405


def test_one_person_on_call_is_told_that_two_yeses_cannot_be_had():
    """Issue 5: where a quorum cannot be had, the escalation carries the command to type by hand."""
    with scene(people=()) as it:
        _, question = it.asks(quorum=2)
        assert "2 yeses cannot be had: 1 person may say yes here" in question.seen
        assert "kubectl -n shop scale deployment web" in question.seen


def test_the_rotation_of_a_group_is_followed():
    with scene(members_cache_s=0) as it:
        _, question = it.asks()
        it.slack.rotates(it.group, [it.ben])
        it.slack.clicks(it.ana, question, "aiops_deny")
        assert it.heard(1)[0].actor.groups == ()
        assert it.channel.members(it.group.id) == {f"{it.slack.team_id}/{it.ben.id}"}


def test_what_labels_say_notifies_nobody():
    """H9"""
    with scene() as it:
        nasty = "<!channel> <@U00000003> <https://evil.example|x> \x1b[31m\n`*"
        incident = an_incident(incident_class=nasty, opened_because=nasty)
        it.channel.notifier.show(a_card("open", incident=incident, decision=nasty, lines=(nasty,)))
        it.channel.notifier.note(Note(nasty, "n1", incident.id))
        assert it.slack.notified == []
        assert (
            "&lt;!channel&gt;" in it.posted("incident:incident00001").seen
            or "<!channel>" in it.posted("incident:incident00001").seen
        )


def test_no_secret_is_ever_shown(caplog):
    """S8: tokens and signing secrets of a run with faults, in nothing that we say or log."""
    with scene() as it:
        it.slack.breaks(500)
        with pytest.raises(Unavailable) as caught:
            it.channel.notifier.show(a_card())
        said = f"{caught.value} {it.failures} {it.channel} {caplog.text}"
        for secret in (it.slack.bot_token, it.slack.app_token, it.slack.signing_secret):
            assert secret not in said
