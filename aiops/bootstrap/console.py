"""Console: put together for the daemon, and for a journal or a recording without one.

Without a daemon it is read-only: it listens on loopback, for whoever sits there, and says why nobody can
answer.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import entry_points, version
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from aiops.adapters.clock import SystemClock
from aiops.adapters.memory import MemoryStore
from aiops.bootstrap.acting import COLLECT_AFTER
from aiops.bootstrap.config import find_state, load_settings
from aiops.bootstrap.journal import Place, open_journal, running
from aiops.bootstrap.kept import kept, kept_changes, kept_plots
from aiops.bootstrap.replay import replay_all
from aiops.bootstrap.replays import ChildReplays
from aiops.core import rows
from aiops.engine.live import Live
from aiops.engine.replay import Progress, quietly
from aiops.model import Actor, Anomaly, ClusterEvent, Incident, Panel, Plot, Signal
from aiops.ports import Forum, Store
from aiops.settings import Settings
from aiops.web.auth import Doorkeeper
from aiops.web.console import FORMS, PUBLIC, Parts, Standing, View, console_routes
from aiops.web.gate import Gate, Rules
from aiops.web.server import Server
from aiops.web.sessions import Sessions

BEFORE_MS, AFTER_MS = 5_400_000, 2_700_000  # what a plot shows around an incident
MOST_PLOTS = 6
DEMO = Path("tests/recordings/shop")  # in a checkout
RECORDINGS, META = "recordings", "recording.yaml"


def daemon_console(
    live: Live,
    settings: Settings,
    forum: Forum | None,
    doorkeeper: Doorkeeper | None,
) -> list[BaseRoute]:
    """The daemon's console. Recordings below ``recordings`` of the state folder may be replayed."""
    signals = live.loop.rules.signals
    return console_routes(
        Parts(
            store=live.loop.store,
            view=view_of(settings, signals),
            now_ms=live.clock.now_ms,
            standing=lambda: standing_of(live),
            plots=lambda incident, _records: live_plots(live, incident),
            changes=lambda incident: live_changes(live, incident),
            forum=forum,
            shut="answers need the daemon's people to be set up (see approvals in the configuration)",
            doorkeeper=doorkeeper,
            replays=ChildReplays(recordings_in(Path(settings.state) / RECORDINGS)),
        )
    )


def view_of(settings: Settings, signals: Sequence[Signal], cluster: str = "", digest: str = "") -> View:
    """What is configured."""
    return View(
        cluster=cluster or settings.cluster.name,
        version=version("aiopsd"),
        digest=digest or settings.digest,
        policy=settings.policy,
        timezone=settings.approvals.timezone,
        playbooks=settings.playbooks,
        signals=tuple(signals),
        remediations=tuple(sorted(one.name for one in entry_points(group="aiops.remediations"))),
    )


def standing_of(live: Live) -> Standing:
    """How the daemon stands, as its last tick left it. Read beside the loop: values are replaced whole."""
    storm = live.loop.book.storm
    return Standing(
        live=True,
        ticked_ms=live.good_ms,
        step_ms=live.step_ms,
        quality=live.quality,
        readings=live.readings,
        storm=storm.because if storm is not None else "",
    )


def live_plots(live: Live, incident: Incident) -> tuple[Plot, ...]:
    """What the daemon remembers of an incident's signals, with the band that it would expect by what it knows
    now. Empty where it remembers nothing of that time.

    The loop goes on meanwhile: what it changes under our hands is left out; the journal's samples serve."""
    end_ms = (incident.closed_ms or incident.updated_ms) + AFTER_MS
    try:
        panels = {panel.signal: panel for panel in live.rings.between(incident.since_ms - BEFORE_MS, end_ms)}
        plots = [_live_plot(live, one, panels.get(one.signal)) for one in incident.anomalies]
    except (ValueError, IndexError, KeyError):
        return ()
    found = {(one.target, one.signal): one for one in plots if one is not None}
    covered = any(one.times[0] <= incident.since_ms for one in found.values() if len(one.times))
    return tuple(found.values())[:MOST_PLOTS] if covered else ()


def _live_plot(live: Live, anomaly: Anomaly, panel: Panel | None) -> Plot | None:
    screen = live.screens.screens.get((anomaly.signal, anomaly.detector))
    if panel is None or screen is None or anomaly.target not in panel.targets:
        return None
    fitted, targets = screen.fitted, screen.targets
    if fitted is None or anomaly.target not in targets:
        return None
    import numpy as np

    row = panel.targets.index(anomaly.target)
    mine = Panel(panel.signal, panel.unit, (anomaly.target,), panel.times, panel.values[row : row + 1])
    alone = rows.take(fitted, np.array([targets.index(anomaly.target)], np.intp))
    verdicts, _ = alone.judge(mine, np.ones(mine.shape, bool))  # on hold: nothing is learned
    return Plot(
        anomaly.target,
        anomaly.signal,
        anomaly.unit,
        screen.signal.direction,
        mine.times,
        mine.values[0],
        verdicts.low[0],
        verdicts.high[0],
        verdicts.anomalous[0],
    )


