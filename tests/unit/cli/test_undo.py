"""``aiops undo`` and ``aiops unlock``: said exactly, asked of the daemon, and its answer waited for."""

import fcntl
import json
import threading
import time

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.bootstrap.journal import LOCK, lead, running
from aiops.bootstrap.requests import unlock
from aiops.bootstrap.undo import deeds
from aiops.cli import exit_code
from aiops.core.ledger import overwritten_entry
from aiops.errors import InputError, Unavailable
from aiops.model import Answer, RequestKind, Result
from tests.unit.cli import acted
from tests.unit.cli.daemons import daemon
from tests.unit.core import cases, guard_cases
from tests.unit.core.cases import NOW


@pytest.fixture
def state(tmp_path):
    return acted.make(tmp_path / "state", Result.APPLIED, Result.VERIFIED)


def append(state, *new):
    store = SqliteStore(state / "journal.sqlite")
    store.append(new, store.term())
    store.close()


@pytest.fixture
def locked(tmp_path):
    """The step did not help."""
    return acted.make(tmp_path / "locked", Result.APPLIED, Result.FAILED)


def test_what_would_be_taken_back_is_said_exactly(state, aiops):
    text = aiops("undo", "i1", "--state", state, "--dry-run").stdout
    assert "take back scale Deployment/shop/cart from 4 to 5 pods" in text
    assert "replicas: 4" in text
    assert "strategic merge patch of Deployment/shop/cart, where it still is as the daemon left it" in text
    assert """kubectl -n shop patch deployment/cart -p '{"spec":{"replicas":4}}'""" in text
    assert "2023-11-14 22:13:20 UTC, verified" in text


def test_the_daemon_is_asked_and_its_answer_is_the_outcome(state, aiops):
    with daemon(state) as heard:
        result = aiops("undo", "i1", "--state", state, "--reason", "made checkout slower", "--wait", "10s")
    assert result.exit_code == 0, result.exception
    (request,) = heard
    assert (request.kind, request.plan_id, request.step) == (RequestKind.UNDO, acted.plan().id, 0)
    assert (request.incident_id, request.reason) == ("i1", "made checkout slower")
    assert "done: as asked" in result.stdout
    assert "taken up" in result.stderr or "handed in" in result.stderr


def test_a_plan_can_be_named_too(state, aiops):
    text = aiops("undo", acted.plan().id[:6], "--state", state, "--dry-run").stdout
    assert "take back scale" in text


def test_a_refusal_is_exit_code_one_with_the_reason(state, aiops):
    with daemon(state, (False, "somebody changed it since")):
        result = aiops("undo", "i1", "--state", state, "--wait", "10s", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["done"], told["because"]) == (False, "somebody changed it since")


def test_without_a_daemon_the_command_for_a_person_is_printed(state, aiops):
    result = aiops("undo", "i1", "--state", state)
    assert result.exit_code == 1
    assert "kubectl -n shop patch deployment/cart" in result.stdout
    assert "no daemon runs" in result.stderr
    assert not (state / "inbox").exists()  # nothing lies in wait for the next daemon


def test_a_request_that_nobody_takes_up_is_withdrawn(state, aiops):
    """No daemon finds it a day later."""
    with daemon(state, takes_up=False):
        result = aiops("undo", "i1", "--state", state, "--wait", "300ms")
    assert isinstance(result.exception, Unavailable)
    assert "withdrawn" in str(result.exception)
    assert exit_code(result.exception) == 3
    assert list((state / "inbox").iterdir()) == []


def test_a_request_that_is_under_way_says_where_its_outcome_will_be(state, aiops):
    with daemon(state, answer=None):
        result = aiops("undo", "i1", "--state", state, "--wait", "500ms")
    assert "under way still: aiops journal" in str(result.exception)


@pytest.mark.parametrize(
    ("results", "in_place"),
    [
        ((Result.APPLIED,), True),
        ((Result.APPLIED, Result.VERIFIED), True),
        ((Result.APPLIED, Result.UNVERIFIED), True),
        ((Result.APPLIED, Result.FAILED), True),  # it did not help, and was not taken back
        ((Result.APPLIED, Result.FAILED, Result.UNDONE), False),
        ((Result.UNVERIFIED,), True),  # its answer was lost, and nobody could look: it may be there
        ((Result.REFUSED,), False),
        ((Result.SUPERSEDED,), False),
        ((Result.DRY_RUN,), False),
    ],
)
def test_only_what_is_in_place_can_be_taken_back(tmp_path, aiops, results, in_place):
    answer = Answer.CONFLICT if results[0] is not Result.APPLIED else Answer.DONE
    state = acted.make(tmp_path / "state", *results, answer=answer)
    result = aiops("undo", "i1", "--state", state, "--dry-run")
    assert result.exit_code == (0 if in_place else 1)
    if not in_place:
        assert "nothing of i1 is in place" in result.stderr


