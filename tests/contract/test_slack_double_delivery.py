"""How the Slack double reaches an app: Socket Mode and signed requests, as the real slack_bolt meets them."""

import asyncio
import contextlib
import json
import time

import httpx
import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from websockets.sync.client import connect

from tests.contract.slack_double import actions, button, entry, modal, plain, refused, web
from tests.fakes.slack import Slack, sign

pytestmark = pytest.mark.integration


class Listener:
    """A tiny bolt app that keeps what it heard, and opens a modal at "approve"."""

    def __init__(self, slack):
        self.slack, self.heard, self.late_s = slack, [], 0.0
        self.app = App(client=web(slack), signing_secret=slack.signing_secret)
        self.app.event("message")(self._message)
        self.app.action("approve")(self._action)
        self.app.action("pick")(self._keep)
        self.app.view("amend")(self._view)
        self.app.command("/aiops")(self._command)

    def _message(self, event, body):
        self.heard.append(("message", event, body))

    def _keep(self, ack, body):
        ack()
        self.heard.append(("pick", body, body))

    def _action(self, ack, body, client):
        time.sleep(self.late_s)
        ack()
        self.heard.append(("approve", body, body))
        client.views_open(trigger_id=body["trigger_id"], view=modal(entry()))

    def _view(self, ack, body):
        reason = body["view"]["state"]["values"]["of_reason"]["reason"]["value"]
        if len(reason) < 3:
            ack(response_action="errors", errors={"of_reason": "say more"})
        else:
            ack()
            self.heard.append(("amend", reason, body))

    def _command(self, ack, command):
        ack(f"heard {command['text']}")
        self.heard.append(("command", command, command))

    def of(self, kind):
        return [one for one in list(self.heard) if one[0] == kind]


@pytest.fixture
def listener(hasty):
    """The app, connected by Socket Mode."""
    made = Listener(hasty)
    handler = SocketModeHandler(made.app, hasty.app_token, ping_interval=0.2)
    handler.connect()
    hasty.wait(lambda: hasty.sockets)
    yield made
    handler.client.auto_reconnect_enabled = False
    hasty.cuts()  # else the SDK waits out its read of three seconds
    handler.close()


@contextlib.contextmanager
def raw(slack):
    """A bare connection, whose frames the test reads and answers itself."""
    url = web(slack).apps_connections_open(app_token=slack.app_token)["url"]
    with connect(url) as socket:
        assert json.loads(socket.recv(5))["type"] == "hello"
        yield socket


def envelope(socket, timeout=5):
    return json.loads(socket.recv(timeout))


def ack(socket, got, **more):
    socket.send(json.dumps({"envelope_id": got["envelope_id"], **more}))


@pytest.fixture
def ana(hasty):
    return hasty.person("ana")


@pytest.fixture
def channel(hasty, ana):
    return hasty.channel("incidents", [ana])


def posted(slack, channel, **more):
    """A message of the app with a button."""
    web(slack).chat_postMessage(channel=channel.id, text="question", blocks=[actions(button(), **more)])
    return slack.everything(channel)[-1]


# Socket Mode


def test_what_a_person_types_arrives_escaped_and_in_its_thread(hasty, listener, ana, channel):
    """Slack: "message event", "Formatting text for app surfaces"; the app's own messages come back to it."""
    card = posted(hasty, channel)
    said = hasty.says(ana, "> approve\nwhy <b> & c?", thread=card)
    hasty.settles()
    event = listener.of("message")[-1][1]
    assert event["text"] == "&gt; approve\nwhy &lt;b&gt; &amp; c?"
    assert (event["user"], event["ts"], event["thread_ts"]) == (ana.id, said.ts, card.ts)
    assert [one["type"] for one in event["blocks"][0]["elements"]] == ["rich_text_quote", "rich_text_section"]
    assert hasty.journal[0].payload["event"]["bot_id"] == hasty.app.user.bot_id


