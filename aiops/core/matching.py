"""Matching: does a playbook's matcher fit an incident, and which of several speaks."""

from collections.abc import Sequence

from aiops.model import Anomaly, Facts, Incident, Matcher, Playbook, SymptomMatcher, Target


def choose(incident: Incident, playbooks: Sequence[Playbook], facts: Facts) -> tuple[Playbook | None, str]:
    """The playbook that speaks for ``incident``, or None and why not in words.

    Of several, the highest priority; then the more specific; then the first by name.
    """
    misses = {playbook.name: mismatch(playbook.when, incident, facts) for playbook in playbooks}
    fitting = [playbook for playbook in playbooks if not misses[playbook.name]]
    if fitting:
        return min(fitting, key=lambda one: (-one.priority, -specificity(one.when), one.name)), ""
    near = [
        f"{name} ({why})"
        for name, why in misses.items()
        if not why.startswith(("class ", "symptom "))  # those that were about something else
    ]
    nearest = f"; nearest: {', '.join(near[:3])}" if near else ""
    return None, f"no playbook matches: class {incident.incident_class}, suspect {incident.prime}{nearest}"


def specificity(when: Matcher) -> int:
    """How many things a matcher demands."""
    single = (when.classes, when.kinds, when.namespaces, when.min_confidence)
    changes = (when.changed_within_s, when.unchanged_for_s)
    demands = sum(bool(one) for one in single) + sum(one is not None for one in changes)
    return demands + len(when.labels) + len(when.symptoms)


def mismatch(when: Matcher, incident: Incident, facts: Facts) -> str:
    """Why ``when`` does not fit ``incident``; empty where it does. What is unknown does not fit."""
    prime, subject = incident.prime, facts.owner(incident.prime)
    if when.classes and incident.incident_class not in when.classes:
        return f"class {incident.incident_class} is not one of {', '.join(when.classes)}"
    for symptom in when.symptoms:
        if not any(_shows(symptom, anomaly) for anomaly in _anomalies_of(subject, incident, facts)):
            return f"symptom {_words(symptom)} is not seen on {subject}"
    if when.kinds and not {prime.kind, subject.kind} & set(when.kinds):
        return f"{prime} is not one of {', '.join(when.kinds)}"
    if when.namespaces and subject.namespace not in when.namespaces:
        return f"namespace {subject.namespace or 'none'} is not one of {', '.join(when.namespaces)}"
    if when.min_confidence > (confidence := incident.suspects[0].confidence if incident.suspects else 0.0):
        return f"it needs a confidence of {when.min_confidence:.2f}, the first suspect has {confidence:.2f}"
    return _labels_mismatch(when, subject, facts) or _change_mismatch(when, subject, incident, facts)


def _labels_mismatch(when: Matcher, subject: Target, facts: Facts) -> str:
    workload = facts.workloads.get(subject)
    if when.labels and workload is None:
        return f"the labels of {subject} are not known"
    for key, value in when.labels.items():
        if workload is not None and workload.labels.get(key) != value:
            return f"label {key} is {workload.labels.get(key, 'absent')!r}, not {value!r}"
    return ""


def _change_mismatch(when: Matcher, subject: Target, incident: Incident, facts: Facts) -> str:
    if when.changed_within_s is None and when.unchanged_for_s is None:
        return ""
    if "events" in facts.unknown:
        return f"whether {subject} was changed is not known"
    changes = [
        event.at_ms
        for event in facts.events
        # a change is often seen a sample or two after its first effect
        if event.is_change and facts.owner(event.target) == subject and event.at_ms <= incident.opened_ms
    ]
    since = (incident.since_ms - max(changes)) / 1000 if changes else None
    if when.changed_within_s is not None and (since is None or since > when.changed_within_s):
        return f"{subject} was not changed in the {when.changed_within_s} s before"
    if when.unchanged_for_s is not None and since is not None and since <= when.unchanged_for_s:
        return f"{subject} was changed {max(since, 0):.0f} s before"
    return ""


def _anomalies_of(subject: Target, incident: Incident, facts: Facts) -> list[Anomaly]:
    return [anomaly for anomaly in incident.anomalies if facts.owner(anomaly.target) == subject]


def _shows(symptom: SymptomMatcher, anomaly: Anomaly) -> bool:
    return (
        (symptom.role is None or symptom.role is anomaly.role)
        and (not symptom.signal or symptom.signal == anomaly.signal)
        and (not symptom.condition or symptom.condition == anomaly.condition)
        and (symptom.direction is None or symptom.direction is anomaly.direction)
    )


def _words(symptom: SymptomMatcher) -> str:
    parts = (symptom.signal, symptom.role or "", symptom.condition, symptom.direction or "")
    return " ".join(part for part in parts if part)
