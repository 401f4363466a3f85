"""Herald: what people are told, once, whatever is down; and little of it in a storm (H8, H10)."""

import time
from dataclasses import replace

import pytest

from aiops.core.approvals.book import asked_entry
from aiops.core.ledger import decided_entry
from aiops.errors import Rejected
from aiops.model import (
    Entry,
    Hold,
    IncidentKind,
    IncidentState,
    LabelMatcher,
    Lean,
    Mode,
    Note,
    NotifySettings,
    Reason,
    Route,
    Scope,
    Severity,
    Silence,
    Status,
)
from tests.fakes.forum import an_approval
from tests.unit.core.cases import HOUR, plan, policy, workload
from tests.unit.engine.acting_cases import Acting
from tests.unit.engine.herald_cases import CART, MINUTE, NOW, Town, facts, incident
from tests.unit.engine.loop_cases import Timeline, rules

MUTED = Silence("s1", (LabelMatcher("namespace", "shop"),), NOW - MINUTE, NOW + HOUR, "anna", "release")


def test_an_incident_is_one_message_that_is_edited_as_it_lives():
    town = Town()
    town.opens()
    town.delivers()
    town.changes(incident(state=IncidentState.WAITING), "state")
    town.delivers(3)
    town.closes(incident())
    town.delivers(3)
    assert len(town.box.new) - len(town.box.notes()) == 1
    assert [one.stage for one in town.box.cards()] == ["diagnosing", "waiting", "resolved"]


def test_what_does_not_change_is_not_sent_again():
    town = Town()
    town.opens()
    town.delivers()
    sent = len(town.box.sent)
    town.changes(incident(updated_ms=NOW + MINUTE), "state")  # nothing that anybody sees
    town.delivers(60)
    assert len(town.box.sent) == sent


def test_of_many_edits_only_the_newest_is_sent():
    town = Town()
    town.opens()
    town.delivers()
    for severity in (Severity.LOW, Severity.HIGH, Severity.CRITICAL):
        town.changes(incident(severity=severity), "severity")
    town.delivers(3)
    assert [one.incident.severity for one in town.box.cards()] == [Severity.MEDIUM, Severity.CRITICAL]


def test_a_card_is_edited_every_two_seconds_at_most():
    """An edit a second for 10 s: the first card, and 5 edits."""
    town = Town()
    town.opens()
    town.delivers()
    for second in range(10):
        town.changes(incident(flaps=second + 1), "state")
        town.delivers(1)
    assert len(town.box.cards()) == 6


def test_the_first_card_brings_the_picture_and_no_edit_does():
    town = Town()
    town.opens()
    town.write(Entry("evidence_seen", "i1", NOW, {"target": str(CART), "signal": "memory", "samples": {}}))
    town.delivers()
    town.changes(incident(severity=Severity.HIGH), "severity")
    town.delivers(3)
    assert [one.picture for one in town.box.cards()] == [b"png:1", b""]


def test_a_question_follows_its_card_and_is_shown_again_when_it_is_over():
    town = Town()
    town.opens()
    approval = town.asks()
    town.delivers()
    assert [type(one).__name__ for one in town.box.sent[:2]] == ["Card", "Question"]
    town.delivers(60)
    assert len(town.box.questions()) == 1  # never edited under the reader while it waits
    town.moves(approval, "denied", "denied by anna")
    town.delivers(3)
    assert [one.approval.state for one in town.box.questions()] == ["pending", "denied"]


def test_a_question_brings_what_the_api_server_says_of_its_target():
    """H9: the button shows facts from the API server, not from labels alone."""
    town = Town()
    town.opens()
    town.asks(target=str(CART))
    town.delivers()
    assert town.box.questions()[0].facts[:2] == ("4 of 4 pods ready", "image shop/cart:1")


def test_the_reminder_calls_the_second_tier():
    town = Town()
    town.opens()
    approval = town.asks(second_tier=("leads",))
    town.delivers()
    town.clock.advance(300)
    town.reminds(approval)
    town.delivers(60)
    (note,) = [one for one in town.box.notes() if one.roles]
    assert note.roles == ("on-call", "leads")
    assert note.loud
    assert note.text == "a1b2 still waits for an answer, for 10 more minutes: " + approval.summary


