"""The demo: the dry run over the shipped recording finds its six faults and is silent on its quiet days."""

import numpy as np
import pytest

from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.replay import replay
from aiops.core.score import score
from tests.measure import ROOT
from tests.simshop.faults import USUAL
from tests.simshop.record import record

SHOP = ROOT / "tests" / "recordings" / "shop"
DAY_MS = 86_400_000
SEED, DAYS = 100, 8.0


@pytest.fixture(scope="module")
def story():
    return replay(SHOP)


@pytest.fixture(scope="module")
def scored(story):
    return score(story)


def test_the_shipped_recording_is_small_and_says_what_it_is():
    files = [path for path in SHOP.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    opened = open_recording(SHOP)
    assert "not measured" in opened.meta.made
    assert f"--seed {SEED}" in opened.meta.made_by
    assert sorted(truth.fault for truth in opened.truths) == sorted(USUAL)


@pytest.mark.slow
def test_its_maker_makes_it_again(tmp_path):
    """Figures, not bytes: another processor may round the last bit of an exponential otherwise."""
    record(tmp_path / "shop", SEED, DAYS, USUAL)
    shipped, again = open_recording(SHOP), open_recording(tmp_path / "shop")
    assert again.truths == shipped.truths
    assert (tmp_path / "shop" / "facts.jsonl").read_bytes() == (SHOP / "facts.jsonl").read_bytes()
    for signal in shipped.signals:
        ours, theirs = again.panel(signal.name), shipped.panel(signal.name)
        assert ours.targets == theirs.targets
        same = np.isclose(ours.values, theirs.values, rtol=1e-3, equal_nan=True)
        assert same.mean() > 0.999, signal.name


@pytest.mark.slow
def test_the_demo_finds_all_six_faults(scored):
    missed = [row.truth.name for row in scored.rows if not row.found]
    assert len(scored.rows) == 6
    assert missed == []


@pytest.mark.slow
def test_the_demo_raises_nothing_false_in_its_quiet_days(story, scored):
    by_id = {one.incident.id: one.incident for one in story.incidents}
    false = [by_id[name] for name in scored.false_ids]
    assert [(one.opened_ms, one.incident_class, str(one.prime)) for one in false] == []


@pytest.mark.slow
def test_the_demo_has_quiet_days(story):
    """Days on which no fault acts, so that silence means something."""
    watched = range(-(-story.learned_until_ms // DAY_MS), story.end_ms // DAY_MS)
    busy = {
        day for truth in story.truths for day in range(truth.start_ms // DAY_MS, truth.end_ms // DAY_MS + 1)
    }
    assert len(set(watched) - busy) >= 2


@pytest.mark.slow
def test_the_demo_shows_a_plot_of_every_fault(story, scored):
    stories = {one.incident.id: one for one in story.incidents}
    for row in scored.rows:
        plots = stories[row.incident_ids[0]].plots
        assert plots, row.truth.name
        assert any(plot.anomalous.any() for plot in plots), row.truth.name