def test_an_edit_and_a_deletion_are_no_new_messages(hasty, ana, channel):
    """Slack: "message_changed event", "message_deleted event" (for H7)."""
    with raw(hasty) as socket:
        said = hasty.says(ana, "deny", channel)
        ack(socket, envelope(socket))
        said = hasty.edits(ana, said, "approve")
        changed = envelope(socket)
        ack(socket, changed)
        hasty.deletes(ana, said)
        deleted = envelope(socket)
        ack(socket, deleted)
        hasty.settles()
    event = changed["payload"]["event"]
    assert (event["subtype"], event["message"]["text"], event["previous_message"]["text"]) == (
        "message_changed",
        "approve",
        "deny",
    )
    assert event["message"]["edited"]["user"] == ana.id
    assert deleted["payload"]["event"]["subtype"] == "message_deleted"


def test_a_channel_without_the_app_is_silent(hasty, ana):
    """Slack: "message.channels event": sent for channels the app is in."""
    elsewhere = hasty.channel("elsewhere", [ana], app=False)
    hasty.says(ana, "approve", elsewhere)
    assert hasty.journal == []


def test_nobody_writes_where_they_are_not_or_edits_what_others_wrote(hasty, ana, channel):
    """A test cannot have people do what Slack would not let them do."""
    zoe, said = hasty.person("zoe"), hasty.says(ana, "approve", channel)
    with pytest.raises(AssertionError, match="no member"):
        hasty.says(zoe, "approve", channel)
    with pytest.raises(AssertionError, match="what others wrote"):
        hasty.edits(zoe, said, "deny")
    hasty.archives(channel)
    with pytest.raises(AssertionError, match="archived"):
        hasty.says(ana, "approve", channel)


def test_a_stranger_is_told_by_the_team_and_the_event_says_so(hasty, channel, ana):
    """Slack: "Slack Connect: working with channels between organizations" (for H4)."""
    eve = hasty.stranger("eve", team_id="T_OTHER")
    shared = hasty.channel("shared", [ana, eve], shared_with=("T_OTHER",))
    hasty.says(eve, "approve", shared)
    payload = hasty.journal[0].payload
    assert (payload["team_id"], payload["event"]["user_team"]) == (hasty.team_id, "T_OTHER")
    assert payload["is_ext_shared_channel"]


def test_a_click_carries_who_where_what_and_a_way_to_answer(hasty, listener, ana, channel):
    """Slack: "block_actions payload", "Handling user interaction"."""
    card = posted(hasty, channel, block_id="ask")
    click = hasty.clicks(ana, card, "Approve")
    assert hasty.acked(click)
    body = hasty.wait(lambda: listener.of("approve"))[0][1]
    assert body["user"] == {"id": ana.id, "username": "ana", "name": "ana", "team_id": hasty.team_id}
    assert (body["container"]["message_ts"], body["channel"]["id"]) == (card.ts, channel.id)
    assert body["api_app_id"] == hasty.app.id
    action = body["actions"][0]
    assert (action["action_id"], action["value"], action["block_id"]) == ("approve", "1", "ask")
    WebhookClient(body["response_url"]).send(text="counted", response_type="ephemeral")
    assert [one.text for one in hasty.ephemerals(ana)] == ["counted"]


def test_only_what_is_shown_can_be_clicked_but_an_old_screen_still_shows_it(hasty, ana, channel):
    """For H6: a person may click what they saw before an edit took it away."""
    card = posted(hasty, channel)
    web(hasty).chat_update(channel=channel.id, ts=card.ts, text="over", blocks=[])
    with pytest.raises(AssertionError, match="expected one 'Approve'"):
        hasty.clicks(ana, card, "Approve")
    late = hasty.clicks(ana, card, "Approve", on=card)
    assert late.payload["actions"][0]["value"] == "1"


