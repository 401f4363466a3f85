"""Redact: text that others wrote, without the secrets that can be told by their looks or their names (S8).

Input:   text of any origin, such as the last lines of a log or what a container left when it died; words that
         name secrets beside those known here.
Output:  the same text with each secret as ``[redacted]``: what follows a word such as password, token, secret
         or api key, authorization headers and cookies, credentials in URLs, private keys (also half of one),
         JSON web tokens, tokens of well-known services, long random text. Rather too much than too little.
Errors:  none.
Cost:    linear in the text.
Limits:  a secret without a name beside it that looks like a plain word is not found. Logs are for those who
         may read them anyway.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from aiops.core.words import plain

REDACTED = "[redacted]"
BY_HAND = "; a person may type: "  # before a command in a reason, which may hold values of variables
LONGEST_LINE = 300  # characters of one line for people
WORDS = (
    "password",
    "passwd",
    "passphrase",
    "pass(?![a-z])",
    "pwd",
    "secret",
    "token",
    "api[-_ ]?key",
    "access[-_ ]?key",
    "account[-_ ]?key",
    "private[-_ ]?key",
    "encryption[-_ ]?key",
    "signing[-_ ]?key",
    "master[-_ ]?key",
    "license[-_ ]?key",
    "credential",
    "connection[-_ ]?string",
    "session[-_ ]?id",
    "signature",
    "auth(?![a-z])",
    "dsn(?![a-z])",
    "cvv",
    "otp(?![a-z])",
)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_BEGIN, _END = (rf"-----{word} [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----" for word in ("BEGIN", "END"))
_FORMS = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        # a private key, whole or with its end cut off; for one without its beginning see ``_without_tails``
        (rf"{_BEGIN}[\s\S]*?(?:{_END}|\Z)", REDACTED),
        (r"(?i)((?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]{0,20}(?:key|token)|www-authenticate)"
         r"(\\*[\"']?\s*[:=]\s*)[^\r\n]+", rf"\1\2{REDACTED}"),
        (r"(?i)\b(bearer|basic|negotiate|digest)\s+[A-Za-z0-9+/=._~-]{6,}", rf"\1 {REDACTED}"),
        (r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^\s\"'<>@]{1,500}@(?:[^\s\"'<>@]{0,500}@)*", rf"\1{REDACTED}@"),
        (r"\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){1,4}", REDACTED),
        (r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}", REDACTED),
        (r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk-|sk_live_|rk_live_|npm_|pypi-|hvs\.|hvb\.|"
         r"dop_v1_|AIza|ya29\.|SG\.)[A-Za-z0-9_.-]{8,}", REDACTED),
        (r"https://hooks\.slack\.com/\S+", REDACTED),
        (r"(?m)^\s*[A-Za-z0-9+/]{48,}={0,2}\s*$", REDACTED),  # a line from the middle of a key
    )
)  # fmt: skip
_KEY_BEGIN, _KEY_END = re.compile(_BEGIN), re.compile(_END)
_OF_A_KEY = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\ \t\r\n")
_LONGEST_KEY = 16_384
_RANDOM = re.compile(r"[A-Za-z0-9+_-]{40,}={0,2}")
_QUOTED = (
    r"(?:(?P<back>\\+)[\"'](?:(?!(?P=back)[\"'])[^\r\n])*(?:(?P=back)[\"'])?"
    r"|\"(?:\\.|[^\"\\])*(?:\"|\Z)|'(?:\\.|[^'\\])*(?:'|\Z))\S*"
)
_BARE = r"[^\s\"'\\][^\s]*(?:[^\S\r\n]+(?![\w.-]{1,64}[=:])[^\s=]+)*"


@lru_cache(maxsize=8)
def _named(words: tuple[str, ...]) -> re.Pattern[str]:
    """A word that names a secret, what joins it to its value, and the value."""
    names = "|".join((*WORDS, *(re.escape(word) for word in words if word.strip())))
    joined = r"(?:\\*[\"'\])]*\s*(?::=|=>|->|[:=>])\s*|\\*[\"']\s*,\s*)"
    flag = r"(?<=--)(?!-)[\w-]{0,40}?"
    return re.compile(
        rf"(?i)(?P<name>(?:{names})[\w.\[\]-]{{0,64}}{joined}|{flag}(?:{names})[\w-]{{0,40}}[^\S\r\n]+)"
        rf"(?:{_QUOTED}|{_BARE})"
    )


def redact(text: str, words: Iterable[str] = ()) -> str:
    """``text`` without secrets; ``words`` name more of them. Lines stay lines."""
    text = _without_tails(_ANSI.sub("", text))
    for pattern, instead in _FORMS:
        text = pattern.sub(instead, text)
    text = _named(tuple(words)).sub(rf"\g<name>{REDACTED}", text)
    return _RANDOM.sub(lambda found: REDACTED if _is_random(found[0]) else found[0], text)


def _without_tails(text: str) -> str:
    """Without private keys of which only the end is there, as in the last lines of a log."""
    kept, since = [], 0
    for end in _KEY_END.finditer(text):
        start, whole = end.start(), _KEY_BEGIN.search(text, since, end.start()) is not None
        while start > max(since, end.start() - _LONGEST_KEY) and text[start - 1] in _OF_A_KEY:
            start -= 1
        kept.append(text[since : end.end()] if whole else text[since:start] + REDACTED)
        since = end.end()
    return "".join((*kept, text[since:]))


def one_line(text: str, words: Iterable[str] = (), longest: int = LONGEST_LINE) -> str:
    """The first line of ``text`` for people: redacted, printable, shortened. What a server adds below its
    first line is often a piece of the object itself."""
    lines = [line for line in text[: 8 * longest].splitlines() if line.strip()]
    first = plain(redact(lines[0], words).strip()) if lines else ""
    return first if len(first) <= longest else first[: longest - 1] + "…"


def _is_random(text: str) -> bool:
    """Letters of both cases and digits, mixed: neither a name nor a digest in hexadecimal."""
    kinds = (any(map(str.islower, text)), any(map(str.isupper, text)), any(map(str.isdigit, text)))
    return all(kinds)


HIDDEN = "(hidden)"


def without_values(values: Any) -> Any:
    """``values`` of a patch or manifest with the values of environment variables hidden: they may be secrets,
    and whoever reads a plan needs their names."""
    if isinstance(values, Mapping):
        return {
            key: [_nameless(one) for one in inner]
            if key == "env" and _is_list(inner)
            else without_values(inner)
            for key, inner in values.items()
        }
    return [without_values(one) for one in values] if _is_list(values) else values


def _nameless(variable: Any) -> Any:
    if isinstance(variable, Mapping) and variable.get("value"):
        return {**variable, "value": HIDDEN}
    return variable


def _is_list(values: Any) -> bool:
    return isinstance(values, list | tuple)