def test_a_fresh_question_is_on_its_way_within_a_second():
    """With real threads and a real clock."""
    town = Town()
    town.opens()
    town.herald.start()
    try:
        with town.box.came:
            assert town.box.came.wait_for(town.box.cards, 5)
        began = time.monotonic()
        town.asks()
        town.herald.nudge()
        with town.box.came:
            assert town.box.came.wait_for(town.box.questions, 5)
        assert time.monotonic() - began < 1
    finally:
        town.herald.close()


def test_the_last_words_are_still_said():
    """With real threads: what is handed in just before the end, such as the journal's signed head."""
    town = Town()
    town.herald.start()
    town.herald.note(Note("head 99", about="head:99", loud=True))
    town.herald.close()
    assert [one.text for one in town.box.notes()] == ["head 99"]


def test_a_channel_that_is_down_does_not_hold_up_the_end():
    town = Town()
    town.box.down()
    town.opens()
    town.herald.start()
    began = time.monotonic()
    town.herald.close()
    assert time.monotonic() - began < 2


def test_what_was_done_goes_into_the_thread_once():
    town = Town()
    town.opens()
    town.decides()
    made = town.decides()
    start = {"plan_id": made.id, "incident_id": "i1", "step": 0}
    town.write(Entry("plan_started", "actions", NOW, start))
    town.delivers()
    result = {"plan_id": made.id, "step": 0, "result": "verified", "detail": ""}
    town.write(Entry("step_ended", "actions", NOW, result))
    town.delivers(10)
    what = "restart Deployment/shop/cart, 4 pods"
    texts = [one.text for one in town.box.notes()]
    assert texts == [  # and not the decision, which the question itself tells
        f"carries out: {what}",
        f"{what}: helped",
    ]
    assert [line[17:] for line in town.box.cards()[-1].lines] == texts


def test_a_decision_that_wavers_does_not_fill_the_thread():
    """Another one every ten seconds for four minutes, 24 in all: one a minute is told, and the last one."""
    town = Town()
    town.opens()
    for number in range(24):
        reason = Reason("cooldown", Lean.HOLD, f"{number} left")
        town.write(decided_entry(Hold(plan(), (reason,)), town.clock.now_ms()))
        town.delivers(10)
    town.delivers(60)
    told = [one.text for one in town.box.notes()]
    assert len(told) == 5
    assert "(cooldown: 23 left)" in told[-1]


