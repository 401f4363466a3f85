"""Own changes: a rollout that we made is no suspect; one that somebody else made is."""

from dataclasses import replace

import pytest

from aiops.core.ledger import Attempt, Ledger
from aiops.engine.own import own_changes
from aiops.model import ClusterEvent, EventKind, Result, Target
from tests.unit.core.cases import CART, NOW, facts, workload

OTHER = Target("Deployment", "shop", "front")
RESTART = Attempt(
    plan_id="p",
    incident_id="i",
    target=str(CART),
    namespace="shop",
    playbook="memory-leak",
    remediation="restart_rollout",
    rung=0,
    step=0,
    at_ms=NOW,
    counted=True,
    result=Result.VERIFIED,
    applied_ms=NOW + 2_000,
    ended_ms=NOW + 60_000,
)


def changed(after_ms, target=CART, attempt=RESTART, kind=EventKind.ROLLOUT):
    """Whether a rollout so long after the attempt began counts as somebody's change."""
    event = ClusterEvent(NOW + after_ms, target, kind, "revision 2")
    (seen,) = own_changes(replace(facts(workload()), events=(event,)), Ledger(attempts=(attempt,))).events
    return seen.is_change


# It begins up to a second early, for the API server's times are whole seconds, and ends 5 s after the write.
@pytest.mark.parametrize(
    ("after_ms", "is_change"), [(-1_001, True), (-1_000, False), (0, False), (7_000, False), (7_001, True)]
)
def test_what_we_changed_is_no_change_of_somebody(after_ms, is_change):
    assert changed(after_ms) is is_change


def test_it_is_about_the_target_of_the_attempt_alone():
    assert changed(0, target=OTHER)


@pytest.mark.parametrize("result", [Result.REFUSED, Result.SUPERSEDED, Result.DRY_RUN])
def test_what_changed_nothing_explains_nothing(result):
    assert changed(0, attempt=replace(RESTART, result=result))


def test_while_a_step_is_being_carried_out_its_end_is_not_known():
    under_way = replace(RESTART, result=None, applied_ms=None, ended_ms=None)
    assert not changed(30_000, attempt=under_way)


# The change back is sent up to 15 s before its outcome, which is at 60 s, and seen up to 5 s after.
@pytest.mark.parametrize(
    ("after_ms", "is_change"), [(44_999, True), (45_000, False), (65_000, False), (65_001, True)]
)
def test_taking_it_back_is_ours_too(after_ms, is_change):
    assert changed(after_ms, attempt=replace(RESTART, result=Result.UNDONE)) is is_change


def test_facts_without_an_attempt_are_the_same_object():
    known = replace(facts(workload()), events=(ClusterEvent(NOW, CART, EventKind.ROLLOUT),))
    assert own_changes(known, Ledger()) is known
