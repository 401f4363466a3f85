"""The reference and config/aiops.yaml are made from the code, and up to date."""

import pytest

from scripts import configuration
from scripts.reference import PAGES, ROOT


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_what_the_code_says(path):
    """`make docs` makes them all anew."""
    assert path.read_text() == PAGES[path](), f"out of date: {path.relative_to(ROOT)} (make docs)"


def test_every_setting_is_described():
    """A comment behind each field; a table says it of itself."""
    rows = [line for line in configuration.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [line for line in rows if line.endswith("|  |")] == []
