"""The stage of the Slack adversary: the real adapter, forum and journal, with the Slack double as Slack.

Time is the stage's own: it moves when ``passes`` says so, for the app and for Slack alike. Requests go into
the real endpoint as ASGI calls, so that thousands of them need no sockets.
"""

import asyncio
import contextlib
import os
import secrets
import threading
import time
from dataclasses import dataclass, field

from aiops.adapters.slack import open_slack
from aiops.adapters.slack.connect import BOT, SIGNING
from aiops.adapters.sqlite import SqliteStore
from aiops.core.approvals.book import asked_entry, moved_entry
from aiops.engine.forum import OpenForum
from aiops.engine.hall import Hall
from aiops.engine.posts import StorePosts
from aiops.model import ApprovalSettings, ApproverRole, Echo, NotifySettings, SlackMode, SlackSettings
from tests.fakes.clock import FakeClock
from tests.fakes.forum import an_approval
from tests.fakes.slack import Slack
from tests.unit.adapters.slack.parts import a_card, a_plan, a_question, an_incident

OUTSIDERS = ("guest", "single-channel guest", "bot", "deactivated", "stranger")
BELIEVED_S = 60  # ``slack.members_cache_s``
START_MS, LIFE_MS = 1_790_000_000_000, 900_000  # a question lives a quarter of an hour


class WatchedStore(SqliteStore):
    """The journal, that remembers when each decision was durable (seconds, monotonic)."""

    def __init__(self, path):
        super().__init__(path)
        self.durable = {}

    def append(self, entries, term, conditions=()):
        records = super().append(entries, term, conditions)
        for one in records:
            if one.entry.kind == "approval_moved":
                self.durable.setdefault(one.entry.payload["approval_id"], time.perf_counter())
        return records


@dataclass(eq=False)
class Stage:
    """Slack with people of every kind, a channel, and our app behind its endpoint."""

    slack: Slack
    clock: FakeClock
    store: WatchedStore
    approvers: list
    rotation: object  # the user group that makes approvers too
    on_call: object  # who is in it
    members: dict  # people who hold no role, by what they are
    channel: object
    settings: ApprovalSettings
    forum: OpenForum = None
    posts: StorePosts = None
    app: object = None  # SlackChannel
    failures: list = field(default_factory=list)
    did: list = field(default_factory=list)  # what the hall was made to do: (what, by whom)
    opened_ms: int = 0  # when the app was started last
    _stamp: int = 0
    _lock: object = field(default_factory=threading.Lock)
    _open: object = None

    @property
    def asgi(self):
        return self.app.asgi

    def passes(self, seconds):
        """Time goes on, for everybody."""
        self.clock.advance(seconds)

    def stamp(self):
        """A timestamp of Slack's form, of now, that nothing else has."""
        with self._lock:
            self._stamp = max(self._stamp + 1, self.clock.now_ms() * 1000)
            return f"{self._stamp // 1_000_000}.{self._stamp % 1_000_000:06d}"

    def rotates(self):
        """Somebody else is on call from now on; who was is believed for a minute, and no longer."""
        self.on_call, self.members["off rotation"] = self.members["off rotation"], self.on_call
        self.slack.rotates(self.rotation, [self.on_call])
        self.passes(BELIEVED_S + 1)

    def opens(self):
        """Start the app anew on the same journal, as after a crash: what it had in memory is gone."""
        self.closes()
        self._open, self.opened_ms = contextlib.ExitStack(), self.clock.now_ms() + 1
        hall = Hall(
            self.store,
            1,
            self.settings,
            self.clock,
            explain=lambda incident_id: f"because of {incident_id}",
            false_alarm=lambda said, _alarm, _incident: self._does("false alarm", said),
            change=lambda said, _wish, _asked: self._does("amend", said),
            stop=lambda by, _why: self.did.append(("stop", by)) or True,
            resume=lambda: self.did.append(("resume", "")) or True,
        )
        self.forum = OpenForum(self.store, 1, self.settings, self.clock, hall)
        self.forum.restore()
        self.posts = StorePosts(self.store, 1, self.clock.now_ms)
        settings = SlackSettings(
            SlackMode.HTTP, self.slack.team_id, self.channel.id, api_url=self.slack.api_url
        )
        self.app = self._open.enter_context(
            open_slack(
                settings,
                "prod",
                self.forum,
                self.posts,
                approvals=self.settings,
                notify=NotifySettings(),
                remediations=("scale_to", "rollback"),
                clock=self.clock,
                failed=lambda what, error: self.failures.append((what, repr(error))),
            )
        )
        self.slack.wait(self.app.connected, 10, "the app to know who it is")

    def closes(self):
        if self._open is not None:
            self._open.close()
            self._open = None

    def _does(self, what, said):
        self.did.append((what, said.actor.key))
        return Echo(True, what)

    def asks(self, **changes):
        """A question stands in the channel, in the thread of its own incident."""
        now, name = self.clock.now_ms(), secrets.token_hex(6)
        approval = an_approval(
            name,
            short=name[:6],
            incident_id=f"incident-{name}",
            digest=secrets.token_hex(32),
            asked_ms=now,
            remind_ms=now + LIFE_MS // 3,
            until_ms=now + LIFE_MS,
            **changes,
        )
        self.store.append((asked_entry(approval, now),), 1)
        incident = an_incident(id=approval.incident_id)
        self.app.notifier.show(a_card("waiting", incident=incident))
        self.app.notifier.ask(a_question(approval, incident=incident, plan=a_plan(digest=approval.digest)))
        return approval

    def ends(self, approval, state, why):
        """The loop moves it on, as it does at a deadline or when a plan takes another's place."""
        now = self.clock.now_ms()
        self.store.append((moved_entry(approval, state, why, now),), 1)

    def message(self, approval):
        """The question as it stands in the channel, buttons and all."""
        channel, _, ts = self.posts.ref("slack", f"approval:{approval.id}").partition("/")
        return self.slack.world.channels[channel].messages[ts]

    def thread(self, approval):
        """``ts`` of the incident's card."""
        return self.posts.ref("slack", f"incident:{approval.incident_id}").partition("/")[2]


