"""A daemon that watches the load of one Deployment, in tests of what people call false.

The load goes 10, 11, 12, 10, ... : by the robust z-score the band is 11 ± 5.1891 (median 11, MAD 1), so a
load of 18 has a score of 7 / 5.1891 = 1.349.
"""

from aiops.adapters.memory import MemoryStore
from aiops.core.adjust import Bounds
from aiops.engine import entries
from aiops.engine.collect import Collector
from aiops.engine.feedback import Feedback
from aiops.engine.live import Live
from aiops.engine.loop import Loop
from aiops.engine.requests import Desk
from aiops.engine.rules import Rules
from aiops.engine.screens import Screens
from aiops.engine.window import Rings
from aiops.model import (
    Actor,
    Channel,
    Correlation,
    Detection,
    Direction,
    FalseAlarm,
    FeedbackSettings,
    Policy,
    Role,
    Said,
    Signal,
    Target,
    TargetMapping,
)
from detectors.robust_zscore import RobustZScore
from tests.fakes.baselines import FakeBaselines
from tests.fakes.clock import FakeClock
from tests.fakes.inbox import FakeInbox
from tests.fakes.source import FakeSource
from tests.unit.engine.test_live import Watch

STEP_S = 15
CART = Target("Deployment", "shop", "cart")
LOAD = Signal(
    "error_ratio",
    "errors",
    "ratio",
    Role.ERRORS,
    TargetMapping("Deployment", "app", "namespace"),
    Direction.UP,
    detectors=("robust_zscore",),
)
ANN = Actor(Channel.SLACK, "T1/UANN", "Ann")


class Daemon:
    """One process; ``again`` is the next one on the same disk."""

    def __init__(self, clock=None, store=None, baselines=None, settings=None):
        self.clock, self.bump = clock or FakeClock(), 0.0
        self.store, self.baselines = store or MemoryStore(), baselines or FakeBaselines()
        self.watch, self.settings = Watch(), settings or FeedbackSettings()
        source = FakeSource({"error_ratio": ([{"app": "cart", "namespace": "shop"}], self.value)})
        detection = Detection(step_s=STEP_S, history_days=0.05)
        rules = Rules(
            (LOAD,),
            detection,
            Correlation(),
            Policy(),
            (),
            lambda name, signal, interval_s: RobustZScore(),
            lambda name, parameters: None,
        )
        self.store.begin_term(self.store.term() + 1)
        rings, self.inbox = Rings(100), FakeInbox()
        loop = Loop(rules, self.store, self.store.term(), rings)
        self.live = Live(
            loop,
            Screens(rules, STEP_S),
            rings,
            Collector(source, rules.signals, "", 1000),
            None,
            self.baselines,
            self.clock,
            self.watch,
        )
        bounds = Bounds(self.settings, detection.instant_score, detection.timezone)
        self.feedback = Feedback(self.store, loop.term, bounds, self.clock)
        self.live.easing = self.feedback.easing
        loop.desk = Desk(self.inbox, self.store, feedback=self.feedback.heed)
        loop.desk.restore()
        self.live.catch_up(self.live.restore())

    def value(self, row, at_ms):
        return 10.0 + at_ms // (STEP_S * 1000) % 3 + self.bump

    def run(self, ticks, bump=0.0):
        self.bump = bump
        for _ in range(ticks):
            self.clock.advance(STEP_S)
            self.live.tick()
        return self

    def incidents(self):
        return list(entries.incidents(self.store).values())

    def call_false(self, incident, reason="nightly batch", until_ms=None):
        alarm = FalseAlarm(incident.id, reason, until_ms)
        said = Said(ANN, alarm, self.clock.now_ms(), "slack reply")
        return self.feedback.false_alarm(said, alarm, incident).text

    def again(self):
        self.live.save()
        return Daemon(self.clock, self.store, self.baselines, self.settings)
