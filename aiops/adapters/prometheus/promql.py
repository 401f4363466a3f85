"""PromQL, read as far as needed to know every place where series are selected.

A recursive descent over the whole grammar, because a query in which one selector were overlooked would read
another cluster's series. Precedence does not matter for that, so operators are read as a flat chain. What
the grammar here does not know (experimental syntax, dialects) is refused.

Source: promql/parser/generated_parser.y of Prometheus.
"""

import functools
from dataclasses import dataclass, field

from aiops.adapters.prometheus.tokens import Token, refusal, seconds, tokens

MAX_DEPTH = 60
AGGREGATIONS = frozenset(
    [
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "quantile",
        "count_values",
        "limitk",
        "limit_ratio",
    ]
)
OPERATORS = frozenset(
    ["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless", "atan2"]
)
MATCHES = frozenset(["=", "!=", "=~", "!~"])


@dataclass(frozen=True, slots=True)
class Selector:
    """One place where series are selected. ``insert_at`` is where a matcher can be put, see ``braced``."""

    name: str  # of the metric, where it is written before the braces
    matchers: tuple[tuple[str, str, str], ...]  # (label, =|!=|=~|!~, text of the string with its quotes)
    braced: bool  # whether there are braces; ``insert_at`` is then behind the opening one
    insert_at: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """One aggregation: its operator, and ``by`` or ``without`` which labels (``by`` nothing: one result)."""

    operator: str
    by: bool
    labels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matching:
    """How two sides of an operator are matched: ``on`` or ignoring which labels."""

    on: bool
    labels: frozenset[str]


@dataclass(slots=True)
class Parsed:
    """What a query is made of."""

    selectors: list[Selector] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    groupings: list[Grouping] = field(default_factory=list)  # outermost last
    operators: list[str] = field(default_factory=list)
    matchings: list[Matching] = field(default_factory=list)  # where they are said; else by all labels
    reach_s: float = 0.0  # how far before its time the query looks: ranges and offsets added up
    moved: bool = False  # has a subquery, ``@`` or a negative offset
    plain: bool = False  # one selector and nothing else


@functools.lru_cache(maxsize=4096)
def parse(query: str) -> Parsed:
    """Read ``query``; do not change the answer. Rejected where it is not PromQL as known here."""
    parser = _Parser(query)
    parser.expression(0)
    parser.expect("", "end")
    parsed = parser.parsed
    parsed.plain = (
        len(parsed.selectors) == 1
        and not (parsed.functions or parsed.groupings or parsed.operators or parsed.moved)
        and parsed.reach_s == 0
        and parser.literals == 0
    )
    return parsed


