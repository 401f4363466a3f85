"""What an adversary sends to the Slack endpoint. Each kind makes one request that must change nothing.

``target`` is a question that waits, and may be approved by others; ``shut`` are questions that are over;
``taken`` are requests that were genuine once. A kind of ``OUTSIDE`` must be refused at the door (4xx); one of
``INSIDE`` is signed, as by Slack, for somebody or something that must come to nothing.
"""

import copy
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from tests.chaos.slack_stage import OUTSIDERS
from tests.fakes.slack import Message, sign
from tests.fakes.slack import shapes as slack_shapes
from tests.fakes.slack.world import escape

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
SAYINGS = (
    "approve",
    "approve {short}",
    "approve {short} only today",
    "deny {short} because no",
    "wait {short} 30m",
    "{short}: scale to 6 instead",
    "stop everything",
    "resume everything",
    "I'm on it",
    "false alarm: nightly batch",
)
NO_SAYING = (
    *("yes", "ok", "\U0001f44d", "approve all", "approve everything", "/approve {short}"),
    *("> approve {short}", "he said: approve {short}", "approve {short}\n> deny {short}"),
    *("approve {short}?", "don't approve {short}", "approve {short} not", "```approve {short}```"),
    *("approve {other}", "approve {shut}", "approve {short} and {other}", "approve {digest}"),
    *("APPROVE  {short}  {other}", "approve" + " {short}" * 50),
    "\u0430pprove {short}",  # a Cyrillic a
    "a\u200bpprove {short}",  # a space of no width
    "\u202eapprove {short}",  # from right to left
    "approve\u0000 {short}",
    "\uff41\uff50\uff50\uff52\uff4f\uff56\uff45 {short}",  # full width
)


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
    headers = [("Content-Type", (content or found).encode()), *_proof(stamp, signature)]
    if retry:
        headers += [("X-Slack-Retry-Num", str(retry).encode()), ("X-Slack-Retry-Reason", b"http_timeout")]
    return Shot(kind, tuple(headers), body, refused=refused)


def _proof(stamp, signature):
    return (
        ("X-Slack-Request-Timestamp", stamp.encode("latin-1", "replace")),
        ("X-Slack-Signature", signature.encode("latin-1", "replace")),
    )


def genuine(scene):
    """A click that would count, were it Slack's."""
    return click(scene.stage, scene.target, scene.approver())


def _with(shot, kind, **headers):
    """``shot`` with other values for some headers; None leaves one out."""
    kept = [(name, value) for name, value in shot.headers if name not in headers]
    added = [(name, value) for name, value in headers.items() if value is not None]
    return Shot(kind, (*kept, *added), shot.body, refused=True)


# at the door


def unsigned(s):
    name = s.rng.choice(("X-Slack-Signature", "X-Slack-Request-Timestamp"))
    return _with(signed(s.stage, "", genuine(s)), "unsigned", **{name: None})


def garbled_signature(s):
    good = dict(signed(s.stage, "", genuine(s)).headers)["X-Slack-Signature"]
    bad = (
        *(b"", b"v0=", b"v0=" + b"0" * 64, good[:-1], good + b"0", b"v1" + good[2:], good.upper()),
        *(
            good.replace(b"v0=", b""),
            b" ".join((good, good)),
            secrets.token_bytes(32),
            "v0=é".encode("latin-1"),
        ),
    )
    return _with(
        signed(s.stage, "", genuine(s)), "garbled signature", **{"X-Slack-Signature": s.rng.choice(bad)}
    )


def other_secret(s):
    return signed(s.stage, "other secret", genuine(s), secret=secrets.token_hex(16), refused=True)


def altered_body(s):
    """Signed as a stranger's click, sent as an approver's; or any byte turned."""
    kind = "altered body"
    if s.rng.random() < 0.5:
        shot = signed(s.stage, kind, click(s.stage, s.target, s.outsider()))
        ids = [one.id.encode() for one in s.stage.members.values()]
        body = shot.body
        for one in ids:
            body = body.replace(one, s.approver().id.encode())
        if body != shot.body:
            return Shot(kind, shot.headers, body, refused=True)
    shot = signed(s.stage, kind, genuine(s))
    at = s.rng.randrange(len(shot.body))
    turned = shot.body[:at] + bytes([shot.body[at] ^ (1 << s.rng.randrange(7))]) + shot.body[at + 1 :]
    return Shot(kind, shot.headers, turned, refused=True)


