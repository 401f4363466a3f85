"""Heads of a real daemon's journal, in its log: what is cut off, put back or rewritten shows against them.

No real Prometheus is needed: that it is blind is news enough for a record.
"""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from aiops.core.audit import heads_in
from tests.chaos.scripted_prometheus import Scripted
from tests.integration.daemon import AIOPS, Daemon

pytestmark = [pytest.mark.integration, pytest.mark.slow]

REFUSED = 400, {"status": "error", "errorType": "bad_data", "error": "not today"}
SETTINGS = "cluster: {name: prod_eu}\nkubernetes: {access: off}\ndetection: {step: 5s, history: 0d}\n"


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "aiops.yaml").write_text(SETTINGS)
    return folder


@pytest.fixture
def url():
    """Of a server that refuses every question at once."""
    with Scripted() as server:
        server.say = lambda *_: REFUSED
        yield server.url


def run_once(folder, url, config):
    """Start, see nothing, stop; the head that it signed in the end."""
    with Daemon(folder, url, config) as daemon:
        daemon.wait_for("blind", 40)
        assert daemon.stop() == 0
        return heads_in("\n".join(str(line.get("head")) for line in daemon.log))[-1]


def verify(folder, config, *arguments):
    command = [AIOPS, "audit", "verify", "--config", str(config), "--state", str(folder / "state"), "--json"]
    command += map(str, arguments)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["intact"] else 1)
    return answer


def cut(folder, kept):
    """What somebody with the file and the sqlite3 tool can do."""
    with closing(sqlite3.connect(folder / "state" / "journal.sqlite", isolation_level=None)) as db:
        db.execute("DROP TRIGGER journal_loses_nothing")
        db.execute("DELETE FROM journal WHERE seq > ?", (kept,))


def test_what_happens_to_a_daemons_journal_shows_against_its_own_log(tmp_path, url, config):
    """S10, E14: cut off, an old backup put back, and gone on with."""
    first = run_once(tmp_path, url, config)
    log, backup = tmp_path / "daemon.log", shutil.copytree(tmp_path / "state", tmp_path / "backup")
    second = run_once(tmp_path, url, config)
    assert (first.cluster, first.key) == ("prod_eu", second.key)
    assert second.seq > first.seq
    whole = verify(tmp_path, config, "--heads-file", log)
    assert whole["intact"]
    assert whole["heads_outside"] == whole["heads_inside"] >= 2

    cut(tmp_path, second.seq - 1)
    assert verify(tmp_path, config)["intact"]  # by the chain alone nobody can tell
    assert [one["what"] for one in verify(tmp_path, config, "--heads-file", log)["findings"]] == ["truncated"]

    shutil.rmtree(tmp_path / "state")
    shutil.copytree(backup, tmp_path / "state")
    assert [one["what"] for one in verify(tmp_path, config, "--heads-file", log)["findings"]] == ["truncated"]
    third = run_once(tmp_path, url, config)
    assert third.seq >= second.seq
    found = verify(tmp_path, config, "--heads-file", log)
    assert ("rewritten", second.seq) in [(one["what"], one["seq"]) for one in found["findings"]]
    assert heads_in(found["newest_head"])[0] == third


def test_a_key_that_is_gone_is_told_in_the_log_and_none_is_made(tmp_path, url, config):
    run_once(tmp_path, url, config)
    (tmp_path / "state" / "audit.key").unlink()
    with Daemon(tmp_path, url, config) as daemon:
        daemon.wait_for("blind", 40)
        assert daemon.stop() == 0
        told = daemon.wait_for("failed", where="audit head")
    assert "put it back, or make another (aiops audit key --new)" in told["error"]
    assert not (tmp_path / "state" / "audit.key").exists()
