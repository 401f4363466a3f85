"""Panels and rules for screens: volumes that fill, workloads whose signals stand together or do not."""

import numpy as np

from aiops.bootstrap.rules import make_detector
from aiops.core.detect import Cleared, Raised, Updated
from aiops.engine.ahead import EVERY_MS, Ahead
from aiops.engine.rules import Rules
from aiops.engine.screens import Screens
from aiops.engine.window import Recorded
from aiops.model import (
    Correlation,
    Detection,
    Direction,
    Panel,
    Policy,
    Role,
    Signal,
    Target,
    TargetMapping,
)

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_704_067_200_000  # Monday 2024-01-01T00:00Z


def signal(name="disk", detectors=("default",), **changes):
    given = {"role": Role.DISK, "direction": Direction.UP, "limit": 1.0, "min_abs": 0.05}
    mapping = TargetMapping("PersistentVolumeClaim", "claim", "namespace")
    return Signal(name, name, "ratio", target=mapping, detectors=detectors, **given | changes)


def rules(*signals, forests=None, **detection):
    def make(name, of, interval_s):
        return make_detector({}, "UTC", name, of, interval_s)

    settings = Detection(**detection)
    return Rules(
        signals or (signal(),), settings, Correlation(), Policy(), (), make, None, forests=forests or {}
    )


def panel(values, name="disk", minute=1, prefix="data"):
    """``values`` (n, t), a sample every ``minute`` minutes."""
    values = np.atleast_2d(values)
    targets = tuple(Target("PersistentVolumeClaim", "shop", f"{prefix}-{i}") for i in range(len(values)))
    times = START + minute * MINUTE * np.arange(values.shape[1])
    return Panel(name, "ratio", targets, times, values)


def looks(the_rules, whole, block_ms=DAY):
    """As a replay does: a block is judged, then looked at every ten minutes. (time in hours, happening)."""
    screens, recent = Screens(the_rules, 60.0), Recorded({whole.signal: whole})
    ahead, told = Ahead(the_rules, recent, screens), []
    last = int(whole.times[-1])
    for begins in range(START, last + 1, block_ms):
        screens.judge({whole.signal: whole.between(begins, begins + block_ms)})
        for now in range(begins, min(begins + block_ms, last + 1), EVERY_MS):
            told += [((now - START) / HOUR, one) for one in ahead.look(now)] if ahead.due(now) else []
    return told


def kinds(told):
    names = {Raised: "raised", Updated: "updated", Cleared: "cleared"}
    return [(round(at, 2), names[type(one)]) for at, one in told]
