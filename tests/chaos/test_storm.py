"""G8, M8: 500 anomalies of 500 workloads in 20 namespaces, on 200 nodes in three zones, within 60 s."""

from dataclasses import replace

import pytest

from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.model import Mode, Scope, Target
from tests.chaos.acts import ACTS
from tests.chaos.load import BUDGETS, STORM
from tests.chaos.stage import FakeStage, Run
from tests.fakes.cluster import FakeCluster
from tests.unit.core.cases import MINUTE, NOW, anomaly, facts, node, policy, workload

RESTART = ACTS[0]


def storm_world(count=500, spaces=20, nodes=200):
    """500 workloads, 20 namespaces, 200 nodes in three zones; all opted in."""
    targets = [Target("Deployment", f"ns{number % spaces}", f"w{number}") for number in range(count)]
    many = [workload(one, uid=f"uid-{one.name}") for one in targets]
    grounds = tuple(node(f"n{number}", zone="abc"[number % 3]) for number in range(1, nodes + 1))
    spaces_of = {one.namespace: {"aiops.dev/opt-in": "true"} for one in targets}
    return targets, facts(
        *many,
        nodes=grounds,
        pods={},
        namespace_labels=spaces_of,
        namespace_annotations={one: {} for one in spaces_of},
    )


def play_storm(limits=None, budgets=None, minutes=45):
    """500 anomalies within 60 s, calm after 15 min; (minutes of writes, minutes in storm mode, notices)."""
    targets, world = storm_world()
    changes = {} if limits is None else {"storm": limits}
    changes |= {} if budgets is None else {"budgets": budgets}
    auto = policy(scopes=(Scope(Mode.AUTO, playbook="chaos"),), **changes)
    stage = FakeStage(RESTART)
    stage.cluster = FakeCluster(world)
    stage.cluster.on_commit = stage._committed
    stage.send, stage.look = stage.cluster.send, stage.cluster.look
    run = Run(RESTART, stage, rules=RESTART.rules(policy=auto))
    run.at(-60)
    stormy = []
    for quarter in range(4 * minutes):
        run.minute, now_ms = quarter / 4, NOW + quarter * MINUTE // 4
        happened = ()
        if quarter < 4:  # within a minute
            part = targets[quarter * 125 : (quarter + 1) * 125]
            happened = tuple(Raised(anomaly(one, since_ms=now_ms - 1000, at_ms=now_ms)) for one in part)
        if quarter == 4 * 15:
            happened = tuple(Cleared(one, "memory", now_ms, "default") for one in targets)
        run.loop.advance(now_ms, happened, run.hands.facts(now_ms), SEEING)
        if run.loop.book.storm is not None:
            stormy.append(quarter / 4)
    writes = [(one.at_ms - NOW) / MINUTE for one in stage.effects()]
    return writes, stormy, list(run.store.read(stream="storm"))


@pytest.mark.slow
def test_in_a_storm_nothing_is_done_and_it_ends_after_ten_calm_minutes():
    """G8, M8: at most 3 automatic actions in the first 10 min, none while storm mode is on, one summary."""
    writes, stormy, notices = play_storm()
    assert len([one for one in writes if one < 10]) <= 3
    assert not set(writes) & set(stormy)
    assert stormy[0] == 0
    assert stormy[-1] >= 15 + 10 - 0.25  # calm from minute 15 on
    assert [one.entry.kind for one in notices] == ["storm_began", "storm_ended"]


@pytest.mark.slow
def test_without_storm_mode_and_budgets_the_same_storm_would_be_acted_upon():
    """The control: the very same anomalies, with the limits out of reach."""
    writes, stormy, _ = play_storm(STORM, replace(BUDGETS, cluster_in_flight=10**6), minutes=3)
    assert not stormy
    assert len([one for one in writes if one < 10]) > 3
