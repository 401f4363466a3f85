"""Books: what must hold of a playbook and its matcher. A matcher that could never fit is refused as one that
always fits is: both are not what their author meant (B1)."""

import difflib
import re
from collections.abc import Iterator, Mapping

from aiops.core.classify import TABLE, UNCLASSIFIED
from aiops.model import Direction, Matcher, Playbook, Role, SymptomMatcher
from aiops.model.target import CLUSTER_SCOPED
from aiops.settings.report import Check, Wrong, did_you_mean

CLASSES = frozenset({row.name for row in TABLE} | {UNCLASSIFIED})
KINDS = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service", "Ingress"}
    | {"PersistentVolumeClaim", "HorizontalPodAutoscaler"}
    | CLUSTER_SCOPED
)
KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
BOOK_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
ALIKE = 0.85  # of two names of kinds: closer, and one is a typing error of the other


def _matcher(when: Matcher) -> Iterator[Wrong]:
    for index, name in enumerate(when.classes):
        if name not in CLASSES:
            yield f"classes[{index}]", repr(name), did_you_mean(name, CLASSES)
    for index, kind in enumerate(when.kinds):
        close = difflib.get_close_matches(kind[:64], KINDS, n=1, cutoff=ALIKE)
        if kind not in KINDS and (close or not KIND.fullmatch(kind)):
            yield f"kinds[{index}]", repr(kind), did_you_mean(kind, KINDS)
    for index, name in enumerate(when.namespaces):
        if not NAMESPACE.fullmatch(name):
            yield f"namespaces[{index}]", repr(name), "the exact name of a namespace, no pattern"
    yield from _never(when)


def _never(when: Matcher) -> Iterator[Wrong]:
    """Demands that exclude each other."""
    if when.kinds and set(when.kinds) <= CLUSTER_SCOPED:
        for field in ("namespaces", "labels"):
            if getattr(when, field):
                yield field, f"{field} of {', '.join(when.kinds)}", f"no {field}: it would never match"
    within, quiet = when.changed_within_s, when.unchanged_for_s
    if within is not None and quiet is not None and within < quiet:
        yield (
            "unchanged_for",
            f"{quiet} s together with changed_within {within} s",
            "one of the two, or it would never match",
        )


def _symptom(symptom: SymptomMatcher) -> Iterator[Wrong]:
    if symptom.condition and symptom.role not in (None, Role.CONDITION):
        yield "role", str(symptom.role), "condition or no role beside a condition: it would never match"
    if symptom.direction is Direction.BOTH:
        yield "direction", "both", "up or down, or leave it out: an anomaly is on one side"
    if symptom.condition and symptom.direction is Direction.DOWN:
        yield "direction", "down", "up or none: a condition only ever comes up"


def _playbook(playbook: Playbook) -> Iterator[Wrong]:
    if not BOOK_NAME.fullmatch(playbook.name):
        yield "name", repr(playbook.name), "a name of small letters, digits and - such as roll-back"
    if not playbook.version:
        yield "version", "nothing", 'a version, such as "1"'
    if playbook.steps and playbook.do_nothing_because:
        yield "do_nothing_because", "a reason together with steps", "either of the two"
    if "" in playbook.approvers:
        yield "approvers", "an empty name", "roles with a name"
    if playbook.runbook_url and not re.fullmatch(r"https?://[^\s<>\"'`]+", playbook.runbook_url):
        yield "runbook_url", "something else", "an address such as https://example.org/runbooks/cart"


BOOK_CHECKS: Mapping[type, tuple[Check, ...]] = {
    Matcher: (_matcher,),
    Playbook: (_playbook,),
    SymptomMatcher: (_symptom,),
}
