"""The Web API: each method's arguments, scopes, tier and answer.

Source: the pages of the methods in Slack's reference ("chat.postMessage", "chat.update", ...), with the error
words they list. An argument that a page does not know is refused, which Slack itself only sometimes does.
"""

from dataclasses import dataclass, field

from tests.fakes.slack import shapes
from tests.fakes.slack.blocks import check_attachments, check_blocks, check_view
from tests.fakes.slack.world import texts

POSTED_TEXT, UPDATED_TEXT = 40_000, 4_000  # characters
BLOCKS_TEXT = 13_000  # characters of all blocks together: measured by others (slackapi/bolt-js issue 2509)


class Refused(Exception):  # noqa: N818 - an answer of the API, not a fault of ours
    """``{"ok": false, "error": ...}`` with whatever else Slack says."""

    def __init__(self, error, **more):
        super().__init__(error)
        self.error, self.more = error, more


def invalid(error, found):
    """Refused with one message a finding."""
    told = [f"[ERROR] {one}" for one in found]
    return Refused(error, errors=found, response_metadata={"messages": told})


@dataclass(frozen=True, slots=True)
class Method:
    """One method. ``tier`` 0 is "special"; ``json`` whether a JSON body is read."""

    call: object
    tier: int
    scope: str = ""
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    json: bool = False
    kind: str = "xoxb"  # of the token
    arrays: tuple[str, ...] = field(default=("blocks", "attachments", "files"))


def auth_test(slack, app, args):
    world = slack.world
    return {
        "url": f"https://{world.domain}.slack.com/",
        "team": world.domain,
        "user": app.user.name,
        "team_id": world.team_id,
        "user_id": app.user.id,
        "bot_id": app.user.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(slack, app, args):
    return {"url": slack.ticket()}


def team_info(slack, app, args):
    world = slack.world
    return {"team": {"id": world.team_id, "name": world.domain, "domain": world.domain}}


def _channel(slack, app, name, *, member=True, writes=False):
    channel = slack.world.channels.get(name)
    if channel is None or ((channel.im or channel.private) and app.user.id not in channel.members):
        raise Refused("channel_not_found")
    if writes and channel.archived:
        raise Refused("is_archived")
    if member and app.user.id not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _content(slack, args, most):
    """Text, blocks and attachments of a message, judged."""
    text = args.get("text", "")
    blocks, attachments = args.get("blocks", []), args.get("attachments", [])
    if not isinstance(text, str):
        raise Refused("invalid_arguments")
    if not (text or blocks or attachments):
        raise Refused("no_text")
    if len(text) > most:
        raise Refused("msg_too_long")
    if sum(len(one) for one in texts(blocks)) > BLOCKS_TEXT:
        raise Refused("msg_blocks_too_long")
    found = check_blocks(blocks, files=slack.world.files)
    if found:
        raise invalid("invalid_blocks", found)
    if isinstance(attachments, list) and len(attachments) > 100:
        raise Refused("too_many_attachments")
    found = check_attachments(attachments, files=slack.world.files)
    if found:
        raise invalid("invalid_attachments", found)
    return text, tuple(slack.named(blocks)), tuple(_named(slack, attachments))


def _named(slack, attachments):
    return [one | ({"blocks": slack.named(one["blocks"])} if "blocks" in one else {}) for one in attachments]


def _parent(channel, args):
    """``thread_ts``: a parent's, never a reply's."""
    ts = args.get("thread_ts", "")
    if not ts:
        return ""
    parent = channel.messages.get(ts)
    if parent is None:
        raise Refused("thread_not_found")
    if parent.thread_ts and parent.thread_ts != parent.ts:
        raise Refused("cannot_reply_to_message")
    return ts


def post_message(slack, app, args):
    world = slack.world
    target = world.users.get(args["channel"])
    if target is not None:
        channel = world.direct(app.user.id, target.id)
    else:
        channel = _channel(slack, app, args["channel"], writes=True)
    text, blocks, attachments = _content(slack, args, POSTED_TEXT)
    metadata = args.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict) and set(metadata) == {"event_type", "event_payload"}
    ):
        raise Refused("invalid_metadata_format")
    posted = world.post(
        channel,
        app.user.id,
        text,
        blocks=blocks,
        attachments=attachments,
        thread_ts=_parent(channel, args),
        bot_id=app.user.bot_id,
        app_id=app.id,
        metadata=metadata,
    )
    slack.said(posted)
    return {"channel": channel.id, "ts": posted.ts, "message": shapes.message(posted, world)}


