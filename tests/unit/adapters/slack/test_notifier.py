"""Notifier: one message an incident, a question a plan, nothing posted twice."""

from dataclasses import replace

import pytest

from aiops.adapters.slack.notifier import SlackNotifier
from aiops.errors import Forbidden, NotFound, Rejected, Unavailable
from aiops.model import ApprovalSettings, ApprovalState, ApproverRole, Note, NotifySettings, Route
from tests.fakes.forum import an_approval
from tests.unit.adapters.slack.parts import CHANNEL, FakeApi, Known, MemoryPosts, a_card, a_question, texts

ROLES = {
    "on-call": ApproverRole(slack_groups=("S01",)),
    "lead": ApproverRole(slack_users=("T01/U07",)),
}
THREAD = "1700000001.000100"


class Desk:
    """A notifier with everything round it in memory."""

    def __init__(self, roles=ROLES, members=None):
        self.api, self.posts, self.failures = FakeApi(), MemoryPosts(), []
        self.roles, self.members = roles, members
        self.notifier = self.again()

    def again(self):
        """Another one, as after a restart."""
        return SlackNotifier(
            self.api,
            Known(),
            self.posts,
            cluster="prod",
            channel=CHANNEL,
            approvals=ApprovalSettings(roles=self.roles, kubernetes_access=False, local=False),
            notify=NotifySettings(routes=(Route("shop-team", slack_channel="C09"),)),
            now_ms=lambda: 1_700_000_000_000,
            failed=lambda what, error: self.failures.append((what, error)),
            members=self.members,
        )

    @property
    def posted(self):
        return self.api.of("chat.postMessage")

    @property
    def edited(self):
        return self.api.of("chat.update")


@pytest.fixture
def desk():
    return Desk()


def test_an_incident_is_posted_once_and_then_edited(desk):
    desk.notifier.show(a_card("open"))
    desk.notifier.show(a_card("acting"))
    desk.notifier.show(a_card("resolved"))
    assert len(desk.posted) == 1
    assert [one["ts"] for one in desk.edited] == [THREAD, THREAD]
    assert "resolved" in desk.edited[-1]["text"]


def test_a_card_that_did_not_change_costs_nothing(desk):
    desk.notifier.show(a_card("open"))
    desk.notifier.show(a_card("open", at_ms=9_000_000))
    assert len(desk.api.sent) == 1


def test_after_a_restart_the_same_message_is_edited(desk):
    desk.notifier.show(a_card("open"))
    desk.again().show(a_card("resolved"))
    assert len(desk.posted) == 1
    assert len(desk.edited) == 1


def test_a_card_that_somebody_deleted_is_posted_anew(desk):
    desk.notifier.show(a_card("open"))
    desk.api.fails["chat.update"] = NotFound("slack: chat.update C01: message_not_found")
    desk.notifier.show(a_card("acting"))
    assert len(desk.posted) == 2
    assert desk.posts.ref("slack", "incident:incident00001") == "C01/1700000002.000100"


def test_where_late_edits_are_forbidden_the_news_goes_below(desk):
    desk.notifier.show(a_card("open"))
    desk.api.fails["chat.update"] = Rejected("slack: chat.update C01: edit_window_closed")
    desk.notifier.show(a_card("resolved"))
    assert desk.posted[-1]["thread_ts"] == THREAD
    assert "resolved" in desk.posted[-1]["text"]
    assert desk.posts.ref("slack", "incident:incident00001") == f"C01/{THREAD}"


@pytest.mark.parametrize("error", [Unavailable("slack: 429", 7.0), Rejected("slack: is_archived")])
def test_what_slack_refuses_is_told_to_the_herald_and_tried_again(desk, error):
    """H8"""
    desk.api.fails["chat.postMessage"] = error
    with pytest.raises(type(error)):
        desk.notifier.show(a_card())
    desk.api.fails.clear()
    desk.notifier.show(a_card())
    assert desk.posts.ref("slack", "incident:incident00001")


def ours(about, ts="1700000077.000100", bot="BBOT"):
    return {"ts": ts, "bot_id": bot, "metadata": {"event_type": "x", "event_payload": {"about": about}}}


@pytest.mark.parametrize(
    ("there", "posted"),
    [
        ([ours("incident:incident00001")], 0),
        ([], 1),
        ([ours("incident:other")], 1),
        ([ours("incident:incident00001", bot="B66")], 1),  # another app's
        ([{"ts": "1.0"}, {"ts": "1.0", "metadata": "x"}, {"ts": "1.0", "metadata": {"event_payload": 1}}], 1),
    ],
)
def test_after_an_answer_that_did_not_come_we_look_before_we_post_again(desk, there, posted):
    desk.api.fails["chat.postMessage"] = Unavailable("slack: TimeoutError")
    with pytest.raises(Unavailable):
        desk.notifier.show(a_card())
    desk.api.fails.clear()
    desk.api.sent.clear()
    desk.api.answers["conversations.history"] = {"messages": there}
    desk.notifier.show(a_card())
    assert len(desk.posted) == posted
    asked = desk.api.of("conversations.history")[0]
    assert asked["oldest"] == "1699999400.000000"  # ten minutes before
    assert desk.posts.ref("slack", "incident:incident00001") == (
        f"C01/{THREAD}" if posted else "C01/1700000077.000100"
    )


