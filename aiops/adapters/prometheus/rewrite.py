"""Rewrite: the same query for a server that names things otherwise. Works on tokens, so strings stay strings.

What comes out is parsed again by whoever sends it; a query that cannot be rewritten soundly is Rejected.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aiops.adapters.prometheus.matchers import quote
from aiops.adapters.prometheus.promql import MATCHES, parse
from aiops.adapters.prometheus.tokens import Token, refusal, seconds, tokens

_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
Renames = Callable[[str], Mapping[str, str]]  # of a metric: label as written -> label as it is there


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a metric: what is selected, and the instant vector made of it (a call, for a range)."""

    metric: str
    labels: tuple[tuple[str, int, int], ...]  # labels of matchers: name and where it stands
    start: int
    end: int  # of the selector with its braces, without a range
    outer_start: int
    outer_end: int  # of the call round a range, or of the selector itself
    ranged: bool


def uses(query: str) -> list[Use]:
    """Every selector with a written name. Rejected for a range that no function takes (a subquery)."""
    parse(query)
    found = []
    listed = tokens(query)
    in_list = {at for at, _ in _listed(listed)}
    for at, token in enumerate(listed):
        if token.kind != "word" or at in in_list or not _selects(listed, at):
            continue
        end, labels = _braces(listed, at + 1)
        last = listed[end - 1].end if end > at + 1 else token.end
        ranged = listed[end].text == "["
        outer = _call(query, listed, at) if ranged else (token.start, last)
        found.append(Use(token.text, labels, token.start, last, *outer, ranged))
    return found


def listed_labels(query: str) -> set[str]:
    """Labels in ``by``, ``on`` and the like: those that the answer, or a matching of sides, is told by."""
    return {token.text for _, token in _listed(tokens(query))}


def renamed(query: str, renames: Mapping[str, str]) -> str:
    """Every label of ``query`` renamed, in matchers and in lists."""
    edits = [
        (start, end, renames[label])
        for use in uses(query)
        for label, start, end in use.labels
        if label in renames
    ]
    edits += [
        (token.start, token.end, renames[token.text])
        for _, token in _listed(tokens(query))
        if token.text in renames
    ]
    return _edited(query, edits)


def normalised(query: str, renames: Renames) -> str:
    """``query`` with each metric's labels renamed to what the lists of the query say, where they differ.

    Matchers use the server's names; round the selector (or the function of its range) goes a label_replace a
    label. More costly than ``renamed`` and cannot be split into shards, but right where metrics differ.
    """
    edits = []
    told = listed_labels(query)
    for use in uses(query):
        names = renames(use.metric)
        edits += [(start, end, names[label]) for label, start, end in use.labels if label in names]
        wraps = sorted((label, there) for label, there in names.items() if label in told and label != there)
        if wraps:
            edits.append((use.outer_start, use.outer_start, "label_replace(" * len(wraps)))
            tail = "".join(f', {quote(label)}, "$1", {quote(there)}, "(.*)")' for label, there in wraps)
            edits.append((use.outer_end, use.outer_end, tail))
    return _edited(query, edits)


def replaced(query: str, metric: str, by: str) -> str:
    """``query`` with every call round a range of ``metric`` replaced by the recorded series ``by``."""
    edits = []
    for use in uses(query):
        if use.metric == metric:
            braces = query[use.start + len(use.metric) : use.end]
            edits.append((use.outer_start, use.outer_end, f"{by}{braces}"))
    return _edited(query, edits)


def windowed(query: str, interval_s: float) -> str:
    """``query`` with windows that hold four samples a scrape: shorter ones see nothing, longer ones late.

    Windows above two minutes count something (restarts in ten minutes) and are only ever made longer.
    """
    edits = []
    listed = tokens(query)
    for before, token, after in zip(listed, listed[1:], listed[2:], strict=False):
        if before.text == "[" and token.kind == "duration" and after.text == "]":
            want = 4 * interval_s
            now = seconds(token.text)
            if want > now or (now <= 120 and want != now):
                edits.append((token.start, token.end, duration(want)))
    return _edited(query, edits)


def duration(length_s: float) -> str:
    """Seconds as PromQL writes them: 90 is 90s, 120 is 2m, 0.5 is 500ms."""
    if length_s != int(length_s):
        return f"{max(round(length_s * 1000), 1)}ms"
    whole = int(length_s)
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0 and whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _edited(query: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, text in sorted(edits, reverse=True):
        query = query[:start] + text + query[end:]
    parse(query)
    return query


def _listed(listed: list[Token]) -> Iterator[tuple[int, Token]]:
    """Tokens that are labels between the brackets of ``by`` and the like, with their index."""
    for at, token in enumerate(listed[:-1]):
        if token.kind == "word" and token.text.lower() in _LISTS and listed[at + 1].text == "(":
            inner = at + 2
            while listed[inner].text not in (")", "") and listed[inner].kind != "end":
                if listed[inner].kind == "word":
                    yield inner, listed[inner]
                inner += 1


def _selects(listed: list[Token], at: int) -> bool:
    """Whether the word at ``at`` names a metric: not a function, keyword, or label of a matcher."""
    token, after = listed[at], listed[at + 1]
    if after.text == "(" or after.text in MATCHES:
        return False
    if token.text.lower() in {"bool", "offset", "inf", "nan", "and", "or", "unless", "atan2", *_LISTS}:
        return False
    return not (after.text.lower() in {"by", "without"} and listed[at + 2].text == "(")


def _braces(listed: list[Token], at: int) -> tuple[int, tuple[tuple[str, int, int], ...]]:
    """(index behind the braces that may open at ``at``, the labels of their matchers)."""
    if listed[at].text != "{":
        return at, ()
    labels = []
    while listed[at].text != "}":
        if listed[at].kind == "word":
            labels.append((listed[at].text, listed[at].start, listed[at].end))
        at += 1
    return at + 1, tuple(labels)


def _call(query: str, listed: list[Token], at: int) -> tuple[int, int]:
    """Start and end of the function call that takes the range which begins at token ``at``."""
    first, depth = at - 1, 0
    while first >= 0 and not (listed[first].text == "(" and depth == 0):
        depth += {")": 1, "(": -1}.get(listed[first].text, 0)
        first -= 1
    if first < 1 or listed[first - 1].kind != "word":
        raise refusal(query, listed[at].start, "a range inside the brackets of a function")
    last, depth = first + 1, 1
    while depth:
        depth += {"(": 1, ")": -1}.get(listed[last].text, 0)
        last += 1
    return listed[first - 1].start, listed[last - 1].end


def window_s(query: str) -> float:
    """The longest window of ``query``, in seconds; 0 without one."""
    listed = tokens(query)
    return max(
        (
            seconds(token.text)
            for before, token in itertools.pairwise(listed)
            if before.text == "[" and token.kind == "duration"
        ),
        default=0.0,
    )
