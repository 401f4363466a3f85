"""Every data set that people hand us opens directly, with its labels as true incidents."""

import json
from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.recording.csv_cases import CASE, find, stem
from aiops.bootstrap.recordings import open_recording

SHARED = Path(__file__).parents[4] / "shared" / "data"
pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture
def data():
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    return SHARED


def test_every_file_and_case_opens(data):
    opened = 0
    for file in find(data):
        recording = open_recording(file.parent if stem(file) == CASE else file)
        panel = recording.panel(recording.signals[0].name)
        assert np.isfinite(panel.values).any() or len(recording.signals) > 1, file
        opened += 1
    assert opened > 200


@pytest.mark.parametrize(
    "folder",
    ["nab", "cloudmon", "smd", "asd", "jumpstarter", "nezha", "nezha-uni", "nezha-rca", "petshop-rca"],
)
def test_every_folder_opens_as_one_recording(data, folder):
    recording = open_recording(data / folder)
    assert recording.truths
    assert recording.start_ms < recording.end_ms


def test_every_fault_case_names_its_service_among_its_series(data):
    cases = sorted([*data.glob("nezha-rca/*"), *data.glob("petshop-rca/*")])
    for case in cases:
        meta = json.loads((case / "meta.json").read_text())
        recording = open_recording(case)
        (truth,) = recording.truths
        assert truth.target.name == meta["fault_service"]
        assert truth.start_ms == meta["inject_time"] * 1000
        named = {
            target.name for signal in recording.signals for target in recording.panel(signal.name).targets
        }
        assert meta["fault_service"] in named, case
        assert named <= set(meta["candidates"]), case  # no metric was taken for a part of a service


def test_every_segment_is_a_true_incident_at_the_times_of_its_rows(data):
    meta = json.loads((data / "nezha" / "ob-day1.meta.json").read_text())
    recording = open_recording(data / "nezha" / "ob-day1.csv.gz")
    times = recording.panel("CpuUsage").times
    told = [(truth.start_ms, truth.end_ms, truth.target.name, truth.fault) for truth in recording.truths]
    assert told == [
        (times[one["start"]], times[one["end"] - 1], one["service"], one["fault"]) for one in meta["segments"]
    ]
