"""The guard of silences: what people muted is left alone, and so is all while nobody can tell (issue 5.7)."""

import pytest

from aiops.core.guards import muted
from aiops.core.silences import silenced
from aiops.model import LabelMatcher, Lean, Silence
from tests.unit.core.cases import HOUR, MINUTE, NOW, facts, incident, node
from tests.unit.core.guard_cases import CORDON, EVICT, context


def silence(name, value, from_ms=NOW - MINUTE, until_ms=NOW + HOUR):
    return Silence("s1", (LabelMatcher(name, value),), from_ms, until_ms, "anna", "release night")


def test_a_silence_of_a_node_holds_the_cordon_of_it():
    there = facts(silences=(silence("node", "n1"),), nodes=[node(f"n{i}") for i in range(1, 11)])
    assert muted.silenced(context(**CORDON | {"the_facts": there})).lean is Lean.HOLD


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "holds"),
    [
        (NOW, NOW + 1, True),
        (NOW + 1, NOW + HOUR, False),
        (NOW - HOUR, NOW, False),
    ],
)
def test_it_holds_from_its_beginning_and_not_at_its_end(from_ms, until_ms, holds):
    one = silence("namespace", "shop", from_ms=from_ms, until_ms=until_ms)
    reason = muted.silenced(context(the_facts=facts(silences=(one,))))
    assert (reason.lean is Lean.HOLD) is holds


def test_it_says_until_when_by_whom_and_why():
    reason = muted.silenced(context(the_facts=facts(silences=(silence("namespace", "shop"),))))
    assert reason.until_ms == NOW + HOUR
    assert reason.text == "silenced until 2023-11-14 23:13 UTC by anna: release night (silence s1)"


def test_silences_that_cannot_be_read_hold_and_mute_nobody():
    """Actions fail closed, notifications fail open."""
    unread = facts(unknown=frozenset({"silences"}))
    reason = muted.silenced(context(the_facts=unread))
    assert (reason.lean, reason.unknown) == (Lean.HOLD, True)
    assert silenced(unread, incident(), NOW) == ""


def test_without_an_alertmanager_the_guard_has_nothing_to_say():
    assert muted.silenced(context()) is None


def test_a_silence_of_something_else_permits_and_says_how_many_it_looked_at():
    reason = muted.silenced(context(the_facts=facts(silences=(silence("namespace", "bank"),))))
    assert (reason.lean, reason.text) == (Lean.PERMIT, "none of 1 silences speaks of what it touches")


@pytest.mark.parametrize("name", ["pod", "deployment"])
def test_the_pod_that_is_evicted_and_its_workload_may_be_silenced(name):
    value = {"pod": "cart-1", "deployment": "cart"}[name]
    there = facts(silences=(silence(name, value),))
    assert muted.silenced(context(**EVICT | {"the_facts": there})).lean is Lean.HOLD
