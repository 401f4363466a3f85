"""Carry: one effect for one intent, whatever becomes of the answer; verified, undone if it did not help."""

import itertools
from dataclasses import replace

import pytest

from aiops.core.life import Approved
from aiops.core.quality import Quality
from aiops.model import Mode, PlaybookStep, Scope, Status, Target
from tests.fakes.cluster import Fault
from tests.fakes.store import FakeStore
from tests.unit.core.cases import CART, MINUTE, NOW, policy
from tests.unit.engine.acting_cases import QUICK, Acting, acting_rules, playbook


def leaking(*steps, **options):
    timeline = Acting(*steps, **options).calm_hour()
    timeline.leaks(0)
    return timeline


def test_a_step_is_journalled_sent_once_and_marked():
    """E1, 5.1: intent, then sending, then the write with its mark, then the answer."""
    timeline = leaking()
    assert timeline.writes == [("patch", "cart")]
    kinds = timeline.kinds("plan_started", "change_sending", "change_answered", "step_ended")
    assert kinds == ["plan_started", "change_sending", "change_answered", "step_ended"]
    (commit,) = timeline.cluster.commits
    (sending,) = timeline.store.read(kinds=("change_sending",))
    assert (commit.intent, commit.term) == (sending.entry.payload["intent"], sending.term)
    assert timeline.results() == ["applied"]
    assert timeline.incident.state == "verifying"


def test_what_helped_is_verified_by_samples_after_it_settled():
    """5.5: two of three samples in band; those of the settle time do not count."""
    timeline = leaking()
    timeline.status = Status.NORMAL
    timeline.tick(0.5)  # still settling
    assert timeline.results() == ["applied"]
    timeline.tick(1)
    assert timeline.results() == ["applied"]  # one good sample
    timeline.tick(1.25)
    assert timeline.results() == ["applied", "verified"]


def test_what_did_not_help_by_the_deadline_has_failed_and_nothing_is_sent_again():
    timeline = leaking()
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "failed"]
    assert timeline.writes == [("patch", "cart")]


def test_without_a_verdict_at_the_deadline_nobody_can_tell_and_a_person_has_it():
    """5.5: unknown is not success."""
    timeline = leaking()
    timeline.status = Status.INCONCLUSIVE
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "unverified"]
    assert timeline.incident.state == "escalated"


def test_what_did_not_help_is_taken_back():
    """5.5: the undo is a write of its own, marked and journalled."""
    timeline = leaking("annotate")
    assert timeline.cluster.objects[CART]["metadata"]["annotations"]["example.com/calm"] == "yes"
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "failed", "undone"]
    assert "example.com/calm" not in timeline.cluster.objects[CART]["metadata"]["annotations"]
    intents = [one.intent for one in timeline.cluster.commits]
    assert len(set(intents)) == 2


def test_what_somebody_changed_since_is_not_taken_back():
    """5.5: only what is still as we left it."""
    timeline = leaking("annotate")
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "failed", "failed"]
    assert "somebody changed" in timeline.outcomes()[-1][1]
    assert timeline.cluster.objects[CART]["metadata"]["annotations"]["example.com/calm"] == "no"
    assert timeline.incident.state == "escalated"


def test_a_lost_answer_is_resolved_by_looking():
    """E3: committed, and nobody told us."""
    timeline = Acting().calm_hour()
    timeline.cluster.script(None, Fault.LOSE_ANSWER)  # the first is the dry run
    timeline.leaks(0)
    assert timeline.answers() == ["unknown"]
    assert timeline.results() == ["applied"]
    assert timeline.writes == [("patch", "cart")]


def test_a_write_that_never_arrived_is_sent_again_once_that_is_certain():
    """5.1, 5: absent, and the object as it was planned on."""
    timeline = Acting().calm_hour()
    timeline.cluster.script(None, Fault.NEVER_ARRIVE)
    timeline.leaks(0)
    assert (timeline.writes, timeline.results()) == ([], [])
    timeline.tick(0.25)
    assert timeline.writes == [("patch", "cart")]
    assert timeline.results() == ["applied"]


def test_a_write_that_arrives_late_and_the_one_sent_after_it_have_one_effect():
    """E5: both are bound to the same version, and the API server lets one through."""
    timeline = Acting().calm_hour()
    timeline.cluster.script(None, Fault.HOLD_BACK)
    timeline.leaks(0)
    timeline.tick(0.25)
    timeline.cluster.deliver()
    assert timeline.writes == [("patch", "cart")]
    assert timeline.results() == ["applied"]


