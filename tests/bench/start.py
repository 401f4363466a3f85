"""Start: ``aiops --help`` must be instant, and load nothing heavy."""

import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.processes import BIN, spend
from tests.measure import Row, row

HEAVY = ("numpy", "pandas", "sklearn", "statsmodels", "matplotlib", "kubernetes", "prometheus_api_client")


def rows(folder: Path) -> list[Row]:
    """Median of nine starts, after one that warms the file cache."""
    command = [str(BIN / "aiops"), "--help"]
    spend(command, folder / "help.log", 30)
    walls = [spend(command, folder / "help.log", 30).wall_s for _ in range(9)]
    code = "import sys, aiops.cli; print(sum(name in sys.modules for name in sys.argv[1:]))"
    loaded = subprocess.run(
        [sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True, timeout=30
    )
    return [
        row("aiops --help", statistics.median(walls), "s", goal=0.3),
        row("heavy libraries loaded by it", float(loaded.stdout), "", goal=0),
    ]
