"""``aiops autonomy``: what each playbook may do alone, where, and why; and a person's yes to a rise."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import console, plain, print_json
from aiops.cli.times import DURATION

if TYPE_CHECKING:
    from aiops.bootstrap.autonomy import Row
    from aiops.bootstrap.journal import Place


@click.group(invoke_without_command=True)
@options.place
@click.option("--proposals", is_flag=True, help="Only where a rise is proposed.")
@options.as_json
@click.pass_context
def command(
    ctx: click.Context, config: Path | None, state: "Place | None", proposals: bool, as_json: bool
) -> None:
    """Show what each playbook may do alone about each class of incident in each scope: the level, the figures
    that it stands on, and why.

    It falls at once: to ask where a fix did not help, to suggest where it harmed. It rises only by what was
    earned: helping for certain more often than waiting did, in the last 90 days and in this version of
    playbook and detectors; up to what is configured for the scope (policy.scopes), and after a person's yes,
    unless the scope says may_rise.

    \b
    Examples: aiops autonomy --state ./state
              aiops autonomy --state ./state --proposals
              aiops autonomy accept crash-loop crash_loop in shop --state ./state
    """
    if ctx.invoked_subcommand is not None:
        return
    from aiops.bootstrap.autonomy import rows

    found = [one for one in rows(config, state) if not proposals or one.level.proposal is not None]
    if as_json:
        print_json([document(one) for one in found])
    else:
        show(found, proposals)


@command.command()
@click.argument("playbook")
@click.argument("scope", nargs=-1, required=True)
@options.reason
@options.place
@click.option(
    "--wait", type=DURATION, default="60s", help="How long to wait for the daemon.", show_default=True
)
@options.as_json
def accept(
    *,
    playbook: str,
    scope: tuple[str, ...],
    reason: str,
    config: Path | None,
    state: "Place | None",
    wait: int,
    as_json: bool,
) -> None:
    """Let PLAYBOOK rise by one step in SCOPE, both as `aiops autonomy --proposals` lists them.

    For the owner of the scope. Exit code 1 where no rise is proposed there: nothing can be accepted that was
    not earned. To allow less, set a lower mode for the scope in aiops.yaml.

    Example: aiops autonomy accept crash-loop crash_loop in shop --state ./state
    """
    from aiops.bootstrap.autonomy import accept as ask
    from aiops.cli.undo import outcome

    where = " ".join(scope)
    ended = ask(config, state, playbook, where, reason, wait, console(err=True).print)
    outcome(ended, {"playbook": playbook, "scope": where}, as_json)


def show(found: Sequence["Row"], proposals: bool) -> None:
    """A table."""
    err = console(err=True)
    if not found:
        nothing = "no scope binds a playbook to a place (policy.scopes in aiops.yaml): all is in mode observe"
        err.print("no rise is proposed" if proposals else nothing)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("playbook", "class and scope", "level", "at most", "why", "figures"):
        table.add_column(name)
    for one in found:
        case, level = one.case, one.level
        mode = Text(level.mode, "green" if level.mode is level.ceiling else "yellow")
        if level.proposal is not None:
            mode.append(f" → {level.proposal}?", "bold")
        seen = level.counts.tried or level.counts.alone
        words = (plain(level.reason), level.counts.said() if seen else "nothing to go by yet")
        table.add_row(f"{case.playbook} {case.version}", plain(case.where), mode, level.ceiling, *words)
    console().print(table)
    for one in found:
        if one.level.proposal is not None:
            err.print(
                f"proposed: aiops autonomy accept {one.case.playbook} {plain(one.case.where)}", soft_wrap=True
            )


def document(row: "Row") -> dict[str, object]:
    """The same for machines."""
    from aiops.model.wire import to_json

    case, level = row.case, row.level
    return {
        "playbook": case.playbook,
        "version": case.version,
        "class": case.incident_class,
        "scope": case.where,
        "level": level.mode,
        "ceiling": level.ceiling,
        "proposal": level.proposal,
        "reason": level.reason,
        "counts": to_json(level.counts),
        "figures": level.counts.said(),
    }
