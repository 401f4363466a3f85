"""``Slack``: the double itself, and what people do in it."""

import asyncio
import copy
import json
import secrets
import time
from dataclasses import dataclass

from tests.fakes.slack import shapes
from tests.fakes.slack.blocks import check_blocks
from tests.fakes.slack.delivery import Courier, Delivery
from tests.fakes.slack.elements import INPUTS, SECTIONS
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.looking import Looking
from tests.fakes.slack.methods import METHODS
from tests.fakes.slack.modals import Modals, Responses, Triggers, Uploads
from tests.fakes.slack.people import People
from tests.fakes.slack.refusal import Refused, invalid
from tests.fakes.slack.server import Server
from tests.fakes.slack.world import User, World

NAMED = (SECTIONS | INPUTS) - {"image"}  # elements that have an ``action_id``
SCOPES = frozenset(one.scope for one in METHODS.values() if one.scope) - {"connections:write"}


@dataclass(frozen=True, slots=True)
class App:
    """The app that is being tested, as Slack knows it."""

    id: str
    user: User
    verification_token: str


class Slack(People, Looking):
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


def _arguments(method, args):
    missing = [name for name in method.required if args.get(name) in (None, "")]
    unknown = set(args) - set(method.required) - set(method.optional) - {"team_id"}
    told = [f"[ERROR] missing required field: {name}" for name in missing]
    told += [f"[ERROR] unknown argument: {name}" for name in sorted(unknown)]
    if told:
        raise Refused("invalid_arguments", response_metadata={"messages": told})
