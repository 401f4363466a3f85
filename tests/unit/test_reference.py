"""The reference and config/aiops.yaml are made from the code, and up to date."""

import subprocess
import sys

from aiops.bootstrap.plugins import found
from scripts import configuration, remediations
from scripts.reference import PAGES, ROOT


def test_every_page_is_what_the_code_says():
    """`make docs` makes them all anew. In a process of its own: what other tests called leaves its traces in
    click's commands."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.reference", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(PAGES) >= 8


def test_every_setting_is_described():
    """A comment behind each field; a table says it of itself."""
    rows = [line for line in configuration.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [line for line in rows if line.endswith("|  |")] == []


def test_every_remediation_has_its_impact_its_undo_and_its_rights_in_the_overview():
    overview, together, *_ = remediations.page().split("\n## ")[1:]
    rows = [line.strip("| ").split(" | ") for line in overview.splitlines() if line.startswith("| [")]
    assert [name.partition("]")[0].strip("[") for name, *_ in rows] == list(found("aiops.remediations"))
    for name, impact, undo, needs in rows:
        assert impact.startswith(("LOW", "MEDIUM", "HIGH")), name
        assert undo, name
        assert needs.split()[0] in {"patch", "create", "delete", "get"}, name
    assert "| core | pods/eviction | create | drain, evict_pod |" in together
