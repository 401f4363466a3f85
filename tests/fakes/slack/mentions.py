"""Whose attention a message takes, by Slack's control sequences.

Source: "Formatting text for app surfaces": ``<@U...>``, ``<!subteam^S...>``, ``<!here>``, ``<!channel>`` and
``<!everyone>`` notify, in ``text`` and in ``mrkdwn`` objects; in ``plain_text`` they are only characters.
Stricter than Slack: code spans, edits and ephemeral messages count as well.
"""

import re

SEQUENCE = re.compile(r"<(@[UW][A-Z0-9]+|!(?:here|channel|everyone|subteam\^S[A-Z0-9]+))(?:\|[^<>]*)?>")


def mentioned(message):
    """Who is notified: user ids, "!channel", "!here", "!everyone", "!subteam^S..."; each once."""
    found = SEQUENCE.findall(message.text)
    found += [who for root in (message.blocks, message.attachments) for who in _in(root)]
    return list(dict.fromkeys(who.removeprefix("@") for who in found))


def _in(node):
    if isinstance(node, list | tuple):
        return [who for one in node for who in _in(one)]
    if isinstance(node, str):
        return SEQUENCE.findall(node)
    if not isinstance(node, dict):
        return []
    if node.get("type") == "plain_text":
        return []
    if node.get("type") == "user":  # of a rich text
        return [f"@{node['user_id']}"]
    if node.get("type") == "usergroup":
        return [f"!subteam^{node['usergroup_id']}"]
    if node.get("type") == "broadcast":
        return [f"!{node['range']}"]
    if node.get("type") == "text":  # of a rich text: no markup
        return []
    hidden = {"value", "action_id", "block_id", "url", "image_url", "alt_text"}
    return [who for key, value in node.items() if key not in hidden for who in _in(value)]
