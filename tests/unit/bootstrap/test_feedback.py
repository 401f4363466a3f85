"""What people call false is joined to a loop, its desk and the settings."""

from dataclasses import replace

from aiops.bootstrap.config import load_shipped
from aiops.bootstrap.feedback import hear_false_alarms
from aiops.core.feedback import FeedbackBook
from aiops.model import FalseAlarm, FeedbackSettings, IncidentState, Said
from tests.unit.engine.feedback_cases import ANN, Daemon


def test_a_false_alarm_reaches_the_loop_and_its_desk_within_the_settings():
    daemon = Daemon()
    daemon.live.easing = daemon.live.loop.desk.feedback = None
    settings = replace(load_shipped(), feedback=FeedbackSettings(days=3, most_widening=1.6))
    false_alarm = hear_false_alarms(daemon.live, settings)
    daemon.run(20).run(8, 7.0)  # up to 1.54 times as far as the edge
    (incident,) = daemon.incidents()
    alarm = FalseAlarm(incident.id, "batch")
    assert false_alarm(Said(ANN, alarm, 0, "console"), alarm, incident).done
    (one,) = FeedbackBook().fold(daemon.store.read()).by_id.values()
    assert (one.factor, one.until_ms) == (1.6, daemon.clock.now_ms() + 3 * 86_400_000)
    daemon.run(30, 7.0)
    assert [one.state for one in daemon.incidents()] == [IncidentState.CLOSED]
    assert daemon.live.loop.desk.feedback is not None
