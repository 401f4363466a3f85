"""Adjust: which adjustment follows from a false alarm, and what it would have hidden. Deterministic.

In this order, each with its reason in words:

1. what comes at the same time of the day on several days of a week, and seldom at others, is a season:
   expected at that time, every day;
2. what was not far outside widens the band, by as much as it takes and a tenth, and never by more than
   ``most_widening`` or to a score that raises at once;
3. what was farther out is expected at that time on that day of the week ("only today": all of that day).

At a time of the day no value is expected that is farther out than what was called false by more than a
quarter of its way from the edge of the band; and of what users feel (errors, latency) none with a score that
raises at once. So a worse excursion is told, whenever it comes.

Never adjusted: states of Kubernetes, absence, fixed edges (the configuration has those), and what was only
predicted. What a person called false is their word for one excursion, and no leave to look away.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from aiops.core.assess import FELT
from aiops.core.calendar import WEEKDAYS, civil, in_window
from aiops.core.detect import AT_ONCE
from aiops.core.feedback import DAY_MS, Adjustment, Kind
from aiops.core.words import minute, quantity
from aiops.model import Anomaly, AnomalyKind, Direction, FeedbackSettings, FreezeWindow, Role
from aiops.model.civil import zone
from aiops.model.wire import short_id

FIXED = AT_ONCE | {"threshold"}  # detectors whose edge is no guess
MARGIN = 1.1  # a band is widened by a tenth more than was seen
FARTHER = 0.25  # of the way from the edge: so much farther is expected too, at a time of the day
QUARTER_MS, HOUR_MS = 900_000, 3_600_000
LONGEST_MS = 4 * HOUR_MS  # a window is never longer
SAME_TIME_MS = 45 * 60_000  # begun so near to the same time of the day, it comes with the day
WEEK_MS = 7 * DAY_MS + HOUR_MS  # what came before or after that says nothing of a season
DAYS_OF_SEASON = 3  # so many days of a week, or two of which another was called false as well
STILL_MS = 2 * QUARTER_MS  # what is still outside is expected for so much longer


@dataclass(frozen=True, slots=True)
class Excursion:
    """One anomaly over its whole run, as the journal has it."""

    incident_id: str
    newest: Anomaly
    opening: float  # its score when it was raised
    worst: float  # its highest score
    farthest: float  # its value farthest out
    end_ms: int  # when it was back, or the newest bad sample
    over: bool

    @property
    def edge(self) -> float:
        """The edge of the band on the side that it left; NaN where there is none to see."""
        low, high = self.newest.low, self.newest.high
        if math.isnan(low) and math.isnan(high):
            return 1.0 if self.newest.unit == "score" else math.nan  # of several signals: the score itself
        edge = low if self.newest.direction is Direction.DOWN else high
        return edge if math.isfinite(edge) else math.nan


@dataclass(frozen=True, slots=True)
class Wish:
    """A false alarm, with who said so and when."""

    by: str  # ``Actor.key``
    reason: str
    now_ms: int
    until_ms: int | None = None  # "only today"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be adjusted, and by whose clock."""

    settings: FeedbackSettings
    instant_score: float  # ``detection.instant_score``
    timezone: str  # ``detection.timezone``


def why_never(anomaly: Anomaly) -> str:
    """Why ``anomaly`` is of a kind that is never adjusted; "" where it may be."""
    if anomaly.kind is AnomalyKind.PREDICTED:
        return "it was only predicted"
    if anomaly.role is Role.CONDITION or anomaly.condition:
        return "it is a state of Kubernetes, and no guess"
    if anomaly.detector in FIXED:
        return f"its edge is fixed ({anomaly.detector}): change the signal in the configuration instead"
    return ""


def choose(
    seen: Excursion, others: Sequence[Excursion], false: Collection[str], wish: Wish, bounds: Bounds
) -> Adjustment | str:
    """The adjustment that ``seen`` leads to, or why there is none, in words. ``others``: earlier excursions
    of the same signal of the same target on the same side; ``false``: incidents that were called false."""
    never = why_never(seen.newest)
    if never:
        return never
    days = _days(seen, others, false, bounds.timezone)
    if days and wish.until_ms is None:
        return _at_that_time(seen, wish, bounds, Kind.SEASON, f"it comes at this time of the day: {days}")
    most = min(bounds.settings.most_widening, bounds.instant_score)
    if 1 <= seen.worst < most:
        factor = min(most, math.ceil(seen.worst * MARGIN * 100) / 100)
        because = f"it was {seen.worst:.2f} times as far out as its band's edge"
        return _made(seen, wish, bounds, Kind.WIDEN, because, factor=factor)
    because = (
        f"it was {seen.worst:.2f} times as far out as its band's edge, and none is widened {most:g} times"
    )
    return _at_that_time(seen, wish, bounds, Kind.WINDOW, because)


def hides(one: Adjustment, past: Excursion) -> str:
    """What ``one`` would have done to ``past``: "wholly" hidden, told "later" than it was, or ""."""
    anomaly = past.newest
    if (anomaly.target, anomaly.signal, anomaly.detector) != (one.target, one.signal, one.detector):
        return ""
    if anomaly.direction is not one.direction or why_never(anomaly):
        return ""
    if one.kind is Kind.WIDEN:
        return "wholly" if past.worst < one.factor else "later" if past.opening < one.factor else ""
    if one.window is None or one.ceiling is None or not in_window(one.window, anomaly.since_ms):
        return ""
    run = [*range(anomaly.since_ms, past.end_ms, QUARTER_MS), past.end_ms]
    inside = all(in_window(one.window, at_ms) for at_ms in run)
    down = one.direction is Direction.DOWN
    near = past.farthest >= one.ceiling if down else past.farthest <= one.ceiling
    below = math.inf if one.below is None else one.below
    if past.opening >= below:
        return ""
    return "wholly" if inside and near and past.worst < below else "later"


