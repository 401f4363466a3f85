"""``aiops plan``: everything that a person needs to judge a plan, or to do it by hand."""

import json
import shutil
from dataclasses import replace

import pytest

from aiops.adapters.sqlite.store import SqliteStore
from aiops.core.ledger import decided_entry
from aiops.engine import entries
from aiops.engine.window import Rings
from aiops.errors import InputError
from aiops.model import Change, ChangeVerb, Hold, IncidentKind, Lean, Reason, Refuse, Target
from tests.unit.cli import acted
from tests.unit.core import cases
from tests.unit.core.cases import CART, NOW, POD

STUCK = Reason("disruption_budget", Lean.HOLD, "0 of 1 may go", unknown=True)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return acted.make(tmp_path_factory.mktemp("acted") / "state")


def say(state, *new):
    store = SqliteStore(state / "journal.sqlite")
    store.append(new, store.term())
    store.close()


def shown(aiops, state, name="i1"):
    result = aiops("plan", name, "--state", state)
    assert result.exit_code == 0, result.exception
    return result.stdout


def test_a_step_is_shown_with_its_exact_patch_and_the_version_it_is_bound_to(state, aiops):
    text = shown(aiops, state)
    assert "strategic merge patch of Deployment/shop/cart (version: uid uid-cart, resourceVersion 41)" in text
    assert "replicas: 5" in text
    assert "aiops.dev/intent" in text


def test_the_generation_that_a_step_is_bound_to_is_shown(state, aiops, tmp_path):
    copy = shutil.copytree(state, tmp_path / "state")
    change = replace(cases.scale().change, generation=7)
    say(copy, decided_entry(Refuse(cases.plan(cases.scale(change=change)), (STUCK,)), NOW + 5_000))
    assert "(version: uid uid-cart, resourceVersion 41, generation 7)" in shown(aiops, copy)


def test_a_person_is_given_the_command_for_the_step_and_for_its_undo(state, aiops):
    text = shown(aiops, state)
    assert "kubectl -n shop scale deployment/cart --replicas=5" in text
    assert """kubectl -n shop patch deployment/cart -p '{"spec":{"replicas":4}}'""" in text
    assert "none: it cannot be taken back" in text  # of the second step


def test_what_verifies_it_what_was_skipped_and_what_is_unknown_is_told(state, aiops):
    text = shown(aiops, state)
    assert "3 of 4 samples in band, not judged before 60 s, did not help after 10 min" in text
    assert "evict_pod: no pod stands out" in text
    assert "unknown  pdb" in text


def test_later_steps_are_shown_as_what_comes_if_the_first_does_not_help(state, aiops):
    text = shown(aiops, state)
    assert "step 1   restart Deployment/shop/cart, 4 pods (if what comes before it does not help)" in text
    assert "so far   started 2023-11-14 22:13:20 UTC, applied" in text


def test_every_guard_has_its_say_and_what_speaks_against_comes_first(state, aiops, tmp_path):
    copy = shutil.copytree(state, tmp_path / "state")
    say(copy, decided_entry(Hold(acted.plan(), (acted.PERMIT, STUCK)), NOW + 5_000))
    text = shown(aiops, copy)
    assert "decided  2023-11-14 22:13:25 UTC: hold" in text  # the newest decision
    assert text.index("hold disruption budget: 0 of 1 may go (not known)") < text.index("permit opt in")


def test_a_step_of_several_changes_shows_each_of_them(state, aiops, tmp_path):
    copy = shutil.copytree(state, tmp_path / "state")
    evict = Change(POD, None, {}, "uid-pod", ChangeVerb.EVICT)
    keep = Change(POD, None, {}, None, ChangeVerb.CAPTURE)
    drain = cases.cordon(before=(keep,), then=(evict,), command="")
    say(copy, decided_entry(Refuse(cases.plan(drain), (STUCK,)), NOW + 5_000))
    text = shown(aiops, copy)
    assert "first    keep evidence of Pod/shop/cart-1" in text
    assert "then     evict Pod/shop/cart-1 (version: uid uid-pod)" in text
    by_hand = next(one for one in text.splitlines() if "by hand" in one)
    assert "kubectl patch node/n1" in by_hand
    assert "/eviction" in by_hand  # both, as a person would type them


def test_a_plan_without_steps_says_why(state, aiops, tmp_path):
    copy = shutil.copytree(state, tmp_path / "state")
    nothing = cases.plan(steps=(), reason="no rung fits: x: y", skipped=("x: y",))
    say(copy, decided_entry(Refuse(nothing, (acted.PERMIT,)), NOW + 5_000))
    text = shown(aiops, copy)
    assert "do nothing: no rung fits" in text
    assert "verified" not in text


def test_machines_get_the_same(state, answer):
    told = answer("plan", "i1", "--state", state)
    assert told["decision"] == "act"
    assert told["plan"]["steps"][0]["change"]["patch"] == {"spec": {"replicas": 5}}
    assert told["commands"][0]["do"] == "kubectl -n shop scale deployment/cart --replicas=5"
    assert told["done"] == ["applied", None]
    assert told["reasons"][0]["guard"] == "opt_in"


def test_format_json_is_the_same_as_json(state, aiops, answer):
    other = aiops("plan", "i1", "--state", state, "--format", "json").stdout
    assert json.loads(other) == answer("plan", "i1", "--state", state)


def test_an_incident_that_was_never_decided_upon_says_so(state, aiops, tmp_path):
    copy = shutil.copytree(state, tmp_path / "state")
    known = cases.incident(id="k9", kind=IncidentKind.KNOWN, prime=CART)
    say(copy, *entries.opened(known, Rings(10), NOW))
    result = aiops("plan", "k9", "--state", copy)
    assert isinstance(result.exception, InputError)
    assert "expected a decision in the journal, got none: it is known and open" in str(result.exception)


def test_an_unknown_incident_is_answered_with_close_ones(state, aiops):
    result = aiops("plan", "i11", "--state", state)
    assert "did you mean i1?" in str(result.exception)


def test_names_cannot_steer_the_terminal(state, aiops, tmp_path):
    """S9."""
    copy = shutil.copytree(state, tmp_path / "state")
    evil = Change(Target("Deployment", "shop", "\x1b[31mx"), "1", {"\x1b]0;": "\u202e"}, "u")
    made = cases.plan(cases.scale(change=evil, summary="\x1b[2J"))
    say(copy, decided_entry(Refuse(made, (STUCK,)), NOW + 5_000))
    assert not {"\x1b", "\u202e"} & set(shown(aiops, copy))
