"""Fields: small readings that every kind of object shares. What an object does not say stays None."""

import functools
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from aiops.core.redact import one_line
from aiops.model import Container, Manager, Target

Json = Mapping[str, Any]
_SIZES = {
    "": 1.0,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
}
_QUANTITY = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|)")


def quantity(text: object, scale: float = 1) -> int | None:
    """``512Mi``, ``500m`` times ``scale``; None for anything else."""
    match = _QUANTITY.fullmatch(str(text))
    return None if match is None else round(float(match[1]) * _SIZES[match[2]] * scale)


def ms(text: object) -> int | None:
    """``2026-03-01T10:00:00Z`` in milliseconds since 1970; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else round(at.timestamp() * 1000)


def part(item: Json, *keys: str) -> Json:
    """A mapping inside ``item``; empty where it is absent or null."""
    here: Any = item
    for key in keys:
        here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def text(value: object) -> str:
    """``value``, which must be text; TypeError for anything else, so that nothing odd is kept."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def number(value: object) -> int | None:
    """``value``, which must be a whole number or absent; TypeError for anything else."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    return value


def named(kind: object, namespace: object, name: object) -> Target:
    """A target from what an object says; TypeError where that is no text."""
    return Target(sys.intern(text(kind)), sys.intern(text(namespace or "")), text(name))


def target(kind: str, item: Json) -> Target:
    """What an object is called."""
    meta = item["metadata"]
    return named(kind, meta.get("namespace"), meta["name"])


def controller(item: Json) -> Target | None:
    """The one owner that acts for it; others only keep it from being collected."""
    meta = item["metadata"]
    for one in meta.get("ownerReferences") or ():
        if one.get("controller"):
            return named(one["kind"], meta.get("namespace"), one["name"])
    return None


def condition(item: Json, name: str) -> Json:
    """One of ``status.conditions``; empty where there is none of that type."""
    for one in part(item, "status").get("conditions") or ():
        if isinstance(one, Mapping) and one.get("type") == name:
            return one
    return {}


def holds(found: Json) -> bool | None:
    """Whether a condition is true; None for Unknown and for one that is not there."""
    return {"True": True, "False": False}.get(found.get("status", ""))


@functools.lru_cache(maxsize=16_384)  # controllers repeat themselves
def said(text: str) -> str:
    """What somebody wrote for people, in one line, shortened and without secrets (S8)."""
    return one_line(text)[:200]


def words(found: Json) -> str:
    """Reason and message of a condition."""
    return said(": ".join(str(found[key]) for key in ("reason", "message") if found.get(key)))


def texts(found: Any) -> dict[str, str]:
    """Labels or annotations, with the strings shared between objects."""
    if not isinstance(found, Mapping):
        return {}
    return {sys.intern(str(key)): sys.intern(str(value)) for key, value in found.items()}


def containers(template: Json) -> tuple[Container, ...]:
    """The containers of a pod template."""
    return tuple(_container(one) for one in part(template, "spec").get("containers") or ())


def _container(item: Json) -> Container:
    limits, requests = (part(item, "resources", key) for key in ("limits", "requests"))
    return Container(
        sys.intern(item.get("name", "")),
        sys.intern(item.get("image", "")),
        *(
            quantity(side[resource], scale) if resource in side else 0
            for resource, scale in (("memory", 1), ("cpu", 1000))
            for side in (limits, requests)
        ),
    )


def managers(item: Json) -> tuple[Manager, ...] | None:
    """Who wrote which fields, the status left out; None where the object does not say."""
    entries = item["metadata"].get("managedFields")
    if not isinstance(entries, list):
        return None
    found = []
    for one in entries:
        fields = _paths(orjson.dumps(one.get("fieldsV1") or {}))
        name, sub = sys.intern(one.get("manager") or ""), one.get("subresource") or ""
        if fields:
            found.append(Manager(name, ms(one.get("time")), fields, sub))
    return tuple(found)


@functools.lru_cache(maxsize=4096)  # what one chart made is alike in all its objects
def _paths(raw: bytes) -> tuple[str, ...]:
    return tuple(sys.intern(path) for path in _walk(orjson.loads(raw), "") if not _is_status(path))


def _is_status(path: str) -> bool:
    return path == "status" or path.startswith("status.")


def _walk(fields: Json, above: str) -> Iterator[str]:
    """``f:spec`` -> ``spec``; the item of a list by its key: ``containers[web]``."""
    for key, inner in fields.items():
        if key == ".":
            continue
        here = above + _step(key, above)
        if isinstance(inner, Mapping) and any(one != "." for one in inner):
            yield from _walk(inner, here)
        else:
            yield here


def _step(key: str, above: str) -> str:
    kind, _, name = key.partition(":")
    if kind == "f":
        return f".{name}" if above else name
    try:
        value = orjson.loads(name)
    except orjson.JSONDecodeError:
        return f"[{name}]"
    values = value.values() if isinstance(value, dict) else [value]
    return f"[{','.join(str(one) for one in values)}]"
