"""The Slack double's Web API, as the real slack_sdk meets it: what is answered, and what is refused."""

import http.client
import json
import re
import time

import httpx
import pytest
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.contract.slack_double import actions, button, plain, refused, section, web
from tests.fakes.slack import SCOPES, Slack

pytestmark = pytest.mark.integration


@pytest.fixture
def channel(slack):
    return slack.channel("incidents", [slack.person("ana")])


# who calls


def test_a_bot_token_says_whose_it_is(slack):
    """Slack: "auth.test"."""
    told = web(slack).auth_test()
    assert (told["team_id"], told["user_id"], told["bot_id"]) == (
        slack.team_id,
        slack.app.user.id,
        slack.app.user.bot_id,
    )


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-guess", "invalid_auth"), ("xoxp-guess", "invalid_auth")],
)
def test_a_call_without_a_known_token_is_refused(slack, token, error):
    """Slack: "auth.test", errors ``not_authed`` and ``invalid_auth``."""
    assert refused(web(slack, token=token).auth_test)["error"] == error


def test_each_kind_of_token_opens_its_own_methods_only(slack, channel):
    """Slack: "Tokens": xapp- opens sockets, xoxb- calls the Web API; error ``not_allowed_token_type``."""
    posting = refused(web(slack, token=slack.app_token).chat_postMessage, channel=channel.id, text="hello")
    opening = refused(web(slack).apps_connections_open, app_token=slack.bot_token)
    assert (posting["error"], opening["error"]) == ("not_allowed_token_type", "not_allowed_token_type")


def test_an_app_level_token_is_read_from_the_header_only(slack):
    """Slack: "apps.connections.open": pass the token in the Authorization header, not as a parameter."""
    client = http.client.HTTPConnection("127.0.0.1", int(slack.base_url.rsplit(":", 1)[1]))
    client.request("POST", f"/api/apps.connections.open?token={slack.app_token}")
    assert json.loads(client.getresponse().read())["error"] == "not_authed"


def test_a_missing_scope_is_named_with_what_was_provided():
    """Slack: "Web API", error ``missing_scope`` with ``needed`` and ``provided``."""
    with Slack(scopes=SCOPES - {"chat:write"}) as slack:
        channel = slack.channel("incidents")
        told = refused(web(slack).chat_postMessage, channel=channel.id, text="hello")
    assert (told["error"], told["needed"]) == ("missing_scope", "chat:write")
    assert "users:read" in told["provided"]


def test_a_method_that_is_not_there_is_unknown(slack):
    """Slack: "Web API", error ``unknown_method``."""
    assert refused(web(slack).api_call, "chat.shout")["error"] == "unknown_method"


def test_arguments_are_judged_by_name(slack, channel):
    """Slack: "Web API", error ``invalid_arguments`` with messages."""
    told = refused(web(slack).chat_postMessage, channel=channel.id, text="hello", colour="red")
    assert told["error"] == "invalid_arguments"
    assert told["response_metadata"]["messages"] == ["[ERROR] unknown argument: colour"]


def test_a_json_body_is_not_read_where_the_method_takes_forms_only(slack):
    """Slack: "Web API": only some methods read JSON bodies; ``users.info`` is none of them."""
    user = slack.person("ana")
    assert refused(web(slack).api_call, "users.info", json={"user": user.id})["error"] == "invalid_arguments"
    assert web(slack).users_info(user=user.id)["user"]["id"] == user.id


# messages


def test_timestamps_are_seconds_and_six_digits_unique_in_their_channel(slack, channel):
    """Slack: "chat.postMessage": ``ts`` identifies a message in its channel."""
    stamps = [web(slack).chat_postMessage(channel=channel.id, text="hello")["ts"] for _ in range(20)]
    assert all(re.fullmatch(r"\d{10}\.\d{6}", one) for one in stamps)
    assert sorted(set(stamps)) == stamps


