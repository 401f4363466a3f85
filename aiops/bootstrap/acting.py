"""Acting: the parts by which the daemon changes a cluster, joined to the loop where there is one.

Where no API server is configured nothing can be changed: facts know no uid, guards hold, and what came
through all the same would be refused here.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from aiops.adapters.inbox import Inbox
from aiops.adapters.kubernetes.cluster import KubernetesCluster
from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.evidence import Capture
from aiops.adapters.kubernetes.switch import ConfigMapStop, hasty
from aiops.adapters.switch import Place, StopFile, Switch
from aiops.bootstrap.points import crash_points
from aiops.core.learn import detectors_entry, learn
from aiops.core.memory import Lessons
from aiops.engine.aftermath import Aftermath
from aiops.engine.carry import Carrier
from aiops.engine.live import Live
from aiops.engine.rehearse import Rehearsal
from aiops.engine.requests import Desk
from aiops.engine.scene import Deed, Scene, ended
from aiops.model import Outcome, Result
from aiops.model.wire import short_id, to_json
from aiops.ports import Cluster
from aiops.settings import Settings

COLLECT_AFTER = 20_000  # new objects; at Python's 700 the collector takes half the time of a large list
READY_S = 15.0  # for the first picture of the cluster; the loop starts without it, and acts upon nothing
INBOX = "inbox"

Failed = Callable[[str, Exception], None]


@contextmanager
def reach_cluster(settings: Settings, failed: Failed) -> Iterator[KubernetesCluster | None]:
    """The cluster, listed and watched; None where access is off. ConfigError for access as configured that
    cannot be had."""
    api = connect(settings.kubernetes)
    if api is None:
        yield None
        return
    gc.set_threshold(COLLECT_AFTER)
    camera = Capture(api, settings.kubernetes.evidence)
    cluster = KubernetesCluster(api, settings.cluster.name, camera, failed)
    cluster.start()
    try:
        cluster.wait_ready(READY_S)
        yield cluster
    finally:
        cluster.close()


def equip(live: Live, settings: Settings, state: Path, cluster: Cluster | None, failed: Failed) -> Switch:
    """Give the loop its hands, its kill switch and its desk."""
    loop, switch = live.loop, Switch(stop_places(settings, state, cluster is not None))
    loop.kill_switch, loop.why_stopped, loop.troubled = switch, switch.why, failed
    loop.field_manager = settings.kubernetes.field_manager
    loop.desk = Desk(Inbox(state / INBOX), loop.store, cluster)
    loop.desk.restore()
    remember(live, settings)
    if cluster is None:
        loop.carry_out = refuse
        return switch
    reach = crash_points()
    loop.carry_out = Carrier(cluster, live.screens.newest, reach)
    loop.rehearse = Rehearsal(cluster, loop.term)
    loop.fresh = live.facts
    loop.aftermath = Aftermath(cluster, loop.store, loop.field_manager)
    loop.reach = reach
    return switch


def remember(live: Live, settings: Settings) -> None:
    """Take up the lessons of the journal; what other detectors judged does not count for these."""
    loop = live.loop
    lessons = learn(Lessons(), loop.store.read())
    judged_by = [to_json(settings.detectors), to_json(settings.detection), version("aiopsd")]
    detectors = short_id("detectors", judged_by)
    if detectors != lessons.detectors:
        now_ms = live.clock.now_ms()
        lessons = learn(lessons, loop.store.append((detectors_entry(detectors, now_ms),), loop.term))
    loop.memory.lessons = lessons


def refuse(deed: Deed, scene: Scene) -> Outcome:
    """Nothing is changed where there is no API server to ask."""
    return ended(deed, scene, Result.REFUSED, "no access to an API server is configured")


def stop_places(settings: Settings, state: Path, has_cluster: bool) -> tuple[Place, ...]:
    """Where the kill switch is looked for."""
    stop = settings.kubernetes.stop
    places: list[Place] = [StopFile(state / stop.file)]
    if has_cluster and stop.config_map:
        api = connect(hasty(settings.kubernetes))
        if api is not None:
            places.append(ConfigMapStop(api, settings.policy.own_namespace, stop.config_map))
    return tuple(places)
