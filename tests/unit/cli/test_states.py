"""Every command that reads a state folder: one clear answer where there is none, or it is damaged."""

import os
import re
import stat

import pytest

from aiops.bootstrap.journal import lead
from aiops.cli import COMMANDS, exit_code
from aiops.errors import InputError, Rejected
from aiops.model import Result
from tests.unit.cli import acted

READERS = {
    "incidents": ("incidents",),
    "explain": ("explain", "i1"),
    "plan": ("plan", "i1"),
    "journal": ("journal",),
    "undo": ("undo", "i1", "--dry-run"),
    "unlock": ("unlock", "--list"),
    "autonomy": ("autonomy",),
    "accept": ("autonomy", "accept", "x", "y"),
}
each_reader = pytest.mark.parametrize("command", READERS.values(), ids=READERS)


@each_reader
@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_state_folder_that_is_none_is_a_wrong_input(tmp_path, aiops, command, there):
    place = tmp_path / "state"
    if there == "a file":
        place.write_text("")
    result = aiops(*command, "--state", place)
    assert isinstance(result.exception, InputError), result.exception
    assert exit_code(result.exception) == 2
    assert "expected the journal of a daemon" in str(result.exception)


@each_reader
def test_a_journal_that_is_damaged_is_never_read_as_an_empty_one(tmp_path, aiops, command):
    """E13."""
    (tmp_path / "journal.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
    before = (tmp_path / "journal.sqlite").read_bytes()
    result = aiops(*command, "--state", tmp_path)
    assert isinstance(result.exception, Rejected), result.exception
    assert exit_code(result.exception) == 3
    assert (tmp_path / "journal.sqlite").read_bytes() == before


@each_reader
def test_reading_works_while_a_daemon_writes(tmp_path, aiops, command):
    state = acted.make(tmp_path / "state", Result.APPLIED, Result.VERIFIED)
    with lead(state) as store:
        result = aiops(*command, "--state", state)
        assert store.term() == 2  # nobody fenced it
    wrong_case = command[:2] == ("autonomy", "accept")
    assert (result.exit_code == 0) or (wrong_case and isinstance(result.exception, InputError))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@each_reader
def test_a_state_folder_of_somebody_else_is_named(tmp_path, aiops, command):
    state = acted.make(tmp_path / "state")
    state.chmod(0)
    try:
        result = aiops(*command, "--state", state)
    finally:
        state.chmod(stat.S_IRWXU)
    assert isinstance(result.exception, InputError)
    assert "Permission denied" in str(result.exception)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_an_example(aiops, name):
    text = aiops(name, "--help").stdout
    assert re.search(rf"Examples?:.*aiops {name}", text, re.DOTALL) or name == "signals"  # a group
    assert "  -h, --help" in text