def test_two_messages_of_one_moment_have_two_timestamps():
    """Slack: "chat.postMessage": ``ts`` is unique in its channel, however close they come."""
    with Slack(clock=lambda: 1_700_000_000.0) as slack:
        channel = slack.channel("incidents")
        stamps = [web(slack).chat_postMessage(channel=channel.id, text="hello")["ts"] for _ in range(3)]
    assert stamps == ["1700000000.000000", "1700000000.000001", "1700000000.000002"]


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("unknown", "channel_not_found"),
        ("outside", "not_in_channel"),
        ("private", "channel_not_found"),
        ("archived", "is_archived"),
    ],
)
def test_a_message_goes_only_where_the_app_is(slack, channel, case, error):
    """Slack: "chat.postMessage", errors; a private channel the app is not in does not exist for it."""
    made = {
        "unknown": "C404",
        "outside": slack.channel("other", app=False).id,
        "private": slack.channel("secret", app=False, private=True).id,
        "archived": channel.id,
    }
    if case == "archived":
        slack.archives(channel)
    assert refused(web(slack).chat_postMessage, channel=made[case], text="hello")["error"] == error
    assert slack.everything(channel) == []


@pytest.mark.parametrize(("length", "error"), [(40_000, None), (40_001, "msg_too_long")])
def test_a_text_may_be_forty_thousand_characters(slack, channel, length, error):
    """Slack: "chat.postMessage", error ``msg_too_long``; "Truncating content": 40,000 characters."""
    if error is None:
        assert web(slack).chat_postMessage(channel=channel.id, text="x" * length)["ok"]
    else:
        told = refused(web(slack).chat_postMessage, channel=channel.id, text="x" * length)
        assert told["error"] == error


@pytest.mark.parametrize(("each", "error"), [(2600, None), (2601, "msg_blocks_too_long")])
def test_all_blocks_together_may_hold_thirteen_thousand_characters(slack, channel, each, error):
    """slackapi/bolt-js issue 2509: refused from about 13,200 on; 5 sections of 2,600 are 13,000."""
    blocks = [section("x" * each) for _ in range(5)]
    if error is None:
        assert web(slack).chat_postMessage(channel=channel.id, text="x", blocks=blocks)["ok"]
    else:
        assert (
            refused(web(slack).chat_postMessage, channel=channel.id, text="x", blocks=blocks)["error"]
            == error
        )


def test_a_message_without_content_is_refused(slack, channel):
    """Slack: "chat.postMessage", error ``no_text``."""
    assert (
        refused(web(slack).api_call, "chat.postMessage", json={"channel": channel.id})["error"] == "no_text"
    )


def test_a_reply_goes_to_a_parent_and_never_to_a_reply(slack, channel):
    """Slack: "chat.postMessage": "Avoid using a reply's ts value; use its parent instead"."""
    client = web(slack)
    parent = client.chat_postMessage(channel=channel.id, text="incident")["ts"]
    reply = client.chat_postMessage(channel=channel.id, text="detail", thread_ts=parent)["ts"]
    below = refused(client.chat_postMessage, channel=channel.id, text="more", thread_ts=reply)
    nowhere = refused(client.chat_postMessage, channel=channel.id, text="more", thread_ts="1.000001")
    assert (below["error"], nowhere["error"]) == ("cannot_reply_to_message", "thread_not_found")
    assert [one.text for one in slack.messages(channel)] == ["incident"]
    assert [one.text for one in slack.thread(slack.messages(channel)[0])] == ["detail"]


def test_an_edit_keeps_the_place_and_the_earlier_states(slack, channel):
    """Slack: "chat.update"."""
    client = web(slack)
    posted = client.chat_postMessage(channel=channel.id, text="open", attachments=[{"color": "#cc0000"}])
    edited = client.chat_update(
        channel=channel.id, ts=posted["ts"], text="resolved", attachments=[{"color": "good"}]
    )
    message = slack.messages(channel)[0]
    assert edited["ts"] == posted["ts"]
    assert (message.text, message.colors) == ("resolved", ["good"])
    assert [(one.text, one.colors) for one in message.versions] == [("open", ["#cc0000"])]


