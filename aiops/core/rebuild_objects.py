"""Objects over time: a line of facts whenever one differs from what it was."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from aiops.core import rebuild_events, rebuild_workloads
from aiops.core.rebuild_history import History, Steps, Track
from aiops.core.rebuild_labels import unflat
from aiops.core.rebuild_pods import Name, Past
from aiops.core.rebuild_workloads import Being, Surroundings
from aiops.model import Autoscaler, Claim, Node, Pod, Target
from aiops.model.recording import Fact, FactLine, NamespaceLabels

T = TypeVar("T", bound=Fact)
_OWN_NAME = "kubernetes.io/metadata.name"  # every namespace has it: alone it tells nothing


def states(
    steps: Iterable[Steps], there: Callable[[int], bool], read: Callable[[int], T]
) -> Iterator[FactLine]:
    """A line whenever what is read differs from the line before; ``gone`` when it is no longer there."""
    last: T | None = None
    for at_ms in sorted({at for some in steps for at, _ in some}):
        if there(at_ms):
            now = read(at_ms)
            if now != last:
                yield FactLine(at_ms, now)
            last = now
        elif last is not None:
            yield FactLine(at_ms, last, gone=True)
            last = None


def of_workload(being: Being, around: Surroundings, first_ms: int) -> Iterator[FactLine]:
    """A workload and what was changed on it."""
    lines = list(
        states(being.steps(), being.there, lambda at_ms: rebuild_workloads.snapshot(being, around, at_ms))
    )
    yield from lines
    life = [
        (line.at_ms, not line.gone)
        for before, line in zip([None, *lines], lines, strict=False)
        if line.gone or before is None or before.gone
    ]
    changed = rebuild_events.of_workload(being, first_ms)
    for event in (*changed, *rebuild_events.of_life(being.target, life, first_ms)):
        yield FactLine(event.at_ms, event)


def of_pod(one: Past) -> Iterator[FactLine]:
    """A pod."""

    def read(at_ms: int) -> Pod:
        return Pod(one.target, one.owner, None, one.node(at_ms), one.phase(at_ms), one.is_ready(at_ms))

    return states(one.steps(), one.there, read)


def nodes(history: History, known_labels: Sequence[str]) -> list[Node]:
    """All nodes, without their states."""
    labelled = {
        track.labels.get("node", ""): unflat(track.labels, known_labels)
        for track in history.rows("node_labels")
    }
    found = []
    for name in sorted({track.labels.get("node", "") for track in history.rows("node_info")} - {""}):
        labels = labelled.get(name) or None
        zone = (labels or {}).get("topology.kubernetes.io/zone")
        found.append(Node(Target("Node", "", name), zone=zone, labels=labels))
    return found


def of_nodes(history: History, known: Sequence[Node]) -> Iterator[FactLine]:
    """Nodes with their states."""
    tracks: dict[str, dict[str, Track]] = {}
    for query in ("node_info", "node_ready", "node_unschedulable"):
        for track in history.rows(query):
            tracks.setdefault(track.labels.get("node", ""), {})[query] = track
    for node in known:
        yield from _of_node(node, tracks[node.target.name])


def _of_node(node: Node, own: Mapping[str, Track]) -> Iterator[FactLine]:
    def flag(query: str, at_ms: int) -> bool | None:
        return own[query].at(at_ms) == 1 if query in own and own[query].there(at_ms) else None

    def read(at_ms: int) -> Node:
        ready, cordoned = flag("node_ready", at_ms), flag("node_unschedulable", at_ms)
        return Node(node.target, None, node.zone, ready, cordoned, None, node.labels)

    return states((track.steps for track in own.values()), own["node_info"].there, read)


def bounds(history: History) -> dict[tuple[str, str, str], Track]:
    """Bounds of autoscalers by query, namespace and name."""
    return {
        (query, track.labels.get("namespace", ""), track.labels.get("horizontalpodautoscaler", "")): track
        for query in ("scaler_min", "scaler_max")
        for track in history.rows(query)
    }


def of_scalers(history: History) -> Iterator[FactLine]:
    """Autoscalers."""
    known = bounds(history)
    for track in history.rows("scaler"):
        name = track.labels.get("namespace", ""), track.labels.get("horizontalpodautoscaler", "")
        kind, scaled = (track.labels.get(f"scaletargetref_{part}", "") for part in ("kind", "name"))
        if all((*name, kind, scaled)):
            target = Target("HorizontalPodAutoscaler", *name)
            ends = (known.get(("scaler_min", *name)), known.get(("scaler_max", *name)))
            yield from _of_scaler(track, target, Target(kind, name[0], scaled), ends)


def _of_scaler(
    track: Track, target: Target, scales: Target, ends: tuple[Track | None, Track | None]
) -> Iterator[FactLine]:
    def bound(end: Track | None, at_ms: int) -> int | None:
        return round(end.at(at_ms)) if end is not None and end.there(at_ms) else None

    def read(at_ms: int) -> Autoscaler:
        return Autoscaler(target, scales, bound(ends[0], at_ms), bound(ends[1], at_ms))

    return states([one.steps for one in (track, *ends) if one is not None], track.there, read)


def of_claims(history: History, pods: Mapping[Name, Past]) -> Iterator[FactLine]:
    """Volume claims, with the workload whose pods mount them."""
    mounted: dict[Name, Target] = {}
    for track in history.rows("claim_pod"):
        space = track.labels.get("namespace", "")
        past = pods.get((space, track.labels.get("pod", "")))
        if past is not None and past.owner is not None:
            mounted[space, track.labels.get("persistentvolumeclaim", "")] = past.owner
    for track in history.rows("claim_size"):
        name = track.labels.get("namespace", ""), track.labels.get("persistentvolumeclaim", "")
        if all(name):
            yield from _of_claim(track, Target("PersistentVolumeClaim", *name), mounted.get(name))


def _of_claim(track: Track, target: Target, owner: Target | None) -> Iterator[FactLine]:
    return states(
        [track.steps], track.there, lambda at_ms: Claim(target, round(track.at(at_ms)), None, owner)
    )


def budgets(history: History) -> frozenset[str] | None:
    """Namespaces with a disruption budget; None where none was ever seen: then nobody exports them."""
    spaces = {track.labels.get("namespace", "") for track in history.rows("budget")}
    return frozenset(spaces) if spaces else None


def of_spaces(history: History, known_labels: Sequence[str]) -> list[FactLine]:
    """Labels of namespaces; none at all where the exporter was told to export none."""
    rows = [(track, unflat(track.labels, known_labels)) for track in history.rows("namespace_labels")]
    if not any(set(labels) - {_OWN_NAME} for _, labels in rows):
        return []
    spaces: dict[str, list[tuple[Track, Mapping[str, str]]]] = {}
    for track, labels in rows:
        if track.labels.get("namespace"):
            spaces.setdefault(track.labels["namespace"], []).append((track, labels))
    return [line for name, some in spaces.items() for line in _of_space(name, some)]


def _of_space(name: str, rows: Sequence[tuple[Track, Mapping[str, str]]]) -> Iterator[FactLine]:
    """One namespace; a series for each set of labels that it ever had."""

    def there(at_ms: int) -> bool:
        return any(track.there(at_ms) for track, _ in rows)

    def read(at_ms: int) -> NamespaceLabels:
        return NamespaceLabels(name, next(labels for track, labels in rows if track.there(at_ms)))

    return states([track.steps for track, _ in rows], there, read)