def expired_signature(s):
    now = s.stage.clock.now_ms() / 1000
    return signed(
        s.stage, "expired signature", genuine(s), at_s=now - s.rng.choice((301, 302, 400, 9e4)), refused=True
    )


def future_signature(s):
    now = s.stage.clock.now_ms() / 1000
    return signed(
        s.stage, "future signature", genuine(s), at_s=now + s.rng.choice((302, 400, 9e4)), refused=True
    )


def garbled_timestamp(s):
    now = str(int(s.stage.clock.now_ms() / 1000))
    stamp = s.rng.choice(
        ("", "now", f"-{now}", f"{now}.0", f" {now}", f"{now}e0", "9" * 40, f"+{now}", "１７９")
    )
    content, body = body_of(genuine(s))
    proof = _proof(stamp, sign(s.slack.signing_secret, stamp, body))
    return Shot("garbled timestamp", (("Content-Type", content.encode()), *proof), body, refused=True)


def doubled_headers(s):
    shot = signed(s.stage, "doubled headers", genuine(s))
    extra = s.rng.choice((("X-Slack-Signature", b"v0=" + b"0" * 64), shot.headers[1], shot.headers[2]))
    return Shot(shot.kind, (*shot.headers, extra), shot.body, refused=True)


def replay(s):
    """A request that was taken 0 to 400 s ago, byte for byte. Which ones were is forgotten at a restart: then
    a fresh one passes the door, and comes to nothing by what the journal knows."""
    now, opened = s.stage.clock.now_ms(), s.stage.opened_ms
    recent = [(at, one) for at, one in s.taken if now - at <= 400_000]
    if not recent:
        return unsigned(s)
    at, again = s.rng.choice(recent)
    if at < opened and now - at <= 301_000:
        return Shot("replay after a restart", again.headers, again.body)
    return Shot("replay of a taken request", again.headers, again.body, refused=True)


def huge_body(s):
    raw = b"payload=" + b"A" * s.rng.choice((1_000_001, 3_000_000))
    return signed(s.stage, "huge body", raw=raw, content=FORM, refused=True)


def other_method(s):
    shot = signed(s.stage, "other method", genuine(s))
    return Shot(shot.kind, shot.headers, shot.body, s.rng.choice(("GET", "PUT", "DELETE", "HEAD")), True)


def no_utf8(s):
    raw = s.rng.randbytes(s.rng.randrange(1, 200)) + b"\xff"
    return signed(s.stage, "no UTF-8", raw=raw, content=s.rng.choice((FORM, JSON)), refused=True)


# signed, and yet nothing


def other_team(s):
    payload = s.rng.choice((genuine(s), _approving(s, s.approver())))
    if "team" in payload:
        payload["team"] = s.rng.choice(({"id": "T00000666"}, None, {}, [], {"id": ""}, {"id": ["T00000001"]}))
        payload["user"]["team_id"] = "T00000666"
    else:
        payload |= {"team_id": "T00000666", "authorizations": [{"team_id": "T00000666"}]}
    return signed(s.stage, "other team", payload)


def other_app(s):
    payload = s.rng.choice((genuine(s), _approving(s, s.approver())))
    payload["api_app_id"] = s.rng.choice(("A00000666", "", None, ["A00000001"]))
    return signed(s.stage, "other app", payload)


def _approving(s, who, text="approve {short}"):
    words = text.format(
        short=s.target.short,
        digest=s.target.digest,
        other=s.pair.short,
        shut=s.shut[-1].short if s.shut else "a1b2c3",
    )
    return typed(s.stage, who, words, s.stage.thread(s.target))


def click_of_nobody(s):
    """Whoever may not answer clicks whatever decides."""
    what, who = s.nobody()
    action = s.rng.choice(("aiops_approve", "aiops_approve", "aiops_deny", "aiops_snooze"))
    return signed(s.stage, f"click: {what}", click(s.stage, s.target, who, action))


def reply_of_outsider(s):
    """Guests, bots, strangers and the deactivated say something; not even "stop" is theirs."""
    return signed(s.stage, "reply: outsider", _approving(s, s.outsider(), s.rng.choice(SAYINGS)))


def reply_of_member(s):
    """Members without a role decide."""
    who = s.stage.members[s.rng.choice(("member", "look-alike", "off rotation"))]
    text = s.rng.choice(
        ("approve {short}", "approve", "deny {short}", "wait {short} 30m", "resume everything")
    )
    return signed(s.stage, "reply: member without a role", _approving(s, who, text))


