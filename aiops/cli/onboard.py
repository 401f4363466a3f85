"""``aiops onboard``: look at a Prometheus and write the signals and mapping that fit it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli.show import console, plain, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from aiops.bootstrap.onboard import Report, Row

FILE = click.Path(dir_okay=False)


@click.command()
@click.option("--prometheus", "url", metavar="URL", required=True, help="Where Prometheus is.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("aiops-config"),
    show_default=True,
    help="Folder to write; empty or not there yet.",
)
@click.option("--cluster", metavar="NAME", help="Which cluster is meant, where the server holds several.")
@click.option("--cluster-label", metavar="LABEL", help="The label that tells clusters apart.")
@click.option("--tenant", default="", help="Sent as X-Scope-OrgID.")
@click.option("--bearer-token-file", type=FILE, default="", help="File that holds a token.")
@click.option("--basic-user", default="", help="User of basic authentication.")
@click.option("--basic-password-file", type=FILE, default="", help="File that holds its password.")
@click.option("--ca-file", type=FILE, default="", help="Authority that signed the server's certificate.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(  # noqa: PLR0917 - click passes them by name
    url: str,
    output: Path,
    cluster: str | None,
    cluster_label: str | None,
    tenant: str,
    bearer_token_file: str,
    basic_user: str,
    basic_password_file: str,
    ca_file: str,
    as_json: bool,
) -> None:
    """Look at a Prometheus, and write a configuration folder that fits it.

    Finds out how labels are called there, which client libraries' names there are, which recording rules
    stand in for raw series that are gone, how often is scraped and which clusters there are; says what will
    be seen, how soon at best, and what cannot be seen and why. Nothing is guessed, nothing there is changed.
    Exit code 1 if no signal can be seen, 2 where only you can decide, 3 if the server does not answer.

    \b
    Example: aiops onboard --prometheus http://127.0.0.1:9090 -o ./my-config
    """
    from aiops.bootstrap.onboard import Options, onboard
    from aiops.cli.progress import bar
    from aiops.errors import InputError
    from aiops.model.prometheus import PrometheusSettings
    from aiops.model.wire import to_json

    try:
        settings = PrometheusSettings(
            url=url,
            tenant=tenant,
            bearer_token_file=bearer_token_file,
            basic_user=basic_user,
            basic_password_file=basic_password_file,
            ca_file=ca_file,
        )
    except ValueError as error:
        name, _, text = str(error).partition(": ")
        option = "prometheus" if name == "url" else name.replace("_", "-")
        raise InputError(
            f"--{option}: {text.replace('basic_password_file', '--basic-password-file')}"
        ) from error
    with bar() as progress:
        report = onboard(Options(settings, output, cluster_label, cluster), progress)
    if as_json:
        print_json(to_json(report))
    else:
        out = console()
        if not out.is_terminal:
            out.width = 200
        _show(report, out)
    if not report.folder:
        click.echo("no signal can be seen on this server: nothing was written", err=True)
        raise SystemExit(1)
    click.echo(f"wrote {report.folder}; next: aiops signals check --config {report.folder}", err=True)


def _show(report: "Report", out: "Console") -> None:
    out.print(_head(report))
    seen = [row for row in report.rows if not row.missing]
    if seen:
        out.print(_table(seen))
    missing = [row for row in report.rows if row.missing]
    if missing:
        out.print("\nCannot be seen (switched off in aiops.yaml):")
        for row in missing:
            out.print(f"  {row.signal}: {plain(row.missing)}")
    out.print(f"\n{_tail(report)}")


def _head(report: "Report") -> str:
    lines = [f"{report.url}: {report.metrics} metrics, {report.targets} targets, {report.targets_down} down"]
    others = f"; not ours: {', '.join(report.other_clusters)}" if report.other_clusters else ""
    lines.append(f"cluster {report.cluster or '(unnamed)'}: {report.cluster_why}{others}")
    if report.exported_labels:
        lines.append(f"scraped without honor_labels: {', '.join(report.exported_labels)}")
    lines.append(f"a tick each {report.step_s} s, as most targets are scraped")
    lines += [f"the server does not tell its {what}" for what in report.unknown]
    return "\n".join(plain(one) for one in lines) + "\n"


def _table(rows: "list[Row]") -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("signal", "series", "targets", "workloads", "at best", "how"):
        table.add_column(name, justify="left" if name in ("signal", "how") else "right")
    for row in rows:
        notes = [*row.notes, *([] if row.series or "now" in " ".join(row.notes) else ["no series now"])]
        left_out = [f"{count} series left out: {reason}" for reason, count in row.unmapped.items()]
        table.add_row(
            row.signal,
            str(row.series),
            str(row.targets),
            str(row.workloads),
            f"{row.fastest_s:g} s",
            plain("; ".join([*notes, *left_out]) or "as shipped"),
        )
    return table


def _tail(report: "Report") -> str:
    lines = [f"{report.covered} of {report.workloads} workloads are seen by a signal"]
    if report.uncovered:
        lines.append(f"not seen: {', '.join(report.uncovered)}")
    lines += [f"recorded {name} stands in for {raw}" for name, raw in report.stands_in.items()]
    for tool, count in report.managers.items():
        lines.append(f"{count} Deployments belong to {tool}")
    lines.append(f"{report.alerts} alerting rules, {report.runbooks} of them with a runbook")
    if report.firing:
        lines.append("firing now: " + ", ".join(f"{name} ({n})" for name, n in report.firing.items()))
    return "\n".join(plain(one) for one in lines)
