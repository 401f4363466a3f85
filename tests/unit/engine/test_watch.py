"""Watch: what the log says of what the journal has."""

from structlog.testing import capture_logs

from aiops.core.quality import SEEING
from aiops.engine.collect import Collected
from aiops.engine.watch import LogWatcher
from aiops.telemetry import Metrics
from tests.unit.core.cases import NOW
from tests.unit.engine.acting_cases import Acting


class StillClock:
    """A clock that stands."""

    def now_ms(self):
        return NOW

    def monotonic_s(self):
        return 0.0


def logged(records):
    """What a tick that wrote ``records`` is logged as."""
    with capture_logs() as lines:
        watcher = LogWatcher(Metrics(), StillClock())
        watcher.ticked(Collected(NOW, {}, (), {}), SEEING, list(records), 0.1)
    return lines


def test_the_command_of_a_step_that_would_be_refused_is_not_in_the_log():
    """S8: a new run of a Job names all that it is made of, values of variables too; the journal has it."""
    timeline = Acting("annotate").calm_hour()

    def send(change, mark, *, dry_run=False):
        raise ValueError("expected a kind of ours")

    timeline.cluster.send = send
    timeline.leaks(0)
    assert "kubectl annotate" in str([one.entry.payload for one in timeline.store.read(kinds=("decided",))])
    (line,) = [one for one in logged(timeline.store.read()) if one["event"] == "decided"]
    assert "server: the API server would refuse it: expected a kind of ours" in line["against"]
    assert "kubectl" not in str(line)


def test_what_a_step_waits_for_is_in_the_log():
    """At 3 a.m. somebody asks why a drain stands still."""
    pulled = []
    timeline = Acting("sweep", pods=3, kill_switch=lambda: bool(pulled)).calm_hour()
    timeline.loop.carry_out.reach = lambda point: (
        pulled.append(1) if point == "carry.answer-journalled" else None
    )
    timeline.leaks(0)
    (line,) = [one for one in logged(timeline.store.read()) if one["event"] == "step_waits"]
    assert "kill_switch: the kill switch is on" in line["detail"]
