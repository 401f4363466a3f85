"""Document: YAML 1.2 text to a tree of nodes with line numbers, refusing everything that surprises (S2).

Refused: tags, anchors and aliases (so no bombs), directives, several documents, duplicate keys, keys that
are not text, non-UTF-8, control characters, and what is too large or too deep. Scalars stay text here;
whoever knows the wanted type reads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiops.errors import Problem

MAX_BYTES = 512 * 1024  # of one file: more than a thousand signals; bounds the time to parse, a few seconds
MAX_DEPTH = 16
MAX_NODES = 50_000
SHOWN = 60  # characters of a value that an error shows


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text; ``plain`` when it stood without quotes, so that it may mean a number or a truth."""

    text: str
    plain: bool
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple["Node", ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; keys are unique, in the order of the file."""

    entries: dict[str, tuple[Scalar, "Node"]]
    line: int


Node = Scalar | Items | Table


class _RefusedError(Exception):
    """Why the text is no document of ours."""

    def __init__(self, line: int, got: str, expected: str) -> None:
        self.line, self.got, self.expected = line, got, expected
        super().__init__(got)


def shown(node: Node) -> str:
    """What stands there, shortened, with control characters escaped."""
    match node:
        case Scalar(text, plain):
            short = text if len(text) <= SHOWN else text[:SHOWN] + "..."
            return (short if plain and short.isprintable() else ascii(short)) or "nothing"
        case Items(items):
            return f"a list of {len(items)}"
        case Table(entries):
            return f"a mapping of {len(entries)} keys"


def parse(name: str, data: bytes, repeated: list[Problem] | None = None) -> Node | Problem:
    """The tree of one file, or the first thing that is wrong with it. Linear in the size of ``data``.

    With ``repeated``, keys that stand there again are noted in it and reading goes on with the first of them,
    so that all that is wrong can be told at once.
    """

    def again(error: _RefusedError) -> None:
        if repeated is None:
            raise error
        repeated.append(Problem(f"{name}:{error.line}", error.got, error.expected))

    try:
        return _Builder(_events(_text(data)), again).document()
    except _RefusedError as error:
        return Problem(f"{name}:{error.line}", error.got, error.expected)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _RefusedError(1, f"{len(data)} bytes", f"a file of at most {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _RefusedError(line, f"byte 0x{data[error.start]:02x}", "text in UTF-8") from error


def _events(text: str) -> Iterator[Any]:
    """The parser's events; whatever it complains of becomes ours, with the line."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - 60 ms, only who reads a configuration pays
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 - as above

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        near = text.splitlines()[line - 1 : line] if mark else []
        if near and "\t" in near[0]:
            what += " (tabs do not indent in YAML)"
        raise _RefusedError(line, what or "something unreadable", "valid YAML") from error
    except (YAMLError, ValueError, OverflowError) as error:  # a reader error, a character out of range
        first = (str(error).splitlines() or ["something unreadable"])[0]
        raise _RefusedError(1, ascii(first), "valid YAML without control characters") from error


class _Builder:
    """Events to nodes, one pass, with the limits checked on the way."""

    def __init__(self, events: Iterator[Any], again: Callable[[_RefusedError], None]) -> None:
        self._events, self._again, self._nodes, self._line = events, again, 0, 1

    def _next(self) -> Any:
        event = next(self._events)
        self._line = event.start_mark.line + 1 if event.start_mark else self._line
        return event

    def _refuse(self, got: str, expected: str) -> _RefusedError:
        return _RefusedError(self._line, got, expected)

    def document(self) -> Node:
        self._next()  # the stream starts
        start = self._next()
        if type(start).__name__ != "DocumentStartEvent":
            raise self._refuse("an empty file", "a mapping of settings")
        if start.version or start.tags:
            raise self._refuse("a % directive", "plain YAML 1.2 without directives")
        node = self._node(self._next(), 0)
        self._next()  # the document ends
        if type(self._next()).__name__ != "StreamEndEvent":
            raise self._refuse("a second document (---)", "one document a file")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        kind = type(event).__name__
        if kind == "AliasEvent" or event.anchor:
            raise self._refuse(f"an anchor or alias {event.anchor!a}", "the value written out")
        if event.tag and str(event.tag) not in {"!", ""}:
            raise self._refuse(f"a tag {str(event.tag)!a}", "plain values without tags")
        if depth > MAX_DEPTH:
            raise self._refuse(f"more than {MAX_DEPTH} levels", f"at most {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            raise self._refuse(f"more than {MAX_NODES} values", f"at most {MAX_NODES} values a file")
        line = self._line
        if kind == "ScalarEvent":
            return Scalar(event.value, event.style is None or event.style == "", line)
        if kind == "SequenceStartEvent":
            return Items(self._items(depth), line)
        return self._table(depth, line)

    def _items(self, depth: int) -> tuple[Node, ...]:
        items = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            items.append(self._node(event, depth + 1))
        return tuple(items)

    def _table(self, depth: int, line: int) -> Table:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while type(event := self._next()).__name__ != "MappingEndEvent":
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise _RefusedError(key.line, shown(key), "a key of text")
            if key.text in entries:
                first = entries[key.text][0].line
                got = f"key {shown(key)} again (first in line {first})"
                self._again(_RefusedError(key.line, got, "each key once"))
            value = self._node(self._next(), depth + 1)
            entries.setdefault(key.text, (key, value))
        return Table(entries, line)
