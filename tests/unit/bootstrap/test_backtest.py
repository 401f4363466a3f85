"""Backtest: one row for each row, causal, and 1 exactly where the daemon says anomaly."""

import csv
import gzip
import io

import numpy as np
import pytest

from aiops.bootstrap import backtest
from aiops.bootstrap.backtest import Backtest, Kind, find, read, run, scores
from aiops.bootstrap.plugins import found
from aiops.bootstrap.rules import make_detector
from aiops.errors import InputError
from aiops.model import Panel, Target
from tests.measure import ROOT

DATA = ROOT.parent / "shared" / "data"
SERIES = ("nab", "cloudmon", "smd-uni", "asd-uni", "nezha-uni")
MULTI = ("smd", "asd", "jumpstarter", "nezha")
START = 1_704_067_200


def lines(values, step=300, stamps=None, label=True):
    stamps = [START + step * i for i in range(len(values))] if stamps is None else stamps
    head = "timestamp,value,label" if label else "timestamp,value"
    body = [
        f"{at},{'' if v is None else v}" + (",0" if label else "")
        for at, v in zip(stamps, values, strict=True)
    ]
    return "\n".join([head, *body]) + "\n"


def swing(samples=1200, seed=2):
    rng = np.random.default_rng(seed)
    return np.round(20 + 5 * np.sin(2 * np.pi * np.arange(samples) / 288) + rng.normal(0, 0.5, samples), 4)


def written(path):
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    return list(csv.reader(io.StringIO(text.decode())))


def scored(tmp_path, text, name="a.csv", **task):
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_text(text)
    (path,) = run(tmp_path / "in", tmp_path / "out", Backtest(**task))
    return written(path)


def test_every_row_has_one_score_in_the_same_order_though_times_repeat(tmp_path):
    """A clock that goes back shows an hour twice; a collector meets the rows as they are."""
    values = swing()
    stamps = [START + 300 * i for i in range(600)] + [START + 300 * i for i in range(590, 1190)]
    rows = scored(tmp_path, lines(values, stamps=stamps))
    assert rows[0] == ["timestamp", "score"]
    assert [row[0] for row in rows[1:]] == [str(at) for at in stamps]


def test_the_first_rows_are_history_and_have_no_score(tmp_path):
    """15 % of 1200 rows are 180."""
    rows = scored(tmp_path, lines(swing()))[1:]
    assert all(score == "" for _, score in rows[:180])
    assert rows[180][1] != ""


def test_a_missing_value_has_no_score(tmp_path):
    values = list(swing())
    values[700] = None
    assert scored(tmp_path, lines(values))[1:][700][1] == ""


def test_the_label_changes_nothing(tmp_path):
    with_label = scored(tmp_path, lines(swing()))
    assert scored(tmp_path, lines(swing(), label=False)) == with_label


def test_the_tree_and_the_packing_of_the_input_are_kept(tmp_path):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    (folder / "b.csv.gz").write_bytes(gzip.compress(lines(swing(100)).encode()))
    (path,) = run(tmp_path / "in", tmp_path / "out", Backtest())
    assert path == tmp_path / "out" / "deep" / "b.csv.gz"
    assert len(written(path)) == 101


@pytest.mark.parametrize("detector", ["default", "ewma_level", "holt_winters"])
@pytest.mark.parametrize("cut", [400, 777])
def test_scores_of_a_prefix_are_the_prefix_of_the_scores(tmp_path, detector, cut):
    """Causal: what comes later changes nothing. The history is given, as 15 % of a prefix are fewer rows."""
    values = swing()
    values[900:] += 50
    path = tmp_path / "a.csv"
    task = Backtest(detector, history_rows=180)
    path.write_text(lines(values))
    whole = scores(read(path, Kind.SERIES), task)
    path.write_text(lines(values[:cut]))
    np.testing.assert_array_equal(scores(read(path, Kind.SERIES), task), whole[:cut])


def test_a_score_of_one_is_where_the_daemon_says_anomaly(tmp_path):
    """The daemon's own default stack, a sample at a time, against the backtest of the whole file."""
    values = swing(700)
    values[500:520] += 80
    values[600] = 0
    path = tmp_path / "a.csv"
    path.write_text(lines(values))
    table = read(path, Kind.SERIES)
    fitted = make_detector({}, "UTC", "default", None, 300.0).fit(panel(table, 0, 105))
    says = []
    for column in range(105, 700):
        verdicts, fitted = fitted.judge(panel(table, column, column + 1), np.zeros((1, 1), bool))
        says.append(bool(verdicts.anomalous[0, 0]))
    answer = scores(table, Backtest())[105:]
    assert [bool(one >= 1) for one in answer] == says
    assert sum(says) > 5


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (np.nextafter(1.0, 0.0), "0.999999"),
        (0.9999996, "0.999999"),
        (0.9999994, "0.999999"),
        (1.0, "1"),
        (1.0000001, "1"),
        (12.3456789, "12.3457"),
        (np.nan, ""),
    ],
)
def test_what_is_just_below_the_edge_is_not_written_as_the_edge(tmp_path, score, text):
    """Six digits would round 0.9999996 to 1, which is an anomaly."""
    table = backtest.Table((str(START),), np.array([START * 1000]), ("value",), np.array([[1.0]]))
    backtest.write(tmp_path / "a.csv", table, np.array([score]))
    assert written(tmp_path / "a.csv")[1] == [str(START), text]


