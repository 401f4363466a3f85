"""A decision is made again from what the journal holds, and every reason is compared."""

from dataclasses import fields, replace

import pytest

from aiops.core import witnessed
from aiops.core.approvals.book import ApprovalBook, asked_entry
from aiops.core.excerpt import Excerpt
from aiops.core.guards import GUARDS
from aiops.core.learn import learn
from aiops.core.ledger import Ledger, decided_entry, outcome_entry, start_entry, unlock_entry
from aiops.core.memory import Lessons
from aiops.core.policy import decide_twice
from aiops.core.rerun import TAKEN, Came, rerun
from aiops.engine import asking
from aiops.engine import witness as engine_witness
from aiops.engine.rehearse import GUARD, answer_of
from aiops.engine.witness import witness
from aiops.model import (
    Alert,
    ApprovalSettings,
    Autoscaler,
    ClusterEvent,
    Condition,
    Edge,
    EventKind,
    Facts,
    Freeze,
    LabelMatcher,
    Lean,
    Manager,
    Mode,
    Outcome,
    Reason,
    Result,
    Revision,
    Service,
    Severity,
    Silence,
    Target,
)
from tests.fakes.forum import an_approval
from tests.fakes.store import FakeStore
from tests.unit.core.cases import (
    CART,
    CRASHING,
    DAY,
    MINUTE,
    NODE,
    NOW,
    POD,
    cordon,
    evict,
    facts,
    incident,
    node,
    plan,
    pod,
    policy,
    scale,
    situation,
    workload,
)
from tests.unit.core.lesson_cases import Story

WEB, DB = Target("Deployment", "shop", "web"), Target("StatefulSet", "shop", "db")
ARGO = (Manager("argocd-controller", NOW, ("spec.replicas", "spec.template.spec.containers[web].image")),)
HPA, OTHER = (Target("HorizontalPodAutoscaler", "shop", name) for name in ("cart", "web"))
NOBODY = LabelMatcher("namespace", "pay")
MUTED = Silence("s1", (LabelMatcher("namespace", "shop"),), NOW - DAY, NOW + DAY, "ada", "sale")


def muting(name, value):
    return replace(MUTED, matchers=(LabelMatcher(name, value),))


BUSY = [
    start_entry(plan(incident_id="i0"), 0, Ledger(), NOW - 40 * MINUTE),
    outcome_entry(Outcome(plan(incident_id="i0").id, 0, Result.VERIFIED, NOW)),
]


def decided(store, the_plan=None, the_incident=None, the_facts=None, the_policy=None, the_situation=None):
    """Decide as the loop does, and write it down with its witness; the number of the ``decided`` record."""
    the_plan = the_plan or plan()
    args = (
        the_plan,
        the_incident or incident(prime=the_plan.target),
        the_facts or facts(),
        Ledger().fold(store.read()),
        the_policy or policy(),
        the_situation or situation(),
    )
    answer = decide_twice(*args)
    kept = witness(answer, *args)
    records = store.append([decided_entry(answer[0], NOW), *kept], term=0)
    return records[0].seq


def again(store, seq):
    return rerun(store.read(), [seq])[seq]


def crowd():
    """The cart among 300 others on 60 nodes in three zones, half of the others short of pods."""
    others = [Target("Deployment", f"ns-{at % 7}", f"w-{at}") for at in range(300)]
    many = [workload(one, replicas=3, ready=3 - at % 2, images=(f"i{at}",)) for at, one in enumerate(others)]
    nodes = [node(f"n{at}", zone="abc"[at % 3], ready=at % 9 != 8) for at in range(1, 61)]
    edges = tuple(Edge(WEB, one) for one in (CART, *others))
    return facts(workload(), workload(WEB), *many, nodes=nodes, edges=edges)


