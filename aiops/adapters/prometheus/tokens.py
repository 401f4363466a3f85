"""Tokens of PromQL. What is not known is refused, so that nothing unread is ever sent on.

Source: the lexer of Prometheus, promql/parser/lex.go, up to version 3; its experimental parts are refused.
"""

import re
from dataclasses import dataclass

from aiops.errors import Rejected

MAX_QUERY = 65_536  # characters; no honest query is near
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
_DURATION = r"(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9A-Za-z_.])"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+ | \#[^\r\n]*)
    | (?P<duration>{_DURATION})
    | (?P<number>0[xX][0-9a-fA-F]+(?![0-9A-Za-z_.])
        | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
    | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*" | '(?:[^'\\\n]|\\[^\n])*' | `[^`]*`)
    | (?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^<>=(){{}}\[\],:@])
    """,
    re.VERBOSE,
)
_IN_RANGE = re.compile(  # between [ and ] a colon is a sign and never part of a name
    rf"(?P<space>[ \t\r\n]+|\#[^\r\n]*)|(?P<duration>{_DURATION})|(?P<sign>[\[\]:])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is duration, number, word, string, sign or end; ``start`` and ``end`` are offsets."""

    kind: str
    text: str
    start: int
    end: int


def tokens(query: str) -> list[Token]:
    """All tokens of ``query``, an ``end`` last; no spaces, no comments. Rejected where it cannot be read."""
    if len(query) > MAX_QUERY:
        raise Rejected(f"query: expected at most {MAX_QUERY} characters, got {len(query)}")
    found: list[Token] = []
    at, grammar = 0, _TOKEN
    while at < len(query):
        match = grammar.match(query, at)
        if match is None:
            raise refusal(query, at, f"something that PromQL has, got {query[at]!r}")
        if match.lastgroup != "space" and match.lastgroup is not None:
            found.append(Token(match.lastgroup, match.group(), at, match.end()))
            grammar = {"[": _IN_RANGE, "]": _TOKEN}.get(match.group(), grammar)
        at = match.end()
    return [*found, Token("end", "", at, at)]


def refusal(query: str, at: int, expected: str) -> Rejected:
    """The error for what stands at offset ``at``."""
    near = query[max(0, at - 20) : at + 20]
    return Rejected(f"query, at character {at + 1} (near {near!r}): expected {expected}")


def seconds(duration: str) -> float:
    """Seconds of a duration such as ``1h30m``."""
    return sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"([0-9]+)(ms|[smhdwy])", duration))
