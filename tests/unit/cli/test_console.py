"""``aiops console`` and ``aiops dry-run --state``: what is kept can be looked at by every reading command."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from aiops.cli import app

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def kept(small, tmp_path_factory):
    """The state that a dry run of the small recording left."""
    state = tmp_path_factory.mktemp("kept") / "state"
    done = CliRunner().invoke(app, ["dry-run", str(small), "--state", str(state)])
    assert done.exit_code == 0, done.stderr
    assert f"aiops console --state {state}" in done.stderr.replace("\n", "")  # how to go on
    return state


def test_what_a_dry_run_kept_is_read_as_a_daemons_journal(aiops, kept):
    (one,) = json.loads(aiops("incidents", "--state", kept, "--json").stdout)
    assert one["incident_class"].startswith("error_burst")
    assert "error_ratio" in aiops("explain", one["id"], "--state", kept).stdout
    assert aiops("journal", "--state", kept, "--verify").exit_code == 0


@pytest.mark.integration
def test_the_console_says_where_it_is_and_serves_what_was_kept(kept):
    process = subprocess.Popen(
        [BIN / "aiops", "console", "--state", kept, "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    try:
        url = re.search(r"http://127\.0\.0\.1:\d+/console/", process.stderr.readline())[0]
        assert "error burst" in requests.get(url, timeout=10).text
        assert requests.post(f"{url}everything/stop", timeout=10).status_code == 409
        for _ in range(100):
            if "chain verified" in requests.get(f"{url}audit", timeout=10).text:
                break
            time.sleep(0.02)
        else:
            raise AssertionError("the chain is not verified")
    finally:
        process.terminate()
        process.wait(10)


def test_no_journal_is_an_error_that_says_what_would_do(aiops, tmp_path):
    answer = aiops("console", "--state", tmp_path)
    assert "journal" in str(answer.exception)
    assert "aiops run --state DIR" in str(answer.exception)


def test_a_dry_run_does_not_write_over_a_daemons_state(aiops, small, tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"precious")
    answer = aiops("dry-run", small, "--state", tmp_path)
    assert "perhaps the state of a daemon" in str(answer.exception)
    assert (tmp_path / "journal.sqlite").read_bytes() == b"precious"