@contextlib.contextmanager
def stage(folder, people=10):
    """A stage with ``people`` who may approve, and one each of those who may not."""
    clock = FakeClock(START_MS)
    with contextlib.ExitStack() as stack:
        slack = stack.enter_context(Slack(clock=lambda: clock.now_ms() / 1000))
        store = WatchedStore(folder / "journal.db")
        stack.callback(store.close)
        store.begin_term(1)
        approvers = [slack.person(f"approver{number}") for number in range(people)]
        on_call, off_call = slack.person("oncall"), slack.person("offcall")
        group = slack.group("rotation", [on_call])
        members = {
            "member": slack.person("member"),
            "look-alike": slack.person("approver0x", display_name=approvers[0].display_name),
            "guest": slack.guest("guest"),
            "single-channel guest": slack.guest("single", single=True),
            "bot": slack.other_bot("ci"),
            "deactivated": slack.deactivates(slack.person("gone")),
            "stranger": slack.stranger("eve", display_name=approvers[0].display_name),
            "off rotation": off_call,
        }
        everybody = [*approvers, on_call, *members.values()]
        channel = slack.channel("incidents", everybody, shared_with=("T99999999",))
        # the role names them all, as a list that nobody has tidied up: who they are by now must keep them out
        left = [members[name] for name in OUTSIDERS]
        roles = {
            "on-call": ApproverRole(
                slack_users=tuple(f"{slack.team_id}/{one.id}" for one in (*approvers, *left)),
                slack_groups=(group.id,),
            )
        }
        settings = ApprovalSettings(roles=roles, kubernetes_access=False, local=False)
        before = {name: os.environ.get(name) for name in (BOT, SIGNING)}
        os.environ.update({BOT: slack.bot_token, SIGNING: slack.signing_secret})
        made = Stage(slack, clock, store, approvers, group, on_call, members, channel, settings)
        try:
            made.opens()
            yield made
        finally:
            made.closes()
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


async def call(asgi, shot):
    """One request into an ASGI app: the status of its answer."""
    status, body = [], [shot.body]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": shot.method,
        "scheme": "http",
        "path": "/slack/events",
        "raw_path": b"/slack/events",
        "query_string": b"",
        "headers": [(name.lower().encode("latin-1"), value) for name, value in shot.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive():
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asyncio.Event().wait()
        return None

    async def send(message):
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await asgi(scope, receive, send)
    return status[0]
