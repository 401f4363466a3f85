"""Guards on both sides of their boundaries: is it everything at once, is it our own noise."""

from dataclasses import replace

import pytest

from aiops.core.guards import sight
from aiops.core.quality import Quality
from aiops.model import Edge, Result, Target
from tests.unit.core.cases import (
    CART,
    MINUTE,
    NODE,
    NOW,
    anomaly,
    facts,
    incident,
    node,
    situation,
    workload,
)
from tests.unit.core.guard_cases import CORDON, TILL, attempt, context, lean, ledger


def nodes(text, zones="a"):
    """ "+" is ready, "-" is not, "?" is unknown; zones are dealt out in turn."""
    states = {"+": True, "-": False, "?": None}
    return [node(f"n{i}", zone=zones[i % len(zones)], ready=states[one]) for i, one in enumerate(text)]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (nodes("+"), "permit"),
        (nodes("-"), "hold"),
        (nodes("?"), "hold"),  # unknown looks bad
        (nodes("+" * 9 + "-" * 11), "hold"),  # 55 %
        (nodes("+" * 10 + "-" * 10), "permit"),
        (nodes("--+", zones="ab"), "permit"),  # a: n0 bad, n2 good; b: n1 bad
        (nodes("---", zones="ab"), "hold"),
        ([node("n1", zone=None, ready=False), node("n2", zone=None, ready=False)], "hold"),
    ],
)
def test_where_every_zone_looks_bad_we_are_blind(there, expected):
    """5.3: the all-down rule."""
    assert lean(sight.all_down, the_facts=facts(nodes=there)) == expected


def many(bad, good, **changes):
    names = [Target("Deployment", "shop", f"w{i}") for i in range(bad + good)]
    return facts(*(workload(one, ready=3 if i < bad else 4, **changes) for i, one in enumerate(names)))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (many(5, 0), "hold"),
        (many(5, 1), "permit"),
        (many(4, 0), "permit"),  # never with fewer than five
        (many(5, 0, replicas=0), "permit"),  # nothing is wanted
        (many(5, 0, replicas=None), "permit"),  # nobody knows what is wanted
    ],
)
def test_where_every_workload_lacks_pods_we_are_blind(there, expected):
    """5.3."""
    assert lean(sight.all_down, the_facts=there) == expected


def test_what_is_not_known_of_some_does_not_hide_the_rest():
    """Five that lack pods, and one of which nobody knows."""
    there = many(5, 0)
    more = {**there.workloads, TILL: workload(TILL, ready=None)}
    assert lean(sight.all_down, the_facts=replace(there, workloads=more)) == "hold"
    nothing = replace(facts(), workloads={}, nodes={})
    assert sight.all_down(context(the_facts=nothing)).unknown
    assert lean(sight.all_down, the_facts=replace(nothing, workloads={CART: workload()})) == "permit"


WEB = Target("Deployment", "shop", "web")
BEGAN = NOW - 5 * MINUTE  # of the incident's only anomaly


def noise(target=WEB, the_incident=None, the_facts=None, **changes):
    """A step began 6 min ago and was in place a minute later; it settles for ten."""
    values = {"result": Result.VERIFIED, "settle_s": 600, "applied_ms": BEGAN, "ended_ms": NOW} | changes
    made = ledger(attempt(values.pop("at_ms", NOW - 6 * MINUTE), target, **values))
    near = the_facts or facts(edges=(Edge(WEB, CART),))
    return sight.own_noise(context(ledger=made, the_facts=near, the_incident=the_incident))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "hold"),
        ({"target": CART}, "hold"),
        ({"target": TILL}, "permit"),  # no call ties it to the cart
        ({"result": Result.DRY_RUN}, "permit"),  # nothing was done
        ({"result": Result.REFUSED}, "permit"),
        ({"result": Result.SUPERSEDED}, "permit"),
        ({"result": Result.FAILED}, "hold"),
        ({"at_ms": BEGAN}, "hold"),
        ({"at_ms": BEGAN + 1}, "permit"),  # it was there before
        ({"incident_id": "i1"}, "permit"),  # the step was for this very incident
        ({"settle_s": 301}, "hold"),  # 5 min and a second after BEGAN: a second from now
        ({"settle_s": 300}, "permit"),  # the window ends now
        ({"applied_ms": None, "ended_ms": BEGAN, "settle_s": 301}, "hold"),
        ({"applied_ms": None, "ended_ms": BEGAN, "settle_s": 300}, "permit"),
        ({"applied_ms": None, "ended_ms": None, "result": None}, "hold"),  # it is being carried out
        ({"applied_ms": BEGAN - 8 * MINUTE, "settle_s": 780, "at_ms": NOW - 20 * MINUTE}, "permit"),
    ],
)
def test_what_begins_while_our_own_step_settles_nearby_waits(changes, expected):
    """M15: a restart makes latency, and the latency is not a new problem."""
    assert noise(**changes).lean == expected


