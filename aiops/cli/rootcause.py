"""``aiops rootcause``: rank the services of a recorded fault case."""

from pathlib import Path

import click

from aiops.cli.show import console, plain, print_json

SHOWN = 10


@click.command()
@click.argument("case_dir", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output: every candidate.")
def command(case_dir: Path, as_json: bool) -> None:
    """Rank the services of CASE_DIR, most likely cause first, with the evidence.

    CASE_DIR holds data.csv.gz (or data.csv) with columns time,SERVICE_METRIC,... or time,COMPONENT|METRIC,...
    and meta.json with inject_time (unix seconds), candidates and, where known, call_graph and target (the
    column that raised the alarm).

    \b
    Example: aiops rootcause cases/checkout-2026-03-01
    """
    from aiops.bootstrap.rootcause import rank_case

    ranked = rank_case(case_dir)
    verdict = "known" if ranked.known else "unknown"
    if as_json:
        suspects = [
            {
                "service": one.target.name,
                "confidence": round(one.confidence, 4),
                "evidence": [reason.what for reason in one.evidence],
            }
            for one in ranked.suspects
        ]
        print_json({"case": ranked.case, "verdict": verdict, "suspects": suspects})
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("", "service", "confidence", "evidence"):
        table.add_column(name)
    for number, one in enumerate(ranked.suspects[:SHOWN], 1):
        reasons = plain("\n".join(reason.what for reason in one.evidence[:3]).replace("\n", " · "))
        table.add_row(str(number), Text(plain(one.target.name)), f"{one.confidence:.0%}", Text(reasons))
    console().print(table)
    more = len(ranked.suspects) - SHOWN
    note = f"verdict: {verdict}" + (f"; {more} more candidates (--json)" if more > 0 else "")
    console(err=True).print(note)
