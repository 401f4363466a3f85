"""Payloads: what Slack hands us, as values; None for what is none of our business. Pure.

A payload is signed or came over our own socket, and still every field is checked for its type: what is
missing or of another shape makes no value.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops.adapters.slack.escape import unescape

Body = Mapping[str, Any]
Parameters = dict[str, str | int | float | bool]

_TS = re.compile(r"([0-9]{1,12})\.([0-9]{1,6})")
_VALUE = re.compile(r"([0-9a-f]{6,64}) ([0-9a-zA-Z:]{8,128})")
_TYPED = frozenset({None, "thread_broadcast"})  # subtypes of what a person has typed
_QUOTED = re.compile(r"^\s*(?:&gt;|>)", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_INTEGER, _DECIMAL = re.compile(r"-?[0-9]{1,12}"), re.compile(r"-?[0-9]{1,12}\.[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a person has typed."""

    user: str
    teams: tuple[str, ...]  # workspaces that the payload says they are of
    channel: str
    direct: bool  # to the app alone
    ts: str
    thread: str  # ts of the message that it replies to; "" for none
    text: str
    edited: bool
    quoted: bool

    @property
    def at_ms(self) -> int:
        """When it was said."""
        return ts_ms(self.ts)


@dataclass(frozen=True, slots=True)
class Click:
    """A button that a person has clicked."""

    user: str
    teams: tuple[str, ...]
    channel: str
    thread: str  # where the answer goes
    message: str  # ts of the message with the button
    action: str
    approval_id: str
    digest: str
    ts: str  # of the click
    trigger: str

    @property
    def at_ms(self) -> int:
        """When it was clicked."""
        return ts_ms(self.ts)


@dataclass(frozen=True, slots=True)
class Submission:
    """The modal of an amendment, sent off."""

    user: str
    teams: tuple[str, ...]
    view: str  # its id
    channel: str
    thread: str
    approval_id: str
    digest: str
    remediation: str
    parameters: str  # as typed
    reason: str


def ts_ms(ts: str) -> int:
    """A timestamp of Slack as ms UTC. ValueError for what is none."""
    match = _TS.fullmatch(ts)
    if match is None:
        raise ValueError(f"ts: expected seconds with a fraction, got {ts[:30]!r}")
    return int(match[1]) * 1000 + int(match[2].ljust(6, "0")) // 1000


def shaped(body: object) -> bool:
    """Whether it has the shape of something that people say to us; anything else goes no further."""
    if not isinstance(body, dict) or not isinstance(body.get("event", {}), dict):
        return False
    match body.get("type"):
        case "event_callback":
            return bool(_text(_dict(body, "event"), "type"))
        case "block_actions":
            actions = body.get("actions")
            return isinstance(actions, list) and bool(actions) and all(map(_is_action, actions))
        case "view_submission":
            return bool(_text(_dict(body, "view"), "callback_id"))
        case _:
            return False


def _is_action(action: object) -> bool:
    return isinstance(action, dict) and all(
        isinstance(action.get(key), str) for key in ("type", "action_id", "block_id")
    )


def team_of(body: Body) -> frozenset[str]:
    """Workspaces that the request says it is for."""
    team = body.get("team")
    named = [body.get("team_id"), team.get("id") if isinstance(team, dict) else None]
    installed = body.get("authorizations")
    if isinstance(installed, list):
        named += [one.get("team_id") for one in installed if isinstance(one, dict)]
    if (
        not isinstance(team, dict) and "team" in body
    ):  # of a whole organisation: only the user has a workspace
        named.append(_dict(body, "user").get("team_id"))
    return frozenset(one for one in named if isinstance(one, str) and one)


def speaker(body: Body) -> str:
    """The id of whoever it comes from, for queues; "" where none is named."""
    user = body.get("user")
    found = user.get("id") if isinstance(user, dict) else _dict(body, "event").get("user")
    return found if isinstance(found, str) else ""


