"""Catalog: a line of every incident, the same however its records come, and pages of what is asked for."""

from dataclasses import replace

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.approvals.book import asked_entry, moved_entry
from aiops.core.approvals.claims import claimed_entry, released_entry
from aiops.core.catalog import KINDS, Catalog, Wanted
from aiops.core.ledger import Ledger, outcome_entry, start_entry
from aiops.engine import entries
from aiops.model import (
    Actor,
    ApprovalState,
    Channel,
    IncidentState,
    Outcome,
    Result,
    Severity,
    Suspect,
    Target,
)
from tests.fakes.forum import an_approval
from tests.unit.core.cases import HOUR, MINUTE, NOW, anomaly, incident, plan

ADA = Actor(Channel.SLACK, "T1/U1", "Ada")


class Silent:
    def between(self, start_ms, end_ms):
        return ()


def opened(one):
    return entries.opened(one, Silent(), one.opened_ms)[0]


def closed(one, after_ms=HOUR):
    over = replace(
        one, state=IncidentState.CLOSED, closed_ms=one.since_ms + after_ms, closed_because="calm again"
    )
    return entries.closed(over, over.closed_ms)


def records(*those):
    store = MemoryStore()
    store.begin_term(1)
    store.append(those, 1)
    return list(store.read())


def folded(*those):
    return Catalog().fold(records(*those))


def at(number, **changes):
    """Incident ``number``, an hour older than the one before it."""
    place = changes.pop("place", Target("Deployment", f"space-{number % 3}", f"app-{number}"))
    since_ms = NOW - number * HOUR
    values = {
        "id": f"i{number}",
        "fingerprint": f"f{number}",
        "targets": (place,),
        "suspects": (Suspect(place, 0.9),),
        "since_ms": since_ms,
        "opened_ms": since_ms + MINUTE,
    }
    return incident(anomaly(place, since_ms=since_ms, at_ms=since_ms), prime=place, **values | changes)


def ids(page):
    return [row.id for row in page.rows]


def test_a_row_says_what_the_list_shows():
    (row,) = folded(opened(at(1, severity=Severity.HIGH))).rows.values()
    assert (row.state, row.severity, row.incident_class) == ("open", "high", "memory_leak")
    assert (row.prime, row.namespaces, row.confidence) == ("Deployment/space-1/app-1", ("space-1",), 0.9)
    assert (row.since_ms, row.opened_ms, row.closed_ms) == (NOW - HOUR, NOW - HOUR + MINUTE, None)


def test_records_folded_one_by_one_and_at_once_give_the_same_and_none_counts_twice():
    those = records(opened(at(1)), opened(at(2)), closed(at(1)))
    step_by_step = Catalog()
    for record in those:
        step_by_step = step_by_step.fold([record]).fold([record])
    assert step_by_step == Catalog().fold(those)


def test_what_is_open_comes_first_then_the_newest():
    catalog = folded(*(opened(at(number)) for number in (3, 1, 2)), closed(at(1)))
    assert ids(catalog.page(Wanted())) == ["i2", "i3", "i1"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["i2", "i3", "i1"]),
        (Wanted(state="open"), ["i2", "i3"]),
        (Wanted(state="closed"), ["i1"]),
        (Wanted(namespace="space-2"), ["i2"]),
        (Wanted(severity="high"), ["i3"]),
        (Wanted(severity="medium"), ["i2", "i3", "i1"]),  # this or worse
        (Wanted(incident_class="disk_filling"), ["i2"]),
        (Wanted(text="APP-3 leak"), ["i3"]),  # all words, in any case
        (Wanted(text="app-3 disk"), []),
    ],
)
def test_filters_are_joined_by_and(wanted, found):
    catalog = folded(
        opened(at(1)),
        opened(at(2, incident_class="disk_filling")),
        opened(at(3, severity=Severity.CRITICAL)),
        closed(at(1)),
    )
    assert ids(catalog.page(wanted)) == found


@pytest.mark.parametrize(
    ("number", "found", "shown"),
    [(1, ["i1", "i2"], 1), (3, ["i5"], 3), (4, ["i5"], 3), (0, ["i1", "i2"], 1)],
)
def test_pages_end_where_the_incidents_end(number, found, shown):
    page = folded(*(opened(at(n)) for n in range(1, 6))).page(Wanted(), number, size=2)
    assert (ids(page), page.number, page.pages, page.matching) == (found, shown, 3, 5)


def test_no_incident_is_one_empty_page():
    page = Catalog().page(Wanted())
    assert (page.rows, page.number, page.pages, page.matching) == ((), 1, 1, 0)


def test_what_waits_for_an_answer_is_named_until_it_does_not():
    approval = an_approval(incident_id="i1")
    catalog = folded(opened(at(1)), asked_entry(approval, NOW))
    assert catalog.rows["i1"].pending == (approval.id,)
    moved = moved_entry(approval, ApprovalState.DENIED, "no", NOW)
    after = folded(opened(at(1)), asked_entry(approval, NOW), moved)
    assert after.rows["i1"].pending == ()
    assert after.waiting == {}


def test_a_change_of_the_incident_keeps_what_waits_and_who_is_on_it():
    approval = an_approval(incident_id="i1")
    worse = entries.changed(at(1, severity=Severity.HIGH), ("severity",), NOW)
    row = folded(opened(at(1)), asked_entry(approval, NOW), claimed_entry(at(1), (), ADA, NOW), worse).rows[
        "i1"
    ]
    assert (row.severity, row.pending, row.claimed_by) == ("high", (approval.id,), "Ada")


def test_a_release_ends_a_claim():
    claimed = claimed_entry(at(1), (), ADA, NOW)
    assert folded(opened(at(1)), claimed, released_entry("i1", ADA, NOW)).rows["i1"].claimed_by == ""


def test_steps_are_counted_and_the_newest_result_is_named():
    the_plan = replace(plan(), incident_id="i1")
    started = start_entry(the_plan, 0, Ledger(), NOW)
    ended = outcome_entry(Outcome(the_plan.id, 0, Result.VERIFIED, NOW))  # names its plan alone
    row = folded(opened(at(1)), started, ended).rows["i1"]
    assert (row.tried, row.result) == (1, "verified")


def test_what_is_about_no_known_incident_changes_nothing():
    catalog = folded(opened(at(1)))
    assert folded(opened(at(1)), asked_entry(an_approval(incident_id="gone"), NOW)).rows == catalog.rows


def test_like_ones_are_earlier_and_the_closest_come_first():
    same = Target("Deployment", "space-0", "app-3")
    catalog = folded(
        opened(at(3, place=same)),
        opened(at(6)),  # the same class in the same namespace
        opened(at(9, place=same)),  # the same class on the same target
        opened(at(12, fingerprint="f3", incident_class="disk_filling")),  # the same fingerprint
        opened(at(2, place=same)),  # later
        opened(at(4)),  # another namespace
    )
    assert [row.id for row in catalog.like(catalog.rows["i3"])] == ["i12", "i9", "i6"]


def test_it_reads_only_the_kinds_that_it_names():
    """Who keeps a catalog reads these kinds; the others would change nothing."""
    those = records(opened(at(1)), entries.switch(True, "drill", NOW), closed(at(1)))
    some = [one for one in those if one.entry.kind in KINDS]
    assert Catalog().fold(some).rows == Catalog().fold(those).rows
