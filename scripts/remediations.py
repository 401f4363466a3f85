"""The reference of remediations, from their docstrings and the rights that they declare."""

import importlib
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from aiops.bootstrap.plugins import found
from aiops.plugin import Right
from scripts.markdown import table

SECTION = re.compile(r"^(\w+):\s+(.*?)(?=^\w+:\s|\Z)", re.MULTILINE | re.DOTALL)
HEAD = """# Remediations

A remediation proposes a step and never does it. Every step is absolute (so many pods, this revision), bound
to the uid and the version of the object that it was planned on, and shown first: `aiops plan INCIDENT`.

- **Impact** is what a remediation says of its own step. The impact floor and a playbook may raise it and
  never lower it; HIGH goes to a person.
- **Undo** is planned with the step, with the values as they were. It is carried out where the step did not
  help and what it wrote still stands, but for a rollback: going forward again is never automatic.
- A step that only **contains** trouble (cordon, taint, pause, suspend) heals nothing. It is judged by
  standing: the incident goes on, the next rung follows, and neither breaker nor autonomy counts it.
- **Rights** are the verbs and the exact fields that a step writes. Every write but a delete and a resize
  carries our mark too: the annotations `aiops.dev/intent` and `aiops.dev/term`, so `metadata.annotations` is
  written besides. Where a step of a playbook says `capture: true`, `get` on pods and `list` on events are
  needed too, and `get` on pods/log where log lines are switched on. And `get` on every kind that is written:
  a lost answer, a change back and whether a change stands are read from the object itself.
- A step for which a right is missing is shown as a command for a person, and not tried.
"""
RIGHTS_HEAD = ("API group", "resource", "verb", "fields it writes")


def page() -> str:
    """All remediations: an overview, the rights of all together, and each by itself."""
    points = found("aiops.remediations")
    kinds = {name: point.load() for name, point in points.items()}
    parts = [HEAD, "## Overview\n", table(*_overview(kinds)), "", "## Rights of all\n"]
    parts.append("What the role of the daemon needs where every remediation is enabled, beside reading.\n")
    parts += [table((*RIGHTS_HEAD[:3], "by"), list(_together(kinds))), ""]
    for name, kind in kinds.items():
        parts += list(_one(name, kind))
    return "\n".join(parts)


def _text(kind: type) -> tuple[str, str]:
    """First line and rest of the docstring of its module."""
    head, _, body = (importlib.import_module(kind.__module__).__doc__ or "").strip().partition("\n")
    return head, body.strip()


def section(kind: type, name: str) -> str:
    """One section of the docstring as one line: ``Impact``, ``Undo``."""
    sections = {key: " ".join(text.split()) for key, text in SECTION.findall(_text(kind)[1])}
    return sections[name].replace("``", "`").rstrip(".")


def _overview(kinds: dict[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    rows = [
        (f"[{name}](#{name})", section(kind, "Impact"), section(kind, "Undo"), _verbs(kind.rights))
        for name, kind in kinds.items()
    ]
    return ("remediation", "impact", "undo", "needs"), rows


def _verbs(rights: Iterable[Right]) -> str:
    by_verb: dict[str, list[str]] = {}
    for right in rights:
        by_verb.setdefault(right.verb, []).append(right.resource)
    return "; ".join(f"{verb} {', '.join(resources)}" for verb, resources in by_verb.items())


def _together(kinds: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    by: dict[tuple[str, str, str], list[str]] = {}
    for name, kind in kinds.items():
        for right in kind.rights:
            by.setdefault((right.group or "core", right.resource, right.verb), []).append(name)
    for key in sorted(by):
        yield (*key, ", ".join(dict.fromkeys(by[key])))


def _one(name: str, kind: Any) -> Iterable[str]:
    head, body = _text(kind)
    yield f"## {name}\n\n{head}\n\n```text\n{body}\n```\n"
    rows = [(field.name, f"`{field.default!r}`") for field in fields(kind)]
    if rows:
        yield table(("parameter", "default"), rows) + "\n"
    lines = [
        (right.group or "core", right.resource, right.verb, ", ".join(f"`{one}`" for one in right.fields))
        for right in kind.rights
    ]
    yield table(RIGHTS_HEAD, lines) + "\n"