def describe(one: Adjustment) -> str:
    """What is expected from now on, in plain words."""
    what, side = f"{one.signal} of {one.target}", "below" if one.direction is Direction.DOWN else "above"
    if one.kind is Kind.WIDEN or one.window is None or one.ceiling is None:
        return f"{what} may be up to {one.factor:g} times as far {side} as the edge of its band"
    window = one.window
    day = f"on {', '.join(window.weekdays)}" if window.weekdays else "every day"
    when = f"{day} from {window.start} to {window.end} ({window.timezone})"
    return f"{what} may be {side} its band as far as {quantity(one.ceiling, one.unit)}, {when}"


def _days(seen: Excursion, others: Sequence[Excursion], false: Collection[str], timezone: str) -> str:
    """On which days something like it began at the same time of the day, in words; "" for too few."""
    since_ms = seen.newest.since_ms
    others = [other for other in others if abs(other.newest.since_ms - since_ms) <= WEEK_MS]
    walls = civil(np.array([since_ms, *(other.newest.since_ms for other in others)]), timezone)
    apart = walls - walls[0]
    days = np.round(apart / DAY_MS).astype(int)  # nights apart, so that midnight does not part two of them
    alike = (np.abs(apart - days * DAY_MS) <= SAME_TIME_MS) & (days != 0)
    called = any(other.incident_id in false for other, one in zip(others, alike[1:], strict=True) if one)
    count = 1 + len(set(days[alike].tolist()))
    often = count >= DAYS_OF_SEASON or (count > 1 and called)
    if not often or 2 * int(alike.sum()) < len(others):  # one that comes at all times comes at this one too
        return ""
    dates = {str(wall.astype("datetime64[ms]").astype("datetime64[D]")) for wall in [walls[0], *walls[alike]]}
    return ", ".join(sorted(dates)[-5:])


def _at_that_time(seen: Excursion, wish: Wish, bounds: Bounds, kind: Kind, because: str) -> Adjustment | str:
    edge, felt = seen.edge, seen.newest.role in FELT
    if felt and seen.worst >= bounds.instant_score:
        return (
            f"{because}; and users feel it: nothing so far out is expected of {seen.newest.role} at any time"
        )
    if not math.isfinite(edge) or not math.isfinite(seen.farthest):
        return f"{because}; and no band is known to say how far"
    ceiling = seen.farthest + FARTHER * (seen.farthest - edge)
    if wish.until_ms is not None:
        window = FreezeWindow(f"only today: {wish.reason}", bounds.timezone)
        return _made(seen, wish, bounds, kind, because, ceiling=ceiling, window=window)
    begins = (seen.newest.since_ms - QUARTER_MS) // QUARTER_MS * QUARTER_MS
    end_ms = seen.end_ms + QUARTER_MS if seen.over else max(seen.end_ms, wish.now_ms) + STILL_MS
    ends = -(-end_ms // QUARTER_MS) * QUARTER_MS
    if ends - begins > LONGEST_MS:
        hours = f"{(seen.end_ms - seen.newest.since_ms) / HOUR_MS:.1f} h"
        return f"{because}; and it lasted {hours}: a window is at most {LONGEST_MS // HOUR_MS} h long"
    where = zone(bounds.timezone)
    first, last = (datetime.fromtimestamp(at / 1000, UTC).astimezone(where) for at in (begins, ends))
    weekdays = (WEEKDAYS[first.weekday()],) if kind is Kind.WINDOW else ()
    window = FreezeWindow(
        f"false alarm: {wish.reason}", bounds.timezone, weekdays, f"{first:%H:%M}", f"{last:%H:%M}"
    )
    return _made(seen, wish, bounds, kind, because, ceiling=ceiling, window=window)


def _made(
    seen: Excursion,
    wish: Wish,
    bounds: Bounds,
    kind: Kind,
    because: str,
    *,
    factor: float = 1.0,
    ceiling: float | None = None,
    window: FreezeWindow | None = None,
) -> Adjustment:
    anomaly = seen.newest
    until_ms = wish.now_ms + bounds.settings.days * DAY_MS
    parts = [seen.incident_id, str(anomaly.target), anomaly.signal, anomaly.detector, kind, wish.now_ms]
    return Adjustment(
        id=short_id("adjustment", parts),
        kind=kind,
        incident_id=seen.incident_id,
        target=anomaly.target,
        signal=anomaly.signal,
        detector=anomaly.detector,
        unit=anomaly.unit,
        direction=anomaly.direction,
        made_ms=wish.now_ms,
        from_ms=wish.now_ms,
        until_ms=until_ms if wish.until_ms is None else min(until_ms, wish.until_ms),
        by=wish.by,
        reason=wish.reason,
        because=because,
        factor=factor,
        ceiling=ceiling,
        window=window,
        below=bounds.instant_score if window is not None and anomaly.role in FELT else None,
    )


def until_words(one: Adjustment) -> str:
    """When it ends, for people."""
    return f"until {minute(one.until_ms)} UTC"
