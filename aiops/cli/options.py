"""Options that several commands share, so that they are spelled and explained alike."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place

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


FORM, SERVER = "aiops.form", "aiops.server"


def _keep(ctx: click.Context, parameter: click.Parameter, value: object) -> None:
    ctx.meta[f"{SERVER}.{parameter.name}"] = value


def _place(ctx: click.Context, _: click.Parameter, value: Path | None) -> "Place | None":
    """The daemon of ``--server``, for which ``--state`` is only where its token is; else the state folder."""
    url, token_file, ca_file = (
        ctx.meta.get(f"{SERVER}.{name}") for name in ("server", "token_file", "ca_file")
    )
    if not url:
        return value
    from aiops.bootstrap.remote import address

    return address(url, token_file=token_file, ca_file=ca_file, state=value)


def place(command: F) -> F:
    """``--config``, ``--state`` and ``--server`` with its token and CA: the parameters ``config`` and
    ``state``, which may be the address of a daemon."""
    hidden: dict[str, Any] = {"is_eager": True, "expose_value": False, "callback": _keep}
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    decorators = (
        config,
        click.option(
            "--state",
            type=click.Path(path_type=Path),
            callback=_place,
            help="State folder of the daemon, instead.",
        ),
        click.option("--server", metavar="URL", help="Ask this running daemon over HTTP, instead.", **hidden),
        click.option(
            "--token-file",
            type=file,
            help="Token for --server; default: $AIOPS_TOKEN, else that of --state, else of your kubeconfig.",
            **hidden,
        ),
        click.option("--ca-file", type=file, help="CA of the certificate of --server, PEM.", **hidden),
    )
    for one in reversed(decorators):
        command = one(command)
    return command


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
