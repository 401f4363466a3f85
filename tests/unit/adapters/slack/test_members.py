"""Members: who may speak at all, by stable user and team id, looked up live (H4)."""

import threading
import time

import pytest

from aiops.adapters.slack.members import Members, Refused
from aiops.errors import Forbidden, Unavailable
from aiops.model import Channel
from tests.fakes.clock import FakeClock
from tests.unit.adapters.slack.parts import TEAM, FakeApi, a_user


class Office:
    """One workspace, whose people a test makes."""

    def __init__(self, *users, groups=None):
        self.api, self.clock, self.failures = FakeApi(), FakeClock(), []
        self.api.users = {one["id"]: one for one in users}
        self.api.groups = groups or {}
        self.members = Members(
            self.api,
            TEAM,
            sorted(self.api.groups),
            cache_s=60,
            monotonic_s=self.clock.monotonic_s,
            failed=lambda what, error: self.failures.append((what, error)),
        )

    def who(self, user="U01", teams=(TEAM,)):
        return self.members.who(user, teams)


def test_a_member_is_known_by_team_and_user_id_and_by_the_groups_they_are_in():
    actor = Office(a_user(), groups={"S01": ["U01"], "S02": ["U02"]}).who()
    assert (actor.channel, actor.id, actor.name, actor.groups) == (Channel.SLACK, "T01/U01", "Ana", ("S01",))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_bot": True}, "bot"),
        ({"is_app_user": True}, "app"),
        ({"is_workflow_bot": True}, "bot"),
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"deleted": True}, "deactivated"),
        ({"is_forgotten": True}, "deactivated"),
        ({"is_invited_user": True}, "not joined"),
        ({"is_stranger": True}, "another workspace"),
        ({"is_external": True}, "another workspace"),
        ({"team_id": "T02"}, "another workspace"),
        ({"team_id": None}, "another workspace"),
        ({"team_id": "T02", "enterprise_user": {"teams": ["T03"]}}, "another workspace"),
        ({"id": "U99"}, "does not know"),
        # what is not said is not known, and not known is refused
        ({"deleted": None}, "not known"),
        ({"is_bot": None}, "not known"),
        ({"is_restricted": None}, "not known"),
        ({"is_ultra_restricted": 0}, "not known"),
    ],
)
def test_whoever_is_not_surely_a_full_member_of_this_workspace_is_refused(changes, why):
    """H4"""
    office = Office()
    office.api.users = {"U01": a_user() | changes}
    with pytest.raises(Refused, match=why):
        office.who()


def test_a_name_that_looks_like_a_members_is_worth_nothing():
    """H4: an approver's display name on another account stays another account."""
    office = Office(a_user("U01"), a_user("U66", profile={"display_name": "Ana"}), groups={"S01": ["U01"]})
    assert office.who("U66").id == "T01/U66"
    assert office.who("U66").groups == ()


@pytest.mark.parametrize("teams", [(), ("T02",), (TEAM, "T02")])
def test_a_payload_that_names_another_workspace_is_refused_before_anybody_is_asked(teams):
    """H4: Slack Connect"""
    office = Office(a_user())
    with pytest.raises(Refused, match="another workspace"):
        office.who(teams=teams)
    assert office.api.sent == []


@pytest.mark.parametrize("user", ["", "USLACKBOT", "B01", "U01/x", "u01", "U01 "])
def test_what_is_no_id_of_a_person_is_refused(user):
    """H4"""
    with pytest.raises(Refused, match="only people"):
        Office(a_user()).who(user)


def test_of_an_organisation_whoever_is_in_this_workspace_may_speak():
    grid = a_user(team_id="E01", enterprise_user={"teams": ["T09", TEAM]})
    assert Office(grid).who().id == "T01/U01"


def test_somebody_unknown_to_slack_is_refused():
    """H4"""
    with pytest.raises(Refused, match="does not know"):
        Office().who()


def test_where_slack_cannot_tell_nobody_is_let_in():
    """H8"""
    office = Office(a_user())
    office.api.fails["users.info"] = Unavailable("slack: down")
    with pytest.raises(Unavailable):
        office.who()


@pytest.mark.parametrize(("after_s", "let_in"), [(59, True), (60, False)])
def test_somebody_deactivated_is_refused_as_soon_as_the_cache_ends(after_s, let_in):
    """H4: cache of 60 s"""
    office = Office(a_user())
    office.who()
    office.api.users["U01"] = a_user(deleted=True)
    office.clock.advance(after_s)
    if let_in:
        assert office.who()
    else:
        with pytest.raises(Refused, match="deactivated"):
            office.who()


def test_a_group_follows_the_rotation():
    office = Office(a_user(), groups={"S01": ["U01"]})
    assert office.who().groups == ("S01",)
    office.api.groups["S01"] = ["U02"]
    office.clock.advance(60)
    assert office.who().groups == ()
    assert office.members.members("S01") == {"T01/U02"}


@pytest.mark.parametrize("error", [Forbidden("slack: missing_scope"), None])
def test_a_group_that_cannot_be_seen_is_nobody_and_somebody_is_told(error):
    office = Office(a_user(), groups={"S01": ["U01"]})
    if error:
        office.api.fails["usergroups.users.list"] = error
    else:
        office.api.groups.clear()
    assert office.who().groups == ()
    assert "S01" in office.failures[0][0]


def test_a_group_that_slack_cannot_tell_now_lets_nobody_in():
    office = Office(a_user(), groups={"S01": ["U01"]})
    office.api.fails["usergroups.users.list"] = Unavailable("slack: 503")
    with pytest.raises(Unavailable):
        office.who()


def test_a_failed_look_up_is_not_remembered():
    office = Office(a_user())
    office.api.fails["users.info"] = Unavailable("slack: down")
    with pytest.raises(Unavailable):
        office.who()
    office.api.fails.clear()
    assert office.who().id == "T01/U01"


def test_many_clicks_of_one_person_cost_one_look_up():
    office = Office(a_user())
    slow = office.api.__call__

    class Slow(FakeApi):
        def form(self, method, **arguments):
            time.sleep(0.02)
            return slow(method, **arguments)

    office.members._calls = Slow()
    threads = [threading.Thread(target=office.who) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(office.api.of("users.info")) == 1
