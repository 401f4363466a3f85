"""Hall: what people say beside answers: on it, stop, resume, why."""

from dataclasses import replace

from aiops.model import (
    Mine,
    Release,
    ResumeAll,
    StopAll,
    Why,
)
from tests.unit.engine.asking_cases import ADA, BOB, EVE, Asking


def test_automation_keeps_off_what_somebody_is_on_until_it_is_released():
    timeline = Asking()
    approval = timeline.asks()
    assert timeline.say(EVE, Mine(approval.incident_id)).done  # whoever is known may keep us off
    timeline.tick(0.5)
    assert timeline.forum.approvals() == ()
    assert timeline.decisions()[-1] == "hold/"
    assert not timeline.say(replace(EVE, id="T1/U8"), Release(approval.incident_id)).done
    assert timeline.say(ADA, Release(approval.incident_id)).done
    timeline.tick(1)
    assert len(timeline.forum.approvals()) == 1


def test_anybody_may_stop_and_only_approvers_resume():
    """B5."""
    timeline = Asking()
    timeline.asks()
    assert timeline.say(EVE, StopAll("the site is on fire")).done
    assert timeline.stops == [("Ada (slack:T1/U9)", "the site is on fire")]
    assert not timeline.say(EVE, ResumeAll()).done
    assert timeline.say(BOB, ResumeAll()).done


def test_why_is_answered_and_changes_nothing():
    timeline = Asking()
    approval = timeline.asks()
    before = timeline.store.head()
    echo = timeline.say(EVE, Why(approval.incident_id))
    assert (echo.done, echo.text) == (True, f"because of {approval.incident_id}")
    assert timeline.store.head() == before
    assert not timeline.say(EVE, Why("nothing")).done


def test_resumed_is_said_only_where_nothing_stops_us_any_more():
    timeline = Asking()
    timeline.asks()
    timeline.say(ADA, StopAll())
    timeline.hall.still_stopped = lambda: "ConfigMap aiops/aiops-stop"
    echo = timeline.say(ADA, ResumeAll())
    assert not echo.done
    assert "ConfigMap aiops/aiops-stop" in echo.text
