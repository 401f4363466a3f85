"""What there is in the double's workspace: people, groups, channels, messages. No wires here."""

import itertools
import threading
from dataclasses import dataclass, field, replace

from tests.fakes.slack.mentions import LINK, found_in, mentioned


@dataclass(frozen=True, slots=True)
class User:
    """A member, guest, bot, or a stranger of another team. Names are for show: two may have the same."""

    id: str
    name: str
    team_id: str
    display_name: str = ""
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False  # a guest of several channels
    is_ultra_restricted: bool = False  # a guest of one channel
    is_stranger: bool = False  # seen through a channel that is shared with their team
    bot_id: str = ""
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A user group, such as an on-call rotation."""

    id: str
    handle: str
    users: tuple[str, ...]
    disabled: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation: public "C...", or a direct one "D..."."""

    id: str
    name: str
    members: set
    archived: bool = False
    private: bool = False
    im: bool = False
    shared_with: tuple[str, ...] = ()  # other teams (Slack Connect)
    messages: dict = field(default_factory=dict)  # by ts, deleted ones left out
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands. ``versions`` are earlier states of it, oldest first."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple = ()
    attachments: tuple = ()
    thread_ts: str = ""
    bot_id: str = ""
    app_id: str = ""
    files: tuple = ()
    metadata: dict | None = None
    edited_by: str = ""
    edited_ts: str = ""
    ephemeral_to: str = ""
    client_msg_id: str = ""
    at: float = 0.0  # seconds since 1970, when it came
    versions: tuple = ()

    @property
    def buttons(self):
        """All buttons of the message, in reading order, each with the block it stands in."""
        return [element for _, element in self.elements() if element.get("type") == "button"]

    def elements(self):
        """(block, interactive element) of the message and its attachments, in reading order."""
        inner = [one for attachment in self.attachments for one in attachment.get("blocks", ())]
        for block in (*self.blocks, *inner):
            found = [*block.get("elements", ()), block.get("accessory"), block.get("element")]
            yield from ((block, one) for one in found if isinstance(one, dict) and "action_id" in one)

    @property
    def links(self):
        """Addresses that a person could follow by a click, written by Slack's sequence ``<https://...|...>``."""
        return found_in(self, LINK)

    @property
    def colors(self):
        """Colours of the bars beside the attachments."""
        return [one["color"] for one in self.attachments if "color" in one]

    @property
    def seen(self):
        """All text that a person reads in it, one piece a line, with Slack's three escapes undone."""
        pieces = [] if self.blocks or any("blocks" in one for one in self.attachments) else [self.text]
        pieces += [text for root in (self.blocks, self.attachments) for text in texts(root)]
        pieces += [one["title"] for one in self.files]
        return unescape("\n".join(pieces))


def texts(node):
    """Every text a person reads in blocks or attachments, in order."""
    if isinstance(node, list | tuple):
        return [text for one in node for text in texts(one)]
    if not isinstance(node, dict):
        return []
    found = []
    for key, value in node.items():
        readable = key in {"text", "pretext", "title", "footer", "fallback", "alt_text", "author_name"}
        if isinstance(value, str) and (readable or (key == "value" and "short" in node)):
            found.append(value)
        elif isinstance(value, dict | list | tuple):
            found += texts(value)
    return found


def escape(text):
    """As Slack sends what people type: only these three characters are escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text):
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@dataclass(frozen=True, slots=True)
class Notified:
    """Attention was taken: ``who`` is a user id, "!channel", "!here", "!everyone" or "!subteam^S..."."""

    who: str
    message: Message


class World:
    """The state of one workspace; every method is safe between threads."""

    def __init__(self, clock, team_id="T00000001", domain="acme"):
        self.clock, self.team_id, self.domain = clock, team_id, domain
        self.lock = threading.RLock()
        self.users, self.groups, self.channels = {}, {}, {}
        self.ephemerals, self.notified, self.files, self.views = [], [], {}, {}
        self._numbers = itertools.count(1)

    def new_id(self, prefix):
        return f"{prefix}{next(self._numbers):08d}"

    def add_user(self, name, **more):
        with self.lock:
            team = more.pop("team_id", self.team_id)
            bot = self.new_id("B") if more.get("is_bot") else ""
            user = User(self.new_id("U"), name, team, more.pop("display_name", name), bot_id=bot, **more)
            self.users[user.id] = user
            return user

    def add_group(self, handle, users):
        with self.lock:
            group = Group(self.new_id("S"), handle, tuple(users))
            self.groups[group.id] = group
            return group

    def add_channel(self, name, members, **more):
        with self.lock:
            channel = Channel(self.new_id("D" if more.get("im") else "C"), name, set(members), **more)
            self.channels[channel.id] = channel
            return channel

    def direct(self, one, other):
        """The direct conversation of two, opened at first use."""
        with self.lock:
            for channel in self.channels.values():
                if channel.im and channel.members == {one, other}:
                    return channel
            return self.add_channel(other, {one, other}, im=True)

    def next_ts(self, channel):
        """Slack's form, seconds and six digits; unique in the channel and never running backwards."""
        with self.lock:
            channel.last_us = max(channel.last_us + 1, int(self.clock() * 1_000_000))
            return f"{channel.last_us // 1_000_000}.{channel.last_us % 1_000_000:06d}"

    def post(self, channel, user, text, **more):
        """A new message; ``text`` is as on the wire, already escaped."""
        with self.lock:
            message = Message(channel.id, self.next_ts(channel), user, text, at=self.clock(), **more)
            if message.ephemeral_to:
                self.ephemerals.append(message)
            else:
                channel.messages[message.ts] = message
            self._note(message)
            return message

    def edit(self, message, by, *, marked=True, **changes):
        """``marked``: "(edited)" is shown; it is not where an app's blocks are replaced."""
        with self.lock:
            old = self.channels[message.channel].messages[message.ts]
            before = replace(old, versions=())
            new = replace(
                old,
                versions=(*old.versions, before),
                edited_by=by if marked else old.edited_by,
                edited_ts=self.next_ts(self.channels[message.channel]) if marked else old.edited_ts,
                **changes,
            )
            self.channels[message.channel].messages[message.ts] = new
            self._note(new)
            return new

    def remove(self, message):
        with self.lock:
            return self.channels[message.channel].messages.pop(message.ts)

    def thread(self, channel_id, ts):
        """Parent first, then the replies in order."""
        with self.lock:
            messages = self.channels[channel_id].messages
            return [one for one in messages.values() if ts in (one.ts, one.thread_ts)]

    def _note(self, message):
        self.notified += [Notified(who, message) for who in mentioned(message)]
