"""Escape: text from labels and from people as Slack shows it, steering nothing (H9).

``<!channel>``, ``<@U1>`` and ``<https://x|y>`` lose their meaning with their angle brackets; control
characters, newlines, and marks that are invisible or turn the direction of text are replaced; a link without
brackets is taken apart, because Slack would make one of it. Only ``user`` and ``group`` make mentions, from
ids of ours.

Errors:  ValueError for what is no id of a user or a user group.
"""

import re

from aiops.core.words import plain

# What ``words.plain`` leaves, and Slack would show as nothing: soft hyphen, joiners, fillers, variation
# selectors, tags.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
_MAILTO = re.compile(r"\b(mailto|tel):", re.IGNORECASE)
CUT = "…"


def escape(text: str, limit: int = 3000) -> str:
    """One line of ``text`` for mrkdwn, at most ``limit`` characters after escaping; no entity is cut."""
    return _fit(_harmless(" ".join(text.split("\n"))), limit)


def escape_lines(text: str, limit: int = 3000) -> str:
    """The same of several lines, each on its own."""
    return _fit("\n".join(_harmless(line) for line in text.splitlines()), limit)


def unmarked(text: str, limit: int) -> str:
    """One line for a plain-text field (a button, a title), where nothing can be escaped."""
    bare = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", plain(" ".join(text.split("\n"))))
    bare = bare.translate({ord("<"): "‹", ord(">"): "›", ord("&"): "+"})
    return bare if len(bare) <= limit else bare[: limit - 1] + CUT


def user(user_id: str) -> str:
    """A mention of one of our users."""
    if not _USER.fullmatch(user_id):
        raise ValueError(f"user: expected an id such as U0123, got {user_id[:30]!r}")
    return f"<@{user_id}>"


def group(group_id: str) -> str:
    """A mention of one of our user groups."""
    if not _GROUP.fullmatch(group_id):
        raise ValueError(f"user group: expected an id such as S0123, got {group_id[:30]!r}")
    return f"<!subteam^{group_id}>"


def unescape(text: str) -> str:
    """What a person typed: Slack hands it out with the three characters escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _harmless(text: str) -> str:
    """Nothing unseen, nothing that Slack would turn into a link or the end of a block of code."""
    seen = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", plain(text)).replace("`", "'")
    return _MAILTO.sub(r"\1[:]", seen.replace("://", "[:]//"))


def _fit(text: str, limit: int) -> str:
    """Escaped and cut; the cut shows."""
    whole = "".join(_ENTITIES.get(sign, sign) for sign in text)
    if len(whole) <= limit:
        return whole
    parts, size = [], len(CUT)
    for sign in text:
        part = _ENTITIES.get(sign, sign)
        if size + len(part) > limit:
            break
        parts.append(part)
        size += len(part)
    return "".join(parts) + CUT
