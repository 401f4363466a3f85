"""Story: put together from the journal alone, with the plots beside it."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.book import StormBegan, StormEnded
from aiops.core.ledger import Ledger, decided_entry, start_entry
from aiops.core.life import Life, TimedOut
from aiops.core.quality import SEEING, Quality
from aiops.engine import entries
from aiops.engine.bands import Band
from aiops.engine.rules import Rules
from aiops.engine.story import MOST_PLOTS, tell
from aiops.model import (
    Alert,
    AnomalyKind,
    Claim,
    ClusterEvent,
    Correlation,
    Detection,
    EventKind,
    Facts,
    IncidentKind,
    IncidentState,
    Panel,
    Playbook,
    PlaybookStep,
    Policy,
    Role,
    Severity,
    Signal,
    TargetMapping,
)
from aiops.model.playbook import Matcher
from tests.unit.report.stories import (
    CART,
    CATALOG,
    CLAIM,
    DAY,
    FRONTEND,
    HOUR,
    MINUTE,
    ORDERS_DB,
    START,
    anomaly,
    decided,
    incident,
    plan,
    truth,
)

TARGETS = (CART, CATALOG, FRONTEND, CLAIM)
MEMORY = Signal("memory", "m", "bytes", Role.MEMORY, TargetMapping("Pod", "pod"))
TIMES = START + MINUTE * np.arange(600)


class Recording:
    """Ten hours of four targets, which nobody knows more about."""

    name, start_ms, end_ms, step_ms = "shop", START, int(TIMES[-1]), MINUTE
    truths, warnings = (), ("a gap",)


def rules(**more):
    matcher = Matcher(classes=("memory_leak",))
    leak = Playbook(
        "memory-leak", "1", matcher, (PlaybookStep("restart_rollout"),), runbook="look at the heap"
    )
    return Rules(
        (MEMORY,),
        Detection(),
        Correlation(),
        Policy(),
        (leak,),
        detector=None,
        remediation=None,
        cluster="demo",
        **more,
    )


def panel():
    values = np.ones((len(TARGETS), len(TIMES)))
    values[1, :10] = np.nan
    return Panel("memory", "bytes", TARGETS, TIMES, values)


def told(written, facts=None, recording=Recording, **more):
    store = MemoryStore()
    store.begin_term(1)
    store.append(written, 1)
    held = panel()
    facts = Facts(int(TIMES[-1])) if facts is None else facts
    bands = {("memory", "seasonal_profile"): Band(held)}
    return tell(recording, rules(), store, facts, {"memory": held}, bands, 1.0, **more)


class Nothing:
    """A recent past without samples."""

    def between(self, start_ms, end_ms):
        return ()


def life(one):
    """Opened and closed."""
    return [*entries.opened(one, Nothing(), one.opened_ms), entries.closed(one, one.closed_ms)]


def test_the_journal_becomes_a_timeline_in_order_of_time():
    one = incident()
    made = decided_entry(decided().decision, one.opened_ms)
    (story,) = told([*life(one)[:1], made, life(one)[-1]]).incidents
    assert [moment.what for moment in story.moments] == ["opened", "suspect", "decided", "closed"]
    assert story.runbook == "look at the heap"


def changes(one, *steps):
    """Opened, and then changed: each step is (what, the fields that are other)."""
    written = entries.opened(one, Nothing(), one.opened_ms)
    for minutes, (what, fields) in enumerate(steps, 1):
        one = replace(one, **fields)
        written.append(entries.changed(one, what, one.opened_ms + minutes * MINUTE))
    return written


def lines(written):
    (story,) = told(written).incidents
    return [
        (moment.what, moment.text) for moment in story.moments if moment.what not in {"opened", "suspect"}
    ]


def test_what_joins_is_named_once_and_not_told_again_when_it_grows():
    first, second = anomaly(), anomaly(CATALOG, "latency", score=2.0)
    joins = (("anomaly",), {"anomalies": (first, second)})
    grows = (("anomaly",), {"anomalies": (first, replace(second, score=9.0))})
    told_lines = lines(changes(incident(anomalies=(first,)), joins, grows))
    assert told_lines == [("joined", "latency of Deployment/shop/catalog")]


def test_many_that_join_at_once_are_counted():
    others = tuple(anomaly(CATALOG, name) for name in "abcde")
    (line,) = lines(changes(incident(anomalies=()), (("anomaly",), {"anomalies": others})))
    assert line[1].endswith("c of Deployment/shop/catalog and 2 more")


def test_a_prediction_of_a_signal_that_is_outside_already_is_told_with_its_time():
    first = incident()
    expected = replace(
        first.anomalies[0], kind=AnomalyKind.PREDICTED, expected_at_ms=(START // DAY + 1) * DAY + 5 * HOUR
    )
    ((what, text),) = lines(changes(first, (("anomaly",), {"anomalies": (first.anomalies[0], expected)})))
    assert what == "joined"
    assert text.startswith("memory of Deployment/shop/cart, at its limit by ")
    assert text.endswith(" 05:00")


def test_another_class_and_another_severity_are_told_with_what_they_were():
    other = (("class", "severity"), {"incident_class": "oom_killed", "severity": Severity.CRITICAL})
    assert lines(changes(incident(), other)) == [
        ("class", "oom killed, before memory leak"),
        ("severity", "critical, before high"),
    ]


def test_an_incident_that_comes_back_says_how_often():
    assert lines(changes(incident(), (("reopened",), {"flaps": 2}))) == [
        ("reopened", "came back, for the 2. time")
    ]


def test_a_question_that_nobody_answers_is_told():
    one = incident()
    life = Life(one.id, state=IncidentState.ESCALATED)
    late = entries.lived(life, TimedOut(), (), one.opened_ms + 15 * MINUTE)
    assert lines([*changes(one), late]) == [("no answer", "nobody answered in time: it stays with people")]


def test_known_breakage_is_told_apart():
    story = told(life(incident(kind=IncidentKind.KNOWN)))
    assert (story.incidents, [one.id for one in story.known]) == ((), ["a1"])


def test_changes_of_what_is_involved_are_told_and_others_are_not():
    at = START + HOUR - 10 * MINUTE
    events = tuple(
        ClusterEvent(at, target, kind)
        for target, kind in (
            (CART, EventKind.ROLLOUT),
            (CATALOG, EventKind.ROLLOUT),  # not in the incident
            (CART, EventKind.RESTART),  # failed, was not changed
        )
    )
    (story,) = told(life(incident()), Facts(int(TIMES[-1]), events=events)).incidents
    assert story.changes == events[:1]


def test_samples_are_counted_without_gaps_and_targets_by_their_workload():
    facts = Facts(int(TIMES[-1]), claims={CLAIM: Claim(CLAIM, owner=ORDERS_DB)})
    story = told([], facts)
    assert (story.series, story.samples, story.workloads) == (4, 4 * 600 - 10, 4)
    assert (story.owner(CLAIM), story.owner(CART)) == (ORDERS_DB, CART)


def test_storms_and_blindness_are_moments_of_the_whole():
    written = [
        entries.storm(StormBegan(START, "15 workloads are bad", ())),
        entries.storm(StormEnded(START + HOUR, "calm for 10 min")),
        entries.quality(Quality({"memory": "no data"}), START + 2 * HOUR),
        entries.quality(SEEING, START + 3 * HOUR),
    ]
    assert [moment.what for moment in told(written).moments] == ["storm", "calm", "blind", "seeing"]


@pytest.mark.parametrize(("gap", "most"), [(9 * MINUTE, 2), (11 * MINUTE, 1)])
def test_budgets_show_the_most_plans_that_any_window_saw(gap, most):
    starts = [
        start_entry(plan(incident_id=name), 0, Ledger(), START + at) for name, at in (("a", 0), ("b", gap))
    ]
    assert told(starts).budgets["cluster per 10 min"] == f"{most} of 6"


def test_fired_alerts_are_candidates_only_where_no_truth_is_known():
    fired = Alert("CartDown", CART, START + HOUR, START + 2 * HOUR)
    facts = Facts(int(TIMES[-1]), alerts=(fired,))
    (candidate,) = told([], facts).truths
    assert (candidate.name, candidate.source, candidate.target) == ("CartDown", "alert", CART)

    class Known(Recording):
        truths = (truth(),)

    assert [one.source for one in told([], facts, Known).truths] == ["truth"]


def test_a_story_that_stops_early_forgets_what_came_later():
    class Known(Recording):
        truths = (truth(start=START + HOUR), truth("late", start=START + 5 * HOUR))

    story = told([], recording=Known, end_ms=START + 3 * HOUR)
    assert (story.end_ms, [one.name for one in story.truths]) == (START + 3 * HOUR, ["leak"])


def test_the_plot_of_what_opened_the_incident_comes_first():
    first = anomaly(CATALOG, at=START + HOUR - 3 * MINUTE, score=1.1)
    worse = anomaly(CART, at=START + HOUR, score=9.0)
    one = incident(anomalies=(first, worse), targets=(CATALOG, CART))
    (story,) = told(life(one)).incidents
    assert [plot.target for plot in story.plots] == [CATALOG, CART]


def test_a_plot_shows_the_time_around_the_incident_only():
    (story,) = told(life(incident(opened=START + 5 * HOUR))).incidents
    (plot,) = story.plots
    since = START + 5 * HOUR - 3 * MINUTE
    assert plot.times[0] == since - 90 * MINUTE
    assert plot.times[-1] < since + 3 * MINUTE + HOUR + 45 * MINUTE


def test_there_are_at_most_six_plots():
    assert MOST_PLOTS == 6


def test_what_the_band_was_is_kept_beside_the_samples():
    held = panel()
    band = Band(held)
    assert np.isnan(band.low).all()
    assert band.plot(MEMORY, FRONTEND, START, START + DAY).values.shape == (600,)
    assert band.plot(MEMORY, ORDERS_DB, START, START + DAY) is None
    assert band.plot(MEMORY, CATALOG, START, START + 9 * MINUTE) is None  # nothing but a gap
