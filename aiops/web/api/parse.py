"""Parse: bodies and queries into values, strictly; what is wrong is said with where and what would fit."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from aiops.web.problems import Refused

T = TypeVar("T")
LARGEST = 16_384  # bytes of a body


@functools.cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads and describes ``kind``; made once."""
    return TypeAdapter(kind)


def body(kind: type[T], raw: bytes, content_type: str) -> T:
    """The value of type ``kind`` that a request carries. Refused (400, 415) for anything else."""
    if not raw:
        return _read(kind, {}, "body", strict=True)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "header Content-Type", content_type or "none", "application/json")
    return _read(kind, _json(raw), "body", strict=True)


def query(kind: type[T], given: Sequence[tuple[str, str]]) -> T:
    """The value of type ``kind`` that a query says. Refused (400) for anything else."""
    found: dict[str, str] = {}
    for name, value in given:
        if name in found:
            raise Refused(400, f"query {name}", "it twice", "every name once")
        found[name] = value
    return _read(kind, found, "query", strict=False)


def _json(raw: bytes) -> Mapping[str, Any]:
    try:
        data = orjson.loads(raw)  # strict: no NaN, no lone surrogates, no bottomless nesting
        json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _TwiceError):
            raise Refused(400, f"body.{error.name}", "it twice", "every key once") from error
        raise Refused(400, "body", "no JSON", "a JSON object") from error
    if not isinstance(data, dict):
        raise Refused(400, "body", f"{type(data).__name__}", "a JSON object")
    return data


class _TwiceError(ValueError):
    def __init__(self, name: str) -> None:
        self.name = name[:100]
        super().__init__(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _read(kind: type[T], data: Mapping[str, Any], what: str, *, strict: bool) -> T:
    """``strict``: a text is no number; in a query everything is text."""
    found: Any = adapter  # its cache wants a hashable type, which every class is
    reader: TypeAdapter[T] = found(kind)
    try:  # as JSON, for in Python a strict reader wants the very class
        value = reader.validate_json(orjson.dumps(data)) if strict else reader.validate_python(data)
    except ValidationError as error:
        raise Refused(400, *_first(error, kind, what)) from error
    return value


def _first(error: ValidationError, kind: Any, what: str) -> tuple[str, str, str]:
    """Where, got and expected of the first thing that is wrong. What was got is named by its type alone:
    a value may be a secret that went to the wrong place (S8)."""
    first = error.errors(include_url=False, include_context=True)[0]
    path = ".".join(str(part)[:60] for part in first["loc"] if not str(part).startswith("function-"))
    where = f"{what}.{path}" if path else what
    if first["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        names = ", ".join(adapter(kind).json_schema().get("properties", {})) or "none at all"
        return where, "a key that is not known", f"only these: {names}"
    if first["type"] in {"missing", "missing_argument"}:
        return where, "nothing", "a value"
    return where, _kind(first["input"]), _wanted(first["msg"])


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return f"text of {len(value)} characters"
        case int() | float():
            return "a number"
        case dict():
            return "an object"
        case _:
            return "a list" if isinstance(value, list) else "something else"


def _wanted(message: str) -> str:
    """pydantic's words for what would be right."""
    return message.removeprefix("Input should be ").removeprefix("Value error, ")[:200]
