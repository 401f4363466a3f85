"""A timeline of correlation: what is bad and good when, and what people are told, in words.

A small shop: ``front`` calls ``cart`` and ``till``, ``cart`` calls ``db``; ``mail`` has no
known calls. All were healthy since 08:00 unless a test says otherwise.
"""

from dataclasses import replace

from aiops.core.book import Closed, Opened, StormBegan, StormEnded
from aiops.core.correlate import Book, correlate
from aiops.core.detect import Cleared, Raised
from aiops.core.quality import SEEING
from aiops.model import (
    Anomaly,
    AnomalyKind,
    Correlation,
    Direction,
    Edge,
    Facts,
    Role,
    StormLimits,
    Target,
    Workload,
)

MIDNIGHT = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE = 60_000
ROLES = {
    "latency": Role.LATENCY,
    "errors": Role.ERRORS,
    "memory": Role.MEMORY,
    "cpu": Role.CPU,
    "disk": Role.DISK,
    "traffic": Role.TRAFFIC,
}


def ms(clock):
    """ "10:07" or "10:07:30" as ms UTC of that day."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return MIDNIGHT + ((hours * 60 + minutes) * 60 + (seconds[0] if seconds else 0)) * 1000


def clock(at_ms):
    """The reverse, to the minute."""
    minutes = (at_ms - MIDNIGHT) // MINUTE
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def deployment(name):
    """A name of the shop, or "namespace/name", or a whole target."""
    if isinstance(name, Target):
        return name
    namespace, _, rest = name.rpartition("/")
    return Target("Deployment", namespace or "shop", rest)


def calls(*pairs):
    """Edges of the service graph: "front>cart"."""
    return tuple(Edge(*(deployment(name) for name in pair.split(">"))) for pair in pairs)


CALLS = calls("front>cart", "front>till", "cart>db")
NAMES = ("front", "cart", "till", "db", "mail")


def the_facts(*names, edges=CALLS, **changes):
    """The shop's facts; ``names`` are its workloads."""
    targets = [deployment(name) for name in names or NAMES]
    spaces = {target.namespace: {"aiops.dev/opt-in": "true"} for target in targets}
    return Facts(
        0,
        **{
            "workloads": {target: Workload(target) for target in targets},
            "edges": edges,
            "namespace_labels": spaces,
        }
        | changes,
    )


class Timeline:
    """Drives correlation; ``lines`` is what was told, "10:02 opened cart: latency_regression"."""

    def __init__(self, facts=None, since="08:00", settings=None, storm=None):
        self.facts = facts or the_facts()
        self.settings, self.storm = settings or Correlation(), storm or StormLimits()
        self.book, self.lines, self.changes, self.now_ms = Book(), [], [], 0
        self.tick(since)

    def tick(self, at, *happenings, quality=SEEING):
        """Advance to ``at`` and take ``happenings`` in."""
        self.now_ms = ms(at) if isinstance(at, str) else at
        self.book, changes = correlate(
            self.book, happenings, self.facts, self.now_ms, self.settings, self.storm, quality=quality
        )
        self.changes += changes
        self.lines += [line for change in changes if (line := self.line(change))]
        return self

    def bad(self, at, *names, signal="latency", since=None, **changes):
        """Each of ``names`` left its band at ``since`` (two minutes ago if not said)."""
        at_ms = ms(at)
        since_ms = ms(since) if since else at_ms - 2 * MINUTE
        return self.tick(at, *(Raised(anomaly(name, signal, since_ms, at_ms, **changes)) for name in names))

    def good(self, at, *names, signal="latency"):
        """Each of ``names`` is back."""
        return self.tick(at, *(Cleared(deployment(name), signal, ms(at), "default") for name in names))

    def until(self, at, quality=SEEING):
        """Tick minute by minute."""
        for now_ms in range(self.now_ms + MINUTE, ms(at) + 1, MINUTE):
            self.tick(now_ms, quality=quality)
        return self

    def restart(self):
        """What is kept of a book is its incidents, first sights and storm."""
        self.book = Book.restore(
            [*self.book.open.values(), *self.book.closed],
            self.book.first_seen,
            self.book.began_ms,
            self.book.storm,
        )
        return self

    def line(self, change):
        """One change in words; changes of lesser note (class, severity) are left out."""
        at = clock(self.now_ms)
        match change:
            case Opened(incident):
                return f"{at} opened {incident.kind} {names_of(incident)}"
            case Closed(incident):
                return f"{at} closed {names_of(incident)}: {incident.closed_because}"
            case StormBegan(because=because) | StormEnded(because=because):
                return f"{at} {'storm' if isinstance(change, StormBegan) else 'calm'}: {because}"
        what = [word for word in change.what if word not in {"class", "severity", "cleared"}]
        return f"{at} {' '.join(what)} {names_of(change.incident)}" if what else ""

    @property
    def open(self):
        """Open incidents in order of opening."""
        return sorted(self.book.open.values(), key=lambda one: (one.opened_ms, one.id))

    @property
    def groups(self):
        """Which workloads share an incident."""
        return sorted(names_of(one) for one in self.open)


def names_of(incident):
    """The names of an incident's places, sorted."""
    return " ".join(sorted(target.name for target in incident.targets))


def anomaly(name, signal, since_ms, at_ms, **changes):
    """One that is loud: four times as far out as its band allows."""
    plain = Anomaly(
        AnomalyKind.OBSERVED,
        deployment(name),
        signal,
        ROLES.get(signal, Role.OTHER),
        "s",
        "default",
        since_ms,
        at_ms,
        observed=2.0,
        low=0.0,
        high=1.0,
        score=4.0,
        direction=Direction.UP,
    )
    return replace(plain, **changes)
