"""The examples of the how-to pages are configurations that can be used."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from aiops.bootstrap.config import load_settings

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"


def examples(page):
    return re.findall(r"^ *```yaml\n(.*?)```", (HOW_TO / page).read_text(), re.S | re.M)


@pytest.mark.parametrize("text", examples("configure.md"), ids=range(len(examples("configure.md"))))
def test_an_example_of_configure_can_be_used(tmp_path, text):
    (tmp_path / "aiops.yaml").write_text(dedent(text))
    assert load_settings(tmp_path).digest != load_settings().digest


def test_the_examples_of_write_a_playbook_can_be_used(tmp_path):
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "aiops.yaml").write_text("{}")
    head, tail = examples("write-a-playbook.md")
    (tmp_path / "playbooks" / "mine.yaml").write_text(head + tail)
    assert [one.name for one in load_settings(tmp_path).playbooks] == ["cart-memory-leak", "registry-down"]
