"""aiops trends: the table, the JSON, and what is said of a recording without samples."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import aiops.cli
from aiops.cli.trends import command

DAYS, STEP_S = 6, 600
LENGTH = DAYS * 144
DAY = np.arange(LENGTH) / 144
START_S = 1_700_006_400  # 2023-11-15 00:00 UTC


def recording(folder):
    """A CSV file that imports as a recording: the CPU of cart doubles after three days, disk grows."""
    random = np.random.default_rng(1)
    cpu = (1 + 0.01 * random.standard_normal(LENGTH)) * np.where(DAY >= 3, 2.0, 1.0)
    disk = 40 + 5 * DAY
    lines = ["timestamp,cart_cpu,cart_disk,db_cpu,db_disk"]
    lines += [
        f"{START_S + row * STEP_S},{cpu[row]:.5f},{disk[row]:.5f},{1 + 0.001 * (row % 3)},7"
        for row in range(LENGTH)
    ]
    path = folder / "shop.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments])


def test_the_json_holds_every_finding_with_its_target(tmp_path):
    told = json.loads(run(recording(tmp_path), "--json").stdout)
    (change,) = told["change_points"]
    assert "cpu" in change["target"] + change["signal"]
    assert change["at_ms"] == pytest.approx((START_S + 3 * 86_400) * 1000, abs=1_800_000)
    (growth,) = told["growth"]
    assert growth["per_day"] == pytest.approx(5.0, rel=0.01)
    assert told["series"] == 4


def test_the_table_shows_levels_before_and_after(tmp_path):
    shown = run(recording(tmp_path))
    assert "2023-11-18 00:00" in shown.stdout
    assert "Steady growth" in shown.stdout
    assert "4 series from 2023-11-15 00:00:00" in shown.stderr


def test_since_looks_at_the_end_alone(tmp_path):
    told = json.loads(run(recording(tmp_path), "--since", "2d", "--json").stdout)
    assert told["change_points"] == []
    assert told["end_ms"] - told["start_ms"] == 2 * 86_400_000


def test_a_path_that_is_no_recording_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["aiops", "trends", str(tmp_path / "nothing")])
    with pytest.raises(SystemExit) as ended:
        aiops.cli.main()
    assert ended.value.code == 2
    assert "expected a recording" in capsys.readouterr().err
