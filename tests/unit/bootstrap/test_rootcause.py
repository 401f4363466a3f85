"""aiops rootcause: reads a fault case, ranks every candidate, names what is wrong with bad files."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from aiops.bootstrap.rootcause import rank_case
from aiops.cli import app
from aiops.errors import InputError

SHARED = Path(__file__).parents[4] / "shared" / "data"
START_S = 1_700_000_000
ROWS, ONSET = 40, 34
META = {"inject_time": START_S + ONSET * 60, "candidates": ["cart", "db", "front"], "interval_s": 60}


def columns(*names):
    """A table in which cart burns CPU from the onset on; everything else is calm."""
    random = np.random.default_rng(1)
    made = {name: 1 + 0.01 * random.standard_normal(ROWS) for name in names}
    if "cart_CpuUsage" in made:
        made["cart_CpuUsage"][ONSET:] *= 4
    return made


def write(folder, table, meta, *, name="data.csv.gz"):
    folder.mkdir(exist_ok=True)
    lines = ["time," + ",".join(table)]
    for row in range(ROWS):
        values = ",".join("" if np.isnan(one[row]) else f"{one[row]:.6g}" for one in table.values())
        lines.append(f"{START_S + row * 60},{values}")
    raw = "\n".join(lines).encode()
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    if meta is not None:
        (folder / "meta.json").write_text(json.dumps(meta))
    return folder


USUAL = ("front_Latency", "cart_CpuUsage", "cart_Latency", "db_CpuUsage")


@pytest.mark.parametrize("name", ["data.csv.gz", "data.csv"])
def test_every_candidate_is_listed_the_cause_first(tmp_path, name):
    ranked = rank_case(write(tmp_path / "case-1", columns(*USUAL), META, name=name))
    assert ranked.case == "case-1"
    assert ranked.known
    assert sorted(one.target.name for one in ranked.suspects) == ["cart", "db", "front"]
    assert ranked.suspects[0].target.name == "cart"
    assert all(one.evidence for one in ranked.suspects)


def test_the_answer_in_the_meta_file_is_not_read(tmp_path):
    told = META | {"fault_service": "db", "fault_type": "cpu"}
    ranked = rank_case(write(tmp_path / "case", columns(*USUAL), told))
    assert ranked.suspects[0].target.name == "cart"


def test_the_cause_is_unknown_where_nothing_moved(tmp_path):
    ranked = rank_case(write(tmp_path / "case", columns("front_Latency", "cart_Latency", "db_Latency"), META))
    assert not ranked.known
    assert len(ranked.suspects) == 3


def test_a_service_without_a_sample_is_not_called_well(tmp_path):
    """No data is not health: cart has columns without a sample, zed has no column at all."""
    table = columns("cart_CpuUsage", "db_CpuUsage")
    table["cart_CpuUsage"][:] = np.nan
    ranked = rank_case(write(tmp_path / "case", table, META | {"candidates": ["cart", "db", "zed"]}))
    said = {one.target.name: one.evidence[0].what for one in ranked.suspects}
    assert not ranked.known
    assert said["cart"] == said["zed"] == "no sample of it, so nothing can be said"
    assert "no sample" not in said["db"]


def test_two_runs_give_the_same_answer(tmp_path):
    folder = write(tmp_path / "case", columns(*USUAL), META)
    assert rank_case(folder) == rank_case(folder)


def test_an_alarm_is_followed_along_the_calls(tmp_path):
    table = columns("front|latency", "cart|latency", "db|latency", "batch|latency")
    for name, seconds in (
        ("front|latency", 1.0),
        ("cart|latency", 1.0),
        ("db|latency", 1.0),
        ("batch|latency", 9.0),
    ):
        table[name][ONSET:] += seconds
    meta = META | {
        "candidates": ["front", "cart", "db", "batch"],
        "call_graph": [["front", "cart"], ["cart", "db"]],
        "target": "front|latency",
    }
    services = [one.target.name for one in rank_case(write(tmp_path / "case", table, meta)).suspects]
    assert services[0] == "db"
    assert services[-1] == "batch"  # it moved most, and has nothing to do with the alarm


def test_a_falling_availability_is_read_as_failures(tmp_path):
    table = {
        name: np.full(ROWS, 100.0) for name in ("front|availability", "cart|availability", "db|availability")
    }
    table["cart|availability"][ONSET:] = 90.0
    suspects = rank_case(write(tmp_path / "case", table, META)).suspects
    assert suspects[0].target.name == "cart"
    assert "10 %, was 0 %" in suspects[0].evidence[0].what


def test_the_command_prints_json_with_services_and_words(tmp_path):
    result = CliRunner().invoke(
        app, ["rootcause", str(write(tmp_path / "case", columns(*USUAL), META)), "--json"]
    )
    told = json.loads(result.stdout)
    assert (told["case"], told["verdict"]) == ("case", "known")
    assert told["suspects"][0]["service"] == "cart"
    assert told["suspects"][0]["evidence"][0].startswith("CpuUsage: 3.99")  # 4 times 1, and noise
    assert sum(one["confidence"] for one in told["suspects"]) <= 1.001  # rounded to four digits


def test_the_table_shows_the_first_suspect_and_the_verdict(tmp_path):
    result = CliRunner().invoke(app, ["rootcause", str(write(tmp_path / "case", columns(*USUAL), META))])
    assert "cart" in result.stdout.splitlines()[1]
    assert "verdict: known" in result.stderr


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"candidates": ["cart"]}, "inject_time: expected unix seconds, got nothing"),
        (META | {"inject_time": START_S + 240}, "expected at least 5 rows of calm, got 4 rows before it"),
        (META | {"inject_time": START_S + ROWS * 60}, "expected at least one row of the fault"),
        (META | {"inject_time": "noon"}, "inject_time: expected unix seconds, got 'noon'"),
        (META | {"target": "front|latency"}, "target: expected a column of data.csv.gz"),
        (META | {"target": 7}, "target: expected the name of a column, got 7"),
        (META | {"candidates": ["nobody"]}, "expected columns SERVICE_METRIC of the candidates"),
        (META | {"call_graph": ["a"]}, "call_graph: expected a list of [caller, callee]"),
    ],
)
def test_what_is_wrong_with_a_case_is_said(tmp_path, meta, said):
    with pytest.raises(InputError) as raised:
        rank_case(write(tmp_path / "case", columns(*USUAL), meta))
    assert said in str(raised.value)


def test_all_missing_files_are_named_at_once(tmp_path):
    with pytest.raises(InputError) as raised:
        rank_case(tmp_path / "nothing")
    assert "data.csv.gz" in str(raised.value)
    assert "meta.json" in str(raised.value)


def cases_of(family):
    folders = sorted(path.parent for path in (SHARED / family).glob("*/meta.json"))
    if not folders:
        pytest.skip(f"no fault cases in {SHARED / family}")
    return folders


@pytest.mark.data
@pytest.mark.parametrize(("family", "first", "five"), [("nezha-rca", 0.3, 0.4), ("petshop-rca", 0.8, 0.85)])
def test_real_faults_are_found_far_better_than_by_chance(family, first, five):
    """Every third case, so that it stays quick. Chance is 0.06 and 0.12 for Nezha, 0.03 and 0.08 for PetShop;
    the bounds are well below what all cases give (docs/decisions/0008-root-cause.md)."""
    places = []
    for folder in cases_of(family)[::3]:
        answer = json.loads((folder / "meta.json").read_text())["fault_service"]
        services = [one.target.name for one in rank_case(folder).suspects]
        places.append(services.index(answer) + 1)
    assert np.mean([place == 1 for place in places]) >= first
    assert np.mean([[place <= k for k in range(1, 6)] for place in places]) >= five
