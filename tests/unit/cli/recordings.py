"""A small recording: four days of three workloads, one of which fails after a rollout on the fourth day."""

import numpy as np

from aiops.adapters.recording.writer import write
from aiops.bootstrap.config import load_shipped
from aiops.model import (
    Alert,
    ClusterEvent,
    Container,
    Edge,
    EventKind,
    Panel,
    Revision,
    Target,
    TrueIncident,
    Workload,
)
from aiops.model.recording import FactLine, NamespaceLabels, RecordingMeta

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_772_323_200_000  # 2026-03-01T00:00Z
STEP, SAMPLES = 10 * MINUTE, 4 * 144
END = START + STEP * (SAMPLES - 1)
FAILS = START + 3 * DAY + 12 * HOUR  # of the cart, for two hours
CART, CATALOG, FRONTEND = (Target("Deployment", "shop", name) for name in ("cart", "catalog", "frontend"))
TARGETS = (CART, CATALOG, FRONTEND)


def signals():
    shipped = {signal.name: signal for signal in load_shipped().signals}
    return tuple(shipped[name] for name in ("error_ratio", "latency_p95"))


def panels(seed=7, fails=True):
    rng = np.random.default_rng(seed)
    times = START + STEP * np.arange(SAMPLES)
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(SAMPLES) / 144)
    bad = (times >= FAILS) & (times < FAILS + 2 * HOUR)
    errors = np.clip(rng.normal(0.002, 0.0005, (3, SAMPLES)), 0, None)
    errors[0, bad] += 0.4 * fails
    latency = 0.1 * season + rng.normal(0, 0.004, (3, SAMPLES))
    latency[1, 100:110] = np.nan  # 16:40 to 18:10 of the first day: no samples, and nothing wrong
    for signal, values in zip(signals(), (errors, latency), strict=True):
        yield Panel(signal.name, signal.unit, TARGETS, times, values)


def facts(opted_in=True):
    labels = {"aiops.dev/opt-in": "true"} if opted_in else {}
    yield FactLine(START, NamespaceLabels("shop", labels, {}))
    yield FactLine(START, Edge(FRONTEND, CART))
    for target in TARGETS:
        yield FactLine(START, workload(target, 1))
    yield FactLine(FAILS - MINUTE, workload(CART, 2))
    yield FactLine(FAILS - MINUTE, ClusterEvent(FAILS - MINUTE, CART, EventKind.ROLLOUT, "to revision 2"))


def workload(target, newest):
    revisions = tuple(
        Revision(
            number, (f"{target.name}:{number}",), since_ms, {"spec": {"containers": [{"image": f"{number}"}]}}
        )
        for number, since_ms in ((1, START), (2, FAILS - MINUTE))[:newest]
    )
    return Workload(
        target, uid=f"uid-{target.name}", resource_version=str(newest), replicas=3, ready=3, rolling=False,
        paused=False, images=(f"{target.name}:{newest}",), revisions=revisions, managed_by="", hpa_max=0,
        hpa_min=0, pdb_disruptions_allowed=3, max_unavailable=1, containers=(Container("main"),),
    )  # fmt: skip


def truth():
    return TrueIncident(
        "bad deploy", FAILS, FAILS + 2 * HOUR, CART, "deploy", (FRONTEND,), right_remediations=("rollback",)
    )


def make(path, truths=None, more_facts=(), name="small", fails=True):
    meta = RecordingMeta(name, signals(), START, END, STEP, cluster="demo", made="by hand", made_by="a test")
    write(path, meta, panels(fails=fails), [*facts(), *more_facts], [truth()] if truths is None else truths)
    return path


def alert():
    """Fires half an hour after the cart began to fail."""
    fires = FAILS + 30 * MINUTE
    value = Alert("CartErrors", CART, fires, fires + HOUR, "critical", "https://wiki.example/cart")
    return FactLine(fires, value)
