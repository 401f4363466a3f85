"""Record: a life on disk, as the daemon reads it."""

import numpy as np
import pytest

from aiops.bootstrap.recordings import open_recording
from aiops.model import EventKind
from tests.simshop.__main__ import main
from tests.simshop.record import record

HALF_DAY = {"days": 0.5, "step_s": 300, "history_days": 0.1}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "recording"
    life = record(path, 1000, faults=["deploy"], **HALF_DAY)
    return path, life, open_recording(path)


def test_the_same_seed_makes_the_same_bytes(recorded, tmp_path):
    path, _, _ = recorded
    record(tmp_path / "again", 1000, faults=["deploy"], **HALF_DAY)
    files = sorted(one.relative_to(path) for one in path.rglob("*") if one.is_file())
    assert len(files) > 15
    for name in files:
        assert (tmp_path / "again" / name).read_bytes() == (path / name).read_bytes(), name


def test_what_is_written_is_read_back(recorded):
    _, life, opened = recorded
    assert opened.truths == life.truths
    assert (opened.start_ms, opened.step_ms) == (life.clock.start_ms, 300_000)
    panel = opened.panel("request_rate")
    assert panel.shape == (17, life.clock.count)
    assert np.isfinite(panel.values).mean() > 0.99


def test_it_says_how_it_was_made(recorded):
    _, _, opened = recorded
    assert "not measured" in opened.meta.made
    assert "deploy" in opened.meta.made
    assert "--seed 1000" in opened.meta.made_by


def test_the_facts_know_who_owns_calls_and_changed_what(recorded):
    _, life, opened = recorded
    facts = opened.facts(opened.end_ms)
    assert (len(facts.workloads), len(facts.pods), len(facts.nodes)) == (17, 42, 6)
    assert len(facts.edges) == len(life.shop.links)
    assert all(pod.owner in facts.workloads for pod in facts.pods.values())
    assert facts.namespace_labels["shop"]["aiops.dev/opt-in"] == "true"
    assert "aiops.dev/opt-in" not in facts.namespace_labels["data"]
    truth = life.truths[0]
    rollouts = [event for event in facts.events if event.target == truth.target]
    assert [event.at_ms for event in rollouts if event.kind is EventKind.ROLLOUT].count(truth.start_ms) == 1


def test_a_rollback_returns_to_the_image_before_under_a_new_revision(recorded):
    _, life, opened = recorded
    revisions = opened.facts(opened.end_ms).workloads[life.truths[0].target].revisions
    good, bad, back = revisions[-3:]
    assert back.images == good.images != bad.images
    assert (good.number, bad.number, back.number) == (good.number, good.number + 1, good.number + 2)


def test_pods_of_a_workload_are_replaced_by_pods_of_other_names(recorded):
    _, life, opened = recorded
    target = life.truths[0].target
    before = opened.facts(life.truths[0].start_ms - 1)
    after = opened.facts(opened.end_ms)
    old, new = ({pod for pod, one in facts.pods.items() if one.owner == target} for facts in (before, after))
    assert len(old) == len(new)
    assert not old & new


def test_the_command_makes_a_recording_and_says_what_is_in_it(tmp_path, capsys):
    wish = ["--seed", "1001", "--days", "0.5", "--history", "0.1", "--step", "5m", "--faults", "cpu", "-o"]
    assert main([*wish, str(tmp_path / "made")]) == 0
    assert "1-cpu" in capsys.readouterr().out
    assert open_recording(tmp_path / "made").truths[0].fault == "cpu"


@pytest.mark.parametrize(
    ("wish", "what"),
    [("--days 8 --faults flood", "flood"), ("--days 3 --faults cpu", "days"), ("--days 0", "days")],
)
def test_a_bad_wish_is_told_without_a_traceback(tmp_path, capsys, wish, what):
    assert main(["--seed", "1", *wish.split(), "-o", str(tmp_path / "made")]) == 2
    assert what in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
