"""``aiops dry-run``: the whole loop over a recording; nothing is changed anywhere."""

from pathlib import Path

import click

from aiops.cli.times import MOMENT


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--config", type=click.Path(path_type=Path), help="Configuration folder; default: the shipped one."
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there: one HTML file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--compare",
    "other",
    type=click.Path(path_type=Path),
    help="Another configuration folder: show what it changes.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the journal in that new folder, for `aiops console`, `explain`, `plan` and `journal`.",
)
@click.option("--until", type=MOMENT, help="Stop there, as if it were now: 2026-03-01T10:00Z.")
@click.option("--open-only", is_flag=True, help="List only incidents that are still open at the end.")
def command(
    recording: Path,
    config: Path | None,
    html: Path | None,
    as_json: bool,
    other: Path | None,
    state: Path | None,
    until: int | None,
    open_only: bool,
) -> None:
    """Replay RECORDING through the whole loop: what would have been noticed, blamed and done.

    RECORDING is a folder made by `aiops record`, or CSV, query_range JSON or OpenMetrics files.

    \b
    Examples: aiops dry-run tests/recordings/shop --html report.html
              aiops dry-run tests/recordings/shop --state looked-at && aiops console --state looked-at
    """
    from aiops.bootstrap import report
    from aiops.cli import timeline
    from aiops.cli.progress import bar
    from aiops.cli.show import console, print_json

    if html is not None:
        report.reserve(html)
    if state is not None:
        from aiops.bootstrap.kept import reserve

        reserve(state)
    with bar() as progress:
        run = report.dry_run(recording, config, other, progress, until, state)
    if html is not None:
        report.write_report(html, run)
    if as_json:
        print_json(report.document(run))
    else:
        timeline.show(run, console(), only_open=open_only)
    if html is not None:
        console(err=True).print(f"report: {html}", style="bold")
    if state is not None:
        console(err=True).print(f"open it with: aiops console --state {state}", style="bold")
