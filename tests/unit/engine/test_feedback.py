"""A false alarm changes what is told from then on, within bounds, shown first, and can be taken back."""

import threading
from dataclasses import replace

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.approvals.book import voted_entry
from aiops.core.approvals.claims import claimed_entry
from aiops.core.feedback import FeedbackBook, Standing
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.core.requests import answered
from aiops.engine import entries, excursions
from aiops.engine.feedback import Feedback
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.engine.window import Recorded
from aiops.errors import Unavailable
from aiops.model import (
    Actor,
    ApprovalSettings,
    ApproverRole,
    Ballot,
    Channel,
    FalseAlarm,
    FeedbackSettings,
    IncidentState,
    Outcome,
    Request,
    RequestKind,
    Result,
    Role,
    Said,
    Vote,
)
from tests.fakes.clock import FakeClock
from tests.fakes.forum import an_approval
from tests.unit.core import cases
from tests.unit.core.excursions import BOUNDS, DAY, NOON, WEB, anomaly, at
from tests.unit.engine.feedback_cases import ANN, CART, Daemon

BUMP = 7.0  # up to 19 / 5.1891 = 1.5417 times as far as the edge: it is widened 1.7 times, to 11 + 8.82
WORSE = 10.0  # 20 to 22: a score of 2.12


def kinds(store):
    return [record.entry.kind for record in store.read(stream="feedback")]


@pytest.fixture
def noisy():
    """The load was out for two minutes, and somebody called that false."""
    daemon = Daemon().run(20).run(8, BUMP)
    (incident,) = daemon.incidents()
    daemon.said = daemon.call_false(incident)
    return daemon.run(30)


def test_what_was_called_false_is_told_no_more(noisy):
    before = noisy.incidents()
    assert [one.state for one in before] == [IncidentState.CLOSED]
    noisy.run(8, BUMP)
    assert noisy.incidents() == before
    assert noisy.watch.failures == []


def test_without_the_adjustment_it_would_have_been_told_again():
    daemon = Daemon().run(20).run(8, BUMP).run(30)
    assert daemon.incidents()[0].state is IncidentState.CLOSED
    daemon.run(8, BUMP)
    assert daemon.incidents()[0].state is IncidentState.OPEN  # it came back


def test_what_is_worse_is_told_all_the_same(noisy):
    noisy.run(8, WORSE)
    (worst,) = [one for one in noisy.incidents() if one.state is not IncidentState.CLOSED]
    assert worst.anomalies[0].score == pytest.approx((22 - 11) / 5.1891, rel=1e-3)  # its own score


def test_what_is_out_while_it_is_called_false_is_over_for_us():
    daemon = Daemon().run(20).run(8, BUMP)
    daemon.call_false(daemon.incidents()[0])
    daemon.run(30, BUMP)  # it stays out, and is expected now
    assert daemon.incidents()[0].state is IncidentState.CLOSED


def test_people_are_told_what_is_expected_why_and_how_to_take_it_back(noisy):
    lines = noisy.said.splitlines()
    assert lines[0].endswith("was a false alarm: nightly batch")
    assert "error_ratio of Deployment/shop/cart may be up to 1.7 times as far above" in lines[1]
    assert lines[2] == "  because it was 1.54 times as far out as its band's edge"
    assert "there is no other excursion of it" in lines[3]
    (one,) = noisy.feedback.easing().of[("error_ratio", "robust_zscore")]
    assert lines[4] == f"  to take it back: aiops feedback undo {one.id}"


def test_a_restart_keeps_what_was_called_false(noisy):
    after = noisy.again().run(8, BUMP)
    assert [one.state for one in after.incidents()] == [IncidentState.CLOSED]


def ask(daemon, kind, name, request_id="r-1"):
    daemon.inbox.waiting.append(
        Request(request_id, kind, "ada", daemon.clock.now_ms(), "it was the leak", adjustment=name)
    )
    daemon.run(1)
    found = answered(daemon.store.read(kinds=("requested", "request_ended")), request_id)
    return found.done, found.detail


def only(daemon):
    (one,) = FeedbackBook().fold(daemon.store.read()).by_id.values()
    return one


