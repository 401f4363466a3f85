"""Listener: from a click or a reply to the forum, and back (H3, H4, H7, H8)."""

import threading

import pytest

from aiops.adapters.slack import payloads
from aiops.adapters.slack.listener import STALE, Listener
from aiops.adapters.slack.members import Members
from aiops.errors import InvariantError, Unavailable
from aiops.model import (
    Amend,
    ApprovalSettings,
    ApprovalState,
    Approve,
    Deny,
    FalseAlarm,
    Mine,
    Release,
    ResumeAll,
    Snooze,
    StopAll,
    Why,
)
from tests.fakes.clock import FakeClock
from tests.fakes.forum import FakeForum, an_approval
from tests.unit.adapters.slack.parts import CHANNEL, TEAM, FakeApi, MemoryPosts, a_user, texts
from tests.unit.adapters.slack.requests import click_body, message_body, submission_body

CARD, QUESTION = "1700000000.000100", "1700000050.000100"  # the reply of a test is of 1700000100


class Room:
    """A listener in a channel with one incident, whose plan a1b2 waits in its thread."""

    def __init__(self, *approvals):
        self.api, self.posts, self.failures = FakeApi(), MemoryPosts(), []
        self.forum = FakeForum(list(approvals) or [an_approval()])
        self.api.users = {"U01": a_user(), "U02": a_user("U02", is_bot=True)}
        self.posts.put("slack", "incident:incident00001", f"{CHANNEL}/{CARD}")
        self.posts.put("slack", "approval:a1b2c3d4e5f6", f"{CHANNEL}/{QUESTION}")
        self.clock = FakeClock()
        members = Members(
            self.api, TEAM, (), cache_s=60, monotonic_s=self.clock.monotonic_s, failed=self._failed
        )
        self.listener = Listener(
            TEAM,
            frozenset({CHANNEL}),
            "prod",
            self.forum,
            self.posts,
            members,
            self.api,
            approvals=ApprovalSettings(),
            remediations=("scale_to", "rollback"),
            clock=self.clock,
            post=lambda send: send(self.api),
            failed=self._failed,
        )

    def _failed(self, what, error):
        self.failures.append((what, error))

    def says(self, text, thread=CARD, **changes):
        said = payloads.message(message_body(text, thread_ts=thread, **changes))
        if said is not None:
            self.listener.message(said)
        return self.said

    def clicks(self, *args, **changes):
        click = payloads.click(click_body(*args, **changes))
        assert click is not None
        self.listener.click(click)
        return self.said

    @property
    def said(self):
        """What the forum has heard."""
        return [one.saying for one in self.forum.heard]

    @property
    def echoes(self):
        """What all can read."""
        return ["".join(texts(one["blocks"])) for one in self.api.of("chat.postMessage")]

    @property
    def whispers(self):
        """What one person can read."""
        return ["".join(texts(one["blocks"])) for one in self.api.of("chat.postEphemeral")]


@pytest.fixture
def room():
    return Room()


A = "a1b2c3d4e5f6"


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("approve", Approve(A)),
        ("approve a1b2", Approve(A)),
        ("Approve a1b2.", Approve(A)),
        ("deny because the batch runs", Deny(A, "the batch runs")),
        ("wait 30m", Snooze(A, 1_700_000_100_000 + 1_800_000)),
        ("scale to 6 instead", Amend(A, "scale_to", {"replicas": 6})),
        ("why?", Why("incident00001")),
        ("false alarm: nightly batch", FalseAlarm("incident00001", "nightly batch")),
        ("I’m on it", Mine("incident00001")),
        ("release", Release("incident00001")),
        ("stop everything", StopAll()),
        ("resume everything", ResumeAll()),
    ],
)
def test_a_reply_becomes_the_decision_it_names_and_is_echoed_in_its_thread(room, text, saying):
    assert room.says(text) == [saying]
    heard = room.forum.heard[0]
    assert heard.actor.key == "slack:T01/U01"
    assert heard.via == "slack reply"
    assert heard.ref == "slack:T01:C01:1700000100.000200"
    assert heard.at_ms == 1_700_000_100_000
    posted = room.api.of("chat.postMessage")[0]
    assert posted["thread_ts"] == CARD
    assert "<@U01> on *prod*" in room.echoes[0]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "ok", "approve all", "approve everything", "aprove", "*approve*", "`approve a1b2`"),
        *("approve a1b3", "аpprove a1b2", "approve a1b2 and a1b3", "do not approve", "scale it up"),
    ],
)
def test_an_unclear_reply_is_asked_about_and_never_acted_on(room, text):
    """H7"""
    assert room.says(text) == []
    assert "Nothing was decided" in room.echoes[0]


@pytest.mark.parametrize(
    "text", ["looks like the deploy", "who is on call?", "lol", "I approve of your tie" * 99]
)
def test_people_who_talk_to_each_other_are_left_alone_and_cost_nothing(room, text):
    assert room.says(text) == []
    assert room.api.sent == []


