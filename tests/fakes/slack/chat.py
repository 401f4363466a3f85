"""Methods that write: messages and files.

Source: "chat.postMessage", "chat.update", "chat.postEphemeral", "chat.getPermalink", "Uploading files".
"""

from tests.fakes.slack import shapes
from tests.fakes.slack.blocks import check_attachments, check_blocks
from tests.fakes.slack.refusal import Refused, invalid
from tests.fakes.slack.world import texts

POSTED_TEXT, UPDATED_TEXT = 40_000, 4_000  # characters
BLOCKS_TEXT = 13_000  # characters of all blocks together: measured by others (slackapi/bolt-js issue 2509)


def channel_of(slack, app, name, *, member=True, writes=False):
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
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
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
        channel = channel_of(slack, app, args["channel"], writes=True)
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
    channel = channel_of(slack, app, args["channel"], writes=True)
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
    channel = channel_of(slack, app, args["channel"], writes=True)
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
    channel = channel_of(slack, app, args["channel"], member=False)
    if args["message_ts"] not in channel.messages:
        raise Refused("message_not_found")
    link = (
        f"https://{slack.world.domain}.slack.com/archives/{channel.id}/p{args['message_ts'].replace('.', '')}"
    )
    return {"channel": channel.id, "permalink": link}


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
        channel = channel_of(slack, app, args["channel_id"], writes=True)
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