SCENES = {
    "all is well": {},
    "a scale": {"the_plan": plan(scale())},
    "an eviction": {"the_plan": plan(evict()), "the_facts": facts(conditions=CRASHING)},
    "a cordon": {"the_plan": plan(cordon(), target=NODE)},
    "a cordon in a crowd": {"the_plan": plan(cordon(), target=NODE), "the_facts": crowd()},
    "a restart in a crowd": {"the_facts": crowd()},
    "a plan that does nothing": {"the_plan": plan(reason="no rung fits", steps=())},
    "no incident": {"the_plan": plan(incident_id=None)},
    "a storm": {"the_situation": situation(storm="5 workloads are bad at once")},
    "broken before": {"the_situation": situation(known={CART: NOW - DAY, WEB: NOW - DAY})},
    "ours": {"the_situation": situation(protected=frozenset({CART, WEB, DB}))},
    "claimed": {"the_situation": situation(claims={str(CART): "ada", str(WEB): "bob"})},
    "another owns it": {"the_plan": plan(scale()), "the_facts": facts(workload(managers=ARGO))},
    "a freeze": {"the_facts": facts(freezes=(Freeze("night", "shop", NOW + DAY, frozenset({CART, WEB})),))},
    "a freeze of others": {"the_facts": facts(freezes=(Freeze("x", "shop", None, frozenset({WEB, DB})),))},
    "a freeze elsewhere": {"the_facts": facts(freezes=(Freeze("x", "pay"), Freeze("y", "pay")))},
    "little is known": {"the_facts": facts(unknown=frozenset({"labels", "freezes", "conditions"}))},
    "nothing is known": {"the_facts": Facts(NOW)},
    "the last behind a service": {
        "the_plan": plan(evict()),
        "the_facts": facts(services={CART: Service(Target("Service", "shop", "cart"), {"app": "cart"})}),
    },
    "one of two behind a service": {
        "the_plan": plan(evict()),
        "the_facts": facts(
            services={CART: Service(Target("Service", "shop", "cart"), {"app": "cart"})},
            pods={POD: pod(), Target("Pod", "shop", "cart-2"): pod("cart-2")},
        ),
    },
    "pods crash": {
        "the_plan": plan(evict()),
        "the_facts": facts(
            conditions=tuple(Condition(POD, "CrashLoopBackOff", NOW - at) for at in range(50)),
            events=tuple(ClusterEvent(NOW - 99 + at, POD, EventKind.RESTART) for at in range(90)),
        ),
    },
    "an autoscaler": {
        "the_plan": plan(scale()),
        "the_facts": facts(autoscalers={HPA: Autoscaler(HPA, CART, 1, 9), OTHER: Autoscaler(OTHER, WEB)}),
    },
    "silenced": {"the_facts": facts(silences=(MUTED,))},
    "another is silenced": {"the_facts": facts(silences=(replace(MUTED, matchers=(NOBODY,)),))},
    "a pod of it is silenced": {"the_facts": facts(silences=(muting("pod", POD.name),))},
    "its node is silenced": {"the_facts": facts(silences=(muting("node", "n1"),))},
    "an alert of its pod is silenced": {
        "the_facts": facts(
            silences=(muting("alertname", "Leak"),),
            alerts=(Alert("Other", None, NOW), Alert("Leak", POD, NOW, severity="page")),
        )
    },
    "an alert of the incident is silenced": {
        "the_incident": incident(alerts=(Alert("Leak", CART, NOW),)),
        "the_facts": facts(silences=(muting("alertname", "Leak"),)),
    },
    "in mode ask": {"the_policy": policy(mode=Mode.ASK)},
    "no scope": {"the_policy": policy(scopes=())},
}


@pytest.mark.parametrize("scene", SCENES)
def test_what_was_kept_leads_to_the_very_same_reasons(scene):
    """The excerpt is proved when it is written, so that a guard which reads more than it holds is found."""
    store = FakeStore()
    found = again(store, decided(store, **SCENES[scene]))
    assert (found.came, found.because) == (Came.SAME, "")
    assert found.said() == f"decided again from what was recorded: the same ({len(GUARDS)} guards)"
    assert "facts_seen" not in store.kinds()  # the excerpt was enough


def test_the_ledger_is_folded_from_the_journal_up_to_the_decision():
    """A step was started 40 minutes before; what was started after the decision does not count for it."""
    store = FakeStore(BUSY)
    seq = decided(store)
    store.append([outcome_entry(Outcome(plan().id, 0, Result.FAILED, NOW))], term=0)
    found = again(store, seq)
    assert found.came is Came.SAME
    reasons = {one.guard: one.text for one in found.again.reasons}
    assert reasons["cooldown"] == "restart_rollout was done 40 min ago; cooling down for 30 min more"


def test_lessons_are_those_that_the_daemon_had_drawn_when_it_decided():
    """A fix that was verified did not hold, and its incident comes back: that is written in the transaction
    of the decision, which still acts. The next decision asks, for by then the record says so."""
    story = Story()
    made = story.opens()
    planned = story.starts(made)
    story.wait().ends(planned, Result.APPLIED)
    story.wait().ends(planned, Result.VERIFIED)
    store = FakeStore(story.entries)
    before = learn(Lessons(), store.read())
    story.entries.clear()
    story.changes(made, "reopened")
    args = plan(), incident(), facts(), Ledger().fold(store.read()), policy(), situation()
    seqs = []
    for lessons in (before, None):
        lessons = lessons or learn(before, store.read(since=before.seq))  # noqa: PLW2901 - drawn by now
        answer = decide_twice(*args, lessons=lessons)
        entry = decided_entry(answer[0], NOW)
        written = store.append([*story.entries, entry, *witness(answer, *args, lessons=lessons)], term=0)
        seqs += [one.seq for one in written if one.entry.kind == "decided"]
        story.entries.clear()
    found = rerun(store.read(), seqs)
    assert [one.came for one in found.values()] == [Came.SAME, Came.SAME]
    assert [type(one.again).__name__ for one in found.values()] == ["Act", "Escalate"]


