"""What a daemon remembers of an incident's signals, as its console draws it, and replays beside it."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from aiops.bootstrap.console import live_changes, live_plots, recordings_in
from aiops.bootstrap.replays import ChildReplays
from aiops.engine.screen import Screen
from aiops.engine.window import Rings
from aiops.model import ClusterEvent, Detection, EventKind, Facts, Panel, Target
from detectors.robust_zscore import RobustZScore
from tests.unit.cli import recordings
from tests.unit.core.cases import CART, MINUTE, NOW, anomaly, incident
from tests.unit.engine.loop_cases import MEMORY

OTHER = Target("Deployment", "shop", "other")
CALM = [10.0, 11.0, 12.0] * 20  # median 11, MAD 1: the band is 11 ± 3.5 * 1.4826 = 11 ± 5.1891


def panel(times, *rows):
    return Panel(MEMORY.name, "B", (OTHER, CART), np.array(times), np.array(rows, float))


def remembering(kept=100):
    """A daemon that learned an hour of calm, then saw the cart at 30 for five minutes, at a minute each."""
    screen = Screen(MEMORY, "robust_zscore", RobustZScore(), Detection())
    rings = Rings(kept)
    times = NOW + MINUTE * np.arange(-65, 0)
    everything = panel(times, [10.0] * 65, CALM + [30.0] * 5)
    learned = panel(times[:60], [10.0] * 60, CALM)
    screen.prepare(learned)
    screen.targets = learned.targets
    screen.fitted = screen.detector.fit(learned)
    rings.write([everything])
    screens = SimpleNamespace(screens={(MEMORY.name, "robust_zscore"): screen})
    return SimpleNamespace(rings=rings, screens=screens), screen


def leak(**changes):
    one = anomaly(CART, signal=MEMORY.name, detector="robust_zscore", since_ms=NOW - 5 * MINUTE, at_ms=NOW)
    return incident(replace(one, **changes), since_ms=NOW - 5 * MINUTE)


def test_a_plot_has_the_samples_and_the_band_that_is_expected_by_now():
    live, screen = remembering()
    before = screen.fitted
    (plot,) = live_plots(live, leak())
    assert plot.values[-5:].tolist() == [30.0] * 5
    assert plot.high == pytest.approx(np.full(65, 16.1891), abs=1e-4)
    assert plot.anomalous.tolist() == [False] * 60 + [True] * 5
    assert screen.fitted is before  # to look teaches nothing


@pytest.mark.parametrize("kept", [5, 6])
def test_what_is_not_remembered_from_the_first_bad_sample_on_is_left_to_the_journal(kept):
    """The newest sample is of a minute ago, so that the oldest of five is the first bad one."""
    live, _ = remembering(kept)
    assert len(live_plots(live, leak())) == 1
    assert live_plots(live, replace(leak(), since_ms=NOW - (kept + 1) * MINUTE)) == ()


@pytest.mark.parametrize(
    "changes", [{"signal": "gone"}, {"detector": "gone"}, {"target": Target("Deployment", "shop", "gone")}]
)
def test_what_nobody_knows_any_more_is_left_out(changes):
    live, _ = remembering()
    assert live_plots(live, leak(**changes)) == ()


def test_rows_that_change_under_our_hands_are_no_error():
    live, screen = remembering()
    screen.targets = (*screen.targets, *(Target("Deployment", "shop", f"n{n}") for n in range(3)), CART)[2:]
    assert live_plots(live, leak()) == ()


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (ClusterEvent(NOW - 6 * MINUTE, CART, EventKind.ROLLOUT, "to revision 2"), True),
        (ClusterEvent(NOW - 6 * MINUTE, OTHER, EventKind.ROLLOUT, "to revision 2"), False),
        (ClusterEvent(NOW - 6 * MINUTE, CART, EventKind.OOM_KILLED), False),  # a symptom
        (ClusterEvent(NOW - 6 * MINUTE, CART, EventKind.ROLLOUT, ours=True), False),  # an answer
        (
            ClusterEvent(NOW - 95 * MINUTE, CART, EventKind.ROLLOUT),
            True,
        ),  # 90 min before the first bad sample
        (ClusterEvent(NOW - 96 * MINUTE, CART, EventKind.ROLLOUT), False),
    ],
)
def test_what_others_changed_near_an_incident_is_shown(event, shown):
    live = SimpleNamespace(last_facts=Facts(NOW, "", events=(event,)))
    assert live_changes(live, leak()) == ((event,) if shown else ())


def test_nothing_changed_as_far_as_is_known_before_the_first_tick():
    assert live_changes(SimpleNamespace(last_facts=None), leak()) == ()


def test_recordings_are_found_by_the_names_of_their_folders(tmp_path):
    recordings.make(tmp_path / "there" / "small")
    (tmp_path / "there" / "none").mkdir()
    assert recordings_in(tmp_path / "there")["small"] == tmp_path / "there" / "small"
    assert "none" not in recordings_in(tmp_path / "there", tmp_path / "nowhere")


@pytest.mark.integration
def test_one_recording_at_a_time_is_replayed_and_a_bad_one_says_why(tmp_path):
    (tmp_path / "bad").mkdir()
    replays = ChildReplays({"bad": tmp_path / "bad"})
    assert replays.start("nope") == "there is no such recording"
    assert replays.start("bad") == ""
    assert "one at a time" in replays.start("bad")
    until = time.monotonic() + 60
    while not replays.progress().over and time.monotonic() < until:
        time.sleep(0.05)
    assert replays.progress().failed
    assert "bad" in replays.progress().what
    assert replays.report("bad") is None
