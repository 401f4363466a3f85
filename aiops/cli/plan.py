"""``aiops plan``: what exactly would be done about an incident, and what speaks for and against it."""

from pathlib import Path

import click

from aiops.cli import options
from aiops.cli.show import console, print_json


@click.command()
@click.argument("incident")
@options.config
@options.state
@options.as_json
def command(*, incident: str, config: Path | None, state: Path | None, as_json: bool) -> None:
    """Show the plan for INCIDENT (an id, or its beginning) as it was last decided upon.

    Each step with the exact patch and the version of the object that it is bound to, the command that a
    person would type, what verifies it, how it is taken back; what was skipped; and every guard's say. It
    only reads.

    \b
    Examples: aiops plan 4993cd --state ./state
              aiops plan 4993cd --json | jq -r '.commands[0].do'
    """
    from aiops.bootstrap.plan import last_plan
    from aiops.cli.plans import plan_document, plan_lines
    from aiops.cli.timeline import put

    planned = last_plan(config, state, incident)
    if as_json:
        print_json(plan_document(planned))
    else:
        put(console(), plan_lines(planned))
