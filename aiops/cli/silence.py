"""Why nothing was said, on a terminal: who looked, how far from the edge, what it would have taken."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiops.bootstrap.explain import Silence
from aiops.bootstrap.report import iso
from aiops.cli.show import clock, number
from aiops.cli.timeline import line
from aiops.core.words import quantity, span
from aiops.engine.look import Look

if TYPE_CHECKING:
    from rich.text import Text


def silence_document(silence: Silence) -> dict[str, Any]:
    """The same as one document."""
    looks = []
    for look in silence.looks:
        values = asdict(look) | {"target": str(look.target), "status": look.status.name.lower()}
        times = {"at": iso(values.pop("at_ms")), "raised_since": iso(values.pop("raised_since_ms"))}
        looks.append(values | times | {"room": look.room})
    return {
        "target": str(silence.target),
        "at": iso(silence.at_ms),
        "blind": silence.blind,
        "looks": looks if silence.looked else None,
        "not_seen_of_this_target": list(silence.unseen) if silence.looked else None,
        "incidents": [{"id": one.id, "class": one.incident_class} for one in silence.incidents],
        "notes": list(silence.notes),
    }


def silence_lines(silence: Silence) -> Iterable["Text"]:
    """Which detectors looked, how far from the edge each was, and what it would have taken."""
    yield line((str(silence.target), "bold"), f" at {clock(silence.at_ms)} UTC")
    for one in silence.incidents:
        yield line(
            ("said     ", "green"), f"incident {one.id}: {one.opened_because} (aiops explain {one.id})"
        )
    if not silence.incidents:
        yield line("nothing was said:")
    if silence.blind:
        yield line(("blind    ", "yellow"), f"{silence.blind}: nothing is raised or cleared while we are")
    for look in silence.looks:
        yield line("")
        yield from look_lines(silence, look)
    if not silence.looks and silence.looked:
        yield line(("nobody   ", "yellow"), "no detector looked at it: no signal has a series of it")
    if silence.unseen:
        yield line("")
        yield line(("no series of it: ", "dim"), ", ".join(silence.unseen))
    for note in silence.notes:
        yield line(("note     ", "yellow"), note)


def look_lines(silence: Silence, look: Look) -> Iterable["Text"]:
    """One detector's look."""
    whose = f" of {look.target}" if look.target != silence.target else ""
    yield line((f"{look.signal}{whose}", "bold"), f" by {look.detector}")
    if look.value is not None:
        old = span(silence.at_ms - look.at_ms) if look.at_ms is not None else ""
        yield line(("value    ", "dim"), f"{quantity(look.value, look.unit)}, {old} old", indent=1)
    yield line(("expected ", "dim"), expected(look), indent=1)
    if look.score is not None:
        colour = "red" if look.score >= 1 else "green"
        room = (
            f", {room_words(look.room, look.unit)}" if look.room is not None and look.unit != "bool" else ""
        )
        yield line(("score    ", "dim"), (number(look.score), colour), f" (1 is the edge){room}", indent=1)
    if look.why_not:
        yield line(("verdict  ", "dim"), ("none: ", "yellow"), look.why_not, indent=1)
    if look.raised_since_ms is not None:
        yield line(("raised   ", "dim"), f"an anomaly since {clock(look.raised_since_ms)}", indent=1)
    else:
        yield line(("wanted   ", "dim"), look.wanted, indent=1)


def room_words(room: float, unit: str) -> str:
    """How far from the edge, and on which side of it."""
    return f"{quantity(abs(room), unit)} {'inside' if room >= 0 else 'outside'} of the edge"


def expected(look: Look) -> str:
    """The band in words."""
    if look.low is None or look.high is None:
        return "not known"
    low, high = quantity(look.low, look.unit), quantity(look.high, look.unit)
    if look.low == float("-inf"):
        return "anything (this side is not judged)" if look.high == float("inf") else f"at most {high}"
    return f"at least {low}" if look.high == float("inf") else f"{low} to {high}"
