"""Requests: a person takes a step back, unlocks a target; each request is followed once and answered once."""

from dataclasses import replace

from aiops.core.requests import answered
from aiops.engine import entries
from aiops.engine.aftermath import Aftermath
from aiops.engine.requests import Desk
from aiops.model import Change, Manager, Request, RequestKind, Status, Target
from tests.fakes.inbox import FakeInbox
from tests.unit.core.cases import CART, MINUTE, NOW
from tests.unit.engine.acting_cases import Acting

CALM = ("metadata", "annotations")


def undo_of(timeline, minute, request_id="r-1", **changes):
    """Alice wants the newest step back."""
    attempt = timeline.loop.ledger.attempts[-1]
    plain = Request(
        id=request_id,
        kind=RequestKind.UNDO,
        by="alice",
        at_ms=NOW + minute * MINUTE,
        reason="it annoys the customers",
        plan_id=attempt.plan_id,
        step=attempt.step,
        incident_id=attempt.incident_id,
    )
    return replace(plain, **changes)


class Asked(Acting):
    """``Acting`` with a desk."""

    def __init__(self, *steps, **options):
        super().__init__(*steps, **options)
        self.inbox = FakeInbox()
        self.loop.desk = Desk(self.inbox, self.store, self.cluster)
        self.loop.desk.restore()

    def answer(self, request_id="r-1"):
        found = answered(self.store.read(kinds=("requested", "request_ended")), request_id)
        return found.done, found.detail

    def calm(self):
        return self.cluster.objects[CART]["metadata"]["annotations"].get("example.com/calm")


def test_a_person_takes_back_what_is_being_verified():
    """5.5: by way of the incident's lifecycle."""
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    assert timeline.calm() == "yes"
    timeline.inbox.waiting.append(undo_of(timeline, 1))
    timeline.tick(1)
    timeline.tick(1.5)
    assert timeline.calm() is None
    assert timeline.results()[:3] == ["applied", "failed", "undone"]
    assert timeline.answer()[0] is True


def test_a_person_takes_back_what_was_verified_long_ago():
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    timeline.status = Status.NORMAL
    timeline.tick(1)
    timeline.tick(1.25)
    timeline.calms(2)
    for minute in range(3, 12):
        timeline.tick(minute)
    assert timeline.incident.state == "closed"
    timeline.inbox.waiting.append(undo_of(timeline, 12))
    timeline.tick(12)
    assert timeline.calm() is None
    assert timeline.results() == ["applied", "verified", "undone"]
    assert timeline.answer() == (True, "by alice: taken back")


def test_a_request_handed_in_twice_is_followed_once():
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    request = undo_of(timeline, 1)
    timeline.inbox.waiting += [request, request]
    for quarter in range(4, 12):
        timeline.tick(quarter / 4)
    assert timeline.kinds("requested", "request_ended") == ["requested", "request_ended"]
    undos = [one for one in timeline.cluster.commits if one.intent != timeline.cluster.commits[0].intent]
    assert len(undos) == 1


def test_what_nobody_started_cannot_be_taken_back():
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    timeline.inbox.waiting.append(undo_of(timeline, 1, plan_id="another"))
    timeline.tick(1)
    done, detail = timeline.answer()
    assert done is False
    assert "no step" in detail


def test_what_a_person_changed_since_is_left_and_the_request_says_so():
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    timeline.inbox.waiting.append(undo_of(timeline, 1))
    for quarter in range(4, 12):
        timeline.tick(quarter / 4)
    assert timeline.calm() == "no"
    assert timeline.answer()[0] is False


def test_a_request_that_was_taken_up_before_a_crash_is_followed_after_it():
    """E1."""
    timeline = Asked("annotate", kill_switch=lambda: True).calm_hour()
    timeline.loop.kill_switch = lambda: False
    timeline.leaks(0)
    timeline.loop.kill_switch = lambda: True  # nothing is written, the undo waits
    timeline.inbox.waiting.append(undo_of(timeline, 1))
    timeline.tick(1)
    again = Asked("annotate", store=timeline.store, cluster=timeline.cluster)
    again.loop.restore()
    for quarter in range(6, 16):
        again.tick(quarter / 4)
    assert again.calm() is None
    assert again.answer()[0] is True


