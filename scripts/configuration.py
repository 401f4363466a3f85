"""What the dataclasses say of every setting: the page of the reference, and ``config/aiops.yaml`` itself.

The comment behind a field is its description, so that there is one place for it, as there is for defaults.
"""

import dataclasses
import functools
import inspect
import io
import tokenize
import types
import typing
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from aiops.model import Edge, Playbook, Signal, Target
from aiops.settings.fill import keys
from aiops.settings.limits import LIMITS
from aiops.settings.scalars import count, spell
from aiops.settings.schema import Main
from aiops.settings.write import one_line, write
from scripts.markdown import table

HEAD = """\
# Every setting of aiops, at its default: this file changes nothing. Leave out whatever you do not change.
# Made by `make docs` from the code. Durations have a unit (15s, 6h, 14d). `aiops check-config DIR` checks a
# folder, and says what is in force. How to: docs/how-to/configure.md
"""
INTRO = """\
# Configuration

A configuration is a folder with `aiops.yaml`, and beside it, if wanted, `signals/*.yaml`, `playbooks/*.yaml`
and `graph.yaml`. A key may be left out where a default stands here. Durations are text with a unit: `15s`,
`1h30m`, `14d`. How to: [configure](../how-to/configure.md),
[write a playbook](../how-to/write-a-playbook.md).
"""
FILES: Mapping[str, tuple[type, str]] = {
    "aiops.yaml": (Main, ""),
    "signals/*.yaml": (Signal, "signals[]"),
    "playbooks/*.yaml": (Playbook, "playbooks[]"),
    "graph.yaml": (Edge, "edges[]"),
}
NAMES = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Target: "Kind/namespace/name",
}


@functools.cache
def comments(kind: type) -> Mapping[str, str]:
    """The comment behind each field of a dataclass, by name."""
    found: dict[str, str] = {}
    field = ""
    source = inspect.getsource(kind)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line = token.line.strip()
        if (
            token.type == tokenize.NAME
            and line.startswith(f"{token.string}:")
            and line.find(token.string) == 0
        ):
            field = field if field and token.start[1] > 4 else token.string
        if token.type == tokenize.COMMENT and field and token.start[1] > 4:
            found.setdefault(field, token.string.removeprefix("#").strip())
        if token.type == tokenize.NEWLINE:
            field = ""
    return found


def said_of(kind: type, field: str) -> str:
    """The comment of a field; of one that is a table of its own, the first line of that table's docstring."""
    inner = plain(typing.get_type_hints(kind)[field])
    said = comments(kind).get(field, "")
    if not said and dataclasses.is_dataclass(inner) and inner is not Target:
        said = described(typing.cast(type, inner)).partition("\n")[0]
    return said


def plain(hint: Any) -> Any:
    """A type without None."""
    parts = [one for one in typing.get_args(hint) if one is not types.NoneType]
    return parts[0] if isinstance(hint, types.UnionType) and len(parts) == 1 else hint


def aiops_yaml() -> str:
    """The file with every default, each with its description."""
    text = write(Main(), everything=True, comment=said_of)
    lines = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            lines.append("")  # a gap before each section
        lines.append(line)
    return HEAD + "\n".join(lines) + "\n"


def page() -> str:
    """The reference of every key of every file."""
    parts = [INTRO]
    for name, (kind, path) in FILES.items():
        parts.append(f"## {name}\n\n{described(kind)}\n")
        parts += [_section(table, where) for table, where in _tables(kind, path)]
    return "\n".join(parts)


def _tables(kind: type, path: str) -> Iterator[tuple[type, str]]:
    """A dataclass and all those inside it, with their paths."""
    yield kind, path
    for key, (_, hint, _) in keys(kind).items():
        inner, listed = plain(hint), ""
        if typing.get_origin(inner) is tuple:
            inner, listed = typing.get_args(inner)[0], "[]"
        if dataclasses.is_dataclass(inner) and inner is not Target:
            yield from _tables(typing.cast(type, inner), f"{path}.{key}{listed}".lstrip("."))


def _section(kind: type, path: str) -> str:
    rows: list[tuple[str, ...]] = []
    for key, (field, hint, unit) in keys(kind).items():
        inner = plain(hint)
        if dataclasses.is_dataclass(inner) and inner is not Target:
            continue  # a table of its own
        rows.append(
            (
                f"`{key}`",
                spelled(hint, unit),
                _default(field, unit),
                _range(kind, field.name, unit),
                said_of(kind, field.name),
            )
        )
    if not rows:
        return ""
    about = f"{described(kind)}\n\n" if path not in {listed for _, listed in FILES.values()} else ""
    head = f"### `{path}`\n\n{about}" if path else ""
    return head + table(("key", "type", "default", "range", "what"), rows) + "\n"


def described(kind: type) -> str:
    """A dataclass's docstring as Markdown; units are in the text of every duration, so not said again."""
    text = inspect.cleandoc(kind.__doc__ or "").replace(" Durations in seconds.", "")
    return text.replace("``", "`").partition(" Raises ")[0]


def spelled(hint: Any, unit: int) -> str:
    """A type in words."""
    inner = plain(hint)
    optional = " or null" if inner is not hint else ""
    arguments = typing.get_args(inner)
    if unit:
        return f"duration{optional}"
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        return ", ".join(f"`{one.value}`" for one in inner) + optional
    if typing.get_origin(inner) is tuple:
        return f"list of {spelled(arguments[0], 0)}"
    if arguments and typing.get_origin(inner) is not None and typing.get_origin(inner) is not types.UnionType:
        return f"mapping of text to {spelled(arguments[1], 0)}"
    if isinstance(inner, types.UnionType):
        return "text, number, true or false"
    if dataclasses.is_dataclass(inner) and inner is not Target:
        return "table, see below"
    return NAMES.get(inner, str(inner)) + optional


def _default(field: "dataclasses.Field[Any]", unit: int) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"`{one_line(field.default_factory(), unit)}`"
    return "required" if field.default is dataclasses.MISSING else f"`{one_line(field.default, unit)}`"


def _range(kind: type, name: str, unit: int) -> str:
    if name not in LIMITS.get(kind, {}):
        return ""
    low, high = LIMITS[kind][name]
    return f"{spell(low * unit)} to {spell(high * unit)}" if unit else f"{count(low)} to {count(high)}"
