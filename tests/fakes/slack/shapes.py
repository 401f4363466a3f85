"""JSON as Slack shows it: objects of the Web API, events, interactions, commands.

Source: "Events API", "message event", "block_actions payload", "view_submission payload", "Slash commands".
"""

import hashlib
import json


def user(one):
    """``users.info``: who they are, with what tells guests, bots, strangers and deactivated people apart."""
    shown = {
        "id": one.id,
        "team_id": one.team_id,
        "name": one.name,
        "deleted": one.deleted,
        "real_name": one.display_name,
        "profile": {"real_name": one.display_name, "display_name": one.display_name, "team": one.team_id},
        "is_bot": one.is_bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if one.is_bot:
        shown["profile"] |= {"bot_id": one.bot_id}
    if one.is_stranger:
        return shown | {"is_stranger": True}
    if one.deleted:  # Slack leaves the rest out of a deactivated account
        return shown
    guest = one.is_restricted or one.is_ultra_restricted
    return shown | {
        "is_admin": one.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": guest,
        "is_ultra_restricted": one.is_ultra_restricted,
        "tz": "Europe/Berlin",
    }


def channel(one, team_id):
    """``conversations.info``."""
    return {
        "id": one.id,
        "name": one.name,
        "is_channel": not one.im,
        "is_im": one.im,
        "is_private": one.private,
        "is_archived": one.archived,
        "is_ext_shared": bool(one.shared_with),
        "context_team_id": team_id,
        "shared_team_ids": [team_id, *one.shared_with],
        "num_members": len(one.members),
    }


def group(one, team_id):
    """``usergroups.list``."""
    return {
        "id": one.id,
        "team_id": team_id,
        "is_usergroup": True,
        "handle": one.handle,
        "name": one.handle,
        "date_delete": 1_700_000_000 if one.disabled else 0,
        "user_count": len(one.users),
    }


def message(one, world, *, replies=(), metadata=False):
    """A message of ``conversations.history``, of an event, of a clicked message."""
    shown = {"type": "message", "user": one.user, "text": one.text, "ts": one.ts}
    author = world.users.get(one.user)
    shown["team"] = author.team_id if author else world.team_id
    shown |= {"bot_id": one.bot_id, "app_id": one.app_id} if one.bot_id else {}
    shown |= {"client_msg_id": one.client_msg_id} if one.client_msg_id else {}
    shown |= {"blocks": list(one.blocks)} if one.blocks else {}
    if one.attachments:
        shown["attachments"] = [{"id": i, **each} for i, each in enumerate(one.attachments, 1)]
    shown |= {"files": list(one.files)} if one.files else {}
    shown |= {"metadata": one.metadata} if one.metadata and metadata else {}
    if one.edited_ts:
        shown["edited"] = {"user": one.edited_by, "ts": one.edited_ts}
    if one.thread_ts:
        parent = world.channels[one.channel].messages.get(one.thread_ts)
        shown["thread_ts"] = one.thread_ts
        shown |= {"parent_user_id": parent.user} if parent and one.ts != one.thread_ts else {}
    if replies:
        shown |= {"thread_ts": one.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    return shown


def rich_text(typed):
    """The blocks that Slack's editor makes of what was typed: quoted lines are quotes."""
    elements = []
    for line in typed.split("\n"):
        kind = "rich_text_quote" if line.startswith(">") else "rich_text_section"
        text = line.removeprefix(">").lstrip() if kind == "rich_text_quote" else line
        elements.append({"type": kind, "elements": [{"type": "text", "text": text or " "}]})
    return [{"type": "rich_text", "block_id": _digest(typed)[:5], "elements": elements}]


def event(app, world, inner, channel_):
    """The outer envelope of the Events API."""
    return {
        "token": app.verification_token,
        "team_id": world.team_id,
        "context_team_id": world.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": inner,
        "type": "event_callback",
        "event_id": world.new_id("Ev"),
        "event_time": int(world.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": app.user.id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel_.shared_with),
        "event_context": f"4-{_digest(json.dumps(inner, default=str))[:20]}",
    }


def message_event(one, channel_, world):
    """``message``: something was said, by a person, an app or a bot."""
    inner = message(one, world) | {"channel": one.channel, "event_ts": one.ts}
    inner |= {"channel_type": _kind(channel_)}
    if one.files and not one.bot_id:
        inner |= {"subtype": "file_share"}
    return inner | _foreign(world.users.get(one.user))


def changed_event(one, channel_, world, ts):
    """``message_changed``: never a new message of the same text."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": message(one, world) | _foreign(world.users.get(one.user)),
        "previous_message": message(one.versions[-1], world),
        "channel": one.channel,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": _kind(channel_),
    }


def deleted_event(one, channel_, world, ts):
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message(one, world),
        "channel": one.channel,
        "hidden": True,
        "deleted_ts": one.ts,
        "ts": ts,
        "event_ts": ts,
        "channel_type": _kind(channel_),
    }


def _kind(one):
    return "im" if one.im else "group" if one.private else "channel"


def _foreign(author):
    if author is None or not author.is_stranger:
        return {}
    shown = {"real_name": author.display_name, "display_name": author.display_name, "team": author.team_id}
    return {"user_team": author.team_id, "source_team": author.team_id, "user_profile": shown}


def actor(one):
    """Who acted, in an interaction."""
    return {"id": one.id, "username": one.name, "name": one.name, "team_id": one.team_id}


def block_actions(app, world, who, one, used, *, at, trigger_id, response_url):
    """``block_actions``: somebody used an element of a message; ``used`` is (block, element)."""
    block, action = used
    channel_ = world.channels[one.channel]
    container = {"type": "message", "message_ts": one.ts, "channel_id": one.channel}
    container |= {"is_ephemeral": bool(one.ephemeral_to)}
    container |= {"thread_ts": one.thread_ts} if one.thread_ts else {}
    return _interaction("block_actions", app, world, who) | {
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel_.id, "name": "directmessage" if channel_.im else channel_.name},
        "message": message(one, world),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [{**_acted(action), "block_id": block.get("block_id", ""), "action_ts": at}],
    }


def _acted(action):
    kept = {"action_id", "type", "text", "value", "style", "confirm", "selected_option"}
    return {key: value for key, value in action.items() if key in kept}


def view_submission(app, world, who, view, values, trigger_id):
    """``view_submission``: somebody sent a modal off."""
    shown = {**view, "state": {"values": values}}
    more = {"trigger_id": trigger_id, "view": shown, "response_urls": []}
    return _interaction("view_submission", app, world, who) | more


def view_closed(app, world, who, view):
    return _interaction("view_closed", app, world, who) | {"view": view, "is_cleared": False}


def _interaction(kind, app, world, who):
    return {
        "type": kind,
        "user": actor(who),
        "api_app_id": app.id,
        "token": app.verification_token,
        "team": {"id": world.team_id, "domain": world.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def slash_command(app, world, who, channel_, command, text, trigger_id, response_url):
    """Form fields of a slash command."""
    return {
        "token": app.verification_token,
        "team_id": who.team_id,
        "team_domain": world.domain,
        "channel_id": channel_.id,
        "channel_name": channel_.name,
        "user_id": who.id,
        "user_name": who.name,
        "command": command,
        "text": text,
        "api_app_id": app.id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def view(app, world, given, view_id, previous=None):
    """A modal as Slack gives it back."""
    digest = _digest(json.dumps(given, sort_keys=True) + view_id)
    blocks = [{"block_id": _digest(f"{view_id}{i}")[:5], **one} for i, one in enumerate(given["blocks"])]
    for one in blocks:
        for i, part in enumerate([*one.get("elements", ()), one.get("accessory"), one.get("element")]):
            if isinstance(part, dict) and part.get("type") not in {"mrkdwn", "plain_text", "image"}:
                part.setdefault("action_id", f"auto{i}")
    return {
        "id": view_id,
        "team_id": world.team_id,
        "type": given["type"],
        "blocks": blocks,
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "state": {"values": {}},
        "hash": f"{int(world.clock())}.{digest[:8]}",
        "title": given["title"],
        "clear_on_close": given.get("clear_on_close", False),
        "notify_on_close": given.get("notify_on_close", False),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": previous,
        "root_view_id": view_id,
        "app_id": app.id,
        "external_id": given.get("external_id", ""),
        "app_installed_team_id": world.team_id,
        "bot_id": app.user.bot_id,
    }


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()
