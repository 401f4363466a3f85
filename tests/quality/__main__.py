"""Measure detection and root cause, print them among the peers, write ``build/quality.json`` and, where all
parts were measured, the page ``docs/reference/quality.md``.

``python -m tests.quality [series|multi|rca ...]``. The kit is in ``../shared/eval`` and its data in
``../shared/data``, beside the checkout; without them nothing can be measured, which is told and is status 2.
Thresholds are taken on the kit's ``tune`` split, figures are of ``check``.
"""

import sys

from tests.measure import BUILD, ROOT, Row, write
from tests.quality import page
from tests.quality.kit import EVAL, missing, run, scores
from tests.quality.rows import causes, detection

PARTS = ("series", "multi", "rca")
PAGE = ROOT / "docs" / "reference" / "quality.md"


def measure(part: str) -> list[Row]:
    """The rows of one part; the kit's own tables go to the terminal."""
    if part == "rca":
        run(
            "rca_eval.py",
            "--command",
            f"{sys.executable} -m aiops rootcause {{case}} --json",
            "--name",
            "ours",
        )
        return causes(BUILD / "eval", EVAL / "results")
    scores(part, BUILD / "scores")
    options = ("--scores", str(BUILD / "scores"), "--kind", part, "--against", "--default-threshold", "1")
    run("detect_eval.py", *options, "--name", "ours")
    return detection(part, BUILD / "eval", EVAL / "results")


def main(names: list[str]) -> int:
    """All parts, or those named; 2 for a name that is none and where the kit is absent."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"quality: expected some of {', '.join(PARTS)}, got {', '.join(unknown)}", file=sys.stderr)
        return 2
    if missing():
        print(f"quality: skipped, nothing measured: expected {missing()}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in names or PARTS:
        print(f"quality: {name} ...", file=sys.stderr)
        rows += measure(name)
    write("quality", rows)
    if page.write(PAGE, BUILD / "eval", EVAL / "results", names or PARTS):
        print(f"quality: {PAGE.relative_to(ROOT)} written", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
