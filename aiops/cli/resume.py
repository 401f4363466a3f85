"""``aiops resume``: let the kill switch go."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import console
from aiops.cli.stop import over_http, show

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@options.reason
@options.place
@click.option("--cluster", is_flag=True, help="Through the API server, with your own rights.")
@options.kubeconfig
@options.context
@click.option("--namespace", metavar="NAME", default="", help="Of the daemon; default: as configured.")
@options.as_json
def command(
    reason: str,
    config: Path | None,
    state: "Place | None",
    cluster: bool,
    kubeconfig: Path | None,
    context: str,
    namespace: str,
    as_json: bool,
) -> None:
    """Let the daemon act again after `aiops stop`, within its limits and guards.

    Removes the file STOP from the state folder; with --cluster (or --kubeconfig, --context) the ConfigMap
    says "false" again. Says what still stops the daemon: exit code 1 if anything does. Running already:
    nothing changes, exit code 0.

    \b
    Examples: aiops resume --state /var/lib/aiops
              aiops resume --server https://aiops.example.com
    """
    if state is not None and not isinstance(state, Path):
        if cluster or kubeconfig is not None or context:
            raise click.UsageError("expected --server alone, without --cluster, --kubeconfig, --context")
        over_http(state, "resume", reason, as_json)
        return
    from aiops.bootstrap.stop import Where, resume

    cluster = cluster or kubeconfig is not None or bool(context)
    standing = resume(Where(config, state, cluster, kubeconfig, context, namespace), reason)
    show(standing, as_json)
    if standing.stopped:
        console(err=True).print("still stopped")
        click.get_current_context().exit(1)
