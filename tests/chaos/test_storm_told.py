"""G8, H10: the storm of ``test_storm`` as people see it: at most five messages, by the loop's own journal."""

import pytest

from aiops.adapters.memory import MemoryStore
from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.engine.loop import Loop
from aiops.engine.window import Recorded
from aiops.model import Mode, Note, Scope
from tests.chaos.test_storm import storm_world
from tests.unit.core.cases import MINUTE, NOW, anomaly, policy
from tests.unit.engine.herald_cases import Town
from tests.unit.engine.loop_cases import rules


@pytest.mark.slow
@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.ASK, Mode.OBSERVE])
def test_five_hundred_workloads_make_five_messages_whatever_the_mode(mode):
    """500 within 60 s, bad for 15 min, calm after that; the storm ends ten calm minutes later."""
    targets, world = storm_world()
    asked = policy(mode=mode, scopes=(Scope(mode, playbook="restart-leaking"),), approvers=("on-call",))
    store = MemoryStore()
    store.begin_term(1)
    loop = Loop(rules(policy=asked), store, 1, Recorded({}))
    town = Town(store=store, term=1)
    loop.advance(NOW - 60 * MINUTE, (), world, SEEING)
    for quarter in range(4 * 30):
        now_ms = NOW + quarter * MINUTE // 4
        happened = ()
        if quarter < 4:
            part = targets[quarter * 125 : (quarter + 1) * 125]
            happened = tuple(Raised(anomaly(one, since_ms=now_ms - 1000, at_ms=now_ms)) for one in part)
        if quarter == 4 * 15:
            happened = tuple(Cleared(one, "memory", now_ms, "default") for one in targets)
        loop.advance(now_ms, happened, world, SEEING)
        town.clock.jump((now_ms - town.clock.now_ms()) / 1000)
        town.herald.follow(world)
        town.delivers(4)
    loud = [one for one in town.box.new if not isinstance(one, Note) or one.loud]
    assert len(loud) <= 5
    summary = [one for one in town.box.cards() if one.incident.incident_class == "storm"]
    assert summary[-1].stage == "resolved"
    assert summary[-1].lines[0] == "20 incidents"  # one a namespace: what is bad together is one problem
    assert not town.failures
