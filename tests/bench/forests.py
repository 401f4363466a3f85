"""Forests: 1,000 workloads scored in one tick, beside scikit-learn called once a workload.

Both score the same newest sample of each workload with a forest of as many trees and samples; growing is
counted for neither, as it happens every few hours. ``DISTINCT`` histories are shared out among the workloads
so that the benchmark does not spend a minute growing: no call is saved by that on either side.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from aiops.model import Panel, Target
from detectors.isolation_forest import SAMPLES, SEED, TREES, IsolationForest
from tests.measure import Row, row

WORKLOADS, DISTINCT, SIGNALS, TICKS, PEER_TICKS = 1000, 40, 4, 5, 2
LEARNED = 512  # samples in the window that a forest is grown from
STEP_S = 3 * 86_400.0 / LEARNED  # at which every sample is kept


def rows(_: Path) -> list[Row]:
    """CPU of a tick, ours and the usual way, and the ratio."""
    histories = np.random.default_rng(5).standard_normal((DISTINCT, LEARNED + 1, SIGNALS))
    values = np.tile(histories, (WORKLOADS // DISTINCT, 1, 1))
    ours, judged = _ours(values)
    peer = _peer(histories)
    return [
        row("forests: CPU of a tick of 1,000 workloads", ours, "s"),
        row("forests: workloads judged", judged, "share", goal=1.0, better="higher"),
        row("forests: CPU of scikit-learn called once a workload", peer, "s"),
        row(
            "forests: times less CPU than scikit-learn a workload", peer / ours, "x", goal=20, better="higher"
        ),
    ]


def _panels(values: np.ndarray, start: int, stop: int) -> list[Panel]:
    targets = tuple(Target("Deployment", "shop", f"w-{i}") for i in range(len(values)))
    times = (1_704_067_200_000 + np.arange(start, stop) * 1000 * STEP_S).astype(np.int64)
    return [Panel(f"s{i}", "1", targets, times, values[:, start:stop, i]) for i in range(values.shape[2])]


def _ours(values: np.ndarray) -> tuple[float, float]:
    """(CPU of one tick in s, share of the workloads that got a verdict), forests grown before."""
    fitted = IsolationForest(interval_s=STEP_S).fit(_panels(values, 0, LEARNED))
    newest, hold = _panels(values, LEARNED, LEARNED + 1), np.zeros((len(values), 1), bool)
    verdicts, _ = fitted.judge(newest, hold)  # grows, and tells how many can be judged
    return _cpu(lambda: fitted.judge(newest, hold), TICKS), float(np.isfinite(verdicts.score).mean())


def _peer(histories: np.ndarray) -> float:
    """CPU in s of 1,000 calls, each of its own workload's forest."""
    from sklearn.ensemble import IsolationForest as Trees  # noqa: PLC0415 - 100 MB, for this part only

    grown = [
        Trees(n_estimators=TREES, max_samples=SAMPLES, random_state=SEED).fit(one[:LEARNED])
        for one in histories
    ]

    def tick() -> None:
        for workload in range(WORKLOADS):
            grown[workload % DISTINCT].score_samples(histories[workload % DISTINCT, LEARNED:])

    return _cpu(tick, PEER_TICKS)


def _cpu(tick: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        start = time.process_time()
        tick()
        took.append(time.process_time() - start)
    return statistics.median(took)