def test_undone_it_is_told_again(noisy):
    done, detail = ask(noisy, RequestKind.UNDO_FEEDBACK, only(noisy).id)
    assert done
    assert detail.startswith("undone, it is told again from now on")
    noisy.run(60).run(8, BUMP)
    assert [one for one in noisy.incidents() if one.state is not IncidentState.CLOSED]


def test_renewed_it_ends_later(noisy):
    noisy.clock.advance(10 * 86_400)
    assert ask(noisy, RequestKind.RENEW_FEEDBACK, only(noisy).id[:5])[0]
    assert only(noisy).until_ms == noisy.clock.now_ms() + 30 * DAY


def test_asked_twice_it_is_done_once(noisy):
    name = only(noisy).id
    assert ask(noisy, RequestKind.UNDO_FEEDBACK, name)[0]
    assert ask(noisy, RequestKind.UNDO_FEEDBACK, name, "r-2") == (True, f"{name} is undone")
    assert kinds(noisy.store).count("adjustment_undone") == 1


def test_what_has_expired_cannot_be_undone_and_what_is_not_there_neither(noisy):
    noisy.clock.advance(30 * 86_400)
    assert ask(noisy, RequestKind.UNDO_FEEDBACK, only(noisy).id) == (
        False,
        f"{only(noisy).id} has expired already",
    )
    assert ask(noisy, RequestKind.UNDO_FEEDBACK, "ffff", "r-2") == (False, "there is no adjustment ffff")


def test_it_ends_by_itself(noisy):
    noisy.clock.advance(30 * 86_400)
    noisy.run(60).run(8, BUMP)
    assert [one for one in noisy.incidents() if one.state is not IncidentState.CLOSED]


class Broken:
    """A journal whose feedback cannot be read."""

    def read(self, *_args, **_more):
        raise Unavailable("disk on fire")


def test_a_journal_that_cannot_be_read_leaves_what_was_expected_and_is_told(noisy):
    noisy.feedback.store = Broken()
    noisy.run(8, BUMP)
    assert [one.state for one in noisy.incidents()] == [IncidentState.CLOSED]
    assert ("feedback", "Unavailable") in noisy.watch.failures


# What follows needs no daemon: incidents of the past, as the journal has them.


class Past:
    """A journal of incidents, and what people say of them at noon on Wednesday 5 June 2024."""

    def __init__(self, **settings):
        self.store, self.clock = MemoryStore(), FakeClock(NOON)
        self.store.begin_term(1)
        bounds = replace(BOUNDS, settings=FeedbackSettings(**settings))
        self.feedback = Feedback(self.store, 1, bounds, self.clock)

    def happened(self, incident_id, *anomalies):
        """It opened with the anomalies half as bad, and closed as they are."""
        incident = replace(
            cases.incident(*anomalies, prime=WEB), id=incident_id, opened_ms=anomalies[0].since_ms
        )
        early = [replace(one, score=1 + (one.score - 1) / 2, cleared_ms=None) for one in anomalies]
        first = replace(incident, anomalies=tuple(early))
        last = replace(incident, closed_ms=anomalies[0].at_ms)
        self.store.append(
            [*entries.opened(first, Recorded({}), first.opened_ms), entries.closed(last, anomalies[0].at_ms)],
            1,
        )
        return last

    def called_false(self, incident, until_ms=None):
        alarm = FalseAlarm(incident.id, "nightly batch", until_ms)
        return self.feedback.false_alarm(Said(ANN, alarm, NOON, "console"), alarm, incident)

    def book(self):
        return FeedbackBook().fold(self.store.read())

    def one(self):
        (one,) = self.book().by_id.values()
        return one


def helped(past, incident):
    plan = replace(cases.plan(), incident_id=incident.id)
    ended = Outcome(plan.id, 0, Result.VERIFIED, NOON - DAY)
    past.store.append([start_entry(plan, 0, Ledger(), NOON - DAY), outcome_entry(ended)], 1)


def approved(past, incident):
    approval = an_approval(incident_id=incident.id)
    past.store.append([voted_entry(approval, Vote(ANN, Ballot.YES, NOON - DAY), NOON - DAY)], 1)