def message(body: Body) -> Message | None:
    """A message that a person typed; None for bots, edits, joins and everything else."""
    event = _dict(body, "event")
    if event.get("type") != "message" or event.get("subtype") not in _TYPED or event.get("hidden"):
        return None
    if event.get("bot_id") or event.get("app_id") or event.get("bot_profile"):
        return None
    user, channel, ts, text = (_text(event, key) for key in ("user", "channel", "ts", "text"))
    if not user or not channel or not text or not _TS.fullmatch(ts):
        return None
    teams = (_text(body, "team_id"), *(_text(event, key) for key in ("team", "user_team", "source_team")))
    thread = _text(event, "thread_ts")
    return Message(
        user,
        _named(teams),
        channel,
        event.get("channel_type") == "im",
        ts,
        thread if _TS.fullmatch(thread) and thread != ts else "",
        unescape(text),
        bool(event.get("edited")),
        _is_quoted(event, text),
    )


def _is_quoted(event: Body, text: str) -> bool:
    """Another message is quoted or shared in it."""
    return bool(_QUOTED.search(text) or event.get("attachments")) or _has_quote(event.get("blocks"), 0)


def _has_quote(part: object, depth: int) -> bool:
    if depth > 8:
        return True  # nested deeper than anything a person types
    if isinstance(part, list):
        return any(_has_quote(one, depth + 1) for one in part)
    if isinstance(part, dict):
        return part.get("type") == "rich_text_quote" or _has_quote(part.get("elements"), depth + 1)
    return False


def click(body: Body) -> Click | None:
    """The one button that was clicked in a message of ours."""
    actions = body.get("actions")
    if body.get("type") != "block_actions" or not isinstance(actions, list) or len(actions) != 1:
        return None
    action = actions[0] if isinstance(actions[0], dict) else {}
    container, user = _dict(body, "container"), _dict(body, "user")
    value = _VALUE.fullmatch(_text(action, "value"))
    at, posted = _text(action, "action_ts"), _text(container, "message_ts")
    channel = _text(container, "channel_id") or _text(_dict(body, "channel"), "id")
    if value is None or action.get("type") != "button" or not _TS.fullmatch(at) or not _TS.fullmatch(posted):
        return None
    if container.get("is_ephemeral") or not channel or not _text(user, "id"):
        return None
    thread = _text(container, "thread_ts") or _text(_dict(body, "message"), "thread_ts") or posted
    teams = (_text(_dict(body, "team"), "id"), _text(user, "team_id"))
    return Click(
        _text(user, "id"),
        _named(teams),
        channel,
        thread,
        posted,
        _text(action, "action_id"),
        value[1],
        value[2],
        at,
        _text(body, "trigger_id"),
    )


def submission(body: Body) -> Submission | None:
    """What was chosen in the modal."""
    view, user = _dict(body, "view"), _dict(body, "user")
    try:
        about = json.loads(_text(view, "private_metadata"))
    except ValueError:
        return None
    if body.get("type") != "view_submission" or not isinstance(about, dict):
        return None
    values = _dict(_dict(view, "state"), "values")
    chosen = _dict(_first(values.get("remediation")), "selected_option")
    channel, thread, approval, digest = (
        _text(about, key) for key in ("channel", "thread", "approval", "digest")
    )
    if not channel or not thread or not approval or not digest:
        return None
    if not _text(view, "id") or not _text(user, "id") or not _text(chosen, "value"):
        return None
    return Submission(
        _text(user, "id"),
        _named((_text(_dict(body, "team"), "id"), _text(user, "team_id"))),
        _text(view, "id"),
        channel,
        thread,
        approval,
        digest,
        _text(chosen, "value"),
        _text(_first(values.get("parameters")), "value"),
        _text(_first(values.get("reason")), "value"),
    )


def parameters(text: str) -> Parameters:
    """ "replicas=6 force=true" as values. ValueError says what is wrong, for its writer."""
    found: Parameters = {}
    for part in text.replace(",", " ").split():
        name, sign, value = part.partition("=")
        if not sign or not _NAME.fullmatch(name) or not value:
            raise ValueError(f"expected name=value, got {part[:40]}")
        if name in found:
            raise ValueError(f"{name} is given twice")
        found[name] = _scalar(value)
    return found


def _scalar(text: str) -> str | int | float | bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _dict(body: object, key: str) -> Body:
    found = body.get(key) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _first(part: object) -> Body:
    """The one element of a block of the modal's state."""
    found = next(iter(part.values()), None) if isinstance(part, dict) else None
    return found if isinstance(found, dict) else {}


def _text(body: Body, key: str) -> str:
    found = body.get(key)
    return found if isinstance(found, str) else ""


def _named(teams: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in teams if one))
