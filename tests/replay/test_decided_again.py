"""Every decision of the demo's recording comes out the same when it is made again from the journal."""

from pathlib import Path

import pytest

from aiops.bootstrap.replay import replay_all
from aiops.core.rerun import Came, rerun
from aiops.engine.replay import quietly
from aiops.model.wire import canonical

pytestmark = pytest.mark.slow

SHOP = Path(__file__).parents[1] / "recordings" / "shop"


def test_each_decision_is_made_again_and_its_witness_is_small():
    store = replay_all(SHOP, None, quietly).loop.store
    decided = [one.seq for one in store.read(kinds=("decided",))]
    found = rerun(store.read(), decided)
    assert len(decided) > 5
    assert [(one.seq, one.because) for one in found.values() if one.came is not Came.SAME] == []
    sizes = [len(canonical(one.entry.payload)) for one in store.read(kinds=("witnessed",))]
    assert len(sizes) == len(decided)
    assert max(sizes) < 20_000
    assert not list(store.read(kinds=("facts_seen",)))  # the excerpt was always enough
