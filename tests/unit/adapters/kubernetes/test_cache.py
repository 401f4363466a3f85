"""The cache as a whole: threads, age, kinds that are refused; a scripted API server stands before it."""

import threading
import time
from contextlib import contextmanager

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.kubernetes.cache import Cache
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.kinds import KINDS
from aiops.errors import Forbidden, Unavailable
from aiops.model import Access, KubernetesSettings, Target
from tests.fakes.api_server import PATHS, ApiServer, status
from tests.unit.adapters.kubernetes.cases import CART, OBJECTS

NOW = 1_772_362_800_000
PDB = "PodDisruptionBudget"
CORE = {kind.name for kind in KINDS if not kind.extra}


@pytest.fixture
def server():
    with ApiServer() as server:
        for kind, items in OBJECTS.items():
            for item in items:
                server.put(kind, item)
        yield server


@contextmanager
def cached(server, folder, clock=None, ready=True):
    """A cache that has begun; ``ready``: and has seen everything once."""
    where = str(server.kubeconfig(folder))
    # the real server wants whole seconds; ours takes less, so that tests are quick
    settings = KubernetesSettings(Access.KUBECONFIG, where, read_timeout_s=0.3, watch_s=0.2)
    told = []
    cache = Cache(connect(settings), "east", lambda *failure: told.append(failure), clock=clock)
    cache.told = told
    cache.start()
    try:
        assert not ready or cache.wait_ready(5)
        yield cache
    finally:
        cache.close()


