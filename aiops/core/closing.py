"""Closing: the rules by which an incident ends, each in words that people are shown."""

from aiops.core.book import active, calm_since
from aiops.core.relate import Ground
from aiops.model import Correlation, Incident, IncidentKind

CAME_TRUE = "came true"
LOST_AFTER_MS = 86_400_000  # not one sample for a day: we cannot say how it ended


def over(incident: Incident, ground: Ground, now_ms: int, settings: Correlation) -> str:
    """Why ``incident`` is over; "" while it is not."""
    since_ms = calm_since(incident)
    if since_ms is None:
        return _without_samples(incident, ground, now_ms, settings)
    flapping = incident.flaps >= settings.flaps_are_one
    needed_s = settings.reopen_within_s if flapping else settings.close_after_s
    if now_ms - since_ms < 1000 * needed_s:
        return ""
    signals = len({one.key for one in incident.anomalies})  # a prediction is of the same signal
    what = "its signal is" if signals == 1 else f"all {signals} signals are"
    why = f", longer than usual because it came back {incident.flaps} times" if flapping else ""
    return f"{what} back in the band for {needed_s // 60} min{why}"


def _without_samples(incident: Incident, ground: Ground, now_ms: int, settings: Correlation) -> str:
    bad = active(incident)
    newest = max(max(one.at_ms, one.expected_at_ms or 0) for one in bad)
    if now_ms - newest < 1000 * settings.close_after_s:
        return ""
    if incident.kind is IncidentKind.PREDICTED and now_ms - newest >= 1000 * settings.reopen_within_s:
        return "it did not come true: the time at which it was expected has passed"
    if all(ground.deleted(ground.place(one.target), one.since_ms) for one in bad):
        names = ", ".join(str(one) for one in dict.fromkeys(ground.place(one.target) for one in bad))
        return f"deleted: {names}"
    if now_ms - newest > LOST_AFTER_MS:
        return "lost from sight: no bad or good sample for a day, so nobody knows whether it is healthy"
    return ""