class _Parser:
    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = tokens(query)
        self.at = 0
        self.parsed = Parsed()
        self.literals = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def sees(self, *texts: str) -> bool:
        """Whether a sign or (in any case of letters, as in Prometheus) a keyword stands here."""
        return self.now.kind in ("sign", "word") and self.now.text.lower() in texts

    def take(self) -> Token:
        token = self.now
        self.at += token.kind != "end"
        return token

    def expect(self, text: str, kind: str = "sign") -> Token:
        if self.now.kind != kind or (text and self.now.text != text):
            raise refusal(self.query, self.now.start, text or kind)
        return self.take()

    def expression(self, depth: int) -> None:
        """unary (operator unary)*."""
        if depth > MAX_DEPTH:
            raise refusal(self.query, self.now.start, f"at most {MAX_DEPTH} levels of brackets")
        self.unary(depth)
        while self.sees(*OPERATORS):
            self.parsed.operators.append(self.take().text.lower())
            self.modifiers()
            self.unary(depth)

    def modifiers(self) -> None:
        """[bool] [on|ignoring (...) [group_left|group_right [(...)]]], only where brackets follow."""
        if self.sees("bool"):
            self.take()
        if self.sees("on", "ignoring") and self.follows("("):
            on = self.take().text.lower() == "on"
            self.parsed.matchings.append(Matching(on, self.labels()))
            if self.sees("group_left", "group_right"):
                self.take()
                if self.sees("("):
                    self.labels()

    def follows(self, text: str) -> bool:
        after = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        return after.kind == "sign" and after.text == text

    def unary(self, depth: int) -> None:
        while self.sees("+", "-"):
            self.parsed.operators.append(self.take().text)
        self.primary(depth)
        self.postfix()

    def primary(self, depth: int) -> None:
        token = self.now
        if token.kind in ("number", "duration", "string") or (
            token.kind == "word" and token.text.lower() in ("inf", "nan")
        ):
            self.literals += 1
            self.take()
        elif self.sees("("):
            self.take()
            self.expression(depth + 1)
            self.expect(")")
        elif self.sees("{"):
            self.selector("")
        elif token.kind != "word":
            raise refusal(self.query, token.start, "an expression")
        elif token.text.lower() in AGGREGATIONS and self.aggregates():
            self.aggregation(depth)
        elif self.follows("("):
            self.take()
            self.parsed.functions.append(token.text)
            self.arguments(depth)
        else:
            self.take()
            self.selector(token.text)

    def aggregates(self) -> bool:
        after = self.tokens[self.at + 1]
        return self.follows("(") or (after.kind == "word" and after.text.lower() in ("by", "without"))

    def aggregation(self, depth: int) -> None:
        operator = self.take().text.lower()
        grouping = self.grouping(operator)
        self.arguments(depth)
        if grouping is None:
            grouping = self.grouping(operator)
        self.parsed.groupings.append(grouping or Grouping(operator, True, frozenset()))

    def grouping(self, operator: str) -> Grouping | None:
        if not self.sees("by", "without"):
            return None
        by = self.take().text.lower() == "by"
        return Grouping(operator, by, self.labels())

    def arguments(self, depth: int) -> None:
        self.expect("(")
        while not self.sees(")"):
            self.expression(depth + 1)
            if not self.sees(")"):
                self.expect(",")
        self.take()

    def labels(self) -> frozenset[str]:
        found = set()
        self.expect("(")
        while not self.sees(")"):
            if self.now.kind not in ("word", "string"):
                raise refusal(self.query, self.now.start, "a label name")
            found.add(self.take().text)
            if not self.sees(")"):
                self.expect(",")
        self.take()
        return frozenset(found)

    def selector(self, name: str) -> None:
        """[{ matcher, ... }] after ``name``."""
        if not self.sees("{"):
            end = self.tokens[self.at - 1].end
            self.parsed.selectors.append(Selector(name, (), False, end))
            return
        behind = self.take().end
        matchers = []
        while not self.sees("}"):
            matchers.append(self.matcher())
            if not self.sees("}"):
                self.expect(",")
        self.take()
        self.parsed.selectors.append(Selector(name, tuple(matchers), True, behind))

    def matcher(self) -> tuple[str, str, str]:
        label = self.now
        if label.kind not in ("word", "string"):
            raise refusal(self.query, label.start, "a label name")
        self.take()
        if label.kind == "string" and self.sees(",", "}"):
            return "__name__", "=", label.text  # {"http.requests"}: a quoted metric name
        if not self.sees(*MATCHES):
            raise refusal(self.query, self.now.start, "one of = != =~ !~")
        return label.text, self.take().text, self.expect("", "string").text

    def postfix(self) -> None:
        """Ranges, subqueries, offset and @, in any order and number."""
        while True:
            if self.sees("["):
                self.take()
                self.parsed.reach_s += seconds(self.expect("", "duration").text)
                if self.sees(":"):
                    self.parsed.moved = True
                    self.take()
                    if not self.sees("]"):
                        self.expect("", "duration")
                self.expect("]")
            elif self.sees("offset"):
                self.take()
                if self.sees("-"):
                    self.parsed.moved = True
                    self.take()
                self.parsed.reach_s += seconds(self.expect("", "duration").text)
            elif self.sees("@"):
                self.take()
                self.parsed.moved = True
                self.instant()
            else:
                return

    def instant(self) -> None:
        if self.sees("start", "end"):
            self.take()
            self.expect("(")
            self.expect(")")
            return
        while self.sees("+", "-"):
            self.take()
        self.expect("", "number")
