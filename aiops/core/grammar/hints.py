"""Hints: what people write who mean a decision and do not know its form. Each leads to a question only."""

import re
from typing import Final

YES = frozenset(
    [
        *(
            "y",
            "yes",
            "yep",
            "yeah",
            "yup",
            "ok",
            "okay",
            "k",
            "sure",
            "fine",
            "agreed",
            "agree",
            "go",
            "lgtm",
        ),
        *("ack", "accept", "accepted", "confirm", "confirmed", "proceed", "+1", "👍", "✅", "✔", "✔️", "👌"),
        *(":+1:", ":thumbsup:", ":white_check_mark:", ":heavy_check_mark:", ":ok_hand:", "yes please"),
        *("go ahead", "go for it", "do it", "ship it", "looks good", "sounds good", "all good"),
    ]
)
NO = frozenset(
    [
        *("n", "no", "nope", "nah", "nack", "don't", "dont", "do not", "please don't", "no way", "-1", "👎"),
        *("❌", ":-1:", ":thumbsdown:", ":x:"),
    ]
)
MANY = re.compile(r"\b(?:all|both|every|everything|everyone|any|them)\b")
NEGATED = re.compile(r"\b(?:not|no|never|don't|dont|doesn't|won't|can't|cannot|without|dis\w+|un\w+)\b")

# What a text looks like, why it is not read, what could be written instead, and whether it is worth an answer
# only where a plan waits. The first that fits counts. Texts are folded, see ``near``.
_TABLE: Final[tuple[tuple[str, str, str, bool], ...]] = (
    (
        r"^false (?:alarm|positive)",
        "a false alarm needs a reason, after a colon",
        "false alarm: nightly batch",
        False,
    ),
    (
        r"^(?:please )?(?:stop|halt|kill) (?:it|all|now|everything|the (?:bot|automation|daemon))\b"
        r"|^(?:stop|halt|abort)$|\bstop everything\b",
        "the automation is stopped by exactly these words",
        "stop everything",
        False,
    ),
    (
        r"^(?:please )?resume (?:it|all|now|everything|the (?:bot|automation|daemon))\b|^resume$",
        "the automation goes on by exactly these words",
        "resume everything",
        False,
    ),
    (
        r"^(?:i am|i'm|im|we're|we are|i've got|i got|got|i have) (?:on )?(?:it|this)\b|^on it$",
        "an incident is taken over by exactly these words",
        "I'm on it",
        False,
    ),
    (
        r"^release (?:it|this|that)$|^released$",
        "an incident is given back by exactly this word",
        "release",
        False,
    ),
    (
        r"^(?:just|only|for) (?:for )?today$|^today only$",
        "it does not say what holds only today",
        "only today",
        True,
    ),
    (
        r"^(?:please )?(?:[0-9a-f]{4,12}:? )?scale\b|\bscale to \d+",
        "another number of pods is asked for in exactly one form",
        "scale to 6 instead",
        True,
    ),
    (
        r"^(?:please )?(?:[0-9a-f]{4,12}:? )?restart\b",
        "a restart is asked for in exactly one form",
        "restart instead",
        True,
    ),
    (
        r"^(?:please )?(?:[0-9a-f]{4,12}:? )?(?:roll ?back|revert)\b",
        "a return to a revision is asked for in exactly one form",
        "roll back to 41 instead",
        True,
    ),
    (
        r"^(?:wait|hold|hold on|later|pause|not now|not yet)$|^wait (?:for )?\d|^snooz",
        "it does not say for how long, as in 30m, 2h or 1d",
        "wait 30m",
        True,
    ),
    (
        r"^(?=[a-f]*[0-9])[0-9a-f]{4,12}$",
        "it names a plan, and says nothing of it",
        "approve",
        True,
    ),
    (r"^help\b.{0,12}$", "only the word itself is answered", "help", True),
)
HINTS = tuple((re.compile(look), because, instead, asked) for look, because, instead, asked in _TABLE)
