"""What lives for a short while: triggers, modals, uploads, addresses to respond to.

Source: "Handling user interaction" (a trigger is good for 3 seconds and once; a response_url for 30 minutes
and 5 times), "views.open", "views.update", "files.getUploadURLExternal".
"""

import secrets
from dataclasses import dataclass

from tests.fakes.slack import shapes
from tests.fakes.slack.refusal import Refused

TRIGGER_S, RESPONSE_S, RESPONSES = 3.0, 30 * 60.0, 5


class Triggers:
    """One for each interaction."""

    def __init__(self, slack):
        self.slack, self._known = slack, {}

    def issue(self, who):
        name = f"{secrets.randbelow(10**10)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._known[name] = [who, self.slack.clock(), False]
        return name

    def exchange(self, name):
        """Whose it is; once, and soon."""
        found = self._known.get(name)
        if found is None:
            raise Refused("invalid_trigger_id")
        who, at, used = found
        if used:
            raise Refused("exchanged_trigger_id")
        if self.slack.clock() - at > TRIGGER_S:
            raise Refused("expired_trigger_id")
        found[2] = True
        return who


class Modals:
    """Open modals: who sees which."""

    def __init__(self, slack):
        self.slack, self.open_views = slack, {}

    def open(self, app, who, given):
        view = shapes.view(app, self.slack.world, given, self.slack.world.new_id("V"))
        self.open_views[view["id"]] = (who, view)
        return view

    def update(self, app, args):
        found = args.get("view_id")
        if found is None and args.get("external_id"):
            named = (
                one["id"] for _, one in self.open_views.values() if one["external_id"] == args["external_id"]
            )
            found = next(named, None)
        if found not in self.open_views:
            raise Refused("not_found")
        who, old = self.open_views[found]
        if args.get("hash") and args["hash"] != old["hash"]:
            raise Refused("hash_conflict")
        view = shapes.view(app, self.slack.world, args["view"], found)
        self.open_views[found] = (who, view)
        return view

    def of(self, who):
        """What a person has open, newest last."""
        return [view for owner, view in self.open_views.values() if owner.id == who.id]

    def answered(self, delivery):
        """The acknowledgement of a submission closes the modal, shows errors in it, or puts another there."""
        if delivery.payload.get("type") != "view_submission" or not delivery.acked:
            return
        view_id, answer = delivery.payload["view"]["id"], delivery.answer or {}
        action = answer.get("response_action", "clear")
        if action == "update" and view_id in self.open_views:
            who, _ = self.open_views[view_id]
            view = shapes.view(self.slack.app, self.slack.world, answer["view"], view_id)
            self.open_views[view_id] = (who, view)
        elif action != "errors":
            self.open_views.pop(view_id, None)


@dataclass(slots=True)
class Upload:
    name: str
    length: int
    data: bytes = b""
    done: bool = False


class Uploads:
    """Files: a place is asked for, filled, and then shared."""

    def __init__(self, slack):
        self.slack, self._by_id = slack, {}

    def begin(self, name, length):
        file_id = self.slack.world.new_id("F")
        self._by_id[file_id] = Upload(name, length)
        return file_id, f"{self.slack.base_url}/upload/v1/{file_id}"

    def receive(self, file_id, data):
        """(HTTP status, text)."""
        found = self._by_id.get(file_id)
        if found is None or found.data:
            return 404, "not found"
        if len(data) != found.length:
            return 400, f"expected {found.length} bytes, got {len(data)}"
        found.data = data
        return 200, f"OK - {len(data)}"

    def complete(self, file_id, title):
        found = self._by_id.get(file_id)
        if found is None or not found.data or found.done:
            raise Refused("file_not_found")
        found.done = True
        shown = {"id": file_id, "name": found.name, "title": title or found.name, "size": found.length}
        self.slack.world.files[file_id] = shown
        return shown

    def data(self, file_id):
        """The bytes that were uploaded."""
        return self._by_id[file_id].data


class Responses:
    """Addresses to respond to an interaction."""

    def __init__(self, slack):
        self.slack, self._known = slack, {}

    def issue(self, who, channel_id, message=None):
        name = secrets.token_hex(12)
        self._known[name] = [who, channel_id, message, self.slack.clock(), 0]
        return f"{self.slack.base_url}/actions/{self.slack.world.team_id}/{name}"

    def take(self, name):
        """(who, channel, message) of one use. Raises Refused."""
        found = self._known.get(name)
        if found is None:
            raise Refused("invalid_url")
        if self.slack.clock() - found[3] > RESPONSE_S:
            raise Refused("expired_url")
        if found[4] >= RESPONSES:
            raise Refused("used_url")
        found[4] += 1
        return found[:3]
