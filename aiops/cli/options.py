"""Options that several commands share, so that they are spelled and explained alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

config = click.option(
    "--config", type=click.Path(path_type=Path), help="Configuration folder; says where the state is."
)
state = click.option("--state", type=click.Path(path_type=Path), help="State folder of the daemon, instead.")
reason = click.option(
    "--reason", metavar="TEXT", default="", help="Why, for the journal and your colleagues."
)
kubeconfig = click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own kubeconfig; default: that of kubectl.",
)
context = click.option("--context", metavar="NAME", default="", help="Context of the kubeconfig.")


FORM = "aiops.form"


def _note(ctx: click.Context, _: click.Parameter, value: str) -> None:
    ctx.meta[FORM] = value


def as_json(command: F) -> F:
    """``--json``, and ``--format json`` for who expects that: the parameter ``as_json``."""
    form = click.option(
        "--format",
        type=click.Choice(["text", "json"]),
        default="text",
        is_eager=True,
        expose_value=False,
        callback=_note,
        help="json is the same as --json.",
    )
    flag = click.option(
        "--json",
        "as_json",
        is_flag=True,
        callback=lambda ctx, _, value: value or ctx.meta.get(FORM) == "json",
        help="JSON on standard output.",
    )
    return flag(form(command))