def test_text_alone_takes_the_place_of_blocks_and_leaves_attachments(slack, channel):
    """Slack: "chat.update": with ``text`` and no ``blocks`` the blocks are removed."""
    client = web(slack)
    given = {"blocks": [section("open")], "attachments": [{"text": "bar"}]}
    posted = client.chat_postMessage(channel=channel.id, text="open", **given)
    client.chat_update(channel=channel.id, ts=posted["ts"], text="resolved")
    message = slack.messages(channel)[0]
    assert (message.blocks, len(message.attachments)) == ((), 1)


def test_only_its_own_messages_are_edited_by_the_app(slack):
    """Slack: "chat.update", errors ``cant_update_message`` and ``message_not_found``."""
    ana = slack.person("ana")
    channel = slack.channel("incidents", [ana])
    theirs = slack.says(ana, "mine", channel)
    not_ours = refused(web(slack).chat_update, channel=channel.id, ts=theirs.ts, text="yours")
    nobodys = refused(web(slack).chat_update, channel=channel.id, ts="1.000001", text="yours")
    assert (not_ours["error"], nobodys["error"]) == ("cant_update_message", "message_not_found")


def test_the_workspace_may_close_the_window_of_edits(hasty):
    """Slack: "chat.update", error ``edit_window_closed``."""
    channel, client = hasty.channel("incidents"), web(hasty)
    posted = client.chat_postMessage(channel=channel.id, text="open")
    hasty.edit_window_s = 0.0
    time.sleep(0.01)
    told = refused(client.chat_update, channel=channel.id, ts=posted["ts"], text="late")
    assert told["error"] == "edit_window_closed"


@pytest.mark.parametrize(("length", "error"), [(4_000, None), (4_001, "msg_too_long")])
def test_an_edit_may_hold_four_thousand_characters(slack, channel, length, error):
    """Slack: "chat.update", error ``msg_too_long``: the text field should not exceed 4,000 characters."""
    client = web(slack)
    ts = client.chat_postMessage(channel=channel.id, text="open")["ts"]
    if error is None:
        assert client.chat_update(channel=channel.id, ts=ts, text="x" * length)["ok"]
    else:
        assert refused(client.chat_update, channel=channel.id, ts=ts, text="x" * length)["error"] == error


def test_an_ephemeral_message_is_seen_by_one_and_cannot_be_edited(slack):
    """Slack: "chat.postEphemeral", error ``user_not_in_channel``."""
    ana, ben, zoe = (slack.person(name) for name in ("ana", "ben", "zoe"))
    channel, client = slack.channel("incidents", [ana, ben]), web(slack)
    ts = client.chat_postEphemeral(channel=channel.id, user=ana.id, text="not yet")["message_ts"]
    outside = refused(client.chat_postEphemeral, channel=channel.id, user=zoe.id, text="hello")
    assert outside["error"] == "user_not_in_channel"
    assert refused(client.chat_update, channel=channel.id, ts=ts, text="x")["error"] == "message_not_found"
    assert [one.text for one in slack.ephemerals(ana)] == ["not yet"]
    assert (slack.ephemerals(ben), slack.everything(channel)) == ([], [])


def test_a_message_has_an_address(slack, channel):
    """Slack: "chat.getPermalink"."""
    ts = web(slack).chat_postMessage(channel=channel.id, text="open")["ts"]
    link = web(slack).chat_getPermalink(channel=channel.id, message_ts=ts)["permalink"]
    assert link.endswith(f"/archives/{channel.id}/p{ts.replace('.', '')}")
    missing = refused(web(slack).chat_getPermalink, channel=channel.id, message_ts="1.000001")
    assert missing["error"] == "message_not_found"


# who is disturbed


