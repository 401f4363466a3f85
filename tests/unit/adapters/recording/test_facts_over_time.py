"""Facts at a time: folded from lines, cheap while time goes forward."""

import pytest

from aiops.adapters.recording.fold import Fold
from aiops.model import Edge, Facts, Pod, Target, Workload
from aiops.model.recording import FactLine, NamespaceLabels, Unreadable
from tests.unit.adapters.recording.sample import CART, DB, MINUTE, START, facts


@pytest.fixture
def fold():
    return Fold("blue", facts(), ("pdb",))


def at(fold, minute):
    return fold.facts(START + minute * MINUTE)


def test_before_the_first_line_nothing_is_there_and_the_unknown_is_named(fold):
    assert fold.facts(START - 1) == Facts(START - 1, "blue", unknown=frozenset({"pdb"}))


def test_the_first_lines_are_the_state_at_the_start(fold):
    assert at(fold, 0).workloads[CART].replicas == 3
    assert at(fold, 0).namespace_labels == {"shop": {"team": "a"}}


def test_conditions_hold_from_their_line_to_the_line_that_takes_them_back(fold):
    assert [len(at(fold, minute).conditions) for minute in range(5)] == [0, 1, 1, 0, 0]


def test_events_add_up_and_an_alert_that_stops_replaces_itself(fold):
    assert [len(at(fold, minute).events) for minute in (0, 1, 4)] == [0, 1, 1]
    assert [alert.until_ms for alert in at(fold, 2).alerts] == [None]
    assert [alert.until_ms for alert in at(fold, 3).alerts] == [START + 3 * MINUTE]


def test_what_is_gone_is_gone(fold):
    assert [CART in at(fold, minute).workloads for minute in (3, 4)] == [True, False]


def test_a_line_counts_from_its_own_time_on(fold):
    edge = START + 3 * MINUTE
    assert len(fold.facts(edge - 1).conditions) == 1
    assert len(fold.facts(edge).conditions) == 0


def test_the_time_is_fresh_while_the_tables_stay_the_same_objects(fold):
    first, second = fold.facts(START + 1), fold.facts(START + 2)
    assert (first.at_ms, second.at_ms) == (START + 1, START + 2)
    assert first.workloads is second.workloads


def test_the_newest_change_is_told(fold):
    times = (START - 1, START, START + MINUTE - 1, START + MINUTE, START + 99 * MINUTE)
    changed = [0, START, START, START + MINUTE, START + 4 * MINUTE]
    assert [fold.changed_at(one) for one in times] == changed


def test_a_step_back_gives_the_same_facts_as_going_there_at_first(fold):
    late = at(fold, 1)
    at(fold, 4)
    assert at(fold, 1) == late


def test_what_nobody_could_read_for_a_while_is_unknown_for_that_while():
    """M2: an exporter that is away is not an empty cluster."""
    lines = [
        FactLine(1, Pod(Target("Pod", "shop", "p"))),
        FactLine(5, Unreadable("cluster")),
        FactLine(9, Unreadable("cluster"), gone=True),
    ]
    fold = Fold("", lines)
    assert [sorted(fold.facts(time).unknown) for time in (4, 5, 8, 9)] == [[], ["cluster"], ["cluster"], []]
    assert fold.facts(8).pods


def test_edges_and_new_values_of_an_object():
    lines = [
        FactLine(1, Edge(CART, DB)),
        FactLine(1, Workload(CART, replicas=1)),
        FactLine(2, Workload(CART, replicas=2)),
        FactLine(3, Edge(CART, DB), gone=True),
    ]
    fold = Fold("", lines)
    assert [fold.facts(time).workloads[CART].replicas for time in (1, 2)] == [1, 2]
    assert [len(fold.facts(time).edges) for time in (2, 3)] == [1, 0]


def test_annotations_of_a_namespace_are_known_only_where_they_were_recorded():
    """A guard tells "it carries no stop" from "nobody looked" (B5)."""
    lines = [
        FactLine(START, NamespaceLabels("bank", {})),
        FactLine(START, NamespaceLabels("shop", {}, {})),
        FactLine(START + MINUTE, NamespaceLabels("shop", {}, {"aiops.dev/stop": "true"})),
    ]
    fold = Fold("prod", lines)
    assert fold.facts(START).namespace_annotations == {"shop": {}}
    assert fold.facts(START + MINUTE).namespace_annotations == {"shop": {"aiops.dev/stop": "true"}}
