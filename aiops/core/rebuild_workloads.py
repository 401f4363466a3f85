"""Workloads over time: replicas, readiness, rollouts, images, bounds; None wherever the history is silent.

Cost: O(changes of a workload and its pods x its pods).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiops.core.rebuild_history import History, Steps, Track
from aiops.core.rebuild_labels import manager, unflat
from aiops.core.rebuild_pods import Name, Past, replicaset_owners
from aiops.model import Node, Revision, Target, Workload

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
_NUMBERS = (
    "replicas",
    "ready",
    "available",
    "total",
    "updated",
    "observed",
    "generation",
    "paused",
    "max_unavailable",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """From ``at_ms`` on, the newest pods belong to ``group`` (a ReplicaSet; "" for other kinds)."""

    at_ms: int
    group: str
    images: tuple[str, ...]


@dataclass(slots=True)
class Being:
    """One workload over time."""

    target: Target
    numbers: dict[str, Track] = field(default_factory=dict)
    labels: list[Track] = field(default_factory=list)
    revisions: list[Track] = field(default_factory=list)  # of a StatefulSet: one a revision
    pods: list[Past] = field(default_factory=list)
    scalers: list[Track] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    revision_numbers: dict[str, int] = field(default_factory=dict)  # by ReplicaSet, where exported

    def value(self, name: str, at_ms: int) -> int | None:
        """A number at ``at_ms``; None is unknown."""
        value = self.numbers[name].at(at_ms) if name in self.numbers else math.nan
        return None if math.isnan(value) else round(value)

    def there(self, at_ms: int) -> bool:
        """Whether it existed at ``at_ms``: by its own numbers, or by its pods where there are none."""
        own = [*self.numbers.values(), *self.labels]
        return any(one.there(at_ms) for one in own) if own else any(one.there(at_ms) for one in self.pods)

    def steps(self) -> Iterator[Steps]:
        """Everything that changes over time."""
        for track in (*self.numbers.values(), *self.labels, *self.scalers):
            yield track.steps
        for pod in self.pods:
            yield from pod.steps()

    def rolling(self, at_ms: int) -> bool | None:
        """Whether a rollout is under way; None where the history does not tell."""
        wanted, total, updated, observed, generation = (
            self.value(name, at_ms) for name in ("replicas", "total", "updated", "observed", "generation")
        )
        if observed is not None and generation is not None and observed < generation:
            return True
        if wanted is None or total is None or updated is None:
            return None
        return updated < wanted or total > updated


def beings(history: History, pods: Mapping[Name, Past]) -> dict[Target, Being]:
    """All workloads that ever were, with their pods and the turns of their rollouts."""
    found: dict[Target, Being] = {}
    for kind in KINDS:
        label = kind.lower()
        for name in (*_NUMBERS, "labels", "revision"):
            for track in history.rows(f"{kind}.{name}"):
                named = _named(kind, track, label)
                if named is None:
                    continue
                being = found.setdefault(named, Being(named))
                if name == "labels":
                    being.labels.append(track)
                elif name == "revision":
                    being.revisions.append(track)
                else:
                    being.numbers[name] = track
    for pod in pods.values():
        if pod.owner is not None:
            found.setdefault(pod.owner, Being(pod.owner)).pods.append(pod)
    for track in history.rows("scaler"):
        space, kind = track.labels.get("namespace", ""), track.labels.get("scaletargetref_kind", "")
        scaled = track.labels.get("scaletargetref_name", "")
        if space and kind and scaled and (target := Target(kind, space, scaled)) in found:
            found[target].scalers.append(track)
    _number(history, found)
    for being in found.values():
        being.turns = list(_turns(being))
    return dict(sorted(found.items()))


def _named(kind: str, track: Track, label: str) -> Target | None:
    space, name = track.labels.get("namespace", ""), track.labels.get(label, "")
    return Target(kind, space, name) if space and name else None


def _number(history: History, found: Mapping[Target, Being]) -> None:
    owners = replicaset_owners(history)
    for track in history.rows("replicaset_revision"):
        name = track.labels.get("replicaset", "")
        owner = owners.get((track.labels.get("namespace", ""), name))
        number = track.labels.get("annotation_deployment_kubernetes_io_revision", "")
        if owner is not None and owner in found and number.isdecimal():
            found[owner].revision_numbers[name] = int(number)


def _turns(being: Being) -> Iterator[Turn]:
    """Whenever the newest pod is of another group or runs other images than the newest before it.

    Of the pods that were there when the history began, those of the largest group count as the newest.
    """
    births = sorted(birth for pod in being.pods for birth in _births(pod))
    if not births:
        return
    by_name = {pod.target.name: pod for pod in being.pods}
    grouped = being.target.kind == "Deployment"
    groups = [by_name[name].group for at_ms, name in births if at_ms == births[0][0]]
    largest = max(sorted(set(groups)), key=groups.count)
    current: tuple[str, tuple[str, ...]] | None = None
    for at_ms, name in births:
        pod = by_name[name]
        if grouped and at_ms == births[0][0] and pod.group != largest:
            continue
        images = tuple(one.image for one in pod.containers(max(at_ms, _imaged_ms(pod, at_ms))))
        now = (pod.group if grouped else "", images)
        if now != current and (images or current is None or now[0] != current[0]):
            current = now
            yield Turn(at_ms, *now)


def _births(pod: Past) -> Iterator[tuple[int, str]]:
    """When the pod appeared, and when a container of it took another image (pods that keep their name)."""
    yield pod.first_ms, pod.target.name
    for tracks in pod.images.values():
        for track in sorted(tracks, key=lambda one: one.first_ms)[1:]:
            yield track.first_ms, pod.target.name


def _imaged_ms(pod: Past, at_ms: int) -> int:
    """When its images were first known, at ``at_ms`` or after: they come with the first containers."""
    firsts = [min(track.first_ms for track in tracks) for tracks in pod.images.values()]
    return max([at_ms, *firsts])


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a workload is read together with."""

    nodes: Mapping[str, Node]  # with their zones
    known_labels: Sequence[str]
    spaces_with_budgets: frozenset[str] | None  # None: whether there are any is unknown
    bounds: Mapping[tuple[str, str, str], Track]  # by query, namespace and autoscaler
    scalers_known: bool  # whether autoscalers are exported at all

    @property
    def none(self) -> int | None:
        """The maximum of an autoscaler that is not there: 0, or unknown where nobody exports them."""
        return 0 if self.scalers_known else None

    def bound(self, scaler: Track, query: str, at_ms: int) -> int | None:
        """A bound of an autoscaler."""
        name = scaler.labels.get("horizontalpodautoscaler", "")
        track = self.bounds.get((query, scaler.labels.get("namespace", ""), name))
        return round(track.at(at_ms)) if track is not None and track.there(at_ms) else None


