"""Lines: one cluster fact to one line of JSON and back, unknown keys refused."""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

import orjson

from aiops.model import Alert, Autoscaler, Claim, ClusterEvent, Condition, Edge, Node, Pod, Workload
from aiops.model.recording import Fact, FactLine, NamespaceLabels, Unreadable
from aiops.model.wire import canonical, from_json, to_json

KINDS: Mapping[str, type[Any]] = {
    "workload": Workload,
    "pod": Pod,
    "node": Node,
    "claim": Claim,
    "autoscaler": Autoscaler,
    "namespace": NamespaceLabels,
    "edge": Edge,
    "condition": Condition,
    "event": ClusterEvent,
    "alert": Alert,
    "unknown": Unreadable,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
_KEYS = ("at_ms", "kind", "op", "value")


def encode(line: FactLine) -> bytes:
    """One line of ``facts.jsonl`` with its line end; fields at their default are left out."""
    data = {
        "at_ms": line.at_ms,
        "kind": _NAMES[type(line.value)],
        "op": "delete" if line.gone else "set",
        "value": _short(line.value),
    }
    return canonical(data) + b"\n"


def _short(value: Fact) -> dict[str, Any]:
    full: dict[str, Any] = to_json(value)
    return {
        field.name: full[field.name]
        for field in dataclasses.fields(value)
        if field.default is dataclasses.MISSING or getattr(value, field.name) != field.default
        if field.default_factory is dataclasses.MISSING or getattr(value, field.name)
    }


def decode(raw: bytes) -> FactLine:
    """The fact of one line; ValueError("expected|got") by ``Unfit`` where it is none."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnfitError(_shown(raw), f"one JSON object ({error})") from None
    if not isinstance(data, dict):
        raise UnfitError(_shown(raw), "a JSON object with the keys at_ms, kind, op, value")
    for key in data:
        if key not in _KEYS:
            raise UnfitError(f"the unknown key {key!r:.60}", f"only the keys {', '.join(_KEYS)}")
    for key in _KEYS:
        if key not in data:
            raise UnfitError(f"no {key}", f"the key {key}")
    at_ms, kind, op = data["at_ms"], data["kind"], data["op"]
    if not isinstance(at_ms, int) or isinstance(at_ms, bool) or not 0 <= at_ms < 1 << 53:
        raise UnfitError(f"at_ms {at_ms!r:.60}", "milliseconds since 1970, UTC, as a whole number")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UnfitError(f"kind {kind!r:.60}", f"one of {', '.join(KINDS)}")
    if op not in ("set", "delete"):
        raise UnfitError(f"op {op!r:.60}", '"set" or "delete"')
    return FactLine(at_ms, _value(KINDS[kind], data["value"]), op == "delete")


class UnfitError(ValueError):
    """What stands there and what would be right."""

    def __init__(self, got: str, expected: str) -> None:
        self.got, self.expected = got, expected
        super().__init__(f"expected {expected}, got {got}")


def _shown(raw: bytes) -> str:
    text = raw[:60].decode("utf-8", "replace")
    return repr(text) + ("..." if len(raw) > 60 else "")


def _value(kind: type[Any], data: object) -> Fact:
    if (stray := _stray(kind, data, "value")) is not None:
        raise stray
    try:
        value: Fact = from_json(kind, data)
    except ValueError as error:
        raise _first(error, data) from error
    return value


def _first(error: ValueError, data: object) -> UnfitError:
    details = getattr(error, "errors", None)
    if details is None:
        return UnfitError(_shown(orjson.dumps(data)), str(error))
    first = details(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return UnfitError(f"value.{where} {first['input']!r:.60}", first["msg"][0].lower() + first["msg"][1:])


@functools.cache
def _fields(kind: type[Any]) -> Mapping[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _stray(hint: Any, data: object, path: str) -> UnfitError | None:
    """The first key that no field takes, however deep."""
    if isinstance(hint, types.UnionType):
        kinds = [one for one in typing.get_args(hint) if dataclasses.is_dataclass(one)]
        return _stray(kinds[0], data, path) if kinds else None
    if typing.get_origin(hint) is tuple and isinstance(data, list):
        found = (_stray(typing.get_args(hint)[0], one, f"{path}[{n}]") for n, one in enumerate(data))
        return next((one for one in found if one is not None), None)
    if not dataclasses.is_dataclass(hint) or not isinstance(data, dict):
        return None
    known = _fields(typing.cast(type, hint))
    for key, inner in data.items():
        if key not in known:
            return UnfitError(f"the unknown key {path}.{key!s:.60}", f"only the keys {', '.join(known)}")
        if (below := _stray(known[key], inner, f"{path}.{key}")) is not None:
            return below
    return None
