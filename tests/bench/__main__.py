"""``python -m tests.bench [PART ...]``: measure, print the table, write ``build/bench.json``."""

import sys
import tempfile
from pathlib import Path

from tests.bench import answers, audit, cluster, console, forests, guards, replay, start, tick
from tests.measure import write

PARTS = {
    "answers": answers.rows,
    "start": start.rows,
    "guards": guards.rows,
    "audit": audit.rows,
    "replay": replay.rows,
    "tick": tick.rows,
    "forests": forests.rows,
    "cluster": cluster.rows,
    "console": console.rows,
}


def main(names: list[str]) -> int:
    """All parts, or those named; 2 for a name that is none."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"bench: expected some of {', '.join(PARTS)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    found = []
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        for name in names or PARTS:
            print(f"bench: {name} ...", file=sys.stderr)
            place = Path(folder) / name
            place.mkdir()
            found += PARTS[name](place)
    write("bench", found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
