"""Fill: a tree of nodes into our frozen dataclasses, noting every problem on the way.

The dataclass is the schema: its fields are the keys, its types what is expected, its defaults the
defaults. A field of seconds or days (``step_s``, ``history_days``) is written as ``step: 15s`` and
``history: 14d``. Unknown keys are problems with "did you mean"; a value object may refuse its own content
by ValueError ("field: expected this, got that"), and the report's checks look at every value as it is made.
"""

import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiops.model import Signal, Target
from aiops.settings import scalars
from aiops.settings.document import Items, Node, Scalar, Table, shown
from aiops.settings.limits import LIMITS
from aiops.settings.report import Place, Wrong
from aiops.settings.scalars import count, spell

DURATIONS = {"_s": 1, "_days": 86_400}
NOT_WRITTEN: Mapping[type, frozenset[str]] = {Signal: frozenset({"pack"})}  # filled by whoever reads the file


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


@functools.cache
def keys(kind: type) -> Mapping[str, tuple[dataclasses.Field[Any], Any, int]]:
    """Keys of a dataclass as written: name -> (field, type, seconds of the unit or 0)."""
    hints, found = typing.get_type_hints(kind), {}
    for field in dataclasses.fields(kind):
        if field.name in NOT_WRITTEN.get(kind, ()):
            continue
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


def fill(kind: Any, node: Node, place: Place, extra: Mapping[str, Any] | None = None) -> Any:
    """The value of type ``kind``, or MISSING with every reason noted; ``extra`` are fields not written."""
    plain, origin = _plain(kind), typing.get_origin(_plain(kind))
    if plain is not kind and isinstance(node, Scalar) and scalars.is_nothing(node):
        return None
    if plain in _SCALARS:
        return _scalar(_SCALARS[plain], node, place)
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return _choice(plain, node, place)
    if dataclasses.is_dataclass(plain):
        return _table(typing.cast(type, plain), node, place, extra or {})
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
        message = str(error).partition(", got ")[0]
        place.wrong(shown(node), message.partition(": expected ")[2] or message)
        return MISSING


def _choice(kind: type[StrEnum], node: Node, place: Place) -> Any:
    names = [member.value for member in kind]
    if not isinstance(node, Scalar):
        place.wrong(shown(node), f"one of {', '.join(names)}")
        return MISSING
    if node.text in names:
        return kind(node.text)
    place.unknown(shown(node), node.text, names)
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


def _table(kind: type, node: Node, place: Place, extra: Mapping[str, Any]) -> Any:
    """An instance of the dataclass ``kind``; every key is looked at, whatever is wrong with others."""
    given = parts(kind, node, place)
    if given is None:
        return MISSING
    good = {name: value for name, value in given.items() if value is not MISSING}
    if len(good) == len(given):
        return make(kind, good | dict(extra), place)
    _look(kind, good | dict(extra), place, set(given) - set(good))
    return MISSING


def _look(kind: type, good: Mapping[str, Any], place: Place, bad: Collection[str]) -> None:
    """Say what is wrong with the ``good`` fields too, as far as that can be told without the ``bad`` ones."""
    fields = [field for field, _, _ in keys(kind).values()]
    if any(_required(field) and field.name in bad for field in fields):
        return
    try:
        value = kind(**good)
    except ValueError as error:
        if str(error).partition(": ")[0].split(".")[0] in good:
            refuse(str(error), place, good)
        return
    for check in place.report.checks.get(kind, ()):
        if not set(getattr(check, "needs", ())) & set(bad):
            _note(kind, (wrong for wrong in check(value) if _first(wrong[0]) in good), place)


def parts(kind: type, node: Node, place: Place) -> dict[str, Any] | None:
    """What ``node`` gives for the fields of ``kind``, MISSING where it is wrong; None if it is no mapping."""
    if not isinstance(node, Table):
        place.wrong(shown(node), "a mapping")
        return None
    known, given = keys(kind), dict[str, Any]()
    for key, (written, value) in node.entries.items():
        here = place.at(key, written.line)
        if key not in known:
            here.unknown("an unknown key", key, known)
            given[key] = MISSING
            continue
        field, hint, unit = known[key]
        filled = _duration(unit, hint, value, here) if unit else fill(hint, value, here)
        given[field.name] = _limited(kind, field.name, unit, filled, here)
    for key, (field, _, _) in known.items():
        if _required(field) and key not in node.entries:
            place.wrong(f"no {key}", f"the key {key}")
            given[field.name] = MISSING
    return given


def _limited(kind: type, name: str, unit: int, value: Any, place: Place) -> Any:
    """``value``, or MISSING where it is a number outside its range; both ends are allowed."""
    low, high = LIMITS.get(kind, {}).get(name, (-math.inf, math.inf))
    if not isinstance(value, int | float) or low <= value <= high:
        return value
    if unit:
        place.wrong(spell(value * unit), f"{spell(low * unit)} to {spell(high * unit)}")
    else:
        place.wrong(count(value), f"{count(low)} to {count(high)}")
    return MISSING


def make(kind: type, given: Mapping[str, Any], place: Place) -> Any:
    """``kind(**given)``, or MISSING with the reason noted where the value refuses itself or a check does."""
    try:
        value = kind(**given)
    except ValueError as error:  # "field: expected this, got that"
        refuse(str(error), place, given)
        return MISSING
    noted = place.report.count
    for check in place.report.checks.get(kind, ()):
        _note(kind, check(value), place)
    if place.report.count > noted:
        return MISSING
    place.report.made.append((value, place))
    return value


def _note(kind: type, found: Iterable[Wrong], place: Place) -> None:
    for path, got, expected in found:
        place.below(written(kind, path)).wrong(got, expected)


def _first(path: str) -> str:
    """The field that a path below a value begins with."""
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def written(kind: type, path: str) -> str:
    """``path`` with the first field as it is written: "step_s" is "step"."""
    for key, (field, _, unit) in keys(kind).items():
        if unit and field.name == path:
            return key
    return path


def refuse(message: str, place: Place, fields: Iterable[str]) -> None:
    """Note what a value said of itself: "field: expected this, got that"."""
    field, _, rest = message.partition(": ")
    known = field.split(".")[0] in set(fields)
    expected, _, got = (rest if known else message).partition(", got ")
    if not known and ": expected " in expected:
        expected = expected.partition(": ")[2]
    where = place.below(field) if known else place
    where.wrong(got or "what stands there", expected.removeprefix("expected "))
