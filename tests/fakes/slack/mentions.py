"""Whose attention a message takes, by Slack's control sequences.

Source: "Formatting text for app surfaces": ``<@U...>``, ``<!subteam^S...>``, ``<!here>``, ``<!channel>`` and
``<!everyone>`` notify, in ``text`` and in ``mrkdwn`` objects; in ``plain_text`` they are only characters.
Stricter than Slack: code spans, edits and ephemeral messages count as well.
"""

import re

SEQUENCE = re.compile(r"<(@[UW][A-Z0-9]+|!(?:here|channel|everyone|subteam\^S[A-Z0-9]+))(?:\|[^<>]*)?>")


RICH = {
    "text": lambda node: "",
    "user": lambda node: f"<@{node['user_id']}>",
    "usergroup": lambda node: f"<!subteam^{node['usergroup_id']}>",
    "broadcast": lambda node: f"<!{node['range']}>",
    "link": lambda node: f"<{node['url']}>",
}
LINK = re.compile(r"<((?:https?|mailto|tel|slack):[^<>|]*)(?:\|[^<>]*)?>")


def mentioned(message):
    """Who is notified: user ids, "!channel", "!here", "!everyone", "!subteam^S..."; each once."""
    return [who.removeprefix("@") for who in found_in(message, SEQUENCE)]


def found_in(message, pattern):
    """What of ``pattern`` is active in the message, each once, in reading order."""
    found = pattern.findall(message.text)
    found += [one for root in (message.blocks, message.attachments) for one in _in(root, pattern)]
    return list(dict.fromkeys(found))


def _in(node, pattern):
    if isinstance(node, list | tuple):
        return [found for one in node for found in _in(one, pattern)]
    if isinstance(node, str):
        return pattern.findall(node)
    if not isinstance(node, dict):
        return []
    if node.get("type") == "plain_text":
        return []
    if node.get("type") in RICH:  # parts of a rich text have no markup, but some are mentions or links
        return pattern.findall(RICH[node["type"]](node))
    hidden = {"value", "action_id", "block_id", "url", "image_url", "alt_text"}
    return [who for key, value in node.items() if key not in hidden for who in _in(value, pattern)]
