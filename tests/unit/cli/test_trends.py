"""aiops trends: the table, the JSON, and what is said of a recording without samples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import aiops.cli
from aiops.cli import app

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
    return CliRunner().invoke(app, ["trends", *[str(one) for one in arguments]])


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


def test_a_pipe_gets_whole_names_however_long(tmp_path):
    """A screen is narrow; what a pipe carries on is not for a screen."""
    path = recording(tmp_path)
    long = "cart-" + "x" * 80
    path.write_text(path.read_text().replace("cart_cpu", f"{long}_cpu"))
    done = subprocess.run(
        [sys.executable, "-m", "aiops", "trends", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert f"{long}_cpu" in done.stdout
    assert "…" not in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands(shell):
    environment = {**os.environ, "_AIOPS_COMPLETE": f"{shell}_source"}
    aiops_path = Path(sys.executable).with_name("aiops")
    script = subprocess.run(
        [aiops_path], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "_AIOPS_COMPLETE" in script.stdout
    environment |= {"_AIOPS_COMPLETE": "bash_complete", "COMP_WORDS": "aiops ro", "COMP_CWORD": "1"}
    answer = subprocess.run(
        [aiops_path], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.stdout.split() == ["plain,rootcause"]
