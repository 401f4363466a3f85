"""Storm: many things are bad at once, so a person decides (promises 5.3, M8, G8).

What counts is causes, not sufferers: of each incident the first suspect, and those of its places that no
path of calls and no node ties to it (a shared symptom alone explains nothing). Known and predicted trouble
does not count. A storm is left after ``calm_s`` without its reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiops.core.book import Storm, active
from aiops.core.relate import Ground
from aiops.model import Anomaly, Direction, Incident, IncidentKind, Role, StormLimits, Target

HARM = frozenset({Role.LATENCY, Role.ERRORS, Role.RESTARTS, Role.CONDITION, Role.DISK})
NEARLY_ALL = 0.9  # of the workloads bad at once: the ground fails, or we are blind


@dataclass(frozen=True, slots=True)
class Toll:
    """What is bad at once."""

    causes: frozenset[Target]
    sufferers: frozenset[Target]  # causes included
    harmed: frozenset[Target]  # sufferers that fail, not those that are merely busy
    nodes: int  # that are a cause, or fail
    watched: frozenset[Target]  # workloads that were opted in; all of them where none is

    def exceeds(self, limits: StormLimits) -> str:
        """Which limit is exceeded, in words; "" if none."""
        bad = len(self.causes)
        if self.nodes >= limits.nodes and len(self.sufferers) >= limits.at_least:
            hurt = sum(one.kind != "Node" for one in self.sufferers)
            return f"{self.nodes} nodes and {hurt} workloads are bad at once"
        hurt, everything = len(self.harmed & self.watched), len(self.watched)
        if self._all_down(hurt, everything, limits):
            return f"{hurt} of {everything} workloads are bad at once: the ground fails, or we are blind"
        if bad < limits.at_least:
            return ""
        if bad > limits.workloads:
            return f"{bad} workloads are bad at once, {limits.workloads} are the limit"
        spaces = len({cause.namespace for cause in self.causes if cause.namespace})
        if spaces >= limits.namespaces:
            return f"workloads of {spaces} namespaces are bad at once"
        hit = len(self.causes & self.watched)
        if self.watched and hit >= limits.at_least and hit / everything >= limits.share_of_workloads:
            return f"{hit} of {len(self.watched)} workloads are bad at once"
        return ""

    def _all_down(self, hurt: int, everything: int, limits: StormLimits) -> bool:
        """Every workload looks bad; of many, nearly every one."""
        if hurt < limits.at_least:
            return False
        many = limits.workloads < NEARLY_ALL * everything
        return hurt == everything or (many and hurt / everything >= NEARLY_ALL)


def watched(ground: Ground, opt_in_label: str) -> frozenset[Target]:
    """Workloads of opted-in namespaces; where none is opted in, all workloads."""
    spaces = {
        name for name, labels in ground.facts.namespace_labels.items() if labels.get(opt_in_label) == "true"
    }
    chosen = frozenset(one for one in ground.facts.workloads if one.namespace in spaces)
    return chosen or frozenset(ground.facts.workloads)


def toll(incidents: Iterable[Incident], ground: Ground, opted_in: frozenset[Target]) -> Toll:
    """Causes and sufferers of ``incidents``; those without an active anomaly do not count."""
    causes: set[Target] = set()
    sufferers: set[Target] = set()
    harmed: set[Target] = set()
    for incident in incidents:
        bad = {ground.place(one.target) for one in active(incident)}
        if not bad or incident.kind is not IncidentKind.OBSERVED:
            continue
        sufferers |= bad
        harmed |= {ground.place(one.target) for one in active(incident) if _harms(one)}
        prime = ground.place(incident.prime)
        causes.add(prime)
        if len(bad) > 1:
            causes |= bad - _explained(prime, bad, ground)
    nodes = sum(
        one.kind == "Node" for one in causes | harmed
    )  # one that is merely busy suffers, as others do
    return Toll(frozenset(causes), frozenset(sufferers), frozenset(harmed), nodes, opted_in)


def _harms(one: Anomaly) -> bool:
    """Whether something fails or is missing; more load than usual alone is no harm."""
    return one.role in HARM or (one.role is Role.TRAFFIC and one.direction is Direction.DOWN)


def _explained(prime: Target, bad: set[Target], ground: Ground) -> set[Target]:
    """The places of ``bad`` that calls or nodes tie to ``prime``, directly or through one another."""
    seen, edge = {prime}, [prime]
    while edge:
        here = edge.pop()
        near = set(ground.around(here)) if ground.graphed(here) else set()
        near |= set(ground.on_node(here)) if here.kind == "Node" else set(ground.nodes(here))
        new = (near & bad) - seen
        seen |= new
        edge += new
    return seen


def advance(
    storm: Storm | None, recent: Toll, lasting: Toll, limits: StormLimits, now_ms: int
) -> tuple[Storm | None, str]:
    """The storm after ``now_ms`` and what to tell: "began", "ended" or "". ``recent`` is what became bad
    within the window; ``lasting`` is all that still is bad, which can only keep a storm on."""
    because = recent.exceeds(limits)
    if storm is None:
        return (Storm(now_ms, because), "began") if because else (None, "")
    because = because or lasting.exceeds(limits)
    if because:
        return Storm(storm.since_ms, because), ""
    since_ms = now_ms if storm.calm_since_ms is None else storm.calm_since_ms
    if now_ms - since_ms >= 1000 * limits.calm_s:
        return None, "ended"
    return Storm(storm.since_ms, storm.because, since_ms), ""
