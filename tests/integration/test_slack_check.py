"""``aiops check-config --slack`` against the double: what would not work is named, and nothing is posted."""

import pytest
from click.testing import CliRunner

from aiops.adapters.slack.check import check_slack
from aiops.adapters.slack.connect import APP, BOT
from aiops.cli import app
from aiops.model import ApprovalSettings, ApproverRole, NotifySettings, Route, SlackMode, SlackSettings
from tests.fakes.slack import Slack
from tests.integration.slack_cases import environment

pytestmark = pytest.mark.integration


def check(slack, channel, groups=("S00000001",), routes=(), **changes):
    settings = SlackSettings(SlackMode.SOCKET, slack.team_id, channel.id, api_url=slack.api_url, **changes)
    approvals = ApprovalSettings(roles={"on-call": ApproverRole(slack_groups=tuple(groups))})
    with environment(**{BOT: slack.bot_token, APP: slack.app_token}):
        return {one.what: one for one in check_slack(settings, approvals, NotifySettings(routes=routes))}


def test_everything_good_is_said_to_be():
    with Slack() as slack:
        ana = slack.person("ana")
        channel, group = slack.channel("incidents", [ana]), slack.group("oncall", [ana])
        found = check(slack, channel, [group.id])
        assert all(one.good for one in found.values())
        assert found["slack.app_token_file"].text == "opens sockets"
        assert "1 people" in found[f"user group {group.id}"].text
        assert slack.everything(channel) == []


def test_each_thing_that_would_not_work_is_named():
    with Slack() as slack:
        channel = slack.channel("incidents", app=False)
        archived = slack.channel("old")
        slack.archives(archived)
        empty = slack.group("empty", [])
        routes = (Route("team", slack_channel=archived.id), Route("gone", slack_channel="C9"))
        found = check(slack, channel, [empty.id, "S404"], routes)
        wrong = {what: one.text for what, one in found.items() if not one.good}
        assert "/invite" in wrong[f"channel {channel.id}"]
        assert "archived" in wrong[f"channel {archived.id}"]
        assert "channel_not_found" in wrong["channel C9"]
        assert "nobody could answer" in wrong[f"user group {empty.id}"]
        assert "no_such_subteam" in wrong["user group S404"]


def test_a_token_of_another_workspace_ends_the_check():
    with Slack() as slack:
        settings = SlackSettings(SlackMode.SOCKET, "T404", "C1", api_url=slack.api_url)
        with environment(**{BOT: slack.bot_token, APP: slack.app_token}):
            (found,) = check_slack(settings, ApprovalSettings(), NotifySettings())
        assert not found.good
        assert "T404" in found.text


def test_the_command_says_good_or_bad_and_leaves_its_exit_code(tmp_path):
    with Slack() as slack:
        channel = slack.channel("incidents")
        (tmp_path / "aiops.yaml").write_text(
            f"slack:\n  mode: socket\n  team: {slack.team_id}\n  channel: {channel.id}\n"
            f"  api_url: {slack.api_url}\n"
        )
        with environment(**{BOT: slack.bot_token, APP: slack.app_token}):
            good = CliRunner().invoke(app, ["check-config", str(tmp_path), "--slack"])
            assert good.exit_code == 0, good.output
            assert f"channel {channel.id}: the app is in it" in " ".join(good.output.split())
            slack.archives(channel)
            bad = CliRunner().invoke(app, ["check-config", str(tmp_path), "--slack"])
        assert bad.exit_code == 1
        assert "BAD" in bad.output
        assert slack.bot_token not in good.output + bad.output