def update(slack, app, args):
    world = slack.world
    channel = _channel(slack, app, args["channel"], writes=True)
    old = channel.messages.get(args["ts"])
    if old is None:
        raise Refused("message_not_found")
    if old.app_id != app.id:
        raise Refused("cant_update_message")
    if slack.edit_window_s is not None and world.clock() - old.at > slack.edit_window_s:
        raise Refused("edit_window_closed")
    kept = {"text": old.text, "blocks": list(old.blocks), "attachments": list(old.attachments)}
    given = {key: args[key] for key in kept if key in args}
    if not given:
        raise Refused("no_text")
    text, blocks, attachments = _content(slack, kept | given, UPDATED_TEXT)
    changes = {"text": text, "blocks": blocks, "attachments": attachments}
    if "text" in given and "blocks" not in given:
        changes["blocks"] = ()  # text alone takes the place of blocks
    new = world.edit(old, app.user.id, marked=not blocks, **changes)
    slack.edited(new)
    return {"channel": channel.id, "ts": new.ts, "text": new.text, "message": shapes.message(new, world)}


def post_ephemeral(slack, app, args):
    world = slack.world
    channel = _channel(slack, app, args["channel"], writes=True)
    if args["user"] not in world.users or args["user"] not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks, attachments = _content(slack, args, POSTED_TEXT)
    posted = world.post(
        channel,
        app.user.id,
        text,
        blocks=blocks,
        attachments=attachments,
        thread_ts=_parent(channel, args),
        bot_id=app.user.bot_id,
        app_id=app.id,
        ephemeral_to=args["user"],
    )
    return {"message_ts": posted.ts}


def permalink(slack, app, args):
    channel = _channel(slack, app, args["channel"], member=False)
    if args["message_ts"] not in channel.messages:
        raise Refused("message_not_found")
    link = (
        f"https://{slack.world.domain}.slack.com/archives/{channel.id}/p{args['message_ts'].replace('.', '')}"
    )
    return {"channel": channel.id, "permalink": link}


def conversations_info(slack, app, args):
    channel = _channel(slack, app, args["channel"], member=False)
    shown = shapes.channel(channel, slack.world.team_id) | {"is_member": app.user.id in channel.members}
    return {"channel": shown}


def _page(args, items, name, most=1000):
    """A page of ``items``, with the cursor of the next."""
    limit = int(args.get("limit") or 100)
    if not 1 <= limit <= most:
        raise Refused("invalid_limit")
    start = args.get("cursor") or "0"
    if not start.isdigit():
        raise Refused("invalid_cursor")
    part = items[int(start) : int(start) + limit]
    after = str(int(start) + limit) if int(start) + limit < len(items) else ""
    return {name: part, "response_metadata": {"next_cursor": after}}


def members(slack, app, args):
    channel = _channel(slack, app, args["channel"], member=False)
    return _page(args, sorted(channel.members), "members")


def _window(args, messages):
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    inclusive = str(args.get("inclusive", "")).lower() in {"1", "true"}
    if inclusive:
        return [one for one in messages if oldest <= float(one.ts) <= latest]
    return [one for one in messages if oldest < float(one.ts) < latest]


