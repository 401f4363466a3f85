"""``aiops incidents``: what the journal knows, in words and as JSON."""

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.engine import entries
from aiops.engine.window import Rings
from aiops.errors import InputError
from aiops.model import Target
from tests.unit.cli import journals
from tests.unit.cli.recordings import FAILS, HOUR
from tests.unit.report.stories import incident


@pytest.fixture(scope="module")
def state(small, tmp_path_factory):
    """The state of a daemon that saw the incident begin and end."""
    return journals.make(tmp_path_factory.mktemp("state") / "state", small)


@pytest.fixture(scope="module")
def still_open(small, tmp_path_factory):
    """The state of a daemon one hour after the incident began."""
    return journals.make(tmp_path_factory.mktemp("open") / "state", small, until_ms=FAILS + HOUR)


def test_an_incident_is_a_line(state, aiops):
    (heading, row, *rest) = aiops("incidents", "--state", state).stdout.splitlines()
    assert heading.split()[:3] == ["id", "opened", "(UTC)"]
    assert "2026-03-04 12:10:00" in row
    assert "medium" in row
    assert "error_burst_after_deploy" in row
    assert "Deployment/shop/cart 100%" in row
    assert row.endswith("closed")
    assert rest == []


def test_json_holds_the_whole_incident(state, answer):
    (one,) = answer("incidents", "--state", state)
    assert (one["incident_class"], one["opened_ms"]) == ("error_burst_after_deploy", FAILS + 600_000)


@pytest.mark.parametrize(("which", "count"), [("state", 0), ("still_open", 1)])
def test_open_lists_only_what_is_open_now(which, count, answer, request):
    assert len(answer("incidents", "--state", request.getfixturevalue(which), "--open")) == count


@pytest.mark.parametrize(("since", "count"), [("2026-03-04T15:00Z", 0), ("2026-03-04T12:30Z", 1)])
def test_since_lists_what_was_open_then_or_later(state, answer, since, count):
    assert len(answer("incidents", "--state", state, "--since", since)) == count


def test_no_incident_is_said_on_standard_error_alone(state, aiops):
    result = aiops("incidents", "--state", state, "--open")
    assert (result.stdout, result.stderr) == ("", "no incidents\n")


def test_a_folder_without_a_journal_is_named(tmp_path, aiops):
    result = aiops("incidents", "--state", tmp_path)
    assert isinstance(result.exception, InputError)
    assert f"{tmp_path}/journal.sqlite: expected the journal of a daemon" in str(result.exception)
    assert list(tmp_path.iterdir()) == []  # looking makes no journal


def test_a_fix_that_a_person_made_is_credited_to_them(tmp_path, aiops):
    thanks = "kubectl-edit changed Deployment/shop/cart at 2026-03-04 12:31:00 UTC: spec.replicas"
    store = SqliteStore(tmp_path / "journal.sqlite")
    store.begin_term(1)
    mended = incident(credit=thanks)
    store.append([entries.opened(mended, Rings(1), 1)[0], entries.closed(mended, mended.updated_ms)], 1)
    store.close()
    assert f"closed; {thanks}" in aiops("incidents", "--state", tmp_path).stdout
    assert f"credit  {thanks}" in aiops("explain", mended.id, "--state", tmp_path).stdout
    assert f"; {thanks}" in aiops("journal", "--state", tmp_path).stdout


def test_names_cannot_steer_the_terminal(tmp_path, aiops):
    """S9."""
    evil = incident(target=Target("Deployment", "shop", "[red]\x1b[31m\u202e[/]"), suspects=())
    store = SqliteStore(tmp_path / "journal.sqlite")
    store.begin_term(1)
    store.append([entries.closed(evil, evil.updated_ms)], 1)
    store.close()
    text = aiops("incidents", "--state", tmp_path).stdout
    assert "[red]\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}[/]" in text