def tampered(store, kind, change):
    """The records with the payload of the first one of ``kind`` changed, as whoever writes the file could."""
    records, found = list(store.read()), False
    for at, record in enumerate(records):
        if record.entry.kind == kind and not found:
            entry = replace(record.entry, payload=change(dict(record.entry.payload)))
            records[at], found = replace(record, entry=entry), True
    return records


def test_a_decision_that_does_not_follow_from_its_inputs_is_shown():
    """Somebody wrote 4 of 4 failures where the guard had counted none."""
    store = FakeStore()
    seq = decided(store)

    def lie(payload):
        reasons = [
            dict(one, lean="hold", text="4 of 4") if one["guard"] == "budget" else one
            for one in payload["value"]["reasons"]
        ]
        return payload | {"value": payload["value"] | {"reasons": reasons}}

    found = rerun(tampered(store, "decided", lie), [seq])[seq]
    assert (found.came, found.because) == (Came.DIFFERENT, "budget")
    assert found.differences[0].recorded.text == "4 of 4"
    assert found.differences[0].again.lean is Lean.PERMIT


def test_a_decision_of_another_kind_than_its_reasons_is_shown():
    store = FakeStore()
    seq = decided(store)
    found = rerun(tampered(store, "decided", lambda old: old | {"decision": "refuse"}), [seq])[seq]
    assert (found.came, found.because) == (Came.DIFFERENT, "refuse was written down, act comes out")