def test_an_object_that_changed_after_planning_is_planned_on_anew():
    """E6, M16: re-read and decided upon again, not sent again."""
    timeline = Acting().calm_hour()
    edited = []

    def racing(point):
        if point == "carry.sending-journalled" and not edited:
            edited.append(timeline.cluster.edit(CART, {"metadata": {"labels": {"by": "alice"}}}))

    timeline.loop.carry_out.reach = racing
    timeline.leaks(0)
    assert timeline.answers() == ["conflict"]
    assert timeline.results() == ["superseded"]
    timeline.tick(0.25)
    assert timeline.results() == ["superseded", "applied"]
    assert timeline.kinds("plan_started", "rung_started") == ["plan_started", "rung_started"]  # one budget


def test_a_conflict_that_never_ends_goes_to_a_person():
    """E6: at most three times."""
    timeline = Acting().calm_hour()

    turns = itertools.count()

    def racing(point):
        if point == "carry.sending-journalled":
            timeline.cluster.edit(CART, {"metadata": {"labels": {"turn": str(next(turns))}}})

    timeline.loop.carry_out.reach = racing
    timeline.leaks(0)
    for quarter in range(1, 40):
        timeline.tick(quarter / 4)
    assert timeline.writes == []
    assert 1 <= timeline.results().count("superseded") <= 4
    assert timeline.incident.state in {"waiting", "escalated"}


def test_a_throttled_write_waits_as_long_as_the_server_asks():
    """E8."""
    timeline = Acting().calm_hour()
    timeline.cluster.retry_after_s = 40.0
    timeline.cluster.script(None, Fault.THROTTLE)
    timeline.leaks(0)
    timeline.tick(0.5)
    assert timeline.answers() == ["throttled"]
    timeline.tick(0.75)
    assert timeline.answers() == ["throttled", "done"]


def test_what_the_server_would_refuse_is_shown_as_a_command_and_never_tried():
    """5.3: a right that is missing names verb and resource."""
    timeline = Acting().calm_hour()
    timeline.cluster.forbidden = {("patch", "Deployment")}
    timeline.leaks(0)
    assert timeline.kinds("plan_started") == []
    (record,) = timeline.store.read(kinds=("decided",))
    said = [one["text"] for one in record.entry.payload["value"]["reasons"] if one["guard"] == "server"]
    assert "patch" in said[0]
    assert "kubectl -n shop rollout restart deployment/cart" in said[0]
    assert timeline.incident.state == "escalated"


def test_a_switch_that_is_pulled_between_decision_and_write_stops_the_write():
    """B5: read again just before."""
    pulled = []
    timeline = Acting(kill_switch=lambda: bool(pulled)).calm_hour()
    timeline.loop.reach = lambda point: pulled.append(1) if point == "loop.decided" else None
    timeline.leaks(0)
    assert timeline.writes == []
    assert timeline.results() == ["refused"]


def test_an_unreadable_switch_stops_as_well():
    """B5."""
    timeline = Acting(kill_switch=lambda: None).calm_hour()
    timeline.leaks(0)
    assert timeline.writes == []


def test_a_step_of_several_changes_goes_on_where_the_switch_stopped_it():
    """B5: also mid-drain; here after the first of three."""
    pulled = []
    timeline = Acting("sweep", pods=3, kill_switch=lambda: bool(pulled)).calm_hour()
    timeline.loop.carry_out.reach = lambda point: (
        pulled.append(1) if point == "carry.answer-journalled" else None
    )
    timeline.leaks(0)
    assert timeline.writes == [("delete", "cart-1")]
    timeline.loop.carry_out.reach = lambda _: None
    timeline.tick(1)
    assert timeline.writes == [("delete", "cart-1")]
    timeline.tick(1.5)
    (waits,) = timeline.store.read(kinds=("step_waits",))  # why it stands still is told, and told once
    assert "kill_switch: the kill switch is on" in waits.entry.payload["detail"]
    pulled.clear()
    timeline.tick(2)
    assert timeline.writes == [("delete", f"cart-{number}") for number in (1, 2, 3)]
    assert timeline.results() == ["applied"]


