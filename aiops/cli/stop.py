"""``aiops stop``: pull the kill switch."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import console, plain, print_json

if TYPE_CHECKING:
    from aiops.adapters.remote import Address
    from aiops.bootstrap.journal import Place
    from aiops.bootstrap.stop import Standing


@click.command()
@options.reason
@options.place
@click.option("--cluster", is_flag=True, help="Through the API server, with your own rights.")
@options.kubeconfig
@options.context
@click.option("--namespace", metavar="NAME", default="", help="Of the daemon; default: as configured.")
@click.option("--show", "only_show", is_flag=True, help="Change nothing; only say what stops it now.")
@options.as_json
def command(
    *,
    reason: str,
    config: Path | None,
    state: "Place | None",
    cluster: bool,
    kubeconfig: Path | None,
    context: str,
    namespace: str,
    only_show: bool,
    as_json: bool,
) -> None:
    """Stop the daemon from changing anything, at once, until `aiops resume`.

    It goes on watching and says what it would have done. Beside the daemon this writes the file STOP into its
    state folder, which works whatever else is broken; with --cluster (or --kubeconfig, --context) it writes
    the ConfigMap that the daemon asks before every write. Either one is enough. A switch that the daemon
    cannot read stops it too. Stopped already: nothing changes, exit code 0.

    \b
    Examples: aiops stop --state /var/lib/aiops --reason "sale tonight"
              aiops stop --cluster --context prod
              aiops stop --server https://aiops.example.com
              aiops stop --show --state /var/lib/aiops --cluster
    """
    if state is not None and not isinstance(state, Path):
        if cluster or kubeconfig is not None or context or only_show:
            raise click.UsageError(
                "expected --server alone, without --cluster, --kubeconfig, --context, --show"
            )
        over_http(state, "stop", reason, as_json)
        return
    from aiops.bootstrap import stop

    cluster = cluster or kubeconfig is not None or bool(context)
    where = stop.Where(config, state, cluster, kubeconfig, context, namespace)
    show(stop.show(where) if only_show else stop.stop(where, reason), as_json)
    if not as_json and not only_show:
        console(err=True).print("takes effect with the next write, within 5 s; go on with: aiops resume")


def over_http(place: "Address", verb: str, reason: str, as_json: bool) -> None:
    """Say it to a running daemon, as whoever the token belongs to; exit code 1 where it was not done."""
    from aiops.bootstrap.answers import people

    with people(None, place) as line:
        found = line.stop(reason) if verb == "stop" else line.resume(reason)
    if as_json:
        print_json({"done": found.done, "text": found.text})
    else:
        console(err=not found.done).print(plain(found.text))
    if not found.done:
        click.get_current_context().exit(1)


def show(standing: "Standing", as_json: bool) -> None:
    """What stops the daemon, since when and by whom; what was not looked at."""
    from aiops.model.wire import to_json

    if as_json:
        print_json(to_json(standing) | {"stopped": standing.stopped})
        return
    out, err = console(), console(err=True)
    from rich.text import Text

    for one in standing.stops:
        changed = " (now)" if one.place in standing.changed else ""
        style = "bold red" if one.stops else "green"
        out.print(Text.assemble(("stopped  " if one.stops else "running  ", style), plain(str(one)), changed))
    for note in standing.notes:
        err.print(Text(plain(note)))
    if standing.command and not any(one.place.startswith("ConfigMap") for one in standing.stops):
        err.print(Text(f"in the cluster by hand: {plain(standing.command)}"))