def test_it_waits_until_the_window_ends():
    """M15: ten minutes after the step was in place; while it is carried out nobody knows."""
    assert noise().until_ms == BEGAN + 10 * MINUTE
    assert noise(applied_ms=None, ended_ms=None, result=None).until_ms is None


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ((BEGAN, BEGAN + MINUTE), "hold"),
        ((NOW - 7 * MINUTE, BEGAN), "permit"),  # the first one was there before our step
    ],
)
def test_all_of_an_incident_must_have_begun_meanwhile(since, expected):
    """M15."""
    problem = incident(*(anomaly(since_ms=one) for one in since))
    assert noise(the_incident=problem, settle_s=600).lean == expected


def test_a_step_on_a_node_is_felt_by_what_runs_there():
    """M15."""
    there = facts(workload(node_names=("n1", "n2")))
    assert noise(NODE, the_facts=there).lean == "hold"
    assert noise(NODE, the_facts=facts(workload(node_names=("n2",)))).lean == "permit"
    assert noise(NODE, the_facts=facts()).lean == "permit"


def test_a_review_makes_no_noise():
    made = context(ledger=ledger(attempt(NOW - MINUTE, CART, result=None)))
    assert sight.own_noise(replace(made, incident=None)) is None
    assert sight.own_noise(replace(made, incident=replace(incident(), anomalies=()))) is None
    assert sight.own_noise(context(**CORDON)).lean == "permit"


def test_ages_are_told_in_words():
    """E10, M6, M13."""
    assert sight.fresh_facts(context(the_facts=facts(at_ms=NOW - 31_000))).text.startswith(
        "the facts are 31 s old"
    )
    assert sight.fresh_facts(context(the_facts=facts(at_ms=NOW + 31_000))).text.startswith(
        "the facts are 31 s ahead"
    )
    assert sight.fresh_facts(context(the_facts=facts(at_ms=NOW + 5_000))).text == "the facts are 0 s old"
    assert sight.fresh_facts(context(the_facts=facts(at_ms=NOW - 5_000))).text == "the facts are 5 s old"
    for at_ms in (NOW - 31_000, NOW + 31_000):
        assert sight.fresh_facts(context(the_facts=facts(at_ms=at_ms))).unknown
    warming = situation(quality=Quality({}, NOW + 40_000))
    assert sight.warm_up(context(the_situation=warming)).text == "warming up for 40 s more"


def test_how_much_looks_bad_is_told():
    """5.3."""
    assert sight.all_down(context()).text == "0 of 1 workloads and 0 zones look bad"
    reason = sight.all_down(context(the_facts=facts(nodes=nodes("-?+", zones="ab"))))
    assert reason.text == "0 of 1 workloads and 1 zones look bad"
    reason = sight.all_down(context(the_facts=facts(nodes=nodes("-?--+", zones="a"))))
    assert reason.text == "4 of 5 nodes look bad, in every zone: are we blind?"
    assert sight.all_down(context(the_facts=many(5, 0))).text == "all 5 workloads lack pods: are we blind?"


def test_a_workload_that_wants_no_pods_hides_nothing():
    """5.3: five lack pods, and one is scaled to none."""
    there = many(5, 0)
    more = {**there.workloads, TILL: workload(TILL, replicas=0, ready=0)}
    assert lean(sight.all_down, the_facts=replace(there, workloads=more)) == "hold"


def test_nodes_alone_are_enough_to_see_by():
    assert lean(sight.all_down, the_facts=replace(facts(), workloads={})) == "permit"


def test_a_review_is_no_part_of_a_storm():
    assert sight.storm(replace(context(), incident=None)).lean == "permit"