def test_a_step_of_several_changes_that_is_not_through_in_time_has_failed():
    timeline = Acting("sweep", pods=3).calm_hour()
    timeline.cluster.script(None, None, None, None, *[Fault.THROTTLE] * 20)  # three dry runs, one write
    timeline.leaks(0)
    for minute in range(1, 6):
        timeline.tick(minute)
    assert timeline.writes == [("delete", "cart-1")]
    assert timeline.results() == ["failed"]


def test_a_pod_that_is_gone_already_is_left_out():
    timeline = Acting("sweep", pods=3).calm_hour()

    def meanwhile(point):
        if point == "carry.answer-journalled" and Target("Pod", "shop", "cart-2") in timeline.cluster.objects:
            timeline.cluster.remove(Target("Pod", "shop", "cart-2"))

    timeline.loop.carry_out.reach = meanwhile
    timeline.leaks(0)
    assert timeline.writes == [("delete", "cart-1"), ("delete", "cart-3")]
    assert timeline.results() == ["applied"]


def test_no_journal_no_action():
    """E12: the intent is in the journal, and then the disk is full."""

    store = FakeStore()
    timeline = Acting(store=store).calm_hour()
    timeline.loop.reach = lambda point: setattr(store, "full", store.full or point == "loop.decided")
    timeline.leaks(0)
    assert timeline.writes == []
    timeline.loop.reach = lambda _: None
    store.full = False
    timeline.tick(0.5)
    assert timeline.writes == [("patch", "cart")]


@pytest.mark.parametrize("capture", [True, False])
def test_evidence_is_kept_before_the_write(capture):

    book = replace(playbook("annotate"), steps=(PlaybookStep("restart_rollout", capture=capture),))
    timeline = Acting(the_rules=acting_rules(book)).calm_hour()
    timeline.cluster.evidence = {CART: {"events": ["BackOff"]}}
    timeline.leaks(0)
    kinds = timeline.kinds("evidence_captured", "change_sending")
    assert kinds == (["evidence_captured"] if capture else []) + ["change_sending"]


def test_what_a_person_approved_is_checked_again_and_sent():
    """H6, 5.1: the rollback is high impact; nothing is written before the answer, and then it is."""
    timeline = Acting("annotate").calm_hour()
    scopes = (Scope(Mode.ASK, namespace="shop"),)
    timeline.loop.rules = replace(timeline.loop.rules, policy=policy(scopes=scopes))
    timeline.leaks(0)
    assert (timeline.writes, timeline.incident.state) == ([], "waiting")
    (life,) = timeline.loop.memory.lives.values()
    timeline.loop.answer(timeline.incident.id, Approved("another digest", "alice"))
    timeline.tick(0.5)
    assert timeline.writes == []
    timeline.loop.answer(timeline.incident.id, Approved(life.intent.digest, "alice"))
    timeline.tick(1)
    assert timeline.writes == [("patch", "cart")]


def test_a_question_that_stands_is_about_the_plan_that_it_showed():
    """G11: a second signal joins, one guard less speaks, the step is the same, and nobody is asked twice."""
    timeline = Acting("annotate").calm_hour()
    asking = {"scopes": (Scope(Mode.ASK, namespace="shop"),)}
    locked = policy(**asking, lock_after_failures=0)  # "0 of 0 failures": for that, too, a person decides
    timeline.loop.rules = replace(timeline.loop.rules, policy=locked)
    timeline.leaks(0)
    (before,) = timeline.loop.memory.lives.values()
    timeline.loop.rules = replace(timeline.loop.rules, policy=policy(**asking))
    timeline.leaks(1, signal="cpu_steal")
    assert timeline.decisions() == ["escalate/", "escalate/"]
    (after,) = timeline.loop.memory.lives.values()
    assert after.intent == before.intent
    timeline.loop.answer(timeline.incident.id, Approved(before.intent.digest, "alice"))
    timeline.tick(2)
    assert timeline.results() == ["applied"]
    assert timeline.writes == [("patch", "cart")]


def test_what_was_approved_and_is_not_as_it_was_any_more_is_not_sent():
    """H6, M16: approved, and then somebody changed the object."""
    timeline = Acting("annotate").calm_hour()
    scopes = (Scope(Mode.ASK, namespace="shop"),)
    timeline.loop.rules = replace(timeline.loop.rules, policy=policy(scopes=scopes))
    timeline.leaks(0)
    (life,) = timeline.loop.memory.lives.values()
    timeline.cluster.edit(CART, {"metadata": {"labels": {"by": "alice"}}})
    timeline.loop.answer(timeline.incident.id, Approved(life.intent.digest, "alice"))
    timeline.tick(1)
    assert timeline.writes == []
    assert timeline.results() == ["superseded"]


