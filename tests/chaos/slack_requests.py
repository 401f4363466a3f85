"""Requests of the Slack adversary: what there is to attack; how Slack's own requests are made and signed."""

import copy
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.chaos.slack_stage import OUTSIDERS
from tests.fakes.slack import Message, sign
from tests.fakes.slack import shapes as slack_shapes
from tests.fakes.slack.world import escape

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True)
class Shot:
    """One request. ``headers`` are (name, bytes)."""

    kind: str
    headers: tuple
    body: bytes
    method: str = "POST"
    refused: bool = False  # must be answered with 4xx


@dataclass
class Scene:
    """What there is to attack."""

    stage: object
    rng: random.Random
    target: object  # a question that waits
    pair: object  # one that takes two people, one of whom has said yes
    first_yes: object  # who
    authored: object  # one that an approver has asked for
    author: object  # who
    shut: list = field(default_factory=list)  # questions that are over, however
    taken: list = field(default_factory=list)  # (ms, Shot) of genuine requests

    @property
    def slack(self):
        return self.stage.slack

    def approver(self):
        return self.rng.choice(self.stage.approvers)

    def nobody(self):
        """(what they are, somebody who holds no role or is none of us)."""
        return self.rng.choice(list(self.stage.members.items()))

    def outsider(self):
        """Somebody who may not even say "stop"."""
        return self.stage.members[self.rng.choice(OUTSIDERS)]


def click(stage, approval, who, action="aiops_approve", **changes):
    """The payload of a click on a button of ``approval``'s own message."""
    message = _seen(stage, approval)
    block, element = next(found for found in message.elements() if found[1]["action_id"] == action)
    used = {**element, **changes}
    made = slack_shapes.block_actions(
        stage.slack.app,
        stage.slack.world,
        who,
        message,
        (block, used),
        at=stage.stamp(),
        trigger_id="1.2.3",
        response_url="https://hooks.slack.com/never",
    )
    return copy.deepcopy(made)


def _seen(stage, approval):
    """The message with its buttons, as somebody saw it who has not looked since."""
    message = stage.message(approval)
    return next((one for one in (message, *reversed(message.versions)) if one.buttons), message)


def typed(stage, who, text, thread, **changes):
    """The event of a message that was typed in a thread of the channel."""
    world, channel, ts = stage.slack.world, stage.channel, stage.stamp()
    said = Message(
        channel.id,
        ts,
        who.id,
        escape(text),
        thread_ts=thread,
        bot_id=who.bot_id,
        blocks=tuple(slack_shapes.rich_text(text)),
        client_msg_id=secrets.token_hex(8),
    )
    inner = slack_shapes.message_event(said, channel, world) | changes
    return slack_shapes.event(stage.slack.app, world, inner, channel)


def submission(stage, approval, who, digest=""):
    """A modal that proposes another step instead of ``approval``'s."""
    about = {
        "approval": approval.id,
        "digest": digest or approval.digest,
        "channel": stage.channel.id,
        "thread": stage.thread(approval),
    }
    values = {
        "remediation": {"value": {"type": "static_select", "selected_option": {"value": "scale_to"}}},
        "parameters": {"value": {"type": "plain_text_input", "value": "replicas=6"}},
        "reason": {"value": {"type": "plain_text_input", "value": "cheaper"}},
    }
    view = {
        "id": f"V{secrets.token_hex(5)}",
        "type": "modal",
        "callback_id": "aiops_amend",
        "private_metadata": json.dumps(about),
    }
    return slack_shapes.view_submission(stage.slack.app, stage.slack.world, who, view, values, "1.2.3")


def body_of(payload):
    """(content type, raw body) as Slack sends ``payload``."""
    if payload.get("type") in ("block_actions", "view_submission"):
        return FORM, urlencode({"payload": json.dumps(payload)}).encode()
    return JSON, json.dumps(payload).encode()


def signed(
    stage, kind, payload=None, *, raw=None, content=None, at_s=None, secret=None, refused=False, retry=0
):
    """A request whose signature is good, but for what is asked to be otherwise."""
    found, body = body_of(payload) if raw is None else (content, raw)
    stamp = str(int(stage.clock.now_ms() / 1000 if at_s is None else at_s))
    signature = sign(secret or stage.slack.signing_secret, stamp, body)
    headers = [("Content-Type", (content or found).encode()), *proof(stamp, signature)]
    if retry:
        headers += [("X-Slack-Retry-Num", str(retry).encode()), ("X-Slack-Retry-Reason", b"http_timeout")]
    return Shot(kind, tuple(headers), body, refused=refused)


def proof(stamp, signature):
    return (
        ("X-Slack-Request-Timestamp", stamp.encode("latin-1", "replace")),
        ("X-Slack-Signature", signature.encode("latin-1", "replace")),
    )


def genuine(scene):
    """A click that would count, were it Slack's."""
    return click(scene.stage, scene.target, scene.approver())


Kind = Callable[[Scene], Shot]
