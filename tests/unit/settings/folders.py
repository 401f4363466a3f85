"""Configuration folders for tests, and what the loader says of them."""

import pytest

from aiops.errors import ConfigError
from aiops.settings import load

SIGNAL = """\
  - name: {name}
    query: up
    unit: ratio
    role: errors
    target: {{kind: Pod, namespace: namespace, name: pod}}
"""
PLAYBOOK = """\
  - name: {name}
    version: "1"
    when: {{classes: [crash_loop]}}
    steps: [{{remediation: rollback}}]
"""


def signals(*names):
    return "signals:\n" + "".join(SIGNAL.format(name=name) for name in names or ["errors"])


def playbooks(*names):
    return "playbooks:\n" + "".join(PLAYBOOK.format(name=name) for name in names or ["back"])


def folder(root, main="policy: {}\n", **files):
    """A configuration in ``root``; ``signals__x`` is signals/x.yaml, ``graph`` is graph.yaml."""
    given = {"signals__own": signals(), "playbooks__own": playbooks()} | files
    for name, content in ({"aiops": main} | given).items():
        if content is not None:
            path = root / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def problems(root, checks=None):
    """Each problem as "file:line path: expected ..., got ...", without the folder's own name."""
    with pytest.raises(ConfigError) as refused:
        load(root, None, checks)
    return [str(one).removeprefix(f"{root}/") for one in refused.value.problems]
