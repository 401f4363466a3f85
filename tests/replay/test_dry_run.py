"""The dry run as a whole: the loop over a recording, told as an incident and compared with the truth."""

from dataclasses import replace

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.recordings import open_recording
from aiops.bootstrap.replay import replay_all
from aiops.bootstrap.rules import make_rules, merged
from aiops.core.score import score
from aiops.engine.replay import replay
from aiops.model import Act, Escalate, Mode, Refuse, Scope
from tests.unit.cli import recordings
from tests.unit.cli.recordings import CART, FAILS, HOUR, MINUTE, STEP


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Four days of three workloads; the cart fails for two hours after a rollout."""
    return recordings.make(tmp_path_factory.mktemp("small") / "small")


@pytest.fixture(scope="module")
def story(path):
    return replay_all(path).story


def test_the_failing_cart_is_one_incident_that_begins_with_its_first_bad_sample(story):
    (told,) = story.incidents
    assert told.incident.prime == CART
    assert told.incident.since_ms == FAILS
    assert told.incident.opened_ms == FAILS + STEP  # at its second sample, far outside
    assert story.known == ()


def test_the_rollout_just_before_is_blamed(story):
    (told,) = story.incidents
    assert [event.at_ms for event in told.changes] == [FAILS - MINUTE]
    first = told.incident.suspects[0]
    assert first.target == CART
    assert "revision 2" in " ".join((first.change, *(one.what for one in first.evidence)))


def test_as_shipped_nothing_would_be_done_and_what_is_known_would_ask(story):
    """B8: after an install the mode is observe."""
    (told,) = story.incidents
    assert all(isinstance(one.decision, Refuse) for one in told.decisions)
    assert not any(isinstance(one.if_known, Act) for one in told.decisions)  # a rollback is of high impact


def test_the_plot_shows_the_failure_outside_of_what_was_expected(story):
    (told,) = story.incidents
    plot = told.plots[0]
    bad = (plot.times >= FAILS) & (plot.times < FAILS + HOUR)
    assert plot.anomalous[bad].all()
    assert not plot.anomalous[plot.times < FAILS].any()
    assert (plot.values[bad] > plot.high[bad]).all()


def test_the_score_finds_it_blames_the_right_one_and_raises_nothing_else(story):
    result = score(story)
    assert (result.found, result.cause_at_1, result.false_ids) == (1, 1.0, ())


def test_the_same_recording_tells_the_same_story_twice(path, story):
    again = replay_all(path).story
    assert [one.incident for one in again.incidents] == [one.incident for one in story.incidents]
    assert [one.decisions for one in again.incidents] == [one.decisions for one in story.incidents]
    assert again.config_digest == story.config_digest


def test_a_replay_that_stops_early_knows_nothing_of_what_came_later(path, story):
    early = replay_all(path, until_ms=FAILS + HOUR).story
    (told,) = early.incidents
    assert told.incident.id == story.incidents[0].incident.id
    assert told.incident.closed_ms is None
    assert max(int(plot.times[-1]) for plot in told.plots) <= FAILS + HOUR


@pytest.mark.parametrize("mode", [Mode.ASK, Mode.AUTO])
def test_where_the_mode_allows_it_a_live_run_would_ask_for_the_rollback(path, mode):
    held, settings = open_recording(path), load_settings()
    rules = make_rules(settings, merged(held.signals, settings.signals), held.cluster)
    bound = tuple(Scope(mode, namespace="shop", playbook=one.name) for one in rules.playbooks)
    playbooks = tuple(replace(one, mode=mode) for one in rules.playbooks)
    policy = replace(rules.policy, mode=mode, scopes=bound)
    asked = replay(held, replace(rules, policy=policy, playbooks=playbooks), MemoryStore()).story
    decisions = [one.decision for told in asked.incidents for one in told.decisions]
    assert not any(isinstance(one, Act) for one in decisions)  # high impact never acts by itself
    asks = [one for one in decisions if isinstance(one, Escalate)]
    assert [one.plan.steps[one.step].remediation for one in asks] == ["rollback"]


def test_a_calm_recording_has_no_incident(tmp_path):
    calm = recordings.make(tmp_path / "calm", truths=[], fails=False)
    story = replay_all(calm).story
    assert (story.incidents, story.known) == ((), ())


def test_a_gap_is_neither_an_incident_nor_a_zero(story):
    """M2: for ten samples nobody knows the latency of the catalog."""
    assert story.samples == 6 * recordings.SAMPLES - 10
    assert all(told.incident.prime != recordings.CATALOG for told in story.incidents)