def test_a_question_is_looked_for_in_its_thread(desk):
    desk.notifier.show(a_card())
    desk.api.fails["chat.postMessage"] = Unavailable("slack: TimeoutError")
    with pytest.raises(Unavailable):
        desk.notifier.ask(a_question())
    desk.api.fails.clear()
    desk.api.answers["conversations.replies"] = {"messages": [ours("approval:a1b2c3d4e5f6")]}
    desk.notifier.ask(a_question())
    assert desk.api.of("conversations.replies")[0]["ts"] == THREAD
    assert desk.posts.ref("slack", "approval:a1b2c3d4e5f6") == "C01/1700000077.000100"


def test_where_we_may_not_look_it_is_posted_rather_twice_than_never(desk):
    desk.api.fails["chat.postMessage"] = Unavailable("slack: TimeoutError")
    with pytest.raises(Unavailable):
        desk.notifier.show(a_card())
    desk.api.fails = {"conversations.history": Forbidden("slack: missing_scope")}
    desk.notifier.show(a_card())
    assert len(desk.failures) == 1
    assert desk.posts.ref("slack", "incident:incident00001")


def test_after_a_rate_limit_nothing_was_posted_and_nobody_looks(desk):
    desk.api.fails["chat.postMessage"] = Unavailable("slack: 429", 1.0)
    with pytest.raises(Unavailable):
        desk.notifier.show(a_card())
    desk.api.fails.clear()
    desk.notifier.show(a_card())
    assert desk.api.of("conversations.history") == []


def test_the_picture_goes_into_the_thread_once(desk):
    desk.notifier.show(a_card(picture=b"png"))
    desk.notifier.show(a_card("acting", picture=b"png"))
    desk.again().show(a_card("resolved", picture=b"png"))
    assert [(one["channel"], one["thread"]) for one in desk.api.of("files")] == [(CHANNEL, THREAD)]
    assert desk.posts.about("slack", f"{CHANNEL}/{THREAD}") == "incident:incident00001"


def test_a_picture_that_may_not_be_uploaded_is_told_once_and_never_tried_again(desk):
    desk.api.fails["files"] = Forbidden("slack: files: missing_scope")
    desk.notifier.show(a_card(picture=b"png"))
    desk.notifier.show(a_card("acting", picture=b"png"))
    assert len(desk.failures) == 1
    assert len(desk.api.of("files")) == 1


def test_a_picture_that_failed_for_now_is_tried_again_without_a_new_card(desk):
    desk.api.fails["files"] = Unavailable("slack: files: down")
    with pytest.raises(Unavailable):
        desk.notifier.show(a_card(picture=b"png"))
    desk.api.fails.clear()
    desk.notifier.show(a_card(picture=b"png"))
    assert len(desk.posted) == 1
    assert len(desk.api.of("files")) == 2


def test_a_question_is_a_message_of_its_own_in_the_thread_and_calls_its_approvers(desk):
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question())
    assert desk.posted[1]["thread_ts"] == THREAD
    assert "<!subteam^S01>" in "".join(texts(desk.posted[1]["blocks"]))


def test_a_question_is_not_touched_while_it_waits(desk):
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question())
    reminded = an_approval(reminded=True)
    desk.notifier.ask(a_question(reminded, facts=("3 of 3 pods ready",)))
    desk.again().ask(a_question(reminded))
    assert len(desk.posted) == 2
    assert desk.edited == []


def test_once_it_is_over_its_buttons_give_way_to_what_became_of_it(desk):
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question())
    desk.notifier.ask(a_question(an_approval(state=ApprovalState.DENIED, said="denied by Ana")))
    assert [one["ts"] for one in desk.edited] == ["1700000002.000100"]
    assert all(block["type"] != "actions" for block in desk.edited[0]["blocks"])
    assert "denied by Ana" in "".join(texts(desk.edited[0]["blocks"]))


def test_a_question_that_is_over_before_it_was_asked_is_not_asked(desk):
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question(an_approval(state=ApprovalState.EXPIRED)))
    assert len(desk.posted) == 1


def test_a_question_waits_for_its_card(desk):
    desk.api.fails["chat.postMessage"] = Unavailable("slack: down")
    with pytest.raises(Unavailable):
        desk.notifier.show(a_card())
    desk.api.fails.clear()
    with pytest.raises(Unavailable, match="no message yet"):
        desk.notifier.ask(a_question())
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question())
    assert desk.posted[-1]["thread_ts"] == THREAD


def test_a_question_whose_incident_was_never_shown_is_asked_in_the_channel(desk):
    desk.notifier.ask(a_question())
    assert "thread_ts" not in desk.posted[0]


def test_a_note_goes_into_the_thread_once(desk):
    desk.notifier.show(a_card())
    note = Note("it was restarted", "n1", "incident00001")
    desk.notifier.note(note)
    desk.notifier.note(note)
    desk.again().note(note)
    assert len(desk.posted) == 2
    assert desk.posted[1]["thread_ts"] == THREAD
    assert "reply_broadcast" not in desk.posted[1]


