"""``aiops feedback``: what people called false, what is expected since, and how to take it back."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aiops.cli import options
from aiops.cli.show import clock, console, plain, print_json
from aiops.cli.times import DURATION

if TYPE_CHECKING:
    from aiops.bootstrap.feedback import Row
    from aiops.bootstrap.journal import Place
    from aiops.model import RequestKind

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def command() -> None:
    """Show, undo and renew what false alarms adjusted.

    "false alarm: REASON" in an incident's thread (or the console, or the API) makes what it was about
    expected from then on: a wider band, a time of the week, or of every day. Each adjustment is bounded, is
    shown by a replay over past incidents first, and ends by itself unless it is renewed.

    \b
    Examples: aiops feedback list --state ./state
              aiops feedback undo 3f9c --reason "it was the leak after all"
              aiops feedback renew 3f9c
    """


@command.command("list")
@options.place
@click.option("--all", "every", is_flag=True, help="Also what is over, of the last 90 days.")
@options.as_json
def list_(*, config: Path | None, state: "Place | None", every: bool, as_json: bool) -> None:
    """List what is expected because somebody called it false: what, how far, until when, who and why."""
    from aiops.bootstrap.feedback import rows

    found = rows(config, state, every=every)
    if as_json:
        print_json([document(one) for one in found])
    else:
        show(found)


def _asks(function: F) -> F:
    decorators = (
        click.argument("adjustment"),
        options.reason,
        options.place,
        click.option(
            "--wait", type=DURATION, default="60s", help="How long to wait for the daemon.", show_default=True
        ),
        options.as_json,
    )
    for one in reversed(decorators):
        function = one(function)
    return function


@command.command()
@_asks
def undo(**given: Any) -> None:
    """Let ADJUSTMENT (its id, or the beginning) be over: what it hid is told again, from the next sample on.

    Exit code 0: undone; 1: refused, and why; 3: no answer in time.
    """
    from aiops.model import RequestKind

    _ask(RequestKind.UNDO_FEEDBACK, **given)


@command.command()
@_asks
def renew(**given: Any) -> None:
    """Let ADJUSTMENT go on from now for as long as feedback.days says; or begin, where it is only proposed.

    Exit code 0: renewed; 1: refused, and why; 3: no answer in time.
    """
    from aiops.model import RequestKind

    _ask(RequestKind.RENEW_FEEDBACK, **given)


def _ask(
    kind: "RequestKind",
    *,
    adjustment: str,
    reason: str,
    config: Path | None,
    state: "Place | None",
    wait: int,
    as_json: bool,
) -> None:
    from aiops.bootstrap.feedback import ask
    from aiops.cli.undo import outcome

    told = console(err=True).print
    about, ended = ask(kind, config, state, adjustment, reason, wait, told)
    outcome(ended, {"adjustment": about.id, "incident": about.incident_id}, as_json)


def show(found: Sequence["Row"]) -> None:
    """A table."""
    if not found:
        console(err=True).print("nothing is expected: no false alarm has an adjustment in force")
        return
    from rich.table import Table
    from rich.text import Text

    from aiops.core.adjust import describe

    colours = {"active": "green", "proposed": "yellow", "expired": "dim", "undone": "dim"}
    table = Table(box=None, pad_edge=False)
    for name in ("id", "state", "until (UTC)", "expected", "by", "because"):
        table.add_column(name, no_wrap=name == "id")
    for row in found:
        one = row.adjustment
        table.add_row(
            one.id,
            Text(row.standing, colours[row.standing]),
            clock(one.until_ms)[:16],
            plain(describe(one)),
            plain(one.by),
            plain(f"{one.reason} (incident {one.incident_id})"),
        )
    console().print(table)


def document(row: "Row") -> dict[str, Any]:
    """The same for machines."""
    from aiops.core.adjust import describe
    from aiops.model.wire import to_json

    value = to_json(row.adjustment)
    return {"state": row.standing.value, "expected": describe(row.adjustment), **value}
