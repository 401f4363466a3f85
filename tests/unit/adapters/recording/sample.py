"""A tiny recording that tests write, spoil and read."""

import numpy as np

from aiops.adapters.recording.writer import write
from aiops.model import (
    Alert,
    ClusterEvent,
    Condition,
    EventKind,
    Panel,
    Role,
    Signal,
    Target,
    TargetMapping,
    TrueIncident,
    Workload,
)
from aiops.model.recording import FactLine, NamespaceLabels, RecordingMeta

MINUTE = 60_000
START = 1_772_323_200_000  # 2026-03-01T00:00Z
CART, DB = Target("Deployment", "shop", "cart"), Target("StatefulSet", "data", "db")
LATENCY = Signal(
    "latency",
    'histogram_quantile(0.95,\n  rate(x{a="b"}[1m]))',
    "s",
    Role.LATENCY,
    TargetMapping("Pod", "pod", "namespace"),
    min_rel=0.3,
    limit=2.5,
    for_s=90,
    labels={"on": "no"},
)
UP = Signal("up", "up", "bool", Role.OTHER, TargetMapping("Pod", "pod", "namespace"))
SIGNALS = (LATENCY, UP)
TRUTH = TrueIncident("slow", START, START + MINUTE, CART, "leak", (DB,), ("restart_rollout",))


def meta(samples=5, **changes):
    fields = {
        "name": "tiny",
        "signals": SIGNALS,
        "start_ms": START,
        "end_ms": START + (samples - 1) * MINUTE,
        "step_ms": MINUTE,
        "cluster": "blue",
        "made": 'by "hand"',
        "unknown": ("pdb",),
    }
    return RecordingMeta(**{**fields, **changes})


def panels(samples=5):
    times = START + MINUTE * np.arange(samples)
    latency = np.arange(2.0 * samples).reshape(2, samples) / 7  # sevenths do not fit into float32
    up = np.ones((1, samples))
    up[0, 1:2] = np.nan
    return [Panel("latency", "s", (CART, DB), times, latency), Panel("up", "bool", (CART,), times, up)]


def facts():
    return [
        FactLine(START, Workload(CART, replicas=3, hpa_max=0, managed_by="")),
        FactLine(START, NamespaceLabels("shop", {"team": "a"})),
        FactLine(START + MINUTE, ClusterEvent(START + MINUTE, CART, EventKind.ROLLOUT, "revision 2")),
        FactLine(START + MINUTE, Condition(DB, "CrashLoopBackOff", START + MINUTE)),
        FactLine(START + 2 * MINUTE, Alert("Slow", CART, START + 2 * MINUTE)),
        FactLine(START + 3 * MINUTE, Condition(DB, "CrashLoopBackOff", START + MINUTE), gone=True),
        FactLine(START + 3 * MINUTE, Alert("Slow", CART, START + 2 * MINUTE, START + 3 * MINUTE)),
        FactLine(START + 4 * MINUTE, Workload(CART, replicas=3), gone=True),
    ]


def make(path, samples=5):
    write(path, meta(samples), panels(samples), facts(), [TRUTH])
    return path
