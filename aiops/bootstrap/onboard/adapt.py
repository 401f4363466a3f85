"""Adapt: one shipped signal to what a server holds. What cannot be had is said, never guessed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aiops.adapters.prometheus import rewrite
from aiops.bootstrap.onboard import standins
from aiops.bootstrap.onboard.families import INSTEAD, SAME, alternatives
from aiops.bootstrap.onboard.labels import MADE_BY_SCRAPE, about_others, there
from aiops.bootstrap.onboard.survey import Survey
from aiops.model import Role, Rollup, Signal, TargetMapping

Names = Mapping[str, str]  # label in the query -> label of the server
# where a recorded series does not tell the pod: (label, kind of target)
INSTEAD_OF_POD = (
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("service", "Service"),
)
COUNTED = frozenset({Role.CONDITION, Role.RESTARTS})  # one event is enough: their windows delay nothing
EXPORTER = "kube_"  # of conditions: their series are absent while nothing is wrong


@dataclass(frozen=True, slots=True)
class Fitted:
    """One alternative that the server can answer, before labels are renamed."""

    query: str
    names: Mapping[str, Names]  # of each metric
    interval_s: float
    notes: tuple[str, ...] = ()
    target: TargetMapping | None = None  # other than the signal's own


@dataclass(frozen=True, slots=True)
class Adapted:
    """A signal as it will be written, or why it cannot be seen (``missing``)."""

    signal: Signal
    missing: str = ""
    notes: tuple[str, ...] = ()  # how it differs from the shipped one
    interval_s: float = 0.0
    window_s: float = 0.0
    stands_in: Mapping[str, str] = field(default_factory=dict)  # recorded series -> the raw ones


def adapt(signal: Signal, found: Survey) -> Adapted:
    """The best fit of ``signal``; all families of names that are there, joined."""
    fits: list[Fitted] = []
    stands_in: dict[str, str] = {}
    reasons: list[str] = []
    for name, query in [("", signal.query), *alternatives(signal.name)]:
        fit = _fit(query, signal.target, found, stands_in)
        if isinstance(fit, str):
            reasons.append(fit)
        elif not _again(fit, fits):
            fits.append(replace(fit, notes=(*([f"names of {name}"] if name else []), *fit.notes)))
    for name, query in INSTEAD.get(signal.name, ()) if not fits else ():
        fit = _fit(query, signal.target, found, stands_in)
        if isinstance(fit, Fitted):
            fits.append(replace(fit, notes=(f"names of {name}", *fit.notes)))
            break
    if not fits:
        fits += _whole(signal, found, stands_in)
    if not fits and signal.role is Role.CONDITION and signal.query.count(EXPORTER):
        fits += _quiet(signal, found)
    if not fits:
        return Adapted(signal, missing=_nearest(reasons))
    return _joined(signal, fits, stands_in)


def _again(fit: Fitted, before: Iterable[Fitted]) -> bool:
    """Whether the same requests are counted by another name already."""
    mine = frozenset(fit.names)
    return any(mine & same and same & frozenset(other.names) for same in SAME for other in before)


def _nearest(reasons: list[str]) -> str:
    """The reason of what is nearest to be seen: series without a label, before no series at all."""
    lacking = next((one for one in reasons if one.startswith("series of")), "")
    if lacking:
        return lacking
    return reasons[0] if len(reasons) < 2 else f"{reasons[0]}, nor any other name that is known"


def _fit(query: str, target: TargetMapping, found: Survey, stands_in: dict[str, str]) -> Fitted | str:
    """``query`` on this server, or why it cannot be asked there."""
    notes = []
    for metric in {use.metric: None for use in rewrite.uses(query)}:
        if metric in found.metrics:
            continue
        rule = standins.for_rate(metric, found)
        if rule is None:
            return f"no metric {metric}"
        query = standins.recorded(query, metric, rule)
        stands_in[rule.name] = f"rate({metric})"
        notes.append(f"recorded {rule.name} in place of {metric}")
    names = _names(query, found)
    if isinstance(names, str):
        return _by_node(query, target, found) or _by_workload(query, target, found, tuple(notes)) or names
    interval = max(shape.interval_s for metric in names if (shape := found.shape(metric)))
    return Fitted(query, names, interval, tuple(notes))


def _names(query: str, found: Survey) -> Mapping[str, Names] | str:
    """How each metric of ``query`` calls the labels that the query uses, or which one it lacks."""
    told = rewrite.listed_labels(query)
    names: dict[str, dict[str, str]] = {}
    for use in rewrite.uses(query):
        shape = found.shape(use.metric)
        if shape is None:
            return f"no metric {use.metric}"
        mine = names.setdefault(use.metric, {})
        for label in sorted(told | {label for label, _, _ in use.labels}):
            name = there(label, shape.labels, about_others(use.metric))
            if name is None and label in told and not _brought(label, query, use.metric, found):
                return f"series of {use.metric} have no label {label}"
            if name is None and label not in told:
                return f"series of {use.metric} have no label {label}"
            if name is not None:
                mine[label] = name
    return names


def _brought(label: str, query: str, metric: str, found: Survey) -> bool:
    """Whether a label that ``metric`` lacks comes from another metric of the query, or is only of buckets."""
    others = {use.metric for use in rewrite.uses(query)} - {metric}
    return (
        any(label in shape.labels for other in others if (shape := found.shape(other)))
        and label not in MADE_BY_SCRAPE
    )


def _by_node(query: str, target: TargetMapping, found: Survey) -> Fitted | None:
    """A node-exporter's series by node, where only ``node_uname_info`` knows which host is which."""
    uname = found.shape("node_uname_info")
    if target.name != "node" or uname is None or "nodename" not in uname.labels:
        return None
    known = {row.get("nodename", "") for row, _ in found.rows("group by (nodename) (node_uname_info)")}
    nodes = {row.get(_node_label(found), "") for row, _ in _node_rows(found)}
    if nodes and not known & nodes:
        return None  # host names are not names of nodes here
    by_instance = rewrite.renamed(query, {"node": "instance"})
    names = _names(by_instance, found)
    if isinstance(names, str):
        return None
    by_name = "* on (instance) group_left (nodename) max by (instance, nodename) (node_uname_info)"
    joined = f"({by_instance.strip()}\n)\n{by_name}"
    interval = max(shape.interval_s for metric in names if (shape := found.shape(metric)))
    return Fitted(
        joined,
        {**names, "node_uname_info": {"instance": "instance", "nodename": "nodename"}},
        interval,
        ("node by its host name in node_uname_info",),
        replace(target, name="nodename"),
    )


