"""``aiops signals``: list the signals; check which of them return data."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli.show import console, plain, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from aiops.bootstrap.signals import Checked

CONFIG = click.option("--config", "config_dir", type=click.Path(path_type=Path), help="Configuration folder.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
STYLES = {"data": "green", "empty": "dim", "unmapped": "yellow", "error": "red"}


def wide() -> "Console":
    """A console on standard output that does not squeeze tables for a pipe."""
    out = console()
    if not out.is_terminal:
        out.width = 200
    return out


@click.group()
def command() -> None:
    """List the signals of the configuration; check which of them return data."""


@command.command("list")
@CONFIG
@JSON
def list_(config_dir: Path | None, as_json: bool) -> None:
    """List the signals that are switched on.

    Example: aiops signals list
    """
    from aiops.bootstrap.config import load_settings
    from aiops.model.wire import to_json

    signals = load_settings(config_dir).signals
    if as_json:
        print_json([to_json(signal) for signal in signals])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in ("pack", "signal", "role", "unit", "target", "detectors", "what it is"):
        table.add_column(name)
    for one in signals:
        kind = one.target.kind if not one.target.kind_label else f"by {one.target.kind_label}"
        cells = (one.pack, one.name, one.role, one.unit, kind, ", ".join(one.detectors), one.summary)
        table.add_row(*(plain(cell) for cell in cells))
    wide().print(table)


@command.command()
@click.option("--prometheus", metavar="URL", help="Where Prometheus is; over the configuration.")
@CONFIG
@JSON
def check(prometheus: str | None, config_dir: Path | None, as_json: bool) -> None:
    """Ask a Prometheus for every signal, and say what came: series, targets, cost, and what is left out.

    A condition (crash looping and the like) is empty while nothing is in it. Exit code 1 if no signal
    returns data, 3 if the server does not answer.

    \b
    Example: aiops signals check --prometheus http://127.0.0.1:9090
    """
    import time

    from aiops.bootstrap import signals
    from aiops.bootstrap.config import load_settings
    from aiops.cli.progress import bar
    from aiops.model.wire import to_json

    settings = load_settings(config_dir)
    asked = signals.settings_of(settings.prometheus, prometheus)
    at_ms = int(time.time() * 1000)
    with bar() as progress, signals.opened(asked) as source:
        found = signals.check(source, settings.signals, at_ms, asked.cluster_matchers, progress)
    if as_json:
        print_json([{**to_json(one), "says": one.says} for one in found])
    else:
        _show(found)
    for text in signals.over(found, asked.budget):
        click.echo(text, err=True)
    if not any(one.says == "data" for one in found):
        click.echo(f"no signal returns data from {asked.url}: try aiops onboard", err=True)
        raise SystemExit(1)


def _show(found: "tuple[Checked, ...]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, justify in _COLUMNS:
        table.add_column(name, justify="right" if justify else "left")
    for one in found:
        table.add_row(
            plain(one.signal),
            Text(one.says, STYLES[one.says]),
            str(one.series),
            str(one.targets),
            str(sum(one.unmapped.values())),
            f"{one.samples:,}",
            f"{one.seconds:.3f}",
            str(one.rejected),
            plain("; ".join(_notes(one))),
        )
    wide().print(table)


_COLUMNS = (
    ("signal", False),
    ("says", False),
    ("series", True),
    ("targets", True),
    ("unmapped", True),
    ("samples", True),
    ("seconds", True),
    ("rejected", True),
    ("why", False),
)


def _notes(one: "Checked") -> list[str]:
    notes = [one.error] if one.error else []
    for reason, count in one.unmapped.items():
        labels = ", ".join(f"{label}={value}" for label, value in one.examples.get(reason, {}).items())
        notes.append(f"{count} series: {reason} (such as {{{labels}}})")
    notes += [f"the server warns: {text}" for text in one.warnings]
    return notes + (["the answer is partial"] if one.partial else [])
