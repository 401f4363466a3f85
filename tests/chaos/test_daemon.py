"""Real processes over a real API server: G2 in small, E2, E4, E5, E16, B5, G16, by the audit log."""

import contextlib
import itertools
import random
import signal
import sqlite3
import time

import pytest

from tests.chaos import kills
from tests.chaos.daemon import FENCED
from tests.chaos.model import Kind, Where, violations
from tests.chaos.server import OurLog
from tests.controlplane.apiproxy import ApiProxy, Then

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MOMENTS = 20
GRACE_MS = 5_000  # G16
_numbers = itertools.count()


@pytest.fixture
def plane(control_plane):
    if not hasattr(control_plane, "kubelet"):
        pytest.skip("AIOPS_TEST_KUBECONFIG names an existing cluster: there is no audit log")
    return control_plane


class Field:
    """A namespace with the load's objects, daemons over one folder, and what they did."""

    def __init__(self, plane, folder):
        self.plane, self.namespace = plane, f"chaos-d-{next(_numbers)}"
        self.log, self.daemons = OurLog(plane), kills.Daemons(plane.kubeconfig, self.namespace, folder)
        self.started = []

    def start(self, kubeconfig=None):
        self.started.append(self.daemons.start(kubeconfig))
        return self.started[-1]

    def effects(self):
        return self.objects.effects(self.log)

    def findings(self, finish_s=kills.FINISH_S, **where):
        """After everything that was begun has ended."""
        records = kills.finish(self.daemons, finish_s)
        place = Where(opted_in=frozenset({self.namespace}), **where)
        return [str(one) for one in violations(self.effects(), records, place)]

    def wait_for_writes(self, count, timeout_s=30.0):
        until = time.monotonic() + timeout_s
        while len(self.effects()) < count:
            assert time.monotonic() < until, (self.daemons.folder / "daemon.log").read_text()[-2000:]
            time.sleep(0.1)


@pytest.fixture
def field(plane, tmp_path):
    made = Field(plane, tmp_path / "state")
    with kills.Objects(plane.api, made.namespace) as objects:
        made.objects = objects
        objects.make(20)
        yield made
        for one in made.started:
            with contextlib.suppress(ProcessLookupError):
                one.kill()
                one.wait(10)


def test_five_kills_at_random_lose_and_double_nothing(plane, tmp_path):
    """G2, G3: ``make chaos`` does a hundred."""
    report = kills.run(plane, tmp_path / "state", 5, seed=11)
    assert [str(one) for one in report.findings] == []
    assert report.chain == ""
    assert report.valid, report


def killed_before_it_hears(field, plane, method):
    """The proxy kills a daemon between the commit of its write and the answer; another one goes on."""
    victims, struck = [], []

    def kill(asked):
        dry = b"dryRun" in asked.body or "dryRun" in asked.path
        if victims and not struck and not dry and "intent/" in asked.headers.get("User-Agent", ""):
            struck.append(asked)
            victims.pop().send_signal(signal.SIGKILL)

    with ApiProxy(plane) as proxy:
        proxy.inject(Then(kill), method=method)
        victims.append(field.start(proxy.kubeconfig(plane.kubeconfig)))
        field.started[-1].wait(40)
    assert len(struck) == 1
    field.start()
    time.sleep(2.0)
    field.started[-1].terminate()
    field.started[-1].wait(20)


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "POST"])
def test_killed_after_the_server_has_it_and_before_we_hear_so(field, plane, method):
    """E2: the next one looks, and sends nothing again."""
    killed_before_it_hears(field, plane, method)
    assert field.findings() == []


def test_a_daemon_that_does_not_look_would_do_it_again(field, plane):
    """The control of E2: it takes its own change for somebody else's, which the model finds."""
    field.daemons.without = "look"
    killed_before_it_hears(field, plane, "PATCH")
    found = " ".join(field.findings())
    assert "denied" in found or "doubled" in found


def test_a_daemon_that_takes_nothing_up_would_lose_what_was_under_way(field):
    """The control of the random kills."""
    field.daemons.without = "restore"
    for number in range(3):
        daemon = field.start()
        field.wait_for_writes(2 * number + 1)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
    assert any(one.startswith("lost") for one in field.findings(finish_s=5.0))