def _node_label(found: Survey) -> str:
    shape = found.shape("kube_node_info")
    return (there("node", shape.labels, True) if shape else None) or "node"


def _node_rows(found: Survey) -> list[tuple[Mapping[str, str], float]]:
    return (
        found.rows(f"group by ({_node_label(found)}) (kube_node_info)")
        if found.shape("kube_node_info")
        else []
    )


def _by_workload(query: str, target: TargetMapping, found: Survey, notes: tuple[str, ...]) -> Fitted | None:
    """A recorded series that does not tell the pod but its workload."""
    if target.name != "pod" or not any(":" in use.metric for use in rewrite.uses(query)):
        return None
    for label, kind in INSTEAD_OF_POD:
        by_label = rewrite.renamed(query, {"pod": label})
        names = _names(by_label, found)
        if not isinstance(names, str):
            interval = max(shape.interval_s for metric in names if (shape := found.shape(metric)))
            return Fitted(
                by_label, names, interval, (*notes, f"by {label}"), replace(target, kind=kind, name=label)
            )
    return None


def _whole(signal: Signal, found: Survey, stands_in: dict[str, str]) -> Iterator[Fitted]:
    """The first recorded series that is what ``signal`` measures."""
    queries = [signal.query, *(query for _, query in alternatives(signal.name))]
    raws = {use.metric for query in queries for use in rewrite.uses(query)}
    for stand_in in standins.for_signal(signal, raws, found):
        fit = _fit(stand_in.query, signal.target, found, stands_in)
        if isinstance(fit, Fitted):
            stands_in[stand_in.rule] = stand_in.raw
            notes = [f"recorded {stand_in.rule} in place of {stand_in.raw}", stand_in.note, *fit.notes]
            yield replace(fit, notes=tuple(note for note in notes if note))
            return


