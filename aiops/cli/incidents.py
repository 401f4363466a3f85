"""``aiops incidents``: what the journal knows, newest last."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import STYLES, clock, console, plain, print_json, span
from aiops.cli.times import MOMENT

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@options.place
@click.option("--open", "only_open", is_flag=True, help="Only what is open now.")
@click.option("--since", type=MOMENT, help="Only what was open since then: 2h (ago), 2026-03-01T10:00Z.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    config: Path | None, state: "Place | None", only_open: bool, since: int | None, as_json: bool
) -> None:
    """List the incidents of the journal.

    Example: aiops incidents --open
    """
    from aiops.bootstrap.incidents import list_incidents
    from aiops.model.wire import to_json

    found = list_incidents(config, state, only_open=only_open, since_ms=since)
    if as_json:
        print_json([to_json(incident) for incident in found])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("id", "opened (UTC)", "lasted", "severity", "class", "first suspect", "state"):
        table.add_column(name)
    for one in found:
        suspect = f"{one.prime} {one.suspects[0].confidence:.0%}" if one.suspects else str(one.prime)
        lasted = span((one.closed_ms or one.updated_ms) - one.since_ms)
        style = STYLES[one.severity]
        table.add_row(
            one.id,
            clock(one.opened_ms),
            lasted,
            Text(one.severity, style),
            one.incident_class,
            plain(suspect),
            Text(plain(f"{one.state}; {one.credit}" if one.credit else one.state)),
        )
    out = console()
    if found:
        out.print(table)
    else:
        console(err=True).print("no incidents")
