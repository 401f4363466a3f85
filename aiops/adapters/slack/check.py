"""Check: would Slack work with these settings? Asks, and posts nothing.

Input:   the settings, as the daemon would be given them.
Output:  findings, good and bad, in the order in which they would be met. Whether the app is subscribed to
         events cannot be asked: the how-to says how to see.
Errors:  ConfigError as at the start; what Slack refuses is a finding.
Cost:    a call for the token, one for each channel and user group.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from aiops.adapters.slack.calls import Calls
from aiops.adapters.slack.connect import Identity, client, read_secrets
from aiops.errors import PortError
from aiops.model import ApprovalSettings, NotifySettings, SlackMode, SlackSettings

NEEDED = {
    "chat:write": "to post",
    "users:read": "to tell members from guests and bots",
    "channels:read": "to check that the app is in the channel",
}
HEARING = ("channels:history", "groups:history")  # of a public or of a private channel: one is enough
Ask = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str  # "slack.channel C01"
    good: bool
    text: str  # what was found, or what to do


def check_slack(
    settings: SlackSettings, approvals: ApprovalSettings, notify: NotifySettings
) -> tuple[Finding, ...]:
    """Everything that can be asked. Raises ConfigError."""
    secrets = read_secrets(settings)
    calls = Calls(client(settings, secrets.bot), time.monotonic)
    bot = _tried("slack.bot_token_file", partial(_whose, calls, settings))
    found = [bot]
    if not bot.good:
        return tuple(found)
    groups = sorted({one for role in approvals.roles.values() for one in role.slack_groups})
    found += _scopes(calls, pictures=notify.pictures, groups=bool(groups))
    if settings.mode is SlackMode.SOCKET:
        app = Calls(client(settings, secrets.app), time.monotonic)
        found.append(_tried("slack.app_token_file", partial(_opens, app)))
    routed = [one.slack_channel for one in notify.routes if one.slack_channel]
    for channel in dict.fromkeys([settings.channel, *routed]):
        found.append(_tried(f"channel {channel}", partial(_channel, calls, channel)))
    for group in groups:
        found.append(_tried(f"user group {group}", partial(_group, calls, group)))
    return tuple(found)


def _tried(what: str, ask: Ask) -> Finding:
    """The finding; what begins with "not" or was refused is a bad one."""
    try:
        text = ask()
    except PortError as error:
        return Finding(what, False, str(error))
    return Finding(what, not text.startswith("not "), text)


def _whose(calls: Calls, settings: SlackSettings) -> str:
    us = Identity(calls, settings.team).us()
    return f"bot {us.user} of workspace {us.team}" + (f", app {us.app}" if us.app else "")


def _scopes(calls: Calls, *, pictures: bool, groups: bool) -> Iterator[Finding]:
    needed = dict(NEEDED)
    if pictures:
        needed["files:write"] = "to upload the picture of the evidence"
    if groups:
        needed["usergroups:read"] = "to look up who is in the groups of approvers"
    try:
        _, headers = calls.headers("auth.test")
    except PortError as error:
        yield Finding("scopes", False, str(error))
        return
    if "x-oauth-scopes" not in headers:
        yield Finding("scopes", True, "Slack does not say which the token has")
        return
    given = {one.strip() for one in headers["x-oauth-scopes"].split(",")}
    for scope, why in needed.items():
        yield Finding(f"scope {scope}", scope in given, why)
    hears = [one for one in HEARING if one in given]
    yield Finding("scope to hear replies", bool(hears), ", ".join(hears) or f"one of {', '.join(HEARING)}")


def _opens(app: Calls) -> str:
    return "opens sockets" if app("apps.connections.open").get("url") else "not able to open sockets"


def _channel(calls: Calls, channel: str) -> str:
    about = calls.form("conversations.info", channel=channel).get("channel")
    about = about if isinstance(about, dict) else {}
    if about.get("is_archived"):
        return "not usable: archived"
    if not about.get("is_member"):
        return "not a member: /invite the app there"
    shared = about.get("is_ext_shared") or about.get("is_shared")
    return "the app is in it" + ("; shared with others, who cannot answer" if shared else "")


def _group(calls: Calls, group: str) -> str:
    users = calls.form("usergroups.users.list", usergroup=group, include_disabled=False).get("users")
    count = len(users) if isinstance(users, list) else 0
    return f"{count} people are in it" if count else "not a soul is in it: nobody could answer as it"
