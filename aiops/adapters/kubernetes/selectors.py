"""Selectors: does a label selector choose an object with these labels?"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiops.adapters.kubernetes.fields import Json, part


@dataclass(frozen=True, slots=True)
class Selector:
    """``matchLabels`` and ``matchExpressions``, all of which must hold; one without any chooses everything.

    ``readable`` is False where an expression has an operator that we do not know: then nobody can say.
    """

    labels: tuple[tuple[str, str], ...] = ()
    expressions: tuple[tuple[str, str, frozenset[str]], ...] = ()  # key, operator, values
    readable: bool = True

    def chooses(self, labels: Mapping[str, str]) -> bool | None:
        """Whether an object with ``labels`` is chosen; None where nobody can say."""
        if not self.readable:
            return None
        return all(labels.get(key) == value for key, value in self.labels) and all(
            _holds(labels, key, operator, values) for key, operator, values in self.expressions
        )

    @property
    def plain(self) -> Mapping[str, str] | None:
        """The labels where those are all of it; None where expressions say more."""
        return None if self.expressions or not self.readable else dict(self.labels)


_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def _holds(labels: Mapping[str, str], key: str, operator: str, values: frozenset[str]) -> bool:
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values  # a label that is absent is in no set
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def selector(found: Any) -> Selector | None:
    """A LabelSelector; None where there is none, which chooses nothing."""
    if not isinstance(found, Mapping):
        return None
    labels = tuple(sorted((sys.intern(key), str(value)) for key, value in part(found, "matchLabels").items()))
    rules = [one for one in found.get("matchExpressions") or () if isinstance(one, Mapping)]
    expressions = tuple(_expression(one) for one in rules)
    return Selector(labels, expressions, all(operator in _OPERATORS for _, operator, _ in expressions))


def _expression(found: Json) -> tuple[str, str, frozenset[str]]:
    values = frozenset(str(one) for one in found.get("values") or ())
    return str(found.get("key", "")), str(found.get("operator", "")), values
