"""Answering: what ``aiops approve``, ``deny`` and ``snooze`` share: show the question, ask, say, tell."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from aiops.cli.show import console, plain, print_json

if TYPE_CHECKING:
    from aiops.bootstrap.answers import Answer, People
    from aiops.model import Approval

yes = click.option("--yes", "-y", is_flag=True, help="Do not ask again.")


def answer(
    people: "People", name: str, verb: str, body: Mapping[str, object], *, sure: bool, as_json: bool
) -> None:
    """Say it about the one approval called ``name``; exit code 1 where it was not done."""
    approval = people.approval(name)
    if not sure and sys.stdin.isatty():
        show(approval)
        click.confirm(
            f"{verb} {approval.short} in {approval.cluster or 'this cluster'}?", abort=True, err=True
        )
    told(approval, people.say(approval, verb, body), as_json=as_json)


def show(approval: "Approval") -> None:
    """What is about to be answered."""
    from aiops.cli.approvals import lines
    from aiops.cli.timeline import put

    put(console(err=True), lines(approval))


def told(approval: "Approval", found: "Answer", *, as_json: bool) -> None:
    """The daemon's echo: what the answer became."""
    from aiops.model.wire import to_json

    after = found.approval or approval
    if as_json:
        print_json({"done": found.done, "text": found.text, "approval": to_json(after)})
    else:
        console(err=not found.done).print(plain(found.text))
    if not found.done:
        click.get_current_context().exit(1)
