"""Values to JSON and back, and the digests over them.

One canonical form (sorted keys, no spaces, UTF-8), so that the same value has the same digest on every
machine. Digests are domain-separated SHA-256.
"""

import functools
import hashlib
import math
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


@functools.cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415 - 100 ms at import, only who reads or writes JSON pays

    return TypeAdapter(kind)


def to_json(value: object) -> Any:
    """A dataclass of the model as plain JSON values (dict, list, str, float, int, bool, None)."""
    kind: Any = type(value)
    # without its warnings: what is typed as a mapping need not be a dict, see ``_plain``
    return _spelled(_adapter(kind).dump_python(value, mode="json", fallback=_plain, warnings=False))


def _plain(value: object) -> Any:
    """A mapping that is no dict, such as a template that is kept as bytes."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"to JSON: expected a plain value, got {type(value).__name__}")


def _spelled(data: Any) -> Any:
    """JSON has no NaN and no infinities: they are spelled "nan", "inf", "-inf", which ``from_json`` reads."""
    if isinstance(data, dict):
        return {key: _spelled(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_spelled(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def from_json(kind: type[T], data: object) -> T:
    """The value of type ``kind`` that ``to_json`` gave ``data`` for; ValueError where it does not fit."""
    wanted: Any = kind
    result: T = _adapter(wanted).validate_python(data, strict=False)
    return result


def canonical(data: object) -> bytes:
    """The one way to write JSON values down."""
    import orjson  # noqa: PLC0415 - the model stays importable in under a millisecond

    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def digest(domain: str, data: object) -> str:
    """64 hex digits over ``domain`` and the canonical form of ``data``."""
    return hashlib.sha256(domain.encode() + b"\x00" + canonical(data)).hexdigest()


def short_id(domain: str, data: object) -> str:
    """12 hex digits: enough to name one of a few million incidents, short enough to say aloud."""
    return digest(domain, data)[:12]
