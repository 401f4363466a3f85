"""A channel of ours in the Slack double, with a forum behind it that remembers."""

import contextlib
import os
from dataclasses import dataclass, field, replace

from aiops.adapters.clock import SystemClock
from aiops.adapters.slack import open_slack
from aiops.adapters.slack.connect import APP, BOT, SIGNING
from aiops.model import ApprovalSettings, ApproverRole, NotifySettings, SlackMode, SlackSettings
from tests.fakes.forum import FakeForum, an_approval
from tests.fakes.slack import Slack
from tests.unit.adapters.slack.parts import MemoryPosts, a_card, a_question


@dataclass
class Scene:
    """Everything a test touches."""

    slack: Slack
    incidents: object  # the channel
    forum: FakeForum
    posts: MemoryPosts
    channel: object = None  # SlackChannel
    failures: list = field(default_factory=list)

    def failed(self, what, error):
        self.failures.append((what, error))

    def asks(self, approval=None, **changes):
        """Card and question stand in the channel; (card, question) as the double has them."""
        approval = approval or an_approval(**changes)
        if approval not in self.forum.those:
            self.forum.those.append(approval)
        self.channel.notifier.show(a_card("waiting", pending=(approval.short,)))
        self.channel.notifier.ask(a_question(approval))
        return self.posted(f"incident:{approval.incident_id}"), self.posted(f"approval:{approval.id}")

    def posted(self, about):
        channel, _, ts = self.posts.ref("slack", about).partition("/")
        return self.slack.world.channels[channel].messages[ts]

    def heard(self, count=1, timeout=5.0):
        """What the forum has heard, once it is ``count`` sayings."""
        self.slack.wait(lambda: len(self.forum.heard) >= count, timeout, f"{count} sayings")
        return list(self.forum.heard)

    def echo(self, below, part, timeout=5.0):
        """The reply in a thread that says ``part``."""
        return self.slack.wait(
            lambda: next((one for one in self.slack.thread(below) if part in one.seen), None),
            timeout,
            f"{part!r} in the thread",
        )


@contextlib.contextmanager
def scene(
    mode=SlackMode.SOCKET, *, slack=None, forum=None, wait=True, clock=None, people=("ben",), **settings
):
    """Slack with ``ana`` and ``ben``, the channel, and our app listening in it. Who is on call (ana) may
    approve, and so may ``people``; answers come from Slack alone."""
    with contextlib.ExitStack() as stack:
        slack = slack or stack.enter_context(Slack(ack_s=1.0, retries_s=(0.0, 0.1, 0.2)))
        ana, ben = slack.person("ana"), slack.person("ben")
        incidents = slack.channel("incidents", [ana, ben])
        group = slack.group("oncall", [ana])
        named = tuple(f"{slack.team_id}/{one.id}" for one in (ben,) if one.name in people)
        role = ApproverRole(slack_users=named, slack_groups=(group.id,))
        made = Scene(slack, incidents, forum or FakeForum(), MemoryPosts())
        stack.enter_context(
            environment(**{BOT: slack.bot_token, APP: slack.app_token, SIGNING: slack.signing_secret})
        )
        plain = SlackSettings(mode, slack.team_id, incidents.id, api_url=slack.api_url, timeout_s=2.0)
        made.channel = stack.enter_context(
            open_slack(
                replace(plain, **settings),
                "prod",
                made.forum,
                made.posts,
                approvals=ApprovalSettings(roles={"on-call": role}, kubernetes_access=False, local=False),
                notify=NotifySettings(),
                remediations=("scale_to", "rollback", "restart_rollout"),
                clock=clock or SystemClock(),
                failed=made.failed,
            )
        )
        made.ana, made.ben, made.group = ana, ben, group
        if wait:
            slack.wait(made.channel.connected, 5.0, "the app to connect")
            if mode is SlackMode.SOCKET:
                slack.wait(lambda: slack.sockets)
            else:
                slack.sends_to("http://app.test/slack/events", made.channel.asgi)
        yield made


@contextlib.contextmanager
def environment(**values):
    """Variables for the time of the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