class TestWhatFails:
    """H8: a channel that is down costs nobody anything."""

    def test_slack_down_for_ten_minutes_and_nothing_is_lost(self):
        town = Town()
        town.box.down()
        town.opens(incident(), incident(id="i2", severity=Severity.LOW), incident(id="i3"))
        town.asks()
        town.delivers(300)
        town.closes(incident(id="i2"))
        town.herald.note(Note("head 17", about="head:17", loud=True))
        town.delivers(300)
        assert town.box.sent == []
        town.box.up()
        town.delivers(61)
        assert {one.incident.id for one in town.box.cards()} == {"i1", "i2", "i3"}
        assert [one.stage for one in town.box.cards() if one.incident.id == "i2"] == ["resolved"]
        assert len(town.box.questions()) == 1
        assert [one.text for one in town.box.notes() if one.loud] == ["head 17"]

    def test_it_is_tried_ever_more_rarely(self):
        """1 + 2 + 4 + 8 + 16 + 32 = 63 s, then once a minute: 6 + 9 tries in 10 minutes, and the first."""
        town = Town()
        town.box.down()
        town.opens()
        town.delivers(600)
        assert town.box.calls == pytest.approx(16, abs=1)
        assert len(town.failures) == town.box.calls

    def test_the_time_that_the_channel_asks_for_is_kept(self):
        town = Town()
        town.box.down(retry_after_s=30)
        town.opens()
        town.delivers(29)
        assert town.box.calls == 1
        town.delivers(2)
        assert town.box.calls == 2

    def test_after_a_success_the_next_failure_is_tried_again_at_once(self):
        """1 + 2 + 4 s, then it works; the next time it waits for a second, and not for eight."""
        town = Town()
        town.box.down()
        town.opens()
        town.delivers(6)
        town.box.up()
        town.delivers(1)
        town.box.down()
        calls = town.box.calls
        town.opens(incident(id="i2"))
        town.delivers(2)
        assert town.box.calls == calls + 2

    def test_what_was_done_more_than_an_hour_ago_is_in_the_card_and_no_note(self):
        town = Town()
        town.box.down()
        town.opens()
        claim = {"incident_id": "i1", "targets": [], "by": "slack:T/U", "name": "anna"}
        town.write(Entry("claimed", "forum", NOW, claim))
        town.clock.advance(3600)
        town.box.up()
        town.delivers(61)
        assert town.box.cards()[0].claimed_by == "anna"
        assert town.box.notes() == []

    def test_what_a_channel_will_not_take_holds_nothing_else_up(self):
        town = Town()
        town.box.refuses["incident:i1"] = Rejected("slack: invalid_blocks")
        town.opens(incident(), incident(id="i2"))
        town.delivers(5)
        assert [one.incident.id for one in town.box.cards()] == ["i2"]
        del town.box.refuses["incident:i1"]
        town.delivers(600)
        assert [one.incident.id for one in town.box.cards()] == ["i2", "i1"]

    def test_a_bug_of_a_notifier_stays_there(self):
        town = Town()
        town.box.refuses["incident:i1"] = ZeroDivisionError("oh")
        town.opens(incident(), incident(id="i2"))
        town.delivers(5)
        assert [one.incident.id for one in town.box.cards()] == ["i2"]
        assert [type(error) for _, error in town.failures] == [ZeroDivisionError]

    def test_what_another_version_wrote_and_nobody_can_read_holds_nothing_up(self):
        town = Town()
        town.write(Entry("incident_opened", "i0", NOW, {"incident": {"id": "i0", "state": "open"}}))
        town.write(Entry("incident_opened", "i1", NOW, {"nothing": "known"}))
        town.write(Entry("decided", "i2", NOW, {"value": 3}))
        town.opens(incident(id="i3"))
        town.delivers(5)
        assert [one.incident.id for one in town.box.cards()] == ["i3"]

    def test_a_question_whose_plan_is_gone_is_told_of_and_holds_nothing_up(self):
        """The journal never drops a decision; if it did, the card still says that something waits."""
        town = Town()
        town.opens(incident(), incident(id="i2"))
        approval = an_approval(incident_id="i1", asked_ms=NOW, until_ms=NOW + HOUR, digest="0" * 64)
        town.write(asked_entry(approval, NOW))
        town.delivers(30)
        assert {one.incident.id for one in town.box.cards()} == {"i1", "i2"}
        assert town.box.cards()[0].pending == ("a1b2",)
        assert [str(error) for _, error in town.failures] == [
            "approval a1b2c3d4e5f6: no decision of the journal has its plan"
        ]

    def test_a_full_disk_does_not_let_a_message_be_posted_again_and_again(self):
        town = Town()
        town.opens()
        town.store.full = True
        town.delivers(600)
        assert len(town.box.new) == 1
        town.store.full = False
        town.delivers(61)
        assert len(town.again().posts.ref("outbox", "incident:i1")) > 1


class TestMany:
    """H10: where no storm is on, many at once are not poured out either."""

    def test_twenty_new_ones_in_ten_minutes_and_the_worst_first(self):
        town = Town()
        town.opens(*town.many(50))
        town.delivers(599)
        assert len(town.box.new) == 20
        # of 50, those with a number that 7 divides are critical: 0, 7 ... 49 are 8
        assert sum(one.incident.severity is Severity.CRITICAL for one in town.box.new) == 8
        town.delivers(1)
        assert len(town.box.new) == 40
        town.delivers(600)
        assert len(town.box.new) == 50

    def test_what_waits_for_an_answer_does_not_wait_for_room(self):
        town = Town()
        town.opens(*town.many(50))
        town.delivers(5)
        town.opens()
        town.asks()
        town.delivers(5)
        assert len(town.box.questions()) == 1

    def test_what_is_open_for_longer_than_a_day_is_told_together_once_a_day(self):
        """24 h and a millisecond before now, and exactly so: the first is told alone."""
        town = Town()
        young = incident(id="young", opened_ms=NOW - 24 * HOUR + 1)
        town.opens(young, *(replace(one, opened_ms=NOW - 24 * HOUR) for one in town.many(30)))
        town.delivers(60)
        assert [one.incident.id for one in town.box.cards()] == ["young"]
        (note,) = town.box.notes()
        assert note.text.startswith("open for longer than a day, and never told here: 30\n")
        town.again().delivers(60)
        assert len(town.box.notes()) == 1

    def test_where_something_is_done_it_is_news_however_old(self):
        town = Town()
        town.opens(incident(opened_ms=NOW - 25 * HOUR, state=IncidentState.ACTING))
        town.delivers(5)
        assert len(town.box.cards()) == 1


