"""The reference model catches what it is for: each kind of wrong, in logs doctored to hold it (G5)."""

from dataclasses import replace

import pytest

from aiops.model import Entry, Record, Result, Target
from tests.chaos.acts import ACTS
from tests.chaos.model import ENDS, Effect, Kind, Where, violations
from tests.chaos.stage import FakeStage, Run

SHOP = Where(frozenset({"kube-system"}), frozenset({"shop"}))


def played(name, **options):
    """(effects, records) of an act that went well."""
    act = next(one for one in ACTS if one.name == name)
    run = Run(act, FakeStage(act), **options).play()
    return run.stage.effects(), run.records()


def kinds(effects, records, where=SHOP):
    return {one.kind for one in violations(effects, records, where)}


def without(records, *wanted):
    """The journal without the entries of some kinds."""
    return tuple(one for one in records if one.entry.kind not in wanted)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
@pytest.mark.parametrize("helps", [True, False], ids=["helps", "useless"])
def test_of_what_goes_well_nothing_is_found(act, helps):
    assert kinds(*played(act.name, helps=helps)) == set()


def test_one_mark_on_two_versions_is_doubled():
    (effect,), records = played("restart_rollout")
    assert kinds((effect, replace(effect, version="9999")), records) == {Kind.DOUBLED}


def test_one_mark_that_leaves_the_same_version_is_one_effect():
    """A second identical patch changes nothing."""
    (effect,), records = played("restart_rollout")
    assert kinds((effect, effect), records) == set()


def test_a_pod_that_is_deleted_twice_is_doubled():
    (effect,), records = played("restart_pod")
    assert kinds((effect, effect), records) == {Kind.DOUBLED}


def test_one_change_under_two_marks_is_doubled():
    """A daemon that forgot what it had sent, and decided anew: the marks differ, the change does not."""
    (effect,), records = played("restart_rollout")
    sending = next(one for one in records if one.entry.kind == "change_sending")
    again = replace(
        sending, entry=replace(sending.entry, payload={**sending.entry.payload, "intent": "another"})
    )
    both = effect, replace(effect, intent="another", version="9999")
    assert kinds(both, (*records, again)) == {Kind.DOUBLED}


def test_a_step_that_never_ends_is_lost():
    effects, records = played("scale_out")
    assert kinds(effects, without(records, "step_ended")) == {Kind.LOST}


def test_the_model_knows_every_result_there_is():
    """A new one is judged on purpose, not by accident."""
    assert set(Result) - ENDS == {Result.APPLIED, Result.DRY_RUN}


def test_a_step_that_is_only_in_place_has_not_ended():
    effects, records = played("scale_out")
    cut = next(one.seq for one in records if one.entry.payload.get("result") == "verified")
    assert kinds(effects, records[: cut - 1]) == {Kind.LOST}


def test_an_undo_that_never_ends_is_lost():
    effects, records = played("scale_out", helps=False)
    cut = next(one.seq for one in records if one.entry.payload.get("result") == "undone")
    found = violations(effects, records[: cut - 1], SHOP)
    assert [one.kind for one in found] == [Kind.LOST]
    assert "undo" in found[0].text


def test_a_step_that_a_person_has_is_not_lost():
    effects, records = played("scale_out")
    life = next(one for one in reversed(records) if one.entry.kind == "life_advanced")
    told = {**life.entry.payload, "life": {**life.entry.payload["life"], "state": "escalated"}}
    end = replace(life, entry=replace(life.entry, payload=told))
    assert kinds(effects, (*without(records, "step_ended"), end)) == set()


def test_a_write_that_nobody_wrote_down_is_found():
    effects, records = played("restart_rollout")
    assert Kind.UNRECORDED in kinds(effects, without(records, "change_sending"))


def test_a_write_that_was_written_down_afterwards_is_found():
    (effect,), records = played("restart_rollout")
    sending = next(one.seq for one in records if one.entry.kind == "change_sending")
    assert kinds((replace(effect, known=sending),), records) == set()
    assert kinds((replace(effect, known=sending - 1),), records) == {Kind.UNRECORDED}