def test_a_modal_is_opened_filled_refused_and_sent_again(hasty, listener, ana, channel):
    """Slack: "views.open", "view_submission payload", "Modals": ``response_action`` errors keep it open."""
    hasty.clicks(ana, posted(hasty, channel), "Approve")
    view = hasty.wait(lambda: hasty.views(ana))[0]
    with pytest.raises(AssertionError, match="empty inputs"):
        hasty.submits(ana, view)
    short = hasty.submits(ana, view, {"reason": "no"})
    assert hasty.acked(short)
    assert (short.answer["errors"], len(hasty.views(ana))) == ({"of_reason": "say more"}, 1)
    assert hasty.acked(hasty.submits(ana, view, {"reason": "traffic peak"}))
    assert [one[1] for one in listener.of("amend")] == ["traffic peak"]
    hasty.wait(lambda: hasty.views(ana) == [])


def test_a_choice_in_a_message_comes_with_its_option(hasty, listener, ana, channel):
    """Slack: "block_actions payload", static select."""
    options = [{"text": plain(one), "value": one} for one in ("30m", "2h")]
    select = {"type": "static_select", "action_id": "pick", "options": options}
    web(hasty).chat_postMessage(channel=channel.id, text="x", blocks=[actions(select)])
    assert hasty.acked(hasty.chooses(ana, hasty.messages(channel)[0], "pick", "2h"))
    assert listener.of("pick")[0][1]["actions"][0]["selected_option"]["value"] == "2h"


def test_a_command_is_answered_with_its_acknowledgement(hasty, listener, ana, channel):
    """Slack: "Slash commands"."""
    asked = hasty.commands(ana, channel, "/aiops", "stop")
    assert hasty.acked(asked)
    assert asked.answer == {"text": "heard stop"}


@pytest.mark.parametrize(("after", "error"), [(3.0, None), (3.1, "expired_trigger_id")])
def test_a_trigger_is_good_for_three_seconds(after, error):
    """Slack: "Handling user interaction": a ``trigger_id`` expires 3 seconds after it was issued."""
    now = [1_700_000_000.0]
    with Slack(clock=lambda: now[0], ack_s=0.2) as slack:
        ana = slack.person("ana")
        click = slack.clicks(ana, posted(slack, slack.channel("incidents", [ana])), "Approve")
        now[0] += after
        opening = {"trigger_id": click.payload["trigger_id"], "view": modal(entry())}
        if error is None:
            assert web(slack).views_open(**opening)["ok"]
            assert refused(web(slack).views_open, **opening)["error"] == "exchanged_trigger_id"
        else:
            assert refused(web(slack).views_open, **opening)["error"] == error
        guess = refused(web(slack).views_open, trigger_id="1.2.x", view=modal(entry()))
        assert guess["error"] == "invalid_trigger_id"


def test_a_modal_is_updated_only_as_it_was_last_seen(hasty, ana, channel):
    """Slack: "views.update", errors ``hash_conflict`` and ``not_found``."""
    click = hasty.clicks(ana, posted(hasty, channel), "Approve")
    view = web(hasty).views_open(trigger_id=click.payload["trigger_id"], view=modal(entry()))["view"]
    changed = modal(entry(), title=plain("Other"))
    web(hasty).views_update(view_id=view["id"], hash=view["hash"], view=changed)
    assert hasty.views(ana)[0]["title"]["text"] == "Other"
    stale = refused(web(hasty).views_update, view_id=view["id"], hash=view["hash"], view=changed)
    nobodys = refused(web(hasty).views_update, view_id="V404", view=changed)
    assert (stale["error"], nobodys["error"]) == ("hash_conflict", "not_found")


def test_a_response_url_is_good_for_five_answers(hasty, ana, channel):
    """Slack: "Handling user interaction": up to 5 times within 30 minutes."""
    click = hasty.clicks(ana, posted(hasty, channel), "Approve")
    respond = WebhookClient(click.payload["response_url"])
    answers = [respond.send(text=str(number)) for number in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1].body
    assert len(hasty.ephemerals(ana)) == 5


