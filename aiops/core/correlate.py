"""Correlate: anomalies become incidents, and incidents end. Every rule that opens or closes one is in words.

An anomaly joins the incident it is tied to (``aiops.core.relate``), else brings back one that closed
lately, else opens one; one faint signal of a resource alone, felt by nobody, only when it lasts. An incident
closes when it was calm for ``close_after_s``; after ``flaps_are_one`` returns only when calm for
``reopen_within_s``; and never while we are blind for one of its signals. What was broken at first sight is
KNOWN; what is merely expected is PREDICTED until it comes true.

Input:   the Book, what happened in this tick, the facts, now.
Output:  the next Book, and what changed, in the order in which people should hear of it.
Cost:    microseconds where nothing is open and nothing happened; about 0.1 ms an anomaly.
"""

from collections.abc import Sequence

from aiops.core.book import (
    Book,
    Changed,
    Closed,
    IncidentChange,
    Opened,
    Storm,
    StormBegan,
    StormEnded,
    active,
    calm_since,
)
from aiops.core.detect import Cleared, Happening
from aiops.core.draft import Draft
from aiops.core.known import look
from aiops.core.quality import SEEING, Quality
from aiops.core.relate import Ground
from aiops.core.storm import advance, toll, watched
from aiops.model import Correlation, Facts, Incident, StormLimits

__all__ = [
    "Book",
    "Changed",
    "Closed",
    "IncidentChange",
    "Opened",
    "Storm",
    "StormBegan",
    "StormEnded",
    "active",
    "calm_since",
    "correlate",
]


def correlate(
    book: Book,
    happenings: Sequence[Happening],
    facts: Facts,
    now_ms: int,
    settings: Correlation,
    storm: StormLimits,
    *,
    cluster: str = "",
    opt_in_label: str = "aiops.dev/opt-in",
    quality: Quality = SEEING,
) -> tuple[Book, tuple[IncidentChange, ...]]:
    """One tick; see the module's docstring. The order of ``happenings`` of one time does not matter."""
    book = look(book, facts, now_ms)
    if not (happenings or book.open or book.storm or book.closed or book.alone):
        return book, ()
    ground = Ground(facts, settings.hops)
    draft = Draft(book, ground, now_ms, settings, cluster)
    for happening in sorted(happenings, key=_order):
        draft.take(happening)
    draft.settle()
    draft.join_alerts()
    draft.close_what_is_over(quality)
    weather, told = _storm(draft, ground, storm, now_ms, opt_in_label)
    if weather is not None:
        draft.mark_storm(weather.since_ms - 1000 * storm.window_s)
    return draft.book(weather), (*draft.changes(), *told)


def _order(happening: Happening) -> tuple[int, int, str, str, str, bool]:
    one = happening if isinstance(happening, Cleared) else happening.anomaly
    since_ms = one.at_ms if isinstance(one, Cleared) else one.since_ms
    bad = not isinstance(happening, Cleared)  # of a series that is good and bad at one time the bad counts
    return happening.at_ms, since_ms, str(one.target), one.signal, one.detector, bad


def _storm(
    draft: Draft, ground: Ground, limits: StormLimits, now_ms: int, opt_in_label: str
) -> tuple[Storm | None, tuple[IncidentChange, ...]]:
    open_ones = draft.incidents()
    before = draft.before.storm
    if before is None and sum(len(one.targets) for one in open_ones) < limits.at_least:
        return None, ()
    opted_in = watched(ground, opt_in_label)
    newest = now_ms - 1000 * limits.window_s
    recent = [one for one in open_ones if _newest(one) >= newest]
    weather, news = advance(
        before, toll(recent, ground, opted_in), toll(open_ones, ground, opted_in), limits, now_ms
    )
    if news == "began" and weather is not None:
        return weather, (StormBegan(now_ms, weather.because, tuple(recent)),)
    if news == "ended":
        return None, (StormEnded(now_ms, f"calm for {limits.calm_s // 60} min"),)
    return weather, ()


def _newest(incident: Incident) -> int:
    """When something of it last became bad."""
    return max((one.since_ms for one in active(incident)), default=0)
