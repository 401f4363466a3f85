"""``python -m tests.chaos [matrix|points|kills ...]``: kill the daemon, count what is lost and doubled, and
write ``build/chaos.json``.

matrix  E1, G1, G3: a kill at each named point of each act, over a real API server; prints points by acts
points  E1: a real process that ends itself at each named point of the engine
kills   G2, G3: 100 times SIGKILL at a random moment under load
audit   G14: every single lie about every one of 10,000 rows of the journal
slack   G10: 100,000 forged, repeated, stale and raced requests to the Slack endpoint

The first three are judged by the audit log of the API server against the journal (G5). Unlike where speed is
measured, a figure that misses its goal fails the command: 0 means 0.
"""

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos import audit, kills, matrix, slack
from tests.chaos.acts import ACTS
from tests.chaos.model import Kind
from tests.chaos.server import Server
from tests.chaos.stage import reach_points
from tests.controlplane.plane import ControlPlane, Options
from tests.measure import Row, row, write

KILLS, SEED = 100, 20260726


def crash_matrix(plane: ControlPlane, folder: Path) -> list[Row]:
    """Every act in every scenario at every point; ``CHAOS_EVERY=n`` takes each n-th."""
    numbers, found = itertools.count(), []
    every = int(os.environ.get("CHAOS_EVERY", "1"))
    with Server(plane, "chaos-matrix") as server:
        for act in ACTS:
            began = time.monotonic()
            each = list(
                server.cells(act, matrix.SCENARIOS, lambda: folder / f"{next(numbers)}.db", every=every)
            )
            found += each
            bad = sum(not one.good for one in each)
            say(f"matrix: {act.name}: {len(each)} kills, {bad} bad, {time.monotonic() - began:.0f} s")
            for path in folder.glob("*.db*"):
                path.unlink()
    print("\n".join(matrix.table(found)))
    for cell in (one for one in found if not one.good):
        print(f"BAD {cell}")
    told = matrix.figures(found)
    busy = told["kills in flight"] / max(1, told["kills"])
    return [
        row("matrix: points", told["points"], "points", goal=matrix.LEAST_POINTS, better="higher"),
        row("matrix: acts", told["acts"], "acts", goal=7, better="higher"),
        row("matrix: points x acts", told["combinations"], "combinations"),
        row("matrix: kills", told["kills"], "kills", goal=len(found), better="higher"),
        row("matrix: kills in flight", busy, "share", goal=matrix.LEAST_BUSY, better="higher"),
        row("matrix: lost", told["lost"], "decisions", goal=0),
        row("matrix: doubled", told["doubled"], "actions", goal=0),
        row("matrix: other findings", told["other findings"], "findings", goal=0),
        row("matrix: bad cells", told["bad cells"], "cells", goal=0),
    ]


def random_kills(plane: ControlPlane, folder: Path) -> list[Row]:
    """A hundred kills; ``CHAOS_KILLS`` changes the number, ``CHAOS_SEED`` the seed."""
    count = int(os.environ.get("CHAOS_KILLS", str(KILLS)))
    seed = int(os.environ.get("CHAOS_SEED", str(SEED)))
    report = kills.run(plane, folder / "kills", count, seed, lambda text: say(f"kills: {text}"))
    for one in report.findings:
        print(f"BAD {one}")
    other = len(report.findings) - report.count(Kind.LOST) - report.count(Kind.DOUBLED)
    busy = report.busy / max(1, report.kills)
    return [
        row("kills: SIGKILL", report.kills, "kills", goal=count, better="higher"),
        row("kills: in flight", busy, "share", goal=kills.LEAST_BUSY, better="higher"),
        row("kills: while a write was carried out", report.acting / max(1, report.kills), "share"),
        row("kills: intents", report.rate, "a minute", goal=kills.LEAST_A_MINUTE, better="higher"),
        row("kills: effects", report.effects, "writes"),
        row("kills: lost", report.count(Kind.LOST), "decisions", goal=0),
        row("kills: doubled", report.count(Kind.DOUBLED), "actions", goal=0),
        row("kills: other findings", other, "findings", goal=0),
        row("kills: breaks in the journal's chain", float(bool(report.chain)), "breaks", goal=0),
    ]


def named_points(plane: ControlPlane, folder: Path) -> list[Row]:
    """What can be looked for only after a write that nobody heard of comes behind ``carry.sent``."""
    names = sorted(reach_points() - {"carry.looked"})
    names.insert(names.index("carry.sent") + 1, "carry.looked")
    report, missed = kills.at_points(plane, folder / "points", names, lambda text: say(f"points: {text}"))
    for one in report.findings:
        print(f"BAD {one}")
    other = len(report.findings) - report.count(Kind.LOST) - report.count(Kind.DOUBLED)
    return [
        row("points: of a real process", report.kills, "points", goal=len(names), better="higher"),
        row("points: never reached", len(missed), "points", goal=0),
        row("points: lost", report.count(Kind.LOST), "decisions", goal=0),
        row("points: doubled", report.count(Kind.DOUBLED), "actions", goal=0),
        row("points: other findings", other, "findings", goal=0),
    ]


PARTS = {"matrix": crash_matrix, "points": named_points, "kills": random_kills}
ALONE = {"audit": audit.rows, "slack": slack.rows}  # parts that need no cluster


def say(text: str) -> None:
    """Progress, beside the result."""
    print(f"chaos: {text}", file=sys.stderr, flush=True)


def main(names: list[str]) -> int:
    """All parts, or those named; 1 where a figure misses its goal, 2 for a name that is none."""
    every = [*PARTS, *ALONE]
    unknown = [name for name in names if name not in every]
    if unknown:
        print(f"chaos: expected some of {', '.join(every)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="aiops-chaos-", dir=fast_folder()) as made:
        folder = Path(made)
        for name in (one for one in names or every if one in ALONE):
            found += ALONE[name](_place(folder, name))
        if acting := [one for one in names or every if one in PARTS]:
            with ControlPlane(folder / "plane", Options(state_metrics=False)) as plane:
                for name in acting:
                    found += PARTS[name](plane, _place(folder, name))
    write("chaos", found)
    return 0 if all(one.ok for one in found) else 1


def _place(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir()
    return place


def fast_folder() -> str | None:
    """Memory for the journals of thousands of runs, where there is some; each append is an fsync."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder made there has a name of its own
    return str(memory) if os.access(memory, os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
