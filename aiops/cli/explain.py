"""``aiops explain``: an incident value by value, or why nothing was said of a target."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli import options
from aiops.cli.times import MOMENT
from aiops.model import Target

if TYPE_CHECKING:
    from aiops.bootstrap.journal import Place


class TargetName(click.ParamType[Target]):
    """``Kind/namespace/name`` or ``Kind/name``."""

    name = "target"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        """The target; a click error for anything else."""
        if isinstance(value, Target):
            return value
        try:
            return Target.parse(str(value))
        except ValueError as error:
            self.fail(str(error).removeprefix("target: "), param, ctx)


@click.command()
@click.argument("incident", required=False)
@click.option(
    "--target", type=TargetName(), help="Why nothing was said of this: Kind/namespace/name; with --at."
)
@click.option("--at", type=MOMENT, help="When: 2026-03-01T10:07Z, or 2h (ago).")
@click.option("--recording", type=click.Path(path_type=Path), help="Ask a replay of this recording.")
@options.place
@click.option(
    "--rerun", "details", is_flag=True, help="With an INCIDENT: what each decision was made on, and again."
)
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(
    incident: str | None,
    target: Target | None,
    at: int | None,
    recording: Path | None,
    state: "Place | None",
    config: Path | None,
    details: bool,
    as_json: bool,
) -> None:
    """Explain INCIDENT (an id, or its beginning): every value from the samples to the decision, with digests;
    and each decision made again from what it was made on, which must come out the same.

    Or, with --target and --at, why nothing was said: which detectors looked, and how far from the edge.

    \b
    Examples: aiops explain 4993cd
              aiops explain --target Deployment/shop/cart --at 2026-03-01T10:07Z --recording DIR
    """
    if (incident is None) == (target is None):
        raise click.UsageError("expected either an INCIDENT or --target with --at")
    if (target is None) != (at is None):
        raise click.UsageError("expected --target and --at together")
    if recording is not None and state is not None:
        raise click.UsageError("expected --recording or a daemon (--state, --server), not both")
    if incident is not None:
        show_incident(incident, config, state, recording, details=details, as_json=as_json)
    elif target is not None and at is not None:
        show_silence(target, at, config, state, recording, as_json=as_json)


def show_incident(
    incident: str,
    config: Path | None,
    state: "Place | None",
    recording: Path | None,
    *,
    details: bool,
    as_json: bool,
) -> None:
    """Print the records of an incident; exit code 1 where the chain is broken, or a decision comes out
    otherwise than it was written down."""
    from aiops.bootstrap.explain import explain_incident
    from aiops.cli.progress import bar
    from aiops.cli.records import incident_lines, record_document
    from aiops.cli.reruns import rerun_document
    from aiops.cli.show import console, print_json
    from aiops.cli.timeline import put

    with bar() as progress:
        found = explain_incident(incident, config, state, recording, progress)
    records, broken, again = found.records, found.broken, found.again
    if as_json:
        print_json(
            {
                "incident": records[0].entry.stream,
                "chain": broken or "intact",
                "records": [record_document(one) for one in records],
                "decided_again": [rerun_document(one, details=details) for one in again.values()],
            }
        )
    else:
        put(console(), incident_lines(records, broken, again, details=details))
    if broken or any(one.came == "different" for one in again.values()):
        click.get_current_context().exit(1)


def show_silence(
    target: Target,
    at: int,
    config: Path | None,
    state: "Place | None",
    recording: Path | None,
    *,
    as_json: bool,
) -> None:
    """Print why nothing was said."""
    from aiops.bootstrap.explain import explain_silence
    from aiops.cli.progress import bar
    from aiops.cli.show import console, print_json
    from aiops.cli.silence import silence_document, silence_lines
    from aiops.cli.timeline import put

    with bar() as progress:
        silence = explain_silence(target, at, config, state, recording, progress)
    if as_json:
        print_json(silence_document(silence))
        return
    put(console(), silence_lines(silence))
