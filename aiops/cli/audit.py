"""``aiops audit``: is the journal what it was; export it; its signed heads and their key."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiops.cli import options
from aiops.cli.show import clock, console, plain, print_json
from aiops.cli.times import MOMENT

if TYPE_CHECKING:
    from aiops.bootstrap.audit_check import Checked
    from aiops.bootstrap.journal import Place

MOST = 20  # findings that are shown one by one


@click.group()
def command() -> None:
    """Check that the journal is what it was, export it, and show its signed heads.

    Every record carries a hash over itself and the one before. From time to time the daemon signs the newest
    one and sends this head outside: to its log, the chat, a Kubernetes Event. With a head from there even a
    cut-off end and a journal that was written anew are found.

    \b
    Examples: aiops audit verify --state ./state --heads-file daemon.log
              aiops audit export --state ./state --out journal.jsonl
              aiops audit verify --export journal.jsonl --public-key ed25519:...
    """


@command.command()
@options.place
@click.option(
    "--export",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this export instead of a journal.",
)
@click.option(
    "--head", "heads", metavar="TEXT", multiple=True, help="A head from outside; may be given again."
)
@click.option(
    "--heads-file",
    "files",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    multiple=True,
    help="A file with heads anywhere in it: a log, a chat's export; - is what is piped in.",
)
@click.option(
    "--public-key",
    "keys",
    metavar="KEY",
    multiple=True,
    help="Trust this key alone (ed25519:..., or a file); may be given again. Default: the one of the state.",
)
@options.as_json
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    config: Path | None,
    state: "Place | None",
    export: Path | None,
    heads: tuple[str, ...],
    files: tuple[Path, ...],
    keys: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check every record's hash, the chain, and the heads; exit code 1 if anything is not as it was.

    What could not be checked is told: without a head from outside nobody can see whether the end was cut off.
    """
    from aiops.bootstrap.audit_check import given_heads, given_keys, verify
    from aiops.cli.progress import bar

    known = given_heads(heads, files)
    with bar() as progress:
        checked = verify(
            config,
            state,
            export,
            known,
            given_keys(keys),
            lambda seq, last: progress(min(1.0, seq / last) if last else 0.0, f"record {seq}"),
        )
    if as_json:
        print_json(document(checked))
    else:
        show(checked)
    if not checked.audit.intact:
        ctx.exit(1)


def document(checked: "Checked") -> dict[str, Any]:
    """The answer for machines."""
    audit = checked.audit
    return {
        "where": checked.where,
        "intact": audit.intact,
        "records": audit.records,
        "first": audit.first,
        "last": audit.last,
        "findings": [{"seq": one.seq, "what": one.what, "text": one.text} for one in audit.findings],
        "not_checked": list(audit.unchecked),
        "heads_inside": audit.inside,
        "heads_outside": audit.outside,
        "newest_head": None if audit.agreed is None else str(audit.agreed),
        "keys": list(checked.keys),
        "key_beside_the_journal": checked.own,
    }


def show(checked: "Checked") -> None:
    """The answer for people."""
    out, audit = console(), checked.audit
    span = f", {audit.first} to {audit.last}" if audit.records else ""
    out.print(f"checked      {plain(checked.where)}: {audit.records} records{span}")
    newest = ""
    if audit.agreed is not None:
        newest = f"; the newest from outside is of record {audit.agreed.seq}, {clock(audit.agreed.at_ms)} UTC"
    out.print(f"heads        {audit.inside} in it and {audit.outside} from outside agree{newest}")
    for number, key in enumerate(checked.keys):
        out.print(f"{'trusted' if not number else '':<13}{key}")
    for finding in audit.findings[:MOST]:
        out.print(f"FOUND        {plain(finding.text)}", style="bold red")
    if (more := len(audit.findings) - MOST) > 0:
        out.print(f"             and {more} more", style="bold red")
    for text in audit.unchecked:
        out.print(f"not checked  {plain(text)}", style="yellow")
    if audit.intact:
        out.print("intact" + (", as far as it could be checked" if audit.unchecked else ""), style="green")


@command.command()
@options.place
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="Of lines.",
)
@click.option("--since", type=MOMENT, help="From the first record of then on: 2h (ago), 2026-03-01T10:00Z.")
@click.option("--until", type=MOMENT, help="Up to the last record of then.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file; else to the screen."
)
def export(
    *,
    config: Path | None,
    state: "Place | None",
    form: str,
    since: int | None,
    until: int | None,
    out: Path | None,
) -> None:
    """Write records with their hashes, so that anybody can verify them again (aiops audit verify --export).

    Nothing between the first and the last is left out. Values of environment variables leave as digests; the
    hashes hold all the same.
    """
    from aiops.bootstrap.audit_check import export

    if since is not None and until is not None and since > until:
        raise click.UsageError("expected --since before --until")
    done = export(config, state, form, (since, until), out, sys.stdout.write)
    told = f"{done.records} records, {done.first} to {done.last}, the last with hash {done.hash}"
    console(err=True).print(told if done.records else "no records of that time")


@command.command()
@options.place
@options.as_json
def heads(*, config: Path | None, state: "Place | None", as_json: bool) -> None:
    """List the signed heads that the journal holds, oldest first.

    They prove nothing beside the journal itself: keep them elsewhere, and give them to `aiops audit verify`.
    """
    from aiops.bootstrap.audit_check import heads

    found = heads(config, state)
    if as_json:
        names = ("seq", "hash", "term", "at_ms", "cluster", "key")
        print_json([{name: getattr(one, name) for name in names} | {"head": str(one)} for one in found])
        return
    for one in found:
        sys.stdout.write(f"{clock(one.at_ms)}  {one}\n")
    if not found:
        console(err=True).print("no head was signed yet")


@command.command()
@options.config
@options.state
@click.option("--new", is_flag=True, help="Make a key where there is none.")
def key(*, config: Path | None, state: Path | None, new: bool) -> None:
    """Print the public key of the heads: keep it where the journal is not.

    A daemon makes its key at the first head. One that was lost is never made anew by itself: --new does that,
    and the next head tells everybody.
    """
    from aiops.bootstrap.audit_check import public_key

    public, path = public_key(config, state, new=new)
    sys.stdout.write(f"{public}\n")
    if new:
        console(err=True).print(f"made {path}")