def of_generations(timeline):
    """The cart's spec has a generation, as on a real API server."""
    known = timeline.cluster.known
    cart = replace(known.workloads[CART], generation=1)
    timeline.cluster.known = replace(known, workloads={CART: cart})
    return timeline


def test_an_object_of_which_only_the_status_changed_is_the_object_planned_on():
    """E6, M16: a workload in trouble gets a new version several times a minute; its spec stands."""
    timeline = of_generations(Acting("annotate").calm_hour())
    turns = itertools.count()

    def busy(point):
        if point == "carry.sending-journalled" and next(turns) < 2:
            timeline.cluster.edit(CART, {"status": {"turn": str(turns)}})

    timeline.loop.carry_out.reach = busy
    timeline.leaks(0)
    assert timeline.answers() == ["conflict", "conflict", "done"]
    assert timeline.writes == [("patch", "cart")]
    assert timeline.results() == ["applied"]


def test_an_object_whose_spec_somebody_changed_is_not():
    """M16: the positive control of the one above."""
    timeline = of_generations(Acting("annotate").calm_hour())
    timeline.loop.carry_out.reach = lambda point: (
        timeline.cluster.edit(CART, {"spec": {"replicas": 9}})
        if point == "carry.sending-journalled"
        else None
    )
    timeline.leaks(0)
    assert timeline.writes == []
    assert timeline.results() == ["superseded"]


def test_a_change_back_outlives_a_busy_status():
    """5.5: the status is written between look and write, twice; the change is taken back all the same."""
    timeline = Acting("annotate").calm_hour()
    timeline.leaks(0)
    turns = itertools.count()

    def busy(point):
        if point == "undo.looked" and next(turns) < 2:
            timeline.cluster.edit(CART, {"status": {"turn": str(turns)}})

    timeline.loop.carry_out.reach = busy
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "failed", "undone"]
    assert "example.com/calm" not in timeline.cluster.objects[CART]["metadata"]["annotations"]


def test_two_ticks_of_one_second_are_one_sample():
    timeline = leaking()
    timeline.status = Status.NORMAL
    timeline.tick(1)
    timeline.tick(1)  # under load two ticks may fall into one second
    assert timeline.results() == ["applied"]
    timeline.tick(1.25)
    assert timeline.results() == ["applied", "verified"]


def test_what_no_longer_bears_our_mark_is_not_taken_back_nor_said_to_be():
    """5.5: somebody took the mark away and left the value: whose it is now, nobody knows."""
    timeline = leaking("annotate")
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"aiops.dev/intent": None}}})
    for minute in range(1, 8):
        timeline.tick(minute)
    assert timeline.results() == ["applied", "failed", "failed"]
    assert "no longer bears our mark" in timeline.outcomes()[-1][1]


@pytest.mark.parametrize(("edited", "result"), [(False, "contained"), (True, "failed")])
def test_what_contains_is_judged_by_standing_and_not_by_an_end_of_the_trouble(edited, result):
    """5.5: a cordon makes no node ready; it has done its work where it still stands."""
    timeline = leaking("contain")
    if edited:
        timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    timeline.tick(0.5)
    assert timeline.results() == ["applied"]
    timeline.tick(1)
    assert timeline.results()[:2] == ["applied", result]
    assert timeline.loop.ledger.failures.get(str(CART), 0) == edited


def test_nothing_is_learned_of_what_is_being_changed():
    """M12, M15: the workload and its pods are on hold until the end of the step is known."""
    timeline = Acting("annotate").calm_hour()
    assert timeline.loop.held(timeline.facts(0)) == frozenset()
    timeline.leaks(0)
    pod = Target("Pod", "shop", "cart-1")
    assert timeline.loop.held(timeline.facts(0)) == {CART, pod}
    timeline.status = Status.NORMAL
    timeline.tick(1)
    timeline.tick(1.25)
    assert timeline.results() == ["applied", "verified"]
    assert timeline.loop.held(timeline.facts(2)) == frozenset()


