"""G7 against a real Prometheus behind a proxy that spoils what passes: no action until it is well again."""

import contextlib
import time

import pytest

from tests.chaos.test_blackout import Daemon, acts, flagged, source_at
from tests.chaos.worlds import WORLDS
from tests.integration import faults
from tests.integration.servers import openmetrics, prometheus
from tests.unit.core.cases import MINUTE

pytestmark = pytest.mark.integration

FIRST = (int(time.time()) // 60 - 30) * 60_000
FAULTS = {
    "black hole": faults.BlackHole(),
    "reset": faults.Reset(),
    "half closed": faults.HalfClose(),
    "truncated": faults.Truncate(after=120),
    "corrupt": faults.Corrupt(every=7, skip=150),
    "503": faults.Answer(503, b"starting"),
    "a page to sign in": faults.HTML,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    times = [FIRST + minute * MINUTE for minute in range(25)]
    rows = [("m", {"namespace": "shop", "deployment": f"w{i}"}, times, [1.0] * len(times)) for i in range(10)]
    directory = tmp_path_factory.mktemp("prometheus")
    with prometheus(directory, history=openmetrics(rows), external_labels={"cluster": "blue"}) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoilt_prometheus_leads_to_no_action(server, fault):
    """M1, M4: every world decides on what the real chain made of it; the two good minutes are the control."""
    with faults.FaultProxy(server.url) as proxy, contextlib.closing(source_at(proxy.url)) as source:
        daemon = Daemon(source)
        daemon.clock.jump((FIRST - daemon.clock.now_ms()) / 1000)
        daemon.tick(-2)
        daemon.tick(-1)
        proxy.fault = FAULTS[fault]
        proxy.cut()
        for minute in (0, 1):
            daemon.tick(minute)
    assert [daemon.seen[minute].usable for minute in (-2, -1, 0, 1)] == [True, True, False, False]
    for world in WORLDS:
        timeline = world.timeline().calm_hour()
        for minute in (0, 1):
            flagged(world, timeline, minute, daemon.seen[minute])
        assert acts(timeline) == 0
        lit = world.timeline().calm_hour()
        flagged(world, lit, -1, daemon.seen[-1])
        assert acts(lit) == 1
