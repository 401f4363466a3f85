"""Who may answer an approval (H4), who may not approve it as well, and what a quorum counts (H5)."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.core.approvals.rights import (
    answering_role,
    may_answer,
    may_ask,
    may_resume,
    may_take,
    possible,
    quorum_reached,
    roles_of,
    same_person,
)
from aiops.model import (
    Actor,
    ApprovalSettings,
    ApprovalState,
    ApproverRole,
    Ballot,
    Channel,
    Person,
    Severity,
    Vote,
)
from tests.fakes.forum import an_approval

NOW = 1_100_000  # asked at 1,000,000, reminded at 1,300,000, over at 1,900,000
REMIND, UNTIL = 1_300_000, 1_900_000


def slack(id_, *groups, **more):
    return Actor(Channel.SLACK, f"T1/{id_}", groups=groups, **more)


def kube(id_, *groups, **more):
    return Actor(Channel.KUBERNETES, id_, groups=groups, **more)


def local(id_, **more):
    return Actor(Channel.LOCAL, id_, **more)


SETTINGS = ApprovalSettings(
    roles={
        "on-call": ApproverRole(people=("ann",), slack_users=("T1/U7", "T1/U8"), slack_groups=("S1",)),
        "lead": ApproverRole(kubernetes_users=("lea@example.org",), kubernetes_groups=("leads",)),
        "shop": ApproverRole(slack_users=("T1/USHOP",), namespaces=("shop",)),
        "night": ApproverRole(slack_users=("T1/UNIGHT",), severities=(Severity.LOW, Severity.MEDIUM)),
        "careful": ApproverRole(slack_users=("T1/UCARE",), may_resume=False),
    },
    people={
        "ann": Person(slack=("T1/UANN",), kubernetes=("ann@example.org",), local=("ann",)),
        "bob": Person(slack=("T1/UBOB",), kubernetes=("bob@example.org",)),
    },
)
ANN, ANN_KUBE, ANN_LOCAL = slack("UANN"), kube("ann@example.org"), local("ann")
BOB, BOB_KUBE = slack("UBOB"), kube("bob@example.org")
U7, U8, LEA = slack("U7"), slack("U8"), kube("lea@example.org")


@pytest.mark.parametrize(
    ("actor", "roles"),
    [
        (ANN, {"on-call"}),
        (ANN_KUBE, {"on-call"}),
        (ANN_LOCAL, {"on-call"}),
        (U7, {"on-call"}),
        (slack("UX", "S1"), {"on-call"}),  # by the user group, as it was when they spoke
        (slack("UX", "S2"), set()),
        (LEA, {"lead"}),
        (kube("x", "leads"), {"lead"}),
        (BOB, set()),  # a person whom no role names
        (slack("UX", name="ann"), set()),  # a display name is nothing
        (replace(U7, id="T2/U7"), set()),  # the same user id in another team
        (replace(U7, id="U7"), set()),
        (replace(U7, channel=Channel.KUBERNETES), set()),  # an id counts in its own channel only
        (slack("lea@example.org"), set()),
        (slack("UX", "leads"), set()),  # a Slack group called as a Kubernetes one
        (kube("x", "S1"), set()),
        (local("lea@example.org"), set()),
        (slack("u7"), set()),
        (slack(""), set()),
    ],
)
def test_a_role_is_had_by_stable_id_or_group_of_its_own_channel(actor, roles):
    """H4."""
    assert roles_of(actor, SETTINGS, "bank", Severity.HIGH) == roles


@pytest.mark.parametrize(
    ("actor", "namespace", "severity", "has"),
    [
        (slack("USHOP"), "shop", Severity.CRITICAL, True),
        (slack("USHOP"), "shop-eu", Severity.CRITICAL, False),
        (slack("USHOP"), "", Severity.CRITICAL, False),  # a node belongs to no namespace
        (slack("UNIGHT"), "bank", Severity.MEDIUM, True),
        (slack("UNIGHT"), "bank", Severity.HIGH, False),
    ],
)
def test_a_limited_role_counts_only_where_it_is_meant(actor, namespace, severity, has):
    assert bool(roles_of(actor, SETTINGS, namespace, severity)) is has


@pytest.mark.parametrize(
    ("actor", "settings", "roles"),
    [
        (kube("x", roles=("lead", "new")), SETTINGS, {"lead", "new"}),
        (kube("x", roles=("shop",)), SETTINGS, set()),  # granted, but limited to another namespace
        (kube("x", roles=("lead",)), replace(SETTINGS, kubernetes_access=False), set()),
        (local("root", roles=("lead",)), SETTINGS, {"lead"}),
        (local("root", roles=("lead",)), replace(SETTINGS, local=False), set()),
        (ANN_LOCAL, replace(SETTINGS, local=False), set()),  # the person is named, the way is closed
        (ANN, replace(SETTINGS, local=False), {"on-call"}),  # and another way is open
        (slack("UX", roles=("lead",)), SETTINGS, set()),  # Slack grants nothing
    ],
)
def test_what_a_channel_grants_counts_where_the_settings_let_it(actor, settings, roles):
    assert roles_of(actor, settings, "bank", Severity.HIGH) == roles


def test_with_no_settings_nobody_may_answer():
    assert may_answer(ANN, an_approval(), ApprovalSettings(), NOW)


ASKED = an_approval(second_tier=("lead",))


@pytest.mark.parametrize(
    ("actor", "approval", "now_ms", "why_not"),
    [
        (U7, ASKED, NOW, ""),
        (slack("UX"), ASKED, NOW, "a1b2 asks on-call, and you have no such role here"),
        (slack("UX"), replace(ASKED, roles=()), NOW, "a1b2 asks nobody, and you"),
        (LEA, ASKED, REMIND - 1, "once the reminder is out"),
        (LEA, ASKED, REMIND, ""),
        (U7, ASKED, UNTIL - 1, ""),
        (U7, ASKED, UNTIL, "deadline"),
        (U7, replace(ASKED, state=ApprovalState.DENIED), NOW, "already denied"),
        (U7, replace(ASKED, state=ApprovalState.APPROVED), NOW, "already approved"),
        (U7, replace(ASKED, barred=(U7.key,)), NOW, "asked for a1b2 or changed it last"),
        (U7, replace(ASKED, barred=(U8.key,)), NOW, ""),
        (ANN, replace(ASKED, barred=(ANN_KUBE.key,)), NOW, "cannot approve it as well"),  # another way
        (ANN, replace(ASKED, barred=("kubernetes:x", ANN_KUBE.key)), NOW, "cannot approve it as well"),
        (U7, replace(ASKED, barred=("kubernetes:x",)), NOW, "two people"),  # perhaps himself, another way
        (ANN, replace(ASKED, barred=(BOB_KUBE.key,)), NOW, ""),  # both are known to be two people
        (U7, replace(ASKED, barred=("playbook:surge", "", "slack:")), NOW, ""),  # keys of nobody
        (LEA, replace(ASKED, barred=("slack:",)), REMIND, ""),
        (U7, replace(ASKED, votes=(Vote(U7, Ballot.LATER, NOW),)), NOW, ""),
        (U7, replace(ASKED, votes=(Vote(U7, Ballot.YES, NOW),), quorum=2), NOW, "approved a1b2 already"),
        (U8, replace(ASKED, votes=(Vote(U7, Ballot.YES, NOW),), quorum=2), NOW, ""),
        (ANN_KUBE, replace(ASKED, votes=(Vote(ANN, Ballot.YES, NOW),), quorum=2), NOW, "already"),
    ],
)
def test_who_may_say_yes_and_why_not(actor, approval, now_ms, why_not):
    """H4, H5."""
    reason = may_answer(actor, approval, SETTINGS, now_ms)
    assert why_not in reason
    assert bool(reason) is bool(why_not)


@pytest.mark.parametrize(("quorum", "may"), [(1, True), (2, False)])
def test_who_amends_may_confirm_alone_and_never_counts_towards_a_quorum(quorum, may):
    """H5."""
    amended = replace(ASKED, author=U7.key, quorum=quorum)
    assert (may_answer(U7, amended, SETTINGS, NOW) == "") is may
    assert quorum_reached([yes(U7), yes(U8)], amended, SETTINGS) is may
    assert not quorum_reached([yes(U7)], replace(amended, quorum=2), SETTINGS)


@pytest.mark.parametrize("ballot", [Ballot.NO, Ballot.LATER])
def test_a_no_keeps_things_as_they_are_so_whoever_asked_may_say_it(ballot):
    barred = replace(ASKED, barred=(U7.key,))
    assert may_answer(U7, barred, SETTINGS, NOW, ballot) == ""
    assert may_answer(slack("UX"), barred, SETTINGS, NOW, ballot)  # but not just anybody


def test_the_vote_names_the_first_role_that_was_asked():
    both = replace(ASKED, roles=("shop", "on-call"))
    assert answering_role(U7, both, SETTINGS, NOW) == "on-call"
    assert answering_role(LEA, both, SETTINGS, NOW) == ""


@pytest.mark.parametrize(
    ("actor", "may"),
    [
        (U7, True),
        (LEA, True),
        (kube("x", roles=("new",)), True),
        (kube("x", roles=("lead",)), True),
        (slack("UCARE"), False),
        (slack("USHOP"), False),  # of one namespace: the switch is the whole cluster's
        (slack("UX"), False),
        (kube("x", roles=("careful",)), False),
    ],
)
def test_only_an_approver_of_the_whole_cluster_may_resume(actor, may):
    assert (may_resume(actor, SETTINGS) == "") is may


@pytest.mark.parametrize(
    ("actor", "namespace", "severity", "may"),
    [
        (U7, "shop", Severity.LOW, True),
        (U7, None, None, True),
        (slack("UCARE"), None, None, True),  # may not resume, and may this
        (slack("USHOP"), "shop", None, True),
        (slack("USHOP"), "data", None, False),
        (slack("USHOP"), "", None, False),  # a node
        (slack("USHOP"), None, None, False),
        (slack("UNIGHT"), "shop", Severity.MEDIUM, True),
        (slack("UNIGHT"), "shop", Severity.HIGH, False),
        (slack("UNIGHT"), "shop", None, False),  # how bad it is, nobody knows
        (slack("UX"), "shop", Severity.LOW, False),
        (kube("x", roles=("shop",)), "shop", None, True),
        (kube("x", roles=("shop",)), None, None, False),
        (kube("x", roles=("new",)), None, None, True),
        (slack("UX", roles=("new",)), "shop", None, False),  # Slack grants nothing
    ],
)
def test_who_may_have_something_undone_or_unlocked_holds_a_role_where_it_is(actor, namespace, severity, may):
    assert (may_ask(actor, namespace, severity, SETTINGS) == "") is may


def test_beside_a_question_any_role_of_the_place_will_do():
    assert may_take(slack("USHOP"), "shop", Severity.HIGH, SETTINGS) == ""
    assert may_take(slack("USHOP"), "bank", Severity.HIGH, SETTINGS)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (ANN, ANN, True),
        (ANN, ANN_KUBE, True),
        (ANN, BOB, False),
        (ANN, BOB_KUBE, False),
        (ANN, U7, False),  # one channel, two ids, not mapped to one person
        (U7, U8, False),
        (U7, LEA, True),  # of two channels, and nobody says that they are two people
        (U7, BOB_KUBE, True),
        (ANN, kube("x"), True),
        (kube("x"), kube("y"), False),
        (slack("UX", name="Ann"), slack("UY", name="Ann"), False),
        (replace(U7, id="T2/U7"), U7, False),
    ],
)
def test_two_identities_are_two_people_only_where_that_is_known(a, b, same):
    """H5."""
    assert same_person(a, b, SETTINGS) is same
    assert same_person(b, a, SETTINGS) is same


def test_an_identity_mapped_to_two_people_makes_them_one():
    people = {"ann": Person(slack=("T1/U1",)), "bob": Person(slack=("T1/U1", "T1/U2"))}
    assert same_person(slack("U1"), slack("U2"), ApprovalSettings(people=people))


def yes(actor):
    return Vote(actor, Ballot.YES, NOW)


@pytest.mark.parametrize(
    ("actors", "quorum", "reached"),
    [
        ([], 1, False),
        ([], 0, False),  # never without anybody
        ([U7], 1, True),
        ([U7], 2, False),
        ([U7, U7], 2, False),
        ([U7, U8], 2, True),
        ([ANN, ANN_KUBE], 2, False),
        ([ANN, ANN_KUBE, ANN_LOCAL], 2, False),
        ([ANN, BOB_KUBE], 2, True),
        ([U7, LEA], 2, False),  # they may be one
        ([LEA, U7, U8], 2, True),  # whoever Lea is, U7 and U8 are two
        ([U7, U8, LEA], 3, False),
        ([ANN, ANN_KUBE, U7, BOB], 3, True),
    ],
)
def test_a_quorum_counts_people(actors, quorum, reached):
    """H5."""
    assert quorum_reached(map(yes, actors), replace(ASKED, quorum=quorum), SETTINGS) is reached


def test_only_a_yes_counts_and_never_that_of_who_is_barred():
    two = replace(ASKED, quorum=2)
    assert not quorum_reached([yes(U7), replace(yes(U8), ballot=Ballot.LATER)], two, SETTINGS)
    assert not quorum_reached([yes(U7), yes(U8)], replace(two, barred=(U8.key,)), SETTINGS)


ACTORS = st.sampled_from([ANN, ANN_KUBE, ANN_LOCAL, BOB, BOB_KUBE, U7, U8, LEA, kube("x"), local("root")])
GROUPS = st.lists(ACTORS, max_size=6)


@given(GROUPS, st.integers(1, 4), st.data())
def test_one_more_vote_of_somebody_who_voted_never_completes_a_quorum(actors, quorum, data):
    """H5."""
    asked = replace(ASKED, quorum=quorum)
    before = quorum_reached(map(yes, actors), asked, SETTINGS)
    if actors:
        again = data.draw(st.sampled_from(actors))
        assert quorum_reached(map(yes, [*actors, again]), asked, SETTINGS) is before


@given(GROUPS, ACTORS, st.integers(1, 4))
def test_somebody_who_may_be_a_voter_s_other_self_never_completes_a_quorum_with_them_alone(
    actors, other, quorum
):
    """H5: every quorum that holds ``other`` holds nobody who may be the same person."""
    asked = replace(ASKED, quorum=quorum)
    reached = quorum_reached(map(yes, [*actors, other]), asked, SETTINGS)
    different = [
        group
        for group in combinations([*actors, other], quorum)
        if not any(same_person(a, b, SETTINGS) for a, b in combinations(group, 2))
    ]
    assert reached is bool(different)


@given(GROUPS, ACTORS, st.integers(1, 4))
def test_another_vote_never_undoes_a_quorum_and_an_order_never_matters(actors, other, quorum):
    asked = replace(ASKED, quorum=quorum)
    if quorum_reached(map(yes, actors), asked, SETTINGS):
        assert quorum_reached(map(yes, [*actors, other]), asked, SETTINGS)
    forth, back = ([yes(one) for one in order] for order in (actors, actors[::-1]))
    assert quorum_reached(forth, asked, SETTINGS) is quorum_reached(back, asked, SETTINGS)


@given(GROUPS, st.integers(1, 4), ACTORS)
def test_to_bar_somebody_never_completes_a_quorum(actors, quorum, barred):
    asked = replace(ASKED, quorum=quorum)
    if quorum_reached(map(yes, actors), replace(asked, barred=(barred.key,)), SETTINGS):
        assert quorum_reached(map(yes, actors), asked, SETTINGS)


CLOSED = replace(SETTINGS, kubernetes_access=False, local=False)
TWO_GROUPS = replace(CLOSED, roles={"on-call": ApproverRole(slack_groups=("S1", "S2"))})
GROUP_ONLY = replace(CLOSED, roles={"on-call": ApproverRole(slack_groups=("S1",))})


@pytest.mark.parametrize(
    ("settings", "quorum", "members", "barred", "answer"),
    [
        (GROUP_ONLY, 1, {"S1": ["T1/U1"]}, (), True),
        (GROUP_ONLY, 2, {"S1": ["T1/U1"]}, (), False),  # one person on call
        (GROUP_ONLY, 2, {"S1": ["T1/U1", "T1/U2"]}, (), True),
        (GROUP_ONLY, 2, {"S1": ["T1/U1", "T1/U2"]}, ("slack:T1/U2",), False),
        (GROUP_ONLY, 1, {"S1": []}, (), False),
        (GROUP_ONLY, 1, None, (), None),  # who is on call is not known
        (GROUP_ONLY, 1, {"S2": ["T1/U1"]}, (), None),
        (CLOSED, 3, None, (), True),  # Ann, U7 and U8, whoever is on call
        (CLOSED, 4, {"S1": ["T1/U7"]}, (), False),
        (replace(GROUP_ONLY, kubernetes_access=True), 2, {"S1": ["T1/U1"]}, (), None),
        (replace(GROUP_ONLY, local=True), 2, {"S1": ["T1/U1"]}, (), False),  # may be the same one
        (replace(GROUP_ONLY, local=True), 1, {"S1": []}, (), None),  # whoever can read the token
        (replace(CLOSED, roles={}), 1, {}, (), False),
        (replace(CLOSED, roles={}), 0, {}, (), False),
        (replace(CLOSED, roles={"on-call": ApproverRole(people=("gone",))}), 1, {}, (), False),
        (replace(CLOSED, roles={"on-call": ApproverRole(kubernetes_groups=("sre",))}), 1, {}, (), None),
        (TWO_GROUPS, 1, {"S1": []}, (), None),
        (ApprovalSettings(), 1, None, (), None),
    ],
)
def test_whether_a_quorum_can_be_had_at_all(settings, quorum, members, barred, answer):
    approval = an_approval(quorum=quorum, barred=barred)
    assert possible(approval, settings, members) is answer


def test_a_role_that_does_not_count_here_makes_no_quorum_possible():
    shop = replace(CLOSED, roles={"on-call": ApproverRole(slack_users=("T1/U1",), namespaces=("bank",))})
    assert possible(an_approval(), shop, {}) is False
    assert possible(an_approval(namespace="bank"), shop, {}) is True