def test_what_a_kill_switch_held_is_looked_at_as_soon_as_it_is_released():
    """B5: after a quarter of an hour the waits are a quarter of an hour long; a person who resumes must not
    wait for the next of them."""
    timeline = Acting("annotate", kill_switch=lambda: True).calm_hour()
    timeline.leaks(0)
    for quarter in range(1, 65):
        timeline.tick(quarter / 4)
    assert timeline.writes == []
    timeline.loop.kill_switch = lambda: False
    timeline.tick(16.25)
    assert timeline.writes == [("patch", "cart")]


def test_what_a_blackout_held_is_looked_at_once_we_see_and_are_warm():
    """M1, M6: not up to an hour after it."""
    dark = Quality({"memory": "no answer"})
    timeline = Acting("annotate").calm_hour()
    timeline.leaks(0, quality=dark)
    for quarter in range(1, 65):
        timeline.tick(quarter / 4, quality=dark)
    assert timeline.writes == []
    warm_ms = int(NOW + 17 * MINUTE)
    timeline.tick(16.25, quality=Quality({}, warm_from_ms=warm_ms))
    assert timeline.writes == []  # it warms up first
    timeline.tick(17, quality=Quality({}, warm_from_ms=warm_ms))
    assert timeline.writes == [("patch", "cart")]


SLOW = replace(playbook("annotate"), verification=replace(QUICK, settle_s=900))


def test_a_step_whose_incident_closes_and_comes_back_is_still_judged():
    """E1: its life goes on, so that its end is known; else its target would be in flight for ever."""
    timeline = Acting(the_rules=acting_rules(SLOW)).calm_hour()
    timeline.leaks(0)
    timeline.calms(1)
    for minute in range(2, 9):
        timeline.tick(minute)
    assert timeline.incident.state == "closed"  # five calm minutes, while the step settles for fifteen
    timeline.leaks(10)
    assert timeline.incident.state == "verifying"
    for minute in range(11, 25):
        timeline.tick(minute)
    assert timeline.results()[:3] == ["applied", "failed", "undone"]
    assert timeline.loop.ledger.in_flight() == ()