def claimed(past, incident):
    past.store.append([claimed_entry(incident, (), ANN, NOON - DAY)], 1)


@pytest.mark.parametrize("taken_up", [helped, approved, claimed])
def test_what_would_have_hidden_a_real_incident_is_only_proposed(taken_up):
    past = Past()
    real = past.happened("real00000001", anomaly("2024-06-01T09:00", score=1.4))
    taken_up(past, real)
    echo = past.called_false(past.happened("now000000001", anomaly(score=1.5)))
    assert past.one().standing(NOON) is Standing.PROPOSED
    assert past.feedback.easing().of == {}
    assert "NOT in force" in echo.text
    assert "hidden: incident real00000001 of 2024-06-01 07:00 UTC, which was real: " in echo.text
    assert f"aiops feedback renew {past.one().id}" in echo.text
    asks = Request("r-1", RequestKind.RENEW_FEEDBACK, "ada", NOON, adjustment=past.one().id)
    assert past.feedback.heed(asks, NOON)[0]
    assert past.one().standing(NOON) is Standing.ACTIVE


def test_a_no_or_a_later_does_not_make_an_incident_real():
    past = Past()
    before = past.happened("past00000001", anomaly("2024-06-01T09:00", score=1.4))
    vote = voted_entry(an_approval(incident_id=before.id), Vote(ANN, Ballot.NO, NOON - DAY), NOON - DAY)
    past.store.append([vote], 1)
    past.called_false(past.happened("now000000001", anomaly()))
    assert past.one().standing(NOON) is Standing.ACTIVE


def test_incidents_that_nobody_judged_are_shown_and_do_not_stand_in_the_way():
    past = Past()
    past.happened("past00000001", anomaly("2024-06-01T09:00", score=1.4))
    echo = past.called_false(past.happened("now000000001", anomaly()))
    assert past.one().standing(NOON) is Standing.ACTIVE
    assert (
        "of 1 other excursion of it, 1 would have been hidden (0 called false, 0 real, 1 nobody" in echo.text
    )


def test_what_was_told_and_grew_would_have_been_told_later():
    past = Past()
    past.happened("past00000001", anomaly("2024-06-01T09:00", score=3.0))  # raised at a score of 2
    past.happened("past00000002", anomaly("2024-06-02T09:00", score=2.0))  # raised at 1.5, below 1.65
    echo = past.called_false(past.happened("now000000001", anomaly(score=1.5)))
    assert "of 2 other excursions of it, 0 would have been hidden, 1 told later" in echo.text


def test_a_batch_that_came_on_three_nights_is_a_season():
    past = Past()
    past.happened("past00000001", anomaly("2024-06-03T02:05"))
    past.happened("past00000002", anomaly("2024-06-04T01:55"))
    past.called_false(past.happened("now000000001", anomaly()))
    assert past.one().window.weekdays == ()


def test_the_second_false_alarm_at_that_time_of_the_day_is_a_season():
    past = Past()
    past.called_false(past.happened("past00000001", anomaly("2024-06-04T01:55", score=7.0, observed=5.5)))
    past.called_false(past.happened("now000000001", anomaly(score=7.0, observed=5.5)))
    assert sorted(one.kind for one in past.book().by_id.values()) == ["season", "window"]


def test_only_today_ends_at_midnight():
    past, midnight = Past(), at("2024-06-06T00:00")
    past.called_false(past.happened("now000000001", anomaly()), midnight)
    assert past.one().until_ms == midnight


def test_called_false_again_what_is_expected_already_adds_nothing():
    past = Past()
    now = past.happened("now000000001", anomaly())
    past.called_false(now)
    assert "expected already" in past.called_false(now).text
    assert kinds(past.store) == ["called_false", "adjustment_made", "called_false"]


def test_states_of_kubernetes_stay_as_they_are_and_it_is_said_so():
    past = Past()
    crash = anomaly(
        signal="crash", role=Role.CONDITION, condition="CrashLoopBackOff", detector="kubernetes_state"
    )
    echo = past.called_false(past.happened("now000000001", anomaly(), crash))
    assert echo.done
    assert past.one().signal == "cpu"
    assert "not adjusted: crash of Deployment/shop/web: it is a state of Kubernetes" in echo.text