@pytest.mark.parametrize(
    ("kind", "change", "because"),
    [
        ("witnessed", lambda old: old | {"format": 99}, "format 99"),
        ("witnessed", lambda old: old | {"rules": "f" * 64}, "policy ffffffffffff is not in the journal"),
        ("witnessed", lambda old: old | {"facts": "f" * 64}, "facts ffffffffffff are not in the journal"),
        ("witnessed", lambda old: old | {"inputs": {"digest": "", "packed": "!"}}, "cannot be unpacked"),
        (
            "witnessed",
            lambda old: old | {"inputs": old["inputs"] | {"digest": "0" * 64}},
            "not what its digest says",
        ),
        (
            "rules_seen",
            lambda old: old | {"policy": old["policy"] | {"mode": "ask"}},
            "not that of its digest",
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_never_taken_for_the_same(kind, change, because):
    store = FakeStore()
    seq = decided(store)
    found = rerun(tampered(store, kind, change), [seq])[seq]
    assert found.came is Came.UNKNOWN
    assert because in found.because


def test_a_journal_of_an_older_version_says_that_it_cannot_be_decided_again():
    store = FakeStore([decided_entry(decide_twice(*plain())[0], NOW)])
    found = again(store, 1)
    assert found.came is Came.UNKNOWN
    assert found.said().startswith("cannot be decided again: what it was decided on was not recorded")


def test_the_witness_of_one_decision_is_not_taken_for_another():
    """The first has none: the next decision of the same incident begins."""
    store = FakeStore([decided_entry(decide_twice(*plain())[0], NOW)])
    second = decided(store, the_situation=situation(kill_switch=True))
    found = rerun(store.read(), [1, second])
    assert [found[1].came, found[second].came] == [Came.UNKNOWN, Came.SAME]


def plain():
    return plan(), incident(), facts(), Ledger(), policy(), situation()


SERVER = {lean: Reason("server", lean, "as it says") for lean in (Lean.PERMIT, Lean.ESCALATE, Lean.HOLD)}
ADDED = {
    "permit": lambda bare: answer_of(bare, SERVER[Lean.PERMIT]),
    "escalate": lambda bare: answer_of(bare, SERVER[Lean.ESCALATE]),
    "hold": lambda bare: answer_of(bare, SERVER[Lean.HOLD]),
    "amended": lambda bare: asking.as_question(answer_of(bare, SERVER[Lean.PERMIT]), policy(), NOW),
    "many wait": lambda bare: asking.within_limit(
        asking.as_question(bare, policy(), NOW),
        ApprovalBook().fold([asked_entry(an_approval(), NOW)]),
        "i1",
        1,
    ),
    "two people": lambda bare: asking.with_quorum(
        asking.as_question(bare, policy(), NOW), Severity.CRITICAL, ApprovalSettings()
    ),
}


ADDED_BY = {GUARD, asking.AMENDED, asking.QUESTIONS, asking.PEOPLE}


def added(name):
    """A journal in which something was added to the guards' answer before it was written down."""
    store, args = FakeStore(), plain()
    answer = decide_twice(*args)
    store.append([decided_entry(ADDED[name](answer[0]), NOW), *witness(answer, *args)], term=0)
    return store


@pytest.mark.parametrize("name", ADDED)
def test_what_was_added_to_the_guards_answer_is_taken_as_written(name):
    """What the API server said, that a person amended, how many questions waited: nobody can ask again."""
    found = again(added(name), 1)
    assert (found.came, found.because) == (Came.SAME, "")
    assert found.said().endswith("is taken as written)")
    assert set(found.taken) <= ADDED_BY == set(TAKEN)


@pytest.mark.parametrize(("name", "kind"), [("hold", "act"), ("escalate", "hold"), ("permit", "escalate")])
def test_but_what_follows_from_it_is_checked(name, kind):
    store = added(name)
    found = rerun(tampered(store, "decided", lambda old: old | {"decision": kind}), [1])[1]
    assert found.came is Came.DIFFERENT
    assert found.because.startswith(f"{kind} was written down, ")


def test_who_was_asked_and_until_when_is_part_of_it():
    store = FakeStore()
    seq = decided(store, the_policy=policy(mode=Mode.ASK))
    for field, value in (("approvers", ["mallory"]), ("until_ms", NOW + 99 * DAY)):
        forged = tampered(store, "decided", lambda old: old | {"value": old["value"] | {field: value}})  # noqa: B023
        found = rerun(forged, [seq])[seq]
        assert (found.came, found.because) == (Came.DIFFERENT, "who is asked, or until when, is another")


def test_where_the_excerpt_is_not_enough_the_facts_are_kept_whole_and_once(monkeypatch):
    """As if a guard came to read what the excerpt leaves out: here it leaves out everything."""
    nothing = property(lambda excerpt: lambda: Facts(NOW))
    monkeypatch.setattr(engine_witness, "Excerpt", type("Blind", (Excerpt,), {"facts": nothing}))
    store = FakeStore()
    seqs = [decided(store, the_facts=crowd()) for _ in range(2)]
    assert {one.came for one in rerun(store.read(), seqs).values()} == {Came.SAME}
    assert store.kinds().count("facts_seen") == 1


def test_what_no_facts_lead_to_is_not_witnessed():
    """A guard that reads what is not kept at all: better no witness than one that says something else."""
    args = (plan(), incident(), crowd(), Ledger(), policy(), situation())
    bare, known = decide_twice(*args)
    other = replace(bare, reasons=(*bare.reasons, Reason("images", Lean.PERMIT, "300")))
    assert witness((other, known), *args) == ()


def test_a_change_of_policy_between_two_decisions_is_no_difference():
    store = FakeStore()
    first = decided(store)
    store.append([outcome_entry(Outcome("p", 0, Result.FAILED, NOW)), unlock_entry("ada", NOW, CART)], term=0)
    second = decided(store, the_policy=policy(mode=Mode.SUGGEST))
    third = decided(store)
    found = rerun(store.read(), [first, second, third])
    assert {one.came for one in found.values()} == {Came.SAME}
    assert store.kinds().count("rules_seen") == 2  # each policy once


def test_an_excerpt_is_small_however_large_the_cluster_and_holds_no_template():
    """S8, and the promise of its size: under 20 kB a decision."""
    secret = "hunter2-canary"  # noqa: S105 - what must not be found
    template = {"spec": {"containers": [{"name": "app", "env": [{"name": "P", "value": secret}]}]}}
    loud = workload(
        revisions=(Revision(1, template=template),),
        manifest=template,
        annotations={"kubectl.kubernetes.io/last-applied-configuration": secret, "x": secret},
    )
    known = replace(crowd(), workloads={**crowd().workloads, CART: loud})
    args = (plan(), incident(), known, Ledger(), policy(), situation())
    entries = witness(decide_twice(*args), *args)
    kept = next(one for one in entries if one.kind == "witnessed")
    assert len(witnessed.canonical(kept.payload)) < 20_000
    assert secret not in str(witnessed.unpack(kept.payload["inputs"]))
    assert secret not in str([one.payload for one in entries])


def test_every_kind_of_fact_has_its_place_in_what_is_kept():
    """Whoever adds a field to ``Facts`` is told here, not by a decision that nobody can make again."""
    assert {one.name for one in fields(Facts)} <= {one.name for one in fields(witnessed.KeptFacts)}


def test_what_claims_to_be_larger_than_it_may_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(witnessed, "LARGEST", 10)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        witnessed.unpack(witnessed.pack({"a": "x" * 1000}))


def test_a_witness_is_no_decision():
    """Other readers of the incident's stream are not confused by it."""
    store = FakeStore()
    decided(store)
    assert store.kinds() == ["decided", "rules_seen", "witnessed"]
    assert [one.entry.stream for one in store.read()] == ["i1", "rules", "i1"]
