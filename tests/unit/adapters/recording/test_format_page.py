"""The examples of the format page are read as they stand there."""

import re
from pathlib import Path

from aiops.adapters.recording.layout import HEAD
from aiops.adapters.recording.lines import KINDS, decode
from aiops.bootstrap.recordings import open_recording
from aiops.model import Target, Workload
from tests.unit.adapters.recording.sample import make

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "recording-format.md").read_text()


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_the_fact_of_the_page_is_one():
    (line,) = examples("json")
    assert decode(line.encode()).value == Workload(Target("Deployment", "shop", "cart"), replicas=3)


def test_the_incidents_of_the_page_are_some(tmp_path):
    (text,) = examples("yaml")
    path = make(tmp_path / "r")
    (path / "incidents.yaml").write_text(text)
    (truth,) = open_recording(path).truths
    assert truth.target == Target("Deployment", "shop", "cart")
    assert truth.right_remediations == ("restart_rollout", "raise_memory_limit")
    assert truth.end_ms - truth.start_ms == 155 * 60_000  # 14:05 to 16:40


def test_every_kind_of_fact_and_every_key_of_the_head_is_on_the_page(tmp_path):
    head = (make(tmp_path / "r") / HEAD).read_text()
    keys = re.findall(r"^([a-z_]+):", head, re.M)
    assert len(keys) == 11
    missing = [word for word in (*KINDS, *keys) if f"`{word}`" not in PAGE]
    assert missing == []