class TestRestart:
    """What was posted is known from the journal."""

    def test_what_was_posted_is_not_posted_again(self):
        town = Town()
        town.opens()
        town.asks()
        town.delivers(5)
        new = len(town.box.new)
        again = town.again()
        again.delivers(60)
        assert len(town.box.new) == new
        assert len(town.box.questions()) == 1

    def test_what_was_missed_is_told(self):
        town = Town()
        town.opens()
        approval = town.asks()
        town.delivers(5)
        town.moves(approval, "expired")
        town.closes(incident())
        again = town.again()
        again.delivers(5)
        assert town.box.cards()[-1].stage == "resolved"
        assert town.box.questions()[-1].approval.state == "expired"
        sent = len(town.box.sent)
        third = again.again()
        third.delivers(60)
        assert len(town.box.sent) == sent  # the last word was said

    def test_killed_between_the_post_and_the_journal_it_is_told_twice_and_never_lost(self):
        town = Town()
        town.opens()
        town.store.full = True  # the post goes out, and nobody can write that down
        town.delivers()
        town.store.full = False
        again = town.again()
        again.delivers(5)
        assert len([one for one in town.box.new if one.incident.id == "i1"]) == 2

    def test_a_channel_that_is_new_is_not_told_the_past(self):
        """The cart's incident ended an hour and a millisecond ago; another one a millisecond later."""
        town = Town()
        town.opens(incident(), incident(id="i2"))
        town.closes(incident())
        town.clock.advance(0.001)
        town.closes(incident(id="i2"))
        town.clock.advance(3600 - 0.001)
        town.delivers()
        assert [one.incident.id for one in town.box.cards()] == ["i2"]


class TestStorm:
    """H10: grouping; at most five messages."""

    @pytest.mark.parametrize("most", [5, 2])
    def test_five_hundred_incidents_make_five_messages(self, most):
        town = Town(NotifySettings(storm_messages=most))
        town.write(Entry("storm_began", "storm", NOW, {"because": "500 workloads are bad at once"}))
        town.opens(*town.many(500))
        town.delivers(20)
        for minute in range(30):
            town.opens(incident(id=f"late{minute}", opened_ms=NOW + 1 + minute))
            town.delivers(3)
        assert len(town.box.new) == most
        storm = [one for one in town.box.cards() if one.incident.id == f"storm-{NOW}"]
        assert storm[0].incident.incident_class == "storm"
        assert storm[-1].lines[0] == "530 incidents"
        assert storm[-1].lines[-1] == "and 515 more: aiops incidents --open"  # 15 are listed
        shown = {one.incident.id for one in town.box.cards()} - {storm[0].incident.id}
        severities = {one.incident.severity for one in town.box.cards()}
        assert len(shown) == most - 1
        assert severities == {Severity.CRITICAL}  # the worst are among them

    def test_when_it_is_over_the_rest_is_not_poured_out(self):
        town = Town()
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.opens(*town.many(100))
        town.delivers(30)
        town.write(Entry("storm_ended", "storm", town.clock.now_ms(), {"because": "calm"}))
        town.delivers(60)
        assert len(town.box.new) == 5
        assert town.box.cards()[-1].stage == "resolved"
        town.changes(replace(town.many(100)[77], state=IncidentState.ACTING), "state")
        town.delivers(5)
        assert town.box.new[-1].incident.id == "i77"  # something is done about it

    def test_a_restart_in_the_middle_of_it_makes_no_more(self):
        town = Town()
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.opens(*town.many(100))
        town.delivers(30)
        again = town.again()
        again.delivers(60)
        assert len(town.box.new) == 5

    def test_questions_and_loud_notes_count_too(self):
        town = Town()
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.opens(*town.many(100))
        town.delivers(10)
        town.asks()
        town.herald.note(Note("head 17", about="head:17", loud=True))
        town.delivers(60)
        assert len([one for one in town.box.new if not (isinstance(one, Note) and not one.loud)]) == 5
        storm = [one for one in town.box.cards() if one.incident.incident_class == "storm"]
        assert storm[-1].pending == ("a1b2",)  # it can be answered elsewhere

    def test_a_reminder_in_a_storm_is_quiet(self):
        town = Town(NotifySettings(storm_messages=2))
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.opens(incident(opened_ms=NOW - MINUTE))
        approval = town.asks()
        town.delivers(5)
        town.reminds(approval)
        town.delivers(5)
        assert [one.loud for one in town.box.notes() if one.roles] == [False]

    def test_a_storm_that_nobody_saw_is_not_told_when_it_is_over(self):
        town = Town()
        town.box.down()
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.write(Entry("storm_ended", "storm", NOW + 1, {"because": "calm"}))
        town.delivers(5)
        town.box.up()
        town.delivers(61)
        assert town.box.sent == []

    def test_a_channel_that_groups_by_itself_is_told_everything(self):
        town = Town(grouped=False)
        town.write(Entry("storm_began", "storm", NOW, {"because": "all is bad"}))
        town.opens(*town.many(50))
        town.delivers(5)
        assert len(town.box.cards()) == 50


