"""The Web API: each method's arguments, scope, tier and code.

Source: the pages of the methods in Slack's reference, with the error words they list. An argument that a page
does not know is refused, which Slack itself only sometimes does.
"""

from dataclasses import dataclass

from tests.fakes.slack import chat, directory
from tests.fakes.slack.blocks import check_view
from tests.fakes.slack.refusal import invalid


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
    arrays: tuple[str, ...] = ("blocks", "attachments", "files")  # parsed where they come as text


def connections_open(slack, app, args):
    return {"url": slack.ticket()}


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
    "auth.test": Method(directory.auth_test, 0, json=True),
    "apps.connections.open": Method(connections_open, 1, "connections:write", json=True, kind="xapp"),
    "chat.postMessage": Method(
        chat.post_message,
        0,
        "chat:write",
        ("channel",),
        (*_CONTENT, "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn", "metadata"),
        json=True,
    ),
    "chat.update": Method(
        chat.update, 3, "chat:write", ("channel", "ts"), (*_CONTENT[:3], *_CONTENT[4:], "metadata"), json=True
    ),
    "chat.postEphemeral": Method(
        chat.post_ephemeral, 4, "chat:write", ("channel", "user"), _CONTENT, json=True
    ),
    "chat.getPermalink": Method(chat.permalink, 0, "", ("channel", "message_ts")),
    "conversations.info": Method(
        directory.conversations_info,
        3,
        "channels:read",
        ("channel",),
        ("include_locale", "include_num_members"),
    ),
    "conversations.members": Method(directory.members, 4, "channels:read", ("channel",), ("cursor", "limit")),
    "conversations.replies": Method(
        directory.replies,
        3,
        "channels:history",
        ("channel", "ts"),
        ("cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata"),
    ),
    "conversations.history": Method(
        directory.history,
        3,
        "channels:history",
        ("channel",),
        ("cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata"),
    ),
    "conversations.open": Method(
        directory.conversations_open, 3, "im:write", (), ("users", "return_im"), json=True
    ),
    "bots.info": Method(directory.bots_info, 3, "users:read", (), ("bot",)),
    "users.info": Method(directory.users_info, 4, "users:read", ("user",), ("include_locale",)),
    "users.list": Method(directory.users_list, 2, "users:read", (), ("cursor", "limit", "include_locale")),
    "usergroups.list": Method(
        directory.groups_list,
        2,
        "usergroups:read",
        (),
        ("include_users", "include_disabled"),
    ),
    "usergroups.users.list": Method(
        directory.group_users, 2, "usergroups:read", ("usergroup",), ("include_disabled",)
    ),
    "files.getUploadURLExternal": Method(
        chat.upload_url, 4, "files:write", ("filename", "length"), ("alt_txt", "snippet_type")
    ),
    "files.completeUploadExternal": Method(
        chat.complete_upload,
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
    "team.info": Method(directory.team_info, 3, "team:read", (), ("team",)),
}
