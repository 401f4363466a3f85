"""What Slack may sign and must come to nothing: people who may not, questions that are over, words that
decide nothing, bodies that nobody can read.

``target`` is a question that waits, and may be approved by others; ``shut`` are questions that are over.
"""

import copy
import json
import secrets
from urllib.parse import parse_qs, urlencode

from tests.chaos.slack_requests import FORM, JSON, Kind, body_of, click, genuine, signed, submission, typed
from tests.fakes.slack import shapes as slack_shapes

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


INSIDE: tuple[Kind, ...] = (
    *(other_team, other_app, click_of_nobody, click_of_nobody, reply_of_outsider, reply_of_member),
    *(modal_of_nobody, unknown_person, names_and_ids, stale_digest, stale_modal, over, over, own_question),
    *(same_person_twice, no_saying, no_saying, other_thread, edited, quoted, by_a_machine, truncated, deep),
    *(content_types, wrong_shapes, wrong_shapes, unicode_words),
)
