"""``aiops dry-run``: the same answer on the terminal, as JSON and as a page; errors in one line."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.bootstrap.recordings import open_recording
from aiops.errors import ConfigError, InputError
from aiops.model import ClusterEvent, EventKind
from aiops.model.recording import FactLine
from tests.unit.cli import recordings
from tests.unit.cli.recordings import FAILS, HOUR

OPEN = "2026-03-04T13:00Z"  # one hour after the cart began to fail


@pytest.fixture(scope="module")
def shown(small, tmp_path_factory):
    """One run as people see it: standard output, standard error and the report."""
    page = tmp_path_factory.mktemp("page") / "deep" / "report.html"
    command = [sys.executable, "-m", "aiops", "dry-run", str(small), "--html", str(page)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return result.stdout, result.stderr, page


def test_the_timeline_says_what_was_noticed_blamed_and_done(shown):
    text = shown[0]
    for words in (
        "1. medium error burst after deploy: Deployment/shop/cart",
        "opened   2026-03-04 12:10:00, 10 min after the first bad sample",
        "error ratio of Deployment/shop/cart: 40",
        "suspect  100 % Deployment/shop/cart",
        "rolled out to revision 2 60 s before",
        "changed  2026-03-04 11:59:00 rollout Deployment/shop/cart to revision 2",
        "as a live run would: refuse: roll Deployment/shop/cart back",
        "command  kubectl -n shop rollout undo deployment/cart --to-revision=1",
        ", because its signal is back in the band",
        "true     bad deploy",
        "1 incident in 2026-03-01 00:00 to 2026-03-04 23:50 UTC: 6 series of 2 signals on 3 workloads",
        "until 2026-03-02 00:00 it was only learned from",  # the first quarter of four days
        "3,446 samples",  # 6 series of 576 samples, without the gap of 10
        "time to detect, median       10 min",
        "right cause first            100 %",
        "most plans: cluster per 10 min 0 of 6",
    ):
        assert words in text


def test_the_exact_change_is_on_the_timeline(shown):
    assert re.search(
        r"change +strategic merge patch of Deployment/shop/cart .*\n +spec:\n +template:\n", shown[0]
    )


def test_results_go_to_standard_output_and_notes_to_standard_error(shown):
    stdout, stderr, page = shown
    assert stderr == f"report: {page}\n"
    assert "report:" not in stdout


def test_a_pipe_gets_no_colours_and_no_progress_bar(shown):
    assert "\x1b" not in shown[0] + shown[1]


def test_the_report_is_one_file_written_whole(shown):
    page = shown[2]
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert [one.name for one in page.parent.iterdir()] == ["report.html"]


def test_json_says_the_same(small, answer):
    document = answer("dry-run", small)
    (one,) = document["incidents"]
    assert (one["class"], one["targets"], one["detection_delay_s"]) == (
        "error_burst_after_deploy",
        ["Deployment/shop/cart"],
        600.0,  # the second bad sample is at the instant score: one step of ten minutes
    )
    assert (one["opened"], one["matches"]) == ("2026-03-04T12:10:00.000Z", ["bad deploy"])
    decision, calm = one["decisions"]
    assert decision["decision"]["kind"] == "refuse"  # observe, as shipped
    still_open = next(guard for guard in calm["decision"]["reasons"] if guard["guard"] == "still_open")
    assert (calm["at"], still_open["lean"]) == ("2026-03-04T14:40:00.000Z", "hold")  # it has passed
    assert decision["plan"]["steps"][0]["change"]["patch"]["spec"]["template"]
    assert document["score"]["cause_at_1"] == 1.0
    assert document["score"]["rows"][0]["delay_s"] == 600.0
    assert document["samples"] == 3446
    assert document["watched_from"] == "2026-03-02T00:00:00.000Z"  # after a quarter of four days


def test_json_is_alone_on_standard_output_even_with_a_report(small, aiops, tmp_path):
    result = aiops("dry-run", small, "--json", "--html", tmp_path / "r.html")
    assert json.loads(result.stdout)["recording"] == "small"
    assert result.stderr.startswith("report: ")


def test_until_stops_as_if_it_were_now(small, aiops):
    result = aiops("dry-run", small, "--until", OPEN)
    assert "60 min, still open at the end" in result.stdout
    assert "to 2026-03-04 13:00 UTC" in result.stdout


def test_until_before_anything_happened_finds_nothing_and_scores_nothing(small, answer):
    document = answer("dry-run", small, "--until", "2026-03-04T11:00Z")
    assert (document["incidents"], document["score"]) == ([], None)


@pytest.mark.parametrize(("until", "listed"), [(OPEN, True), ("2026-03-04T23:00Z", False)])
def test_open_only_lists_what_is_open_at_the_end(small, aiops, until, listed):
    result = aiops("dry-run", small, "--until", until, "--open-only")
    assert ("1. medium" in result.stdout) is listed
    assert "1 incident in" in result.stdout  # the figures are of all


def test_fired_alerts_stand_in_where_no_truth_is_known(tmp_path, answer, aiops):
    path = recordings.make(tmp_path / "paged", truths=[], more_facts=[recordings.alert()])
    document = answer("dry-run", path)
    assert (document["score"]["source"], document["score"]["delay_median_s"]) == ("alert", -1200.0)
    assert document["incidents"][0]["alerts"][0]["runbook_url"] == "https://wiki.example/cart"
    assert "CartErrors  2026-03-04 12:30  20 min before" in aiops("dry-run", path).stdout


def test_a_second_configuration_is_compared_incident_by_incident(small, aiops, tmp_path, answer):
    other = tmp_path / "slower"
    other.mkdir()
    (other / "aiops.yaml").write_text("detection: {open_after: 4, open_of: 6, instant_score: 1000}\n")
    document = answer("dry-run", small, "--compare", other)["comparison"]
    (pair,) = document["incidents"]
    assert "20 min later" in pair["differences"]  # the fourth bad sample in place of the second
    assert document["figures"]["time to detect, median"] == {"first": "10 min", "second": "30 min"}
    page = tmp_path / "both.html"
    text = aiops("dry-run", small, "--compare", other, "--html", page).stdout
    assert "against slower: 1 of 1 differ" in text
    assert "20 min later" in page.read_text()


def test_what_a_label_holds_reaches_neither_terminal_nor_json_as_it_is(tmp_path, aiops):
    """S9."""
    evil = "\x1b]0;owned\x07 \x9b2J \u202e [/bold] [red]"
    event = ClusterEvent(FAILS, recordings.CART, EventKind.CONFIG, evil)
    alert = replace(recordings.alert(), value=replace(recordings.alert().value, name=evil, runbook_url=evil))
    path = recordings.make(tmp_path / "evil", truths=[], more_facts=[FactLine(FAILS, event), alert])
    for arguments in ((), ("--json",)):
        result = aiops("dry-run", path, *arguments)
        assert result.exit_code == 0, result.exception
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stdout)
        assert "[/bold] [red]" in result.stdout  # told as it is: it is no markup of rich's


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("dry-run", "/nowhere"), InputError, "/nowhere"),
        (("dry-run", "SMALL", "--config", "/nowhere"), ConfigError, "/nowhere"),
        (("dry-run", "SMALL", "--compare", "/nowhere"), ConfigError, "/nowhere"),
        (
            ("dry-run", "SMALL", "--html", "/proc/nothing/report.html"),
            InputError,
            "/proc/nothing/report.html",
        ),
    ],
)
def test_bad_input_is_named_with_its_place(small, aiops, arguments, error, words):
    result = aiops(*(small if argument == "SMALL" else argument for argument in arguments))
    assert isinstance(result.exception, error)
    assert words in str(result.exception)


def test_an_error_is_one_line_and_exit_code_two_never_a_traceback():
    result = subprocess.run(
        [sys.executable, "-m", "aiops", "dry-run", "/nowhere"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("aiops: /nowhere: expected a recording")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("when", ["2026-03-04T13:00", "noon"])
def test_a_time_without_its_zone_is_refused(small, aiops, when):
    result = aiops("dry-run", small, "--until", when)
    assert result.exit_code == 2
    assert "expected a time" in result.stderr


def test_a_report_that_cannot_be_written_leaves_nothing_behind(small, aiops, tmp_path):
    assert aiops("dry-run", small, "--html", tmp_path).exit_code == 2
    result = aiops("dry-run", small, "--html", tmp_path / ("x" * 300))
    assert isinstance(result.exception, InputError)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_stays_where_the_new_one_cannot_be_made(small, aiops, tmp_path):
    page = tmp_path / "report.html"
    page.write_text("earlier")
    assert aiops("dry-run", "/nowhere", "--html", page).exception is not None
    assert page.read_text() == "earlier"


def test_the_small_recording_is_what_it_says():
    assert (FAILS - recordings.START) / HOUR == 84  # noon of the fourth day


def test_the_true_incidents_of_the_how_to_page_can_be_read(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "dry-run.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    path = recordings.make(tmp_path / "small")
    (path / "incidents.yaml").write_text(example)
    (one,) = open_recording(path).truths
    assert (one.target, one.right_remediations) == (recordings.CART, ("restart_rollout",))
