"""The chart's table of rights: what is read, what each remediation writes, what each shipped playbook does.

Helm cannot call us: ``deploy/helm/templates/_rights.tpl`` reads this table, and comes to the same rights as
``aiops rbac``.
"""

from aiops.bootstrap import plugins, rbac
from aiops.bootstrap.config import load_shipped
from aiops.core.grants import ACTS, WATCH

HEAD = "# made by `make docs` from the code; edit the code\n"


def table() -> str:
    """``deploy/helm/files/rights.yaml``."""
    lines = ["read:"]
    lines += [
        _line(group, resource, f"verbs: [{', '.join(WATCH)}]") for group, resource in sorted(rbac.watched())
    ]
    lines.append("remediations:")
    for name in plugins.found("aiops.remediations"):
        writes = [one for one in rbac.rights(name) if one.verb not in WATCH]
        lines.append(f"  {name}:" + ("" if writes else " []"))
        lines += [_line(one.group, one.resource, f"verb: {one.verb}", "    ") for one in writes]
    lines.append("playbooks:  # those that may act, and by what")
    for book in sorted(load_shipped().playbooks, key=lambda one: one.name):
        if book.mode in ACTS and book.steps:
            lines.append(
                f"  {book.name}: [{', '.join(dict.fromkeys(step.remediation for step in book.steps))}]"
            )
    return HEAD + "\n".join(lines) + "\n"


def _line(group: str, resource: str, more: str, indent: str = "  ") -> str:
    return f'{indent}- {{group: "{group}", resource: {resource}, {more}}}'