class TestWhoIsTold:
    """Severity, silences, owners, known breakage."""

    @pytest.mark.parametrize(("severity", "told"), [(Severity.MEDIUM, 0), (Severity.HIGH, 1)])
    def test_what_is_less_bad_than_asked_for_is_only_in_the_journal(self, severity, told):
        town = Town(NotifySettings(least_severity=Severity.HIGH))
        town.opens(incident(severity=severity))
        town.delivers(5)
        assert len(town.box.cards()) == told

    def test_what_waits_for_an_answer_is_told_however_small(self):
        town = Town(NotifySettings(least_severity=Severity.CRITICAL))
        town.opens()
        town.asks()
        town.delivers(5)
        assert len(town.box.questions()) == 1

    def test_where_nothing_can_be_asked_the_card_says_that_something_waits(self):
        town = Town(NotifySettings(least_severity=Severity.CRITICAL), questions=False)
        town.opens()
        town.asks()
        town.delivers(5)
        assert [one.pending for one in town.box.cards()] == [("a1b2",)]

    def test_what_is_silenced_disturbs_nobody_until_the_silence_is_over(self):
        town = Town()
        town.herald.follow(facts(silences=(MUTED,)))
        town.opens()
        town.delivers(60)
        assert town.box.sent == []
        town.herald.follow(facts(silences=()))
        town.delivers(5)
        assert len(town.box.cards()) == 1

    def test_a_card_that_is_there_says_that_it_is_silenced(self):
        town = Town()
        town.opens()
        town.delivers()
        town.herald.follow(facts(silences=(MUTED,)))
        town.delivers(5)
        assert town.box.cards()[-1].silenced.startswith("silenced until 2023-11-14 23:13 UTC by anna")

    def test_an_incident_goes_to_its_owner(self):
        routes = (Route("payments", webhook="pay"),)
        for takes, told in ((lambda one: one == "payments", 1), (lambda one: one == "search", 0)):
            town = Town(NotifySettings(routes=routes), takes=takes)
            town.herald.follow(facts(workload(labels={"team": "payments"})))
            town.opens()
            town.delivers(5)
            assert [one.owner for one in town.box.cards()] == ["payments"] * told

    def test_known_breakage_is_told_together_and_once(self):
        town = Town()
        broken = [replace(one, kind=IncidentKind.KNOWN) for one in town.many(30)]
        town.opens(*broken)
        town.delivers(60)
        town.again().delivers(60)
        (note,) = town.box.sent
        assert note.text.startswith("broken when first seen, and never acted on: 30\n")
        assert note.text.endswith("and 20 more: aiops incidents --open")

    def test_known_breakage_is_told_to_its_owner_only(self):
        town = Town(takes=lambda owner: owner == "payments")
        town.opens(replace(incident(), kind=IncidentKind.KNOWN))
        town.delivers(5)
        assert town.box.sent == []

    def test_nothing_new_is_posted_before_the_cluster_was_seen_once(self):
        """Else a route by owner would be guessed; but not for ever."""
        town = Town()
        town.herald._facts = None
        town.opens()
        town.delivers(59)
        assert town.box.sent == []
        town.delivers(2)
        assert len(town.box.cards()) == 1

    def test_what_somebody_said_here_is_not_repeated_here(self):
        town = Town()
        town.opens()
        said = {
            "incident_id": "i1",
            "done": True,
            "text": "anna is on it",
            "actor": {"channel": "slack", "id": "T/U"},
        }
        town.write(
            Entry("said", "forum", NOW, {**said, "via": "outbox reply"}),
            Entry("said", "forum", NOW, {**said, "via": "console", "text": "bert stopped everything"}),
        )
        town.delivers(5)
        assert [one.text for one in town.box.notes()] == ["bert stopped everything (by console)"]


