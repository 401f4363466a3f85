"""Measure: the one writer of ``build/TARGET.json`` and of the table that every measuring target prints.

A missed goal is a row with ``ok: false`` and no failure of the command: the figure is the result. A command
exits non-zero only where it could not measure.

``rows = [row("found", 0.97, "share", goal=0.95, better="higher")]; write("seeds", rows)``
"""

import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. ``goal`` is None where the figure is for information: such a row is always ok."""

    name: str
    value: float | None  # None: could not be measured; never ok where there is a goal
    unit: str
    goal: float | None
    better: Literal["higher", "lower"]
    ok: bool


def row(
    name: str,
    value: float | None,
    unit: str,
    *,
    goal: float | None = None,
    better: Literal["higher", "lower"] = "lower",
) -> Row:
    """A figure beside its goal; a figure that is missing or not a number misses every goal."""
    known = value is not None and math.isfinite(value)
    ok = goal is None
    if goal is not None and value is not None and known:
        ok = value >= goal if better == "higher" else value <= goal
    return Row(name, value if known else None, unit, goal, better, ok)


def commit() -> str:
    """The commit that was measured, with ``+changes`` where the tree differs from it; "" outside git."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes", "--abbrev=12", "--exclude=*"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip()


def machine() -> str:
    """Processor, cores and Python: what a figure in seconds depends on."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text."""
    lines = [("", "value", "unit", "goal", "ok")]
    for one in rows:
        sign = ">=" if one.better == "higher" else "<="
        goal = "" if one.goal is None else f"{sign} {one.goal:g}"
        verdict = "" if one.goal is None else ("yes" if one.ok else "NO")
        lines.append((one.name, "-" if one.value is None else f"{one.value:.4g}", one.unit, goal, verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    numeric = {1, 3}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numeric else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def write(target: str, rows: Sequence[Row], folder: Path = BUILD) -> Path:
    """Print the table and write ``folder/TARGET.json``; the file is replaced whole."""
    if not rows:
        raise ValueError(f"measure {target}: expected at least one row")
    print(table(rows))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{target}.json"
    document = {"commit": commit(), "machine": machine(), "rows": [asdict(one) for one in rows]}
    path.with_suffix(".tmp").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    path.with_suffix(".tmp").replace(path)
    missed = sum(not one.ok for one in rows)
    print(f"{path}: {len(rows)} rows, {missed} missed", file=sys.stderr)
    return path
