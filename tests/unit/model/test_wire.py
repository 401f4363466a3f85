"""Wire: a value written down is read back as it was, also where JSON has no word for it."""

import math

import orjson
import pytest

from aiops.model import Anomaly, AnomalyKind, Direction, Role, Target
from aiops.model.wire import canonical, digest, from_json, to_json


def anomaly(observed=1.0, low=0.0, high=2.0):
    target = Target("Deployment", "shop", "cart")
    return Anomaly(
        AnomalyKind.OBSERVED,
        target,
        "errors",
        Role.ERRORS,
        "1/s",
        "absence",
        1,
        2,
        observed,
        low,
        high,
        4.0,
        Direction.UP,
    )


def through_the_journal(value):
    return from_json(type(value), orjson.loads(canonical(to_json(value))))


def test_a_value_is_read_back_equal():
    assert through_the_journal(anomaly()) == anomaly()


@pytest.mark.parametrize("edge", [math.inf, -math.inf])
def test_a_band_without_an_edge_is_read_back_without_one(edge):
    """A one-sided detector has no upper or no lower edge; a restart must not lose its incidents."""
    assert through_the_journal(anomaly(high=edge)).high == edge


def test_a_gap_is_read_back_as_a_gap():
    """M2: what vanished was not observed; it is neither zero nor unreadable."""
    assert math.isnan(through_the_journal(anomaly(observed=math.nan)).observed)


def test_the_digest_is_of_the_value_and_of_its_domain():
    one, other = {"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}
    assert digest("plan", one) == digest("plan", other) != digest("incident", one)
