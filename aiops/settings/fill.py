"""Fill: a tree of nodes into our frozen dataclasses, noting every problem on the way.

The dataclass is the schema: its fields are the keys, its types what is expected, its defaults the
defaults. A field of seconds or days (``step_s``, ``history_days``) is written as ``step: 15s`` and
``history: 14d``. Unknown keys are problems with "did you mean"; a value object may refuse its own content
by ValueError ("field: expected this, got that").
"""

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiops.errors import Problem
from aiops.model import Target
from aiops.settings import scalars
from aiops.settings.document import Items, Node, Scalar, Table, shown

SECRET = ("password", "token", "secret", "header", "authorization", "credential")
DURATIONS = {"_s": 1, "_days": 86_400}


class Report:
    """Collects problems, and remembers in which line each path of each file stands."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._lines: dict[tuple[str, str], int] = {}

    def stands(self, file: str, path: str, line: int) -> None:
        """Remember that ``path`` of ``file`` is in ``line``."""
        self._lines[file, path] = line

    def add(self, file: str, path: str, got: str, expected: str) -> None:
        """Note a problem; the line is that of the path, or of what it is part of."""
        known = path
        while known and (file, known) not in self._lines:
            known = known[: max(known.rfind("."), known.rfind("["), 0)]
        line = self._lines.get((file, known), 1)
        if any(word in path.lower() for word in SECRET):
            got = "(not shown)"
        self.problems.append(Problem(f"{file}:{line} {path}".rstrip(), got, expected))


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where in which file."""

    report: Report
    file: str
    path: str = ""

    def at(self, key: str | int, line: int) -> "Place":
        """The place of one key or item."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if self.path else key
        self.report.stands(self.file, self.path + step, line)
        return dataclasses.replace(self, path=self.path + step)

    def wrong(self, got: str, expected: str) -> None:
        """Note a problem here."""
        self.report.add(self.file, self.path, got, expected)


class Missing:
    """Nothing could be read; the problem is noted."""


MISSING = Missing()
_SCALARS: Mapping[Any, Callable[[Scalar], object]] = {
    str: scalars.text,
    bool: scalars.truth,
    int: scalars.whole,
    float: scalars.number,
    Path: lambda node: Path(scalars.text(node)),
    Target: lambda node: Target.parse(scalars.text(node)),
}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "one of a, b, c", or the close one."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f'"{close[0]}" (did you mean that?)'
    return f"one of {', '.join(names)}" if names else "no key here"


@functools.cache
def keys(kind: type) -> Mapping[str, tuple[dataclasses.Field[Any], Any, int]]:
    """Keys of a dataclass as written: name -> (field, type, seconds of the unit or 0)."""
    hints, found = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(kind):
        suffix = next((end for end in DURATIONS if field.name.endswith(end)), "")
        numeric = _plain(hints[field.name]) in (int, float)
        if suffix and numeric:
            found[field.name.removesuffix(suffix)] = (field, hints[field.name], DURATIONS[suffix])
        else:
            found[field.name] = (field, hints[field.name], 0)
    return found


def _plain(kind: Any) -> Any:
    """The type without None."""
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    return parts[0] if isinstance(kind, types.UnionType) and len(parts) == 1 else kind


def fill(kind: Any, node: Node, place: Place) -> Any:
    """The value of type ``kind``, or MISSING with every reason noted."""
    plain, origin = _plain(kind), typing.get_origin(_plain(kind))
    if plain is not kind and isinstance(node, Scalar) and scalars.is_nothing(node):
        return None
    if plain in _SCALARS:
        return _scalar(_SCALARS[plain], node, place)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return _choice(plain, node, place)
    if dataclasses.is_dataclass(plain):
        return _table(typing.cast(type, plain), node, place)
    if origin is tuple:
        return _items(typing.get_args(plain)[0], node, place)
    if origin in (dict, Mapping):
        return _mapping(typing.get_args(plain)[1], node, place)
    if isinstance(plain, types.UnionType):
        return _scalar(scalars.parameter, node, place)
    raise TypeError(f"settings: no way to read a {plain!r}")


def _scalar(read: Callable[[Scalar], object], node: Node, place: Place) -> Any:
    if not isinstance(node, Scalar):
        place.wrong(shown(node), "a single value")
        return MISSING
    try:
        return read(node)
    except ValueError as error:
        place.wrong(shown(node), str(error))
        return MISSING


def _choice(kind: type[StrEnum], node: Node, place: Place) -> Any:
    names = [member.value for member in kind]
    if isinstance(node, Scalar) and node.text in names:
        return kind(node.text)
    expected = did_you_mean(node.text, names) if isinstance(node, Scalar) else f"one of {', '.join(names)}"
    place.wrong(shown(node), expected)
    return MISSING


def _items(kind: Any, node: Node, place: Place) -> Any:
    if not isinstance(node, Items):
        place.wrong(shown(node), "a list")
        return MISSING
    values = [fill(kind, item, place.at(index, item.line)) for index, item in enumerate(node.items)]
    return MISSING if MISSING in values else tuple(values)


def _mapping(kind: Any, node: Node, place: Place) -> Any:
    if not isinstance(node, Table):
        place.wrong(shown(node), "a mapping")
        return MISSING
    values = {}
    for key, (written, value) in node.entries.items():
        here = place.at(key, written.line)
        if _scalar(scalars.text, written, here) is not MISSING:
            values[key] = fill(kind, value, here)
    return MISSING if MISSING in values.values() or len(values) < len(node.entries) else values


def _duration(unit: int, kind: Any, node: Node, place: Place) -> Any:
    if _plain(kind) is not kind and isinstance(node, Scalar) and scalars.is_nothing(node):
        return None
    seconds = _scalar(scalars.duration, node, place)
    if seconds is MISSING or _plain(kind) is float:
        return seconds if seconds is MISSING else seconds / unit
    if seconds % unit:
        place.wrong(shown(node), "a duration of whole seconds")
        return MISSING
    return int(seconds // unit)


def _table(kind: type, node: Node, place: Place) -> Any:
    """An instance of the dataclass ``kind``; every key is looked at, whatever is wrong with others."""
    if not isinstance(node, Table):
        place.wrong(shown(node), "a mapping")
        return MISSING
    known, given = keys(kind), dict[str, Any]()
    for key, (written, value) in node.entries.items():
        here = place.at(key, written.line)
        if key not in known:
            here.wrong("an unknown key", did_you_mean(key, known))
            given[key] = MISSING
            continue
        field, hint, unit = known[key]
        given[field.name] = _duration(unit, hint, value, here) if unit else fill(hint, value, here)
    for key, (field, _, _) in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and key not in node.entries:
            place.wrong(f"no {key}", f"the key {key}")
            given[field.name] = MISSING
    if any(value is MISSING for value in given.values()):
        return MISSING
    return _make(kind, given, place)


def _make(kind: type, given: Mapping[str, Any], place: Place) -> Any:
    try:
        return kind(**given)
    except ValueError as error:  # "field: expected this, got that"
        field, _, rest = str(error).partition(": ")
        where = (
            dataclasses.replace(place, path=f"{place.path}.{field}".lstrip(".")) if field in given else place
        )
        expected, _, got = rest.partition(", got ")
        where.wrong(got or "this", expected.removeprefix("expected ") or str(error))
        return MISSING