def live_changes(live: Live, incident: Incident) -> tuple[ClusterEvent, ...]:
    """What others changed of an incident's targets and their workloads, about that time."""
    facts = live.last_facts
    if facts is None:
        return ()
    involved = {*incident.targets, *(facts.owner(one) for one in incident.targets)}
    end_ms = (incident.closed_ms or incident.updated_ms) + AFTER_MS
    return tuple(
        one
        for one in facts.events
        if one.is_change and one.target in involved and incident.since_ms - BEFORE_MS <= one.at_ms <= end_ms
    )


def recordings_in(*folders: Path) -> dict[str, Path]:
    """The recordings that are in ``folders``, and that of a checkout, by the names of their folders."""
    found = {DEMO.name: DEMO} if DEMO.is_dir() else {}
    for folder in folders:
        if folder.is_dir():
            found |= {one.parent.name: one.parent for one in sorted(folder.glob(f"*/{META}"))}
    return found


@contextmanager
def state_console(
    config: Path | None, state: Place | None, recordings: Sequence[Path] = ()
) -> Iterator[Parts]:
    """A journal: of a dry run that was kept, of a daemon's state folder, or of a daemon that is asked over
    HTTP. InputError where there is none."""
    place: Place = find_state(config, state)
    settings = load_settings(config)
    store = open_journal(place)
    try:
        parts = _of_folder(place, settings, store) if isinstance(place, Path) else _of_daemon(settings, store)
        beside = [place / RECORDINGS] if isinstance(place, Path) else []
        yield replace(parts, replays=ChildReplays(recordings_in(*beside, *recordings), config), alone=True)
    finally:
        store.close()


def _of_daemon(settings: Settings, store: Store) -> Parts:
    store.head()  # so that a daemon that does not answer is told now, and not by the first page
    return Parts(
        store=store,
        view=view_of(settings, settings.signals),
        now_ms=SystemClock().now_ms,
        standing=lambda: Standing(following=True, note="the journal of a daemon, asked over HTTP"),
        shut="this console reads a daemon's journal: answer in its own, or type aiops approve",
    )


def _of_folder(folder: Path, settings: Settings, store: Store) -> Parts:
    of = kept(folder)
    if of is None:
        view, now_ms = view_of(settings, settings.signals), SystemClock().now_ms
    else:
        view, now_ms = view_of(settings, of.signals, of.cluster, of.digest), lambda: of.end_ms

    def standing() -> Standing:
        if of is not None:
            return Standing(note=_dry(of.recording))
        runs = "" if running(folder) else "; none runs now"
        return Standing(following=True, note=f"the journal of a daemon, read beside it{runs}")

    return Parts(
        store=store,
        view=view,
        now_ms=now_ms,
        standing=standing,
        plots=lambda incident, _records: kept_plots(folder, incident.id),
        changes=lambda incident: kept_changes(folder, incident.id),
        shut="this console reads a journal and cannot answer: open the daemon's, or type aiops approve",
    )


def _dry(recording: str) -> str:
    return f"a dry run of {recording}: nothing was changed, and times are those of the recording"


@contextmanager
def recording_console(config: Path | None, recording: Path, progress: Progress = quietly) -> Iterator[Parts]:
    """A recording, replayed first. InputError, ConfigError for inputs that are wrong."""
    replayed = replay_all(recording, config, progress)
    story, rules = replayed.story, replayed.loop.rules
    told = {one.incident.id: one for one in story.incidents}
    settings = load_settings(config)
    assert isinstance(replayed.loop.store, MemoryStore)  # noqa: S101 - a replay's
    yield Parts(
        store=replayed.loop.store,
        view=view_of(settings, rules.signals, story.cluster, story.config_digest),
        now_ms=lambda: story.end_ms,
        standing=lambda: Standing(note=_dry(story.recording)),
        plots=lambda incident, _records: told[incident.id].plots if incident.id in told else (),
        changes=lambda incident: told[incident.id].changes if incident.id in told else (),
        shut="a recording cannot be answered: nothing of it is going on",
        replays=ChildReplays({story.recording: recording}, config),
        alone=True,
    )


def served(parts: Parts, host: str, port: int) -> Server:
    """The console alone, on loopback: no sign-in, no answers, other sites kept out by the gate."""
    gc.set_threshold(COLLECT_AFTER)  # folding a journal makes many objects, none of which is garbage
    rules = Rules(loopback=True, public=(*PUBLIC, *FORMS), forms=FORMS)
    gate = Middleware(Gate, doorkeeper=Doorkeeper(Nobody(), Sessions(0)), rules=rules)
    return Server(Starlette(routes=console_routes(parts), middleware=[gate]), host, port)


class Nobody:
    """``ports.Authenticator`` where there is nobody to know."""

    def who(self, token: str) -> Actor | None:  # noqa: ARG002 - the port's signature
        """Nobody."""
        return None

    def roles(self, actor: Actor, names: Sequence[str], namespace: str) -> frozenset[str]:  # noqa: ARG002
        """None."""
        return frozenset()
