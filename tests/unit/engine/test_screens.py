"""Screens: beside single signals, detectors of several and how high series have been; saved and restored."""

import numpy as np
import pytest

from aiops.core.detect import Raised
from aiops.core.ease import Easing
from aiops.core.feedback import Adjustment, Kind
from aiops.core.lookahead import WINDOW_MS
from aiops.engine.forests import Grove, aligned
from aiops.engine.screens import Screens
from aiops.engine.window import Recorded
from aiops.model import Detection, Direction, FreezeWindow, Panel, Status, Target, Verdicts
from tests.unit.engine.screen_cases import DAY, MINUTE, START, panel, rules, signal

TOGETHER = {"isolation_forest": ("requests", "cpu", "errors")}


class Shelf:
    """Baselines in memory."""

    def __init__(self):
        self.kept = {}

    def save(self, name, arrays, meta):
        self.kept[name] = (dict(arrays), dict(meta))

    def load(self, name):
        return self.kept.get(name)


def workload(samples=3 * 288, seed=1):
    """CPU follows the requests; errors are a little of their own. (2, t) each, every five minutes."""
    rng = np.random.default_rng(seed)
    requests = 100 + 40 * np.sin(2 * np.pi * np.arange(samples) / 288) + rng.normal(0, 3, (2, samples))
    return {
        "requests": requests,
        "cpu": requests / 100 + rng.normal(0, 0.03, requests.shape),
        "errors": 0.01 + rng.normal(0, 0.002, requests.shape),
    }


def judge(screens, values, block=288):
    told, length = [], next(iter(values.values())).shape[1]
    for at in range(0, length, block):
        panels = {name: panel(one, name, minute=5).columns(at, at + block) for name, one in values.items()}
        told += screens.judge(panels)
    return told


def forest_rules():
    signals = [signal(name, detectors=(), limit=None) for name in TOGETHER["isolation_forest"]]
    return rules(*signals, forests=TOGETHER)


def test_signals_that_no_longer_stand_together_are_an_anomaly_of_their_workload():
    """CPU and requests part: each is inside its own range, together they never were so."""
    values = workload()
    values["cpu"][0, -12:], values["requests"][0, -12:] = 1.4, 60.0
    values["errors"][0, -12:] = 0.02
    raised = [one.anomaly for one in judge(Screens(forest_rules(), 300.0), values) if isinstance(one, Raised)]
    assert [(one.target.name, one.signal, one.detector) for one in raised] == [
        ("data-0", "isolation_forest", "isolation_forest")
    ]
    assert {name for name, _ in raised[0].contributions} <= set(TOGETHER["isolation_forest"])
    assert sum(share for _, share in raised[0].contributions) == pytest.approx(1)


class AlwaysOut:
    """A detector of several signals to which everything is half as far out again as its edge."""

    def fit(self, histories):
        return self

    def judge(self, blocks, hold):
        nothing = np.full(blocks[0].shape, np.nan)
        return Verdicts.of(np.full(blocks[0].shape, 1.5), nothing, nothing), self


@pytest.mark.parametrize(("factor", "raised"), [(1.5, 1), (1.6, 0)])
def test_what_people_called_false_of_several_signals_together_is_told_no_more(factor, raised):
    block = panel(np.ones((1, 10)), "cpu")
    one = Adjustment(
        *("a1", Kind.WIDEN, "i1", block.targets[0], "together", "together", "score", Direction.UP),
        *(START, START, START + DAY, "slack:T1/U1", "batch", "it was not far out"),
        factor=factor,
    )
    grove = Grove("together", ("cpu",), AlwaysOut(), Detection())
    told = grove.judge({"cpu": block}, Easing.by([one]))
    assert sum(isinstance(happening, Raised) for happening in told) == raised


def test_calm_workloads_are_left_alone():
    assert judge(Screens(forest_rules(), 300.0), workload()) == []


