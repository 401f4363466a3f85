"""Names: what a label holds is part of a change or a command only where Kubernetes accepts it as a name (S3).

Labels of metrics are written by whoever runs an exporter, and a command is there to be pasted into a shell.
So a step whose target or containers have any other name is not planned at all.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aiops.model import Change, Step, Target

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")  # DNS-1123: namespaces, containers
SUBDOMAIN = re.compile(rf"(?=.{{1,253}}$){LABEL.pattern}(?:\.{LABEL.pattern})*", re.ASCII)  # objects
KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})


def odd_name(step: Step) -> str:
    """The first name in ``step`` that Kubernetes would not accept, in words; "" where there is none."""
    for change in (step.change, step.undo):
        for what, text, form in _names(change) if change is not None else ():
            if not form.fullmatch(text):
                return f"{text[:80]!a} cannot be the name of a {what}"
    return ""


def _names(change: Change) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    target: Target = change.target
    yield "kind", target.kind, KIND
    if target.namespace:
        yield "namespace", target.namespace, LABEL
    yield target.kind, target.name, SUBDOMAIN
    for name in _containers(change.patch):
        yield "container", name, LABEL


def _containers(patch: Mapping[str, Any]) -> Iterator[str]:
    """The names of all containers that a patch writes, however deep."""
    for key, value in patch.items():
        if isinstance(value, Mapping):
            yield from _containers(value)
        elif key in CONTAINERS and isinstance(value, list | tuple):
            yield from (str(one["name"]) for one in value if isinstance(one, Mapping) and "name" in one)