@pytest.mark.parametrize(
    "changes",
    [
        {"edited": {"user": "U01", "ts": "1700000101.000100"}},
        {"attachments": [{"is_share": True}]},
        {"blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_quote"}]}]},
    ],
)
def test_edited_and_quoted_messages_do_not_count(room, changes):
    """H7"""
    assert room.says("approve a1b2", **changes) == []
    assert "does not count" in room.echoes[0]


@pytest.mark.parametrize(
    "changes", [{"subtype": "message_changed"}, {"subtype": "bot_message"}, {"bot_id": "B01"}]
)
def test_news_of_edits_and_words_of_bots_are_not_even_read(room, changes):
    """H7"""
    assert room.says("approve a1b2", **changes) == []
    assert room.api.sent == []


@pytest.mark.parametrize("ts", ["1700000050.000100", "1700000049.999900", "1700000000.000200"])
def test_a_reply_that_is_not_younger_than_the_question_does_not_count(room, ts):
    """H7"""
    assert room.says("approve a1b2", ts=ts) == []
    assert room.says("approve", ts=ts) == []


def test_a_bare_approve_counts_only_while_one_plan_waits_in_the_thread():
    """H7"""
    room = Room(an_approval(), an_approval("c3d4e5f6a1b2"))
    room.posts.put("slack", "approval:c3d4e5f6a1b2", f"{CHANNEL}/1700000060.000100")
    assert room.says("approve") == []
    assert "a1b2 and c3d4 wait" in room.echoes[0]
    assert room.says("approve c3d4", ts="1700000101.000100") == [Approve("c3d4e5f6a1b2")]


def test_a_plan_that_was_not_shown_in_this_channel_is_not_approved_here():
    """H7: nobody can have read it here."""
    for ref in ("", "-", "C09/1700000050.000100"):
        room = Room()
        room.posts = room.listener._posts = MemoryPosts()
        room.posts.put("slack", "incident:incident00001", f"{CHANNEL}/{CARD}")
        if ref:
            room.posts.put("slack", f"approval:{A}", ref)
        assert room.says("approve a1b2") == []


def test_an_id_in_the_thread_of_another_incident_does_not_count(room):
    """H7"""
    room.posts.put("slack", "incident:incident00002", f"{CHANNEL}/1690000000.000100")
    assert room.says("approve a1b2", thread="1690000000.000100") == []
    assert "another thread" in room.echoes[0]


@pytest.mark.parametrize(
    "text", ["why?", "approve", "help", "yes", "I'm on it", "release", "scale to 6 instead"]
)
def test_outside_of_our_threads_nothing_is_taken_for_us_that_does_not_say_so(room, text):
    assert room.says(text, thread=None) == []
    assert room.api.sent == []


def test_everything_can_be_stopped_from_anywhere_in_the_channel_and_from_a_direct_message(room):
    """B5"""
    room.says("stop everything", thread=None)
    room.says("stop everything", thread=None, channel="D01", channel_type="im", ts="1700000101.000100")
    assert room.said == [StopAll(), StopAll()]


def test_whoever_nearly_says_stop_is_told_how(room):
    assert room.says("stop now", thread=None) == []
    assert "stop everything" in room.echoes[0]


def test_other_channels_that_the_app_was_invited_to_are_not_listened_to(room):
    assert room.says("stop everything", channel="C99") == []
    room.listener.click(payloads.click(click_body(container={"message_ts": QUESTION, "channel_id": "C99"})))
    assert room.said == []
    assert room.api.sent == []


def test_help_is_given_in_a_thread_of_ours(room):
    assert room.says("help") == []
    assert "approve a1b2" in room.echoes[0]


def test_a_reply_below_a_question_that_stands_alone_is_about_its_incident(room):
    room.posts.put("slack", f"approval:{A}", f"{CHANNEL}/{QUESTION}")
    assert room.says("why?", thread=QUESTION) == [Why("incident00001")]


def test_a_bot_that_types_or_clicks_is_told_no_for_its_eyes_alone(room):
    """H4"""
    room.says("approve a1b2", user="U02")
    room.clicks(who="U02")
    room.clicks(who="U77", at="1700000201.000300")  # unknown to Slack
    assert room.said == []
    assert room.echoes == []
    assert ["bot" in room.whispers[0], "bot" in room.whispers[1], "does not know" in room.whispers[2]] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("action", "saying"),
    [
        ("aiops_approve", Approve(A)),
        ("aiops_deny", Deny(A)),
        ("aiops_snooze", Snooze(A, 1_700_000_200_000 + 1_800_000)),
        ("aiops_why", Why("incident00001")),
    ],
)
def test_each_button_says_what_it_is_called(room, action, saying):
    assert room.clicks(action) == [saying]
    heard = room.forum.heard[0]
    assert heard.via == "slack button"
    assert heard.ref == f"slack:T01:C01:1700000200.000300:U01:{action}"
    assert heard.at_ms == 1_700_000_200_000


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("aiops_approve", f"a1b2c3d4e5f6 {'e' * 64}"),  # the plan changed since
        ("aiops_approve", f"a1b2c3d4e5f7 {'d' * 64}"),  # no such question
        ("aiops_approve", f"a1b2c3 {'d' * 64}"),  # not its whole id
        ("aiops_amend", f"a1b2c3d4e5f6 {'e' * 64}"),
        ("aiops_other", f"a1b2c3d4e5f6 {'d' * 64}"),
    ],
)
def test_a_button_of_another_plan_than_the_one_asked_about_says_nothing(room, action, value):
    """H6"""
    assert room.clicks(action, value) == []
    assert STALE in room.whispers[0]
    assert room.api.of("views.open") == []