def test_a_step_whose_incident_came_back_is_still_judged_by_whoever_starts_after_a_crash():
    """E1."""
    timeline = Acting(the_rules=acting_rules(SLOW)).calm_hour()
    timeline.leaks(0)
    timeline.calms(1)
    for minute in range(2, 9):
        timeline.tick(minute)
    timeline.leaks(10)
    again = Acting(the_rules=acting_rules(SLOW), store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    for minute in range(11, 25):
        again.tick(minute)
    assert again.results()[:3] == ["applied", "failed", "undone"]
    assert again.loop.ledger.in_flight() == ()
    assert again.incident.state != "closed"  # it is bad still


def test_a_step_whose_verification_we_slept_through_is_not_in_flight_for_ever():
    """E1, M13: the deadline (1 + 5 min) and the grace after it pass while nothing ticks."""
    timeline = leaking("annotate")
    timeline.tick(30)
    assert timeline.results() == ["applied", "unverified"]
    assert timeline.loop.ledger.in_flight() == ()
    assert timeline.incident.state == "escalated"


def test_an_answer_that_was_lost_is_looked_for_until_the_api_server_is_back():
    """E3, E9: it is away for three minutes from the write on; each look has the step's minute."""
    timeline = Acting("annotate").calm_hour()
    known = timeline.cluster.known
    timeline.cluster.script(None, Fault.LOSE_ANSWER)  # the dry run, then the write

    def goes_away(request):
        timeline.cluster.blind = timeline.cluster.blind or not request.dry_run

    timeline.cluster.on_commit = goes_away
    timeline.leaks(0)
    for quarter in range(1, 12):
        at_ms = int(NOW + quarter / 4 * MINUTE)
        timeline.tick(quarter / 4, the_facts=replace(known, at_ms=at_ms))
    assert timeline.results() == ["unverified", "unverified"]
    timeline.cluster.blind = False
    timeline.tick(3)
    assert timeline.results() == ["unverified", "unverified", "applied"]
    assert len(timeline.cluster.commits) == 1


def test_what_can_never_be_sent_ends_its_own_step_and_nothing_else():
    """A stranger's remediation may name a kind that is not ours to write: the loop goes on."""
    timeline = Acting("annotate").calm_hour()
    real = timeline.cluster.send

    def send(change, mark, *, dry_run=False):
        if dry_run:
            return real(change, mark, dry_run=dry_run)
        raise ValueError(f"{change.target}: expected a kind of ours")

    timeline.cluster.send = send
    timeline.leaks(0)
    assert timeline.outcomes()[0] == ("refused", "Deployment/shop/cart: expected a kind of ours")


def test_what_can_never_be_sent_is_shown_as_a_command_before_anybody_is_asked():
    timeline = Acting("annotate").calm_hour()

    def send(change, mark, *, dry_run=False):
        raise ValueError(f"{change.target}: expected a kind of ours")

    timeline.cluster.send = send
    timeline.leaks(0)
    (record,) = timeline.store.read(kinds=("decided",))
    assert record.entry.payload["decision"] == "escalate"
    assert "a person may type: kubectl annotate cart" in str(record.entry.payload["value"]["reasons"])


def test_a_bug_in_one_step_is_told_and_stops_no_tick():
    """E1: it is given up in time, and nothing stays in flight."""
    told = []
    timeline = Acting("annotate", troubled=lambda what, error: told.append((what, str(error)))).calm_hour()

    def carry_out(deed, scene):
        raise TypeError("a bug")

    timeline.loop.carry_out = carry_out
    timeline.leaks(0)
    for minute in range(1, 12):
        timeline.tick(minute)
    assert told[0] == (f"step of incident {timeline.incident.id}", "a bug")
    assert timeline.results() == ["unverified"]
    assert timeline.loop.ledger.in_flight() == ()


def test_a_step_of_several_changes_leaves_the_tick_where_the_server_is_slow():
    """E16: at 20 s an answer and 15 s a tick one change each, so that a stop need not wait for all."""
    timeline = Acting("sweep", pods=3).calm_hour()
    timeline.loop.carry_out.monotonic_s = lambda: 20.0 * len(timeline.writes)
    timeline.leaks(0)
    assert timeline.writes == [("delete", "cart-1")]
    timeline.tick(0.25)
    timeline.tick(0.5)
    assert timeline.writes == [("delete", f"cart-{number}") for number in (1, 2, 3)]
    assert timeline.results() == ["applied"]


def test_a_question_is_told_with_where_the_command_is_to_be_found():
    """Until somebody reads a chat, they read the log: who is asked, until when, for what."""
    told = []
    ask = acting_rules(playbook("annotate"), policy=policy(scopes=(Scope(Mode.ASK, namespace="shop"),)))
    timeline = Acting(the_rules=ask, tell=lambda _, text: told.append(text)).calm_hour()
    timeline.leaks(0)
    (question,) = [text for text in told if text.startswith("asks ")]
    assert f"calm Deployment/shop/cart; by hand: aiops plan {timeline.incident.id}" in question
    assert " until " in question


def test_a_switch_that_was_released_while_we_were_down_is_said_to_be():
    """B5: else the journal would end by saying that we are stopped, and we act."""
    timeline = Acting("annotate", kill_switch=lambda: True).calm_hour()
    timeline.leaks(0)
    again = Acting("annotate", store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    again.tick(2)
    said = [one.entry.payload["stopped"] for one in again.store.read(kinds=("switch_changed",))]
    assert said == [True, False]


def test_what_is_decided_and_not_done_because_nobody_wanted_it_is_said():
    """A question that nobody answered is a no for this incident, also where it could be done alone later."""
    told = []
    ask = acting_rules(playbook("annotate"), policy=policy(scopes=(Scope(Mode.ASK, namespace="shop"),)))
    timeline = Acting(the_rules=ask, tell=lambda _, text: told.append(text)).calm_hour()
    timeline.leaks(0)
    for minute in range(1, 40):
        timeline.tick(minute)
    assert timeline.incident.state == "escalated"
    timeline.loop.rules = acting_rules(playbook("annotate"))
    for minute in range(40, 200):
        timeline.tick(minute)
    assert timeline.writes == []
    what = "a person said no: calm-leaking: annotate Deployment/shop/cart"
    assert told[-1] == f"decided, and not carried out: {what}"


def test_a_status_that_is_written_during_the_rehearsal_holds_nothing():
    """The dry run is shown on the newest version, as the write would be."""
    timeline = of_generations(Acting("annotate").calm_hour())
    send, turns = timeline.cluster.send, itertools.count()

    def busy(change, mark, *, dry_run=False):
        if dry_run and next(turns) == 0:
            timeline.cluster.edit(CART, {"status": {"turn": "1"}})
        return send(change, mark, dry_run=dry_run)

    timeline.cluster.send = busy
    timeline.leaks(0)
    assert timeline.writes == [("patch", "cart")]