def modal_of_nobody(s):
    _, who = s.nobody()
    return signed(s.stage, "modal: nobody's", submission(s.stage, s.target, who))


def unknown_person(s):
    """An id that nobody has, or that is no person's; or another's name beside it."""
    payload = genuine(s)
    payload["user"]["id"] = s.rng.choice(
        ("U00000666", "USLACKBOT", "", "B00000001", "U1/../U2", None, ["U1"])
    )
    return signed(s.stage, "unknown person", payload)


def names_and_ids(s):
    """A guest under an approver's name, with an approver's id wherever it does not count."""
    approver, payload = s.approver(), click(s.stage, s.target, s.outsider())
    payload["user"] |= {"name": approver.name, "username": approver.name, "real_id": approver.id}
    payload["actions"][0]["user"] = {"id": approver.id}
    payload["approver"] = approver.id
    return signed(s.stage, "approver's name", payload)


def stale_digest(s):
    value = s.rng.choice(
        (
            f"{s.target.id} {secrets.token_hex(32)}",
            f"{s.target.id} {s.pair.digest}",
            f"{s.target.id} {s.target.digest[:-1]}",
            f"{s.target.id} {s.target.digest.upper()}x",
            f"{s.target.short} {s.target.digest}",
            f"{secrets.token_hex(6)} {s.target.digest}",
            f"{s.target.id}",
            f"{s.target.id} {s.target.digest} {s.target.digest}",
            "",
        )
    )
    return signed(s.stage, "stale digest", click(s.stage, s.target, s.approver(), value=value))


def stale_modal(s):
    digest = s.rng.choice((secrets.token_hex(32), s.pair.digest, "x"))
    return signed(s.stage, "stale modal", submission(s.stage, s.target, s.approver(), digest))


def over(s):
    """A question that expired, was denied, superseded, cancelled or approved; its old button, or its id."""
    if not s.shut:
        return stale_digest(s)
    gone = s.rng.choice(s.shut[-12:])
    if s.rng.random() < 0.7:
        action = s.rng.choice(("aiops_approve", "aiops_deny", "aiops_snooze"))
        return signed(s.stage, "question that is over", click(s.stage, gone, s.approver(), action))
    said = typed(s.stage, s.approver(), f"approve {gone.short}", s.stage.thread(gone))
    return signed(s.stage, "question that is over", said)


def own_question(s):
    """Whoever asked for it approves it."""
    return signed(s.stage, "self-approval", click(s.stage, s.authored, s.author))


def same_person_twice(s):
    """For a quorum of two, the same person again: by button, by words."""
    if s.rng.random() < 0.5:
        return signed(s.stage, "one person twice", click(s.stage, s.pair, s.first_yes))
    said = typed(s.stage, s.first_yes, f"approve {s.pair.short}", s.stage.thread(s.pair))
    return signed(s.stage, "one person twice", said)


def no_saying(s):
    """An approver writes what names no decision."""
    return signed(s.stage, "words that decide nothing", _approving(s, s.approver(), s.rng.choice(NO_SAYING)))


def other_thread(s):
    """An approver names the plan elsewhere: in another incident's thread, in none, in another channel."""
    where = s.rng.choice((s.stage.thread(s.pair), "", "1700000000.000001"))
    text = s.rng.choice((f"approve {s.target.short}", f"deny {s.target.short}"))
    payload = typed(s.stage, s.approver(), text, where)
    if s.rng.random() < 0.2:
        payload["event"]["channel"] = "C00000666"
    return signed(s.stage, "thread of another", payload)


def edited(s):
    """An edit that turns something harmless into a yes; a message that came from before the question."""
    payload = _approving(s, s.approver())
    event = payload["event"]
    match s.rng.randrange(4):
        case 0:
            inner = {**event, "edited": {"user": event["user"], "ts": event["ts"]}}
            event |= {"subtype": "message_changed", "message": inner, "hidden": True}
        case 1:
            event["edited"] = {"user": event["user"], "ts": event["ts"]}
        case 2:
            event["subtype"] = s.rng.choice(("bot_message", "me_message", "channel_join", "message_replied"))
        case _:
            event["ts"] = event["event_ts"] = (
                f"{s.target.asked_ms // 1000 - 100}.{s.rng.randrange(10**6):06d}"
            )
    return signed(s.stage, "edited, or older than the question", payload)


