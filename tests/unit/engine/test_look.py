"""Look: how far from the edge every detector saw a target, and what the hysteresis still wanted."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.core.quality import SEEING, Quality
from aiops.engine.bands import Band
from aiops.engine.look import looks, unseen
from aiops.engine.rules import Rules
from aiops.model import (
    Correlation,
    Detection,
    FreezeWindow,
    Panel,
    Policy,
    Role,
    Signal,
    Status,
    Target,
    TargetMapping,
    Verdicts,
)

MINUTE = 60_000
CART, POD = Target("Deployment", "shop", "cart"), Target("Pod", "shop", "cart-1")
MEMORY = Signal("memory", "m", "bytes", Role.MEMORY, TargetMapping("Pod", "pod"))
CRASH = Signal("crash", "c", "bool", Role.CONDITION, TargetMapping("Pod", "pod"), for_s=30)
IDLE = Signal("idle", "i", "1/s", Role.TRAFFIC, TargetMapping("Pod", "pod"))
CALM = [5.0] * 10


def rules(detection=None):
    return Rules(
        (MEMORY, CRASH, IDLE), detection or Detection(), Correlation(), Policy(), (),
        detector=None, remediation=None,
    )  # fmt: skip


def band(values, target=CART, low=0.0, high=10.0):
    """Judged in the band [low, high]: a score of 1 at its edge, measured from its middle."""
    values = np.array([values], float)
    panel = Panel("memory", "bytes", (target,), MINUTE * np.arange(values.shape[1]), values)
    centre, half = (low + high) / 2, (high - low) / 2
    made = Band(panel)
    shape = np.ones_like(values)
    made.keep(panel, Verdicts.of(np.abs(values - centre) / half, low * shape, high * shape))
    return made


def look(values, at_ms=None, *, quality=SEEING, detection=None, signal="memory", **more):
    bands = {(signal, "default"): band(values, **more)}
    at_ms = MINUTE * (len(values) - 1) if at_ms is None else at_ms
    (one,) = looks(bands, rules(detection), {POD: CART}, quality, CART, at_ms)
    return one


@pytest.mark.parametrize(("value", "room"), [(5.0, 5.0), (8.0, 2.0), (1.0, 1.0), (12.0, -2.0), (-3.0, -3.0)])
def test_the_room_is_the_way_to_the_nearest_edge(value, room):
    assert look([*CALM, value]).room == room


def test_a_side_that_is_not_judged_is_no_edge():
    open_below = replace(look([*CALM, 1.0]), low=-np.inf)
    assert open_below.room == 9.0
    assert replace(open_below, high=np.inf).room is None


@pytest.mark.parametrize(("at_ms", "value"), [(3 * MINUTE, 4.0), (3 * MINUTE - 1, 3.0), (99 * MINUTE, 9.0)])
def test_the_newest_sample_not_after_the_time_is_looked_at(at_ms, value):
    one = look([1.0, 2.0, 3.0, 4.0, 9.0], at_ms)
    assert one.value == value


def test_before_the_first_sample_there_is_nothing_and_no_verdict():
    one = look(CALM, -1)
    assert (one.at_ms, one.value, one.status) == (None, None, Status.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("tail", "wanted"),
    [
        ([5.0], "0 of the last 5 samples outside; 3 more"),
        ([11.0], "1 of the last 5 samples outside; 2 more"),
        ([11.0, 5.0, 11.0], "2 of the last 5 samples outside; 1 more"),
        ([11.0, 5.0, 5.0, 5.0, 5.0, 5.0], "0 of the last 5 samples outside; 3 more"),  # it left the window
    ],
)
def test_what_the_hysteresis_still_wanted_is_counted_over_its_window(tail, wanted):
    assert look([*CALM, *tail]).wanted.startswith(wanted)


def test_an_anomaly_that_holds_says_since_when_and_wants_nothing_more():
    one = look([*CALM, 11.0, 11.0, 11.0, 5.0])  # bad from the eleventh sample on; one normal does not clear
    assert (one.raised_since_ms, one.wanted) == (10 * MINUTE, "")


def test_a_state_of_kubernetes_wants_one_sample():
    bands = {("crash", "kubernetes_state"): band(CALM)}
    (one,) = looks(bands, rules(), {}, SEEING, CART, 9 * MINUTE)
    assert one.wanted == "one sample outside that lasts 30 s raises an anomaly"


def test_a_gap_has_no_verdict():
    """M2."""
    one = look([*CALM, np.nan])
    assert (one.value, one.score, one.status) == (None, None, Status.INCONCLUSIVE)
    assert one.why_not == "no sample: a gap is neither healthy nor bad"


def test_while_we_are_blind_there_is_no_verdict_whatever_the_value():
    """M1, M2."""
    one = look([*CALM, 99.0], quality=Quality({"memory": "the server warned"}))
    assert (one.score, one.status, one.why_not) == (None, Status.INCONCLUSIVE, "the server warned")


def test_blindness_of_another_signal_changes_nothing_here():
    assert look(CALM, quality=Quality({"other": "no data"})).status is Status.NORMAL


@pytest.mark.parametrize(("namespaces", "inside"), [((), True), (("shop",), True), (("data",), False)])
def test_maintenance_is_told_where_it_holds(namespaces, inside):
    window = FreezeWindow("upgrade", start="00:00", end="24:00", namespaces=namespaces)
    one = look(CALM, detection=Detection(maintenance=(window,)))
    assert one.why_not == ("in maintenance: nothing is judged" if inside else "")


def test_what_a_target_owns_is_looked_at_too_and_the_loudest_comes_first():
    bands = {("memory", "a"): band([*CALM, 6.0]), ("memory", "b"): band([*CALM, 9.0], target=POD)}
    found = looks(bands, rules(), {POD: CART}, SEEING, CART, 10 * MINUTE)
    assert [(one.detector, one.target) for one in found] == [("b", POD), ("a", CART)]


def test_signals_without_a_series_of_the_target_are_named():
    bands = {("memory", "default"): band(CALM)}
    found = looks(bands, rules(), {}, SEEING, CART, MINUTE)
    assert unseen(rules(), found) == ("crash", "idle")