def replies(slack, app, args):
    channel = _channel(slack, app, args["channel"])
    if args["ts"] not in channel.messages:
        raise Refused("thread_not_found")
    thread = slack.world.thread(channel.id, args["ts"])
    shown = [shapes.message(thread[0], slack.world, replies=thread[1:])]
    shown += [shapes.message(one, slack.world) for one in _window(args, thread[1:])]
    page = _page(args, shown, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def history(slack, app, args):
    channel = _channel(slack, app, args["channel"])
    newest_first = [one for one in reversed(list(channel.messages.values())) if one.thread_ts in ("", one.ts)]
    found = _window(args, newest_first)
    shown = [
        shapes.message(one, slack.world, replies=slack.world.thread(channel.id, one.ts)[1:]) for one in found
    ]
    page = _page(args, shown, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def conversations_open(slack, app, args):
    users = [one for one in str(args.get("users", "")).split(",") if one]
    if len(users) != 1:
        raise Refused("users_list_not_supplied" if not users else "invalid_user_combination")
    if users[0] not in slack.world.users:
        raise Refused("user_not_found")
    return {"channel": {"id": slack.world.direct(app.user.id, users[0]).id}}


def users_info(slack, app, args):
    found = slack.world.users.get(args["user"])
    if found is None:
        raise Refused("user_not_found")
    return {"user": shapes.user(found)}


def users_list(slack, app, args):
    ours = [one for one in slack.world.users.values() if not one.is_stranger]
    return _page(args, [shapes.user(one) for one in ours], "members")


def groups_list(slack, app, args):
    disabled = str(args.get("include_disabled", "")).lower() in {"1", "true"}
    found = [one for one in slack.world.groups.values() if disabled or not one.disabled]
    shown = [shapes.group(one, slack.world.team_id) for one in found]
    if str(args.get("include_users", "")).lower() in {"1", "true"}:
        shown = [one | {"users": list(given.users)} for one, given in zip(shown, found, strict=True)]
    return {"usergroups": shown}


def group_users(slack, app, args):
    found = slack.world.groups.get(args["usergroup"])
    if found is None:
        raise Refused("no_such_subteam")
    disabled = str(args.get("include_disabled", "")).lower() in {"1", "true"}
    if found.disabled and not disabled:
        raise Refused("subteam_disabled")
    return {"users": list(found.users)}


def upload_url(slack, app, args):
    length = str(args["length"])
    if not length.isdigit() or int(length) == 0:
        raise Refused("invalid_arguments")
    file_id, url = slack.uploads.begin(args["filename"], int(length))
    return {"upload_url": url, "file_id": file_id}


def complete_upload(slack, app, args):
    world = slack.world
    if not isinstance(args["files"], list) or not args["files"]:
        raise Refused("invalid_arguments")
    shown = [slack.uploads.complete(one["id"], one.get("title", "")) for one in args["files"]]
    if args.get("channel_id"):
        channel = _channel(slack, app, args["channel_id"], writes=True)
        posted = world.post(
            channel,
            app.user.id,
            args.get("initial_comment", ""),
            thread_ts=_parent(channel, args),
            bot_id=app.user.bot_id,
            app_id=app.id,
            files=tuple(shown),
        )
        slack.said(posted)
    return {"files": [{"id": one["id"], "title": one["title"]} for one in shown]}


def views_open(slack, app, args):
    found = check_view(args["view"])
    if found:
        raise invalid("invalid_arguments", found)
    who = slack.triggers.exchange(args["trigger_id"])
    return {"view": slack.modals.open(app, who, args["view"])}


def views_update(slack, app, args):
    found = check_view(args["view"])
    if found:
        raise invalid("invalid_arguments", found)
    return {"view": slack.modals.update(app, args)}


_CONTENT = ("text", "blocks", "attachments", "thread_ts", "parse", "link_names")
METHODS = {
    "auth.test": Method(auth_test, 0, json=True),
    "apps.connections.open": Method(connections_open, 1, "connections:write", json=True, kind="xapp"),
    "chat.postMessage": Method(
        post_message,
        0,
        "chat:write",
        ("channel",),
        (*_CONTENT, "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn", "metadata"),
        json=True,
    ),
    "chat.update": Method(
        update, 3, "chat:write", ("channel", "ts"), (*_CONTENT[:3], *_CONTENT[4:], "metadata"), json=True
    ),
    "chat.postEphemeral": Method(post_ephemeral, 4, "chat:write", ("channel", "user"), _CONTENT, json=True),
    "chat.getPermalink": Method(permalink, 0, "", ("channel", "message_ts")),
    "conversations.info": Method(
        conversations_info, 3, "channels:read", ("channel",), ("include_locale", "include_num_members")
    ),
    "conversations.members": Method(members, 4, "channels:read", ("channel",), ("cursor", "limit")),
    "conversations.replies": Method(
        replies,
        3,
        "channels:history",
        ("channel", "ts"),
        ("cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata"),
    ),
    "conversations.history": Method(
        history,
        3,
        "channels:history",
        ("channel",),
        ("cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata"),
    ),
    "conversations.open": Method(conversations_open, 3, "im:write", (), ("users", "return_im"), json=True),
    "users.info": Method(users_info, 4, "users:read", ("user",), ("include_locale",)),
    "users.list": Method(users_list, 2, "users:read", (), ("cursor", "limit", "include_locale")),
    "usergroups.list": Method(
        groups_list, 2, "usergroups:read", (), ("include_users", "include_disabled", "include_count")
    ),
    "usergroups.users.list": Method(group_users, 2, "usergroups:read", ("usergroup",), ("include_disabled",)),
    "files.getUploadURLExternal": Method(
        upload_url, 4, "files:write", ("filename", "length"), ("alt_txt", "snippet_type")
    ),
    "files.completeUploadExternal": Method(
        complete_upload,
        4,
        "files:write",
        ("files",),
        ("channel_id", "channels", "thread_ts", "initial_comment"),
        json=True,
    ),
    "views.open": Method(views_open, 4, "", ("trigger_id", "view"), (), json=True, arrays=("view",)),
    "views.update": Method(
        views_update, 4, "", ("view",), ("view_id", "external_id", "hash"), json=True, arrays=("view",)
    ),
    "team.info": Method(team_info, 3, "team:read", (), ("team",)),
}
