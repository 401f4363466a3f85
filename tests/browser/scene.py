"""What the browser looks at: a real loop that asks, its real forum, the console as the daemon serves it."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from aiops.bootstrap.config import load_shipped
from aiops.core.quality import Quality, Reading
from aiops.engine import entries
from aiops.model import (
    Actor,
    ApprovalSettings,
    ApproverRole,
    Channel,
    Direction,
    Evidence,
    Plot,
    Severity,
    Suspect,
    Target,
)
from aiops.web.app import Doors, Pages, make_app
from aiops.web.auth import Doorkeeper
from aiops.web.console import FORMS, PUBLIC, SIGN_IN, Parts, Standing, View, console_routes
from aiops.web.server import Server
from aiops.web.sessions import Sessions
from tests.fakes.authenticator import FakeAuthenticator
from tests.unit.core.cases import CART, HOUR, MINUTE, NOW, anomaly, incident
from tests.unit.engine.asking_cases import Asking

TOKEN = "ada-token-0123456789"  # noqa: S105 - of nobody
ADA = Actor(Channel.KUBERNETES, "ada@example.org", "Ada Lovelace")
SETTINGS = ApprovalSettings(
    roles={"on-call": ApproverRole(kubernetes_users=("ada@example.org", "bob@example.org"))}
)
CANARY = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>\'"&'
CLASSES = ("memory_leak", "cpu_saturation", "disk_filling", "dependency_slow", "traffic_surge")
SEVERITIES = tuple(Severity)


def past_incident(number, now_ms=NOW, **changes):
    """One that is over, of another hour; ``number`` tells it from others."""
    since_ms = now_ms - (number + 2) * HOUR
    workload = Target("Deployment", f"team-{number % 7}", f"service-{number % 31}")
    values = {
        "id": f"{number:012x}",
        "fingerprint": f"f{number % 31}",
        "incident_class": CLASSES[number % 5],
        "severity": SEVERITIES[number % 4],
        "targets": (workload,),
        "suspects": (Suspect(workload, 0.8, (Evidence("it left its band first", 1.0),)),),
        "opened_ms": since_ms + MINUTE,
        "since_ms": since_ms,
        "updated_ms": since_ms + 30 * MINUTE,
        "opened_because": f"memory of {workload} left its band",
    }
    one = anomaly(workload, since_ms=since_ms, at_ms=since_ms + MINUTE)
    return incident(one, prime=workload, **values | changes)


def lived(one):
    """The entries of an incident that came and went."""
    over = replace(
        one, state="closed", closed_ms=one.since_ms + 40 * MINUTE, closed_because="its signals are back"
    )
    return [
        entries.opened(one, _Nothing(), one.opened_ms)[0],
        entries.changed(one, ("severity",), one.updated_ms),
        entries.closed(over, over.closed_ms),
    ]


class _Nothing:
    def between(self, start_ms, end_ms):
        return ()


def a_plot(target=CART, signal="m", since_ms=NOW - 5 * MINUTE):
    """Three hours at a sample a minute: calm, then rising out of its band."""
    times = np.arange(since_ms - 2 * HOUR, since_ms + HOUR // 6, MINUTE)
    wave = 1.4e8 + 2e7 * np.sin(np.arange(len(times)) / 9)
    late = np.maximum((times - since_ms) / MINUTE, 0)
    values = wave + 3e7 * late
    high = wave + 3e7
    values[20:24] = np.nan  # a gap
    return Plot(
        target,
        signal,
        "bytes",
        Direction.UP,
        times,
        values,
        np.full(len(times), -np.inf),
        high,
        np.nan_to_num(values) > high,
    )


class Scene(Asking):
    """The leaking cart is asked about; other incidents are over. ``parts`` is what the console reads."""

    def __init__(self, past=40, settings=SETTINGS, **options):
        super().__init__(settings=settings, **options)
        self.approval = self.asks()
        self.settings = load_shipped()
        written = [entry for number in range(past) for entry in lived(past_incident(number))]
        if written:
            self.store.append(written, self.loop.term)
        self.lock = threading.Lock()

    @property
    def incident_id(self):
        return self.approval.incident_id

    def add(self, *new):
        """More entries, as the loop would write them."""
        with self.lock:
            self.store.append(new, self.loop.term)

    def open_another(self, name="0123456789ab", **changes):
        """Another incident, just now."""
        workload = Target("Deployment", "shop", changes.pop("name", "checkout"))
        values = {
            "id": name,
            "incident_class": "cpu_saturation",
            "severity": Severity.CRITICAL,
            "targets": (workload,),
            "suspects": (Suspect(workload, 0.9),),
            "since_ms": NOW - MINUTE,
            "opened_ms": NOW,
            "opened_because": "cpu_usage left its band",
        }
        one = incident(anomaly(workload, since_ms=NOW - MINUTE), prime=workload, **values | changes)
        self.add(entries.opened(one, _Nothing(), NOW)[0])
        return one

    def standing(self):
        readings = (Reading("error_ratio", 12, 12), Reading("memory_working_set", 14, 9))
        blind = {"memory_working_set": "5 of 14 series gone at once"}
        return Standing(
            live=True,
            ticked_ms=self.clock.now_ms(),
            step_ms=60_000,
            quality=Quality(blind),
            readings=readings,
        )

    def parts(self, doorkeeper, **changes):
        shipped = self.settings
        view = View(
            cluster="prod",
            version="0.1.0",
            digest="d" * 64,
            policy=self.loop.rules.policy,
            playbooks=(*self.loop.rules.playbooks, *shipped.playbooks),
            signals=shipped.signals,
            remediations=("annotate", "restart_rollout", "scale_out", "scale_to"),
        )
        values = {
            "store": self.store,
            "view": view,
            "now_ms": self.clock.now_ms,
            "standing": self.standing,
            "plots": lambda one, records: (
                (a_plot(), a_plot(signal="latency_p95")) if one.prime == CART else ()
            ),
            "forum": self.forum,
            "doorkeeper": doorkeeper,
        }
        return Parts(**values | changes)


def app_of(scene, closed=False, authenticator=None, **changes):
    """The console behind the gate, as the daemon puts them together."""
    known = authenticator or FakeAuthenticator({TOKEN: ADA})
    doorkeeper = Doorkeeper(known, Sessions(3600))
    pages = Pages(console_routes(scene.parts(doorkeeper, **changes)), PUBLIC, FORMS, SIGN_IN)
    doors = Doors(doorkeeper, pages=pages, closed=closed)
    return make_app(lambda: (b"", "text/plain"), lambda: (True, {}), lambda: (True, {}), doors)


@contextmanager
def served(scene, **changes):
    """The console on loopback; the address of it."""
    with Server(app_of(scene, **changes), "127.0.0.1", 0) as server:
        yield f"{server.url}/console/"
