"""``aiops snooze``: not now."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.answering import answer, yes
from aiops.cli.times import DURATION

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@click.argument("approval", metavar="ID")
@click.argument("duration", type=DURATION, metavar="DURATION")
@options.reason
@yes
@options.place
@options.as_json
def command(
    *,
    approval: str,
    duration: int,
    reason: str,
    yes: bool,
    config: Path | None,
    state: "Place | None",
    as_json: bool,
) -> None:
    """Put the question ID (a1b2, see `aiops approvals`) off for DURATION (30m, 2h).

    The question is withdrawn, and the incident is decided upon again when the time is over. Exit code 0: it
    is put off; 1: it is not, and why.

    \b
    Example: aiops snooze a1b2 30m --reason "deploy under way" --state ./state
    """
    from aiops.bootstrap.answers import people

    with people(config, state) as line:
        body = {"until_ms": int(time.time() * 1000) + duration, "reason": reason}
        answer(line, approval, "snooze", body, sure=yes, as_json=as_json)