def _stop_between_transactions(daemon, journal):
    """SIGSTOP, but not while it holds the journal: then nobody could take over before it wakes up."""
    for _ in range(200):
        daemon.send_signal(signal.SIGSTOP)
        try:
            with contextlib.closing(sqlite3.connect(journal, timeout=0.2, isolation_level=None)) as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
                return
        except sqlite3.OperationalError:
            daemon.send_signal(signal.SIGCONT)
            time.sleep(0.01)
    raise AssertionError("the daemon held its journal each time it was stopped")


def test_of_two_daemons_on_one_journal_the_stale_one_is_fenced_by_the_journal(field):
    """E4, E5: the first is stopped (SIGSTOP) while it acts, the second takes over; when the first wakes up
    its journal refuses it, and it ends by itself."""
    old = field.start()
    field.wait_for_writes(2)
    _stop_between_transactions(old, field.daemons.journal)
    new = field.start()
    time.sleep(3.0)
    asleep = time.time_ns() // 1_000_000
    old.send_signal(signal.SIGCONT)
    assert old.wait(20) == FENCED
    time.sleep(1.0)
    new.terminate()
    assert new.wait(20) == 0
    assert field.findings() == []
    late = [one for one in field.effects() if one.at_ms >= asleep and one.term == 1]
    assert len(late) <= 1  # a request that was being sent when it was stopped


def test_told_to_stop_in_the_middle_it_ends_in_time_and_the_next_one_goes_on(field):
    """E16: five times SIGTERM while something is in flight; it ends with 0 and leaves nothing half done."""
    rng, in_flight = random.Random(16), 0
    for number in range(5):
        daemon = field.start()
        field.wait_for_writes(number + 1)
        time.sleep(rng.uniform(0.0, 0.6))
        began = time.monotonic()
        daemon.terminate()
        assert daemon.wait(20) == 0
        assert time.monotonic() - began < 10
        in_flight += bool(kills.in_flight(field.daemons.records())[0])
    assert in_flight >= 2
    assert field.findings() == []


class Switches:
    """Pulls the kill switch in its two places by turns, and remembers when."""

    def __init__(self, field):
        self.field, self.stopped, self._numbers = field, [], itertools.count()

    def pull(self):
        self.place = next(self._numbers) % 2
        if self.place:
            meta = {"name": "aiops-stop", "namespace": self.field.namespace}
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"stop": "true"}}
            self.field.plane.api.create(body)
        else:
            (self.field.daemons.folder / "STOP").touch()
        self.since = now_ms()

    def release(self):
        self.stopped.append((self.since, now_ms()))
        if self.place:
            self.field.plane.api.delete("ConfigMap", self.field.namespace, "aiops-stop")
        else:
            (self.field.daemons.folder / "STOP").unlink()


def now_ms():
    return time.time_ns() // 1_000_000


def test_the_switch_stops_every_write_at_twenty_random_moments(field):
    """G16, B5: file and ConfigMap by turns, at moments drawn from a seed; no write more than a second after
    it was pulled (the promise is five), and there are writes between."""
    rng, switches = random.Random(5), Switches(field)
    field.start()
    field.wait_for_writes(1)
    for _ in range(MOMENTS):
        begun = sum(one.entry.kind == "incident_opened" for one in field.daemons.records())
        field.objects.make(begun)
        field.wait_for_writes(len(field.effects()) + 1)  # it writes again
        time.sleep(rng.uniform(0.0, 0.6))
        switches.pull()
        time.sleep(rng.uniform(1.2, 1.5))
        switches.release()
    field.started[-1].terminate()
    field.started[-1].wait(20)
    effects, stopped = field.effects(), tuple(switches.stopped)
    for grace_ms in (1_000, GRACE_MS):
        where = Where(stopped=stopped, grace_ms=grace_ms)
        found = violations(effects, field.daemons.records(), where)
        assert [str(one) for one in found if one.kind is Kind.STOPPED] == []
    free = [one for one in effects if not any(since < one.at_ms <= until for since, until in stopped)]
    assert len(free) >= MOMENTS  # the control: whenever it is released, it writes
    assert field.findings() == []