def test_a_loud_note_is_seen_in_the_channel_and_calls_its_roles(desk):
    desk.notifier.show(a_card())
    desk.notifier.note(Note("still waits", "n1", "incident00001", roles=("lead", "nobody"), loud=True))
    assert desk.posted[1]["reply_broadcast"] is True
    assert "<@U07>" in desk.posted[1]["text"]


@pytest.mark.parametrize(("loud", "messages"), [(False, 0), (True, 1)])
def test_details_of_an_incident_that_nobody_was_told_of_are_not_told_unless_loud(desk, loud, messages):
    desk.notifier.note(Note("detail", "n1", "incident00001", loud=loud))
    assert len(desk.posted) == messages


def test_what_belongs_to_an_owner_goes_to_the_owners_channel(desk):
    desk.notifier.show(a_card(owner="shop-team"))
    desk.notifier.ask(a_question(owner="shop-team"))
    desk.notifier.note(Note("for all"))
    assert [one["channel"] for one in desk.posted] == ["C09", "C09", CHANNEL]


def test_nothing_is_posted_twice_while_the_journal_refuses_to_note_it_down():
    """The message stands in Slack; only our note of it failed."""

    class Full(MemoryPosts):
        full = True

        def put(self, channel, about, ref):
            if self.full:
                raise Unavailable("journal: disk is full")
            super().put(channel, about, ref)

    desk = Desk()
    desk.posts = Full()
    notifier = desk.again()
    for _ in range(3):
        with pytest.raises(Unavailable, match="disk"):
            notifier.show(a_card())
    desk.posts.full = False
    notifier.show(a_card("acting"))
    assert len(desk.posted) == 1
    assert len(desk.edited) == 1
    assert desk.posts.ref("slack", "incident:incident00001") == f"C01/{THREAD}"


def test_nothing_is_said_with_a_token_of_another_workspace(desk):
    """H1"""

    class Foreign(Known):
        def us(self):
            raise Forbidden("slack: expected a token of workspace T01")

    desk.notifier._identity = Foreign()
    with pytest.raises(Forbidden):
        desk.notifier.show(a_card())
    assert desk.api.sent == []


def test_a_ref_of_another_channel_kind_is_no_message(desk):
    """The herald notes "-" where a channel left no ref."""
    desk.posts.put("slack", "note:n1", "-")
    desk.notifier.note(Note("text", "n1"))
    assert len(desk.posted) == 1


def test_a_question_that_was_approved_says_so_and_later_that_it_was_carried_out(desk):
    desk.notifier.show(a_card())
    desk.notifier.ask(a_question())
    for state in (ApprovalState.APPROVED, ApprovalState.EXECUTING, ApprovalState.EXECUTED):
        desk.notifier.ask(replace(a_question(), approval=an_approval(state=state)))
    assert [str(one["text"]).split("*")[1] for one in desk.edited] == ["approved", "executing", "executed"]


def _no_answer(_group):
    raise Unavailable("slack: 503")


CANNOT, UNKNOWN = "cannot be had", "It is not known whether enough people can answer"


@pytest.mark.parametrize(
    ("quorum", "members", "barred", "said", "not_said"),
    [
        (1, lambda _: {"T01/U01"}, (), "By hand instead", CANNOT),
        (2, lambda _: {"T01/U01", "T01/U02"}, (), "By hand instead", CANNOT),
        (2, lambda _: {"T01/U01"}, (), "2 yeses cannot be had: 1 person may say yes here", UNKNOWN),
        (2, lambda _: {"T01/U01", "T01/U02"}, ("slack:T01/U02",), "2 yeses cannot be had: 1 person", UNKNOWN),
        (1, lambda _: set(), (), "One yes cannot be had: 0 people may say yes here", UNKNOWN),
        (2, _no_answer, (), UNKNOWN, CANNOT),
        (1, _no_answer, (), "By hand instead", UNKNOWN),
        (2, None, (), UNKNOWN, CANNOT),
    ],
)
def test_where_a_quorum_cannot_be_had_the_command_to_type_says_why_it_is_there(
    quorum, members, barred, said, not_said
):
    desk = Desk({"on-call": ApproverRole(slack_groups=("S01",))}, members)
    desk.notifier.ask(a_question(an_approval(quorum=quorum, barred=barred)))
    shown = "".join(texts(desk.posted[0]["blocks"]))
    assert said in shown
    assert not_said not in shown
    assert "kubectl -n shop scale" in shown


def test_the_second_tier_counts_for_a_quorum_with_its_groups():
    roles = {
        name: ApproverRole(slack_groups=(group,)) for name, group in (("on-call", "S01"), ("lead", "S02"))
    }
    desk = Desk(roles, lambda group: {f"T01/U{group}"})
    desk.notifier.ask(a_question(an_approval(quorum=2, second_tier=("lead",))))
    shown = "".join(texts(desk.posted[0]["blocks"]))
    assert CANNOT not in shown
    assert UNKNOWN not in shown
