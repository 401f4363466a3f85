"""Mapping: the series of pods that are gone are no targets of the living cluster."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.core.mapping import GONE, to_panel
from aiops.model import Facts, Pod, Role, Rollup, Signal, Target, TargetMapping
from aiops.ports import Series

CART = Target("Deployment", "shop", "cart")
HERE, LONE, OLD = (Target("Pod", "shop", name) for name in ("cart-1", "lone", "cart-0"))
PODS = {HERE: Pod(HERE, CART), LONE: Pod(LONE)}
MAPPING = TargetMapping("Pod", "pod", "namespace")
LABELS = tuple({"namespace": "shop", "pod": name} for name in ("cart-0", "cart-1", "lone"))


KNOWN = Facts(0, pods=PODS)


def mapped(rollup=Rollup.SUM, facts=KNOWN, **how):
    signal = Signal("requests", "q", "1/s", Role.TRAFFIC, MAPPING, rollup=rollup)
    series = Series(LABELS, np.array([0]), np.array([[1.0], [2.0], [4.0]]))
    return to_panel(signal, series, facts, **{"living": True, **how})


@pytest.mark.parametrize(("rollup", "place"), [(Rollup.SUM, CART), (Rollup.NONE, HERE)])
def test_what_a_rollout_left_behind_is_left_out_and_counted(rollup, place):
    """cart-0 was replaced; its rate is told for a minute. cart-1 answers for the cart, lone for itself."""
    found = mapped(rollup)
    assert found.panel.targets == (place, LONE)
    assert found.panel.values[:, 0].tolist() == [2.0, 4.0]
    assert found.unmapped == {GONE: 1}
    assert found.examples == {GONE: LABELS[0]}


@pytest.mark.parametrize("facts", [Facts(0), replace(KNOWN, unknown=frozenset({"pods"}))])
def test_where_pods_are_not_known_each_series_counts(facts):
    found = mapped(facts=facts)
    assert GONE not in found.unmapped
    assert len(found.panel.targets) == 3


def test_a_recording_keeps_what_was():
    assert OLD in mapped(living=False).panel.targets
    assert OLD not in mapped(living=True).panel.targets, "what was laid out before decides nothing"