def test_a_lock_is_lifted_by_a_person_and_the_journal_names_them():
    """M11."""
    timeline = Asked("annotate").calm_hour()
    timeline.loop.ledger = replace(timeline.loop.ledger, failures={str(CART): 3})
    request = Request("r-2", RequestKind.UNLOCK, "bob", NOW + MINUTE, target=str(CART))
    timeline.inbox.waiting.append(request)
    timeline.tick(1)
    assert timeline.loop.ledger.failures.get(str(CART), 0) == 0
    (record,) = timeline.store.read(kinds=("unlocked",))
    assert (record.entry.payload["by"], record.entry.payload["request_id"]) == ("bob", "r-2")
    assert timeline.answer("r-2")[0] is True


def test_a_fix_that_a_person_made_is_credited_to_them():
    """M16: the incident is over, and nothing of ours was verified to have ended it."""
    timeline = Acting("annotate", kill_switch=lambda: True).calm_hour()
    timeline.leaks(0)
    by_hand = Manager("kubectl-edit", NOW + MINUTE, ("spec.template.spec.containers[app].image",))
    known = timeline.cluster.known
    cart = replace(known.workloads[CART], managers=(by_hand,))
    timeline.cluster.known = replace(known, workloads={CART: cart})
    timeline.calms(2)
    for minute in range(3, 12):
        timeline.tick(minute)
    assert timeline.incident.state == "closed"
    (record,) = timeline.store.read(kinds=("incident_closed",))
    assert "kubectl-edit changed Deployment/shop/cart" in record.entry.payload["incident"]["credit"]


def test_somebody_who_writes_over_our_change_is_noticed_once():
    """B6: the first half of the fight detector."""
    timeline = Asked("annotate").calm_hour()
    timeline.loop.aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    timeline.leaks(0)
    timeline.tick(0.5)
    assert timeline.kinds("overwritten") == []  # the positive control: it stands
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    for minute in range(1, 4):
        timeline.tick(minute)
    assert timeline.kinds("overwritten") == ["overwritten"]


def test_our_own_undo_is_not_somebody_elses():
    timeline = Asked("annotate").calm_hour()
    timeline.loop.aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    timeline.leaks(0)
    for minute in range(1, 9):
        timeline.tick(minute)
    assert "undone" in timeline.results()
    assert timeline.kinds("overwritten") == []


def test_a_request_that_names_no_target_is_refused_and_the_loop_goes_on():
    """Bad input: a file that somebody wrote by hand must not keep the daemon from ticking."""
    timeline = Asked("annotate").calm_hour()
    request = Request("r-3", RequestKind.UNLOCK, "bob", NOW + MINUTE, target="the cart")
    timeline.inbox.waiting.append(request)
    timeline.tick(1)
    done, detail = timeline.answer("r-3")
    assert done is False
    assert "expected Kind/namespace/name" in detail


def test_a_request_that_cannot_be_laid_aside_is_followed_all_the_same():
    """E1: the journal has it, so it must not wait for a restart."""
    timeline = Asked("annotate").calm_hour()
    timeline.loop.ledger = replace(timeline.loop.ledger, failures={str(CART): 3})
    request = Request("r-4", RequestKind.UNLOCK, "bob", NOW + MINUTE, target=str(CART))
    timeline.inbox.waiting.append(request)
    timeline.inbox.stuck = True
    timeline.tick(1)
    timeline.inbox.stuck = False
    timeline.tick(2)
    assert timeline.answer("r-4")[0] is True
    assert timeline.inbox.waiting == []


def test_what_only_contains_is_looked_after_too():
    """B6: a person who uncordons is not fought."""
    timeline = Asked("contain").calm_hour()
    timeline.loop.aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    timeline.leaks(0)
    for quarter in range(1, 12):
        timeline.tick(quarter / 4)
    assert timeline.results() == ["applied", "contained"]
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    timeline.tick(4)
    assert timeline.kinds("overwritten") == ["overwritten"]


