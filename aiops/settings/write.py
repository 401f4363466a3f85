"""Write: values as the YAML text that ``fill`` reads back to equal values.

Cost: linear. Whatever could be read can be written; text that the reader refuses (control characters) is not
made up here.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from aiops.model import Target
from aiops.settings import scalars
from aiops.settings.document import Scalar
from aiops.settings.fill import keys

PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*")
Comment = Callable[[type, str], str]  # of a field of a dataclass; "" for none


def no_comment(kind: type, field: str) -> str:  # noqa: ARG001 - one of several
    """Nothing is said of any field."""
    return ""


def write(value: object, *, everything: bool = False, comment: Comment = no_comment) -> str:
    """``value``, a dataclass or a mapping of text to lists of them. Fields that are at their default are left
    out unless ``everything``."""
    lines = list(_Writer(everything, comment).block(value, 0))
    return "\n".join(lines) + "\n" if lines else "{}\n"


def one_line(value: object, unit: int = 0) -> str:
    """A value without dataclasses in it, as it stands behind a key; ``unit`` as in ``keys``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return scalars.spell(value * unit) if unit else _number(value)
        case Enum():
            return str(value.value)
        case tuple() | list():
            return f"[{', '.join(one_line(item) for item in value)}]"
        case Mapping():
            return f"{{{', '.join(f'{_text(str(k))}: {one_line(v)}' for k, v in value.items())}}}"
        case str() | Path() | Target():
            return _text(str(value))
    raise TypeError(f"settings: no way to write a {type(value).__name__} in one line")


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    text = repr(value)
    return text if scalars.NUMBER.fullmatch(text) else f"{value:.17g}"


def _text(text: str) -> str:
    """Plain where nobody can take it for anything else."""
    try:
        if PLAIN.fullmatch(text) and scalars.text(Scalar(text, True, 0)) == text:
            return text
    except scalars.UnfitError:
        pass
    return json.dumps(text, ensure_ascii=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Writer:
    everything: bool
    comment: Comment

    def block(self, value: Any, depth: int) -> Iterator[str]:
        """The lines of a dataclass or mapping, ``depth`` levels in."""
        for key, one, unit, said in self._entries(value):
            yield from (f"{'  ' * depth}{line}" for line in self._entry(key, one, unit, said))

    def _entries(self, value: Any) -> Iterator[tuple[str, Any, int, str]]:
        if isinstance(value, Mapping):
            yield from ((_text(str(key)), one, 0, "") for key, one in value.items())
            return
        kind: type = type(value)
        for key, (field, _, unit) in _keys(kind):
            one = getattr(value, field.name)
            if self.everything or one != _default(field):
                yield key, one, unit, self.comment(kind, field.name)

    def _entry(self, key: str, value: Any, unit: int, said: str) -> Iterator[str]:
        note = f"  # {said}" if said else ""
        if dataclasses.is_dataclass(value) and not isinstance(value, Target):
            inner = list(self.block(value, 1))
            yield f"{key}:{note}" if inner else f"{key}: {{}}{note}"
            yield from inner
        elif isinstance(value, tuple | list) and value and _is_block(value[0]):
            yield f"{key}:{note}"
            for item in value:
                yield from self._item(item)
        elif isinstance(value, Mapping) and any(isinstance(one, Mapping) for one in value.values()):
            yield f"{key}:{note}"
            yield from self.block(value, 1)
        elif isinstance(value, str) and "\n" in value.rstrip("\n") and _fits_block(value):
            yield f"{key}: |{note}"
            yield from (f"  {line}" for line in value.splitlines())
        else:
            yield f"{key}: {one_line(value, unit)}{note}"

    def _item(self, item: Any) -> Iterator[str]:
        lines = list(self.block(item, 0))
        if not lines:
            yield "  - {}"
        for number, line in enumerate(lines):
            yield f"  {'- ' if number == 0 else '  '}{line}"


def _keys(kind: Any) -> "list[tuple[str, tuple[dataclasses.Field[Any], Any, int]]]":
    return list(keys(kind).items())


def _is_block(item: object) -> bool:
    return dataclasses.is_dataclass(item) and not isinstance(item, Target)


def _fits_block(text: str) -> bool:
    """Whether a literal block gives back exactly ``text``."""
    lines = text.split("\n")
    simple = text.isprintable() or all(line.isprintable() for line in lines)
    return (
        simple
        and lines[-1] == ""
        and lines[-2] != ""
        and not lines[0].startswith((" ", "\t"))
        and bool(lines[0])
    )


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
