"""What people do in the double, and who they are."""

import uuid

from tests.fakes.slack import shapes
from tests.fakes.slack.delivery import Delivery
from tests.fakes.slack.world import Message, User, escape


class People:
    """The part of ``Slack`` that is played by people."""

    # the workspace

    def person(self, name, **more):
        """A member; ``display_name``, ``deleted``, ``is_restricted``, ... as of ``world.User``."""
        return self.world.add_user(name, **more)

    def guest(self, name, *, single=False, **more):
        """A guest of several channels, or of a single one."""
        return self.world.add_user(name, is_restricted=not single, is_ultra_restricted=single, **more)

    def stranger(self, name, team_id="T99999999", **more):
        """Somebody of another team, met in a channel shared with it (Slack Connect)."""
        return self.world.add_user(name, team_id=team_id, is_stranger=True, **more)

    def other_bot(self, name, **more):
        """Another app's bot."""
        return self.world.add_user(name, is_bot=True, **more)

    def group(self, handle, people):
        """A user group."""
        return self.world.add_group(handle, [one.id for one in people])

    def rotates(self, group, people):
        """The rotation moves on: other people are in the group."""
        with self.world.lock:
            new = type(group)(group.id, group.handle, tuple(one.id for one in people), group.disabled)
            self.world.groups[group.id] = new
            return new

    def channel(self, name, people=(), *, app=True, **more):
        """A channel with people in it, and the app unless ``app`` is False."""
        ids = {one.id for one in people} | ({self.app.user.id} if app else set())
        return self.world.add_channel(name, ids, **more)

    def changes(self, user, **changes):
        """A person as they are from now on: ``deleted=True``, ``display_name=...``."""
        with self.world.lock:
            old = self.world.users[user.id]
            fields = {name: getattr(old, name) for name in User.__slots__}
            self.world.users[user.id] = User(**fields | changes)
            return self.world.users[user.id]

    def deactivates(self, user):
        return self.changes(user, deleted=True)

    def archives(self, channel):
        channel.archived = True

    # what people do; each answers with what they made, and the way to the app goes on meanwhile

    def says(self, user, text, channel=None, thread=None, *, raw=False):
        """``text`` as typed (``raw``: as on the wire), in a channel, or in the thread of a message."""
        where = self.world.channels[thread.channel] if thread is not None else channel
        if where.archived or user.id not in where.members:
            raise AssertionError(f"{user.name} cannot write in {where.name}: archived, or no member")
        root = (thread.thread_ts or thread.ts) if thread is not None else ""
        posted = self.world.post(
            where,
            user.id,
            text if raw else escape(text),
            thread_ts=root,
            blocks=() if user.is_bot else tuple(shapes.rich_text(text)),
            bot_id=user.bot_id,
            client_msg_id="" if user.is_bot else str(uuid.uuid4()),
        )
        self.said(posted)
        return posted

    def edits(self, user, message, text):
        """A person changes their own message."""
        if message.user != user.id:
            raise AssertionError("nobody edits what others wrote")
        blocks = tuple(shapes.rich_text(text))
        new = self.world.edit(message, user.id, text=escape(text), blocks=blocks)
        self.edited(new)
        return new

    def deletes(self, user, message):
        """A person takes their own message away."""
        gone = self.world.remove(message)
        channel = self.world.channels[message.channel]
        inner = shapes.deleted_event(gone, channel, self.world, self.world.next_ts(channel))
        return self._event(inner, channel)

    def clicks(self, user, message, button, *, on=None):
        """``button``: its ``action_id``, value or text. ``on``: the message as it was when they saw it."""
        seen = on or self.current(message)
        block, element = _find(seen, button)
        at = f"{self.clock():.6f}"
        trigger = self.triggers.issue(user)
        url = self.responses.issue(user, seen.channel, seen)
        payload = shapes.block_actions(
            self.app, self.world, user, seen, (block, element), at=at, trigger_id=trigger, response_url=url
        )
        return self.courier.start(Delivery("interactive", payload))

    def chooses(self, user, message, action, value):
        """Somebody picks an option of a select in a message."""
        seen = self.current(message)
        block, element = _find(seen, action)
        option = next(one for one in _options(element) if one["value"] == value)
        at, trigger = f"{self.clock():.6f}", self.triggers.issue(user)
        url = self.responses.issue(user, seen.channel, seen)
        acted = element | {"selected_option": option}
        payload = shapes.block_actions(
            self.app, self.world, user, seen, (block, acted), at=at, trigger_id=trigger, response_url=url
        )
        return self.courier.start(Delivery("interactive", payload))

    def submits(self, user, view, values=None):
        """Send a modal off. ``values``: what is entered, by ``action_id``; the rest stays as it is shown."""
        state = _state(view, values or {})
        missing = [
            one["block_id"]
            for one in view["blocks"]
            if one["type"] == "input" and not one.get("optional") and one["block_id"] not in state
        ]
        if missing:
            raise AssertionError(f"Slack does not send a modal with empty inputs: {missing}")
        trigger = self.triggers.issue(user)
        payload = shapes.view_submission(self.app, self.world, user, view, state, trigger)
        return self.courier.start(Delivery("interactive", payload))

    def commands(self, user, channel, command, text=""):
        """A slash command."""
        url, trigger = self.responses.issue(user, channel.id), self.triggers.issue(user)
        fields = shapes.slash_command(self.app, self.world, user, channel, command, text, trigger, url)
        return self.courier.start(Delivery("slash_commands", fields))


def _find(message: Message, name):
    """(block, element) by ``action_id``, value or text; one that is not shown cannot be used."""
    found = [
        (block, one)
        for block, one in message.elements()
        if name in (one["action_id"], one.get("value"), (one.get("text") or {}).get("text"))
    ]
    if len(found) != 1:
        shown = [(one["action_id"], (one.get("text") or {}).get("text")) for _, one in message.elements()]
        raise AssertionError(f"expected one {name!r} to use, got {len(found)} among {shown}")
    return found[0]


def _options(element):
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return [*element.get("options", ()), *grouped]


def _state(view, values):
    """``view.state.values``: of each input block, by block and action."""
    state = {}
    for block in view["blocks"]:
        part = block.get("element") if block["type"] == "input" else None
        if part is None:
            continue
        given = values.get(part["action_id"])
        shown = {"type": part["type"]}
        if part["type"] in {"static_select", "radio_buttons"}:
            option = next(
                (one for one in _options(part) if one["value"] == given), part.get("initial_option")
            )
            if given is not None and (option is None or option["value"] != given):
                raise AssertionError(f"{given!r} is no option of {part['action_id']}")
            shown["selected_option"] = option
            empty = option is None
        elif part["type"] == "checkboxes":
            chosen = [one for one in _options(part) if one["value"] in (given or ())]
            shown["selected_options"] = chosen
            empty = not chosen
        else:
            shown["value"] = part.get("initial_value") if given is None else given
            empty = not shown["value"]
        if not empty or block.get("optional"):
            state[block["block_id"]] = {part["action_id"]: shown}
    return state
