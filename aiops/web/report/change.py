"""Change: what would have been sent to the API server, exactly, as a person reads it."""

import io
from collections.abc import Mapping
from typing import Any

from aiops.core.redact import without_values
from aiops.core.words import plain
from aiops.model import Change, ChangeVerb

VERBS = {
    ChangeVerb.PATCH: "strategic merge patch of",
    ChangeVerb.EVICT: "evict",
    ChangeVerb.DELETE: "delete",
    ChangeVerb.CREATE: "create",
    ChangeVerb.CAPTURE: "keep evidence of",
}
UNBOUND = frozenset({ChangeVerb.CREATE, ChangeVerb.CAPTURE})  # what is not there yet, or not changed


def heading(change: Change) -> str:
    """What is done to which object, and the version it is bound to."""
    below = f" {change.subresource}" if change.subresource else ""
    if change.verb in UNBOUND:
        return plain(f"{VERBS[change.verb]} {change.target}")
    bound = [f"uid {change.uid}"] if change.uid else []
    bound += [f"resourceVersion {change.resource_version}"] if change.resource_version else []
    bound += [f"generation {change.generation}"] if change.generation is not None else []
    version = ", ".join(bound) or "not known: a recording cannot say, so it could only be shown"
    return plain(f"{VERBS[change.verb]} {change.target}{below} (version: {version})")


def as_yaml(values: Mapping[str, Any]) -> str:
    """``values`` as YAML lines; control characters are escaped by YAML itself, values of variables hidden."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - a tenth of a second, only where a change is shown

    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = False
    writer.width = 100
    text = io.StringIO()
    writer.dump(dict(without_values(values)), text)
    return "\n".join(plain(line) for line in text.getvalue().rstrip("\n").split("\n"))
