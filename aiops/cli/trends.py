"""``aiops trends``: change points, steady growth, and the bottleneck of each service."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiops.cli.show import clock, console, plain, print_json
from aiops.cli.times import DURATION
from aiops.core.words import minute, percent, quantity, span

if TYPE_CHECKING:
    from aiops.core.trends import Bottleneck, Growth, Trends

DAY_MS = 86_400_000


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Without RECORDING: the configuration that names the Prometheus; default: the shipped one.",
)
@click.option("--since", type=DURATION, help="Only the last 12h, 7d ... of it; default: all, live 14d.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
def command(recording: Path | None, config: Path | None, since: int | None, as_json: bool) -> None:
    """Show where levels moved and stayed, what grows steadily, and what each slow service waits for.

    Of RECORDING, or without one of what the configured Prometheus holds.

    \b
    Examples: aiops trends tests/recordings/shop
              aiops trends --config /etc/aiops --since 7d
    """
    from aiops.bootstrap import trends

    found = (
        trends.of_prometheus(config, since) if recording is None else trends.of_recording(recording, since)
    )
    if as_json:
        print_json(_document(found))
    else:
        _show(found)


def _document(found: "Trends") -> dict[str, object]:
    def plain_values(items: Iterable[object]) -> list[dict[str, object]]:
        rows = [asdict(one) for one in items]  # type: ignore[call-overload]  # all are dataclasses
        for row, one in zip(rows, items, strict=True):
            for key in ("target", "callee"):
                if key in row:
                    value = getattr(one, key)
                    row[key] = None if value is None else str(value)
        return rows

    return {
        "start_ms": found.start_ms,
        "end_ms": found.end_ms,
        "series": found.series,
        "skipped": found.skipped,
        "change_points": plain_values(found.shifts),
        "growth": plain_values(found.growths),
        "bottlenecks": plain_values(found.bottlenecks),
    }


def _show(found: "Trends") -> None:
    changes = [
        (
            minute(one.at_ms),
            str(one.target),
            one.signal,
            quantity(one.before, one.unit),
            quantity(one.after, one.unit),
        )
        for one in found.shifts
    ]
    _table("Levels that moved and stayed", ("since (UTC)", "target", "signal", "before", "after"), changes)
    growing = [
        (str(one.target), one.signal, quantity(one.level, one.unit), _pace(one), _left(one))
        for one in found.growths
    ]
    _table("Steady growth", ("target", "signal", "now", "a day", "reaches its limit in"), growing)
    waiting = [
        (
            str(one.target),
            one.signal,
            quantity(one.usual, one.unit),
            quantity(one.slow, one.unit),
            _cause(one),
        )
        for one in found.bottlenecks
    ]
    _table("Services that are slow at times", ("service", "signal", "usual", "slow", "because"), waiting)
    console(err=True).print(
        f"{found.series} series from {clock(found.start_ms)} to {clock(found.end_ms)} UTC"
        + (f"; {found.skipped} with too few samples to tell" if found.skipped else "")
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    out.print(Text(title, style="bold"))
    if not rows:
        out.print("  none\n")
        return
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    out.print(table)
    out.print()


def _pace(one: "Growth") -> str:
    low, middle, high = (quantity(value, one.unit) for value in (one.low, one.per_day, one.high))
    return f"{middle} ({low} to {high})"


def _left(one: "Growth") -> str:
    if one.days_left is None or one.days_left_least is None:
        return "-"
    most = "never" if one.days_left_most is None else span(one.days_left_most * DAY_MS)
    return f"{span(one.days_left * DAY_MS)} ({span(one.days_left_least * DAY_MS)} to {most})"


def _cause(one: "Bottleneck") -> str:
    if one.cause == "callee":
        return f"waits for {one.callee}, which explains {percent(one.share)} of it"
    if one.cause == "resource":
        return f"{one.resource} at {percent(one.share)} of its limit"
    return "nothing measured explains it"