def snapshot(being: Being, around: Surroundings, at_ms: int) -> Workload:
    """The workload as it was at ``at_ms``."""
    live = [pod for pod in being.pods if pod.there(at_ms)]
    turns = [turn for turn in being.turns if turn.at_ms <= at_ms]
    current = [pod for pod in live if turns and turns[-1].group in ("", pod.group)]
    containers = next((some for pod in reversed(current) if (some := pod.containers(at_ms))), ())
    nodes = sorted({node for pod in live if (node := pod.node(at_ms))})
    zones = {around.nodes[node].zone for node in nodes if node in around.nodes}
    labels = next((unflat(one.labels, around.known_labels) for one in being.labels if one.there(at_ms)), {})
    scaler = next((one for one in being.scalers if one.there(at_ms)), None)
    paused = being.value("paused", at_ms)
    budgets = around.spaces_with_budgets
    free = budgets is not None and being.target.namespace not in budgets
    return Workload(
        target=being.target,
        replicas=being.value("replicas", at_ms),
        ready=_ready(being, live, at_ms),
        rolling=being.rolling(at_ms),
        paused=None if paused is None else paused == 1,
        images=turns[-1].images if turns else (),
        revisions=tuple(_revisions(being, turns)),
        labels=labels,
        managed_by=manager(labels),
        hpa_min=around.bound(scaler, "scaler_min", at_ms) if scaler else None,
        hpa_max=around.bound(scaler, "scaler_max", at_ms) if scaler else around.none,
        hpa_name=scaler.labels.get("horizontalpodautoscaler", "") if scaler else "",
        pdb_disruptions_allowed=len(live) if free and live else None,
        max_unavailable=being.value("max_unavailable", at_ms),
        containers=containers,
        node_names=tuple(nodes),
        zones=tuple(sorted(zone for zone in zones if zone)),
    )


def _ready(being: Being, live: Sequence[Past], at_ms: int) -> int | None:
    counted = being.value("ready", at_ms)
    if counted is not None:
        return counted
    states = [pod.is_ready(at_ms) for pod in live]
    return sum(state is True for state in states) if states and None not in states else None


def _revisions(being: Being, turns: Iterable[Turn]) -> Iterator[Revision]:
    """Revisions seen so far, the current one last; numbered as exported, else in order of appearance."""
    for order, turn in enumerate(turns, 1):
        yield Revision(being.revision_numbers.get(turn.group, order), turn.images, turn.at_ms)
