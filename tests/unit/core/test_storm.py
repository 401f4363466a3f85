"""Storm: many things bad at once. Defaults of promises 5.3; causes count, sufferers do not (M8, G8)."""

import pytest

from aiops.model import AnomalyKind, Node, StormLimits, Target, Workload
from tests.unit.core.timelines import Timeline, calls, ms, the_facts

SIGNALS = ("latency", "errors", "memory", "cpu", "disk", "traffic")


def spread(count, namespaces=1, quiet=0):
    """``count`` workloads that nothing ties, over ``namespaces``, and ``quiet`` more in the first one."""
    names = [f"ns{i % namespaces}/w{i}" for i in range(count)]
    return names, the_facts(*names, *(f"ns0/calm{i}" for i in range(quiet)), edges=())


def troubled(names, facts, at="10:00", **timeline):
    """Every one of ``names`` goes bad for itself: what shares a signal begins over two minutes apart."""
    run = Timeline(facts, **timeline)
    for i, name in enumerate(names):
        signal = SIGNALS[i % len(SIGNALS)]
        seconds = (i // len(SIGNALS)) * 125 + i % len(SIGNALS)
        at_ms = ms(at) + seconds * 1000
        run.bad(f"10:{seconds // 60:02d}:{seconds % 60:02d}", name, signal=signal, since=_clock(at_ms))
    return run


def _clock(at_ms):
    seconds = (at_ms - ms("00:00")) // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@pytest.mark.parametrize(("bad", "storm"), [(4, ""), (5, "5 of 25 workloads are bad at once")])
def test_a_fifth_of_the_workloads_is_a_storm(bad, storm):
    """20 % of 25 are 5, which is also the fewest that ever make a storm."""
    names, facts = spread(bad, quiet=25 - bad)
    run = troubled(names, facts)
    assert (run.book.storm.because if run.book.storm else "") == storm


def test_less_than_a_fifth_is_none():
    names, facts = spread(5, quiet=21)  # 5 of 26 are 19 %
    assert troubled(names, facts).book.storm is None


@pytest.mark.parametrize(("spaces", "storm"), [(2, False), (3, True)])
def test_three_namespaces_are_a_storm(spaces, storm):
    names, facts = spread(5, namespaces=spaces, quiet=40)
    run = troubled(names, facts)
    assert (run.book.storm is not None) == storm


@pytest.mark.parametrize(("bad", "storm"), [(15, False), (16, True)])
def test_more_than_fifteen_workloads_are_a_storm(bad, storm):
    """At 100 workloads, 16 are no fifth; one namespace. All within the window of five minutes."""
    names, facts = spread(bad, quiet=100 - bad)
    run = troubled(names, facts)
    assert (run.book.storm is not None) == storm


def test_what_suffers_from_one_cause_is_no_storm():
    """db is slow and nine services wait for it: one incident, first suspect db."""
    callers = [f"s{i}" for i in range(9)]
    facts = the_facts("db", *callers, "x", "y", edges=calls(*(f"{one}>db" for one in callers)))
    run = Timeline(facts).bad("10:00", "db").bad("10:01", *callers)
    assert run.groups == [" ".join(sorted(["db", *callers]))]
    assert run.book.storm is None


def nodes_down(count, workloads=8):
    pods = {
        Target("Deployment", "shop", f"w{i}"): Workload(
            Target("Deployment", "shop", f"w{i}"), node_names=(f"n{i % count}",)
        )
        for i in range(workloads)
    }
    run = Timeline(the_facts(workloads=pods, edges=(), namespace_labels={}))
    run.bad("10:00", *(Target("Node", "", f"n{i}") for i in range(count)), signal="disk")
    return run.bad("10:01", *list(pods)[:4], signal="errors")


@pytest.mark.parametrize(("nodes", "storm"), [(1, False), (2, True)])
def test_two_nodes_and_what_ran_on_them_are_a_storm(nodes, storm):
    """One node with all it carries is one problem; two are more than a coincidence."""
    assert (nodes_down(nodes).book.storm is not None) == storm


def test_when_every_workload_is_bad_we_assume_that_we_are_blind():
    """The all-down rule: also where calls explain all of it."""
    callers = [f"s{i}" for i in range(4)]
    facts = the_facts("db", *callers, edges=calls(*(f"{one}>db" for one in callers)))
    run = Timeline(facts).bad("10:00", "db").bad("10:01", *callers[:3])
    assert run.book.storm is None
    run.bad("10:02", callers[3])
    assert run.book.storm.because == "5 of 5 workloads are bad at once: the ground fails, or we are blind"


def test_more_load_on_everything_is_a_surge_and_no_storm():
    """All are busy, the nodes too, and nothing fails: one cause, more requests at the front."""
    facts = busy_shop()
    run = Timeline(facts)
    run.bad("10:00", *(one.name for one in facts.workloads), signal="traffic")
    run.bad("10:01", *facts.nodes, signal="cpu")
    assert run.book.storm is None
    failing = Timeline(facts).bad("10:00", *(one.name for one in facts.workloads), signal="errors")
    assert failing.book.storm is not None  # the positive control: the same shop, all of it failing


def busy_shop():
    """front calls six services; all of them run on two nodes."""
    names = ["front", *(f"s{i}" for i in range(6))]
    there = {
        target: Workload(target, node_names=("n1", "n2"))
        for target in (Target("Deployment", "shop", name) for name in names)
    }
    nodes = {Target("Node", "", name): Node(Target("Node", "", name)) for name in ("n1", "n2")}
    return the_facts(workloads=there, nodes=nodes, edges=calls(*(f"front>{name}" for name in names[1:])))


def test_of_few_workloads_not_even_all_are_a_storm():
    """Never fewer than five."""
    names, facts = spread(4)
    assert troubled(names, facts).book.storm is None


def test_known_and_predicted_trouble_counts_for_nothing():
    names, facts = spread(10, quiet=5)
    known = Timeline(facts).bad("08:05", *names)
    assert known.book.storm is None
    soon = Timeline(facts)
    for name in names:
        soon.bad("10:00", name, signal="disk", kind=AnomalyKind.PREDICTED, expected_at_ms=ms("12:00"))
    assert soon.book.storm is None


def test_trouble_that_began_long_ago_does_not_make_a_storm_of_what_comes_now():
    """Four lasting problems and one new one: five are bad, one became bad in the last five minutes."""
    names, facts = spread(5, quiet=20)
    run = troubled(names[:4], facts).until("10:30")
    run.bad("10:32", names[4], signal="disk", since="10:31")
    assert run.book.storm is None


def test_a_storm_is_left_after_ten_calm_minutes():
    """And not before: the reasons end at 10:20, calm is told at 10:30."""
    names, facts = spread(5, quiet=20)
    run = troubled(names, facts).until("10:15")
    assert run.book.storm is not None
    for i, name in enumerate(names):
        run.good("10:20", name, signal=SIGNALS[i])
    run.until("10:29")
    assert run.book.storm is not None
    run.until("10:30")
    assert run.book.storm is None
    assert run.lines[-1] == "10:30 calm: calm for 10 min"


def test_a_relapse_starts_the_ten_minutes_anew():
    names, facts = spread(5, quiet=20)
    run = troubled(names, facts)
    run.good("10:20", names[0], signal=SIGNALS[0]).until("10:28")
    run.bad("10:28:30", names[0], signal=SIGNALS[0], since="10:28").until("10:35")
    assert run.book.storm.calm_since_ms is None


def test_a_storm_marks_its_incidents_and_tells_once():
    names, facts = spread(6, quiet=20)
    run = troubled(names, facts).until("10:10")
    assert all(one.storm for one in run.open)
    assert len([line for line in run.lines if " storm: " in line]) == 1
    assert {str(one.severity) for one in run.open} == {"critical"}


def test_five_hundred_anomalies_in_a_minute_are_one_storm():
    """G8: three zones, 200 nodes are not needed to see it; one message says it."""
    names, facts = spread(500, namespaces=20)
    run = Timeline(facts)
    for second in range(0, 60, 10):
        run.bad(f"10:00:{second:02d}", *names[second * 8 : second * 8 + 90], signal="errors", since="09:59")
    assert len([line for line in run.lines if " storm: " in line]) == 1


def test_the_limits_are_those_of_the_policy():
    names, facts = spread(3, quiet=9)
    run = troubled(names, facts, storm=StormLimits(share_of_workloads=0.25, at_least=3))
    assert run.book.storm.because == "3 of 12 workloads are bad at once"