def test_every_kind_of_mention_takes_attention_and_plain_or_escaped_text_none(slack):
    """Slack: "Formatting text for app surfaces": control sequences in text and mrkdwn (for H9)."""
    ana = slack.person("ana")
    group = slack.group("on-call", [ana])
    channel, client = slack.channel("incidents", [ana]), web(slack)
    before = len(slack.notified)
    quiet = [{"type": "header", "text": plain("<!channel>")}, section(f"&lt;!channel&gt; &lt;@{ana.id}&gt;")]
    client.chat_postMessage(channel=channel.id, text="&lt;!here&gt; @ana", blocks=quiet)
    assert slack.notified[before:] == []
    loud = [section(f"<@{ana.id}> <!subteam^{group.id}|on-call>")]
    client.chat_postMessage(
        channel=channel.id, text="<!here>", blocks=loud, attachments=[{"text": "<!channel>"}]
    )
    assert [one.who for one in slack.notified[before:]] == [
        "!here",
        ana.id,
        f"!subteam^{group.id}",
        "!channel",
    ]


def test_a_link_is_active_only_in_its_sequence(slack, channel):
    """Slack: "Formatting text for app surfaces": ``<https://...|words>`` (for H9)."""
    blocks = [section("<https://evil.example|click> &lt;https://calm.example&gt;")]
    web(slack).chat_postMessage(channel=channel.id, text="x", blocks=blocks)
    assert slack.messages(channel)[0].links == ["https://evil.example"]


def test_what_a_person_reads_is_kept_with_the_escapes_undone(slack, channel):
    """Slack: "Formatting text for app surfaces": three characters are escaped; text yields to blocks."""
    web(slack).chat_postMessage(channel=channel.id, text="fallback", blocks=[section("a &lt; b &amp; c")])
    assert slack.messages(channel)[0].seen == "a < b & c"


# who is who


def test_people_are_told_apart_by_what_they_are_not_by_their_names(slack):
    """Slack: "users.info" and the user object: guests, bots, deactivated people, strangers, a look-alike."""
    ana, twin = slack.person("ana", display_name="Ana"), slack.person("ana2", display_name="Ana")
    told = {
        name: web(slack).users_info(user=user.id)["user"]
        for name, user in {
            "ana": ana,
            "twin": twin,
            "guest": slack.guest("gil"),
            "single": slack.guest("sam", single=True),
            "gone": slack.deactivates(slack.person("gus")),
            "bot": slack.other_bot("ci"),
            "stranger": slack.stranger("eve", team_id="T_OTHER"),
        }.items()
    }
    assert told["ana"]["profile"]["display_name"] == told["twin"]["profile"]["display_name"]
    assert told["ana"]["id"] != told["twin"]["id"]
    assert (told["guest"]["is_restricted"], told["guest"]["is_ultra_restricted"]) == (True, False)
    assert (told["single"]["is_restricted"], told["single"]["is_ultra_restricted"]) == (True, True)
    assert told["gone"]["deleted"]
    assert told["bot"]["is_bot"]
    assert (told["stranger"]["team_id"], told["stranger"]["is_stranger"]) == ("T_OTHER", True)
    assert refused(web(slack).users_info, user="U404")["error"] == "user_not_found"


def test_a_bot_says_which_app_it_is_of(slack):
    """Slack: "bots.info", error ``bot_not_found``."""
    ours = web(slack).bots_info(bot=slack.app.user.bot_id)["bot"]
    theirs = web(slack).bots_info(bot=slack.other_bot("ci").bot_id)["bot"]
    assert ours["app_id"] == slack.app.id
    assert theirs["app_id"] != slack.app.id
    assert refused(web(slack).bots_info, bot="B404")["error"] == "bot_not_found"


