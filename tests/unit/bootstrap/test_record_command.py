"""`aiops record`: what it accepts, what it says, and how it fails."""

import json

import pytest
from click.testing import CliRunner

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.record_live import Options, chosen, job_of, known_labels, record_live, rules_of
from aiops.bootstrap.recordings import open_recording
from aiops.cli import app
from aiops.errors import InputError
from aiops.model import PrometheusSettings
from aiops.settings import Settings
from tests.fakes.source import FakeSource
from tests.unit.adapters.recording.sample import LATENCY, UP

MINUTE, DAY = 60_000, 86_400_000


def invoke(*arguments):
    return CliRunner().invoke(app, ["record", *[str(one) for one in arguments]])


def test_a_csv_file_becomes_a_recording(tmp_path):
    (tmp_path / "rps.csv").write_text("timestamp,value,label\n60,1,0\n120,2,1\n180,,0\n")
    done = invoke("--from-csv", tmp_path / "rps.csv", "-o", tmp_path / "r")
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'r'}: 1 signals, 1 series, 2 samples, 0 facts, 1 true incidents" in done.output
    recording = open_recording(tmp_path / "r")
    assert [truth.start_ms for truth in recording.truths] == [120_000]
    assert recording.meta.made_by.startswith("aiops record --from-csv, aiopsd ")


def test_what_is_read_directly_and_what_is_written_first_are_the_same(tmp_path):
    (tmp_path / "rps.csv").write_text("timestamp,value,label\n60,1,0\n120,2,1\n120,9,1\n180,,0\n")
    invoke("--from-csv", tmp_path / "rps.csv", "-o", tmp_path / "r")
    direct, written = open_recording(tmp_path / "rps.csv"), open_recording(tmp_path / "r")
    assert (direct.signals, direct.truths, direct.warnings) == (
        written.signals,
        written.truths,
        written.warnings,
    )
    assert direct.panel("rps").values.tolist()[0][:2] == written.panel("rps").values.tolist()[0][:2]


def test_several_replies_and_openmetrics_text_become_recordings(tmp_path):
    files = []
    for name in ("a", "b"):
        result = [{"metric": {"__name__": name, "service": "s"}, "values": [[60, "1"]]}]
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps({"data": {"resultType": "matrix", "result": result}}))
    assert invoke("--from-json", files[0], "--from-json", files[1], "-o", tmp_path / "j").exit_code == 0
    assert [one.name for one in open_recording(tmp_path / "j").signals] == ["a", "b"]
    (tmp_path / "m.om").write_text('# TYPE x gauge\nx{service="s"} 1 60\n# EOF\n')
    assert invoke("--from-openmetrics", tmp_path / "m.om", "-o", tmp_path / "o").exit_code == 0
    assert open_recording(tmp_path / "o").panel("x").values.tolist() == [[1]]


def test_an_import_never_replaces_a_recording_unasked(tmp_path):
    """Two weeks of a live server are not lost to a mistyped name."""
    (tmp_path / "rps.csv").write_text("timestamp,value\n1772323200,1\n")
    arguments = ("--from-csv", tmp_path / "rps.csv", "-o", tmp_path / "r")
    assert invoke(*arguments).exit_code == 0
    again = invoke(*arguments)
    assert isinstance(again.exception, InputError)
    assert "another directory, or --restart to replace it, got a whole recording" in str(again.exception)
    assert invoke(*arguments, "--restart").exit_code == 0
    (tmp_path / "under-way" / "partial").mkdir(parents=True)
    begun = invoke("--from-csv", tmp_path / "rps.csv", "-o", tmp_path / "under-way")
    assert "got a recording under way" in str(begun.exception)


@pytest.mark.parametrize(
    "option", [("--signal", "x"), ("--since", "1d"), ("--kubeconfig", "f"), ("--name", "n")]
)
def test_an_option_that_an_import_would_ignore_is_refused(tmp_path, option):
    done = invoke("--from-csv", tmp_path, "-o", tmp_path / "r", *option)
    assert done.exit_code == 2
    assert f"expected {option[0]} with --prometheus only" in done.output


@pytest.mark.parametrize("sources", [(), ("--from-csv", "x", "--prometheus", "http://y")])
def test_exactly_one_source_is_wanted(tmp_path, sources):
    done = invoke(*sources, "-o", tmp_path / "r")
    assert done.exit_code == 2
    assert "expected one of --prometheus, --from-csv" in done.output


@pytest.mark.parametrize(
    "arguments", [("--from-csv", "nowhere"), ("--from-json", "nowhere"), ("--from-openmetrics", "nowhere")]
)
def test_a_file_that_is_not_there_is_named(tmp_path, arguments):
    done = invoke(*arguments, "-o", tmp_path / "r")
    assert isinstance(done.exception, InputError)
    assert "nowhere: expected a file to import" in str(done.exception)


def options(tmp_path, **more):
    fields = {
        "prometheus": "http://127.0.0.1:9",
        "since_ms": DAY,
        "step_ms": MINUTE,
        "until_ms": 10 * DAY + 1,
    }
    return Options(**{**fields, "output": tmp_path / "r", **more})


def test_the_span_is_rounded_to_whole_steps(tmp_path):
    job = job_of(options(tmp_path), Settings(signals=(UP,)))
    assert (job.start_ms, job.end_ms, job.name) == (9 * DAY, 10 * DAY, "r")


@pytest.mark.parametrize("bad", [{"step_ms": 999}, {"since_ms": MINUTE - 1}])
def test_a_step_below_a_second_or_a_span_below_a_step_is_refused(tmp_path, bad):
    with pytest.raises(InputError, match="a step of 1s or more"):
        job_of(options(tmp_path, **bad), Settings(signals=(UP,)))


def test_every_signal_that_is_not_there_is_named():
    assert chosen((LATENCY, UP), ("up",)) == (UP,)
    with pytest.raises(InputError) as told:
        chosen((LATENCY, UP), ("pu", "latency", "nope"))
    assert [problem.got for problem in told.value.problems] == ["'pu'", "'nope'"]


def test_an_address_that_is_none_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="--prometheus: expected an address"):
        record_live(options(tmp_path, prometheus="localhost:9090"))
    assert not (tmp_path / "r").exists()


def test_the_address_is_shown_without_its_path(tmp_path):
    """S9: what is behind the host may be nobody's business."""
    job = job_of(
        options(tmp_path, prometheus="https://prom.example:9090/tenant/a1b2"), Settings(signals=(UP,))
    )
    assert job.origin == "https://prom.example:9090"


def test_label_keys_of_the_configuration_are_known():
    assert set(known_labels(Settings())) == {"aiops.dev/opt-in", "aiops.dev/protected"}


def test_runbooks_are_only_asked_of_a_prometheus_and_their_absence_is_no_error():
    assert rules_of(FakeSource({})) == {}
    settings = PrometheusSettings(url="http://127.0.0.1:9", connect_timeout_s=0.2, deadline_s=0.3, retries=0)
    assert rules_of(PrometheusSource(settings)) == {}