def quoted(s):
    """An approver forwards or quotes somebody's yes."""
    payload = _approving(s, s.approver())
    attached = [{"text": "approve", "is_msg_unfurl": True}]
    payload["event"] |= s.rng.choice(
        ({"attachments": attached}, {"blocks": slack_shapes.rich_text(f"> approve {s.target.short}")})
    )
    return signed(s.stage, "quoted", payload)


def by_a_machine(s):
    """A message that says it is an approver's, and carries the sign of an app."""
    sign_of = {"bot_id": "B00000666", "app_id": "A00000666", "bot_profile": {"id": "B00000666"}}
    name = s.rng.choice(tuple(sign_of))
    payload = _approving(s, s.approver())
    payload["event"][name] = sign_of[name]
    return signed(s.stage, "by a machine", payload)


def truncated(s):
    content, body = body_of(s.rng.choice((genuine(s), _approving(s, s.approver()))))
    if content == FORM:  # the form is whole, what it holds is not
        whole = parse_qs(body.decode())["payload"][0]
        body = urlencode({"payload": whole[: s.rng.randrange(len(whole) - 1)]}).encode()
    else:
        body = body[: s.rng.randrange(1, len(body) - 1)]
    return signed(s.stage, "truncated JSON", raw=body, content=content)


def deep(s):
    depth = s.rng.choice((500, 5_000, 100_000))
    nested = s.rng.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth))
    inside = json.dumps(click(s.stage, s.target, s.nobody()[1]))[:-1] + f', "deep": {nested}' + "}"
    raw = urlencode({"payload": inside}).encode() if s.rng.random() < 0.5 else nested.encode()
    return signed(s.stage, "deep JSON", raw=raw, content=FORM if raw.startswith(b"payload") else JSON)


def content_types(s):
    """A body under another type than its own. What is read as it was meant is one person's, who may not."""
    _, who = s.nobody()
    _, body = body_of(click(s.stage, s.target, who))
    content = s.rng.choice(
        ("", JSON, "text/plain", "multipart/form-data; boundary=x", "application/xml", "*/*")
    )
    return signed(s.stage, "wrong content type", raw=body, content=content or " ")


def wrong_shapes(s):
    """A good click or reply of somebody without a role, with any of its values turned into something else."""
    _, who = s.nobody()
    payload = s.rng.choice(
        (click(s.stage, s.target, who), _approving(s, who), submission(s.stage, s.target, who))
    )
    odd = (
        None,
        [],
        {},
        0,
        -1,
        1e300,
        True,
        "",
        "x" * 5000,
        "\u0000",
        "\ud800",
        ["U1"],
        {"id": s.approver().id},
    )
    for _ in range(s.rng.randrange(1, 6)):
        holder, key = s.rng.choice(list(_places(payload)))
        holder[key] = copy.deepcopy(s.rng.choice(odd))
    return signed(s.stage, "wrong shapes", payload)


def _places(node):
    """Every (holder, key) of a payload but those that say who it is: they stay somebody's who may not."""
    items = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in items:
        if key not in {"user", "user_id", "parent_user_id"}:
            yield node, key
            if isinstance(value, dict | list):
                yield from _places(value)


def unicode_words(s):
    """Any text at all, from somebody without a role."""
    _, who = s.nobody()
    text = "".join(
        chr(s.rng.choice((s.rng.randrange(32, 0xD7FF), s.rng.randrange(0xE000, 0x10FFFF)))) for _ in range(60)
    )
    return signed(s.stage, "any text", _approving(s, who, text.replace("{", "").replace("}", "")))


Kind = Callable[[Scene], Shot]
OUTSIDE: tuple[Kind, ...] = (
    *(unsigned, garbled_signature, other_secret, altered_body, expired_signature, future_signature),
    *(garbled_timestamp, doubled_headers, replay, replay, huge_body, other_method, no_utf8),
)
INSIDE: tuple[Kind, ...] = (
    *(other_team, other_app, click_of_nobody, click_of_nobody, reply_of_outsider, reply_of_member),
    *(modal_of_nobody, unknown_person, names_and_ids, stale_digest, stale_modal, over, over, own_question),
    *(same_person_twice, no_saying, no_saying, other_thread, edited, quoted, by_a_machine, truncated, deep),
    *(content_types, wrong_shapes, wrong_shapes, unicode_words),
)
