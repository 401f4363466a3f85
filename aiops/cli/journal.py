"""``aiops journal``: the append-only record of everything that was seen, decided and done."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import clock, console, finite
from aiops.cli.times import MOMENT

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@options.place
@click.option("--since", type=MOMENT, help="Only from then on: 2h (ago), 2026-03-01T10:00Z.")
@click.option("--incident", metavar="ID", default="", help="Only of this incident: its id, or its beginning.")
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only of this kind; may be given again.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option(
    "--verify", "check", is_flag=True, help="Check the chain of hashes; exit code 1 if it is broken."
)
@options.as_json
def command(
    *,
    config: Path | None,
    state: "Place | None",
    since: int | None,
    incident: str,
    kinds: tuple[str, ...],
    follow: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Show the journal: one line a record, with time, kind, who, and what; oldest first.

    It is never changed, only added to, and may be read while the daemon runs. With --json each line is a
    record as stored, with its hash, which covers the one before.

    \b
    Examples: aiops journal --state ./state --since 2h
              aiops journal --incident 4993cd --kind change_sending --kind change_answered
              aiops journal --verify
    """
    if check:
        verify_chain(config, state)
        return
    from aiops.bootstrap.journal_view import Wanted, read

    wanted = Wanted(since, incident, kinds, follow)
    show = print_record if as_json else print_line
    for record in read(config, state, wanted, lambda: False):
        show(record)
        if follow:
            sys.stdout.flush()


def verify_chain(config: Path | None, state: "Place | None") -> None:
    """Say whether the chain holds; exit code 1 where it does not."""
    from aiops.bootstrap.journal_view import verify

    records, broken = verify(config, state)
    if broken:
        console(err=True).print(f"broken: {broken}")
        click.get_current_context().exit(1)
    console().print(f"intact: {records} records, each with the hash of the one before")


def print_record(record: object) -> None:
    """A record as one line of JSON."""
    from aiops.cli.records import record_document
    from aiops.core.words import UNPRINTABLE
    from aiops.model import Record

    assert isinstance(record, Record)  # noqa: S101 - what the journal holds
    line = json.dumps(finite(record_document(record)), ensure_ascii=False)
    sys.stdout.write(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line) + "\n")


def print_line(record: object) -> None:
    """A record as one line of text."""
    from aiops.core.chain import veiled
    from aiops.core.chronicle import OURSELVES, tell
    from aiops.model import Record

    assert isinstance(record, Record)  # noqa: S101 - what the journal holds
    told = tell(veiled(record).entry)
    kind = record.entry.kind.replace("_", " ")
    about = f" [{told.about}]" if told.about else ""
    who = "" if told.actor == OURSELVES else f" {told.actor}:"
    sys.stdout.write(f"{clock(record.entry.at_ms)}  {kind:<17}{about}{who} {told.what}\n")
