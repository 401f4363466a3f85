"""Whether an object shows what a strategic merge patch writes: every leaf of the patch has its value now.

The server fills in defaults and writes quantities and times its own way, so only written keys are compared,
``1024Mi`` equals ``1Gi``, and a time equals the same moment in another notation. Where the patch replaces a
mapping as a whole (``$patch: replace``) its named lists may hold nothing else: a container that somebody
added since is somebody's change.

Source: kubernetes, staging/src/k8s.io/apimachinery/pkg/util/strategicpatch; the patchMergeKey tags of the API
types; apimachinery/pkg/api/resource (quantities).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "ownerReferences": "uid",
    "conditions": "type",
    "resourceClaims": "name",
}
QUANTITIES = frozenset({"limits", "requests", "capacity", "hard"})  # maps whose values are quantities
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def holds(patch: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether every field that ``patch`` writes has its value in ``found``."""
    return _mapping(patch, found, field="", whole=False)


def merge_key(field: str, items: Sequence[Any]) -> str | None:
    """By which key the items of list ``field`` are told apart; None where the list is replaced as a whole."""
    key = MERGE_KEYS.get(field)
    if key == "containerPort" and any(isinstance(item, Mapping) and "port" in item for item in items):
        key = "port"  # of a Service
    named = [item for item in items if isinstance(item, Mapping) and (key in item or "$patch" in item)]
    return key if key is not None and len(named) == len(items) else None


def _mapping(patch: Mapping[str, Any], found: object, *, field: str, whole: bool) -> bool:
    if not isinstance(found, Mapping):
        return not any(_writes(value) for key, value in patch.items() if not key.startswith("$"))
    whole = whole or patch.get("$patch") == "replace"
    return all(
        _value(value, found.get(key), field=key, inside=field, whole=whole)
        for key, value in patch.items()
        if not key.startswith("$")
    )


def _writes(value: object) -> bool:
    """Whether ``value`` asks for something to be there: null and what holds only nulls do not."""
    if isinstance(value, Mapping):
        return any(_writes(one) for key, one in value.items() if not key.startswith("$"))
    return value is not None and value != []


def _value(wanted: object, found: object, *, field: str, inside: str, whole: bool) -> bool:
    if wanted is None:
        return found is None
    if isinstance(wanted, Mapping):
        return _mapping(wanted, found, field=field, whole=whole)
    if isinstance(wanted, list | tuple):
        return _list(wanted, [] if found is None else found, field=field, whole=whole)
    return _same(wanted, found, quantity=inside in QUANTITIES)


def _list(wanted: Sequence[Any], found: object, *, field: str, whole: bool) -> bool:
    if not isinstance(found, list | tuple):
        return False
    items = [item for item in wanted if item != {"$patch": "replace"}]
    whole = whole or len(items) < len(wanted)
    key = merge_key(field, items)
    if key is None:
        return len(items) == len(found) and all(
            _value(one, other, field=field, inside=field, whole=whole)
            for one, other in zip(items, found, strict=True)
        )
    there = {item.get(key): item for item in found if isinstance(item, Mapping)}
    if whole and {item.get(key) for item in items} != set(there):
        return False
    return all(_item(item, there.get(item.get(key)), field, whole=whole) for item in items)


def _item(wanted: Mapping[str, Any], found: object, field: str, *, whole: bool) -> bool:
    if wanted.get("$patch") == "delete":
        return found is None
    return found is not None and _mapping(wanted, found, field=field, whole=whole)


def _same(wanted: object, found: object, *, quantity: bool) -> bool:
    if wanted == found and isinstance(wanted, bool) == isinstance(found, bool):
        return True
    if quantity:
        amount = _amount(wanted)
        return amount is not None and amount == _amount(found)
    if isinstance(wanted, str) and isinstance(found, str):
        moment = _moment(wanted)
        return moment is not None and moment == _moment(found)
    return wanted in ("", False, 0) and found is None  # the server leaves out what is empty


def _amount(value: object) -> Decimal | None:
    match = re.fullmatch(
        r"([+-]?\d*\.?\d+|[+-]?\d+\.)(?:([eE][+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i|))", str(value)
    )
    if match is None:
        return None
    return Decimal(match[1] + (match[2] or "")) * _SUFFIXES[match[3] or ""]


def _moment(text: str) -> datetime | None:
    """A time with its zone, to the second, as the API server keeps times."""
    if re.match(r"\d{4}-\d\d-\d\d[Tt]", text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.replace(microsecond=0)
