"""Look-ahead: what is heading for its limit is told hours before, what swings is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.lookahead import HOUR_MS, LEAST_HOURS, SLOT_MS, WINDOW_MS, Peaks, reaches, upward
from aiops.model import Direction, Panel, Target

MINUTE = 60_000
START = 1_704_067_200_000  # Monday 2024-01-01T00:00Z
SIX_HOURS = 6 * HOUR_MS
FILLING = 0.2 + 0.02 * np.arange(35 * 60 + 1) / 60  # a ratio, a minute each


def panel(values):
    values = np.atleast_2d(values)
    targets = tuple(Target("PersistentVolumeClaim", "shop", f"data-{i}") for i in range(len(values)))
    return Panel("disk", "ratio", targets, START + MINUTE * np.arange(values.shape[1]), values)


def look(values, at=None, limit=1.0, horizon_ms=SIX_HOURS):
    """When each row of minutes reaches the limit, seen from minute ``at`` (the newest), in hours from it."""
    whole = panel(values)
    peaks = Peaks.blank(whole.shape[0]).learn(whole.times, whole.values)
    return seen(whole, peaks, whole.shape[1] - 1 if at is None else at, limit, horizon_ms)


def seen(whole, peaks, at, limit=1.0, horizon_ms=SIX_HOURS):
    now_ms = int(whole.times[at])
    known = whole.columns(max(at - 150, 0), at + 1)
    best = peaks.highest(now_ms - WINDOW_MS)
    return (reaches(known, now_ms, limit, best, horizon_ms).surely - now_ms) / HOUR_MS


def predictions(values):
    """Looks at every tenth minute after a day; how many of them predict anything."""
    whole = panel(values)
    peaks = Peaks.blank(1).learn(whole.times, whole.values)
    return sum(np.isfinite(seen(whole, peaks, at)[0]) for at in range(60 * 24, len(values), 10))


def noise(minutes, size=0.002, seed=5):
    return np.random.default_rng(seed).normal(0, size, minutes)


def test_a_disk_that_fills_at_a_constant_rate_is_seen_six_hours_before():
    """0.2 at first, 0.02 an hour: full after 40 h; at hour 35 five hours are left."""
    assert look(FILLING + noise(len(FILLING)))[0] == pytest.approx(5.0, abs=0.3)


def test_it_is_not_told_before_the_horizon():
    """At hour 32 eight hours are left, two more than we look ahead."""
    assert np.isnan(look(FILLING + noise(len(FILLING)), 32 * 60)[0])


def test_what_begins_to_fill_after_days_of_calm_is_seen():
    """Three days at 0.5, then 0.05 an hour: after three hours seven are left, after five, five."""
    calm = np.full(72 * 60, 0.5)
    filling = np.concatenate([calm, 0.5 + 0.05 * np.arange(5 * 60 + 1) / 60])
    filling += noise(len(filling))
    assert np.isnan(look(filling, 75 * 60)[0])
    assert look(filling)[0] == pytest.approx(5.0, abs=0.3)


def test_a_signal_that_is_bad_when_low_is_turned_over():
    """Free space: 0.8 at first, 0.02 less an hour, gone after 40 h."""
    assert look(upward(1 - FILLING, Direction.DOWN), limit=0.0)[0] == pytest.approx(5.0, abs=0.1)


def test_a_daily_swing_is_never_told():
    """0.35 to 0.85 every day: on its steepest stretch a line would reach 1 in two and a half hours."""
    minutes = np.arange(3 * 24 * 60)
    swing = 0.6 + 0.25 * np.sin(2 * np.pi * minutes / 1440) + noise(len(minutes), 0.01)
    assert predictions(swing) == 0


@pytest.mark.parametrize("hours", [0.5, 3, 11])
def test_a_saw_tooth_of_garbage_collection_is_never_told(hours):
    """0.3 to 0.9, again and again: each tooth heads for 1 and turns."""
    minutes = np.arange(60 * 60)
    tooth = 0.3 + 0.6 * (minutes % (hours * 60)) / (hours * 60) + noise(len(minutes), 0.005)
    assert predictions(tooth) == 0


def test_a_flat_series_is_never_told():
    assert predictions(0.9 + noise(2 * 24 * 60, 0.01)) == 0
    assert predictions(np.full(2 * 24 * 60, 0.999)) == 0


def test_a_step_to_a_new_level_is_no_growth():
    step = np.concatenate([np.full(48 * 60, 0.4), np.full(6 * 60, 0.8)]) + noise(54 * 60)
    assert predictions(step) == 0


def test_a_cache_that_warms_up_slows_down():
    """After two days at 0.3 it fills towards 0.7 with a half-life of an hour: every next hour half as fast.
    At most one look takes it for a line, and one look is not told (``aiops.engine.ahead``)."""
    warm = 0.3 + 0.4 * (1 - 0.5 ** (np.arange(8 * 60) / 60))
    assert predictions(np.concatenate([np.full(48 * 60, 0.3), warm]) + noise(56 * 60)) <= 1


@pytest.mark.parametrize(("hours", "told"), [(LEAST_HOURS + 1, False), (LEAST_HOURS + 3, True)])
def test_less_than_a_day_before_the_window_is_too_little_to_know(hours, told):
    """The window is two hours and the open hour does not count: of 25 hours only 23 are reference."""
    filling = 0.6 + 0.01 * np.arange(hours * 60 + 1) / 60
    assert np.isfinite(look(filling, horizon_ms=40 * HOUR_MS)[0]) == told


@pytest.mark.parametrize(("missing", "told"), [(20, True), (30, False)])
def test_a_window_with_gaps_in_more_than_a_fifth_says_nothing(missing, told):
    """Bins of five minutes, 24 in the window: four empty ones are allowed, six are not."""
    filling = FILLING.copy()
    filling[-60 : -60 + missing] = np.nan
    assert np.isfinite(look(filling)[0]) == told


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308])
def test_values_that_nobody_can_read_are_gaps(bad):
    filling = FILLING.copy()
    filling[::7] = bad
    assert look(filling)[0] == pytest.approx(5.0, abs=0.3)


def test_no_rows_and_no_samples_are_no_prediction():
    """M2: no data is no prediction."""
    assert look(np.full((1, 2000), np.nan)).tolist() == pytest.approx([np.nan], nan_ok=True)
    assert look(np.empty((0, 10))).shape == (0,)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(0, 3))
def test_peaks_learned_in_any_pieces_are_the_same(size, seed):
    values = np.random.default_rng(seed).normal(0, 1, (2, 1000))
    times = START + MINUTE * np.arange(1000)
    whole = Peaks.blank(2).learn(times, values)
    pieces = Peaks.blank(2)
    for at in range(0, 1000, size):
        pieces = pieces.learn(times[at : at + size], values[:, at : at + size])
    np.testing.assert_array_equal(whole.hour, pieces.hour)
    np.testing.assert_allclose(whole.maxima, pieces.maxima, rtol=1e-6)


def test_a_single_spike_does_not_hide_a_disk_that_fills():
    """It counts as a fifteenth of its slot's mean: 0.4 + 0.5 / 15."""
    times, values = START + MINUTE * np.arange(25 * 60), np.full((1, 25 * 60), 0.4)
    values[0, 600] = 0.9
    highest = Peaks.blank(1).learn(times, values).highest(START + 25 * HOUR_MS)
    assert highest == pytest.approx([0.4 + 0.5 * MINUTE / SLOT_MS])
