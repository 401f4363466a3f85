"""Explain: which settings differ from their defaults, and where that was said. Secrets are not shown."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiops.settings.draft import Draft
from aiops.settings.fill import keys
from aiops.settings.report import is_secret
from aiops.settings.schema import Main
from aiops.settings.write import one_line

HIDDEN = "(not shown)"
LONGEST = 80  # characters of a value


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not at its default."""

    path: str  # "policy.budgets.cluster_per_hour"
    value: str
    default: str
    where: str  # file and line


def differences(draft: Draft) -> list[Difference]:
    """Every setting of ``aiops.yaml`` that is not at its default, in the order of the schema."""
    main, default = Main(**draft.main), Main()
    return [
        Difference(path, value, old, draft.main_place.below(path).where().partition(" ")[0])
        for path, value, old in _differ(main, default, "")
    ]


def _differ(value: Any, default: Any, path: str) -> Iterator[tuple[str, str, str]]:
    for key, (field, _, unit) in _keys(type(value)):
        new, old = getattr(value, field.name), getattr(default, field.name)
        here = f"{path}.{key}".lstrip(".")
        if new == old:
            continue
        if dataclasses.is_dataclass(new):
            yield from _differ(new, old, here)
        else:
            yield here, _shown(new, here, unit), _shown(old, here, unit)


def _shown(value: Any, path: str, unit: int) -> str:
    if is_secret(path) and value:
        return HIDDEN
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        return f"a list of {len(value)}"
    text = one_line(value, unit)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _keys(kind: Any) -> "list[tuple[str, tuple[dataclasses.Field[Any], Any, int]]]":
    return list(keys(kind).items())