def panel(table, start, stop):
    target = (Target("Series", "", "value"),)
    return Panel("value", "", target, table.times[start:stop], table.values[:, start:stop])


def several(rows=700, metrics=12):
    rng = np.random.default_rng(4)
    values = rng.normal(10, 1, (rows, metrics))
    values[650:] += 40
    head = "timestamp," + ",".join(f"m{i}" for i in range(metrics)) + ",label"
    body = [f"{START + 300 * i}," + ",".join(map(str, row)) + ",0" for i, row in enumerate(values.round(3))]
    return "\n".join([head, *body]) + "\n"


@pytest.mark.parametrize("detector", ["default", "isolation_forest"])
def test_metrics_of_one_thing_get_one_score(tmp_path, detector):
    rows = scored(tmp_path, several(), detector=detector, kind=Kind.MULTI)[1:]
    assert len(rows) == 700
    assert max(float(score) for _, score in rows[650:655]) >= 1  # at the latest once it has lasted for five
    assert sum(float(score or 0) >= 1 for _, score in rows[:650]) <= 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "timestamp,value"),
        ("time,value\n1,2\n", "timestamp,value"),
        ("timestamp,value\n1\n", ":2: expected 2 columns, got 1"),
        ("timestamp,value\nsoon,2\n", ":2"),
        ("timestamp,value\n1,much\n", ":2"),
        ("timestamp,value\n1,2\n-5,2\n", ":3"),
    ],
)
def test_what_is_no_table_of_numbers_is_named_by_file_and_line(tmp_path, text, says):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        scores(read(path, Kind.SERIES), Backtest())
    assert "bad.csv" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_a_file_with_next_to_nothing_is_scored_all_the_same(tmp_path, rows):
    assert len(scored(tmp_path, lines(swing(rows)))) == rows + 1


def test_an_unknown_detector_is_named_beside_those_there_are():
    with pytest.raises(InputError, match=r"isolation_forest.*'crystal_ball'"):
        Backtest("crystal_ball")


def test_a_tree_without_files_is_an_error(tmp_path):
    with pytest.raises(InputError, match="got none"):
        find(tmp_path)


def _files(families):
    found_ones = [path for family in families for path in sorted((DATA / family).rglob("*.csv.gz"))]
    return [pytest.param(path, id=str(path.relative_to(DATA))) for path in found_ones]


needs_data = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not beside the checkout")


@pytest.mark.data
@needs_data
@pytest.mark.parametrize("path", _files((*SERIES, *MULTI)))
def test_every_shared_file_is_read_row_for_row(path):
    kind = Kind.SERIES if path.relative_to(DATA).parts[0] in SERIES else Kind.MULTI
    table = read(path, kind)
    with gzip.open(path, "rt") as file:
        stamps = [row.split(",", 1)[0] for row in file][1:]
    assert list(table.stamps) == stamps
    assert table.values.shape[1] == len(stamps)
    assert (np.diff(table.times) > 0).all()


@pytest.mark.data
@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("path", _files((*SERIES, *MULTI)))
def test_every_shared_file_is_scored_causally(path):
    """A prefix has the prefix of the scores, and every row one."""
    kind = Kind.SERIES if path.relative_to(DATA).parts[0] in SERIES else Kind.MULTI
    table = read(path, kind)
    length = len(table.stamps)
    history = int(0.15 * length)
    cut = int(np.random.default_rng(length).integers(history + 1, length))
    part = backtest.Table(table.stamps[:cut], table.times[:cut], table.names, table.values[:, :cut])
    task = Backtest(kind=kind, history_rows=history)
    whole = scores(table, task)
    assert len(whole) == length
    np.testing.assert_array_equal(scores(part, task), whole[:cut])


def test_every_detector_can_be_named():
    for name in found("aiops.detectors"):
        Backtest(name)


def test_metrics_that_say_nothing_do_not_hide_the_one_that_does(tmp_path):
    """M6: one without a sample, one that never moves, one at the end of what a float can hold."""
    values = swing(700)
    values[650:] += 80
    path = tmp_path / "a.csv"
    body = [f"{START + 300 * i},{value},,7,{'1e308' if i % 2 else ''}" for i, value in enumerate(values)]
    path.write_text("\n".join(["timestamp,real,gone,still,largest", *body]) + "\n")
    answer = scores(read(path, Kind.MULTI), Backtest(kind=Kind.MULTI))
    assert (answer[400:650] < 1).mean() > 0.98
    assert answer[650:655].max() >= 1


def test_a_single_metric_is_judged_and_one_without_samples_is_unknown(tmp_path):
    path = tmp_path / "a.csv"
    task = Backtest(kind=Kind.MULTI)
    path.write_text("timestamp,a\n" + "".join(f"{START + 300 * i},{v}\n" for i, v in enumerate(swing(300))))
    assert np.isfinite(scores(read(path, Kind.MULTI), task)[-1])
    path.write_text("timestamp,a\n" + "".join(f"{START + 300 * i},\n" for i in range(300)))
    assert np.isnan(scores(read(path, Kind.MULTI), task)).all()
