"""Connect: tokens, clients, and whose they are. Tokens come from files or the environment, never into a log.

Who we are is asked once (``auth.test``) and believed from then on; a token of another workspace than
``slack.team`` is refused, so that nobody of it may ever answer.

Errors:  ConfigError at the start, with every problem; PortError where Slack has to be asked.
"""

import ipaddress
import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.http_retry import RetryHandler
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from aiops.adapters.prometheus.credentials import secret
from aiops.adapters.slack.calls import Calls
from aiops.errors import ConfigError, Forbidden, PortError, Problem, Rejected, Unavailable
from aiops.model import SlackMode, SlackSettings

SELDOM_S = 60.0  # the libraries say the same thing at most so often


class Seldom(logging.Filter):
    """Lets a complaint through once a minute: a library that is cut off repeats it every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}  # when, by how it begins

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is said."""
        begins = str(record.msg)[:30]
        if record.created - self._said.get(begins, float("-inf")) < SELDOM_S:
            return False
        if len(self._said) > 100:
            self._said.clear()
        self._said[begins] = record.created
        return True


def library_log(name: str) -> logging.Logger:
    """A log for slack_sdk or slack_bolt: errors only, since what is below them holds bodies, and seldom."""
    log = logging.Logger(name, logging.ERROR)
    log.parent = logging.getLogger()
    log.addFilter(Seldom())
    return log


LOG = library_log("aiops.slack")

BOT, APP, SIGNING = "AIOPS_SLACK_BOT_TOKEN", "AIOPS_SLACK_APP_TOKEN", "AIOPS_SLACK_SIGNING_SECRET"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What opens Slack. Its text form shows nothing."""

    bot: str
    app: str = ""
    signing: str = ""

    def __repr__(self) -> str:
        return "Secrets(not shown)"


@dataclass(frozen=True, slots=True)
class Us:
    """Who we are there."""

    team: str
    user: str  # of the bot
    bot: str
    app: str = ""  # "" where Slack did not say


def read_secrets(settings: SlackSettings, environment: Mapping[str, str] = os.environ) -> Secrets:
    """The secrets that ``settings.mode`` needs. ConfigError names all that are missing or of another kind."""
    problems: list[Problem] = []

    def read(key: str, file: str, variable: str, prefix: str) -> str:
        try:
            text = secret(file) if file else environment.get(variable, "").strip()
        except Unavailable as error:
            problems.append(Problem(f"slack.{key}", "a file that cannot be read", str(error)))
            return ""
        if not text:
            problems.append(Problem(f"slack.{key}", "nothing", f"a file, or a value in {variable}"))
        elif not text.startswith(prefix) or not text.isascii() or not text.isprintable():
            what = f"text that begins with {prefix}" if prefix else "one line of printable ASCII"
            problems.append(Problem(f"slack.{key}", "something else (not shown)", what))
        return text

    bot = read("bot_token_file", settings.bot_token_file, BOT, "xoxb-")
    socket, http = settings.mode is SlackMode.SOCKET, settings.mode is SlackMode.HTTP
    app = read("app_token_file", settings.app_token_file, APP, "xapp-") if socket else ""
    signing = read("signing_secret_file", settings.signing_secret_file, SIGNING, "") if http else ""
    problems += _of_settings(settings)
    if problems:
        raise ConfigError(problems)
    return Secrets(bot, app, signing)


def _of_settings(settings: SlackSettings) -> list[Problem]:
    problems = []
    if settings.mode is SlackMode.OFF:
        problems.append(Problem("slack.mode", "off", "socket or http"))
    if not settings.team.startswith("T") or not settings.team.isalnum():
        problems.append(
            Problem("slack.team", repr(settings.team[:30]), "the id of a workspace, such as T0123")
        )
    if not settings.channel.startswith(("C", "G")) or not settings.channel.isalnum():
        problems.append(
            Problem("slack.channel", repr(settings.channel[:30]), "the id of a channel, such as C0123")
        )
    if not _safe_url(settings.api_url):
        problems.append(
            Problem("slack.api_url", repr(settings.api_url[:80]), "an https URL, or http on this machine")
        )
    return problems


def _safe_url(url: str) -> bool:
    """Tokens go over TLS, or do not leave the machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it is the check
    except ValueError:
        return False
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        return False
    if parts.scheme == "https":
        return True
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return parts.scheme == "http" and loopback


class Patience(StrEnum):
    """How often a client asks again by itself."""

    NONE = "none"  # for what must not happen twice: whoever asks finds out first what became of it
    ONCE = "once"  # for questions
    LONG = "long"  # waits out ``Retry-After``: for threads that may


def client(settings: SlackSettings, token: str, patience: Patience = Patience.ONCE) -> WebClient:
    """A client for one token."""
    handlers: list[RetryHandler] = []
    if patience is not Patience.NONE:
        handlers.append(ConnectionErrorRetryHandler(max_retry_count=1))
    if patience is Patience.LONG:
        handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
        handlers.append(ServerErrorRetryHandler(max_retry_count=2))
    return WebClient(
        token=token,
        base_url=settings.api_url,
        timeout=max(1, round(settings.timeout_s)),
        retry_handlers=handlers,
        logger=LOG,
    )


class Identity:
    """Who we are, asked until it is known. Safe between threads."""

    def __init__(self, calls: Calls, team: str) -> None:
        self._calls, self._team = calls, team
        self._lock = threading.Lock()
        self._us: Us | None = None

    @property
    def known(self) -> Us | None:
        """Without asking; None until it was asked with success."""
        return self._us

    def us(self) -> Us:
        """Who we are. Raises PortError; Forbidden for a token of another workspace."""
        with self._lock:
            if self._us is None:
                self._us = self._ask()
            return self._us

    def _ask(self) -> Us:
        answer = self._calls.form("auth.test")
        team, user, bot = (str(answer.get(key) or "") for key in ("team_id", "user_id", "bot_id"))
        if team != self._team:
            raise Forbidden(f"slack: expected a token of workspace {self._team}, got one of {team or 'none'}")
        if not user or not bot:
            raise Rejected("slack: expected a bot's token, got another kind")
        try:
            about = self._calls.form("bots.info", bot=bot).get("bot")
        except PortError:
            about = None  # not needed: the workspace is checked, and requests are signed or on our own socket
        return Us(team, user, bot, str(about.get("app_id") or "") if isinstance(about, dict) else "")
