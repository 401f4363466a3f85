"""The dry run over every shared set of recorded data: every sample is read, report and JSON are made."""

import json

import numpy as np
import pytest

from aiops.bootstrap import report
from aiops.bootstrap.recordings import open_recording
from tests.measure import ROOT

SHARED = ROOT.parent / "shared" / "data"
SETS = (
    *("nab", "cloudmon", "asd-uni", "smd-uni", "nezha-uni"),  # a series a file
    *("asd", "jumpstarter", "smd", "nezha"),  # many metrics a file
    *("nezha-rca/ob-2022-08-22-00", "petshop-rca/high_traffic-test-issue_0"),  # a fault case a folder
)
pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.mark.parametrize("name", SETS)
def test_a_dry_run_tells_the_whole_of_a_shared_data_set(name, tmp_path):
    """No series and no sample of the recording is left out."""
    folder = SHARED / name
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}")
    run = report.dry_run(folder, None, None)
    held = open_recording(folder)
    panels = [held.panel(signal.name) for signal in held.signals]
    assert run.story.series == sum(len(panel.targets) for panel in panels)
    assert run.story.samples == sum(int(np.isfinite(panel.values).sum()) for panel in panels)
    assert run.score is not None
    report.write_report(tmp_path / "report.html", run)
    assert (tmp_path / "report.html").read_text().rstrip().endswith("</html>")
    told = json.loads(json.dumps(report.document(run), allow_nan=True))
    assert len(told["incidents"]) == len(run.story.incidents)
