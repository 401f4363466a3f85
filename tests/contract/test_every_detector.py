"""The battery: every detector found through the entry points keeps the contract of ``aiops.plugin``.

A new plug-in is tested by existing. Scores agree within one part in a million, statuses exactly.
"""

import concurrent.futures
import dataclasses
import functools
import importlib
import multiprocessing
import pickle
import pkgutil
import warnings

import numpy as np
import pytest

import detectors
from aiops.bootstrap.plugins import found
from aiops.core import rows
from aiops.model import Direction, Status, Verdicts
from aiops.plugin import Detector, Fitted
from tests.contract.detector_cases import (
    DAY,
    FORTNIGHT,
    NAMES,
    STRANGE,
    Subject,
    agree,
    calm,
    fresh,
    troubled,
)

HISTORY = calm()[:, :FORTNIGHT]
BLOCK = troubled()


@functools.cache
def learned(subject):
    """What ``subject`` learned from ``HISTORY``: immutable, so that all tests can share it."""
    return subject.fit(HISTORY)


@pytest.fixture(params=NAMES)
def subject(request):
    return Subject(request.param, Direction.BOTH)


@pytest.fixture(scope="module")
def elsewhere():
    """Another process, started afresh, so that nothing but what is sent is shared."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        yield lambda *task: pool.submit(*task).result(timeout=120)


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_every_module_has_an_entry_point_and_the_reverse():
    modules = {f"detectors.{module.name}" for module in pkgutil.iter_modules(detectors.__path__)}
    ours = {
        point.module for point in found("aiops.detectors").values() if point.module.startswith("detectors.")
    }
    assert modules == ours


@pytest.mark.parametrize("name", NAMES)
def test_the_entry_point_is_named_as_its_module(name):
    point = found("aiops.detectors")[name]
    if point.module.startswith("detectors."):
        assert point.module == f"detectors.{name}"


def test_it_is_a_frozen_dataclass_with_slots_and_defaults(subject):
    kind = subject.kind
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)
    assert isinstance(kind(), Detector)
    assert kind() == kind()


@pytest.mark.parametrize("part", ["Input:", "Output:", "Errors:", "Cost:", "Source:"])
def test_the_docstring_says_what_a_reader_needs(subject, part):
    assert part in importlib.import_module(subject.kind.__module__).__doc__


def test_a_number_that_is_none_is_refused_by_name(subject):
    kind = subject.kind
    for field in dataclasses.fields(kind):
        if isinstance(field.default, float):
            with pytest.raises(ValueError, match=field.name):
                kind(**{field.name: float("nan")})


def test_what_is_fitted_is_frozen_and_is_no_detector(subject):
    fitted = learned(subject)
    assert isinstance(fitted, Fitted)
    assert type(fitted).__dataclass_params__.frozen
    assert not hasattr(fitted, "fit")


@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_block_gets_verdicts(subject, strange):
    """M4: NaN, infinities, 1e308, negative, one sample, none: no exception and no warning."""
    block = STRANGE[strange]
    verdicts, learned = subject.judge(subject.fit(HISTORY[: len(block)]), block)
    assert isinstance(verdicts, Verdicts)
    assert verdicts.status.shape == block.shape
    later, _ = subject.judge(learned, calm(len(block))[:, FORTNIGHT:], FORTNIGHT + DAY)
    assert later.status.shape == (len(block), DAY)


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("newest", ["troubled", "the same", "largest"])
def test_a_strange_history_gets_verdicts(subject, strange, newest):
    """M4, as above; with no history at all nothing is normal or an anomaly by what was learned."""
    history = STRANGE[strange]
    block = {"troubled": troubled(), "the same": history, "largest": STRANGE["largest"]}[newest]
    block = block[: len(history)]
    verdicts, _ = subject.judge(subject.fit(history), block)
    assert verdicts.status.shape == block.shape


def test_defaults_alone_judge_too():
    for name in NAMES:
        subject = Subject(name)
        verdicts, _ = subject.judge(learned(subject), BLOCK)
        assert verdicts.status.shape == BLOCK.shape


def test_a_gap_is_inconclusive_never_normal(subject):
    """M2, M4: no data is not healthy; only a detector of absence may call it an anomaly."""
    verdicts, _ = subject.judge(learned(subject), BLOCK)
    gaps = verdicts.status[~np.isfinite(BLOCK)]
    assert (gaps != Status.NORMAL).all()
    if not getattr(subject.kind, "judges_gaps", False):
        assert (gaps == Status.INCONCLUSIVE).all()


def test_a_calm_day_after_a_calm_fortnight_is_judged_and_normal(subject):
    """At most one sample in a hundred is flagged; a detector that is never sure is of no use."""
    day = (
        np.abs(np.sign(calm()[:, FORTNIGHT:])) * 0
        if subject.name == "kubernetes_state"
        else calm()[:, FORTNIGHT:]
    )
    verdicts, _ = subject.judge(learned(subject), day)
    assert (verdicts.status == Status.NORMAL).mean() > 0.9
    assert verdicts.anomalous.mean() <= 0.01


def test_twice_the_same_answer(subject):
    fitted = learned(subject)
    first, _ = subject.judge(fitted, BLOCK)
    subject.judge(fitted, BLOCK * 3)  # what another block taught must not show here
    again, _ = subject.judge(fitted, BLOCK)
    agree(first, again)
    agree(first, subject.judge(subject.fit(HISTORY), BLOCK)[0])


def test_a_block_at_once_and_column_by_column_agree(subject):
    fitted = learned(subject)
    hold = np.zeros(BLOCK.shape, bool)
    hold[1, 50:55] = True
    whole, after_whole = subject.judge(fitted, BLOCK, hold=hold)
    columns = []
    for column in range(DAY):
        one = slice(column, column + 1)
        verdicts, fitted = subject.judge(fitted, BLOCK[:, one], FORTNIGHT + column, hold[:, one])
        columns.append(verdicts)
    agree(whole, _beside(columns))
    last = calm()[:, FORTNIGHT:]
    agree(
        subject.judge(after_whole, last, FORTNIGHT + DAY)[0], subject.judge(fitted, last, FORTNIGHT + DAY)[0]
    )


def _beside(parts):
    several = [part.contributions for part in parts if part.contributions is not None]
    status, score, low, high = (
        np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("status", "score", "low", "high")
    )
    return Verdicts(
        status, score, low, high, parts[0].signals, np.concatenate(several, axis=2) if several else None
    )


def test_rows_are_judged_alike_together_and_apart(subject):
    if getattr(subject.kind, "judges_gaps", False):
        pytest.skip("what is gone is judged by what is still there: see its own tests")
    together, _ = subject.judge(learned(subject), BLOCK)
    for row in range(len(BLOCK)):
        one = slice(row, row + 1)
        apart, _ = subject.judge(subject.fit(HISTORY[one]), BLOCK[one])
        agree(_row(together, one), apart)


def _row(verdicts, one):
    parts = verdicts.contributions
    return Verdicts(
        verdicts.status[one], verdicts.score[one], verdicts.low[one], verdicts.high[one],
        verdicts.signals, None if parts is None else parts[:, one],
    )  # fmt: skip


def test_the_name_of_a_target_changes_nothing(subject):
    here, _ = subject.judge(learned(subject), BLOCK)
    there, _ = subject.judge(subject.fit(HISTORY, prefix="zzz"), BLOCK, prefix="zzz")
    agree(here, there)


def test_what_is_on_hold_is_not_learned_from(subject):
    """M12, M15: whatever happens under remediation leaves no trace."""
    fitted = learned(subject)
    hold, next_day = np.ones(BLOCK.shape, bool), calm()[:, FORTNIGHT:]
    after = [subject.judge(fitted, block, hold=hold)[1] for block in (BLOCK, BLOCK * 3 + 100)]
    agree(*(subject.judge(one, next_day, FORTNIGHT + DAY)[0] for one in after))


def test_it_learns_while_judging(subject):
    """A blank start is how a new target joins: a fortnight of judging is as good as a history."""
    blank = subject.fit(np.empty((3, 0)))
    _, learned = subject.judge(blank, HISTORY, 0)
    verdicts, _ = subject.judge(learned, calm()[:, FORTNIGHT:])
    assert (verdicts.status != Status.INCONCLUSIVE).mean() > 0.9


def test_state_survives_pickling_and_another_process(subject, elsewhere):
    fitted = learned(subject)
    here, _ = subject.judge(fitted, BLOCK)
    agree(here, subject.judge(pickle.loads(pickle.dumps(fitted)), BLOCK)[0])  # noqa: S301 - our own bytes
    agree(
        here,
        elsewhere(type(fitted).judge, fitted, subject.panels(BLOCK, FORTNIGHT), np.zeros(BLOCK.shape, bool))[
            0
        ],
    )


def test_another_process_learns_the_same(subject, elsewhere):
    status, score = elsewhere(fresh, subject.name, HISTORY, BLOCK)
    mine, my_score = fresh(subject.name, HISTORY, BLOCK)
    np.testing.assert_array_equal(mine, status)
    np.testing.assert_allclose(my_score, score, rtol=1e-6)


def test_state_survives_saving_and_restoring(subject):
    """A restart does not forget: what is unpacked over a blank template judges as before."""
    _, fitted = subject.judge(learned(subject), BLOCK)
    arrays, meta = rows.pack(fitted)
    assert all(array.dtype != object for array in arrays.values())
    again = rows.unpack(subject.fit(np.empty((3, 0))), arrays, meta)
    next_day = calm()[:, FORTNIGHT:]
    agree(*(subject.judge(one, next_day, FORTNIGHT + DAY)[0] for one in (fitted, again)))


def test_state_can_be_taken_apart_and_joined(subject):
    _, fitted = subject.judge(learned(subject), BLOCK)
    next_day = calm()[:, FORTNIGHT:]
    whole, _ = subject.judge(fitted, next_day, FORTNIGHT + DAY)
    joined = rows.join([rows.take(fitted, [0]), rows.take(fitted, [1, 2])])
    agree(whole, subject.judge(joined, next_day, FORTNIGHT + DAY)[0])
    turned, _ = subject.judge(rows.take(fitted, [2, 0]), next_day[[2, 0]], FORTNIGHT + DAY)
    np.testing.assert_array_equal(turned.status, whole.status[[2, 0]])


def test_a_target_that_joins_later_disturbs_nobody(subject):
    """The way of a new target: a blank row joins what was learned."""
    fitted = learned(subject)
    joined = rows.join([fitted, subject.fit(np.empty((1, 0)))])
    more = np.vstack([BLOCK, BLOCK[1:2]])
    agree(subject.judge(fitted, BLOCK)[0], _row(subject.judge(joined, more)[0], slice(0, 3)))


DIRECTED = [
    name for name in NAMES if "direction" in {field.name for field in dataclasses.fields(Subject(name).kind)}
]


@pytest.mark.parametrize("name", DIRECTED)
@pytest.mark.parametrize(
    ("direction", "high", "low"),
    [(Direction.UP, True, False), (Direction.DOWN, False, True), (Direction.BOTH, True, True)],
)
def test_only_the_side_that_is_a_problem_is_flagged(name, direction, high, low):
    if name == "threshold" and direction is Direction.BOTH:
        low = False  # one edge is not two sides; ``floor`` is the other: see its own tests
    subject = Subject(name, direction)
    fitted = learned(subject)
    for value, expected in [(1000.0, high), (-1000.0, low)]:
        verdicts, _ = subject.judge(fitted, np.full((3, 3), value))
        assert bool(verdicts.anomalous[:, 0].all()) is expected
        assert bool(verdicts.anomalous.any()) is expected
