"""Rows: what comes out of take, join, pack and unpack is what went in."""

from dataclasses import dataclass, field, replace

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core import rows
from aiops.model import Direction


@dataclass(frozen=True, slots=True)
class Settings:
    direction: Direction = Direction.UP
    limit: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    value: np.ndarray
    seen: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    settings: Settings
    level: np.ndarray
    profile: np.ndarray
    members: tuple[Level, ...]
    reach: float = float("nan")
    note: str = ""


def learned(n, start=0.0, **changes):
    some = Learned(
        Settings(names=("a", "b")),
        np.arange(n) + start,
        np.arange(n * 3.0).reshape(n, 3) + start,
        (Level(np.arange(n, dtype=np.int64), 7), Level(np.zeros(n, bool))),
    )
    return replace(some, **changes)


def same(one, other):
    mine, theirs = rows.pack(one), rows.pack(other)
    assert mine[1] == theirs[1]
    assert mine[0].keys() == theirs[0].keys()
    for path in mine[0]:
        np.testing.assert_array_equal(mine[0][path], theirs[0][path])


@given(st.lists(st.integers(0, 4), max_size=8))
def test_taken_rows_are_those_asked_for_in_that_order_at_every_depth(index):
    got = rows.take(learned(5), index)
    assert got.level.tolist() == index
    assert got.profile[:, 1].tolist() == [3 * row + 1 for row in index]
    assert got.members[0].value.tolist() == index
    assert got.members[0].seen == 7
    assert got.settings == Settings(names=("a", "b"))


@given(st.integers(0, 5))
def test_taking_apart_and_joining_gives_the_whole(cut):
    whole = learned(5)
    same(rows.join([rows.take(whole, range(cut)), rows.take(whole, range(cut, 5))]), whole)


def test_blank_rows_join_what_was_learned_and_take_its_scalars():
    got = rows.join([learned(2, reach=3.0), learned(1, start=9.0)])
    assert got.level.tolist() == [0, 1, 9]
    assert got.reach == 3.0


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (learned(1, settings=Settings(limit=1.0, names=("a", "b"))), "settings.limit"),
        (learned(1, profile=np.zeros((1, 4))), "profile"),
        (learned(1, members=()), "one kind"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused_by_name(other, says):
    with pytest.raises(ValueError, match=says):
        rows.join([learned(2), other])


def test_joining_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        rows.join([])


@pytest.mark.parametrize("reach", [1.5, float("nan"), float("inf"), -float("inf"), 2])
def test_what_is_packed_comes_back_through_json_and_bytes(reach):
    value = learned(3, start=4.0, reach=reach, note="€")
    arrays, meta = rows.pack(value)
    copies = {path: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape) for path, a in arrays.items()}
    got = rows.unpack(learned(3), copies, orjson.loads(orjson.dumps(meta)))
    same(got, value)
    assert isinstance(got.reach, float)
    assert isinstance(got.settings.direction, Direction)


@dataclass(frozen=True, slots=True, eq=False)
class Other:
    level: np.ndarray = field(default_factory=lambda: np.zeros(1))


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (learned(4), r"level: expected float64 of shape \(4,\)"),
        (learned(3, level=np.zeros(3, np.float32)), "level: expected float32"),
        (learned(3, settings=Settings(Direction.DOWN, names=("a", "b"))), "settings.direction.*'up'"),
        (learned(3, reach="text"), "reach: expected str"),
        (learned(3, members=()), "expected scalars"),
        (Other(), "Other, got .*Learned"),
    ],
)
def test_state_of_another_shape_or_configuration_is_refused_by_name(template, says):
    arrays, meta = rows.pack(learned(3, reach=1.0))
    with pytest.raises(ValueError, match=says):
        rows.unpack(template, arrays, meta)


@pytest.mark.parametrize("meta", [{}, {"kind": "os:system"}, {"kind": "os:system", "scalars": {}}])
def test_a_kind_named_by_a_file_is_compared_and_never_imported(meta):
    with pytest.raises(ValueError, match="expected state of"):
        rows.unpack(learned(1), {}, meta)


@pytest.mark.parametrize("scalars", [None, [], "reach", {"reach": 1.0}])
def test_meta_that_was_tampered_with_is_refused(scalars):
    arrays, meta = rows.pack(learned(1))
    with pytest.raises(ValueError, match="expected scalars"):
        rows.unpack(learned(1), arrays, meta | {"scalars": scalars})


def test_a_missing_array_is_refused():
    arrays, meta = rows.pack(learned(1))
    del arrays["profile"]
    with pytest.raises(ValueError, match="expected arrays"):
        rows.unpack(learned(1), arrays, meta)


def test_a_field_that_is_not_state_is_refused_when_packing():
    with pytest.raises(ValueError, match=r"note: expected .* got dict"):
        rows.pack(learned(1, note={}))