def test_a_user_group_is_whoever_is_in_it_now(slack):
    """Slack: "usergroups.users.list", errors ``no_such_subteam`` and ``subteam_disabled``."""
    ana, ben = slack.person("ana"), slack.person("ben")
    group = slack.group("on-call", [ana])
    assert web(slack).usergroups_users_list(usergroup=group.id)["users"] == [ana.id]
    slack.rotates(group, [ben])
    assert web(slack).usergroups_users_list(usergroup=group.id)["users"] == [ben.id]
    assert refused(web(slack).usergroups_users_list, usergroup="S404")["error"] == "no_such_subteam"
    listed = web(slack).usergroups_list(include_users=True)["usergroups"]
    assert {"id": group.id, "users": [ben.id]}.items() <= listed[-1].items()


def test_lists_come_in_pages(slack):
    """Slack: "Pagination": ``limit``, ``cursor``, ``response_metadata.next_cursor``."""
    people = [slack.person(f"p{number}") for number in range(5)]
    channel = slack.channel("crowd", people)
    pages = [page["members"] for page in web(slack).conversations_members(channel=channel.id, limit=2)]
    assert [len(one) for one in pages] == [2, 2, 2]  # five people and the app
    assert {one for page in pages for one in page} == channel.members
    listed = {one["id"] for page in web(slack).users_list(limit=3) for one in page["members"]}
    assert {one.id for one in people} <= listed


def test_a_thread_is_read_with_its_parent_and_a_history_without_replies(slack, channel):
    """Slack: "conversations.replies" and "conversations.history"."""
    client = web(slack)
    parent = client.chat_postMessage(channel=channel.id, text="incident")["ts"]
    client.chat_postMessage(channel=channel.id, text="detail", thread_ts=parent)
    replies = client.conversations_replies(channel=channel.id, ts=parent)["messages"]
    history = client.conversations_history(channel=channel.id)["messages"]
    assert [one["text"] for one in replies] == ["incident", "detail"]
    assert [(one["text"], one["reply_count"]) for one in history] == [("incident", 1)]
    gone = refused(client.conversations_replies, channel=channel.id, ts="1.000001")
    assert gone["error"] == "thread_not_found"


def test_metadata_is_shown_to_those_who_ask_for_it(slack, channel):
    """Slack: "conversations.history", ``include_all_metadata``; "Message metadata"."""
    client, mark = web(slack), {"event_type": "incident", "event_payload": {"id": "i1"}}
    ts = client.chat_postMessage(channel=channel.id, text="incident", metadata=mark)["ts"]
    plain_one = client.conversations_history(channel=channel.id)["messages"][0]
    asked = client.conversations_history(channel=channel.id, include_all_metadata=True)["messages"][0]
    below = client.conversations_replies(channel=channel.id, ts=ts, include_all_metadata=True)["messages"][0]
    assert "metadata" not in plain_one
    assert asked["metadata"] == below["metadata"] == mark
    wrong = refused(client.chat_postMessage, channel=channel.id, text="x", metadata={"event_type": "x"})
    assert wrong["error"] == "invalid_metadata_format"


def test_a_conversation_tells_what_it_is(slack, channel):
    """Slack: "conversations.info", "conversations.open", "team.info"."""
    client = web(slack)
    ana = slack.person("ana")
    shared = slack.channel("shared", [slack.stranger("eve")], shared_with=("T_OTHER",))
    direct = client.conversations_open(users=ana.id)["channel"]["id"]
    assert client.conversations_info(channel=channel.id)["channel"]["is_member"]
    assert client.conversations_info(channel=shared.id)["channel"]["is_ext_shared"]
    assert client.conversations_info(channel=direct)["channel"]["is_im"]
    assert client.chat_postMessage(channel=ana.id, text="hello")["channel"] == direct
    assert client.team_info()["team"]["id"] == slack.team_id


# files


def test_an_upload_is_asked_for_filled_and_shared_in_a_thread(slack, channel):
    """Slack: "Working with files": getUploadURLExternal, the upload, completeUploadExternal."""
    client = web(slack)
    parent = client.chat_postMessage(channel=channel.id, text="incident")["ts"]
    done = client.files_upload_v2(
        channel=channel.id, thread_ts=parent, filename="plot.png", content=b"\x89PNG...", title="latency"
    )
    shared = slack.thread(slack.messages(channel)[0])[-1]
    assert [one["title"] for one in shared.files] == ["latency"]
    assert slack.uploads.data(done["file"]["id"]) == b"\x89PNG..."


