"""Notifier: incidents, questions and notes in the channel. ``ports.Notifier`` for Slack.

One message an incident, edited as it lives; everything else in its thread. A question is a message of its own
that is not touched while it waits: what a person reads while they decide stays as it is.

Errors:  PortError for the herald, which tries again; what was posted is known from ``Posts``: a second try
         posts nothing twice, unless we died between Slack's answer and our note of it (twice beats never).
Cost:    one call a notice; none where nothing changed.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiops.adapters.slack import escape
from aiops.adapters.slack.blocks import Message, card_message, note_message, question_message
from aiops.adapters.slack.calls import Calls
from aiops.adapters.slack.connect import Identity
from aiops.adapters.slack.quorum import Members, shortfall
from aiops.core.routing import slack_channel
from aiops.errors import Forbidden, NotFound, Rejected, Unavailable
from aiops.model import ApprovalSettings, ApprovalState, Card, Note, NotifySettings, Question
from aiops.ports import Posts

NAME = "slack"
NOTICE = "aiops_notice"  # type of the metadata by which a message of ours is known again
SKEW_S = 600  # that our clock may be ahead of Slack's
_LOCKED = ("edit_window_closed", "cant_update_message")  # a workspace may forbid late edits
_MOST = 5_000  # messages whose content is remembered
_QUIET = {"unfurl_links": False, "unfurl_media": False}


def split_ref(ref: str) -> tuple[str, str]:
    """(channel, ts) of a message; ("", "") for what is none."""
    channel, _, ts = ref.partition("/")
    return (channel, ts) if channel and ts else ("", "")


class SlackNotifier:
    """Tells and asks in Slack. Safe between threads, though the herald uses one."""

    name = NAME

    def __init__(
        self,
        calls: Calls,
        identity: Identity,
        posts: Posts,
        *,
        cluster: str,
        channel: str,
        approvals: ApprovalSettings,
        notify: NotifySettings,
        now_ms: Callable[[], int],
        failed: Callable[[str, Exception], None],
        members: Members | None = None,  # None: nobody can tell who is in a group
    ) -> None:
        self._calls, self._identity, self._posts = calls, identity, posts
        self._cluster, self._channel = cluster, channel
        self._approvals, self._routes, self._failed = approvals, notify.routes, failed
        self._now_ms, self._members = now_ms, members
        self._lock = threading.Lock()
        self._shown: OrderedDict[str, str] = OrderedDict()  # digest of what stands there, by what it is about
        self._owed: set[str] = set()  # incidents whose card could not be posted
        self._unkept: dict[str, str] = {}  # refs that the journal has not taken yet
        self._unsure: dict[str, int] = {}  # since when it may stand there and we do not know, ms by about

    def show(self, card: Card) -> None:
        """Post the incident's one message, or edit it; its picture goes into the thread, once."""
        about = f"incident:{card.incident.id}"
        self._owed.add(about)
        ref = self._put(about, card_message(card), lambda: (self._place(card.owner), ""))
        self._owed.discard(about)
        if card.picture:
            self._picture(card, ref)

    def ask(self, question: Question) -> None:
        """Post the question in its incident's thread; once it does not wait any more, show its end."""
        approval = question.approval
        about = f"approval:{approval.id}"
        pending = approval.state is ApprovalState.PENDING
        posted = bool(split_ref(self._ref(about))[1])
        if posted == pending:  # it stands there and waits; or it is over and nobody was asked
            return
        mentions = self._mentions(approval.roles) if pending else ""
        short = shortfall(approval, self._approvals, self._members) if pending else ""
        self._put(
            about,
            question_message(question, mentions, short),
            lambda: self._thread(approval.incident_id, question.owner),
        )

    def note(self, note: Note) -> None:
        """Post a detail in its incident's thread, or in the channel; the same one is not posted twice."""
        about = f"note:{note.about}" if note.about else ""
        if about and split_ref(self._ref(about))[1]:
            return
        message = note_message(note, self._cluster, self._mentions(note.roles))
        channel, thread = self._place(note.owner), ""
        if note.incident_id:
            channel, thread = self._thread(note.incident_id, note.owner)
            if not thread and not note.loud:
                return  # nobody was told of the incident: no details of it either
        if thread and note.loud:
            message = {**message, "reply_broadcast": True}
        self._post(about, message, channel, thread)

    def _put(self, about: str, message: Message, where: Callable[[], tuple[str, str]]) -> str:
        """Edit what is posted about it, or post it; its ref."""
        ref = self._ref(about)
        digest = hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()
        channel, ts = split_ref(ref)
        with self._lock:
            same = self._shown.get(about) == digest
        if ts and same:
            return ref
        if ts:
            ts = self._edit(channel, ts, message)
        if not ts:
            channel, thread = where()
            ref = self._post(about, message, channel, thread)
        with self._lock:
            self._shown[about] = digest
            while len(self._shown) > _MOST:
                self._shown.popitem(last=False)
        return ref

    def _edit(self, channel: str, ts: str, message: Message) -> str:
        """Edit a message; its ts, or "" where somebody deleted it: then it is told anew."""
        self._identity.us()
        try:
            self._calls("chat.update", channel=channel, ts=ts, **{"attachments": [], **message})
        except NotFound as error:
            if "message_not_found" in str(error):
                return ""
            raise
        except Rejected as error:
            if not any(word in str(error) for word in _LOCKED):
                raise
            self._post("", message, channel, ts)  # what it has become, below what it was
        return ts

    def _post(self, about: str, message: Message, channel: str, thread: str) -> str:
        self._identity.us()  # nothing is said in a workspace that is not ours
        ref = self._found(about, channel, thread) if about in self._unsure else ""
        if not ref:
            place: dict[str, Any] = {"thread_ts": thread} if thread else {}
            place |= {"metadata": {"event_type": NOTICE, "event_payload": {"about": about}}} if about else {}
            try:
                answer = self._calls("chat.postMessage", channel=channel, **place, **_QUIET, **message)
            except Unavailable as error:
                if about and error.retry_after_s is None:  # it may have been posted all the same
                    self._unsure.setdefault(about, self._now_ms())
                raise
            ref = f"{answer.get('channel') or channel}/{answer.get('ts', '')}"
        self._unsure.pop(about, None)
        if about:
            self._keep(about, ref)
        return ref

    def _found(self, about: str, channel: str, thread: str) -> str:
        """Where an earlier try has posted it, though Slack's answer did not reach us; "" if it has not."""
        oldest = f"{self._unsure[about] // 1000 - SKEW_S}.000000"
        wanted = {"channel": channel, "oldest": oldest, "limit": 200, "include_all_metadata": True}
        try:
            if thread:
                page = self._calls.form("conversations.replies", ts=thread, **wanted)
            else:
                page = self._calls.form("conversations.history", **wanted)
        except (Forbidden, NotFound, Rejected) as error:
            self._failed("slack: whether it was posted", error)  # better twice than never
            return ""
        messages = page.get("messages")
        for one in messages if isinstance(messages, list) else ():
            if one.get("bot_id") == self._identity.us().bot and _about_of(one) == about:
                return f"{channel}/{one.get('ts', '')}"
        return ""

    def _ref(self, about: str) -> str:
        """Where it was posted, noted down now at the latest; "" if it was not."""
        with self._lock:
            ref = self._unkept.get(about, "")
        if ref:
            self._keep(about, ref)
        return ref or self._posts.ref(NAME, about)

    def _keep(self, about: str, ref: str) -> None:
        """Note down where it is. We know it even while the journal refuses, so that it is posted once."""
        with self._lock:
            self._unkept[about] = ref
        self._posts.put(NAME, about, ref)
        with self._lock:
            self._unkept.pop(about, None)

    def _picture(self, card: Card, ref: str) -> None:
        about = f"picture:{card.incident.id}"
        channel, ts = split_ref(ref)
        if not ts or self._ref(about):
            return
        words = escape.unmarked(f"Evidence of incident {card.incident.id}: {card.incident.prime}", 200)
        file = "none"
        try:
            answer = self._calls.upload(
                channel, ts, f"incident-{card.incident.id[:12]}.png", card.picture, words
            )
            file = str((answer.get("file") or {}).get("id") or "sent")
        except Forbidden as error:
            self._failed("slack: pictures", error)  # a missing scope: no later try mends it
        self._keep(about, f"file/{file}")  # not the card's own ref: that one leads to the incident

    def _thread(self, incident_id: str, owner: str) -> tuple[str, str]:
        """Channel and thread of an incident; the channel alone where it has no message."""
        about = f"incident:{incident_id}"
        channel, ts = split_ref(self._ref(about))
        if ts:
            return channel, ts
        if about in self._owed:
            raise Unavailable(f"slack: incident {incident_id} has no message yet", 5.0)
        return self._place(owner), ""

    def _place(self, owner: str) -> str:
        return slack_channel(owner, self._routes, self._channel)

    def _mentions(self, roles: Sequence[str]) -> str:
        """Mentions of the user groups of ``roles``, and of people who are in none."""
        found: list[str] = []
        for role in (self._approvals.roles[name] for name in roles if name in self._approvals.roles):
            found += [escape.group(one) for one in role.slack_groups]
            if not role.slack_groups:
                found += [escape.user(one.partition("/")[2]) for one in role.slack_users]
        return " ".join(dict.fromkeys(found))


def _about_of(message: Mapping[str, Any]) -> str:
    """What a message of ours says it is about; "" where it does not say."""
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    return str(payload.get("about", "")) if isinstance(payload, dict) else ""