def test_our_own_second_restart_is_not_somebody_who_writes_over_the_first():
    """B6: two of these would lock the workload for a person."""
    timeline = Asked("restart_rollout").calm_hour()
    timeline.loop.aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    for start in (0, 32):  # the cooldown is half an hour, the first change is looked after for an hour
        timeline.status = Status.ANOMALY
        timeline.leaks(start)
        timeline.status = Status.NORMAL
        for quarter in range(1, 12):
            timeline.tick(start + quarter / 4)
        timeline.calms(start + 3)
        for minute in range(4, 14):
            timeline.tick(start + minute)
    assert timeline.results() == ["applied", "verified"] * 2
    assert timeline.kinds("overwritten") == []


def test_what_a_journal_refused_is_noticed_again():
    """B6, E12: one full disk must not lose what was seen."""
    timeline = Asked("annotate").calm_hour()
    aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    timeline.leaks(0)
    timeline.cluster.edit(CART, {"metadata": {"annotations": {"example.com/calm": "no"}}})
    looks = aftermath.look(timeline.loop.ledger, timeline.facts(1), 1, NOW + MINUTE)
    assert next(looks).kind == "overwritten"
    looks.close()  # as a loop does whose journal refuses the entry
    again = aftermath.look(timeline.loop.ledger, timeline.facts(2), 1, NOW + 2 * MINUTE)
    assert [entry.kind for entry in again] == ["overwritten"]


def test_the_taints_that_kubernetes_adds_are_not_somebody_who_fights_us():
    """B6: one list holds ours and those of the node controller, which come and go with its conditions."""
    node = Target("Node", "", "n1")
    taint = {"key": "aiops.dev/suspect", "effect": "NoSchedule"}
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    attempt = timeline.loop.ledger.attempts[-1]
    step, intent = entries.sent(timeline.store, attempt.plan_id, 0)[0].steps[0], "intent-1"
    timeline.cluster.put(node, {"spec": {"taints": [taint]}})
    change = Change(
        node, "1", {"spec": {"taints": [taint]}}, timeline.cluster.objects[node]["metadata"]["uid"]
    )
    aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    aftermath._known[attempt.plan_id, 0] = replace(step, change=change), intent
    timeline.cluster.edit(node, {"spec": {"taints": [taint, {"key": "node.kubernetes.io/disk-pressure"}]}})
    assert list(aftermath.look(timeline.loop.ledger, timeline.facts(1), 1, NOW + MINUTE)) == []


def test_a_silent_api_server_is_asked_once_a_tick_and_not_once_a_change():
    """5.6: five looks of twenty seconds each would make the loop look stuck, and have us restarted."""
    timeline = Asked("annotate").calm_hour()
    aftermath = Aftermath(timeline.cluster, timeline.store, "aiops")
    timeline.leaks(0)
    (one,) = timeline.loop.ledger.attempts
    step, intent = entries.sent(timeline.store, one.plan_id, 0)[0].steps[0], "intent-1"
    many = [replace(one, plan_id=f"plan-{number}", target=f"Deployment/shop/{number}") for number in range(5)]
    aftermath._known.update({(each.plan_id, 0): (step, intent) for each in many})
    ledger = replace(timeline.loop.ledger, attempts=tuple(many))
    known, before = timeline.facts(1), len(timeline.cluster.looks)
    timeline.cluster.blind = True
    assert list(aftermath.look(ledger, known, 1, NOW + MINUTE)) == []
    assert len(timeline.cluster.looks) == before + 1
    timeline.cluster.blind = False
    list(aftermath.look(ledger, known, 1, NOW + MINUTE + 15_000))
    assert len(timeline.cluster.looks) == before + 1 + 3  # the next tick asks for three at most


def test_what_a_person_unlocks_is_tried_again_in_the_same_incident():
    """M11: neither the tries before, nor the question that nobody answered, stand in its way any more."""
    timeline = Asked("annotate").calm_hour()
    timeline.leaks(0)
    for minute in range(1, 900):  # longer and longer apart, until it is locked and nobody answers
        timeline.tick(minute)
    tried = timeline.kinds("plan_started").count("plan_started")
    assert (tried, timeline.incident.state) == (3, "escalated")
    request = Request("r-3", RequestKind.UNLOCK, "bob", NOW + 900 * MINUTE, target=str(CART))
    timeline.inbox.waiting.append(request)
    for minute in range(900, 910):
        timeline.tick(minute)
    assert timeline.kinds("plan_started").count("plan_started") > tried
