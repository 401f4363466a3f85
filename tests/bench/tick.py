"""Tick: 10,000 series from a real Prometheus, query to verdicts, beside the usual way of doing it.

The usual way: prometheus-api-client's data frames and one statsmodels ETS a series, as its own documentation
and most examples have it. It is measured on a few series and counted as series a second and core; ours is
measured on all of them, with three days already learned so that the season speaks too, in the same run on the
same server. A series counts as judged where the verdict is normal or anomaly, not where it is inconclusive.
"""

import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.rules import make_rules
from aiops.engine.collect import Collector
from aiops.engine.screens import Screens
from aiops.model import (
    Detection,
    Direction,
    Facts,
    Panel,
    PrometheusSettings,
    Role,
    Signal,
    Status,
    Target,
    TargetMapping,
    Verdicts,
)
from tests.integration.servers import Exporter, prometheus
from tests.measure import Row, row

SERIES, PEER_SERIES, TICKS = 10_000, 12, 9
LEARNED = 3 * 288  # columns of five minutes
HISTORY = 240  # samples that the peer fits on: four hours of minutes
LOAD = Signal(
    "load", "load", "", Role.CPU, TargetMapping("Pod", "pod", "namespace"), Direction.UP, min_rel=0.1
)


def page(random: np.random.Generator) -> str:
    """One scrape of all series."""
    values = 50 + 5 * random.standard_normal(SERIES)
    return "".join(f'load{{namespace="shop",pod="pod-{i}"}} {value}\n' for i, value in enumerate(values))


def rows(folder: Path) -> list[Row]:
    """Wall and CPU of a tick, and the ratio."""
    random = np.random.default_rng(5)
    with (
        Exporter(page(random)) as exporter,
        prometheus(folder / "prometheus", {"shop": [exporter]}, scrape_interval_s=2.0) as server,
    ):
        server.wait_for("load", SERIES, 60)
        walls, cpus, judged = _ours(server.url, exporter, random)
        peer_cpu = _peer(server.url, random)
    ours = judged / statistics.median(cpus)
    theirs = PEER_SERIES / peer_cpu
    return [
        row("tick of 10,000 series, query to verdicts", statistics.median(walls), "s", goal=1),
        row("the same, CPU of our process", statistics.median(cpus), "s"),
        row("series judged", float(judged), "", goal=SERIES, better="higher"),
        row("ours, series a second and core", ours, "1/s", better="higher"),
        row("data frames and ETS, series a second and core", theirs, "1/s", better="higher"),
        row("ours over theirs", ours / theirs, "times", goal=20, better="higher"),
    ]


def _ours(url: str, exporter: Any, random: np.random.Generator) -> tuple[list[float], list[float], int]:
    settings = load_shipped()
    rules = make_rules(settings, (LOAD,))
    screens = Screens(rules, Detection().step_s)
    targets = tuple(Target("Pod", "shop", f"pod-{i}") for i in range(SERIES))
    now_ms = int(time.time()) * 1000
    times = now_ms - LEARNED * 300_000 + np.arange(LEARNED, dtype=np.int64) * 300_000
    for first in range(0, LEARNED, 288):  # a day at a time: memory
        part = times[first : first + 288]
        values = 50 + 5 * random.standard_normal((SERIES, len(part)))
        screens.judge({"load": Panel("load", "", targets, part, values)})
    collector = Collector(PrometheusSource(PrometheusSettings(url=url)), (LOAD,), "", 200_000)
    walls, cpus, judged = [], [], 0

    def count(_: str, __: str, ___: Panel, verdicts: Verdicts) -> None:
        nonlocal judged
        judged = int((verdicts.status != Status.INCONCLUSIVE).any(axis=1).sum())

    for _ in range(TICKS):
        exporter.text = page(random)
        time.sleep(2.1)  # so that there is something new to judge
        at_ms = int(time.time()) * 1000
        began, cpu = time.perf_counter(), time.process_time()
        collected = collector.tick(at_ms, Facts(at_ms))
        screens.judge(collected.panels, count)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    collector.close()
    return walls, cpus, judged


def _peer(url: str, random: np.random.Generator) -> float:
    """CPU seconds for ``PEER_SERIES``: ask, make data frames, fit, forecast one step, compare."""
    import pandas as pd  # noqa: PLC0415 - only the peer needs it
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect  # noqa: PLC0415
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415

    connect = PrometheusConnect(url=url)
    past = 50 + 5 * random.standard_normal((PEER_SERIES, HISTORY))
    began = time.process_time()
    end = pd.Timestamp.utcnow()
    for number in range(PEER_SERIES):
        answer = connect.get_metric_range_data(
            f'load{{pod="pod-{number}"}}',
            start_time=(end - pd.Timedelta(minutes=5)).to_pydatetime(),
            end_time=end.to_pydatetime(),
        )
        frame = MetricRangeDataFrame(answer)
        newest = float(frame["value"].astype(float).iloc[-1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = ETSModel(pd.Series(past[number]), error="add", trend="add").fit(disp=False, maxiter=100)
            predicted = fitted.get_prediction(start=HISTORY, end=HISTORY).summary_frame(alpha=0.01)
        abs(newest - float(predicted["mean"].iloc[0]))
    return time.process_time() - began
