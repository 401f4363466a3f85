"""``Slack``: the double itself, and what people do in it."""

import asyncio
import copy
import json
import secrets
import time
import uuid
from dataclasses import dataclass

from tests.fakes.slack import shapes
from tests.fakes.slack.blocks import check_blocks
from tests.fakes.slack.delivery import Courier, Delivery
from tests.fakes.slack.elements import INPUTS, SECTIONS
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.methods import METHODS, Refused, invalid
from tests.fakes.slack.modals import Modals, Responses, Triggers, Uploads
from tests.fakes.slack.server import Server
from tests.fakes.slack.world import Message, User, World, escape

NAMED = (SECTIONS | INPUTS) - {"image"}  # elements that have an ``action_id``
SCOPES = frozenset(one.scope for one in METHODS.values() if one.scope) - {"connections:write"}


@dataclass(frozen=True, slots=True)
class App:
    """The app that is being tested, as Slack knows it."""

    id: str
    user: User
    verification_token: str


class Slack:
    """A workspace with one app in it. See the package's docstring.

    ``ack_s`` is how long an acknowledgement may take, ``retries_s`` the waits before each further try of an
    event: Slack's own unless a test is in a hurry. ``clock`` gives seconds since 1970.
    """

    def __init__(self, *, ack_s=3.0, retries_s=(0.0, 60.0, 300.0), clock=time.time, scopes=SCOPES):
        self.clock, self.scopes = clock, frozenset(scopes)
        self.world = World(clock)
        bot = self.world.add_user("aiops", is_bot=True)
        self.app = App("A00000001", bot, secrets.token_hex(12))
        self.bot_token, self.app_token = f"xoxb-1-{secrets.token_hex(8)}", f"xapp-1-{secrets.token_hex(8)}"
        self.signing_secret = secrets.token_hex(16)
        self.limits = Limits(clock)
        self.triggers, self.modals = Triggers(self), Modals(self)
        self.uploads, self.responses = Uploads(self), Responses(self)
        self.courier = Courier(self, ack_s, retries_s)
        self.calls, self.opened, self.delay_s, self.broken = [], [], 0.0, 0
        self.is_down, self.edit_window_s = False, None
        self._tickets, self._closing, self._server = set(), [], Server(self)

    # the wires

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *error):
        self._server.stop()

    @property
    def loop(self):
        return self._server.loop

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def api_url(self):
        """For ``WebClient(base_url=...)``."""
        return f"{self.base_url}/api/"

    @property
    def team_id(self):
        return self.world.team_id

    def sends_to(self, url, app=None):
        """From now on requests go to ``url`` (or straight into the ASGI app) instead of over sockets."""
        self.courier.url, self.courier.app = url, app

    def verifies(self, url, app=None):
        """``url_verification``, as when the address is entered: whether the challenge came back."""
        self.sends_to(url, app)
        challenge = secrets.token_hex(8)
        asked = {"token": self.app.verification_token, "challenge": challenge, "type": "url_verification"}
        delivery = Delivery("events_api", asked)
        self.courier.journal.append(delivery)
        attempt, _ = self._run(self.courier.once(delivery, 0, ""))
        delivery.attempts.append(attempt)
        delivery.over = True
        given = attempt.answer.get("challenge") if isinstance(attempt.answer, dict) else attempt.answer
        return attempt.acked_at is not None and given == challenge

    def _run(self, coroutine, timeout=30):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def ticket(self):
        name = secrets.token_hex(12)
        self._tickets.add(name)
        return f"ws://127.0.0.1:{self._server.port}/link/?ticket={name}&app_id={self.app.id}"

    def take_ticket(self, name):
        """A ticket opens one connection."""
        known = name in self._tickets
        self._tickets.discard(name)
        return known

    def call(self, name, args, authorization):
        """One call of the Web API. Raises Refused."""
        method = METHODS.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        args = dict(args)
        given = args.pop("token", "")
        token = authorization.removeprefix("Bearer ") if authorization else given
        if not token:
            raise Refused("not_authed")
        if token not in (self.bot_token, self.app_token):
            raise Refused("invalid_auth")
        if not token.startswith(method.kind):
            raise Refused("not_allowed_token_type")
        if method.kind == "xapp" and not authorization:
            raise Refused("not_authed")
        wait = self.limits.over(name, method.tier, str(args.get("channel", "")))
        if wait:
            raise Refused("ratelimited", retry_after=wait)
        if method.kind == "xoxb" and method.scope and method.scope not in self.scopes:
            raise Refused("missing_scope", needed=method.scope, provided=",".join(sorted(self.scopes)))
        _arguments(method, args)
        with self.world.lock:
            return method.call(self, self.app, args)

    # the workspace

    def person(self, name, **more):
        """A member; ``display_name``, ``deleted``, ``is_restricted``, ... as of ``world.User``."""
        return self.world.add_user(name, **more)

    def guest(self, name, *, single=False, **more):
        """A guest of several channels, or of a single one."""
        return self.world.add_user(name, is_restricted=not single, is_ultra_restricted=single, **more)

    def stranger(self, name, team_id="T99999999", **more):
        """Somebody of another team, met in a channel shared with it (Slack Connect)."""
        return self.world.add_user(name, team_id=team_id, is_stranger=True, **more)

    def other_bot(self, name, **more):
        """Another app's bot."""
        return self.world.add_user(name, is_bot=True, **more)

    def group(self, handle, people):
        """A user group."""
        return self.world.add_group(handle, [one.id for one in people])

    def rotates(self, group, people):
        """The rotation moves on: other people are in the group."""
        with self.world.lock:
            new = type(group)(group.id, group.handle, tuple(one.id for one in people), group.disabled)
            self.world.groups[group.id] = new
            return new

    def channel(self, name, people=(), *, app=True, **more):
        """A channel with people in it, and the app unless ``app`` is False."""
        ids = {one.id for one in people} | ({self.app.user.id} if app else set())
        return self.world.add_channel(name, ids, **more)

    def changes(self, user, **changes):
        """A person as they are from now on: ``deleted=True``, ``display_name=...``."""
        with self.world.lock:
            old = self.world.users[user.id]
            fields = {name: getattr(old, name) for name in User.__slots__}
            self.world.users[user.id] = User(**fields | changes)
            return self.world.users[user.id]

    def deactivates(self, user):
        return self.changes(user, deleted=True)

    def archives(self, channel):
        channel.archived = True

    # what people do; each answers with what they made, and the way to the app goes on meanwhile

    def says(self, user, text, channel=None, thread=None, *, raw=False):
        """``text`` as typed (``raw``: as on the wire), in a channel, or in the thread of a message."""
        where = self.world.channels[thread.channel] if thread is not None else channel
        if where.archived or user.id not in where.members:
            raise AssertionError(f"{user.name} cannot write in {where.name}: archived, or no member")
        root = (thread.thread_ts or thread.ts) if thread is not None else ""
        posted = self.world.post(
            where,
            user.id,
            text if raw else escape(text),
            thread_ts=root,
            blocks=() if user.is_bot else tuple(shapes.rich_text(text)),
            bot_id=user.bot_id,
            client_msg_id="" if user.is_bot else str(uuid.uuid4()),
        )
        self.said(posted)
        return posted

    def edits(self, user, message, text):
        """A person changes their own message."""
        if message.user != user.id:
            raise AssertionError("nobody edits what others wrote")
        blocks = tuple(shapes.rich_text(text))
        new = self.world.edit(message, user.id, text=escape(text), blocks=blocks)
        self.edited(new)
        return new

    def deletes(self, user, message):
        """A person takes their own message away."""
        gone = self.world.remove(message)
        channel = self.world.channels[message.channel]
        inner = shapes.deleted_event(gone, channel, self.world, self.world.next_ts(channel))
        return self._event(inner, channel)

    def clicks(self, user, message, button, *, on=None):
        """``button``: its ``action_id``, value or text. ``on``: the message as it was when they saw it."""
        seen = on or self.current(message)
        block, element = _find(seen, button)
        at = f"{self.clock():.6f}"
        trigger = self.triggers.issue(user)
        url = self.responses.issue(user, seen.channel, seen)
        payload = shapes.block_actions(
            self.app, self.world, user, seen, (block, element), at=at, trigger_id=trigger, response_url=url
        )
        return self.courier.start(Delivery("interactive", payload))

    def chooses(self, user, message, action, value):
        """Somebody picks an option of a select in a message."""
        seen = self.current(message)
        block, element = _find(seen, action)
        option = next(one for one in _options(element) if one["value"] == value)
        at, trigger = f"{self.clock():.6f}", self.triggers.issue(user)
        url = self.responses.issue(user, seen.channel, seen)
        acted = element | {"selected_option": option}
        payload = shapes.block_actions(
            self.app, self.world, user, seen, (block, acted), at=at, trigger_id=trigger, response_url=url
        )
        return self.courier.start(Delivery("interactive", payload))

    def submits(self, user, view, values=None):
        """Send a modal off. ``values``: what is entered, by ``action_id``; the rest stays as it is shown."""
        state = _state(view, values or {})
        missing = [
            one["block_id"]
            for one in view["blocks"]
            if one["type"] == "input" and not one.get("optional") and one["block_id"] not in state
        ]
        if missing:
            raise AssertionError(f"Slack does not send a modal with empty inputs: {missing}")
        trigger = self.triggers.issue(user)
        payload = shapes.view_submission(self.app, self.world, user, view, state, trigger)
        return self.courier.start(Delivery("interactive", payload))

    def commands(self, user, channel, command, text=""):
        """A slash command."""
        url, trigger = self.responses.issue(user, channel.id), self.triggers.issue(user)
        fields = shapes.slash_command(self.app, self.world, user, channel, command, text, trigger, url)
        return self.courier.start(Delivery("slash_commands", fields))

    # what Slack does

    def said(self, message):
        """Tell the app of a message, its own too; a channel without it is silent."""
        channel = self.world.channels[message.channel]
        return self._event(shapes.message_event(message, channel, self.world), channel)

    def edited(self, message):
        channel = self.world.channels[message.channel]
        ts = self.world.next_ts(channel)
        return self._event(shapes.changed_event(message, channel, self.world, ts), channel)

    def _event(self, inner, channel):
        if self.app.user.id not in channel.members:
            return None
        return self.courier.start(Delivery("events_api", shapes.event(self.app, self.world, inner, channel)))

    def redelivers(self, delivery):
        """The very same once more, as after a lost acknowledgement."""
        again = Delivery(delivery.kind, copy.deepcopy(delivery.payload), delivery.id)
        return self.courier.start(again)

    def named(self, blocks):
        """Blocks as Slack keeps them: with a name each, and for each element."""
        kept = []
        for number, block in enumerate(copy.deepcopy(list(blocks))):
            block.setdefault("block_id", f"b{number}{secrets.token_hex(2)}")
            for one in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
                if isinstance(one, dict) and one["type"] in NAMED:
                    one.setdefault("action_id", secrets.token_hex(3))
            kept.append(block)
        return kept

    def responded(self, name, body):
        """Something was posted to a ``response_url``. Raises Refused."""
        who, channel_id, message = self.responses.take(name)
        unknown = set(body) - {
            *("text", "blocks", "attachments", "response_type", "replace_original", "delete_original"),
            *("thread_ts", "unfurl_links", "unfurl_media"),
        }
        if unknown:
            raise Refused("invalid_arguments", unknown=sorted(unknown))
        found = check_blocks(body.get("blocks", []), files=self.world.files)
        if found:
            raise invalid("invalid_blocks", found)
        channel = self.world.channels[channel_id]
        content = {"text": body.get("text", ""), "blocks": tuple(self.named(body.get("blocks", [])))}
        if message is not None and body.get("delete_original"):
            self.world.remove(message)
        elif message is not None and body.get("replace_original"):
            self.edited(self.world.edit(message, self.app.user.id, marked=False, **content))
        else:
            to = "" if body.get("response_type") == "in_channel" else who.id
            more = {"thread_ts": body.get("thread_ts", ""), "ephemeral_to": to}
            more |= {"bot_id": self.app.user.bot_id, "app_id": self.app.id}
            posted = self.world.post(
                channel, self.app.user.id, content["text"], blocks=content["blocks"], **more
            )
            if not to:
                self.said(posted)

    # faults

    def down(self):
        """Nobody listens: connections are refused and open ones cut; Slack tries events again."""
        self.is_down = True
        self._server.down()

    def up(self):
        """Back, on the same port, with no connection open and no fault left."""
        self.broken, self.delay_s = 0, 0.0
        if self.is_down:
            self._server.up()
            self.is_down = False

    def breaks(self, status=503):
        """Every call is answered with ``status`` and no JSON, until ``up()``."""
        self.broken = status

    def slow(self, seconds):
        """Every call takes so long; 0: as usual."""
        self.delay_s = seconds

    def strict_limits(self, on=True):
        """Whether the documented rate limits hold."""
        self.limits.strict = on

    def rate_limits(self, times, retry_after=1, method=""):
        """The next calls (of one method) get HTTP 429 with ``Retry-After``."""
        self.limits.refuse(times, retry_after, method)

    def disconnects(self, reason="refresh_requested", grace_s=0.5):
        """Slack takes its connections back: it says so, and closes them a little later."""
        self._run(self._disconnect(reason, grace_s))

    async def _disconnect(self, reason, grace_s):
        told = {"type": "disconnect", "reason": reason, "debug_info": {"host": "double"}}
        for one in list(self.courier.sockets):
            one.leaving = True
            await one.websocket.send_text(json.dumps(told))
            self._closing.append(asyncio.ensure_future(one.close_after(grace_s)))

    def cuts(self):
        """Every connection is gone, without a word."""
        self._server.cut()

    # what tests look at

    def current(self, message):
        """The message as it stands now."""
        if message.ephemeral_to:
            return message
        return self.world.channels[message.channel].messages[message.ts]

    def messages(self, channel):
        """What stands in the channel itself, oldest first; threads left out."""
        return [one for one in list(channel.messages.values()) if one.thread_ts in ("", one.ts)]

    def thread(self, message):
        """The replies below a message, oldest first."""
        root = message.thread_ts or message.ts
        return self.world.thread(message.channel, root)[1:]

    def everything(self, channel):
        """Every message of the channel and its threads, in the order of their coming."""
        return list(channel.messages.values())

    def ephemerals(self, user):
        """What only this person saw."""
        return [one for one in self.world.ephemerals if one.ephemeral_to == user.id]

    @property
    def notified(self):
        """Whose attention was taken, in order: of ``world.Notified``."""
        return list(self.world.notified)

    @property
    def journal(self):
        """Every delivery, oldest first, with its attempts, acknowledgements and times."""
        return list(self.courier.journal)

    @property
    def sockets(self):
        """Open connections of the app."""
        return list(self.courier.sockets)

    def called(self, method):
        """The calls of one method so far."""
        return [one for one in self.calls if one.method == method]

    def views(self, user):
        """Modals a person has open, newest last."""
        return self.modals.of(user)

    def wait(self, true, timeout=5.0, what="it"):
        """The value of ``true()`` once there is one that counts; AssertionError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = true()
            if value:
                return value
            time.sleep(0.005)
        raise AssertionError(f"waited {timeout} s in vain for {what}")

    def settles(self, timeout=5.0):
        """Wait until nothing is on its way to the app any more."""
        self.wait(lambda: all(one.over for one in self.journal), timeout, "every delivery to end")

    def acked(self, delivery, timeout=5.0):
        """Wait until the delivery is over; whether it was acknowledged."""
        self.wait(lambda: delivery.over, timeout, "the delivery to end")
        return delivery.acked


def _arguments(method, args):
    missing = [name for name in method.required if args.get(name) in (None, "")]
    unknown = set(args) - set(method.required) - set(method.optional) - {"team_id"}
    told = [f"[ERROR] missing required field: {name}" for name in missing]
    told += [f"[ERROR] unknown argument: {name}" for name in sorted(unknown)]
    if told:
        raise Refused("invalid_arguments", response_metadata={"messages": told})


def _find(message: Message, name):
    """(block, element) by ``action_id``, value or text; one that is not shown cannot be used."""
    found = [
        (block, one)
        for block, one in message.elements()
        if name in (one["action_id"], one.get("value"), (one.get("text") or {}).get("text"))
    ]
    if len(found) != 1:
        shown = [(one["action_id"], (one.get("text") or {}).get("text")) for _, one in message.elements()]
        raise AssertionError(f"expected one {name!r} to use, got {len(found)} among {shown}")
    return found[0]


def _options(element):
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return [*element.get("options", ()), *grouped]


def _state(view, values):
    """``view.state.values``: of each input block, by block and action."""
    state = {}
    for block in view["blocks"]:
        part = block.get("element") if block["type"] == "input" else None
        if part is None:
            continue
        given = values.get(part["action_id"])
        shown = {"type": part["type"]}
        if part["type"] in {"static_select", "radio_buttons"}:
            option = next(
                (one for one in _options(part) if one["value"] == given), part.get("initial_option")
            )
            if given is not None and (option is None or option["value"] != given):
                raise AssertionError(f"{given!r} is no option of {part['action_id']}")
            shown["selected_option"] = option
            empty = option is None
        elif part["type"] == "checkboxes":
            chosen = [one for one in _options(part) if one["value"] in (given or ())]
            shown["selected_options"] = chosen
            empty = not chosen
        else:
            shown["value"] = part.get("initial_value") if given is None else given
            empty = not shown["value"]
        if not empty or block.get("optional"):
            state[block["block_id"]] = {part["action_id"]: shown}
    return state