def test_a_response_url_may_replace_the_message_it_came_from(hasty, ana, channel):
    """Slack: "Handling user interaction": ``replace_original``."""
    card = posted(hasty, channel)
    click = hasty.clicks(ana, card, "Approve")
    WebhookClient(click.payload["response_url"]).send(text="approved", replace_original=True)
    assert (hasty.current(card).text, hasty.current(card).buttons) == ("approved", [])


def test_an_event_goes_to_one_of_several_connections(hasty, ana, channel):
    """Slack: "Using Socket Mode": up to 10 connections; each payload may go to any, and goes to one."""
    with raw(hasty) as one, raw(hasty) as other:
        for number in range(6):
            hasty.says(ana, str(number), channel)
        got = {one: [], other: []}
        for socket, seen in got.items():
            with contextlib.suppress(TimeoutError):
                while True:
                    seen.append(envelope(socket, 0.3))
                    ack(socket, seen[-1])
    texts = [seen["payload"]["event"]["text"] for each in got.values() for seen in each]
    assert sorted(texts) == list("012345")
    assert all(got.values())


def test_an_eleventh_connection_is_sent_away(hasty):
    """Slack: "Using Socket Mode": up to 10 connections at a time; reason ``too_many_websockets``."""
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(raw(hasty))
        url = web(hasty).apps_connections_open(app_token=hasty.app_token)["url"]
        with connect(url) as socket:
            assert json.loads(socket.recv(5))["reason"] == "too_many_websockets"
        assert len(hasty.sockets) == 10


def test_a_ticket_opens_one_connection(hasty):
    """Slack: "apps.connections.open": a temporary address, made at run time."""
    url = web(hasty).apps_connections_open(app_token=hasty.app_token)["url"]
    with connect(url):
        with pytest.raises(Exception, match="403"):
            connect(url).close()
        with pytest.raises(Exception, match="403"):
            connect(url.replace("ticket=", "ticket=guess")).close()


def test_an_event_without_acknowledgement_comes_again_the_same(hasty, ana, channel):
    """Slack: "Events API": three retries; over a socket with ``retry_attempt`` and ``retry_reason``."""
    with raw(hasty) as socket:
        hasty.says(ana, "approve", channel)
        tries = [envelope(socket), envelope(socket)]
        ack(socket, tries[-1])
        hasty.settles()
    assert [one["retry_attempt"] for one in tries] == [0, 1]
    assert tries[1]["retry_reason"] == "timeout"
    assert tries[0]["payload"] == tries[1]["payload"]
    assert [one.error for one in hasty.journal[0].attempts] == ["timeout", ""]


def test_slack_gives_up_after_three_retries(hasty, ana, channel):
    """Slack: "Events API": at once, after a minute, after five minutes, then no more."""
    with raw(hasty):
        hasty.says(ana, "approve", channel)
        hasty.settles()
    assert [one.number for one in hasty.journal[0].attempts] == [0, 1, 2, 3]
    assert not hasty.journal[0].acked
    assert Slack().courier.retries_s == (0.0, 60.0, 300.0)


def test_an_interaction_is_not_sent_again_the_person_sees_a_warning(hasty, ana, channel):
    """Slack: "Handling user interaction": acknowledge within 3 seconds, or an error is shown."""
    with raw(hasty) as socket:
        card = posted(hasty, channel)
        ack(socket, envelope(socket))
        click = hasty.clicks(ana, card, "Approve")
        assert envelope(socket)["type"] == "interactive"
        assert not hasty.acked(click)
        with pytest.raises(TimeoutError):
            envelope(socket, 0.3)
    assert [one for one, _ in hasty.courier.complaints] == [click]


def test_a_late_listener_shows_in_the_journal(hasty, listener, ana, channel):
    """Slack: "Using Socket Mode": acknowledge within 3 seconds; here within half a second."""
    listener.late_s = 0.7
    click = hasty.clicks(ana, posted(hasty, channel), "Approve")
    assert not hasty.acked(click)
    listener.late_s = 0.0
    click = hasty.clicks(ana, posted(hasty, channel), "Approve")
    assert hasty.acked(click)
    assert 0 <= click.attempts[0].took_s < 0.5