def test_signals_are_judged_side_by_side_as_they_are_alone():
    """One direction each, other targets, gaps, two blocks wide enough to be joined and a narrow one."""
    rng = np.random.default_rng(8)
    values = {
        name: 20 + rng.normal(0, 1, (rows, 1500)) for name, rows in (("up", 3), ("down", 2), ("both", 1))
    }
    for one in values.values():
        one[0, 700:720], one[-1, 1450:1460], one[0, 100:130] = 60.0, -40.0, np.nan
    signals = [signal(name, direction=Direction(name), limit=None) for name in values]

    def said(chosen):
        seen, screens = {}, Screens(rules(*chosen), 60.0)
        for start, stop in ((0, 600), (600, 1400), (1400, 1420), (1420, 1500)):
            panels = {one.name: panel(values[one.name], one.name, prefix=one.name) for one in chosen}
            panels = {name: one.columns(start, stop) for name, one in panels.items()}
            told = screens.judge(
                panels, lambda name, _, __, verdicts: seen.setdefault(name, []).append(verdicts)
            )
            seen.setdefault("told", []).extend(told)
        return seen

    together, told = said(signals), []
    for one in signals:
        alone = said([one])
        told += alone["told"]
        for mine, theirs in zip(alone[one.name], together[one.name], strict=True):
            np.testing.assert_array_equal(mine.score, theirs.score)
            np.testing.assert_array_equal(mine.low, theirs.low)
    assert {repr(one) for one in told} == {repr(one) for one in together["told"]}
    assert len(told) > 4


def test_without_forests_nothing_is_judged_together():
    assert Screens(rules(), 60.0).groves == {}


def test_panels_are_aligned_by_target_and_time():
    one = panel([[1.0, 2.0], [3.0, 4.0]], "a")
    other = Panel(
        "b", "1", (one.targets[1], Target("Pod", "shop", "new")), one.times[1:], np.array([[5.0], [6.0]])
    )
    everyone = (*one.targets, Target("Pod", "shop", "new"))
    first, second, third = aligned([one, other, None], ("a", "b", "c"), everyone)
    np.testing.assert_array_equal(first.values, [[1, 2], [3, 4], [np.nan, np.nan]])
    np.testing.assert_array_equal(second.values, [[np.nan, np.nan], [np.nan, 5], [np.nan, 6]])
    assert np.isnan(third.values).all()


def test_a_restart_forgets_neither_forests_nor_highs():
    values, shelf = workload(), Shelf()
    the_rules = forest_rules()
    before = Screens(the_rules, 300.0)
    judge(before, values)
    before.save(shelf)
    after = Screens(the_rules, 300.0)
    assert after.restore(shelf).problems == ()
    grove, same = before.groves["isolation_forest"], after.groves["isolation_forest"]
    assert (same.targets, same.learned_ms) == (grove.targets, grove.learned_ms)
    np.testing.assert_array_equal(same.fitted.learned, grove.fitted.learned)


def test_how_high_a_series_was_survives_a_restart():
    shelf, the_rules = Shelf(), rules()
    before = Screens(the_rules, 60.0)
    whole = panel(np.tile(np.linspace(0.2, 0.6, 1440), (2, 2)))
    before.judge({"disk": whole})
    before.save(shelf)
    after = Screens(the_rules, 60.0)
    after.restore(shelf)
    asked = ("disk", START + 2 * DAY - WINDOW_MS, whole.targets)
    np.testing.assert_array_equal(after.highest(*asked), before.highest(*asked))
    assert np.isfinite(after.highest(*asked)).all()


def test_how_high_an_unknown_target_was_is_unknown():
    screens = Screens(rules(), 60.0)
    screens.judge({"disk": panel(np.full((1, 3000), 0.5))})
    stranger = Target("PersistentVolumeClaim", "shop", "other")
    assert np.isnan(screens.highest("disk", START + 2 * DAY, (stranger,))).all()


def test_state_that_does_not_fit_is_told_and_left():
    shelf, the_rules = Shelf(), rules()
    before = Screens(the_rules, 60.0)
    before.judge({"disk": panel(np.full((1, 10), 0.5))})
    before.save(shelf)
    shelf.kept["highs.disk"][0]["maxima"] = np.zeros((1, 3), np.float32)
    after = Screens(the_rules, 60.0)
    assert ["highs.disk" in problem for problem in after.restore(shelf).problems] == [True]
    assert after.highs["disk"].targets == ()


