"""``aiops approvals``: what waits for people, and what became of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import STYLES, clock, console, print_json, span

if TYPE_CHECKING:
    from rich.text import Text

    from aiops.bootstrap.journal import Place
    from aiops.model import Approval


@click.command()
@options.place
@click.option("--all", "everything", is_flag=True, help="All of the last week, not only those that wait.")
@options.as_json
def command(*, config: Path | None, state: "Place | None", everything: bool, as_json: bool) -> None:
    """List the questions that wait for an answer, oldest first: who is asked, until when, and what for.

    No answer is a no: what still waits at its deadline expires. Answer with aiops approve, deny or snooze.

    \b
    Examples: aiops approvals --state ./state
              aiops approvals --server https://aiops.example.com --json
    """
    from aiops.bootstrap.answers import asked
    from aiops.cli.timeline import put
    from aiops.model.wire import to_json

    found, note = asked(config, state, pending=not everything)
    if note:
        console(err=True).print(note, markup=False)
    if as_json:
        print_json([to_json(one) for one in found])
        return
    out = console()
    for one in found:
        put(out, lines(one))
    if not found:
        console(err=True).print("no approvals" if everything else "nothing waits for an answer")


def lines(approval: "Approval") -> Iterable["Text"]:
    """One question, as people are asked it."""
    from aiops.cli.timeline import line
    from aiops.model import ApprovalState

    waits = approval.state is ApprovalState.PENDING
    yield line(
        (approval.short, "bold"),
        "  ",
        (approval.state, "yellow" if waits else ""),
        "  ",
        (approval.severity, STYLES[approval.severity]),
        f"  {approval.summary}",
    )
    yield line(("target    ", "dim"), approval.target, _cluster(approval), indent=1)
    for reason in approval.because:
        yield line(("because   ", "dim"), reason, indent=1)
    if approval.command:
        yield line(("by hand   ", "dim"), (approval.command, "cyan"), indent=1)
    yield from _asked(approval)
    for vote in approval.votes:
        who = vote.actor.name or vote.actor.id
        why = f": {vote.reason}" if vote.reason else ""
        answer = f"{vote.ballot} by {who} ({vote.via}), {clock(vote.at_ms)}{why}"
        yield line(("answer    ", "dim"), answer, indent=1)
    if approval.said:
        yield line(("now       ", "dim"), approval.said, indent=1)


def _asked(approval: "Approval") -> Iterable["Text"]:
    """Who is asked, until when, about what exactly."""
    from aiops.cli.timeline import line

    yield line(
        ("asks      ", "dim"),
        ", ".join(approval.roles),
        f", {approval.quorum} different people" if approval.quorum > 1 else "",
        f"; from {clock(approval.remind_ms)} also {', '.join(approval.second_tier)}"
        if approval.second_tier
        else "",
        indent=1,
    )
    yield line(
        ("until     ", "dim"),
        f"{clock(approval.until_ms)} UTC, asked {clock(approval.asked_ms)}",
        f", {span(approval.until_ms - approval.asked_ms)}",
        indent=1,
    )
    yield line(
        ("plan      ", "dim"),
        f"{approval.plan_id} step {approval.step}, digest {approval.digest[:12]}",
        f", incident {approval.incident_id}",
        indent=1,
    )


def _cluster(approval: "Approval") -> str:
    return f" in {approval.cluster}" if approval.cluster else ""
