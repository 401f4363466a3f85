"""Correlate, whatever happens: same inputs same names, order and restarts change nothing."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.core.book import Book, Closed, Opened
from aiops.core.correlate import correlate
from aiops.core.detect import Cleared, Raised, Updated
from aiops.model import AnomalyKind, Correlation, IncidentState, StormLimits
from tests.unit.core.timelines import MINUTE, NAMES, anomaly, deployment, ms, the_facts

START = ms("10:00")
FACTS = the_facts()
HAPPENING = st.tuples(
    st.sampled_from([Raised, Raised, Updated, Cleared]),
    st.sampled_from(NAMES),
    st.sampled_from(["latency", "errors", "memory"]),
    st.integers(0, 8),  # minutes ago it began
    st.booleans(),
    st.sampled_from([2.0, 4.0]),  # faint, loud
)
STORY = st.lists(st.tuples(st.integers(1, 12), st.lists(HAPPENING, max_size=5)), max_size=25)


def happening(spec, now_ms):
    kind, name, signal, ago, predicted, score = spec
    if kind is Cleared:
        return Cleared(deployment(name), signal, now_ms, "default")
    extra = {"kind": AnomalyKind.PREDICTED, "expected_at_ms": now_ms + 60 * MINUTE} if predicted else {}
    return kind(anomaly(name, signal, now_ms - ago * MINUTE, now_ms, score=score, **extra))


def ticks(story):
    now_ms = START
    yield now_ms, []
    for minutes, specs in story:
        now_ms += minutes * MINUTE
        # of one series one happening a tick, as a detector gives them
        unique = {spec[1:3]: happening(spec, now_ms) for spec in specs}
        yield now_ms, list(unique.values())


def run(story, shuffle=None, restart_at=-1):
    book, told = Book(began_ms=0, first_seen=dict.fromkeys(FACTS.workloads, 0)), []
    for number, (now_ms, happenings) in enumerate(ticks(story)):
        if shuffle is not None:
            shuffle.shuffle(happenings)
        if number == restart_at:
            alone = book.alone
            book = Book.restore(
                [*book.closed, *book.open.values()], book.first_seen, book.began_ms, book.storm
            )
            book = replace(book, alone=alone)  # the one thing that a restart forgets; detectors tell it again
        book, changes = correlate(book, happenings, FACTS, now_ms, Correlation(), StormLimits())
        told.append(changes)
    return book, told


@given(STORY, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_what_happens_at_one_time_does_not_matter(story, random):
    assert run(story) == run(story, shuffle=random)


@given(STORY, st.data())
@settings(max_examples=50, deadline=None)
def test_a_restart_changes_nothing(story, data):
    """Whatever correlation remembers follows from incidents, first sights and the storm."""
    cut = data.draw(st.integers(0, len(story)))
    (book, told), (again, told_again) = run(story), run(story, restart_at=cut)
    assert told == told_again
    assert again.open == book.open
    assert again.storm == book.storm


@given(STORY)
@settings(max_examples=50, deadline=None)
def test_every_incident_opens_once_and_every_bad_series_is_in_exactly_one(story):
    book, told = run(story)
    opened = [one.incident.id for changes in told for one in changes if isinstance(one, Opened)]
    assert len(opened) == len(set(opened))
    held = [
        (one.target, one.signal, one.detector, one.kind)
        for incident in book.open.values()
        for one in incident.anomalies
        if one.cleared_ms is None
    ]
    assert len(held) == len(set(held))


@given(STORY)
@settings(max_examples=50, deadline=None)
def test_what_is_closed_says_why_and_is_open_nowhere(story):
    book, told = run(story)
    for changes in told:
        for one in changes:
            if isinstance(one, Closed):
                assert one.incident.state is IncidentState.CLOSED
                assert one.incident.closed_because
    assert not {one.id for one in book.closed} & book.open.keys()


@given(STORY)
@settings(max_examples=50, deadline=None)
def test_when_all_is_good_again_all_is_closed_within_half_an_hour(story):
    """No incident outlives its last bad sample for ever, flapping or not."""
    book, _ = run(story)
    now_ms = [now_ms for now_ms, _ in ticks(story)][-1] + MINUTE
    good = [
        Cleared(deployment(name), signal, now_ms, "default")
        for name in NAMES
        for signal in ("latency", "errors", "memory")
    ]
    book, _ = correlate(book, good, FACTS, now_ms, Correlation(), StormLimits())
    book, _ = correlate(book, (), FACTS, now_ms + 30 * MINUTE, Correlation(), StormLimits())
    assert not book.open
