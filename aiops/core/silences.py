"""Silences: which of others' silences concern an incident, or a target that a step would change.

A silence speaks of alerts by their labels. It concerns a target where all its matchers agree with labels
under which that target is, or would be, alerted: ours (alertname AiopsIncident, incident_class, severity,
signal, cluster, namespace, kind, workload), those of the alerts that fire for it, its pods, and its own
labels. A label may have several values then, and one that agrees is enough.

What cannot be judged holds, and mutes nobody: to hold, a matcher that nobody can read agrees with everything,
one about a label that is not known here agrees where another one names this place, and a silence of one pod
speaks of its workload. To mute, only what is certain counts.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from aiops.core.anchored import Anchored
from aiops.core.words import minute
from aiops.model import Facts, Incident, LabelMatcher, Silence, Target

ALERTNAME = "AiopsIncident"  # under which we push our own incidents
PLACES = frozenset({"namespace", "workload", "pod", "node", "name", "deployment", "statefulset", "daemonset"})
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Node", "Pod")

Labels = Mapping[str, frozenset[str]]


def silenced(facts: Facts, incident: Incident, now_ms: int) -> str:
    """Why nobody is to be disturbed by ``incident``, in words; "" where somebody is. Fails open: silences
    that could not be read mute nothing."""
    for silence in facts.silences:
        if concerns_incident(silence, incident, facts, now_ms):
            return words(silence)
    return ""


def concerns_incident(silence: Silence, incident: Incident, facts: Facts, now_ms: int) -> bool:
    """Whether ``silence`` is in force and speaks of the incident's first suspect, or of all its targets."""
    if not in_force(silence, now_ms):
        return False
    places = dict.fromkeys(facts.owner(one) for one in incident.targets)
    if _mutes(silence, facts.owner(incident.prime), facts, incident):
        return True
    return bool(places) and all(_mutes(silence, one, facts, incident) for one in places)


def _mutes(silence: Silence, target: Target, facts: Facts, incident: Incident) -> bool:
    """Whether ``silence`` certainly speaks of ``target``: of its pods and nodes only those that are bad."""
    bad = {one.target for one in incident.anomalies}
    labels = dict(labels_of(target, facts, incident))
    if target.kind != "Pod":
        labels["pod"] = frozenset(one.name for one in bad if one.kind == "Pod")
    if target.kind != "Node":
        labels["node"] = frozenset(one.name for one in bad if one.kind == "Node")
    return agrees(silence.matchers, labels, certain=True)


def in_force(silence: Silence, now_ms: int) -> bool:
    """Whether it has begun and is not over."""
    return silence.from_ms <= now_ms < silence.until_ms


def holding(
    targets: Iterable[Target], facts: Facts, incident: Incident | None, now_ms: int
) -> Silence | None:
    """The first silence in force that speaks of any of ``targets``; None where none does."""
    places = [labels_of(one, facts, incident) for one in dict.fromkeys(targets)]
    for silence in facts.silences:
        if in_force(silence, now_ms) and any(agrees(silence.matchers, labels) for labels in places):
            return silence
    return None


def words(silence: Silence) -> str:
    """ "silenced until 2026-03-01 10:07 by anna: release night"."""
    by = f" by {silence.by}" if silence.by else ""
    why = f": {silence.comment}" if silence.comment else ""
    return f"silenced until {minute(silence.until_ms)} UTC{by}{why}"


def labels_of(target: Target, facts: Facts, incident: Incident | None) -> Labels:
    """Every label under which ``target`` is or would be alerted, with all the values it may have."""
    alerts = [one for one in facts.alerts if one.target is not None and facts.owner(one.target) == target]
    alerts += incident.alerts if incident is not None else ()
    found: dict[str, set[str]] = {
        "alertname": {ALERTNAME, *(one.name for one in alerts)},
        "cluster": {facts.cluster or target.cluster},
        "severity": {one.severity for one in alerts if one.severity},
        "namespace": {target.namespace},
        "kind": {target.kind},
        "workload_type": {target.kind.lower()},
        "workload": {target.name},
        "name": {target.name},
        target.kind.lower(): {target.name},
    }
    workload = facts.workloads.get(target)
    for name, value in (workload.labels if workload is not None else {}).items():
        found.setdefault(name.replace("-", "_").replace(".", "_").replace("/", "_"), set()).add(value)
    pods = [one for one in facts.pods.values() if target in (one.target, one.owner)]
    found.setdefault("pod", set()).update(one.target.name for one in pods)
    found.setdefault("node", set()).update(one.node for one in pods if one.node)
    if incident is not None:
        found["severity"].add(incident.severity)
        found["incident_class"] = {incident.incident_class}
        found["incident"] = {incident.id}
        found["signal"] = {one.signal for one in incident.anomalies}
    for kind in KINDS:  # known not to be there
        found.setdefault(kind.lower(), set())
    return {name: frozenset(values) for name, values in found.items()}


def agrees(matchers: Iterable[LabelMatcher], labels: Labels, *, certain: bool = False) -> bool:
    """Whether all of ``matchers`` agree with ``labels``; none at all, which no Alertmanager allows, does not
    for ``certain``. Without that, doubt agrees."""
    doubtful, placed, judged = False, False, tuple(matchers)
    for one in judged:
        values = labels.get(one.name)
        if values is None:
            if fits(one, "", doubt=not certain):
                continue  # no such label is the empty one
            doubtful = True
        elif not any(fits(one, value, doubt=not certain) for value in values or {""}):
            return False
        elif one.name in PLACES and one.equal and not fits(one, ""):
            placed = True
    return bool(judged) and not doubtful if certain else placed or not doubtful


def fits(matcher: LabelMatcher, value: str, *, doubt: bool = True) -> bool:
    """Whether one matcher agrees with one value; ``doubt`` where nobody can read its pattern."""
    if not matcher.regex:
        return (value == matcher.value) is matcher.equal
    try:
        return _pattern(matcher.value).matches(value) is matcher.equal
    except ValueError:
        return doubt


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> Anchored:
    return Anchored(text)