def test_what_the_forum_refuses_is_whispered_after_a_click_and_said_after_a_reply(room):
    room.forum.refuses = lambda _: "you are not asked"
    room.clicks()
    room.says("approve a1b2")
    assert "you are not asked" in room.whispers[0]
    assert "you are not asked" in room.echoes[0]


@pytest.mark.parametrize("deliver", [lambda room: room.says("approve a1b2"), lambda room: room.clicks()])
def test_a_second_delivery_is_heard_and_echoed_once(room, deliver):
    """H3"""
    for _ in range(3):
        deliver(room)
    assert len(room.forum.heard) == 1
    assert len(room.echoes) == 1


def test_two_hundred_clicks_at_once_decide_once():
    """H3: 100 people click, each twice; the first counts, the others hear that it was decided."""
    room = Room()
    room.api.users = {f"U{n:03}": a_user(f"U{n:03}") for n in range(100)}
    clicks = [
        payloads.click(click_body(who=f"U{n % 100:03}", at=f"17000002{n // 100:02}.000300"))
        for n in range(200)
    ]
    threads = [threading.Thread(target=room.listener.click, args=(one,)) for one in clicks]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(room.echoes) == 1
    assert len(room.whispers) == 199
    assert room.forum.those[0].state is ApprovalState.APPROVED


def test_while_slack_cannot_say_who_it_is_nothing_is_decided_and_a_second_try_counts(room):
    """H8"""
    room.api.fails["users.info"] = Unavailable("slack: 503")
    assert room.clicks() == []
    assert room.forum.those[0].state is ApprovalState.PENDING
    assert "nothing was decided" in room.whispers[0]
    room.api.fails.clear()
    assert room.clicks() == [Approve(A)]


@pytest.mark.parametrize("error", [Unavailable("journal: disk is full"), InvariantError("a bug")])
def test_what_the_journal_refuses_does_not_count_and_is_told(room, error):
    """H8"""

    def refuse(_):
        raise error

    room.listener._forum.refuses = refuse
    room.clicks()
    assert room.forum.those[0].state is ApprovalState.PENDING
    assert "nothing was decided" in room.whispers[0]
    assert room.failures[0][1] is error


def test_amend_opens_a_modal_at_once_and_asks_nobody_first(room):
    """A trigger is good for three seconds."""
    room.api.fails["users.info"] = Unavailable("slack: slow")
    room.clicks("aiops_amend")
    assert [name for name, _ in room.api.sent] == ["views.open"]
    view = room.api.of("views.open")[0]["view"]
    options = view["blocks"][1]["element"]["options"]
    assert [one["value"] for one in options] == ["rollback", "scale_to"]


def test_a_modal_that_is_sent_off_is_an_amendment_of_its_question(room):
    room.listener.submission(payloads.submission(submission_body()))
    assert room.said == [Amend(A, "scale_to", {"replicas": 6}, "cheaper")]
    assert room.forum.heard[0].ref == "slack:T01:view:V01"
    assert "instead of plan a1b2, plan scale_to with replicas=6" in room.echoes[0]


def test_a_modal_of_a_plan_that_changed_meanwhile_is_of_no_use():
    """H6"""
    room = Room(an_approval(digest="e" * 64))
    room.listener.submission(payloads.submission(submission_body()))
    assert room.said == []
    assert STALE in room.whispers[0]


def test_a_modal_of_a_stranger_is_refused(room):
    """H4"""
    room.listener.submission(payloads.submission(submission_body(user={"id": "U01", "team_id": "T02"})))
    assert room.said == []
    assert "another workspace" in room.whispers[0]


def test_in_a_direct_message_a_refusal_is_a_plain_reply(room):
    room.says("stop everything", thread=None, channel="D01", channel_type="im", user="U02")
    assert room.said == []
    assert "bot" in room.echoes[0]
    assert room.whispers == []


def test_everything_can_be_stopped_in_a_thread_where_the_journal_cannot_even_be_read():
    """B5: what a thread holds is not needed for it."""
    room = Room()
    room.forum.approvals = unreadable
    assert room.says("stop everything") == [StopAll()]


def test_whoever_answers_while_the_journal_cannot_be_read_is_told():
    room = Room()
    room.forum.approvals = unreadable
    assert room.says("approve a1b2") == []
    assert room.failures
    assert texts(room.api)


def unreadable(**_):
    raise Unavailable("journal: the disk is gone")
