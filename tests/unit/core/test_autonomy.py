"""Autonomy: how it falls, how a rise is earned, and who accepts it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.autonomy import (
    Case,
    Counts,
    accepted_entry,
    case_of,
    cases,
    counts,
    level,
    lowest,
    refused_rise,
    where,
    wilson,
)
from aiops.core.learn import learn
from aiops.core.memory import KEEP_MS, Lessons
from aiops.core.policy import decide_twice, mode_of, recheck
from aiops.model import (
    Act,
    Escalate,
    Matcher,
    Mode,
    Playbook,
    PlaybookStep,
    Request,
    RequestKind,
    Result,
    Scope,
    Suspect,
    Target,
    Verification,
)
from tests.unit.core.cases import DAY, MINUTE, NOW, facts, incident, plan, policy, situation
from tests.unit.core.guard_cases import ledger
from tests.unit.core.lesson_cases import Story

DEADLINE_S = 660  # of the cases' verification: a minute to settle and ten to judge
OLD = 20 * MINUTE  # longer than that: it did not heal in time
SHOP, EARNED = Scope(Mode.AUTO, namespace="shop"), Scope(Mode.AUTO, namespace="shop", earned=True)
RISING = Scope(Mode.AUTO, namespace="shop", earned=True, may_rise=True)


def case(scope=SHOP, ceiling=Mode.AUTO):
    return Case("restart-leaking", "1", "memory_leak", DEADLINE_S, scope, ceiling)


def judged(story=None, scope=SHOP, ceiling=Mode.AUTO, now_ms=NOW):
    lessons = learn(Lessons(), story.entries) if story is not None else Lessons()
    return level(case(scope, ceiling), lessons, now_ms)


def record(helped=0, left=0, healed=0, start_ms=NOW - 60 * DAY):
    """A journal in which it helped so often, and of so many that were left alone some healed."""
    story = Story(start_ms)
    for _ in range(helped):
        story.tries(Result.VERIFIED)
    for number in range(left):
        story.leaves_alone(5 * MINUTE if number < healed else OLD)
    return story


@pytest.mark.parametrize("ceiling", list(Mode))
def test_without_a_record_it_is_as_configured(ceiling):
    """Existing configurations stay as they are."""
    found = judged(ceiling=ceiling)
    assert (found.mode, found.proposal, found.reason) == (ceiling, None, "as configured")


@pytest.mark.parametrize(
    ("ceiling", "mode"),
    [(Mode.AUTO, Mode.ASK), (Mode.ASK, Mode.ASK), (Mode.SUGGEST, Mode.SUGGEST), (Mode.OBSERVE, Mode.OBSERVE)],
)
def test_where_it_is_to_be_earned_it_starts_at_ask(ceiling, mode):
    assert judged(scope=EARNED, ceiling=ceiling).mode is mode


@pytest.mark.parametrize(
    ("result", "harmed", "mode"),
    [
        (Result.VERIFIED, False, Mode.AUTO),
        (Result.UNVERIFIED, False, Mode.AUTO),  # unknown is no success, and no failure
        (Result.FAILED, False, Mode.ASK),
        (Result.UNDONE, False, Mode.ASK),
        (Result.FAILED, True, Mode.SUGGEST),
    ],
)
def test_it_falls_at_once_on_failure_and_further_on_harm(result, harmed, mode):
    story = record(helped=30)  # however good it was
    story.tries(result, harmed)
    assert judged(story).mode is mode


def test_it_never_falls_below_what_it_was():
    for ceiling in (Mode.OBSERVE, Mode.SUGGEST):
        story = record()
        story.tries(Result.FAILED, harmed=True)
        assert judged(story, ceiling=ceiling).mode is ceiling


@pytest.mark.parametrize(
    "changes",
    [{"playbook": "other"}, {"playbook_version": "2"}],
)
def test_only_its_own_record_counts(changes):
    story = record()
    story.tries(Result.FAILED, **changes)
    assert judged(story).mode is Mode.AUTO


@pytest.mark.parametrize(
    ("scope", "falls"),
    [
        (Scope(Mode.AUTO, playbook="restart-leaking"), True),  # everywhere
        (Scope(Mode.AUTO, namespace="shop"), True),
        (Scope(Mode.AUTO, namespace="bank"), False),
        (Scope(Mode.AUTO, workload="Deployment/shop/cart"), True),
        (Scope(Mode.AUTO, workload="Deployment/shop/till"), False),
        (Scope(Mode.AUTO, namespace="bank", workload="Deployment/shop/cart"), False),
    ],
)
def test_the_record_is_that_of_the_scope(scope, falls):
    story = record()
    story.tries(Result.FAILED)
    assert (judged(story, scope).mode is Mode.ASK) is falls


@pytest.mark.parametrize(("later_ms", "mode"), [(KEEP_MS - 1, Mode.ASK), (KEEP_MS, Mode.AUTO)])
def test_a_failure_is_forgotten_after_ninety_days(later_ms, mode):
    story = Story(NOW)
    story.ends(story.starts(story.opens()), Result.FAILED)
    assert judged(story, now_ms=NOW + later_ms).mode is mode


# A rise is earned


def test_the_interval_is_wilsons():
    """9 of 10: (0.9 + 0.19207 ± 1.95996 * sqrt(0.009 + 0.0096035)) / 1.38415 = 0.5958 and 0.9821."""
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 5) == pytest.approx((0.0, 0.4345), abs=1e-4)
    assert wilson(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_its_share(hits, more):
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= high <= 1
    if hits + more:
        share = hits / (hits + more)
        assert low <= share + 1e-12
        assert high >= share - 1e-12


@pytest.mark.parametrize(
    ("helped", "left", "healed", "earned"),
    [
        (5, 3, 0, True),  # at least 57 % against at most 56 %
        (4, 3, 0, False),  # at least 51 %
        (5, 2, 0, False),  # at most 66 %
        (30, 30, 30, False),  # what heals by itself proves nothing
        (30, 0, 0, False),  # nobody knows whether it heals by itself
        (20, 20, 8, True),  # at least 84 % against at most 61 %
    ],
)
def test_a_rise_is_earned_against_like_incidents_that_were_left_alone(helped, left, healed, earned):
    found = judged(record(helped, left, healed), EARNED)
    assert (found.mode, found.proposal) == (Mode.ASK, Mode.AUTO if earned else None)
    assert (found.counts.verified, found.counts.healed, found.counts.alone) == (helped, healed, left)


def test_what_nobody_could_verify_counts_against_it():
    story = record(helped=5, left=3)
    story.tries(Result.UNVERIFIED)
    assert judged(story, EARNED).proposal is None


@pytest.mark.parametrize("scope", [SHOP, RISING])
def test_after_a_fall_it_must_be_earned_anew(scope):
    """The failure itself counts, and what was before it does not: not even 30 successes."""
    story = record(helped=30, left=10)
    story.tries(Result.FAILED)
    found = judged(story, scope)
    assert (found.mode, found.proposal, found.counts.tried) == (Mode.ASK, None, 1)
    for _ in range(2):
        story.tries(Result.VERIFIED)
    assert judged(story, scope).mode is Mode.ASK  # 2 of 3: at least 21 %, and at most 28 % heal
    assert judged(story, scope).proposal is None
    for _ in range(2):
        story.tries(Result.VERIFIED)
    after = judged(story, scope)  # 4 of 5: at least 38 %
    assert Mode.AUTO in {after.mode, after.proposal}


def test_where_it_only_asks_a_failure_is_no_fall_and_counts_as_one_of_all():
    """29 of 30: at least 83 %."""
    story = record(helped=29, left=10)
    story.tries(Result.FAILED)
    found = judged(story, EARNED)
    assert (found.mode, found.proposal, found.counts.tried) == (Mode.ASK, Mode.AUTO, 30)
    assert found.reason == "auto is to be earned here"


def test_one_that_rose_by_itself_falls_as_often_as_it_fails():
    story = record(helped=10, left=10)
    assert judged(story, RISING).mode is Mode.AUTO
    for _ in range(2):
        story.tries(Result.FAILED)
        assert judged(story, RISING).mode is Mode.ASK
        for _ in range(12):
            story.tries(Result.VERIFIED)
        assert judged(story, RISING).mode is Mode.AUTO


def test_a_scope_may_let_it_rise_by_itself():
    story = record(helped=5, left=3)
    assert (judged(story, RISING).mode, judged(story, RISING).proposal) == (Mode.AUTO, None)
    assert judged(story, RISING, ceiling=Mode.ASK).mode is Mode.ASK  # never above the ceiling
    assert judged(record(helped=4, left=3), RISING).mode is Mode.ASK


def test_after_harm_only_a_person_lets_it_ask_again():
    """In suggest nothing is done, so nothing is earned."""
    story = record(helped=5, left=3)
    story.tries(Result.FAILED, harmed=True)
    found = judged(story, Scope(Mode.AUTO, namespace="shop", may_rise=True))
    assert (found.mode, found.proposal) == (Mode.SUGGEST, Mode.ASK)


# A rise is accepted


def accepts(story, scope=EARNED, by="ada", kind="memory_leak"):
    request = Request(
        f"r{len(story.entries)}",
        RequestKind.ACCEPT_AUTONOMY,
        by,
        story.now_ms,
        playbook="restart-leaking",
        scope=where(scope, kind),
    )
    story.entries.append(accepted_entry(request, story.now_ms))
    story.wait()
    return request


def test_a_person_accepts_what_was_proposed():
    story = record(helped=5, left=3)
    accepts(story)
    found = judged(story, EARNED)
    assert (found.mode, found.reason, found.proposal) == (Mode.AUTO, "ada accepted the rise", None)


def test_what_was_not_proposed_cannot_be_accepted():
    """Not even by an entry in the journal: it is judged by what was known at that time."""
    story = record(helped=4, left=3)
    accepts(story)
    assert judged(story, EARNED).mode is Mode.ASK
    story.tries(Result.VERIFIED)
    found = judged(story, EARNED)
    assert (found.mode, found.proposal) == (Mode.ASK, Mode.AUTO)


def test_what_was_left_alone_only_later_does_not_speak_for_an_earlier_yes():
    story = record(helped=5)
    accepts(story)
    for _ in range(3):
        story.leaves_alone(OLD)
    assert judged(story, EARNED).mode is Mode.ASK


def test_what_is_accepted_for_one_scope_and_class_is_for_no_other():
    for changes in ({"scope": Scope(Mode.AUTO, namespace="bank")}, {"kind": "oom_kills"}):
        story = record(helped=5, left=3)
        accepts(story, **changes)
        assert judged(story, EARNED).mode is Mode.ASK


def test_a_failure_after_the_yes_falls_all_the_same():
    story = record(helped=5, left=3)
    accepts(story)
    story.tries(Result.FAILED)
    assert judged(story, EARNED).mode is Mode.ASK


def test_one_yes_is_one_step():
    """From suggest to ask; and to auto only once that is earned."""
    story = record(helped=5, left=3)
    story.tries(Result.FAILED, harmed=True)
    accepts(story, SHOP)
    assert judged(story).mode is Mode.ASK
    accepts(story, SHOP)
    assert judged(story).mode is Mode.ASK  # 0 of 1 since the fall
    for _ in range(12):
        story.tries(Result.VERIFIED)
    accepts(story, SHOP)
    assert judged(story).mode is Mode.AUTO


def test_a_yes_raises_nothing_above_the_ceiling():
    story = record(helped=5, left=3)
    accepts(story)
    assert judged(story, EARNED, ceiling=Mode.ASK).mode is Mode.ASK


@given(
    st.lists(st.sampled_from(["help", "fail", "harm", "alone", "accept"]), max_size=12),
    st.sampled_from(list(Mode)),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_it_is_never_above_the_ceiling_and_a_bad_end_never_raises_it(what, ceiling, earned, may_rise):
    """Issue 4, item 7: whatever happened in whatever order."""
    scope = Scope(Mode.AUTO, namespace="shop", earned=earned, may_rise=may_rise)
    story = record()
    for one in what:
        match one:
            case "help":
                story.tries(Result.VERIFIED)
            case "alone":
                story.leaves_alone(OLD)
            case "accept":
                accepts(story, scope)
            case _:
                before = judged(story, scope, ceiling)
                story.tries(Result.FAILED, harmed=one == "harm")
                after = judged(story, scope, ceiling)
                least = Mode.SUGGEST if one == "harm" else Mode.ASK
                assert after.mode.rank <= min(before.mode.rank, least.rank)
        assert judged(story, scope, ceiling).mode.rank <= ceiling.rank


# Counting


def test_an_incident_counts_once_its_time_is_over():
    """Left alone for the deadline it has not healed; before, nobody can say."""
    story = Story(NOW - OLD)
    story.opens()
    alone = list(learn(Lessons(), story.entries).alone("memory_leak", NOW))
    for after_s, expected in ((DEADLINE_S, (0, 0)), (DEADLINE_S + 1, (0, 1))):
        found = counts([], alone, DEADLINE_S, 0, NOW - OLD + 1000 * after_s)
        assert (found.healed, found.alone) == expected
    assert counts([], alone, DEADLINE_S, 0, NOW - OLD - 1).alone == 0  # it had not begun


@pytest.mark.parametrize(("lasted_s", "healed"), [(DEADLINE_S, 1), (DEADLINE_S + 1, 0)])
def test_it_has_healed_by_itself_within_the_same_time_or_not_at_all(lasted_s, healed):
    story = record()
    story.leaves_alone(1000 * lasted_s)
    found = judged(story).counts
    assert (found.healed, found.alone) == (healed, 1)


def test_an_incident_in_which_something_was_done_at_once_says_nothing_of_healing():
    assert judged(record(helped=3)).counts.alone == 0


def test_figures_are_told_to_people():
    found = Counts(verified=9, not_helped=1, healed=0, alone=5)
    assert found.said() == "helped 9 of 10 times (at least 60%); left alone, 0 of 5 healed (at most 43%)"
    assert found.earned
    assert Counts(1, 2, 3, 4).tried == 10


# What has a level, and what a person may ask for

LEAKING = Playbook(
    "restart-leaking",
    "1",
    Matcher(classes=("memory_leak", "oom_kills")),
    (PlaybookStep("restart_rollout"),),
    mode=Mode.AUTO,
    verification=Verification(settle_s=60, deadline_s=600),
)
NOTHING = Playbook("leave-be", "1", Matcher(classes=("surge",)), (), do_nothing_because="it passes")


def test_every_scope_has_a_level_for_each_class_of_each_playbook_it_binds():
    rules = policy(scopes=(SHOP, Scope(Mode.ASK, playbook="restart-leaking"), Scope(Mode.ASK, playbook="x")))
    found = cases((LEAKING, NOTHING), rules, Lessons())
    assert [(one.incident_class, one.scope, one.ceiling) for one in found] == [
        ("memory_leak", SHOP, Mode.AUTO),
        ("oom_kills", SHOP, Mode.AUTO),
        ("memory_leak", rules.scopes[1], Mode.ASK),
        ("oom_kills", rules.scopes[1], Mode.ASK),
    ]
    assert {(one.playbook, one.version, one.deadline_s) for one in found} == {("restart-leaking", "1", 660)}


def test_classes_that_were_acted_upon_have_one_too():
    story = record()
    story.tries(Result.VERIFIED, made=story.opens(incident_class="latency"))
    story.tries(Result.VERIFIED, made=story.opens(incident_class=""))
    story.tries(Result.VERIFIED, made=story.opens(incident_class="surge"), playbook="other")
    lessons = learn(Lessons(), story.entries)
    found = cases((LEAKING,), policy(scopes=(SHOP,)), lessons)
    assert [one.incident_class for one in found] == ["latency", "memory_leak", "oom_kills"]


def test_a_level_is_named_so_that_a_person_can_accept_it():
    for scope, place in [
        (Scope(Mode.ASK, "shop", "Deployment/shop/cart", "p"), "shop Deployment/shop/cart"),
        (Scope(Mode.ASK, "shop", playbook="p"), "shop"),  # it is accepted for the playbook anyway
        (Scope(Mode.ASK, playbook="p"), "all namespaces"),
    ]:
        assert case(scope).where == f"memory_leak in {place}"


def test_a_request_that_cannot_be_followed_says_why():
    story = record(helped=5, left=3)
    lessons, rules = learn(Lessons(), story.entries), policy(scopes=(EARNED,))
    asked = accepts(story)
    assert refused_rise(asked, (LEAKING,), rules, lessons, NOW) == ""
    twice = policy(scopes=(Scope(Mode.AUTO, "shop", playbook="restart-leaking"), EARNED))
    assert refused_rise(asked, (LEAKING,), twice, lessons, NOW) == ""  # one of the two proposes it
    assert "no rise is proposed" in refused_rise(asked, (LEAKING,), rules, Lessons(), NOW)
    assert "no scope" in refused_rise(asked, (NOTHING,), rules, lessons, NOW)
    assert "no scope" in refused_rise(accepts(story, SHOP, kind="surge"), (LEAKING,), rules, lessons, NOW)


def test_the_ceiling_is_the_lowest_of_policy_playbook_and_scope():
    assert lowest(Mode.AUTO, Mode.SUGGEST, Mode.ASK) is Mode.SUGGEST
    for modes in (
        (Mode.ASK, Mode.AUTO, Mode.AUTO),
        (Mode.AUTO, Mode.ASK, Mode.AUTO),
        (Mode.AUTO,) * 2 + (Mode.ASK,),
    ):
        of_policy, of_playbook, of_scope = modes
        made = case_of(plan(mode=of_playbook), "x", Scope(of_scope, namespace="shop"), policy(mode=of_policy))
        assert made.ceiling is Mode.ASK
        assert made.deadline_s == DEADLINE_S


# What the policy makes of it


def decided(story, scope=SHOP, kind="memory_leak"):
    lessons = learn(Lessons(), story.entries) if story else None
    made = plan(), incident(incident_class=kind), facts(), ledger(), policy(scopes=(scope,)), situation()
    return decide_twice(*made, lessons=lessons)[0]


def test_the_record_is_one_more_limit_of_the_mode():
    story = record()
    story.tries(Result.FAILED)
    assert isinstance(decided(None), Act)
    asked = decided(story)
    assert isinstance(asked, Escalate)
    assert asked.reasons[-1].text == (
        "mode ask (of its record for memory_leak in shop: fell: a step did not help): a person approves"
    )
    assert isinstance(decided(story, kind="oom_kills"), Act)  # another class


def test_where_auto_is_to_be_earned_nothing_is_done_without_a_record():
    """Unknown never permits: also where nobody handed the lessons in."""
    assert isinstance(decided(None, EARNED), Escalate)
    assert isinstance(decided(record(helped=5, left=3), RISING), Act)


def test_after_harm_people_are_told_and_nobody_can_approve():
    story = record()
    story.tries(Result.FAILED, harmed=True)
    told = decided(story)
    assert (told.approvers, told.until_ms) == ((), None)
    lessons = learn(Lessons(), story.entries)
    made = plan(), incident(), facts(), ledger(), policy(scopes=(SHOP,)), situation()
    assert [one.guard for one in recheck(*made, lessons=lessons)] == ["mode"]
    assert recheck(*made) == ()


def test_a_review_has_no_class_and_its_configured_mode():
    assert mode_of(plan(), policy(scopes=(SHOP,))) == (Mode.AUTO, "of the policy")


def test_outcomes_count_from_the_last_fall_to_the_moment_both_included():
    story = Story(NOW)
    story.ends(story.starts(story.opens()), Result.VERIFIED)
    tried = list(learn(Lessons(), story.entries).of("restart-leaking", "1", "memory_leak", NOW))
    for since_ms, until_ms, expected in (
        (NOW, NOW, 1),
        (NOW + 1, NOW + 1, 0),
        (NOW - 1, NOW - 1, 0),
        (NOW - 1, NOW + 1, 1),
    ):
        assert counts(tried, [], DEADLINE_S, since_ms, until_ms).verified == expected
    assert Counts() == Counts(0, 0, 0, 0, 0, 0)


def test_what_was_left_alone_elsewhere_says_nothing_here():
    bank = Target("Deployment", "bank", "ledger")
    story = record(helped=5)
    for _ in range(3):
        story.leaves_alone(OLD, suspects=(Suspect(bank, 0.9),))
    assert judged(story, EARNED).proposal is None
    everywhere = Scope(Mode.AUTO, playbook="restart-leaking", earned=True)
    assert judged(story, everywhere).proposal is Mode.AUTO


def test_a_yes_that_changes_nothing_gives_no_reason():
    story = record()
    accepts(story, SHOP)
    assert judged(story).reason == "as configured"
