"""Forget: who is gone for too long, and who goes first when there is too much (M5)."""

import numpy as np

from aiops.engine.forget import LEFT_MS, Forget
from aiops.model import Panel, Target

A, B, C = (Target("Pod", "shop", name) for name in "abc")


def panel(*targets, value=1.0):
    return Panel("cpu", "", targets, np.array([1], np.int64), np.full((len(targets), 1), value))


def test_a_target_is_kept_for_two_days_after_it_was_last_there():
    forget = Forget()
    forget.saw({"cpu": panel(A, B)}, 1000)
    forget.saw({"cpu": panel(A)}, 2000)
    assert forget.keep(1000 + LEFT_MS - 1, 10)["cpu"] == {A, B}
    assert forget.keep(1000 + LEFT_MS, 10)["cpu"] == {A}


def test_a_row_without_a_sample_is_not_there():
    forget = Forget()
    forget.saw({"cpu": panel(A, value=np.nan)}, 1000)
    assert forget.keep(1000, 10) == {"cpu": frozenset()}


def test_of_too_many_those_gone_for_longest_go_first():
    forget = Forget()
    for at_ms, target in enumerate((A, B, C), 1):
        forget.saw({"cpu": panel(target)}, at_ms)
    assert forget.keep(10, 3)["cpu"] == {A, B, C}
    assert forget.keep(10, 2)["cpu"] == {B, C}


def test_before_the_first_tick_nothing_is_said():
    assert Forget().keep(0, 1) == {}
