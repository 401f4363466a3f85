"""What the battery of detectors is made of: panels, good and strange, and one way to call every detector."""

from dataclasses import dataclass

import numpy as np

from aiops.bootstrap.plugins import detector, found
from aiops.model import Direction, Panel, Role, Signal, Target, TargetMapping

NAMES = tuple(found("aiops.detectors"))
STEP_MS = 900_000  # a quarter of an hour: two weeks are 1344 samples
DAY, FORTNIGHT = 96, 1344
START_MS = 1_704_067_200_000  # Monday 2024-01-01T00:00Z


def signal(direction=Direction.BOTH):
    """A signal that fills every field a detector may declare; 40 is far outside ``calm``, 160 further."""
    return Signal(
        "requests", "up", "req/s", Role.TRAFFIC, TargetMapping("Pod", "pod"), direction,
        min_abs=0.5, min_rel=0.01, limit=200.0, edge=0.0 if direction is Direction.DOWN else 60.0, for_s=0,
    )  # fmt: skip


def calm(rows=3, columns=FORTNIGHT + DAY, seed=7):
    """A level of 20 (21, 22 ...), a daily season of 5 and a little noise, (rows, columns)."""
    rng = np.random.default_rng(seed)
    season = 5 * np.sin(2 * np.pi * np.arange(columns) / DAY)
    return 20 + np.arange(rows)[:, None] + season + rng.normal(0, 0.5, (rows, columns))


def troubled(rows=3):
    """A calm day with gaps, infinities, spikes to either side and a level shift in its last row."""
    day = calm(rows)[:, FORTNIGHT:].copy()
    day[0, 10:14], day[0, 20], day[0, 21] = np.nan, np.inf, -np.inf
    day[-1, 30], day[-1, 40], day[-1, 60:] = 160.0, -160.0, day[-1, 60:] + 40.0
    return day


def _strange():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (3, DAY))
    yield "no samples", np.empty((3, 0))
    yield "no rows", np.empty((0, DAY))
    yield "neither", np.empty((0, 0))
    yield "one sample", np.full((3, 1), 5.0)
    yield "only gaps", np.full((3, DAY), np.nan)
    yield "infinities", np.where(noise > 0, np.inf, -np.inf)
    yield "some infinities", np.where(noise > 1, np.inf, noise)
    yield "half gaps", np.where(noise > 0, np.nan, noise)
    yield "constant", np.full((3, DAY), 7.0)
    yield "zero", np.zeros((3, DAY))
    yield "negative", noise - 100
    yield "huge", noise * 1e12
    yield "largest", np.where(noise > 0, 1e308, -1e308)
    yield "all largest", np.full((3, DAY), 1e308)
    yield "smallest", noise * 1e-308
    yield "zero and one", (noise > 0).astype(float)


STRANGE = dict(_strange())


@dataclass(frozen=True)
class Subject:
    """A detector by entry-point name, of one signal or of several, called in one way."""

    name: str
    direction: Direction | None = None  # None: the plug-in's own defaults, no signal

    def make(self):
        given = None if self.direction is None else signal(self.direction)
        return detector(self.name, given, interval_s=STEP_MS / 1000, timezone="UTC")

    @property
    def kind(self):
        return found("aiops.detectors")[self.name].load()

    @property
    def multi(self):
        return getattr(self.kind, "multi", False)

    def panels(self, values, column=0, prefix="pod"):
        """``values`` (n, t) from ``column`` on: a panel, or three aligned ones that move together."""
        targets = tuple(Target("Deployment", "shop", f"{prefix}-{i}") for i in range(len(values)))
        times = START_MS + STEP_MS * (column + np.arange(values.shape[1], dtype=np.int64))
        if not self.multi:
            return Panel("requests", "req/s", targets, times, values)
        several = {"requests": values, "cpu": values / 8, "idle": 100 - values}
        return [Panel(name, "1", targets, times, some) for name, some in several.items()]

    def fit(self, values, prefix="pod"):
        """Learn from ``values``, the samples of the fortnight before ``judge``."""
        return self.make().fit(self.panels(values, FORTNIGHT - values.shape[1], prefix))

    def judge(self, fitted, values, column=FORTNIGHT, hold=None, prefix="pod"):
        hold = np.zeros(values.shape, bool) if hold is None else hold
        return fitted.judge(self.panels(values, column, prefix), hold)


def agree(one, other):
    """Same statuses, same scores and bands within the stated tolerance: one part in a million."""
    np.testing.assert_array_equal(one.status, other.status)
    for mine, theirs in [(one.score, other.score), (one.low, other.low), (one.high, other.high)]:
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9)
    assert one.signals == other.signals
    if one.contributions is not None:
        np.testing.assert_allclose(one.contributions, other.contributions, rtol=1e-6, atol=1e-9)


def fresh(name, history, block):
    """Fit and judge in whatever process this runs in: (status, score) as arrays that can be sent."""
    subject = Subject(name)
    verdicts, _ = subject.judge(subject.fit(history), block)
    return np.array(verdicts.status), np.array(verdicts.score)
