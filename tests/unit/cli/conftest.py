"""What the tests of the command line share: one small recording, and a way to run a command."""

import json

import pytest
from click.testing import CliRunner

from aiops.cli import app
from tests.unit.cli import recordings


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The recording of ``recordings.make``: read only."""
    return recordings.make(tmp_path_factory.mktemp("small") / "small")


@pytest.fixture
def aiops(monkeypatch):
    """Run a command in this process; the answer has ``stdout``, ``stderr``, ``exit_code``, ``exception``."""
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def answers():
    """What commands answered; a replay takes a third of a second, and answers the same twice."""
    return {}


@pytest.fixture
def answer(aiops, answers):
    """Run a command with ``--json`` and give what it printed."""

    def run(*arguments):
        if arguments not in answers:
            result = aiops(*arguments, "--json")
            assert result.exit_code == 0, result.stderr or repr(result.exception)
            answers[arguments] = result.stdout
        return json.loads(answers[arguments])

    return run
