"""What false alarms adjusted, as the journal keeps it: made, proposed, renewed, undone, over."""

from dataclasses import replace

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.adjust import choose
from aiops.core.ease import Easing
from aiops.core.feedback import (
    KEEP_MS,
    FeedbackBook,
    Standing,
    called_entry,
    made_entry,
    renewed_entry,
    undone_entry,
)
from tests.unit.core.excursions import BOUNDS, DAY, NOON, excursion, wish

ONE = choose(excursion(score=7.0, observed=5.5), (), (), wish(), BOUNDS)
END = NOON + 30 * DAY


def book(*entries):
    store = MemoryStore()
    store.begin_term(1)
    store.append(entries, 1)
    return FeedbackBook().fold(store.read())


def proposed():
    return replace(ONE, proposed=True)


@pytest.mark.parametrize(
    ("entries", "now_ms", "standing"),
    [
        ([made_entry(ONE, NOON)], NOON, Standing.ACTIVE),
        ([made_entry(ONE, NOON)], END - 1, Standing.ACTIVE),
        ([made_entry(ONE, NOON)], END, Standing.EXPIRED),
        ([made_entry(ONE, NOON), undone_entry(ONE, "ada", "", NOON + 1)], NOON + 1, Standing.UNDONE),
        ([made_entry(ONE, NOON), renewed_entry(ONE, "ada", END + DAY, "", NOON + 1)], END, Standing.ACTIVE),
        ([made_entry(proposed(), NOON)], NOON, Standing.PROPOSED),
        (
            [made_entry(proposed(), NOON), renewed_entry(ONE, "ada", END, "", NOON + 1)],
            NOON + 1,
            Standing.ACTIVE,
        ),
        (
            [
                made_entry(ONE, NOON),
                undone_entry(ONE, "ada", "", NOON + 1),
                renewed_entry(ONE, "ada", END, "", NOON + 2),
            ],
            NOON + 2,
            Standing.ACTIVE,
        ),
    ],
)
def test_an_adjustment_stands_where_its_entries_leave_it(entries, now_ms, standing):
    found = book(*entries)
    assert found.by_id[ONE.id].standing(now_ms) is standing
    assert bool(found.active(now_ms)) is (standing is Standing.ACTIVE)


def test_it_comes_back_from_the_journal_as_it_was():
    assert book(made_entry(ONE, NOON)).by_id == {ONE.id: ONE}


def test_what_was_undone_does_not_hold_while_it_was_and_does_again_once_renewed():
    entries = [made_entry(ONE, NOON), undone_entry(ONE, "ada", "", NOON + 5)]
    assert book(*entries).by_id[ONE.id].until_ms == NOON + 5
    again = book(*entries, renewed_entry(ONE, "ada", END, "", NOON + 9)).by_id[ONE.id]
    assert (again.from_ms, again.until_ms) == (NOON + 9, END)


def test_what_is_renewed_in_time_has_no_gap():
    renewed = book(made_entry(ONE, NOON), renewed_entry(ONE, "ada", END + DAY, "", END - 1)).by_id[ONE.id]
    assert (renewed.from_ms, renewed.until_ms) == (NOON, END + DAY)


def test_one_that_is_over_still_counts_for_the_samples_of_its_time():
    """So that a gap that is judged again after a restart is judged the same."""
    over = book(made_entry(ONE, NOON), undone_entry(ONE, "ada", "", NOON + 5))
    assert Easing.by(over.by_id.values()).of


def test_an_incident_is_called_false_since_somebody_first_said_so():
    found = book(called_entry("i1", "ada", "batch", NOON), called_entry("i1", "bob", "batch", NOON + 9))
    assert found.false == {"i1": NOON}


def test_entries_of_other_streams_are_none_of_ours():
    entry = replace(made_entry(ONE, NOON), stream="kitchen", key="")
    assert book(entry) == FeedbackBook()


def test_the_kind_of_the_entry_says_whether_it_is_in_force():
    assert (made_entry(ONE, NOON).kind, made_entry(proposed(), NOON).kind) == (
        "adjustment_made",
        "adjustment_proposed",
    )


def test_what_follows_a_request_names_it_and_is_written_once():
    entry = undone_entry(ONE, "ada", "", NOON, "r-1")
    assert (entry.payload["request_id"], entry.key) == ("r-1", "feedback:r-1")
    plain = renewed_entry(ONE, "ada", END, "", NOON)
    assert ("request_id" in plain.payload, plain.key) == (False, "")


@pytest.mark.parametrize(("after_ms", "kept"), [(KEEP_MS - 1, True), (KEEP_MS, False)])
def test_that_an_incident_was_called_false_is_forgotten_too(after_ms, kept):
    assert bool(book(called_entry("i1", "ada", "", NOON)).without_old(NOON + after_ms).false) is kept


def test_a_fold_passes_over_what_it_knows_and_what_it_does_not():
    store = MemoryStore()
    store.begin_term(1)
    store.append([made_entry(ONE, NOON), undone_entry(ONE, "ada", "", NOON + 1)], 1)
    once = FeedbackBook().fold(store.read())
    assert once.fold(store.read()) is once
    assert FeedbackBook().fold(list(store.read())[1:]).by_id == {}  # an undo of what is not known


@pytest.mark.parametrize(("name", "found"), [(ONE.id, 1), (ONE.id[:4].upper(), 1), ("", 0), ("zzzz", 0)])
def test_it_is_found_by_the_beginning_of_its_id(name, found):
    assert len(book(made_entry(ONE, NOON)).find(name)) == found


@pytest.mark.parametrize(("after_ms", "kept"), [(KEEP_MS - 1, 1), (KEEP_MS, 0)])
def test_what_ended_long_ago_is_forgotten(after_ms, kept):
    assert len(book(made_entry(ONE, NOON)).without_old(END + after_ms).by_id) == kept