def test_the_same_envelope_can_be_given_twice(hasty, ana, channel):
    """Slack: "Events API": the same event may come more than once; ``event_id`` is the same (for H3)."""
    with raw(hasty) as socket:
        hasty.says(ana, "approve", channel)
        first = envelope(socket)
        ack(socket, first)
        hasty.settles()
        hasty.redelivers(hasty.journal[0])
        again = envelope(socket)
        ack(socket, again)
        hasty.settles()
    assert first["payload"]["event_id"] == again["payload"]["event_id"]


@pytest.mark.parametrize(
    "sent",
    ["not json", "[]", '{"envelope_id": "nobody-asked"}', '{"envelope_id": "x", "colour": "red"}'],
)
def test_what_no_envelope_asked_for_is_kept_as_stray(hasty, sent):
    """Slack: "Using Socket Mode": an app sends acknowledgements over a socket, and nothing else."""
    with raw(hasty) as socket:
        socket.send(sent)
        hasty.wait(lambda: hasty.courier.strays)
    assert hasty.courier.strays[0][1] == sent


def test_the_app_moves_to_a_new_connection_when_asked_and_misses_nothing(hasty, listener, ana, channel):
    """Slack: "Using Socket Mode": ``disconnect``, ``refresh_requested``, then a new apps.connections.open."""
    hasty.disconnects("refresh_requested", grace_s=0.2)
    hasty.wait(lambda: len(hasty.opened) == 2 and len(hasty.sockets) == 1)
    said = hasty.says(ana, "still there?", channel)
    hasty.settles()
    assert [one[1]["ts"] for one in listener.of("message")] == [said.ts]
    assert len(hasty.called("apps.connections.open")) == 2


def test_a_cut_connection_is_opened_anew_and_the_event_comes_again(ana, channel, hasty, listener):
    """Slack: "Events API" retries; the SDK notices by its pings."""
    hasty.courier.retries_s = (0.5, 1.0, 1.5)
    hasty.cuts()
    hasty.wait(lambda: not hasty.sockets)
    said = hasty.says(ana, "why?", channel)
    hasty.wait(lambda: listener.of("message"), timeout=15)
    assert listener.of("message")[0][1]["ts"] == said.ts
    assert hasty.journal[0].attempts[0].error == "no_connection"


def test_an_outage_ends_with_a_new_connection(hasty, listener):
    """For H8."""
    hasty.down()
    hasty.up()
    hasty.wait(lambda: hasty.sockets, timeout=15)
    assert len(hasty.opened) == 2


# signed requests


class Endpoint:
    """An HTTP endpoint that keeps what came, and answers as told: (status, headers), after ``late_s``."""

    def __init__(self):
        self.came, self.answers, self.late_s = [], [], 0.0
        self.asgi = Starlette(routes=[Route("/slack/events", self._take, methods=["POST"])])

    async def _take(self, request):
        self.came.append((dict(request.headers), await request.body()))
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        if status == "hang":
            await asyncio.sleep(self.late_s)
            status = 200
        return Response(status_code=status, headers=headers)


URL = "http://app.test/slack/events"


@pytest.fixture
def endpoint(hasty):
    made = Endpoint()
    hasty.sends_to(URL, made.asgi)
    return made


def test_requests_are_signed_over_time_and_body(hasty, endpoint, ana, channel):
    """Slack: "Verifying requests from Slack": judged here by the SDK's own verifier."""
    hasty.says(ana, "approve", channel)
    hasty.settles()
    headers, body = endpoint.came[0]
    verifier = SignatureVerifier(hasty.signing_secret)
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b" ", headers)
    assert not SignatureVerifier("another").is_valid_request(body, headers)
    assert abs(time.time() - int(headers["x-slack-request-timestamp"])) < 5