def test_where_nobody_knows_the_place_in_the_journal_the_time_tells():
    (effect,), records = played("restart_rollout")
    sent_ms = next(one.entry.at_ms for one in records if one.entry.kind == "change_sending")
    assert kinds((replace(effect, known=None, at_ms=sent_ms),), records) == set()
    assert kinds((replace(effect, known=None, at_ms=sent_ms - 1),), records) == {Kind.UNRECORDED}


def test_a_write_without_a_mark_is_found():
    (effect,), records = played("restart_rollout")
    stray = Effect(effect.at_ms, "patch", Target("Deployment", "shop", "other"), "", 0, "77")
    assert kinds((effect, stray), records) == {Kind.UNRECORDED}


@pytest.mark.parametrize("name", ["restart_rollout", "rerun_job"])
def test_an_answer_that_says_done_where_nothing_was_done_is_found(name):
    _, records = played(name)
    assert kinds((), records) == {Kind.CLAIMED}


def test_a_step_that_is_said_to_be_in_place_and_was_never_sent_is_found():
    _, records = played("restart_pod")
    assert kinds((), without(records, "change_sending", "change_answered")) == {Kind.CLAIMED}


def test_an_undo_that_is_told_and_did_nothing_is_found():
    """The re-run Job is to be deleted again, and the audit log has no such request."""
    effects, records = played("rerun_job", helps=False)
    assert [one.verb for one in effects] == ["create", "delete"]
    answered = [one for one in records if one.entry.kind == "change_answered"]
    doctored = tuple(one for one in records if one is not answered[-1])
    assert kinds(effects[:1], doctored) == {Kind.CLAIMED}


@pytest.mark.parametrize("result", ["refused", "superseded"])
def test_a_step_that_is_said_to_have_changed_nothing_and_did_is_found(result):
    effects, records = played("scale_out")
    end = next(one for one in records if one.entry.kind == "step_ended")
    denied = replace(end, entry=replace(end.entry, payload={**end.entry.payload, "result": result}))
    assert kinds(effects, (*without(records, "step_ended"), denied)) == {Kind.DENIED}


def test_an_older_term_after_a_newer_one_on_an_object_is_found():
    (effect,), records = played("restart_rollout")
    late = replace(effect, term=1, intent="late", version="9999")
    sending = next(one for one in records if one.entry.kind == "change_sending")
    payload = {**sending.entry.payload, "intent": "late", "step": 7}
    again = replace(sending, entry=replace(sending.entry, payload=payload))
    assert kinds((replace(effect, term=2), late), (*records, again)) == {Kind.OLD_TERM}
    assert kinds((late, replace(effect, term=2)), (*records, again)) == set()


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Where(protected=frozenset({"shop"})), {Kind.PROTECTED}),
        (Where(protected=frozenset({"Deployment/shop/cart"})), {Kind.PROTECTED}),
        (Where(protected=frozenset({"bank"})), set()),
        (Where(opted_in=frozenset({"bank"})), {Kind.NOT_OPTED_IN}),
    ],
)
def test_a_write_in_a_place_that_is_not_ours_is_found(where, found):
    assert kinds(*played("restart_rollout"), where) == found


@pytest.mark.parametrize(("grace_ms", "found"), [(0, {Kind.STOPPED}), (1, set())])
def test_a_write_while_the_kill_switch_is_on_is_found(grace_ms, found):
    """Boundary: pulled one millisecond before."""
    (effect,), records = played("restart_rollout")
    stopped = ((effect.at_ms - 1, effect.at_ms + 60_000),)
    assert kinds((effect,), records, Where(stopped=stopped, grace_ms=grace_ms)) == found


def test_a_node_is_in_no_namespace_and_needs_none():
    assert kinds(*played("cordon"), Where(opted_in=frozenset({"bank"}))) == set()


def test_records_of_other_matters_are_let_be():
    noise = Record(9999, 1, Entry("scopes_seen", "scopes", 0, {"first_seen": []}), "", "")
    effects, records = played("restart_rollout")
    assert kinds(effects, (*records, noise)) == set()
