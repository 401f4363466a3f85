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


def as_json(command: F) -> F:
    """``--json``, and ``--format json`` for who expects that."""
    form = click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json is as --json."
    )
    plain = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
    return plain(form(command))
