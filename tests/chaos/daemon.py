"""A daemon for chaos: the real loop with the real hands, a journal on disk, a load that never ends.

    python -m tests.chaos.daemon KUBECONFIG NAMESPACE FOLDER

It is what ``aiops run`` is, but for its eyes: no Prometheus, no watch; its load says what is wrong, and every
tick reads the objects. It takes a term of its own, whoever else is at it: the journal's fence decides who may
write. Ends with 0 on SIGTERM, with 3 when a newer term has begun; writes ``ready`` once it ticks.
"""

import signal
import sys
import threading
import time
from pathlib import Path

from aiops.adapters.sqlite import SqliteStore
from aiops.core.lifecycle import UNDER_WAY
from aiops.core.quality import SEEING
from aiops.engine.carry import Carrier
from aiops.engine.loop import Loop
from aiops.engine.rehearse import Rehearsal
from aiops.engine.window import Recorded
from aiops.errors import Conflict, PortError
from tests.chaos.load import Load, load_rules, number_of
from tests.chaos.server import writer_of
from tests.controlplane.api import Api

TICK_S = 0.1
FENCED = 3


class Hands:
    """``ports.Cluster`` over the real writer; facts are the load's."""

    def __init__(self, kubeconfig, facts):
        writer, camera = writer_of(kubeconfig)
        self.send, self.look, self.capture, self.facts = writer.send, writer.look, camera.capture, facts


class Daemon:
    """The loop, and which incidents it was told of."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path):
        began = folder / "began"
        if not began.exists():
            began.write_text(str(time.time_ns() // 1_000_000))
        self.store = SqliteStore(folder / "journal.db")
        term = self.store.term() + 1
        self.store.begin_term(term)
        self.load = Load(namespace, int(began.read_text()), Api.of(kubeconfig, "tests-chaos"))
        hands = Hands(kubeconfig, self.facts)
        self.loop = Loop(load_rules(namespace), self.store, term, Recorded({}))
        self.loop.carry_out = Carrier(hands, self.load.status)
        self.loop.rehearse = Rehearsal(hands, term)
        self.loop.fresh = self.facts
        self.loop.restore()
        self.told = {number_of(one.prime.name) for one in self.loop.book.open.values()}
        self.told |= {number_of(one.prime.name) for one in self.loop.book.closed}
        self.calmed: set[int] = set()
        self.last = folder / "last"  # once it is there, no new incident begins

    def facts(self, now_ms: int):
        ours = [one for one in self.loop.book.open.values() if one.id in self._under_way()]
        return self.load.facts(now_ms, frozenset(number_of(one.prime.name) for one in ours))

    def _under_way(self):
        lives = self.loop.memory.lives
        return {incident_id for incident_id, life in lives.items() if life.state in UNDER_WAY}

    def tick(self) -> None:
        """One tick; what the journal refuses is told again."""
        now_ms = time.time_ns() // 1_000_000
        fresh = [one for one in self.load.begun(now_ms) if one not in self.told and not self.last.exists()]
        done = [one for one in self._ended() if one not in self.calmed]
        news = [self.load.raised(one, now_ms) for one in fresh]
        news += [self.load.cleared(one, now_ms) for one in done]
        self.loop.advance(now_ms, news, self.facts(now_ms), SEEING)
        self.told.update(fresh)
        self.calmed.update(done)

    def _ended(self):
        """Incidents whose step is over: their metric is back in its band."""
        busy = self._under_way()
        over = {one.incident_id for one in self.loop.ledger.attempts if not one.in_flight}
        return [
            number_of(one.prime.name)
            for one in self.loop.book.open.values()
            if one.id in over and one.id not in busy
        ]


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
