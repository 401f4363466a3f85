"""``aiops deny``: no to one question."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.answering import answer, yes

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@click.argument("approval", metavar="ID")
@options.reason
@click.option("--only-today", is_flag=True, help="It may be asked again tomorrow.")
@yes
@options.place
@options.as_json
def command(
    *,
    approval: str,
    reason: str,
    only_today: bool,
    yes: bool,
    config: Path | None,
    state: "Place | None",
    as_json: bool,
) -> None:
    """Deny the plan that ID (a1b2, see `aiops approvals`) asks about.

    One no of somebody who may answer is enough. Exit code 0: it counts; 1: it does not, and why.

    \b
    Example: aiops deny a1b2 --reason "sale tonight, we scale by hand" --state ./state
    """
    from aiops.bootstrap.answers import people

    with people(config, state) as line:
        body: dict[str, object] = {"reason": reason}
        if only_today:
            body["until_ms"] = line.day_end(int(time.time() * 1000))
        answer(line, approval, "deny", body, sure=yes, as_json=as_json)