def test_an_open_incident_is_pushed_again_where_the_channel_forgets():
    """Alertmanager forgets what is not sent again: every 60 s, 5 times in 5 minutes after the first."""
    town = Town(again_s=60.0)
    town.opens()
    town.delivers(300)
    assert len(town.box.cards()) == 6


def test_why_tells_the_evidence_and_who_spoke_against():
    town = Town()
    town.opens()
    town.decides()
    text = town.herald.why("i1")
    assert "memory of Deployment/shop/cart: 2 B, expected at least 0 B and at most 1 B" in text
    assert "impact: impact high" in text
    assert "90 % Deployment/shop/cart" in text
    assert town.herald.why("nope") == "nothing is known of incident nope"


class TestARealLoop:
    """The loop's own journal, told: nothing here is written by hand."""

    @staticmethod
    def told(timeline, minutes, happens=lambda _minute: None):
        """The notices of a loop that goes on for ``minutes``, told every five seconds."""
        town = Town(store=timeline.store, term=timeline.loop.term)
        for minute in minutes:
            happens(minute)
            timeline.tick(minute)
            town.clock.jump((NOW + minute * MINUTE - town.clock.now_ms()) / 1000)
            town.herald.follow(timeline.facts(minute))
            town.delivers(5)
        return town

    def test_a_leak_is_mended_under_the_eyes_of_people(self):
        timeline = Acting().calm_hour()
        timeline.leaks(0)

        def helps(minute):
            timeline.status = Status.NORMAL
            if minute == 2:
                timeline.calms(minute)

        town = self.told(timeline, (0, 1, 1.25, 2, 10, 20), helps)
        stages = list(dict.fromkeys(one.stage for one in town.box.cards()))
        assert stages == ["verifying", "verified", "resolved"]
        assert [one.text.partition(" (")[0] for one in town.box.notes()] == [
            "act: restart Deployment/shop/cart, 4 pods",
            "carries out: restart Deployment/shop/cart, 4 pods",
            "restart Deployment/shop/cart, 4 pods: is in place, and is being verified",
            "restart Deployment/shop/cart, 4 pods: helped",
            "hold: restart Deployment/shop/cart, 4 pods",  # it cools down, until the incident is over
        ]
        assert len({one.incident.id for one in town.box.cards()}) == 1

    def test_what_is_asked_comes_with_its_plan_and_ends_where_nobody_answers(self):
        """H8: no answer is a no."""
        ask = policy(scopes=(Scope(Mode.ASK, namespace="shop"),), approvers=("on-call",))
        timeline = Timeline(rules(policy=ask)).calm_hour()
        timeline.leaks(0)
        town = self.told(timeline, (0, 1, 6, 14, 15, 16))
        first, *_, last = town.box.questions()
        assert first.plan.digest == first.approval.digest
        assert first.plan.steps[first.approval.step].summary == first.approval.summary
        assert [one.approval.state for one in (first, last)] == ["pending", "expired"]
        assert len(town.box.questions()) == 2
        assert [one.text[:26] for one in town.box.notes() if one.roles] == [
            f"{first.approval.short} still waits for an an"
        ]
        assert town.box.cards()[-1].stage == "escalated"
