"""``aiops record``: make a recording, from a live Prometheus or from files that people have."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiops.cli.show import console, plain
from aiops.cli.times import DURATION, MOMENT

if TYPE_CHECKING:
    from aiops.bootstrap.record import Summary

SOURCES = ("--prometheus", "--from-csv", "--from-json", "--from-openmetrics")
LIVE_ONLY = ("since", "until", "step", "config", "signals", "kubeconfig", "context", "name")


@click.command()
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Directory to write.")
@click.option("--prometheus", "url", help="Record this Prometheus (Thanos, Mimir, VictoriaMetrics).")
@click.option("--since", type=DURATION, default="14d", show_default=True, help="How far back from --until.")
@click.option("--until", type=MOMENT, help="Where it ends; default: now.")
@click.option("--step", type=DURATION, default="1m", show_default=True, help="Distance of two samples.")
@click.option("--config", type=click.Path(path_type=Path), help="Configuration folder: signals, matchers.")
@click.option("--signal", "signals", multiple=True, help="Only this signal; may be repeated.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Add objects and events as they are now.")
@click.option("--context", default="", help="Context of the kubeconfig; default: its current one.")
@click.option("--name", default="", help="What to call it; default: the name of the directory.")
@click.option("--restart", is_flag=True, help="Throw away what is there instead of going on with it.")
@click.option("--from-csv", type=click.Path(path_type=Path), help="A CSV file, a fault case, or a folder.")
@click.option(
    "--from-json",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A reply of query_range; may be repeated.",
)
@click.option("--from-openmetrics", type=click.Path(path_type=Path), help="OpenMetrics text with timestamps.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Make a recording: a directory that `aiops dry-run` replays.

    From a live Prometheus it is fetched chunk by chunk; stopped at any time, the same command goes on where
    it was. What the cluster was like then is rebuilt from the history of kube-state-metrics.

    \b
    Examples:
      aiops record --prometheus http://localhost:9090 --since 14d --step 1m -o shop
      aiops record --from-csv data/nab/realTweets -o tweets
      aiops record --from-json latency.json --from-json errors.json -o exported
    """
    given = [name for name, value in zip(SOURCES, _sources(options), strict=True) if value]
    if len(given) != 1:
        got = " and ".join(given) or "none of them"
        raise click.UsageError(f"expected one of {', '.join(SOURCES)}, got {got}")
    unused = [] if options["url"] else [name for name in LIVE_ONLY if _given(ctx, name)]
    if unused:
        names = " and ".join(
            f"--{name.removesuffix('s')}" if name == "signals" else f"--{name}" for name in unused
        )
        raise click.UsageError(f"expected {names} with --prometheus only, got {given[0]}")
    _told(_live(options) if options["url"] else _imported(options))


def _given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _sources(options: dict[str, Any]) -> tuple[Any, ...]:
    return options["url"], options["from_csv"], options["from_json"], options["from_openmetrics"]


def _imported(options: dict[str, Any]) -> "Summary":
    from aiops.bootstrap import record

    record.take_place(options["output"], restart=options["restart"])
    if options["from_csv"]:
        return record.import_csv(options["from_csv"], options["output"])
    if options["from_json"]:
        return record.import_json(options["from_json"], options["output"])
    return record.import_openmetrics(options["from_openmetrics"], options["output"])


def _live(options: dict[str, Any]) -> "Summary":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from aiops.bootstrap.record_live import Options, record_live

    wanted = Options(
        prometheus=options["url"],
        output=options["output"],
        since_ms=options["since"],
        step_ms=options["step"],
        until_ms=options["until"],
        config_dir=options["config"],
        signals=options["signals"],
        kubeconfig=options["kubeconfig"],
        context=options["context"],
        name=options["name"],
        restart=options["restart"],
    )
    err = console(err=True)
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task("asking", total=None)

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=plain(what))

        try:
            return record_live(wanted, progress)
        except KeyboardInterrupt:
            err.print("stopped; what was fetched is kept, and the same command goes on")
            raise click.exceptions.Exit(130) from None


def _told(summary: "Summary") -> None:
    err = console(err=True)
    for warning in summary.warnings[:20]:
        err.print(f"note: {plain(warning)}", style="yellow", markup=False)
    if len(summary.warnings) > 20:
        err.print(
            f"note: and {len(summary.warnings) - 20} more (warnings: in recording.yaml)", style="yellow"
        )
    click.echo(
        f"{summary.path}: {summary.signals} signals, {summary.series} series, {summary.samples} samples, "
        f"{summary.facts} facts, {summary.incidents} true incidents"
    )
