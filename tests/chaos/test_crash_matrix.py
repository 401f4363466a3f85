"""E1, E2, E3, G1, G3: killed at any named point, nothing is lost and nothing is done twice.

Here over the cluster in memory; the same cells over a real API server are in ``test_crash_matrix_server.py``.
"""

import itertools
from dataclasses import replace

import pytest

from aiops.model import Look, Sight
from tests.chaos import matrix
from tests.chaos.acts import ACTS, FEW
from tests.chaos.model import Kind
from tests.chaos.stage import FakeStage, Fuse, Run, reach_points

_known = {}


def points_of(act, scenario):
    """Every point that the act reaches in the scenario; played once."""
    key = act.name, scenario.name
    if key not in _known:
        _known[key] = {point for point, _ in matrix.events(act, scenario, stages)[1]}
    return _known[key]


def stages(act, scenario):
    return FakeStage(act, faults=scenario.faults)


@pytest.mark.parametrize("scenario", matrix.SCENARIOS, ids=lambda one: one.name)
@pytest.mark.parametrize("act", [one for one in ACTS if one.name in FEW], ids=lambda one: one.name)
def test_killed_at_each_eighth_point_nothing_is_lost_or_doubled(act, scenario):
    found = list(matrix.cells(act, scenario, stages, every=8, start=len(scenario.name)))
    assert [str(one) for one in found if not one.good] == []
    assert len(found) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS, ids=lambda one: one.name)
def test_killed_at_each_third_point_of_every_act_nothing_is_lost_or_doubled(act, tmp_path):
    """Over SQLite: the journal is all that the next process has. ``make chaos`` leaves no point out."""
    numbers = itertools.count()

    def path_of():
        return tmp_path / f"journal-{next(numbers)}.db"

    found = [
        cell
        for number, one in enumerate(matrix.SCENARIOS)
        for cell in matrix.cells(act, one, stages, path_of, every=3, start=number)
    ]
    assert [str(one) for one in found if not one.good] == []
    counted = matrix.figures(found)
    assert counted["points"] >= matrix.LEAST_POINTS / 2
    assert counted["kills in flight"] >= matrix.LEAST_BUSY * counted["kills"]


def test_every_named_point_of_the_engine_is_in_the_matrix():
    """A point that is added and never reached would count for nothing (G3)."""
    reached = {
        point.rpartition(" ")[2]
        for act in ACTS
        for scenario in matrix.SCENARIOS
        for point in points_of(act, scenario)
    }
    assert reach_points() - reached == set()


def test_there_are_enough_points_and_acts():
    """G1: 45 points, 7 acts."""
    points = set().union(*(points_of(act, one) for act in ACTS for one in matrix.SCENARIOS))
    assert len(points) >= matrix.LEAST_POINTS
    assert len(ACTS) >= 7


# Positive controls: the same kills with a protection removed


class Careless(FakeStage):
    """Sees nothing of what it did, and binds a write to whatever version there is."""

    def __init__(self, act, faults=()):
        super().__init__(act, faults=faults)
        self.look = lambda change, mark: Look(Sight.ABSENT)
        self.send = self._unbound

    def _unbound(self, change, mark, *, dry_run=False):
        found = self.cluster.objects[change.target]["metadata"]["resourceVersion"]
        return self.cluster.send(replace(change, resource_version=found), mark, dry_run=dry_run)

    def facts(self, at_ms):
        """Nor does it see that the version is another one than it planned on."""
        known = super().facts(at_ms)
        blind = {target: replace(one, resource_version="41") for target, one in known.workloads.items()}
        return replace(known, workloads=blind)


@pytest.mark.parametrize("name", ["restart_rollout", "scale_out", "rollback"])
def test_without_looking_and_without_versions_kills_double(name):
    act, scenario = next(one for one in ACTS if one.name == name), matrix.SCENARIOS[0]
    found = list(matrix.cells(act, scenario, lambda act, scenario: Careless(act, scenario.faults)))
    doubled = {one.point for one in found if Kind.DOUBLED in {finding.kind for finding in one.findings}}
    assert {"apply carry.sent", "apply carry.answer-journalled", "apply carry.all-sent"} <= doubled


def test_without_looking_what_was_done_is_denied_and_done_again():
    """The versions refuse the second write; the daemon then takes its own change for somebody else's."""
    act, scenario = ACTS[0], matrix.SCENARIOS[0]

    def stages(act, scenario):
        stage = FakeStage(act)
        stage.look = lambda change, mark: Look(Sight.ABSENT)
        return stage

    found = {one.point: one for one in matrix.cells(act, scenario, stages)}
    sent = found["apply carry.sent"]
    assert Kind.DENIED in {finding.kind for finding in sent.findings}
    assert "('patch', 'patch')" in sent.problem


def test_without_taking_up_what_the_journal_has_kills_lose():
    act, scenario = ACTS[0], matrix.SCENARIOS[0]
    _, points = matrix.events(act, scenario, stages)
    sent = next(one for one in points if one[0] == "apply carry.sent")
    run = Run(act, FakeStage(act), fuse=Fuse((sent,)), restores=False).play()
    run.close()
    cell = matrix.judge(run, scenario, sent[0], 1, run.stage.effects())
    assert Kind.LOST in {one.kind for one in cell.findings}


def test_a_kill_that_does_not_happen_makes_its_run_invalid():
    """G3: a point that is never reached is no proof."""
    act, scenario = ACTS[0], matrix.SCENARIOS[0]
    run = matrix.play(act, scenario, stages(act, scenario), at=(("apply no.such.point", 1),))
    assert not matrix.judge(run, scenario, "apply no.such.point", 1, run.stage.effects()).good