def test_an_upload_of_another_length_or_never_begun_is_refused(slack, channel):
    """Slack: "files.getUploadURLExternal", ``length``; "files.completeUploadExternal", ``file_not_found``."""
    client = web(slack)
    begun = client.files_getUploadURLExternal(filename="plot.png", length=3)
    assert httpx.post(begun["upload_url"], content=b"four").status_code == 400
    for file_id in (begun["file_id"], "F404"):
        told = refused(client.files_completeUploadExternal, files=[{"id": file_id}], channel_id=channel.id)
        assert told["error"] == "file_not_found"


# when it is too much, or gone


def test_a_channel_takes_one_message_a_second(hasty):
    """Slack: "Rate limits": 1 message a second a channel; HTTP 429 with ``Retry-After``."""
    one, other, client = hasty.channel("one"), hasty.channel("other"), web(hasty)
    hasty.strict_limits()
    client.chat_postMessage(channel=one.id, text="1")
    told = refused(client.chat_postMessage, channel=one.id, text="2")
    assert (told.status_code, told["error"], told.headers["Retry-After"]) == (429, "ratelimited", "1")
    client.chat_postMessage(channel=other.id, text="1")
    time.sleep(1.01)
    client.chat_postMessage(channel=one.id, text="2")
    assert [message.text for message in hasty.messages(one)] == ["1", "2"]


def test_each_method_has_its_tier():
    """Slack: "Rate limits": tier 2, such as ``usergroups.users.list``, allows 20 a minute."""
    now = [1_700_000_000.0]
    with Slack(clock=lambda: now[0]) as slack:
        group, client = slack.group("on-call", []), web(slack)
        slack.strict_limits()
        for _ in range(20):
            client.usergroups_users_list(usergroup=group.id)
        told = refused(client.usergroups_users_list, usergroup=group.id)
        assert (told.status_code, told.headers["Retry-After"]) == (429, "60")
        assert client.users_list()["ok"]  # limits are kept method by method
        now[0] += 60
        assert client.usergroups_users_list(usergroup=group.id)["ok"]


def test_a_client_that_waits_as_told_gets_through(hasty):
    """Slack: "Rate limits": honour ``Retry-After``; here by the SDK's own handler."""
    client = web(hasty, retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)])
    hasty.rate_limits(1, retry_after=1)
    began = time.monotonic()
    assert client.auth_test()["ok"]
    assert time.monotonic() - began >= 1.0
    assert [one.error for one in hasty.called("auth.test")] == ["ratelimited", ""]


def test_an_outage_refuses_connections_and_ends(hasty):
    """For H8: nothing listens, then everything is there again, at the same address."""
    channel, client = hasty.channel("incidents"), web(hasty)
    hasty.down()
    with pytest.raises(OSError, match="refused"):
        client.auth_test()
    hasty.up()
    assert client.chat_postMessage(channel=channel.id, text="back")["ok"]


def test_a_broken_or_slow_service_shows_as_such(hasty):
    """For H8: 503 without JSON; an answer later than the client waits."""
    hasty.breaks(503)
    assert refused(web(hasty).auth_test).status_code == 503
    hasty.up()
    hasty.slow(0.3)
    began = time.monotonic()
    assert web(hasty).auth_test()["ok"]
    assert time.monotonic() - began >= 0.3


def test_what_was_called_is_kept_without_the_token(slack, channel):
    web(slack).chat_postMessage(channel=channel.id, text="hello", blocks=[actions(button())])
    call = slack.calls[-1]
    assert (call.method, call.error, call.args["channel"]) == ("chat.postMessage", "", channel.id)
    assert slack.bot_token not in repr(slack.calls)