def _quiet(signal: Signal, found: Survey) -> Iterator[Fitted]:
    """A condition that nothing is in: its series are absent, its labels as the exporter's others."""
    told = rewrite.listed_labels(signal.query)
    first, second = (
        ("kube_node_info", "kube_pod_info") if "node" in told else ("kube_pod_info", "kube_node_info")
    )
    anything = next((one for one in sorted(found.metrics) if one.startswith(EXPORTER)), "")
    near = next((one for one in (first, second) if one in found.metrics), anything)
    shape = found.shape(near) if near else None
    if shape is None:
        return
    names: dict[str, dict[str, str]] = {}
    for use in rewrite.uses(signal.query):
        own = found.shape(use.metric)
        for label in told | {label for label, _, _ in use.labels}:
            name = (
                there(label, own.labels if own else shape.labels, True) if label in MADE_BY_SCRAPE else label
            )
            names.setdefault(use.metric, {})[label] = name or label
    yield Fitted(signal.query, names, shape.interval_s, ("nothing is in it now",))


def _joined(signal: Signal, fits: list[Fitted], stands_in: Mapping[str, str]) -> Adapted:
    target = fits[0].target or signal.target
    fits = [fit for fit in fits if (fit.target or signal.target) == target]
    shared = _shared(fits)
    queries = [rewrite.windowed(_renamed(fit, shared), fit.interval_s).strip() for fit in fits]
    query = queries[0] if len(queries) == 1 else "\nor ".join(f"({one})" for one in queries)
    query = signal.query if query == signal.query.strip() else f"{query}\n"
    adapted = replace(signal, query=query, target=_mapped(target, shared or {}))
    if target.kind != signal.target.kind:
        adapted = replace(adapted, rollup=Rollup.NONE)
    return Adapted(
        adapted,
        notes=tuple(dict.fromkeys([*(note for fit in fits for note in fit.notes), *_differs(fits)])),
        interval_s=max(fit.interval_s for fit in fits),
        window_s=0.0 if signal.role in COUNTED else rewrite.window_s(query),
        stands_in={name: raw for name, raw in stands_in.items() if name in query},
    )


def _renamed(fit: Fitted, shared: Names | None) -> str:
    """The query with the server's labels; one name for each label that answers are told by, if there is."""
    if shared is None:
        return rewrite.normalised(fit.query, fit.names.__getitem__)
    told = rewrite.listed_labels(fit.query)
    only = {
        metric: {label: name for label, name in names.items() if label not in told}
        for metric, names in fit.names.items()
    }
    return rewrite.renamed(rewrite.normalised(fit.query, only.__getitem__), shared)


def _differs(fits: list[Fitted]) -> list[str]:
    """Labels of another name, in words."""
    names = (pair for fit in fits for one in fit.names.values() for pair in one.items())
    return sorted({f"{label} is {name}" for label, name in names if label != name})


def _shared(fits: list[Fitted]) -> Names | None:
    """One name for each label that answers are told by, if all metrics agree; None if they do not."""
    shared: dict[str, str] = {}
    for fit in fits:
        told = rewrite.listed_labels(fit.query)
        for names in fit.names.values():
            for label, name in names.items():
                if label in told and shared.setdefault(label, name) != name:
                    return None
    return shared


def _mapped(target: TargetMapping, names: Names) -> TargetMapping:
    return replace(
        target,
        name=names.get(target.name, target.name),
        namespace=names.get(target.namespace, target.namespace),
        kind_label=names.get(target.kind_label, target.kind_label),
    )
