"""Members: who a Slack id is, looked up live, and refused unless known to be one of us (H4).

Refused are bots, users of apps, guests, deactivated and invited people, strangers of Slack Connect, everybody
of another workspace, and whoever is not known for sure. The display name is shown and never judged by.

Errors:  Refused says why, in words to its reader; Unavailable where Slack cannot tell: nobody is let in then.
Cost:    one call for a person, and one for each user group that a role names; believed for ``cache_s``.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiops.adapters.slack.calls import Calls
from aiops.core.words import plain
from aiops.errors import AiopsError, Forbidden, NotFound, Rejected
from aiops.model import Actor, Channel

_MOST = 5_000  # entries that are kept; more people than that start anew
_LONGEST_NAME = 80
_SLACKBOT = "USLACKBOT"
_FLAGS = {  # what must be known to be false
    "deleted": "is deactivated",
    "is_bot": "is a bot",
    "is_restricted": "is a guest",
    "is_ultra_restricted": "is a guest",
}
_SIGNS = {  # what must not be said
    "is_app_user": "belongs to an app",
    "is_stranger": "is of another workspace",
    "is_invited_user": "has not joined yet",
    "is_workflow_bot": "is a bot",
    "is_connector_bot": "is a bot",
    "is_forgotten": "is deactivated",
    "is_external": "is of another workspace",
}


class Refused(Exception):  # noqa: N818 - an answer, named by what it means
    """Not one of those who may speak here; the text says why."""


@dataclass(slots=True)
class _Known:
    """One answer of Slack, asked for once by whoever comes first."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until_s: float = float("-inf")
    value: Any = None


class Members:
    """Who is who in one workspace. Safe between threads; one that asks does not hold up the others."""

    def __init__(
        self,
        calls: Calls,
        team: str,
        groups: Sequence[str],
        *,
        cache_s: float,
        monotonic_s: Callable[[], float],
        failed: Callable[[str, Exception], None],
    ) -> None:
        self._calls, self._team, self._groups = calls, team, tuple(groups)
        self._cache_s, self._now, self._failed = cache_s, monotonic_s, failed
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def who(self, user: str, teams: Sequence[str]) -> Actor:
        """The person behind ``user``; ``teams`` are the workspaces that the payload says they are of.

        Raises Refused, or PortError where it cannot be found out.
        """
        if not teams or any(team != self._team for team in teams):
            raise Refused("people of another workspace cannot answer here")
        if not user.startswith(("U", "W")) or not user.isalnum() or user == _SLACKBOT:
            raise Refused("only people can answer here")
        about: Mapping[str, Any] | None = self._once(f"user {user}", lambda: self._user(user))
        why_not = refusal(about, user, self._team)
        if about is None or why_not:
            raise Refused(why_not)
        groups = tuple(one for one in self._groups if user in self._users_of(one))
        return Actor(Channel.SLACK, f"{self._team}/{user}", _name(about), groups)

    def members(self, group: str) -> frozenset[str]:
        """The people of a user group, as "T0123/U0456". Raises PortError."""
        return frozenset(f"{self._team}/{user}" for user in self._users_of(group))

    def _users_of(self, group: str) -> frozenset[str]:
        found: frozenset[str] = self._once(f"group {group}", lambda: self._ask_group(group))
        return found

    def _user(self, user: str) -> Mapping[str, Any] | None:
        try:
            about = self._calls.form("users.info", user=user).get("user")
        except (NotFound, Rejected):
            return None
        return about if isinstance(about, dict) else None

    def _ask_group(self, group: str) -> frozenset[str]:
        """Nobody, where Slack knows no such group or does not let us see it: then it lets nobody in."""
        try:
            users = self._calls.form("usergroups.users.list", usergroup=group, include_disabled=False)
        except (NotFound, Rejected, Forbidden) as error:
            self._failed(f"slack: user group {group} counts as nobody", error)
            return frozenset()
        listed = users.get("users")
        return frozenset(str(one) for one in listed) if isinstance(listed, list) else frozenset()

    def _once(self, key: str, ask: Callable[[], Any]) -> Any:
        """The answer to ``key``, at most ``cache_s`` old; failures are not kept."""
        with self._lock:
            if len(self._known) > _MOST:
                self._known.clear()
            known = self._known.setdefault(key, _Known())
        with known.lock:
            if self._now() >= known.until_s:
                known.value = ask()
                known.until_s = self._now() + self._cache_s
            return known.value


def refusal(about: Mapping[str, Any] | None, user: str, team: str) -> str:
    """Why the user object ``about`` may not speak; "" if it may. What is not known for sure is refused."""
    if about is None or about.get("id") != user:
        return "Slack does not know who that is"
    for flag, words in _FLAGS.items():
        if about.get(flag) is not False:
            return (
                f"this account {words}"
                if about.get(flag)
                else f"it is not known whether this account {words}"
            )
    for flag, words in _SIGNS.items():
        if about.get(flag):
            return f"this account {words}"
    grid = about.get("enterprise_user")
    teams = grid.get("teams") if isinstance(grid, dict) else None
    if about.get("team_id") != team and not (isinstance(teams, list) and team in teams):
        return "people of another workspace cannot answer here"
    return ""


def _name(about: Mapping[str, Any]) -> str:
    """What they are shown as; never judged by."""
    profile = about.get("profile")
    shown = profile.get("display_name") if isinstance(profile, dict) else ""
    return plain(str(shown or about.get("real_name") or about.get("name") or ""))[:_LONGEST_NAME]


def unanswerable(error: AiopsError) -> str:
    """What to tell a person who cannot be looked up, or whose words cannot be journalled."""
    return f"it cannot be done just now ({error}): nothing was decided; say it again, or answer elsewhere"
