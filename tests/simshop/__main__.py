"""Make a recording of a simulated shop from a seed and a list of faults."""

import argparse
import re
import sys
from pathlib import Path

from aiops.errors import AiopsError
from tests.simshop.faults import FAULTS
from tests.simshop.life import HISTORY_DAYS
from tests.simshop.record import record


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, make the recording, say what is in it."""
    given = _parser().parse_args(arguments)
    faults = tuple(name for name in given.faults.split(",") if name)
    try:
        life = record(
            given.output,
            given.seed,
            given.days,
            faults,
            step_s=given.step,
            history_days=given.history,
        )
    except (ValueError, AiopsError) as error:
        print(f"simshop: {error}", file=sys.stderr)
        return 2
    for truth in life.truths:
        minutes = (truth.end_ms - truth.start_ms) / 60_000
        hours = (truth.start_ms - life.clock.start_ms) / 3_600_000
        print(f"{truth.name:16} after {hours:6.2f} h for {minutes:5.0f} min at {truth.target}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.simshop", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="the same seed makes the same bytes")
    parser.add_argument("--days", type=float, default=8.0, help="how long, history included (8)")
    parser.add_argument("--history", type=float, default=HISTORY_DAYS, help="days without faults first (3)")
    parser.add_argument("--faults", default="", help=f"some of {','.join(FAULTS)}; none: a calm life")
    parser.add_argument("--step", type=_seconds, default=60, help="between two samples, such as 15s (1m)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="directory to write")
    return parser


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,4})(s|m)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"expected whole seconds or minutes such as 15s or 1m, got {text!r}")
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


if __name__ == "__main__":
    sys.exit(main())
