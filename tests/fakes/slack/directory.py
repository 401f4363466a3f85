"""Methods that read: conversations, people, groups.

Source: the methods' own pages ("conversations.replies", "users.info", ...) and "Pagination".
"""

from tests.fakes.slack import shapes
from tests.fakes.slack.chat import channel_of
from tests.fakes.slack.refusal import Refused


def conversations_info(slack, app, args):
    channel = channel_of(slack, app, args["channel"], member=False)
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
    channel = channel_of(slack, app, args["channel"], member=False)
    return _page(args, sorted(channel.members), "members")


def _yes(args, name):
    """Whether a flag is given: 1 or true."""
    return str(args.get(name, "")).lower() in {"1", "true"}


def _window(args, messages):
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    inclusive = _yes(args, "inclusive")
    if inclusive:
        return [one for one in messages if oldest <= float(one.ts) <= latest]
    return [one for one in messages if oldest < float(one.ts) < latest]


def replies(slack, app, args):
    channel = channel_of(slack, app, args["channel"])
    if args["ts"] not in channel.messages:
        raise Refused("thread_not_found")
    thread = slack.world.thread(channel.id, args["ts"])
    more = {"metadata": _yes(args, "include_all_metadata")}
    shown = [shapes.message(thread[0], slack.world, replies=thread[1:], **more)]
    shown += [shapes.message(one, slack.world, **more) for one in _window(args, thread[1:])]
    page = _page(args, shown, "messages")
    return page | {"has_more": bool(page["response_metadata"]["next_cursor"])}


def history(slack, app, args):
    channel = channel_of(slack, app, args["channel"])
    newest_first = [one for one in reversed(list(channel.messages.values())) if one.thread_ts in ("", one.ts)]
    found, asked = _window(args, newest_first), _yes(args, "include_all_metadata")
    shown = [
        shapes.message(one, slack.world, replies=slack.world.thread(channel.id, one.ts)[1:], metadata=asked)
        for one in found
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


def bots_info(slack, app, args):
    """A bot of this workspace; its ``app_id`` says which app it belongs to."""
    asked = args.get("bot") or app.user.bot_id
    found = next((one for one in slack.world.users.values() if one.bot_id == asked), None)
    if found is None:
        raise Refused("bot_not_found")
    owner = app.id if found.id == app.user.id else f"A{found.id[1:]}"
    shown = {"id": found.bot_id, "deleted": found.deleted, "name": found.name, "user_id": found.id}
    return {"bot": shown | {"app_id": owner, "updated": 1_700_000_000}}


def users_list(slack, app, args):
    ours = [one for one in slack.world.users.values() if not one.is_stranger]
    return _page(args, [shapes.user(one) for one in ours], "members")


def groups_list(slack, app, args):
    disabled = _yes(args, "include_disabled")
    found = [one for one in slack.world.groups.values() if disabled or not one.disabled]
    shown = [shapes.group(one, slack.world.team_id) for one in found]
    if _yes(args, "include_users"):
        shown = [one | {"users": list(given.users)} for one, given in zip(shown, found, strict=True)]
    return {"usergroups": shown}


def group_users(slack, app, args):
    found = slack.world.groups.get(args["usergroup"])
    if found is None:
        raise Refused("no_such_subteam")
    disabled = _yes(args, "include_disabled")
    if found.disabled and not disabled:
        raise Refused("subteam_disabled")
    return {"users": list(found.users)}


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


def team_info(slack, app, args):
    world = slack.world
    return {"team": {"id": world.team_id, "name": world.domain, "domain": world.domain}}