def test_the_signature_is_the_one_of_the_documentation():
    """Slack: "Verifying requests from Slack": its worked example."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
        b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body) == expected


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((500, {}), "http_error"), ((302, {"location": "/"}), "http_error"), (("hang", {}), "http_timeout")],
)
def test_an_event_without_a_good_answer_comes_again_and_says_why(
    hasty, endpoint, ana, channel, answer, reason
):
    """Slack: "Events API": ``X-Slack-Retry-Num`` and ``X-Slack-Retry-Reason``."""
    endpoint.answers, endpoint.late_s = [answer], 0.7
    hasty.says(ana, "approve", channel)
    hasty.settles()
    (first, body), (second, again) = endpoint.came
    assert "x-slack-retry-num" not in first
    assert (second["x-slack-retry-num"], second["x-slack-retry-reason"]) == ("1", reason)
    assert body == again
    assert hasty.journal[0].acked


def test_an_app_may_ask_not_to_be_tried_again(hasty, endpoint, ana, channel):
    """Slack: "Events API": ``X-Slack-No-Retry: 1``."""
    endpoint.answers = [(500, {"X-Slack-No-Retry": "1"})]
    hasty.says(ana, "approve", channel)
    hasty.settles()
    assert len(endpoint.came) == 1


def test_nobody_there_is_a_failed_connection(hasty, ana, channel):
    """Slack: "Events API": reason ``connection_failed``."""
    hasty.sends_to("http://127.0.0.1:9/slack/events")
    hasty.says(ana, "approve", channel)
    hasty.settles()
    assert {one.error for one in hasty.journal[0].attempts} == {"connection_failed"}


def test_an_address_is_verified_by_its_challenge(hasty, endpoint):
    """Slack: "url_verification event"; bolt answers it, an endpoint that says only 200 does not."""
    assert not hasty.verifies(URL, endpoint.asgi)
    assert hasty.verifies(URL, bolt(Listener(hasty).app))


def bolt(app):
    """The real slack_bolt behind a route."""
    handler = SlackRequestHandler(app)
    return Starlette(routes=[Route("/slack/events", handler.handle, methods=["POST"])])


def test_bolt_takes_clicks_modals_and_commands_over_http(hasty, ana, channel):
    """Slack: "Handling user interaction": a form with ``payload``; "Slash commands": a form."""
    listener = Listener(hasty)
    hasty.sends_to(URL, bolt(listener.app))
    assert hasty.acked(hasty.clicks(ana, posted(hasty, channel), "Approve"))
    view = hasty.wait(lambda: hasty.views(ana))[0]
    short = hasty.submits(ana, view, {"reason": "no"})
    assert hasty.acked(short)
    assert short.answer == {"response_action": "errors", "errors": {"of_reason": "say more"}}
    assert hasty.acked(hasty.submits(ana, view, {"reason": "traffic peak"}))
    asked = hasty.commands(ana, channel, "/aiops", "stop")
    assert hasty.acked(asked)
    assert {one[0] for one in listener.heard} == {"approve", "amend", "command"}


def test_bolt_refuses_a_request_of_another_secret_or_another_time(hasty):
    """Slack: "Verifying requests from Slack": a request is good for five minutes."""
    app = bolt(Listener(hasty).app)
    hasty.sends_to(URL, app)
    click = hasty.clicks(*_someone_with_a_button(hasty), "Approve")
    hasty.acked(click)
    for age, secret, status in ((0, None, 200), (290, None, 200), (310, None, 401), (0, "another", 401)):
        headers, body = hasty.courier.request(click, at=time.time() - age)
        if secret is not None:
            headers["X-Slack-Signature"] = sign(secret, headers["X-Slack-Request-Timestamp"], body)
        answer = hasty._run(_post(app, headers, body))
        assert answer.status_code == status


def _someone_with_a_button(slack):
    ana = slack.person("ana")
    return ana, posted(slack, slack.channel("incidents", [ana]))


async def _post(app, headers, body):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        return await client.post(URL, headers=headers, content=body)
