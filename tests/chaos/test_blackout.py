"""G7: fourteen ways of not seeing, seven fixes, no action. M1, M2, M3, M6, M7, M9.

The real source asks a server that fails in each way; the real collector and ``assess`` say what that means;
the real loop then decides, in mode auto, with everything else permitting, and with a detector that flags the
target all the while (M9). Before the black-out it would have acted, and after the warm-up it does.
"""

import contextlib
import functools
from dataclasses import replace

import pytest

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.core.detect import Raised
from aiops.core.quality import SEEING
from aiops.engine.collect import Collector
from aiops.engine.live import Live
from aiops.engine.loop import Loop
from aiops.engine.screens import Screens
from aiops.engine.window import Rings
from aiops.model import Detection, Facts, PrometheusSettings
from tests.chaos.scripted_prometheus import Scripted, vector
from tests.chaos.worlds import WORLDS
from tests.fakes.baselines import FakeBaselines
from tests.fakes.clock import FakeClock
from tests.fakes.store import FakeStore
from tests.unit.core.cases import MINUTE, NOW, anomaly
from tests.unit.engine.loop_cases import MEMORY, rules
from tests.unit.engine.test_live import Watch

START = NOW // MINUTE * MINUTE  # ticks come on whole minutes
DARK = range(5)  # minutes 0 to 4; minutes -2 and -1 are light, 5 and after too
WINDOW = 5  # minutes of warm-up: five samples, a minute apart


def failing(status, error):
    return lambda server: setattr(server, "say", lambda at: (status, error))


def saying(make):
    return lambda server: setattr(server, "say", lambda at: (200, make(at)))


def elsewhere(url):
    return lambda server: url


def pretending(cluster, make=vector):
    def begin(server):
        server.cluster = cluster
        server.say = lambda at: (200, make(at))

    return begin


def empty(at):
    return vector(at, count=0)


def stale(at):
    """Samples of half an hour ago, as a cache that nobody fills any more would answer."""
    old = vector(at)
    for row in old["data"]["result"]:
        row["value"][0] = at - 1800
    return old


REFUSED = {"status": "error", "errorType": "execution", "error": "query failed"}
VARIANTS = {
    "Prometheus down": elsewhere("http://127.0.0.1:9"),
    "503": failing(503, {"status": "error", "errorType": "unavailable", "error": "starting"}),
    "DNS failure": elsewhere("http://prometheus.invalid:9090"),
    "TLS failure": lambda server: server.url.replace("http://", "https://"),
    "status error with data": saying(lambda at: {**vector(at), **REFUSED}),
    "empty vector": saying(empty),
    "30 % of the series gone": saying(lambda at: vector(at, count=7)),
    "warnings": saying(lambda at: vector(at, warnings=["store gateway: timeout"])),
    "partial": saying(lambda at: vector(at, isPartial=True)),
    "NaN everywhere": saying(lambda at: vector(at, value="NaN")),
    "stale": saying(stale),
    "wrong cluster": pretending("red"),
    "another tenant": pretending("red", empty),
    "HTML in place of JSON": failing(200, "<html>sign in</html>"),
}


def source_at(url):
    settings = PrometheusSettings(
        url=url,
        connect_timeout_s=0.5,
        read_timeout_s=0.5,
        deadline_s=1.0,
        retries=0,
        expected_identity={"cluster": "blue"},
    )
    return PrometheusSource(settings)


class Daemon:
    """A live loop that asks ``source``; what it makes of each minute is in ``seen``."""

    def __init__(self, source):
        self.clock = FakeClock(START - 3 * MINUTE)
        self.watch, store, rings = Watch(), FakeStore(), Rings(10)
        made = rules(detection=Detection(step_s=60), signals=(replace(MEMORY, detectors=()),))
        store.begin_term(1)
        self.live = Live(
            Loop(made, store, 1, rings),
            Screens(made, 60),
            rings,
            Collector(source, made.signals, "", 1000),
            None,
            FakeBaselines(),
            self.clock,
            self.watch,
            "cluster=blue",
        )
        self.seen = {}

    def tick(self, minute):
        self.clock.advance(60)
        self.live.tick()
        self.seen[minute] = self.live.quality

    def switch(self, source):
        self.live.collector.source = source


