"""Every decision of a loop that acts, fails, learns, waits and restarts comes out the same when made again.

Nothing is arranged for the witness here: the loop writes it, and ledger and lessons are folded from the same
journal, whose records of one transaction the daemon had only partly seen when it decided.
"""

import itertools

import pytest

from aiops.core.memory import Lessons
from aiops.core.rerun import Came, rerun
from aiops.model import Mode, Scope, Status
from tests.fakes.store import FakeStore
from tests.unit.core.cases import policy
from tests.unit.engine.acting_cases import Acting, acting_rules, playbook


def came(store):
    """How each decision of the journal comes out, oldest first; what differs is in the message."""
    seqs = [one.seq for one in store.read(kinds=("decided",))]
    found = rerun(store.read(), seqs)
    assert sorted(found) == seqs
    assert [(one.seq, one.because) for one in found.values() if one.came is not Came.SAME] == []
    return [type(one.again).__name__ for one in found.values()]


def long_story(timeline, hours=4, every_min=2):
    """The cart leaks, is restarted, calms down, leaks again: what helps changes from hour to hour."""
    for minute in range(0, 60 * hours, every_min):
        phase = minute % 60
        timeline.status = Status.NORMAL if (minute // 60) % 2 and 10 < phase < 40 else Status.ANOMALY
        if phase == 0:
            timeline.leaks(minute)
        elif phase == 50:
            timeline.calms(minute)
        else:
            timeline.tick(minute)
    return timeline


def test_through_failures_cooldowns_and_new_lives():
    timeline = long_story(Acting("restart_rollout", "annotate", store=FakeStore()).calm_hour())
    kinds = came(timeline.store)
    assert len(kinds) > 5
    assert len(set(kinds)) > 1  # held as well as acted upon


def test_through_lessons_that_let_a_playbook_fall():
    """The lessons that counted were those of the transaction before: the outcome that was written in the same
    one as the decision had taught nothing yet."""
    scope = Scope(Mode.AUTO, namespace="shop", earned=True, may_rise=True)
    rules = acting_rules(playbook("restart_rollout", "annotate"), policy=policy(scopes=(scope,)))
    timeline = Acting(store=FakeStore(), the_rules=rules).calm_hour()
    timeline.loop.memory.lessons = Lessons()
    kinds = came(long_story(timeline, hours=6).store)
    assert len(kinds) > 5
    text = [
        one.entry.payload["value"]["reasons"][-1]["text"] for one in timeline.store.read(kinds=("decided",))
    ]
    assert any("its record" in one for one in text)


@pytest.mark.parametrize("mode", list(Mode))
def test_in_every_mode(mode):
    rules = acting_rules(
        playbook("restart_rollout"), policy=policy(mode=mode, scopes=(Scope(mode, namespace="shop"),))
    )
    assert came(long_story(Acting(store=FakeStore(), the_rules=rules).calm_hour(), hours=1).store)


def test_while_the_switch_is_flipped_and_we_go_blind():
    switch = itertools.cycle((False, False, True, None, False))
    timeline = Acting("annotate", store=FakeStore(), kill_switch=lambda: next(switch)).calm_hour()
    long_story(timeline, hours=2)
    assert came(timeline.store)


def test_across_a_restart():
    """The next daemon folds the ledger from the journal, as the rerun does."""
    store = FakeStore()
    first = long_story(Acting("restart_rollout", store=store).calm_hour(), hours=1)
    second = Acting("restart_rollout", store=store, cluster=first.cluster)
    second.loop.restore()
    for minute in range(70, 200, 2):
        second.leaks(minute) if minute == 80 else second.tick(minute)
    before = len(came(store))
    assert before > len([one for one in store.read(kinds=("decided",)) if one.term == 1])


def test_each_decision_has_its_witness_right_behind_it_in_the_same_transaction():
    timeline = long_story(Acting(store=FakeStore()).calm_hour(), hours=1)
    records = list(timeline.store.read())
    for one, following in itertools.pairwise(records):
        if one.entry.kind == "decided":
            assert following.entry.kind in {"witnessed", "rules_seen"}
            assert following.entry.at_ms == one.entry.at_ms
    assert sum(one.entry.kind == "rules_seen" for one in records) == 1