def test_targets_that_left_are_dropped_everywhere():
    """M5: no row is kept of what nobody reports any more."""
    values = workload(200)
    screens = Screens(forest_rules(), 300.0)
    judge(screens, values)
    stays = panel(values["cpu"]).targets[1]
    screens.forget({name: frozenset({stays}) for name in TOGETHER["isolation_forest"]})
    assert screens.groves["isolation_forest"].targets == (stays,)
    screens = Screens(rules(), 60.0)
    screens.judge({"disk": panel(np.full((2, 100), 0.5))})
    screens.forget({"disk": frozenset({stays})})
    assert screens.highs["disk"].targets == (stays,)


def test_heavy_detectors_are_fitted_anew_between_ticks():
    """A week of a swing: the forecast's parameters become its own, what it knows of the series stays."""
    the_rules = rules(signal(detectors=("default", "forecast")))
    minutes = np.arange(0, 7 * 1440, 5)
    swing = panel(0.5 + 0.2 * np.sin(2 * np.pi * minutes / 1440), minute=5)
    screens = Screens(the_rules, 300.0)
    screens.judge({"disk": swing})
    before = screens.screens["disk", "forecast"].fitted
    assert screens.refit(Recorded({"disk": swing}), START + 7 * DAY, 7 * DAY) == 1
    after = screens.screens["disk", "forecast"].fitted
    assert not np.array_equal(after.smoothing, before.smoothing)
    np.testing.assert_array_equal(after.season, before.season)


def test_maintenance_is_judged_and_learned_nowhere():
    nightly = FreezeWindow("nightly", start="01:00", end="02:00")
    screens = Screens(rules(maintenance=(nightly,)), 60.0)
    values = np.full((1, 180), 0.2)
    values[:, 60:120] = 0.9
    screens.judge({"disk": panel(values)})
    highest = screens.highs["disk"].peaks.maxima
    assert np.nanmax(highest) == pytest.approx(0.2)
    assert screens.highs["disk"].learned_ms == START + 179 * MINUTE


@pytest.mark.parametrize("held", [False, True])
def test_what_is_judged_on_hold_is_not_learned(held):
    """M12, M15: a day that is a little higher and inside the band, judged under remediation or not."""
    rng = np.random.default_rng(7)
    level = np.where(np.arange(2 * 1440) < 1440, 20.0, 22.0)
    values = panel((level + rng.normal(0, 2.0, level.shape))[None, :], "load")
    screens = Screens(rules(signal("load", ("robust_zscore",), limit=None, min_abs=0.0)), 60.0)
    screens.judge({"load": values.columns(0, 1440)})
    before = screens.screens["load", "robust_zscore"].pack()[0]
    screens.judge(
        {"load": values.columns(1440, 2880)}, hold=frozenset(values.targets) if held else frozenset()
    )
    after = screens.screens["load", "robust_zscore"].pack()[0]
    learned = [
        one for one in before if one.startswith("fitted/") and not np.array_equal(before[one], after[one])
    ]
    assert bool(learned) is not held


def test_the_newest_verdict_is_known_by_target_signal_and_detector():
    """What a verification asks; a target or a detector that nobody judged is inconclusive, never normal."""
    rng = np.random.default_rng(7)
    drawn = 20 + rng.normal(0, 1, (2, 1440))
    drawn[1, -1] = 60.0
    values = panel(drawn, "load")
    screens = Screens(rules(signal("load", ("robust_zscore",), limit=None)), 60.0)
    calm, full = values.targets
    assert screens.newest(calm, "load", "robust_zscore") is Status.INCONCLUSIVE
    screens.judge({"load": values})
    assert screens.newest(calm, "load", "robust_zscore") is Status.NORMAL
    assert screens.newest(full, "load", "robust_zscore") is Status.ANOMALY
    assert screens.newest(full, "load", "another") is Status.INCONCLUSIVE
    stranger = Target("Pod", "shop", "unheard-of")
    assert screens.newest(stranger, "load", "robust_zscore") is Status.INCONCLUSIVE
