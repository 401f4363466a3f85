"""Story: what a replay of the loop over a recording told; what the report, the timeline and scores read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.decision import Decision
from aiops.model.facts import ClusterEvent
from aiops.model.incident import Incident
from aiops.model.panel import Floats, Mask, Times
from aiops.model.signal import Direction
from aiops.model.target import Target


@dataclass(frozen=True, slots=True)
class TrueIncident:
    """An incident that is known to have happened (``incidents.yaml``), or a fired alert as a candidate."""

    name: str
    start_ms: int
    end_ms: int
    target: Target | None  # the true root cause; None: only the time is known
    fault: str = ""
    affected: tuple[Target, ...] = ()  # others that showed it
    right_remediations: tuple[str, ...] = ()  # entry-point names; empty: not known
    source: str = "truth"  # or "alert"


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """The window of one (target, signal) around an incident: arrays (t,) over ``times`` in ms UTC."""

    target: Target
    signal: str
    unit: str
    direction: Direction
    times: Times
    values: Floats
    low: Floats
    high: Floats
    anomalous: Mask


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline."""

    at_ms: int
    what: str  # "opened", "suspect", "decided", "closed", "change", "alert", "storm" ...
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision at its time. ``if_known`` is what it would have been, had the unknown facts permitted."""

    at_ms: int
    decision: Decision
    if_known: Decision | None = None


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """One incident with everything a person needs to judge it."""

    incident: Incident
    decisions: tuple[Decided, ...]
    moments: tuple[Moment, ...]
    plots: tuple[Plot, ...]
    changes: tuple[ClusterEvent, ...] = ()
    runbook: str = ""  # of the playbook that spoke: what a person does


@dataclass(frozen=True, slots=True)
class Story:
    """A whole replay."""

    recording: str
    cluster: str
    start_ms: int
    end_ms: int
    step_ms: int
    series: int
    signals: int
    workloads: int
    incidents: tuple[IncidentStory, ...]
    known: tuple[Incident, ...] = ()  # known breakage, reported apart
    truths: tuple[TrueIncident, ...] = ()
    warnings: tuple[str, ...] = ()  # gaps, partial data, unmapped series, in words
    budgets: dict[str, str] = field(default_factory=dict)  # "cluster per hour": "2 of 20"
    elapsed_s: float = 0.0
    config_digest: str = ""
    learned_until_ms: int = 0  # before: history, learned from and not watched; 0: all was watched
    samples: int = 0  # that were there; gaps do not count
    moments: tuple[Moment, ...] = ()  # of no single incident: storms, blindness
    owners: Mapping[Target, Target] = field(default_factory=dict)  # pods, claims and autoscalers of the story

    @property
    def watched_ms(self) -> int:
        """The first sample that was watched, and not only learned from."""
        steps = -(-max(self.learned_until_ms - self.start_ms, 0) // max(self.step_ms, 1))
        return self.start_ms + steps * self.step_ms

    def owner(self, target: Target) -> Target:
        """The workload that ``target`` is part of; any target nobody owns is its own owner."""
        return self.owners.get(target, target)
