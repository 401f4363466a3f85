"""What the applications of the simulated nodes do: requests shared over the ready pods, CPU, memory, answers.

So that fixes help as they do in life: more pods share the load, a replaced pod has its sisters' manners, a
restarted process has given its memory back, an earlier image knows no later mistake. Pure arithmetic.
"""

from dataclasses import dataclass, field

from tests.controlplane.faults import When

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds, of the histogram
SPREAD = ((0.5, 0.7), (0.45, 1.0), (0.05, 1.4))  # (share of the requests, times the usual latency)
MIB = 1 << 20
FULL = 0.98  # a queue beyond this is not lengthened in the sums


@dataclass(slots=True)
class App:
    """Pods labelled ``app=NAME`` and the load on all of them together. Tests change it as they go."""

    namespace: str
    name: str
    rps: float = 50.0
    cpu_s: float = 0.002  # CPU time of one request
    latency_s: float = 0.02  # of one request on an idle process
    memory_mib: float = 64.0


@dataclass(frozen=True, slots=True)
class Spoil:
    """What is wrong with some containers, in numbers."""

    latency_s: float = 0.0  # more for each request
    error_ratio: float = 0.0  # so many of them are answered with 5xx
    cpu: float = 0.0  # cores burned beside the requests
    memory_mib: float = 0.0  # more
    leak_mib_s: float = 0.0  # never given back; the kernel kills it at its limit


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A Spoil and whom it is for."""

    spoil: Spoil
    when: When
    since: float  # monotonic seconds

    def leaked_mib(self, ran_s: float, now: float) -> float:
        """What a process that has run for so long has lost by it."""
        return self.spoil.leak_mib_s * min(ran_s, now - self.since)


@dataclass(slots=True)
class Counters:
    """What one process has counted since it began; a restart begins anew."""

    restarts: int
    cpu_s: float = 0.0
    periods: float = 0.0
    throttled: float = 0.0
    good: list[float] = field(default_factory=lambda: [0.0] * (len(EDGES) + 1))  # not cumulated
    bad: list[float] = field(default_factory=lambda: [0.0] * (len(EDGES) + 1))
    seconds_good: float = 0.0
    seconds_bad: float = 0.0

    def advance(self, step_s: float, load: "Load") -> None:
        """Count what happened in ``step_s`` seconds of ``load``."""
        self.cpu_s += load.cpu * step_s
        self.periods += 10 * step_s
        self.throttled += 10 * step_s * load.throttled
        for share, times in SPREAD:
            latency, count = load.latency_s * times, load.rps * step_s * share
            place = sum(edge < latency for edge in EDGES)
            self.good[place] += count * (1 - load.error_ratio)
            self.bad[place] += count * load.error_ratio
            self.seconds_good += count * (1 - load.error_ratio) * latency
            self.seconds_bad += count * load.error_ratio * latency


@dataclass(frozen=True, slots=True)
class Load:
    """How one process fares just now."""

    rps: float
    cpu: float  # cores
    throttled: float  # share of the scheduler's periods
    latency_s: float
    error_ratio: float
    memory_mib: float


def load(
    app: App, pods: int, spoils: list[Spoil], cpu_limit: float, leaked_mib: float, is_ready: bool
) -> Load:
    """Of one of ``pods`` ready processes that share the load of ``app`` (an unready one gets none of it)."""
    rps = app.rps / pods if is_ready and pods else 0.0
    wanted = rps * app.cpu_s + sum(one.cpu for one in spoils) + 0.01
    busy = wanted / cpu_limit
    refused = (
        max(0.0, 1 - 1 / busy) if busy > 0 else 0.0
    )  # what does not fit into the CPU is answered with 503
    return Load(
        rps=rps,
        cpu=min(wanted, cpu_limit),
        throttled=min(1.0, max(0.0, busy - 0.8) * 5),
        latency_s=app.latency_s / (1 - min(busy, FULL)) + sum(one.latency_s for one in spoils),
        error_ratio=min(1.0, refused + sum(one.error_ratio for one in spoils)),
        memory_mib=app.memory_mib + leaked_mib + sum(one.memory_mib for one in spoils),
    )
