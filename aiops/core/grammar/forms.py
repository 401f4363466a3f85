"""Forms: the whole grammar, as a table of exact patterns. An auditor needs to read no more than this.

Letters are matched by case-insensitive ASCII, and a word is set apart by exactly one space: so a look-alike
letter, an emoji, an invisible or a quoted character matches nothing. Only the text after "because" or a
colon is free; it is cleaned by ``reason`` and is never read.
"""

import re
from collections.abc import Callable
from typing import Final

from aiops.core.grammar.utterance import (
    Approves,
    AsksWhy,
    CallsFalse,
    Changes,
    Claims,
    Denies,
    HelpAsked,
    OnlyToday,
    Releases,
    Resumes,
    Stops,
    Unclear,
    Utterance,
    Waits,
)

LONGEST = 4000  # characters; a longer message is no decision
LONGEST_REASON = 500  # characters that are kept of a reason
MOST_PODS = 1000
MOST_REVISION = 99_999
MINUTES: Final = {"m": 1, "h": 60, "d": 1440}

ID = r"(?P<id>[0-9a-f]{4,12})"
NUMBER = r"(?P<number>0|[1-9][0-9]{0,8})"
TODAY = r"(?P<today> only today)?"
BECAUSE = r"(?: because (?P<reason>\S.*))?"

Match = re.Match[str]


def reason(match: Match) -> str:
    """The free text of ``match`` on one line, without control, bidirectional or invisible characters."""
    text = match["reason"] or ""
    kept = "".join(one if one.isprintable() else " " for one in text)
    words = " ".join(kept.split())
    return words if len(words) <= LONGEST_REASON else words[: LONGEST_REASON - 1] + "…"


def _name(match: Match) -> str:
    return (match["id"] or "").lower()


def _approves(match: Match) -> Utterance:
    return Approves(_name(match), bool(match["today"]))


def _denies(match: Match) -> Utterance:
    return Denies(_name(match), bool(match["today"]), reason(match))


def _waits(match: Match) -> Utterance:
    minutes = int(match["number"]) * MINUTES[match["unit"].lower()]
    if not minutes:
        return Unclear("it says how long, and that is no time", "wait 30m")
    return Waits(_name(match), minutes * 60)


def _scales(match: Match) -> Utterance:
    number = int(match["number"])
    if number > MOST_PODS:
        return Unclear(f"{number} pods are more than the {MOST_PODS} that a reply may ask for")
    return Changes(_name(match), "scale_to", {"replicas": number}, reason(match))


def _restarts(match: Match) -> Utterance:
    return Changes(_name(match), "restart_rollout", {}, reason(match))


def _rolls_back(match: Match) -> Utterance:
    if match["number"] is None:
        return Changes(_name(match), "rollback", {}, reason(match))
    number = int(match["number"])
    if not 1 <= number <= MOST_REVISION:
        return Unclear(f"revisions are numbered from 1, and {number} is none")
    return Changes(_name(match), "rollback", {"revision": number}, reason(match))


def _false_alarm(match: Match) -> Utterance:
    because = reason(match)
    if not because:
        return Unclear("a false alarm needs a reason that can be read", "false alarm: nightly batch")
    return CallsFalse(because, bool(match["today"]))


# Remediations are named as data: the core does not know them, and a test holds the names and parameters to
# what is there.
FORMS: tuple[tuple[str, Callable[[Match], Utterance]], ...] = (
    (rf"approve(?: {ID})?{TODAY}", _approves),
    (rf"deny(?: {ID})?{TODAY}{BECAUSE}", _denies),
    (rf"(?:wait|snooze)(?: {ID})? {NUMBER}(?P<unit>[mhd])", _waits),
    (rf"(?:{ID}: )?scale to {NUMBER} instead{BECAUSE}", _scales),
    (rf"(?:{ID}: )?restart instead{BECAUSE}", _restarts),
    (rf"(?:{ID}: )?roll ?back(?: to {NUMBER})? instead{BECAUSE}", _rolls_back),
    (r"only today", lambda _: OnlyToday()),
    (r"why\??", lambda _: AsksWhy()),
    (rf"false alarm{TODAY}: ?(?P<reason>\S.*)", _false_alarm),
    (r"i'?m on it|mine", lambda _: Claims()),
    (r"release", lambda _: Releases()),
    (rf"stop everything{BECAUSE}", lambda match: Stops(reason(match))),
    (rf"resume everything{BECAUSE}", lambda match: Resumes(reason(match))),
    (r"help", lambda _: HelpAsked()),
)
COMPILED = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE | re.DOTALL), build) for pattern, build in FORMS
)


def read(text: str) -> Utterance | None:
    """What exactly ``text`` says; None where no form matches all of it."""
    for pattern, build in COMPILED:
        match = pattern.fullmatch(text)
        if match:
            return build(match)
    return None
