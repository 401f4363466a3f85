"""From the kit's results to rows: our figures, and as goals those of the peers that must be beaten.

A goal is a peer's figure on the same split, read from the kit; ``ok`` needs as much or more.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.measure import Row, row

BEATEN = {"series": ("zscore-1d", "random"), "multi": ("zmax-1d", "random"), "rca": ("max-z", "random")}


def read(folder: Path, kind: str, name: str) -> dict[str, Any]:
    """One result file of the kit."""
    found: dict[str, Any] = json.loads((folder / f"{kind}-{name}.json").read_text())
    return found


def best(peers: Path, kind: str, *path: str) -> float:
    """The highest figure at ``path`` of the peers that must be beaten."""

    def at(value: Any, keys: Sequence[str]) -> float:
        return float(value) if not keys else at(value[keys[0]], keys[1:])

    return max(at(read(peers, kind, name)["splits"], path) for name in BEATEN[kind])


def detection(kind: str, ours: Path, peers: Path) -> list[Row]:
    """Figures of ``check`` at the threshold of ``tune``, and as the product ships."""
    found = read(ours, kind, "ours")["splits"]["check"]
    at, ships = found["fa0.5"], found["default"]
    per = "per 1000 points"
    return [
        row(
            f"{kind}: recall at 0.5 false alarms {per}",
            at["recall"],
            "share of events",
            goal=best(peers, kind, "check", "fa0.5", "recall"),
            better="higher",
        ),
        row(f"{kind}: false alarms really paid for it", at["fa_per_1000"], per),
        row(f"{kind}: delay", at["delay_minutes"], "min"),
        row(
            f"{kind}: VUS-PR", found["vus_pr"], "", goal=best(peers, kind, "check", "vus_pr"), better="higher"
        ),
        row(f"{kind}: recall as it ships", ships["recall"], "share of events", better="higher"),
        row(f"{kind}: false alarms as it ships", ships["fa_per_1000"], per),
        row(f"{kind}: precision as it ships", ships["precision"], "share of alerts", better="higher"),
    ]


def causes(ours: Path, peers: Path) -> list[Row]:
    """Figures of the ranking, with the alarm at once and late."""
    found = read(ours, "rca", "ours")["splits"]["shared"]
    goal = best(peers, "rca", "shared", "macro", "avg5")
    late = best(peers, "rca", "shared", "late", "macro", "avg5")
    macro = found["macro"]
    failed = sum(one["error"] is not None for one in found["cases"])
    return [
        row("rca: Avg@5", macro["avg5"], "share of cases", goal=goal, better="higher"),
        row(
            "rca: Avg@5, late alarm",
            found["late"]["macro"]["avg5"],
            "share of cases",
            goal=late,
            better="higher",
        ),
        row("rca: AC@1", macro["ac1"], "share of cases", better="higher"),
        row("rca: chance of Avg@5", macro["chance_avg5"], "share of cases", better="higher"),
        row("rca: cases that failed", failed, "cases", goal=0),
    ]
