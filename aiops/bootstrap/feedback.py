"""Feedback: join what people call false to the loop; list, undo and renew what followed from it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiops.adapters.clock import SystemClock
from aiops.bootstrap.journal import Place
from aiops.bootstrap.requests import Progress, hand_in, journal, make
from aiops.core.adjust import Bounds
from aiops.core.feedback import STREAM, Adjustment, FeedbackBook, Standing
from aiops.core.requests import Answered
from aiops.engine.feedback import Feedback
from aiops.engine.live import Live
from aiops.errors import InputError
from aiops.model import Echo, FalseAlarm, Incident, RequestKind, Said
from aiops.settings import Settings


@dataclass(frozen=True, slots=True)
class Row:
    """One adjustment, and where it stands now."""

    adjustment: Adjustment
    standing: Standing


def hear_false_alarms(live: Live, settings: Settings) -> Callable[[Said, FalseAlarm, Incident], Echo]:
    """Let the loop ease what people called false, and its desk undo and renew that; the answer is for the
    hall. To be called once the loop has its desk."""
    bounds = Bounds(settings.feedback, settings.detection.instant_score, settings.detection.timezone)
    feedback = Feedback(live.loop.store, live.loop.term, bounds, live.clock)
    live.easing = feedback.easing
    if live.loop.desk is not None:
        live.loop.desk.feedback = feedback.heed
    return feedback.false_alarm


def rows(config: Path | None, state: Place | None, *, every: bool) -> tuple[Row, ...]:
    """What is in force or proposed, oldest first; with ``every`` also what is over, of the last 90 days.
    InputError where there is no journal."""
    now_ms = SystemClock().now_ms()
    with journal(config, state) as (_, store):
        book = FeedbackBook().fold(store.read(stream=STREAM)).without_old(now_ms)
    found = (Row(one, one.standing(now_ms)) for one in book.by_id.values())
    return tuple(one for one in found if every or one.standing in {Standing.ACTIVE, Standing.PROPOSED})


def ask(
    kind: RequestKind,
    config: Path | None,
    state: Place | None,
    name: str,
    reason: str,
    wait_ms: int,
    progress: Progress,
) -> tuple[Adjustment, Answered]:
    """Hand in that the adjustment called ``name`` (its id, or the beginning) is undone or renewed; what came
    of it. InputError where there is no such adjustment, or no daemon."""
    with journal(config, state) as (folder, store):
        found = FeedbackBook().fold(store.read(stream=STREAM)).find(name)
    if len(found) != 1:
        got = f"{name}, which is {' or '.join(one.id for one in found)}" if found else name
        raise InputError(f"ADJUSTMENT: expected the id of one (aiops feedback list --all), got {got}")
    request = make(kind, reason, adjustment=found[0].id)
    return found[0], hand_in(folder, request, wait_ms, progress)
