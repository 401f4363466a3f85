"""Listener: from what people type and click to ``Forum.say``, and back as what it became.

Who they are is looked up live, what they mean is read by the grammar, whether they may is judged by the
forum. Chatter is not answered and costs nothing; what is unclear is asked about and never acted on. The same
event twice is heard once: its ``ref`` is derived from Slack's own ids.

Errors:  none to Slack, which has its acknowledgement by now; the person is told, and so is ``failed``.
Cost:    one look-up a person and minute, one transaction of the journal, one message as echo by ``post``.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiops.adapters.slack import blocks, escape
from aiops.adapters.slack.blocks import echo_message
from aiops.adapters.slack.calls import Calls
from aiops.adapters.slack.members import Members, Refused, unanswerable
from aiops.adapters.slack.modal import amend_view
from aiops.adapters.slack.notifier import NAME, split_ref
from aiops.adapters.slack.payloads import Click, Message, Submission, parameters, ts_ms
from aiops.core.grammar import (
    HELP,
    Chatter,
    HelpAsked,
    Reply,
    ThreadView,
    Unclear,
    describe,
    explain,
    parse,
    resolve,
    thread_view,
)
from aiops.core.grammar.utterance import Approves, Changes, Denies, Stops, Utterance, Waits
from aiops.errors import AiopsError
from aiops.model import (
    Actor,
    Amend,
    Approval,
    ApprovalSettings,
    ApprovalState,
    Approve,
    Channel,
    Deny,
    Said,
    Saying,
    Snooze,
    Why,
)
from aiops.ports import Clock, Forum, Posts

STALE = "this question is not asked any more"
_NOT_HERE = 1 << 62  # ms: a question that does not stand in this channel is older than no reply
_MOST = 10_000  # refs that are remembered


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes: one thread, and one person where it is for them alone."""

    channel: str
    thread: str
    user: str


