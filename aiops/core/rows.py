"""Rows: take, join, save and restore fitted state without knowing the detector.

A fitted value is a frozen dataclass of arrays with one row a target, scalars that all rows share, nested
fitted values (also in tuples) and configuration: a nested dataclass without any array in it. The contract is
in ``aiops.plugin``. Nothing here runs code that came with the data: what is restored takes its types, its
shapes and its configuration from a template that the installed detector has just made.

Errors:  ValueError, naming the field, what was expected and what was got.
Cost:    O(bytes of state); nothing is copied that is not indexed.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


def _parts(value: Any) -> list[tuple[str, Any]]:
    """(name, value) of the fields of a dataclass, or of the items of a tuple; empty for anything else."""
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value) if field.init]
    return [(str(i), item) for i, item in enumerate(value)] if isinstance(value, tuple) else []


def _has_rows(value: Any) -> bool:
    return isinstance(value, np.ndarray) or any(_has_rows(part) for _, part in _parts(value))


def _rebuilt(value: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(parts.values())
    return dataclasses.replace(value, **parts)


def _walk(value: Any, path: str = "", fixed: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """(path, leaf, whether it is configuration) of every array and scalar below ``value``."""
    parts = _parts(value)
    if not parts:
        if not dataclasses.is_dataclass(value) and not isinstance(value, tuple):
            yield path, value, fixed
        return
    for name, part in parts:
        below = fixed or (dataclasses.is_dataclass(part) and not _has_rows(part))
        yield from _walk(part, f"{path}.{name}" if path else name, below)


def take(fitted: T, index: NDArray[np.intp] | Sequence[int]) -> T:
    """The rows of ``index``, in that order; scalars and configuration stay as they are."""
    chosen = np.asarray(index, dtype=np.intp)

    def taken(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value[chosen]
        if not _has_rows(value):
            return value
        return _rebuilt(value, {name: taken(part) for name, part in _parts(value)})

    result: T = taken(fitted)
    return result


def join(parts: Sequence[T]) -> T:
    """The rows of all ``parts``, one below the other. Shared scalars are those of the first part.

    Raises ValueError where the parts are not of one shape or one configuration.
    """
    if not parts:
        raise ValueError("join: expected at least one part, got none")
    first = list(_walk(parts[0]))
    for other in parts[1:]:
        _same_configuration(first, list(_walk(other)))

    def joined(values: Sequence[Any], path: str) -> Any:
        if isinstance(values[0], np.ndarray):
            shapes = {value.shape[1:] for value in values}
            if len(shapes) > 1:
                raise ValueError(f"join: {path}: expected rows of one shape, got {sorted(shapes)}")
            return np.concatenate(values)
        if not _has_rows(values[0]):
            return values[0]
        fields = zip(*(_parts(value) for value in values), strict=True)
        below = {some[0][0]: [part for _, part in some] for some in fields}
        return _rebuilt(
            values[0],
            {name: joined(some, f"{path}.{name}" if path else name) for name, some in below.items()},
        )

    result: T = joined(parts, "")
    return result


def _same_configuration(expected: list[tuple[str, Any, bool]], got: list[tuple[str, Any, bool]]) -> None:
    if [path for path, _, _ in expected] != [path for path, _, _ in got]:
        raise ValueError("join: expected parts of one kind, got different fields")
    for (path, mine, fixed), (_, other, _) in zip(expected, got, strict=True):
        if fixed and _plain(path, mine) != _plain(path, other):
            raise ValueError(f"join: {path}: expected {mine!r} in every part, got {other!r}")


def pack(fitted: object) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """(arrays by path, meta of JSON values) from which ``unpack`` makes the same value again."""
    arrays: dict[str, NDArray[Any]] = {}
    scalars: dict[str, Any] = {}
    for path, value, _ in _walk(fitted):
        if isinstance(value, np.ndarray):
            arrays[path] = value
        else:
            scalars[path] = _plain(path, value)
    kind = type(fitted)
    return arrays, {"kind": f"{kind.__module__}:{kind.__qualname__}", "scalars": scalars}


def _plain(path: str, value: Any) -> Any:
    """A scalar as JSON has it; numbers that JSON lacks (NaN, infinities) as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    raise ValueError(
        f"{path}: expected an array, a number, a text or a dataclass, got {type(value).__name__}"
    )


def unpack(template: T, arrays: Arrays, meta: Mapping[str, Any]) -> T:
    """The value that ``pack`` took apart. ``template`` is what the same detector, with the same configuration
    and as many targets, answers to ``fit`` on an empty history.

    Raises ValueError where kind, fields, shapes, types of number or configuration are others.
    """
    blank_arrays, blank_meta = pack(template)
    if meta.get("kind") != blank_meta["kind"]:
        raise ValueError(f"unpack: expected state of {blank_meta['kind']}, got {meta.get('kind')}")
    scalars = meta.get("scalars")
    if not isinstance(scalars, Mapping) or set(scalars) != set(blank_meta["scalars"]):
        raise ValueError(f"unpack: expected scalars {sorted(blank_meta['scalars'])}, got {scalars!r:.200}")
    if set(arrays) != set(blank_arrays):
        raise ValueError(f"unpack: expected arrays {sorted(blank_arrays)}, got {sorted(arrays)}")

    def filled(value: Any, path: str, fixed: bool) -> Any:
        if isinstance(value, np.ndarray):
            return _fitting(path, value, arrays[path])
        parts = _parts(value)
        if parts:
            fixed = fixed or (dataclasses.is_dataclass(value) and path != "" and not _has_rows(value))
            below = {name: filled(part, f"{path}.{name}" if path else name, fixed) for name, part in parts}
            return value if fixed else _rebuilt(value, below)
        if dataclasses.is_dataclass(value) or isinstance(value, tuple):
            return value  # without fields or items: nothing was saved
        if fixed and scalars[path] != blank_meta["scalars"][path]:
            raise ValueError(f"unpack: {path}: expected {value!r}, got {scalars[path]!r}")
        return _scalar(path, value, scalars[path])

    result: T = filled(template, "", False)
    return result


def _fitting(path: str, blank: NDArray[Any], got: NDArray[Any]) -> NDArray[Any]:
    if got.shape != blank.shape or got.dtype != blank.dtype:
        raise ValueError(
            f"unpack: {path}: expected {blank.dtype} of shape {blank.shape}, got {got.dtype} of {got.shape}"
        )
    return got


def _scalar(path: str, blank: Any, got: Any) -> Any:
    """``got`` in the type that the template has in its place; None fits any place, and any value its."""
    if blank is None or got is None:
        return got
    number = isinstance(got, int | float) and not isinstance(got, bool)
    if isinstance(blank, float) and (number or (isinstance(got, str) and got in {"nan", "inf", "-inf"})):
        return float(got)
    if isinstance(blank, str) and isinstance(got, str):
        return type(blank)(got)  # an enum is made again; a word it does not know is a ValueError
    if type(got) is type(_plain(path, blank)):
        return got
    raise ValueError(f"unpack: {path}: expected {type(blank).__name__}, got {got!r}")
