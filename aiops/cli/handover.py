"""``aiops handover``: what the next person on call must know."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.times import MOMENT

if TYPE_CHECKING:
    from rich.text import Text

    from aiops.bootstrap.journal import Place
    from aiops.core.handover import Handover, OpenIncident

MOST_OPEN, MOST_DOINGS = 25, 60


@click.command()
@options.place
@click.option(
    "--since", type=MOMENT, default="12h", help="From when on: 12h (ago, the default), 2026-03-01T08:00Z."
)
@click.option("--until", type=MOMENT, help="Until when; default: now.")
@options.as_json
def command(
    *, config: Path | None, state: "Place | None", since: int, until: int | None, as_json: bool
) -> None:
    """Say what the next person on call must know: where to look first, what waits for an answer, what is
    open, what was done and by whom, what is silenced, claimed, stopped or locked.

    \b
    Examples: aiops handover --since 12h --state ./state
              aiops handover --since 2026-03-01T08:00Z --server https://aiops.example.org
    """
    from aiops.bootstrap.handover import make_handover
    from aiops.cli.show import console, print_json
    from aiops.cli.timeline import put
    from aiops.model.wire import to_json

    made = make_handover(config, state, since, until)
    if as_json:
        print_json(to_json(made))
        return
    put(console(), handover_lines(made))


def handover_lines(made: "Handover") -> Iterable["Text"]:
    """The whole of it, part by part."""
    from aiops.cli.show import clock
    from aiops.cli.timeline import line
    from aiops.core.words import span

    period = span(made.until_ms - made.since_ms)
    yield line(("Handover ", "bold"), f"{clock(made.since_ms)} to {clock(made.until_ms)} UTC ({period})")
    yield from count_lines(made)
    first = made.first or ("nothing presses",)
    yield from part("Look at first", first, "bold red" if made.first else "green")
    waits = [
        f"{one.short}  {one.summary}; {one.votes} of {one.quorum} yes,"
        f" asks {', '.join(one.roles) or 'nobody'}, until {clock(one.until_ms)} UTC"
        for one in made.waits
    ]
    yield from part("Waits for an answer", waits, "yellow")
    yield from open_lines(made)
    yield from doing_lines(made)
    yield from part("Somebody is on it", made.claimed)
    yield from part("Held by people", made.held)
    yield from part("Locked", made.locked)


def count_lines(made: "Handover") -> Iterable["Text"]:
    """What happened, in figures."""
    from aiops.cli.timeline import line
    from aiops.core.words import count, span

    counts = made.counts
    yield line(
        f"{count(counts.opened, 'incident')} opened, {counts.closed} closed, {counts.reopened} came back,"
        f" {len(made.open)} open now" + (f", and {made.known} known before" if made.known else ""),
        indent=1,
    )
    steps = ", ".join(f"{number} {result.replace('_', ' ')}" for result, number in counts.steps.items())
    yield line(f"steps: {steps or 'none'}", indent=1)
    answers = ", ".join(f"{number} {state}" for state, number in counts.answers.items())
    yield line(f"{count(counts.asked, 'question')} asked{f': {answers}' if answers else ''}", indent=1)
    if counts.people:
        people = ", ".join(f"{name} {number}" for name, number in counts.people.items())
        yield line(f"people spoke: {people}", indent=1)
    if counts.blind_ms:
        yield line(f"blind for {span(counts.blind_ms)}", indent=1)
    if counts.storms:
        yield line(count(counts.storms, "storm"), indent=1)


def part(heading: str, lines: Sequence[str], style: str = "") -> Iterable["Text"]:
    """A heading with its lines; nothing where there are none."""
    from aiops.cli.timeline import line

    if lines:
        yield line("")
        yield line((heading, "bold"))
        yield from (line((one, style), indent=1) for one in lines)


def open_lines(made: "Handover") -> Iterable["Text"]:
    """What is open, the worst first."""
    from aiops.cli.timeline import line

    if not made.open:
        return
    yield line("")
    yield line(("Open", "bold"))
    for one in made.open[:MOST_OPEN]:
        yield from one_open(one, made.until_ms)
    if len(made.open) > MOST_OPEN:
        yield line(f"and {len(made.open) - MOST_OPEN} more: aiops incidents --open", indent=1)


def one_open(one: "OpenIncident", until_ms: int) -> Iterable["Text"]:
    """One incident."""
    from aiops.cli.show import STYLES
    from aiops.cli.timeline import line
    from aiops.core.words import span
    from aiops.model import Severity

    on_it = f", {one.claimed_by} is on it" if one.claimed_by else ""
    yield line(
        (f"{one.severity} ", STYLES[Severity(one.severity)]),
        f"{one.incident_class.replace('_', ' ')}: {one.prime}",
        (f"  {one.id}", "dim"),
        f"  {one.stage} for {span(until_ms - one.since_ms)}{on_it}",
        indent=1,
    )
    if one.decision:
        yield line(("decided  ", "dim"), one.decision, indent=2)
    for text in one.done:
        yield line(("done     ", "dim"), text, indent=2)


def doing_lines(made: "Handover") -> Iterable["Text"]:
    """What was done, the newest last."""
    from aiops.cli.show import clock
    from aiops.cli.timeline import line

    if not made.doings:
        return
    yield line("")
    yield line(("Done, and by whom", "bold"))
    left_out = len(made.doings) - MOST_DOINGS
    if left_out > 0:
        yield line(f"{left_out} before that: --json has all", indent=1)
    for one in made.doings[-MOST_DOINGS:]:
        about = (f"  {one.incident_id}", "dim") if one.incident_id else ""
        yield line(f"{clock(one.at_ms)}  ", (one.by, "bold"), f": {one.what}", about, indent=1)
