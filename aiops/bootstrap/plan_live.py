"""Plan live: plan anew for an incident of the journal, against the cluster as it is now; only reading.

With the caller's own rights, which may see more or less than the daemon's. What only the daemon knows (how
far its data can be trusted right now) is taken from the journal, and said.
"""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from aiops.adapters.clock import SystemClock
from aiops.adapters.kubernetes.cache import Cache
from aiops.adapters.kubernetes.connect import Api
from aiops.adapters.kubernetes.switch import ConfigMapStop
from aiops.adapters.switch import Place, StopFile, Switch
from aiops.bootstrap.autonomy import lessons_of
from aiops.bootstrap.config import load_settings
from aiops.bootstrap.incidents import full_id
from aiops.bootstrap.journal import Place as Where
from aiops.bootstrap.journal import running
from aiops.bootstrap.person import person_api
from aiops.bootstrap.plan import Planned
from aiops.bootstrap.requests import journal
from aiops.bootstrap.rules import make_rules
from aiops.bootstrap.undo import deeds
from aiops.core.ledger import STREAM, Ledger
from aiops.core.plan import make_plan
from aiops.core.policy import decide_twice
from aiops.core.quality import SEEING, Quality
from aiops.core.situation import Situation
from aiops.engine import entries
from aiops.errors import Unavailable
from aiops.model import Facts, IncidentKind
from aiops.ports import Store
from aiops.settings import Settings

READY_S = 30.0


def live_plan(
    config: Path | None, state: Where | None, name: str, kubeconfig: Path | None, context: str
) -> Planned:
    """What would be planned and decided now. InputError where there is no such incident, ConfigError for a
    kubeconfig that cannot be used, Unavailable where the API server does not answer."""
    settings = load_settings(config)
    rules, now_ms = make_rules(settings, settings.signals), SystemClock().now_ms()
    with journal(config, state) as (folder, store):
        incident = entries.incident(store, full_id(entries.incident_ids(store), name))
        api = person_api(settings.kubernetes, kubeconfig, context)
        with closing(api):
            facts = facts_now(api, settings)
            facts = replace(facts, edges=tuple(dict.fromkeys((*facts.edges, *rules.edges))))
            switch = Switch(stop_places(api, settings, folder))
            here = situation(store, settings, switch(), now_ms)
            stopped = switch.why()
        ledger, lessons = Ledger().fold(store.read(stream=STREAM)), lessons_of(store)
        done = tuple(one for one in deeds(store) if one.incident_id == incident.id)
    plan = make_plan(incident, rules.playbooks, facts, rules.remediation, now_ms, ledger, lessons)
    decision, if_known = decide_twice(plan, incident, facts, ledger, rules.policy, here, lessons=lessons)
    return Planned(incident, decision, if_known, now_ms, done, notes(folder, stopped, facts))


def facts_now(api: Api, settings: Settings) -> Facts:
    """Every kind listed once. Unavailable where that takes too long."""
    problems: list[str] = []
    cache = Cache(api, settings.cluster.name, lambda what, error: problems.append(f"{what}: {error}"))
    cache.start()
    with closing(cache):
        if not cache.wait_ready(READY_S):
            told = f" ({problems[0]})" if problems else ""
            raise Unavailable(f"{api.host} has not answered in {READY_S:g} s{told}")
        return cache.facts(SystemClock().now_ms())


def stop_places(api: Api, settings: Settings, where: Where) -> list[Place]:
    """Where the kill switch is looked for. The file is the daemon's own: from elsewhere it is not seen."""
    stop = settings.kubernetes.stop
    places: list[Place] = [StopFile(where / stop.file)] if isinstance(where, Path) else []
    if stop.config_map:
        places.append(ConfigMapStop(api, settings.policy.own_namespace, stop.config_map))
    return places


def situation(store: Store, settings: Settings, stopped: bool | None, now_ms: int) -> Situation:
    """Where the daemon stands, as far as its journal tells."""
    storm, known = entries.weather(store), entries.incidents(store)
    broken = [one for one in known.values() if one.kind is IncidentKind.KNOWN and one.closed_ms is None]
    return Situation(
        now_ms=now_ms,
        quality=sight(store),
        storm=storm.because if storm is not None else "",
        kill_switch=stopped,
        term=store.term() or None,
        known={target: one.since_ms for one in broken for target in one.targets},
        field_manager=settings.kubernetes.field_manager,
    )


def sight(store: Store) -> Quality:
    """Whether the daemon was blind when it last said so."""
    said = [one.entry.payload for one in store.read(kinds=("sight_changed",))]
    return Quality({"by the journal": str(said[-1]["because"])}) if said and said[-1]["blind"] else SEEING


def notes(where: Where, stopped: str, facts: Facts) -> tuple[str, ...]:
    """What this answer cannot know, or that a daemon would see differently."""
    found = ["planned anew just now, with your own rights, and not decided: the daemon decides"]
    if not isinstance(where, Path):
        found.append("whether a file in the daemon's state folder stops it is not seen from here")
    elif not running(where):
        found.append(f"no daemon runs on {where}: nothing of this will be done")
    if stopped:
        found.append(f"stopped, as far as you can see: {stopped}")
    if facts.unknown:
        found.append(f"could not be read with your rights: {', '.join(sorted(facts.unknown))}")
    return tuple(found)