def soon(holds, within_s=5.0):
    """Whether ``holds()`` comes true in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


class Jumping(SystemClock):
    """A wall clock that somebody sets; the monotonic one goes on as it does."""

    ahead_ms = 0

    def now_ms(self):
        return super().now_ms() + self.ahead_ms


def test_the_picture_is_whole_and_fresh(server, tmp_path):
    with cached(server, tmp_path) as cache:
        facts = cache.facts(NOW)
        assert facts.workloads[CART].pdb_disruptions_allowed == 0
        assert (facts.cluster, facts.unknown) == ("east", frozenset())
        assert NOW - 1000 < facts.at_ms <= NOW


def test_a_change_is_seen_within_moments(server, tmp_path):
    with cached(server, tmp_path) as cache:
        item = OBJECTS["Deployment"][0]
        server.put("Deployment", {**item, "spec": {**item["spec"], "replicas": 9}})
        assert soon(lambda: cache.facts(NOW).workloads[CART].replicas == 9, within_s=2)


def test_tables_that_did_not_change_are_the_same_objects_and_those_handed_out_stay(server, tmp_path):
    with cached(server, tmp_path) as cache:
        before = cache.facts(NOW)
        server.remove("Deployment", "shop", "cart")
        assert soon(lambda: CART not in cache.facts(NOW).workloads)
        assert CART in before.workloads
        assert cache.facts(NOW).nodes is before.nodes


@pytest.mark.slow
def test_one_silent_kind_makes_all_of_it_old(server, tmp_path):
    """E10: the age is that of the most silent watch, in time that passes, not in time that is said."""
    with cached(server, tmp_path) as cache:
        server.watches["Node"] = ["silence"] * 100
        assert soon(lambda: not server.watches["Node"] or len(server.watches["Node"]) < 100)
        time.sleep(1.2)
        assert NOW - cache.facts(NOW).at_ms > 1000
        server.watches["Node"].clear()
        assert soon(lambda: NOW - cache.facts(NOW).at_ms < 600)


def test_a_clock_that_is_set_makes_nothing_old_or_young(server, tmp_path):
    """M13."""
    clock = Jumping()
    with cached(server, tmp_path, clock) as cache:
        for jump in (3_600_000, -3_600_000):
            clock.ahead_ms = jump
            assert 0 <= NOW - cache.facts(NOW).at_ms < 1000


@pytest.mark.slow
def test_an_api_server_that_is_away_leaves_the_picture_as_it_was_and_old(server, tmp_path):
    """E9: no crash, nothing is gone, and it goes on without a restart."""
    with cached(server, tmp_path) as cache:
        server.down = True
        time.sleep(1.2)
        facts = cache.facts(NOW)
        assert CART in facts.workloads
        assert NOW - facts.at_ms > 900
        server.down = False
        item = OBJECTS["Deployment"][0]
        server.put("Deployment", {**item, "spec": {**item["spec"], "replicas": 7}})
        assert soon(lambda: cache.facts(NOW).workloads[CART].replicas == 7, within_s=12)
        assert soon(lambda: NOW - cache.facts(NOW).at_ms < 600, within_s=12)


def test_before_the_first_picture_nothing_is_told(server, tmp_path):
    """E9: started while the API server is down."""
    server.down = True
    with cached(server, tmp_path, ready=False) as cache:
        assert not cache.wait_ready(0.3)
        with pytest.raises(Unavailable, match="Deployment"):
            cache.facts(NOW)
        server.down = False
        assert cache.wait_ready(12)
        assert CART in cache.facts(NOW).workloads


def test_a_kind_that_is_forbidden_is_unknown_and_the_rest_goes_on(server, tmp_path):
    server.forbidden = {PDB}
    with cached(server, tmp_path) as cache:
        time.sleep(0.6)
        facts = cache.facts(NOW)
        assert facts.unknown == {"pdb"}
        assert facts.workloads[CART].pdb_disruptions_allowed is None
        assert NOW - facts.at_ms < 600  # what is forbidden is not what is silent
        ((where, error),) = cache.told
        assert where == f"cluster {PDB}"
        assert str(error).startswith("list poddisruptionbudgets.policy: HTTP 403")


@pytest.mark.slow
def test_a_kind_that_is_forbidden_from_now_on_does_not_make_the_rest_old(server, tmp_path):
    """A person took the right away; what was known of it is not used any more."""
    with cached(server, tmp_path) as cache:
        server.forbidden = {PDB}
        assert soon(lambda: cache.facts(NOW).unknown == {"pdb"})
        time.sleep(1.0)
        facts = cache.facts(NOW)
        assert NOW - facts.at_ms < 900
        assert facts.workloads[CART].pdb_disruptions_allowed is None


def test_where_everything_is_forbidden_nothing_can_be_told(server, tmp_path):
    server.forbidden = set(PATHS.values())
    with cached(server, tmp_path) as cache, pytest.raises(Forbidden):
        cache.facts(NOW)


def test_argo_and_flux_that_are_not_there_freeze_nothing_and_forbidden_ones_are_unknown(server, tmp_path):
    with cached(server, tmp_path) as cache:
        assert "freezes" not in cache.facts(NOW).unknown
    server.installed = {"AppProject"}
    server.forbidden = {"AppProject"}
    with cached(server, tmp_path) as cache:
        assert cache.facts(NOW).unknown == {"freezes"}


@pytest.mark.slow
def test_a_broken_kind_of_argo_leaves_freezes_unknown_and_all_the_rest_fresh(server, tmp_path):
    """B5: whether a window is open nobody can say, so the guard holds; people still see the cluster."""
    server.installed = {"AppProject", "Application"}
    server.lists["Application"] = [status(500)] * 1000
    with cached(server, tmp_path, ready=False) as cache:
        assert cache.wait_ready(20)
        facts = cache.facts(NOW)
        assert facts.unknown == {"freezes"}
        assert NOW - facts.at_ms < 600


def test_it_ends_soon_though_watches_are_silent(server, tmp_path):
    for kind in CORE:
        server.watches[kind] = ["silence"]
    with cached(server, tmp_path) as cache:
        begun = time.monotonic()
        cache.close()
        assert time.monotonic() - begun < 2
        names = {thread.name for thread in threading.enumerate() if thread.is_alive()}
        assert not {name for name in names if name.startswith("watch ")}


def test_only_reading_is_ever_asked_for(server, tmp_path):
    """B9."""
    with cached(server, tmp_path):
        time.sleep(0.3)
    assert {verb for verb, *_ in server.asked} == {"GET"}


def test_a_pod_of_a_workload_that_arrives_later_finds_its_owner(server, tmp_path):
    """Kinds are listed side by side, in any order."""
    server.remove("ReplicaSet", "shop", "cart-b")
    with cached(server, tmp_path) as cache:
        pod = Target("Pod", "shop", "cart-b-1")
        assert cache.facts(NOW).pods[pod].owner is None
        server.put("ReplicaSet", OBJECTS["ReplicaSet"][0])
        assert soon(lambda: cache.facts(NOW).pods[pod].owner == CART)
        assert cache.facts(NOW).workloads[CART].node_names == ("n1",)
