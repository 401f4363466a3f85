"""Run the seeds on all cores, show progress, write ``build/seeds.json``.

A seed that was run with the same code and configuration is not run again (``build/seeds/``), so a run that
was stopped goes on where it was. 20 seeds take about five minutes on two cores.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from aiops.model.wire import canonical, from_json, to_json
from tests.measure import BUILD, ROOT, write
from tests.seeds.one import Outcome, run
from tests.seeds.table import details, line, rows

ACCEPTANCE = "1-20"
SOURCES = ("aiops", "detectors", "remediations", "config", "tests/simshop", "tests/seeds")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run what is missing, print the table."""
    parser = argparse.ArgumentParser("python -m tests.seeds", description=__doc__)
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of(ACCEPTANCE), help="such as 1000-1019,7")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="directory that keeps the recordings")
    parser.add_argument("--brief", action="store_true", help="one line a seed, without what went wrong")
    parser.add_argument("--name", default="seeds", help="of the file in build/")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    outcomes = []
    for number, outcome in enumerate(outcomes_of(given.seeds, given.processes, given.keep), 1):
        outcomes.append(outcome)
        print(f"[{number}/{len(given.seeds)}] {line(outcome)}", flush=True)
        for told in () if given.brief else details(outcome):
            print(told, flush=True)
    outcomes.sort(key=lambda one: one.seed)
    print(f"{len(outcomes)} seeds in {time.monotonic() - began:.0f} s")
    write(given.name, rows(outcomes))
    return 0


def seeds_of(text: str) -> tuple[int, ...]:
    """``1-3,7`` as numbers."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.partition("-")
        try:
            seeds |= dict.fromkeys(range(int(first), int(last if dash else first) + 1))
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected seeds such as 1000-1019,7, got {text!r}") from None
    if not seeds:
        raise argparse.ArgumentTypeError(f"expected at least one seed, got {text!r}")
    return tuple(seeds)


def outcomes_of(seeds: Sequence[int], processes: int, keep: Path | None) -> Iterator[Outcome]:
    """The outcome of every seed, as they come; those that are known first."""
    folder = BUILD / "seeds" / code()
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for seed in seeds:
        known = folder / f"{seed}.json"
        if known.exists() and keep is None:
            yield from_json(Outcome, json.loads(known.read_bytes()))
        else:
            missing.append(seed)
    if not missing:
        return
    with ProcessPoolExecutor(max(1, min(processes, len(missing)))) as pool:
        for future in as_completed([pool.submit(run, seed, keep=keep) for seed in missing]):
            outcome = future.result()
            part = folder / f"{outcome.seed}.part"
            part.write_bytes(canonical(to_json(outcome)))
            part.replace(folder / f"{outcome.seed}.json")
            yield outcome


def code() -> str:
    """A digest of everything that an outcome depends on."""
    digest = hashlib.sha256()
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*")):
            if path.suffix in (".py", ".yaml"):
                digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
