"""``aiops resume``: let the kill switch go."""

from pathlib import Path

import click

from aiops.cli import options
from aiops.cli.show import console
from aiops.cli.stop import show


@click.command()
@options.reason
@options.config
@options.state
@click.option("--cluster", is_flag=True, help="Through the API server, with your own rights.")
@options.kubeconfig
@options.context
@click.option("--namespace", metavar="NAME", default="", help="Of the daemon; default: as configured.")
@options.as_json
def command(
    reason: str,
    config: Path | None,
    state: Path | None,
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

    Example: aiops resume --state /var/lib/aiops
    """
    from aiops.bootstrap.stop import Where, resume

    cluster = cluster or kubeconfig is not None or bool(context)
    standing = resume(Where(config, state, cluster, kubeconfig, context, namespace), reason)
    show(standing, as_json)
    if standing.stopped:
        console(err=True).print("still stopped")
        click.get_current_context().exit(1)