def test_a_drain_that_failed_half_way_can_be_taken_back_as_far_as_it_came(tmp_path):
    """It failed, and some of its changes are there."""
    state = acted.make(tmp_path / "state", Result.FAILED, answer=Answer.DONE)
    store = SqliteStore(state / "journal.sqlite")
    assert [one.in_place for one in deeds(store)] == [True]
    store.close()


def test_what_has_no_undo_says_so(tmp_path, aiops):
    state = acted.make(tmp_path / "state", the_plan=cases.plan(cases.step()))
    result = aiops("undo", "i1", "--state", state)
    assert result.exit_code == 1
    assert "cannot be taken back: restart Deployment/shop/cart" in result.stderr


@pytest.mark.parametrize(("name", "words"), [("i2", "did you mean i1"), ("zzzz", "got zzzz"), ("", "got")])
def test_an_unknown_name_is_answered(state, aiops, name, words):
    result = aiops("undo", name, "--state", state)
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)


def test_another_step_than_the_one_that_was_done_is_answered(state, aiops):
    result = aiops("undo", "i1", "--step", "1", "--state", state)
    assert result.exit_code == 1
    assert "step 0: verified" in result.stderr


def test_whether_a_daemon_runs_is_known_by_its_lock(state):
    assert not running(state)
    with lead(state):
        assert running(state)
        assert running(state)
    assert (state / LOCK).exists()
    assert not running(state)


def test_asking_whether_one_runs_keeps_none_from_starting(state):
    """A start in the very instant of the question, which holds the lock, bears with it."""
    (state / LOCK).touch()
    held = threading.Event()

    def ask():
        with (state / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            held.set()
            time.sleep(0.2)

    asker = threading.Thread(target=ask)
    asker.start()
    held.wait(10)
    with lead(state) as store:
        assert store.term() == 2
    asker.join()


def test_nothing_is_handed_in_where_nobody_would_take_it_up(state):
    with pytest.raises(InputError, match="expected a daemon that runs there"):
        unlock(state, None, "", "", 100, print)
    assert not (state / "inbox").exists()


def test_a_second_daemon_is_still_refused(state):
    with lead(state), pytest.raises(Unavailable, match="in use by another daemon"), lead(state):
        pass


def test_unlock_lifts_the_lock_out_of_a_target_that_is_locked(locked, aiops):
    with daemon(locked) as heard:
        result = aiops(
            "unlock", "Deployment/shop/cart", "--state", locked, "--reason", "fixed", "--wait", "10s"
        )
    assert result.exit_code == 0, result.exception
    (request,) = heard
    assert (request.kind, request.target, request.playbook) == (
        RequestKind.UNLOCK,
        "Deployment/shop/cart",
        None,
    )


@pytest.mark.parametrize(
    ("option", "playbook"),
    [(("--playbook", "restart-leaking"), "restart-leaking"), (("--all-playbooks",), "")],
)
def test_unlock_resets_a_breaker(locked, aiops, option, playbook):
    with daemon(locked) as heard:
        assert aiops("unlock", *option, "--state", locked, "--wait", "10s").exit_code == 0
    assert heard[0].playbook == playbook


def test_what_is_locked_is_listed_with_why(locked, aiops):
    append(locked, overwritten_entry(guard_cases.attempt(NOW), "argocd", "spec.replicas", NOW))
    text = aiops("unlock", "--list", "--state", locked).stdout
    assert "Deployment/shop/cart  1 in a row did not help; somebody wrote over" in text
    assert "playbook restart-leaking  1 of the last 1 did not help" in text


def test_nothing_to_unlock_is_said(state, aiops):
    assert aiops("unlock", "--list", "--state", state).stderr == "nothing to unlock\n"


@pytest.mark.parametrize(
    "arguments", [("Deployment/shop/crat",), ("--playbook", "restart-leakin"), ("Deployment/shop/cart",)]
)
def test_what_is_not_locked_is_named_before_anybody_is_asked(state, aiops, arguments):
    result = aiops("unlock", *arguments, "--state", state)
    assert isinstance(result.exception, InputError)
    assert "expected one of" in str(result.exception)


@pytest.mark.parametrize(
    "arguments", [(), ("Deployment/shop/cart", "--playbook", "x"), ("--list", "--playbook", "x")]
)
def test_exactly_one_thing_is_unlocked(state, aiops, arguments):
    assert aiops("unlock", *arguments, "--state", state).exit_code == 2


def test_unlock_without_a_daemon_changes_nothing(locked, aiops):
    result = aiops("unlock", "Deployment/shop/cart", "--state", locked)
    assert (result.exit_code, "no daemon runs" in result.stderr) == (1, True)
