"""``aiops approve``: yes to exactly one question."""

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
@click.option("--only-today", is_flag=True, help="Take it back at midnight, where it can be.")
@yes
@options.place
@options.as_json
def command(
    *,
    approval: str,
    only_today: bool,
    yes: bool,
    config: Path | None,
    state: "Place | None",
    as_json: bool,
) -> None:
    """Approve the plan that ID (a1b2, see `aiops approvals`) asks about. On a terminal it is shown first.

    Your identity is that of your token: of the daemon's state folder, or of Kubernetes. The yes is bound to
    the plan that was shown; before it is carried out all guards are asked again, and what they bring up that
    was not shown is asked about anew. Exit code 0: it counts, and what it became is printed; 1: it does not,
    and why.

    \b
    Examples: aiops approve a1b2 --state ./state
              aiops approve a1b2 --only-today --yes
              AIOPS_TOKEN=$(kubectl create token ada) aiops approve a1b2 --server https://aiops.example.com
    """
    from aiops.bootstrap.answers import people

    with people(config, state) as line:
        body = {"until_ms": line.day_end(int(time.time() * 1000))} if only_today else {}
        answer(line, approval, "approve", body, sure=yes, as_json=as_json)
