"""``aiops undo``: have the daemon take back what it did."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import clock, console, print_json
from aiops.cli.times import DURATION

if TYPE_CHECKING:
    from rich.text import Text

    from aiops.bootstrap.journal import Place
    from aiops.bootstrap.undo import Undoing
    from aiops.core.requests import Answered

WAIT_MS = 60_000


@click.command()
@click.argument("what", metavar="INCIDENT|PLAN")
@click.option("--step", type=click.IntRange(min=0), help="Which step; default: the newest that is in place.")
@options.reason
@options.place
@click.option(
    "--wait", type=DURATION, default="60s", help="How long to wait for the outcome.", show_default=True
)
@click.option("--dry-run", is_flag=True, help="Say what would be taken back, and ask nobody.")
@options.as_json
def command(
    *,
    what: str,
    step: int | None,
    reason: str,
    config: Path | None,
    state: "Place | None",
    wait: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take back a step that the daemon carried out for INCIDENT (an id, or its beginning), or of PLAN.

    The daemon writes what the step's undo says, and only where the object is still as it left it: what
    somebody changed since is left alone. The kill switch holds this as it holds every write. Exit code 0: it
    is taken back; 1: it is not, and why, or no daemon runs: then the command for you is printed; 3: no
    outcome in time.

    \b
    Examples: aiops undo 4993cd --dry-run
              aiops undo 4993cd --reason "made checkout slower" --state ./state
              aiops undo 4993cd --server https://aiops.example.com
    """
    from aiops.bootstrap import requests
    from aiops.bootstrap.undo import Nothing, find
    from aiops.cli.timeline import put
    from aiops.model import RequestKind

    with requests.journal(config, state) as (folder, store):
        found = find(store, what, step)
    if isinstance(found, Nothing):
        _end(1, as_json, {"undone": False, "because": found.words}, found.words)
        return
    if not as_json:
        put(console(), lines(found))
    if dry_run:
        _end(0, as_json, document(found), "")
        return
    if not requests.there(folder):
        because = f"no daemon runs on {folder}: type the command above yourself"
        _end(1, as_json, document(found) | {"undone": False, "because": because}, because)
        return
    request = requests.make(
        RequestKind.UNDO,
        reason,
        plan_id=found.deed.plan_id,
        step=found.deed.step,
        incident_id=found.deed.incident_id,
    )
    ended = requests.hand_in(folder, request, wait, console(err=True).print)
    outcome(ended, document(found), as_json)


def outcome(ended: "Answered", about: dict[str, object], as_json: bool) -> None:
    """Say what came of a request; exit code 1 where it was refused."""
    told = {"done": ended.done, "because": ended.detail}
    _end(
        0 if ended.done else 1,
        as_json,
        about | told,
        f"{'done' if ended.done else 'not done'}: {ended.detail}",
    )


def _end(code: int, as_json: bool, about: dict[str, object], words: str) -> None:
    if as_json:
        print_json(about)
    elif words:
        console(err=bool(code)).print(words)
    if code:
        click.get_current_context().exit(code)


def lines(found: "Undoing") -> Iterable["Text"]:
    """What would be taken back, exactly, and what a person would type instead."""
    from aiops.cli.timeline import line
    from aiops.web.report.change import as_yaml, heading

    deed, step, undo = found.deed, found.step, found.step.undo
    assert undo is not None  # noqa: S101 - ``find`` says otherwise where there is none
    yield line(("take back ", "bold"), step.summary)
    yield line(
        ("done      ", "dim"), f"{clock(deed.at_ms)} UTC, {deed.words}, plan {deed.plan_id} step {deed.step}"
    )
    bare = heading(replace(undo, uid=None, resource_version=None, generation=None)).partition(" (version")[0]
    yield line(("writes    ", "dim"), f"{bare}, where it still is as the daemon left it")
    for text in as_yaml(undo.patch).split("\n") if undo.patch else ():
        yield line("          ", (text, "cyan"))
    yield line(("by hand   ", "dim"), found.command)
    for note in notes(found):
        yield line(("note      ", "yellow"), note)


def notes(found: "Undoing") -> Iterable[str]:
    """What taking back does not bring back."""
    if found.step.then:
        yield f"what came after it stays done: {len(found.step.then)} further changes, such as evictions"
    for number, later in enumerate(found.plan.steps[: found.deed.step]):
        yield f"step {number} of the same plan is not touched: {later.summary}"


def document(found: "Undoing") -> dict[str, object]:
    """The same for machines."""
    from aiops.model.wire import to_json

    deed, undo = found.deed, found.step.undo
    return {
        "incident": deed.incident_id,
        "plan": deed.plan_id,
        "step": deed.step,
        "summary": found.step.summary,
        "state": deed.words,
        "undo": None if undo is None else to_json(undo),
        "command": found.command,
    }