@dataclass(slots=True)
class Heard:
    """Refs that were taken up, so that a second delivery is not. Safe between threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def first(self, ref: str) -> bool:
        """Whether ``ref`` comes for the first time."""
        with self._lock:
            if ref in self._seen:
                return False
            self._seen[ref] = None
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)
            return True

    def forget(self, ref: str) -> None:
        """It came to nothing: it may come again."""
        with self._lock:
            self._seen.pop(ref, None)


class Listener:
    """One app's ear. Its methods run in worker threads, in order for each person."""

    def __init__(
        self,
        team: str,
        channels: frozenset[str],
        cluster: str,
        forum: Forum,
        posts: Posts,
        members: Members,
        calls: Calls,
        *,
        approvals: ApprovalSettings,
        remediations: Sequence[str],
        clock: Clock,
        post: Callable[[Callable[[Calls], object]], None],
        failed: Callable[[str, Exception], None],
    ) -> None:
        self._team, self._channels, self._cluster = team, channels, cluster
        self._forum, self._posts, self._members, self._calls = forum, posts, members, calls
        self._approvals, self._remediations, self._clock = approvals, tuple(remediations), clock
        self._post, self._failed = post, failed
        self._heard = Heard()

    def message(self, said: Message) -> None:
        """Somebody typed something."""
        if said.channel not in self._channels and not said.direct:
            return
        utterance = parse(said.text)
        if isinstance(utterance, Chatter):
            return
        ref = f"slack:{self._team}:{said.channel}:{said.ts}"
        place = Place(said.channel, said.thread or said.ts, said.user)
        if self._heard.first(ref):
            self._take(ref, place, lambda: self._read(utterance, said, ref, place))

    def _read(self, utterance: Utterance, said: Message, ref: str, place: Place) -> None:
        """Find out what is meant, and answer. A stop needs no thread: it is heard where the journal cannot
        even be read (B5)."""
        view = ThreadView() if isinstance(utterance, Stops) else self._view(said)
        reply = Reply(said.at_ms, said.edited, said.quoted)
        settings = self._approvals
        meant = resolve(
            utterance, view, reply, timezone=settings.timezone, longest_s=settings.longest_snooze_s
        )
        if isinstance(meant, Chatter) or (
            isinstance(meant, Unclear | HelpAsked)
            and not view.incident_id
            and not said.direct
            and not _addressed(utterance)
        ):
            return
        self._answer(meant, said, ref, place)

    def _answer(self, meant: Saying | Unclear | HelpAsked, said: Message, ref: str, place: Place) -> None:
        actor = self._members.who(said.user, said.teams)
        match meant:
            case Unclear():
                self._echo(place, explain(meant), done=False)
            case HelpAsked():
                self._echo(place, HELP, done=True)
            case _:
                self._say(Said(actor, meant, said.at_ms, "slack reply", ref), place)

    def click(self, click: Click) -> None:
        """Somebody clicked a button of a question."""
        ref = f"slack:{self._team}:{click.channel}:{click.ts}:{click.user}:{click.action}"
        if click.channel in self._channels and self._heard.first(ref):
            place = Place(click.channel, click.thread, click.user)
            self._take(ref, place, lambda: self._clicked(click, ref, place))

    def _clicked(self, click: Click, ref: str, place: Place) -> None:
        approval = self._asked(click.approval_id, click.digest)
        if click.action == blocks.AMEND and approval is not None:
            # at once: what opens it is good for three seconds; who sends it off is looked up then
            view = amend_view(approval, place.channel, place.thread, self._remediations)
            self._calls("views.open", trigger_id=click.trigger, view=view)
            return
        actor = self._members.who(click.user, click.teams)
        saying = _of_button(click, approval) if approval is not None else None
        if saying is None:
            self._whisper(place, STALE)
        else:
            self._say(Said(actor, saying, click.at_ms, "slack button", ref), place)

    def submission(self, sent: Submission) -> None:
        """Somebody sent off the modal. Its parameters were checked before it was acknowledged."""
        ref = f"slack:{self._team}:view:{sent.view}"
        if sent.channel in self._channels and self._heard.first(ref):
            place = Place(sent.channel, sent.thread, sent.user)
            self._take(ref, place, lambda: self._submitted(sent, ref, place))

    def _submitted(self, sent: Submission, ref: str, place: Place) -> None:
        actor = self._members.who(sent.user, sent.teams)
        if self._asked(sent.approval_id, sent.digest) is None:
            self._whisper(place, STALE)
            return
        amend = Amend(sent.approval_id, sent.remediation, parameters(sent.parameters), sent.reason)
        self._say(Said(actor, amend, self._clock.now_ms(), "slack modal", ref), place)

    def _take(self, ref: str, place: Place, work: Callable[[], None]) -> None:
        """Do it, and tell the person where it could not be done."""
        try:
            work()
        except Refused as why:
            self._whisper(place, f"nothing was done: {why}")
        except AiopsError as error:
            self._heard.forget(ref)
            self._failed("slack: what somebody said", error)
            self._whisper(place, unanswerable(error))

    def _say(self, said: Said, place: Place) -> None:
        echo = self._forum.say(said)
        became = self._described(said.saying)
        text = f"{became}: {echo.text}" if became else echo.text
        if echo.done or said.via == "slack reply":
            self._echo(place, text, done=echo.done)
        else:
            self._whisper(place, text)

    def _described(self, saying: Saying) -> str:
        """The decision as it was understood; nothing for a question."""
        if isinstance(saying, Why):
            return ""
        about = getattr(saying, "approval_id", "")
        approval = self._forum.approval(about) if about else None
        shorts = {about: approval.short} if approval is not None else {}
        return describe(saying, shorts, self._approvals.timezone)

    def _asked(self, approval_id: str, digest: str) -> Approval | None:
        """The question that was clicked, if it is exactly the one that was shown."""
        approval = self._forum.approval(approval_id)
        return (
            approval
            if approval is not None and approval.id == approval_id and approval.digest == digest
            else None
        )

    def _view(self, said: Message) -> ThreadView:
        """The thread that a message was written in, as its author may answer in it."""
        incident_id = self._incident(said)
        known = self._forum.approvals(pending=False) if incident_id or said.direct else ()
        author = Actor(Channel.SLACK, f"{self._team}/{said.user}").key
        here = [one for one in known if one.incident_id == incident_id and one.state is ApprovalState.PENDING]
        return thread_view(incident_id, known, author, {one.id: self._posted_ms(one, said) for one in here})

    def _incident(self, said: Message) -> str:
        """The incident whose thread it is; "" for none of ours."""
        if not said.thread:
            return ""
        kind, _, name = self._posts.about(NAME, f"{said.channel}/{said.thread}").partition(":")
        if kind == "incident":
            return name
        approval = self._forum.approval(name) if kind == "approval" else None
        return approval.incident_id if approval is not None else ""

    def _posted_ms(self, approval: Approval, said: Message) -> int:
        channel, ts = split_ref(self._posts.ref(NAME, f"approval:{approval.id}"))
        return ts_ms(ts) if channel == said.channel and ts else _NOT_HERE

    def _echo(self, place: Place, text: str, *, done: bool) -> None:
        message = echo_message(text, self._cluster, _mention(place.user), done=done)
        self._post(
            lambda calls: calls("chat.postMessage", channel=place.channel, thread_ts=place.thread, **message)
        )

    def _whisper(self, place: Place, text: str) -> None:
        """For one person's eyes: what came to nothing need not be read by all."""
        if place.channel.startswith("D"):  # nobody else reads it
            self._echo(place, text, done=False)
            return
        message = echo_message(text, self._cluster, _mention(place.user), done=False)
        self._post(
            lambda calls: calls(
                "chat.postEphemeral",
                channel=place.channel,
                user=place.user,
                thread_ts=place.thread,
                **message,
            )
        )


def _of_button(click: Click, approval: Approval) -> Saying | None:
    """What a button says; None for one that is not ours."""
    buttons: Mapping[str, Saying] = {
        blocks.APPROVE: Approve(approval.id),
        blocks.DENY: Deny(approval.id),
        blocks.SNOOZE: Snooze(approval.id, click.at_ms + blocks.SNOOZE_MS),
        blocks.WHY: Why(approval.incident_id),
    }
    return buttons.get(click.action)


def _addressed(utterance: Utterance) -> bool:
    """Whether something outside of our threads is surely meant for us: it names a plan, or means to stop."""
    match utterance:
        case Approves() | Denies() | Waits() | Changes():
            return bool(utterance.name)
        case Unclear():
            return utterance.did_you_mean in {"stop everything", "resume everything"}
        case _:
            return False


def _mention(user: str) -> str:
    try:
        return escape.user(user)
    except ValueError:
        return "somebody"
