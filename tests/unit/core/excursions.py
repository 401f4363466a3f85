"""Excursions of a nightly batch, for tests of feedback: the CPU of a Deployment, in cores."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aiops.core.adjust import Bounds, Excursion, Wish
from aiops.model import Anomaly, AnomalyKind, Direction, FeedbackSettings, Role, Target

WEB = Target("Deployment", "shop", "web")
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
BERLIN = "Europe/Berlin"
BOUNDS = Bounds(FeedbackSettings(), instant_score=4.0, timezone=BERLIN)


def at(text, zone=BERLIN):
    """Milliseconds UTC of a civil time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOON = at("2024-06-05T12:00")  # a Wednesday


def anomaly(since="2024-06-05T02:00", minutes=40, score=1.5, observed=2.0, **changes):
    """Out of a band of 0.5 to 1.5 cores, and back ``minutes`` later."""
    since_ms = at(since)
    plain = Anomaly(
        AnomalyKind.OBSERVED,
        WEB,
        "cpu",
        Role.CPU,
        "cores",
        "default",
        since_ms,
        since_ms + minutes * MINUTE,
        observed,
        0.5,
        1.5,
        score,
        Direction.UP,
        cleared_ms=since_ms + minutes * MINUTE,
    )
    return replace(plain, **changes)


def excursion(incident_id="i1", opening=None, **given):
    """One that is over."""
    newest = anomaly(**given)
    over = newest.cleared_ms is not None
    opening = newest.score if opening is None else opening
    return Excursion(incident_id, newest, opening, newest.score, newest.observed, newest.at_ms, over)


def wish(until_ms=None, now_ms=NOON):
    return Wish("slack:T1/U1", "nightly batch", now_ms, until_ms)
