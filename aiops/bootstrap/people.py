"""People: the forum, the channels and the herald, joined to the loop.

Everything that people say comes in by the forum, whichever channel carries it; everything they are told goes
out by the herald. Both read and write the journal; the loop waits for neither.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

from aiops.adapters.alertmanager import Alertmanager
from aiops.adapters.inbox import Inbox
from aiops.adapters.slack import open_slack
from aiops.adapters.slack.app import SlackChannel
from aiops.adapters.switch import StopFile, Switch
from aiops.bootstrap import notify
from aiops.bootstrap.acting import INBOX, stop_places
from aiops.bootstrap.feedback import hear_false_alarms
from aiops.bootstrap.identity import Known, make_authenticator, make_doorkeeper, role_names
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.engine.herald import Herald, Outlet
from aiops.engine.live import Live
from aiops.engine.posts import StorePosts
from aiops.errors import PortError
from aiops.model import Actor, ApprovalSettings, Channel, SlackMode
from aiops.settings import Settings
from aiops.web.auth import Doorkeeper

Failed = Callable[[str, Exception], None]
STOP_S = 5.0  # for a tick that an answer led to


@dataclass(frozen=True, slots=True)
class People:
    """What the rest of the daemon needs of them."""

    forum: OpenForum
    herald: Herald
    known: Known
    doorkeeper: Doorkeeper
    slack: SlackChannel | None
    roles: tuple[str, ...]


@contextmanager
def convene(
    live: Live,
    settings: Settings,
    state: Path,
    alerts: Alertmanager | None,
    failed: Failed,
    *,
    has_cluster: bool,
) -> Iterator[People]:
    """Open the forum and the channels. ConfigError for a channel that is configured wrongly; one that is down
    is waited for in the background. ``People.herald`` is started by the caller, once the loop is restored."""
    loop, clock, roles = live.loop, live.clock, role_names(settings)
    known, nudges = make_authenticator(settings, state), Nudges()
    hall = _hall(live, settings, state, has_cluster=has_cluster)
    forum = OpenForum(
        loop.store,
        loop.term,
        settings.approvals,
        clock,
        hall,
        roles=roles,
        grants=known.roles,
        nudge=nudges.give,
    )
    forum.restore()
    posts = StorePosts(loop.store, loop.term, clock.now_ms)
    with ExitStack() as stack:
        outlets, slack = list[Outlet](), None
        if settings.slack.mode is not SlackMode.OFF:
            slack = stack.enter_context(_slack(settings, forum, posts, live, failed))
            outlets.append(Outlet(slack.notifier))
            forum.refresh = functools.partial(in_groups, settings.approvals, slack.members)
        outlets += notify.outlets(settings, clock, alerts)
        herald = notify.herald(settings, loop.store, posts, outlets, clock, failed)
        hall.explain = herald.why
        stack.callback(herald.close)
        stack.enter_context(nudges.lead_to(herald.nudge, live.heed, herald.nudge))
        yield People(forum, herald, known, make_doorkeeper(settings, known), slack, roles)


def _hall(live: Live, settings: Settings, state: Path, *, has_cluster: bool) -> Hall:
    """Where people say what is no answer; how it explains is known once there is a herald."""
    clock, file = live.clock, StopFile(state / settings.kubernetes.stop.file)
    return Hall(
        live.loop.store,
        live.loop.term,
        settings.approvals,
        clock,
        change=live.amend,
        false_alarm=hear_false_alarms(live, settings),
        ask=Inbox(state / INBOX).hand_in,
        stop=lambda by, why: file.put(by, why, clock.now_ms()),
        resume=file.take_away,
        still_stopped=Switch(stop_places(settings, state, has_cluster), kept_s=0).why,
    )


def _slack(
    settings: Settings, forum: OpenForum, posts: StorePosts, live: Live, failed: Failed
) -> AbstractContextManager[SlackChannel]:
    return open_slack(
        settings.slack,
        settings.cluster.name,
        forum,
        posts,
        approvals=settings.approvals,
        notify=settings.notify,
        remediations=tuple(sorted(one.name for one in entry_points(group="aiops.remediations"))),
        clock=live.clock,
        failed=failed,
    )


def in_groups(
    settings: ApprovalSettings, members: Callable[[str], frozenset[str]], actor: Actor
) -> Actor | None:
    """``actor`` of Slack with the user groups that they are in now; None where Slack does not say."""
    if actor.channel is not Channel.SLACK:
        return actor
    named = {group for role in settings.roles.values() for group in role.slack_groups}
    try:
        groups = tuple(sorted(group for group in named if actor.id in members(group)))
    except PortError:
        return None
    return replace(actor, groups=groups)


class Nudges:
    """From whoever says something to whoever follows it, without keeping the first one waiting."""

    def __init__(self) -> None:
        self._given, self._over = threading.Event(), False

    def give(self) -> None:
        """Something was journalled."""
        self._given.set()

    @contextmanager
    def lead_to(self, *followers: Callable[[], None]) -> Iterator[None]:
        """Call ``followers``, which must not raise, after every nudge; many nudges at once are one."""
        thread = threading.Thread(target=self._run, args=(followers,), name="answers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over = True
            self._given.set()
            thread.join(STOP_S)

    def _run(self, followers: Sequence[Callable[[], None]]) -> None:
        while True:
            self._given.wait()
            self._given.clear()
            if self._over:
                return
            for one in followers:
                one()
