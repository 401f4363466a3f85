"""Stored: a JSON object kept as the bytes it was written as, and decoded when it is read.

The templates of all revisions of a large cluster are tens of thousands of objects that nobody looks at but
when one workload is rolled back; decoded they take ten times the room. Each reader has a copy of his own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson


class Stored(Mapping[str, Any]):
    """A read-only mapping. Each access decodes anew: take ``dict(stored)`` once to read more than a key."""

    __slots__ = ("_raw",)

    def __init__(self, value: Mapping[str, Any]) -> None:
        self._raw = orjson.dumps(dict(value), option=orjson.OPT_SORT_KEYS)

    def _value(self) -> dict[str, Any]:
        value: dict[str, Any] = orjson.loads(self._raw)
        return value

    def __getitem__(self, key: str) -> Any:
        return self._value()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value())

    def __len__(self) -> int:
        return len(self._value())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Stored):
            return self._raw == other._raw
        return self._value() == other

    def __hash__(self) -> int:
        return hash(self._raw)

    def __repr__(self) -> str:
        return f"Stored({self._value()!r})"

    def __reduce__(self) -> tuple[type["Stored"], tuple[dict[str, Any]]]:
        """To another process as itself."""
        return Stored, (self._value(),)
