"""``aiops backtest``: score a tree of CSV series with one detector, causally."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--detector",
    "detector",
    default="default",
    show_default=True,
    help="Entry-point name, or the default stack.",
)
@click.option(
    "--input",
    "source",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="A CSV file or a tree of them.",
)
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="Where the same tree is written."
)
@click.option(
    "--kind",
    type=click.Choice(["series", "multi"]),
    default="series",
    show_default=True,
    help="One series a file, or a metric a column.",
)
@click.option("--timezone", default="UTC", show_default=True, help="Whose days the seasons follow.")
@click.option(
    "--history-rows",
    type=click.IntRange(min=0),
    default=None,
    help="Rows to learn from before judging; default: the first 15 % of each file.",
)
def command(
    detector: str, source: Path, output: Path, kind: str, timezone: str, history_rows: int | None
) -> None:
    """Score every CSV file below --input and write `timestamp,score` to the same path below --output.

    A file has the columns `timestamp,value` (unix seconds; empty: missing), or with `--kind multi` a column
    a metric; a column `label` is ignored. Each row is judged by the rows before it; a score of 1 or more is
    what the daemon would call an anomaly, an empty score is "cannot tell" (and the history).

    \b
    Example: aiops backtest --detector default --input data/nab --output scores/nab
    """
    from rich.console import Console
    from rich.progress import track

    from aiops.bootstrap import backtest

    task = backtest.Backtest(detector, backtest.Kind(kind), timezone, history_rows)
    files = backtest.find(source)
    console = Console(stderr=True)
    steps = backtest.run(source, output, task)
    for _ in track(steps, "scoring", len(files), console=console, disable=not console.is_terminal):
        pass
    click.echo(f"{len(files)} files scored into {output}", err=True)
