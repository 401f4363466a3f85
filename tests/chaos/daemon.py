"""A daemon for chaos: the real loop with the real hands, a journal on disk, a load that never ends.

    python -m tests.chaos.daemon KUBECONFIG NAMESPACE FOLDER

It is what ``aiops run`` is, but for its eyes: no Prometheus, no watch; its load says what is wrong, and every
tick reads the objects. The kill switch is a file STOP in the folder, or the ConfigMap aiops-stop in the
namespace. It takes a term of its own, whoever else is at it: the journal's fence decides who may write. Ends
with 0 on SIGTERM, with 3 when a newer term has begun; writes ``ready`` once it ticks. The environment may say
``CHAOS_WITHOUT=restore`` or ``=look``: a protection is removed, by which the measure itself is tried.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from aiops.adapters.kubernetes.connect import connect
from aiops.adapters.kubernetes.switch import ConfigMapStop, hasty
from aiops.adapters.sqlite import SqliteStore
from aiops.adapters.switch import StopFile, Switch
from aiops.bootstrap.points import crash_points
from aiops.core.lifecycle import UNDER_WAY
from aiops.core.quality import SEEING
from aiops.engine.carry import Carrier
from aiops.engine.loop import Loop
from aiops.engine.rehearse import Rehearsal
from aiops.engine.window import Recorded
from aiops.errors import Conflict, PortError
from aiops.model import Access, KubernetesSettings, Look, Sight
from tests.chaos.load import EVERY_S, MOST, SEEN, Load, load_rules, number_of
from tests.chaos.server import writer_of
from tests.controlplane.api import Api

TICK_S = 0.1
FENCED = 3
WITHOUT = os.environ.get("CHAOS_WITHOUT", "")


class Hands:
    """``ports.Cluster`` over the real writer; facts are the load's."""

    def __init__(self, kubeconfig, facts):
        writer, camera = writer_of(kubeconfig)
        self.send, self.look, self.capture, self.facts = writer.send, writer.look, camera.capture, facts
        if WITHOUT == "look":
            self.look = lambda _change, _mark: Look(Sight.ABSENT)


class Daemon:
    """The loop, and which incidents it was told of."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path):
        self.store = SqliteStore(folder / "journal.db")
        term = self.store.term() + 1
        self.store.begin_term(term)
        self.load = Load(namespace, Api.of(kubeconfig, "tests-chaos"))
        hands = Hands(kubeconfig, self.facts)
        settings = hasty(KubernetesSettings(access=Access.KUBECONFIG, kubeconfig=str(kubeconfig)))
        config_map = ConfigMapStop(connect(settings), namespace, "aiops-stop")
        switch = Switch([StopFile(folder / "STOP"), config_map])
        self.loop = Loop(load_rules(namespace), self.store, term, Recorded({}), kill_switch=switch)
        self.loop.reach = crash_points()
        self.loop.carry_out = Carrier(hands, self.load.status, self.loop.reach)
        self.loop.rehearse = Rehearsal(hands, term)
        self.loop.fresh = self.facts
        if WITHOUT != "restore":
            self.loop.restore()
        known = [one.entry.payload["incident"] for one in self.store.read(kinds=("incident_opened",))]
        self.next = 1 + max((number_of(one["targets"][0]["name"]) for one in known), default=-1)
        self.began_s = 0.0  # when the newest incident began
        self.seen = frozenset()  # primes that the facts of the last tick had
        self.last = folder / "last"  # once it is there, no new incident begins

    def facts(self, now_ms: int):
        mine = {number_of(one.prime.name) for one in self.loop.book.open.values()}
        return self.load.facts(now_ms, mine | set(range(self.next, self.next + SEEN)))

    def tick(self) -> None:
        """One tick; what the journal refuses is told again."""
        now_ms = time.time_ns() // 1_000_000
        facts = self.facts(now_ms)
        busy = {one for one, life in self.loop.memory.lives.items() if life.state in UNDER_WAY}
        news = [self.load.cleared(one, now_ms) for one in self._over(busy)]
        begins = (
            len(busy) < MOST
            and self.load.prime(self.next) in self.seen
            and not self.last.exists()
            and time.monotonic() - self.began_s >= EVERY_S
        )
        if begins:
            news.append(self.load.raised(self.next, now_ms))
        self.loop.advance(now_ms, news, facts, SEEING)
        if begins:
            self.next, self.began_s = self.next + 1, time.monotonic()
        self.seen = frozenset(facts.workloads)

    def _over(self, busy):
        """Incidents whose step is over: their metric is back in its band."""
        over = {one.incident_id for one in self.loop.ledger.attempts if not one.in_flight} - busy
        return [number_of(one.prime.name) for one in self.loop.book.open.values() if one.id in over]


def main(arguments: list[str]) -> int:
    """Tick until told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    kubeconfig, namespace, folder = Path(arguments[0]), arguments[1], Path(arguments[2])
    daemon = Daemon(kubeconfig, namespace, folder)
    (folder / "ready").write_text(str(daemon.loop.term))
    while not stop.wait(TICK_S):
        try:
            daemon.tick()
        except Conflict as error:
            if daemon.store.term() > daemon.loop.term:
                print(f"fenced: {error}", file=sys.stderr)
                return FENCED
            print(f"conflict: {error}", file=sys.stderr)
        except PortError as error:
            print(f"port: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
