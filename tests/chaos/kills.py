"""Random kills under load (G2, G3): a real daemon, SIGKILL at random times, the same state again and again.

The kills are drawn from a seed. A kill counts as one in flight when the journal that it leaves behind holds
something that was begun and has no end. At the end the daemon may finish what is under way, and the model
judges the whole journal against the whole audit log of the API server.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops.adapters.sqlite import SqliteStore
from aiops.bootstrap.points import KILLED, VARIABLE
from aiops.model import Record
from tests.chaos import load
from tests.chaos.acts import Place, manifests
from tests.chaos.landed import Landed
from tests.chaos.model import Effect, Finding, Kind, Where, effects_of_audit, violations
from tests.chaos.server import OurLog

LEAST_A_MINUTE = 20  # intents, else the run is invalid (G3)
LEAST_BUSY = 0.3  # of the kills
ALIVE_S = (0.1, 2.4)  # how long a daemon lives after its first tick may begin
AHEAD = 40  # incidents whose objects stand ready
FINISH_S = 90.0
WRITTEN = {one["kind"] for act in load.MIX for one in manifests(act.facts(Place("x")), Place("x"))} | {"Job"}
POINT_S = 30.0  # within which a point must be reached


@dataclass(frozen=True)
class Report:
    """What a run of kills shows."""

    kills: int
    busy: int  # kills that struck while something was in flight
    acting: int  # of these, while a write was being carried out
    intents: int
    effects: int
    minutes: float  # that daemons were alive
    findings: tuple[Finding, ...]
    chain: str  # "" where the journal's chain holds

    @property
    def rate(self) -> float:
        """Intents a minute."""
        return self.intents / self.minutes if self.minutes else 0.0

    @property
    def valid(self) -> bool:
        """Whether it may count at all."""
        return self.rate >= LEAST_A_MINUTE and self.busy >= LEAST_BUSY * self.kills

    def count(self, kind: Kind) -> int:
        return sum(one.kind is kind for one in self.findings)


class Objects:
    """A namespace with the objects of the load, made ahead of it."""

    def __init__(self, api, namespace: str):
        self.api, self.namespace, self.made = api, namespace, 0
        self.landed = Landed(api, WRITTEN)

    def __enter__(self):
        self.landed.__enter__()
        labels = {"aiops.dev/opt-in": "true"}
        space = {"name": self.namespace, "labels": labels}
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": space})
        self.api.wait("ServiceAccount", self.namespace, "default", bool)
        return self

    def __exit__(self, *_):
        self.landed.__exit__()
        self.api.delete("Namespace", None, self.namespace)

    def effects(self, log: OurLog) -> tuple[Effect, ...]:
        """What was done in it, by the audit log; what that cannot tell, by what was seen."""
        writes = [one for one in log.writes() if one.namespace == self.namespace]
        return effects_of_audit(writes, self.landed)

    def make(self, begun: int):
        """``AHEAD`` more than have begun."""
        while self.made < begun + AHEAD:
            place = load.place_of(self.namespace, self.made)
            for manifest in manifests(load.act_of(self.made).facts(place), place):
                self.api.create(manifest)
            self.made += 1


class Daemons:
    """Starts daemons over one folder."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig, self.namespace, self.folder = kubeconfig, namespace, folder
        self.without = ""  # a protection that its daemons lack
        self.crash_at = ""  # a named point at which the next daemon ends itself

    @property
    def journal(self) -> Path:
        return self.folder / "journal.db"

    def start(self, kubeconfig: Path | None = None) -> subprocess.Popen:
        """A daemon that ticks; an error where it does not within 20 s."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.chaos.daemon"]
        command += [str(kubeconfig or self.kubeconfig), self.namespace, str(self.folder)]
        with (self.folder / "daemon.log").open("ab") as log:
            env = {**os.environ, "CHAOS_WITHOUT": self.without, VARIABLE: self.crash_at}
            started = subprocess.Popen(command, stderr=log, stdout=log, env=env)
        until = time.monotonic() + 20
        while not ready.exists():
            if started.poll() is not None or time.monotonic() > until:
                started.kill()
                said = (self.folder / "daemon.log").read_text()[-2000:]
                raise AssertionError(f"the daemon does not start: {said}")
            time.sleep(0.01)
        return started

    def records(self) -> tuple[Record, ...]:
        store = SqliteStore(self.journal)
        try:
            return tuple(store.read())
        finally:
            store.close()


def in_flight(records: tuple[Record, ...]) -> tuple[int, int]:
    """(steps begun without an end, of these not known to be in place)."""
    begun, applied, ended = set(), set(), set()
    for one in records:
        payload = one.entry.payload
        if one.entry.kind in ("plan_started", "rung_started"):
            begun.add((payload["plan_id"], payload["step"]))
        elif one.entry.kind == "step_ended":
            place = applied if payload["result"] == "applied" else ended
            place.add((payload["plan_id"], payload["step"]))
    return len(begun - ended), len(begun - applied - ended)


def at_points(plane, folder: Path, points: Sequence[str], tell: Callable[[str], None] = lambda _: None):
    """A daemon that ends itself (``os._exit``) at each named point of the engine, one after the other over
    the same journal; (the report, points that were never reached)."""
    namespace, log = "kills-points", OurLog(plane)
    daemons = Daemons(plane.kubeconfig, namespace, folder)
    busy, missed, alive_s = 0, [], 0.0
    with Objects(plane.api, namespace) as objects:
        begun = 0
        for point in points:
            objects.make(begun)
            daemons.crash_at = point
            daemon, began = daemons.start(), time.monotonic()
            try:
                reached = daemon.wait(POINT_S) == KILLED
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
                reached = False
            alive_s += time.monotonic() - began
            missed += [] if reached else [point]
            records = daemons.records()
            begun = sum(one.entry.kind == "incident_opened" for one in records)
            busy += bool(in_flight(records)[0])
            tell(f"{point}: {'ended there' if reached else 'not reached'}")
        daemons.crash_at = ""
        report = _report(daemons, log, objects, len(points) - len(missed), busy, 0, alive_s)
    return report, missed


def run(plane, folder: Path, kills: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Report:
    """So many kills, then the end."""
    rng, namespace = random.Random(seed), f"kills-{seed}"
    log = OurLog(plane)
    daemons = Daemons(plane.kubeconfig, namespace, folder)
    busy = acting = 0
    alive_s = 0.0
    with Objects(plane.api, namespace) as objects:
        objects.make(0)
        for number in range(kills):
            daemon = daemons.start()
            began = time.monotonic()
            time.sleep(rng.uniform(*ALIVE_S))
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()
            alive_s += time.monotonic() - began
            records = daemons.records()
            objects.make(sum(one.entry.kind == "incident_opened" for one in records))
            flying, sending = in_flight(records)
            busy, acting = busy + bool(flying), acting + bool(sending)
            if (number + 1) % 10 == 0:
                tell(f"{number + 1} kills, {busy} in flight, {acting} while acting")
        return _report(daemons, log, objects, kills, busy, acting, alive_s)


def _report(
    daemons: Daemons, log: OurLog, objects: Objects, kills: int, busy: int, acting: int, alive_s: float
):
    """What is under way may end; then the model judges."""
    records = finish(daemons)
    effects = objects.effects(log)
    store = SqliteStore(daemons.journal)
    chain = store.verify()
    store.close()
    intents = sum(one.entry.kind in ("plan_started", "rung_started") for one in records)
    findings = violations(effects, records, Where(opted_in=frozenset({objects.namespace})))
    return Report(kills, busy, acting, intents, len(effects), alive_s / 60, findings, chain)


def finish(daemons: Daemons, finish_s: float = FINISH_S) -> tuple[Record, ...]:
    """A last daemon, for which no new incident begins, ends what is under way."""
    (daemons.folder / "last").touch()
    daemon = daemons.start()
    until = time.monotonic() + finish_s
    while time.monotonic() < until:
        time.sleep(0.5)
        if in_flight(daemons.records()) == (0, 0):
            break
    daemon.terminate()
    daemon.wait(20)
    return daemons.records()
