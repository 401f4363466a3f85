"""``aiops plan``: what exactly would be done about an incident, and what speaks for and against it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.show import console, print_json

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


@click.command()
@click.argument("incident")
@options.place
@click.option("--live", is_flag=True, help="Plan anew against the cluster as it is now; only reading.")
@options.kubeconfig
@options.context
@options.as_json
def command(
    *,
    incident: str,
    config: Path | None,
    state: "Place | None",
    live: bool,
    kubeconfig: Path | None,
    context: str,
    as_json: bool,
) -> None:
    """Show the plan for INCIDENT (an id, or its beginning) as it was last decided upon.

    Each step with the exact patch and the version of the object that it is bound to, the command that a
    person would type, what verifies it, how it is taken back; what was skipped; and every guard's say. It
    only reads.

    With --live (or --kubeconfig, --context) it is planned anew on what the API server says now, with your own
    rights: what would be done if the daemon decided at this moment.

    \b
    Examples: aiops plan 4993cd --state ./state
              aiops plan 4993cd --live --context prod
              aiops plan 4993cd --json | jq -r '.commands[0].do'
    """
    from aiops.cli.plans import plan_document, plan_lines
    from aiops.cli.timeline import put

    if live or kubeconfig is not None or context:
        from aiops.bootstrap.plan_live import live_plan

        planned = live_plan(config, state, incident, kubeconfig, context)
    else:
        from aiops.bootstrap.plan import last_plan

        planned = last_plan(config, state, incident)
    if as_json:
        print_json(plan_document(planned))
    else:
        put(console(), plan_lines(planned))
