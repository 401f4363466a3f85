"""The evaluation kit: where it is, and how it is run. Everything ours goes through the command line."""

import subprocess
import sys
from pathlib import Path

from tests.measure import BUILD, ROOT

SHARED = ROOT.parent / "shared"
EVAL, DATA = SHARED / "eval", SHARED / "data"
FAMILIES = {
    "series": ("nab", "cloudmon", "smd-uni", "asd-uni", "nezha-uni"),
    "multi": ("smd", "asd", "jumpstarter", "nezha"),
}
AT_ONCE = 2  # processes
LONGEST_S = 1800


def missing() -> str:
    """What is not there, in words; "" where all of it is."""
    wanted = [
        EVAL / "detect_eval.py",
        EVAL / "rca_eval.py",
        *(DATA / one for one in sum(FAMILIES.values(), ())),
    ]
    absent = [path.relative_to(ROOT.parent) for path in wanted if not path.exists()]
    return ", ".join(f"../{path}" for path in absent)


def aiops(*arguments: str) -> list[str]:
    """The command line of ``aiops`` in this interpreter's environment."""
    return [sys.executable, "-m", "aiops", *arguments]


def scores(kind: str, output: Path) -> None:
    """Score every family of ``kind`` with the default stack; CalledProcessError where one cannot be."""
    waiting = list(FAMILIES[kind])
    running: list[subprocess.Popen[bytes]] = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            family = waiting.pop(0)
            options = ("--kind", kind, "--input", str(DATA / family), "--output", str(output / family))
            running.append(subprocess.Popen(aiops("backtest", "--detector", "default", *options), cwd=ROOT))
        done = running.pop(0)
        if done.wait(LONGEST_S):
            raise subprocess.CalledProcessError(done.returncode, done.args)


def run(script: str, *arguments: str) -> None:
    """Run a script of the kit; its tables are printed, its results written below ``build/eval``."""
    command = [sys.executable, str(EVAL / script), *arguments, "--out", str(BUILD / "eval")]
    subprocess.run(command, cwd=ROOT, check=True, timeout=LONGEST_S)