@pytest.mark.parametrize(("most", "made"), [(2, 2), (3, 3)])
def test_no_more_adjustments_than_the_settings_say_are_in_force(most, made):
    past = Past(most_active=most)
    signals = [anomaly(signal=name) for name in ("cpu", "memory", "latency")]
    echo = past.called_false(past.happened("now000000001", *signals))
    assert len(past.book().by_id) == made
    assert ("undo one first" in echo.text) is (made < 3)


def test_one_false_alarm_adjusts_five_signals_at_most_the_worst_ones():
    past = Past()
    signals = [anomaly(signal=f"s{n}", score=1.1 + n / 10) for n in range(7)]
    past.called_false(past.happened("now000000001", *signals))
    assert {one.signal for one in past.book().by_id.values()} == {"s2", "s3", "s4", "s5", "s6"}


def test_a_renewal_does_not_get_round_the_most_that_are_in_force():
    past = Past(most_active=1)
    past.called_false(past.happened("past00000001", anomaly("2024-06-01T09:00")))
    first = past.one()
    undo = Request("r-1", RequestKind.UNDO_FEEDBACK, "ada", NOON, adjustment=first.id)
    assert past.feedback.heed(undo, NOON)[0]
    past.called_false(past.happened("now000000001", anomaly(signal="memory")))
    renew = Request("r-2", RequestKind.RENEW_FEEDBACK, "ada", NOON, adjustment=first.id)
    assert past.feedback.heed(renew, NOON) == (
        False,
        "1 adjustments are in force, undo one first: aiops feedback list",
    )


def test_a_journal_that_refuses_leaves_nothing_half_done():
    past = Past()
    now = past.happened("now000000001", anomaly())
    past.store.begin_term(2)  # another daemon leads by now
    with pytest.raises(Exception, match="term"):
        past.called_false(now)
    assert kinds(past.store) == []


def test_an_incident_without_samples_is_noted_and_adjusts_nothing():
    past = Past()
    echo = past.called_false(replace(cases.incident(anomaly(), prime=WEB), id="unknown00001"))
    assert echo.done
    assert "no samples of it" in echo.text
    assert past.book().false.keys() == {"unknown00001"}


def test_an_excursion_is_as_far_out_as_its_samples_were():
    """The journal has the samples that it was raised on, and the value of each record."""
    daemon = Daemon().run(20).run(8, BUMP)
    (incident,) = daemon.incidents()
    (seen,) = excursions.of_incident(daemon.store, incident.id)
    assert seen.farthest == 19.0
    assert seen.worst == pytest.approx((19 - 11) / 5.1891, rel=1e-3)
    assert not seen.over
    assert seen.newest.target == CART


def test_false_alarms_from_many_threads_are_all_kept():
    past = Past()
    incidents = [past.happened(f"now00000000{n}", anomaly(signal=f"s{n}")) for n in range(8)]
    threads = [threading.Thread(target=past.called_false, args=(one,)) for one in incidents]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert len(past.book().by_id) == 8


def test_the_forum_lets_only_who_holds_a_role_there_call_it_false():
    """H4. And the same message twice adjusts once (H3)."""
    past = Past()
    incident = past.happened("now000000001", anomaly())
    settings = ApprovalSettings(roles={"on-call": ApproverRole(slack_users=(ANN.id,), namespaces=("shop",))})
    hall = Hall(past.store, 1, settings, past.clock, false_alarm=past.feedback.false_alarm)
    forum = OpenForum(past.store, 1, settings, past.clock, hall)
    alarm = FalseAlarm(incident.id, "nightly batch")
    stranger = Actor(Channel.SLACK, "T1/UX", "Ann")
    assert not forum.say(Said(stranger, alarm, NOON, "slack reply", "r1")).done
    assert kinds(past.store) == []
    first = forum.say(Said(ANN, alarm, NOON, "slack reply", "r2"))
    assert first.done
    assert forum.say(Said(ANN, alarm, NOON, "slack reply", "r2")) == first
    assert kinds(past.store) == ["called_false", "adjustment_made"]
