"""App: everything of Slack put together for one cluster: ``open_slack`` is the one way in.

Opening it never waits for Slack: we connect in the background, again and again, and until then whatever is
asked stays pending and can be answered elsewhere (H8).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from aiops.adapters.slack.bolt import make_app
from aiops.adapters.slack.calls import Calls
from aiops.adapters.slack.connect import Identity, Patience, client, read_secrets
from aiops.adapters.slack.http import Endpoint
from aiops.adapters.slack.listener import Listener
from aiops.adapters.slack.members import Members
from aiops.adapters.slack.notifier import SlackNotifier
from aiops.adapters.slack.socket import Socket
from aiops.adapters.slack.work import Work
from aiops.errors import PortError, Unavailable
from aiops.model import ApprovalSettings, NotifySettings, SlackMode, SlackSettings
from aiops.ports import Clock, Forum, Posts

Failed = Callable[[str, Exception], None]

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
TEND_S = 1.0  # how often the connection is looked after: a broken one is made anew by then


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """Slack, as the daemon uses it."""

    notifier: SlackNotifier
    asgi: Endpoint | None  # for POST /slack/events; None in socket mode
    members: Callable[[str], frozenset[str]]  # of a user group, as "T0123/U0456"; raises PortError
    connected: Callable[[], bool]  # whether people are heard
    problem: Callable[[], str]  # why not; "" where they are


@contextmanager
def open_slack(
    settings: SlackSettings,
    cluster: str,
    forum: Forum,
    posts: Posts,
    *,
    approvals: ApprovalSettings,
    notify: NotifySettings,
    remediations: Sequence[str],
    clock: Clock,
    failed: Failed,
) -> Iterator[SlackChannel]:
    """Slack for the time of the block. ConfigError where a secret is missing or settings cannot work; what
    Slack itself says later goes to ``failed`` and does not end anything."""
    secrets = read_secrets(settings)
    calls = Calls(client(settings, secrets.bot), clock.monotonic_s)
    posting = Calls(client(settings, secrets.bot, Patience.NONE), clock.monotonic_s)
    echoes = Calls(client(settings, secrets.bot, Patience.LONG), clock.monotonic_s)
    identity = Identity(calls, settings.team)
    groups = {one for role in approvals.roles.values() for one in role.slack_groups}
    members = Members(
        calls,
        settings.team,
        sorted(groups),
        cache_s=settings.members_cache_s,
        monotonic_s=clock.monotonic_s,
        failed=failed,
    )
    work, outbox = Work("slack-heard", failed), Work("slack-echo", failed, threads=1, room=200)

    def post(send: Callable[[Calls], object]) -> None:
        if not outbox.offer("", lambda: send(echoes)):
            failed("slack: echo", Unavailable("too many echoes wait: one was dropped"))

    listener = Listener(
        settings.team,
        frozenset({settings.channel, *(one.slack_channel for one in notify.routes if one.slack_channel)}),
        cluster,
        forum,
        posts,
        members,
        calls,
        approvals=approvals,
        remediations=remediations,
        clock=clock,
        post=post,
        failed=failed,
    )
    acknowledging = ThreadPoolExecutor(8, thread_name_prefix="slack-ack")
    app = make_app(settings, identity, listener, work, failed, acknowledging)
    socket = (
        Socket(app, secrets.app, client(settings, ""), failed) if settings.mode is SlackMode.SOCKET else None
    )
    link = Link(identity, socket, failed)
    notifier = SlackNotifier(
        posting,
        identity,
        posts,
        cluster=cluster,
        channel=settings.channel,
        approvals=approvals,
        notify=notify,
        now_ms=clock.now_ms,
        failed=failed,
        members=members.members,
    )
    endpoint = None
    if socket is None:
        endpoint = Endpoint(app, secrets.signing, clock.now_ms, lambda: identity.known is not None)
    link.start()
    try:
        yield SlackChannel(notifier, endpoint, members.members, link.connected, link.problem)
    finally:
        link.close()
        work.close()
        outbox.close()
        acknowledging.shutdown(wait=False, cancel_futures=True)


class Link:
    """Connects in the background, looks after the connection, and says why there is none."""

    def __init__(self, identity: Identity, socket: Socket | None, failed: Failed) -> None:
        self._identity, self._socket, self._failed = identity, socket, failed
        self._ended = threading.Event()
        self._problem = "not connected yet"
        self._thread = threading.Thread(target=self._run, name="slack-connect", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def connected(self) -> bool:
        """Whether people are heard."""
        if self._identity.known is None:
            return False
        return self._socket is None or self._socket.connected()

    def problem(self) -> str:
        """Why they are not; "" where they are."""
        return "" if self.connected() else self._problem

    def close(self) -> None:
        """Hang up."""
        self._ended.set()
        if self._socket is not None:
            self._socket.close()
        self._thread.join(2.0)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._ended.is_set():
            try:
                self._identity.us()
                if self._socket is not None:
                    self._socket.tend()
            except PortError as error:
                if str(error) != self._problem:
                    self._failed("slack: connection", error)
                self._problem = str(error)
                asked = error.retry_after_s if isinstance(error, Unavailable) else None
                self._ended.wait(max(wait_s, asked or 0.0))
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            else:
                self._problem = "the connection was lost; it is being made again"
                wait_s = FIRST_WAIT_S
                self._ended.wait(TEND_S)
