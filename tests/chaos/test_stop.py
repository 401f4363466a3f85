"""B5, G16: the kill switch, pulled at each step of a drain and at random moments: no write after it."""

import random

import pytest

from aiops.adapters.switch import StopFile, Switch
from tests.chaos import matrix
from tests.chaos.acts import ACTS
from tests.chaos.model import Kind, Where, violations
from tests.chaos.stage import FakeStage, Fuse, Run

DRAIN = next(one for one in ACTS if one.name == "drain")
SENDS = "cluster: before"  # a request that is on its way cannot be called back


class Pulled(Fuse):
    """Pulls the switch at a point instead of dying there."""

    def __init__(self, at, pull):
        super().__init__()
        self.wanted, self.pull, self.commits_then = at, pull, None

    def __call__(self, point):
        try:
            super().__call__(point)
        finally:
            if self.trace[-1] == self.wanted:
                self.pull()


def play_stopped(act, at, switch, pull, helps=True):
    """The act with the switch pulled at one point; (the run, its effects as it was pulled)."""
    stage, then = FakeStage(act), []
    fuse = Pulled(at, lambda: (pull(), then.append(len(stage.done))))
    run = Run(act, stage, fuse=fuse, helps=helps, kill_switch=switch)
    run.play()
    assert then, "the switch was never pulled"
    return run, then[0]


@pytest.fixture(params=["file", "unreadable"])
def switch(request, tmp_path):
    """(the switch, how to pull it): a file that is there, or a folder where the file should be."""
    if request.param == "file":
        place = tmp_path / "STOP"
        return Switch([StopFile(place)]), place.touch
    pulled = []
    return (lambda: None if pulled else False), lambda: pulled.append(1)


@pytest.mark.parametrize(
    "helps", [pytest.param(True, id="helps", marks=pytest.mark.slow), pytest.param(False, id="useless")]
)
def test_pulled_at_each_step_of_a_drain_nothing_more_is_written(helps):
    """Every point that the drain and its undo reach: cordon, each eviction, verification, uncordon. At most
    the request that was being sent still arrives."""
    points = Run(DRAIN, FakeStage(DRAIN), helps=helps).play().fuse.trace
    stopped_short, whole = 0, len(matrix.expected(DRAIN, matrix.Scenario("", helps=helps)))
    for at in points:
        pulled = []
        the_switch = lambda found=pulled: bool(found)  # noqa: E731
        run, then = play_stopped(DRAIN, at, the_switch, lambda found=pulled: found.append(1), helps)
        after = len(run.stage.effects()) - then
        assert after <= (1 if _is_sending(at[0]) else 0), at
        stopped_short += then < whole
    assert stopped_short > 20  # the control: of these, the drain that nobody stops goes on


def _is_sending(point):
    """Points between the last look at the switch and the write."""
    return SENDS in point or point.endswith(
        ("rechecked", "sending-journalled", "change_sending", "undo.looked")
    )


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_a_switch_that_is_on_or_cannot_be_read_stops_every_act(act, switch):
    read, pull = switch
    pull()
    run = Run(act, FakeStage(act), kill_switch=read).play()
    assert run.stage.effects() == ()
    control = Run(act, FakeStage(act), kill_switch=lambda: False).play()
    assert tuple(one.verb for one in control.stage.effects()) == act.writes


def test_at_twenty_random_moments_of_any_act_nothing_is_written_after():
    """G16: the moments are drawn from a seed; the act, its scenario and the point."""
    rng, stopped_short = random.Random(16), 0
    for _ in range(20):
        act, helps = rng.choice(ACTS), rng.random() < 0.5
        points = Run(act, FakeStage(act), helps=helps).play().fuse.trace
        at, pulled = rng.choice(points), []
        run, then = play_stopped(
            act, at, lambda found=pulled: bool(found), lambda found=pulled: found.append(1), helps
        )
        assert len(run.stage.effects()) - then <= (1 if _is_sending(at[0]) else 0), (act.name, at)
        stopped_short += then < len(matrix.expected(act, matrix.Scenario("", helps=helps)))
    assert stopped_short >= 5


def test_a_drain_that_is_stopped_in_the_middle_goes_on_when_the_switch_is_released():
    """Nothing is lost by it: every pod is evicted once, and the drain ends."""
    stopped = []
    stage = FakeStage(DRAIN)
    run = Run(DRAIN, stage, kill_switch=lambda: bool(stopped))
    run.at(-60)
    run.loop.carry_out.reach = lambda point: (
        stopped.append(1) if point == "carry.answer-journalled" and len(stage.done) == 2 else None
    )
    for tick in range(3):
        run.at(tick / 2)
    assert [one.verb for one in stage.effects()] == ["patch", "evict"]
    run.loop.carry_out.reach = lambda _: None
    stopped.clear()
    for tick in range(3, 10):
        run.at(tick / 2)
    run.close()
    assert tuple(one.verb for one in stage.effects()) == DRAIN.writes
    assert not violations(stage.effects(), run.kept, Where())
    assert run.left == ""


def test_the_model_finds_a_write_that_the_switch_should_have_stopped():
    """The control of the measure itself: without the switch the same run writes while it was to be on."""
    run = Run(DRAIN, FakeStage(DRAIN)).play()
    first = run.stage.effects()[0].at_ms
    found = violations(run.stage.effects(), run.records(), Where(stopped=((first - 1, first + 10**6),)))
    assert {one.kind for one in found} == {Kind.STOPPED}