@functools.cache
def qualities(variant):
    """What the real chain makes of each minute of a black-out of this kind."""
    with Scripted() as server, contextlib.ExitStack() as sources:
        good = sources.enter_context(contextlib.closing(source_at(server.url)))
        daemon = Daemon(good)
        for minute in (-2, -1):
            daemon.tick(minute)
        begin = VARIANTS.get(variant)
        url = begin(server) if begin else None
        if url:
            daemon.switch(sources.enter_context(contextlib.closing(source_at(url))))
        for minute in DARK:
            daemon.tick(minute)
        server.say, server.cluster = None, "blue"
        daemon.switch(good)
        for minute in range(5, 12):
            daemon.tick(minute)
    return daemon.seen


def acts(timeline):
    """Decisions to act, and what was started: both must be none in the dark."""
    decided = timeline.decisions().count("act/")
    assert decided == len(timeline.kinds("plan_started"))
    return decided


def flagged(world, timeline, minute, quality):
    """The detector flags the target, whatever it sees."""
    one = anomaly(world.target, since_ms=NOW - 2 * MINUTE, at_ms=NOW + minute * MINUTE)
    timeline.tick(minute, Raised(one), quality=quality)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.remediation)
def test_in_the_light_it_acts(world):
    """The positive control: the same set-up without a black-out."""
    seen = qualities("none")
    assert all(seen[minute].usable and seen[minute].warm(NOW + minute * MINUTE) for minute in seen)
    timeline = world.timeline().calm_hour()
    for minute in (-1, *DARK):
        flagged(world, timeline, minute, seen[minute])
    assert acts(timeline) == 1


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.remediation)
@pytest.mark.parametrize("variant", VARIANTS)
def test_in_the_dark_nothing_is_done(variant, world):
    """G7: 14 black-outs, 7 fixes, 0 actions; and once it is light and warm again, the one that was due."""
    seen = qualities(variant)
    timeline = world.timeline().calm_hour()
    assert not seen[0].usable
    for minute in range(12):  # of them 0 to 4 dark; then it warms up: averages are low after a return (M6)
        flagged(world, timeline, minute, seen[minute])
        assert acts(timeline) == (seen[minute].usable and seen[minute].warm(NOW + minute * MINUTE))
    assert acts(timeline) == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_dark_lasts_until_a_window_of_good_data_has_passed(variant):
    """M6: five minutes after the last minute that was dark. What went at once and stays away is forgotten by
    and by: with 30 % gone the third minute is light again, since 7 of 9.4 expected series are there."""
    seen = qualities(variant)
    dark = [minute for minute in DARK if not seen[minute].usable]
    assert dark == ([0, 1, 2] if variant.startswith("30 %") else list(DARK))
    first_warm = next(minute for minute in range(12) if seen[minute].warm(START + minute * MINUTE))
    assert first_warm == dark[-1] + WINDOW


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_dark_is_told_once_with_its_reason(variant):
    """M1: one notice; what it says names the cause, so that a person can look for it."""
    timeline = WORLDS[0].timeline().calm_hour()
    for minute, quality in qualities(variant).items():
        if minute >= 0:
            timeline.tick(minute, quality=quality)
    notices = list(timeline.store.read(kinds=("sight_changed",)))
    assert [one.entry.payload["blind"] for one in notices] == [True, False]
    assert notices[0].entry.payload["because"]


def test_there_are_fourteen_variants_and_seven_fixes():
    """G7."""
    assert len(VARIANTS) == 14
    assert len({world.remediation for world in WORLDS}) == 7


def test_without_facts_nothing_is_done_either():
    """E10: the same worlds, Prometheus well, the cluster's facts half a minute too old or absent."""
    for world in WORLDS:
        for facts in (Facts(NOW), None):
            timeline = world.timeline().calm_hour()
            there = facts or timeline.facts(-1)
            for minute in DARK:
                one = anomaly(world.target, since_ms=NOW - 2 * MINUTE, at_ms=NOW + minute * MINUTE)
                timeline.tick(minute, Raised(one), quality=SEEING, the_facts=there)
            assert acts(timeline) == 0
