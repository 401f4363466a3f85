"""Panels of minutes and quarters of hours for the tests of single detectors."""

import numpy as np

from aiops.model import Panel, Target

START = 1_704_067_200_000  # Monday 2024-01-01T00:00Z
A_DAY = 96  # quarters of an hour


def panel(values, step_s=60, start=0, name="requests"):
    """``values`` (n, t), a sample every ``step_s``, the first of them number ``start``."""
    values = np.atleast_2d(np.asarray(values, dtype=float))
    times = START + 1000 * step_s * (start + np.arange(values.shape[1], dtype=np.int64))
    targets = tuple(Target("Deployment", "shop", f"cart-{i}") for i in range(len(values)))
    return Panel(name, "req/s", targets, times, values)


def judge(detector, history, newest, step_s=60):
    """(verdicts of ``newest``, what was learned) after ``history``."""
    block = panel(newest, step_s, len(history))
    return detector.fit(panel(history, step_s)).judge(block, np.zeros(block.shape, bool))


def swing(days, seed=3, noise=0.5, growth=0.0):
    """20 ± 5 over the day, growing by ``growth`` a day, with a little noise; quarters of an hour."""
    at = np.arange(days * A_DAY)
    season = 5 * np.sin(2 * np.pi * at / A_DAY) + growth * at / A_DAY
    return 20 + season + np.random.default_rng(seed).normal(0, noise, len(at))
