"""Ahead: "full in 3 h" is told once, moves when the time moves, and is taken back."""

import numpy as np
import pytest

from aiops.core.detect import Raised
from aiops.engine.ahead import Ahead
from aiops.engine.screens import Screens
from aiops.engine.window import Recorded
from aiops.model import AnomalyKind, Direction
from tests.unit.engine.screen_cases import DAY, HOUR, MINUTE, START, kinds, looks, panel, rules, signal

FILLING = 0.2 + 0.02 * np.arange(38 * 60) / 60  # full after 40 hours
NOISE = np.random.default_rng(3).normal(0, 0.002, len(FILLING))


def test_a_disk_that_fills_is_told_once_about_six_hours_before():
    told = looks(rules(), panel(FILLING + NOISE))
    first_at, first = told[0]
    assert [kind for _, kind in kinds(told)].count("raised") == 1
    assert 33.5 <= first_at <= 35.0  # six hours before is hour 34; two looks must agree
    assert first.anomaly.kind is AnomalyKind.PREDICTED
    assert (first.anomaly.expected_at_ms - START) / HOUR == pytest.approx(40, abs=0.5)
    assert (first.anomaly.high, first.anomaly.direction) == (1.0, Direction.UP)
    assert first.anomaly.observed == pytest.approx(0.2 + 0.02 * first_at, abs=0.01)


def test_a_replay_by_the_day_and_a_live_run_by_the_tick_say_the_same():
    """The block of a day holds what comes after the look: none of it may count."""
    whole = panel(FILLING + NOISE)
    assert kinds(looks(rules(), whole)) == kinds(looks(rules(), whole, block_ms=10 * MINUTE))


def test_one_look_alone_is_not_told():
    """It grows for two hours and twelve minutes, so that one look sees the whole window grow."""
    short = np.concatenate([np.full(30 * 60, 0.5), 0.5 + 0.06 * np.arange(132) / 60, np.full(120, 0.5)])
    assert looks(rules(), panel(short)) == []


def test_a_prediction_is_taken_back_when_it_ends():
    """Somebody cleans up at hour 36. At 36:10 two of the newest three bins show it: that look, and two."""
    cleaned = FILLING + NOISE
    cleaned[36 * 60 :] = 0.3
    told = kinds(looks(rules(), panel(cleaned)))
    assert told[-1] == (36.5, "cleared")  # the looks of 36:10, 36:20 and 36:30


def test_it_is_told_again_when_the_time_moves_by_a_quarter():
    """At hour 35 five hours are left; then it fills twice as fast, and only half of that is."""
    faster = FILLING + NOISE
    faster[35 * 60 :] = faster[35 * 60] + 0.04 * np.arange(3 * 60) / 60
    told = looks(rules(), panel(faster))
    again = [(at, one.anomaly) for at, one in told if kinds([(at, one)])[0][1] == "updated"]
    assert again
    assert (again[-1][1].expected_at_ms - START) / HOUR == pytest.approx(37.5, abs=0.6)
    assert again[-1][1].score > told[0][1].anomaly.score


def test_a_limit_that_is_reached_is_neither_predicted_nor_calm():
    """M2: a full disk is not healthy: it stays until its detectors, or a look below the limit, say more."""
    full = np.concatenate([FILLING + NOISE, np.linspace(0.96, 1.0, 60), np.full(120, 1.0)])
    assert "cleared" not in [kind for _, kind in kinds(looks(rules(), panel(full)))]


def test_what_is_gone_is_neither_predicted_nor_calm():
    gone = (FILLING + NOISE).copy()
    gone[36 * 60 :] = np.nan
    assert "cleared" not in [kind for _, kind in kinds(looks(rules(), panel(gone)))]


def test_a_signal_without_a_limit_is_never_predicted():
    assert looks(rules(signal(limit=None)), panel(FILLING + NOISE)) == []


def test_a_signal_that_is_bad_when_low_is_predicted_downwards():
    down = rules(signal(limit=0.0, direction=Direction.DOWN))
    _, first = looks(down, panel(1 - FILLING))[0]
    assert (first.anomaly.low, first.anomaly.direction) == (0.0, Direction.DOWN)


def test_the_forecast_is_asked_where_a_signal_names_it():
    """A swing of 0.1 around 0.6 that rises by 0.04 a day: the forecast knows both, and that the peak of the
    ninth day, at 0.7 + 8.25 * 0.04 = 1.03, is beyond 0.995, which the eighth day's 0.99 was not."""
    minutes = np.arange(0, 9 * 1440, 5)
    swing = 0.6 + 0.1 * np.sin(2 * np.pi * minutes / 1440) + 0.04 * minutes / 1440
    told = looks(rules(signal(detectors=("forecast",), limit=0.995)), panel(swing, minute=5))
    assert told
    first_at, first = told[0]
    assert isinstance(first, Raised)
    assert first.anomaly.detector == "forecast"
    crosses = minutes[np.argmax(swing >= 0.995)] / 60
    assert crosses - 8 <= first_at <= crosses
    assert kinds(told) == kinds(
        looks(rules(signal(detectors=("forecast",), limit=0.995)), panel(swing, minute=5), block_ms=6 * HOUR)
    )


def test_it_looks_at_most_every_ten_minutes():
    whole = panel(FILLING)
    ahead = Ahead(rules(), Recorded({"disk": whole}), Screens(rules(), 60.0))
    ahead.look(START + DAY)
    assert not ahead.due(START + DAY + 599_999)
    assert ahead.due(START + DAY + 600_000)
