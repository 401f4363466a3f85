"""From the kit's results to rows: our figures beside what is aimed at.

A goal is a fixed aim of the project; the best peer's figure is a row of its own. The page shows all peers.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.measure import Row, row

AIMS = {  # recall at 0.5 and at 0.1 false alarms per 1000 points, VUS-PR
    "series": (0.80, 0.55, 0.55),
    "multi": (0.50, None, 0.42),
}
SHIPS = {"series": (0.65, 0.5), "multi": (None, None)}  # recall, and at most so many false alarms
NAB = 75.0  # of all 58 files of that benchmark; the kit scores half of those that are here
AVG5, AC1, LATE, RIGHT, UNKNOWN = 0.70, 0.50, 0.05, 0.75, 0.5


def read(folder: Path, kind: str, name: str) -> dict[str, Any]:
    """One result file of the kit."""
    found: dict[str, Any] = json.loads((folder / f"{kind}-{name}.json").read_text())
    return found


def best(peers: Path, kind: str, *path: str) -> float:
    """The highest figure at ``path`` of all peers."""

    def at(value: Any, keys: Sequence[str]) -> float:
        return float(value) if not keys else at(value[keys[0]], keys[1:])

    names = [one.stem.removeprefix(f"{kind}-") for one in peers.glob(f"{kind}-*.json")]
    return max(at(read(peers, kind, name)["splits"], path) for name in names)


def detection(kind: str, ours: Path, peers: Path) -> list[Row]:
    """Figures of ``check`` at the threshold of ``tune``, and as the product ships."""
    found = read(ours, kind, "ours")["splits"]["check"]
    at, few, ships = found["fa0.5"], found["fa0.1"], found["default"]
    per, share = "per 1000 points", "share of events"
    recall, at_01, vus = AIMS[kind]
    least, most = SHIPS[kind]
    up: Any = {"better": "higher"}
    score = found.get("nab_standard")  # of single series only
    nab = [] if score is None else [row(f"{kind}: NAB, standard profile", score, "of 100", goal=NAB, **up)]
    return [
        row(f"{kind}: recall at 0.5 false alarms {per}", at["recall"], share, goal=recall, **up),
        row(f"{kind}: false alarms really paid for it", at["fa_per_1000"], per, goal=0.5),
        row(f"{kind}: the best peer's recall", best(peers, kind, "check", "fa0.5", "recall"), share),
        row(f"{kind}: recall at 0.1", few["recall"], share, goal=at_01, **up),
        row(f"{kind}: false alarms really paid for that", few["fa_per_1000"], per),
        row(f"{kind}: delay", at["delay_minutes"], "min"),
        row(f"{kind}: VUS-PR", found["vus_pr"], "", goal=vus, **up),
        row(f"{kind}: the best peer's VUS-PR", best(peers, kind, "check", "vus_pr"), ""),
        row(f"{kind}: recall as it ships", ships["recall"], share, goal=least, **up),
        row(f"{kind}: false alarms as it ships", ships["fa_per_1000"], per, goal=most),
        row(f"{kind}: precision as it ships", ships["precision"], "share of alerts", **up),
        *nab,
    ]


def causes(ours: Path, peers: Path) -> list[Row]:
    """Figures of the ranking, with the alarm at once and late, and of the verdict beside it."""
    found = read(ours, "rca", "ours")["splits"]["shared"]
    macro, late = found["macro"], found["late"]["macro"]
    failed = sum(one["error"] is not None for one in found["cases"])
    known = [one["rank"] == 1 for one in found["cases"] if one["verdict"] == "known"]
    share, up = "share of cases", {"better": "higher"}
    given: Any = up
    return [
        row("rca: Avg@5", macro["avg5"], share, goal=AVG5, **given),
        row("rca: the best peer's Avg@5", best(peers, "rca", "shared", "macro", "avg5"), share),
        row("rca: Avg@5, lost with a late alarm", macro["avg5"] - late["avg5"], share, goal=LATE),
        row("rca: AC@1", macro["ac1"], share, goal=AC1, **given),
        row("rca: called known, right at rank 1", _share(known), "share of those", goal=RIGHT, **given),
        row("rca: called unknown", 1 - len(known) / len(found["cases"]), share, goal=UNKNOWN),
        row("rca: chance of Avg@5", macro["chance_avg5"], share, **given),
        row("rca: cases that failed", failed, "cases", goal=0),
    ]


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None
