"""Values: what must hold of a value beyond the types of its fields. Each check sees one value, whatever is
wrong beside it, and yields (field, got, expected)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aiops.core import calendar
from aiops.model import (
    Breaker,
    Detection,
    Edge,
    FreezeWindow,
    Policy,
    Role,
    Scope,
    Signal,
    TargetMapping,
    Verification,
    civil,
)
from aiops.model.prometheus import LABEL_NAME
from aiops.model.target import CLUSTER_SCOPED
from aiops.settings.books import BOOK_CHECKS
from aiops.settings.people import PEOPLE_CHECKS
from aiops.settings.report import Check, Wrong
from aiops.settings.schema import ClusterSettings, ServerSettings

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SIGNAL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
ALWAYS_PROTECTED = Policy().protected_namespaces  # more may be added, none taken away (B3)
NAMESPACED = frozenset(
    {"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Service", "Ingress"}
    | {"PersistentVolumeClaim", "HorizontalPodAutoscaler"}
)
A_DAY = date(2024, 1, 1)  # of any year: only whether the country is known is asked


@dataclass(frozen=True, slots=True)
class NotAbove:
    """A check that ``field`` is at most ``other``; it says nothing where one of them could not be read."""

    field: str
    other: str
    because: str

    @property
    def needs(self) -> tuple[str, str]:
        """The fields it compares."""
        return self.field, self.other

    def __call__(self, value: Any) -> Iterator[Wrong]:
        """The one thing that can be wrong."""
        one, most = getattr(value, self.field), getattr(value, self.other)
        if one > most:
            yield self.field, f"{one}", f"at most {most}, {self.because}"


def namespaces(value: Any) -> Iterator[Wrong]:
    """Names are exact: a pattern would match nothing, or one day everything (B1)."""
    listed = (*getattr(value, "namespaces", ()), *getattr(value, "protected_namespaces", ()))
    field = "protected_namespaces" if isinstance(value, Policy) else "namespaces"
    for index, name in enumerate(listed):
        if not DNS_LABEL.fullmatch(name):
            yield f"{field}[{index}]", repr(name), "the exact name of a namespace, no pattern"


def _refused(ask: Callable[[], object], field: str = "") -> Iterator[Wrong]:
    """What a ValueError of ``ask`` says: "field: expected this, got that"."""
    try:
        ask()
    except ValueError as error:
        name, _, rest = str(error).partition(": ")
        expected, _, got = rest.partition(", got ")
        yield field or name, got or "this", expected.removeprefix("expected ")


def _window(window: FreezeWindow) -> Iterator[Wrong]:
    if not window.name:
        yield "name", "nothing", "a name that people will read"
    prefix = f"window {window.name!r}: "
    for field, got, expected in _refused(lambda: calendar.check_window(window)):
        if f"{field}: " == prefix:  # the field comes after the name of the window
            field, _, expected = expected.partition(": expected ")  # noqa: PLW2901 - as written
        yield field, got, expected


def _detection(detection: Detection) -> Iterator[Wrong]:
    yield from _refused(lambda: civil.zone(detection.timezone), "timezone")
    if detection.holidays:
        yield from _refused(lambda: civil.holidays(detection.holidays, A_DAY, A_DAY), "holidays")


def _policy(policy: Policy) -> Iterator[Wrong]:
    if missing := [name for name in ALWAYS_PROTECTED if name not in policy.protected_namespaces]:
        expected = f"{', '.join(ALWAYS_PROTECTED)} and what you add"
        yield "protected_namespaces", f"a list without {', '.join(missing)}", expected
    if not DNS_LABEL.fullmatch(policy.own_namespace):
        yield "own_namespace", repr(policy.own_namespace), "the exact name of the namespace we run in"
    for name in ("opt_in_label", "protected_label"):
        if not LABEL_KEY.fullmatch(getattr(policy, name)):
            yield name, repr(getattr(policy, name)), "the key of a label, such as aiops.dev/opt-in"
    if not policy.approvers or "" in policy.approvers:
        yield "approvers", repr(list(policy.approvers)), "at least one role that is asked, none of them empty"


def _scope(scope: Scope) -> Iterator[Wrong]:
    if scope.namespace and not DNS_LABEL.fullmatch(scope.namespace):
        yield "namespace", repr(scope.namespace), "the exact name of a namespace, no pattern"
    if scope.workload:
        parts = scope.workload.split("/")
        if len(parts) not in (2, 3) or not all(parts) or "*" in scope.workload:
            yield "workload", repr(scope.workload), "Kind/namespace/name, or Kind/name of a node"


def _signal(signal: Signal) -> Iterator[Wrong]:
    if not SIGNAL_NAME.fullmatch(signal.name):
        yield "name", repr(signal.name), "a name of letters, digits and _ such as error_ratio"
    if not signal.query.strip():
        yield "query", "nothing", "a query in PromQL"
    if not signal.detectors:
        yield "detectors", "an empty list", "at least one detector, such as default"
    if signal.role is Role.CONDITION and not signal.condition:
        yield "condition", "nothing", "what a value of 1 means, such as CrashLoopBackOff"
    if signal.condition and signal.role is not Role.CONDITION:
        yield "role", str(signal.role), "condition, since a condition is named"


def _mapping(mapping: TargetMapping) -> Iterator[Wrong]:
    if not mapping.kind:
        yield "kind", "nothing", "a kind, such as Pod"
    for field in ("name", "namespace", "kind_label"):
        label = getattr(mapping, field)
        if (label or field == "name") and not LABEL_NAME.match(label):
            yield field, repr(label), "the name of a label"
    if mapping.kind in NAMESPACED and not mapping.namespace:
        yield "namespace", "nothing", f"the label that holds the namespace: a {mapping.kind} has one"
    if mapping.kind in CLUSTER_SCOPED and mapping.namespace and not mapping.kind_label:
        yield "namespace", repr(mapping.namespace), f"no namespace: a {mapping.kind} has none"


def _edge(edge: Edge) -> Iterator[Wrong]:
    if edge.caller == edge.callee:
        yield "callee", str(edge.callee), "another target than the caller"
    for field in ("caller", "callee"):
        if "*" in str(getattr(edge, field)):
            yield field, str(getattr(edge, field)), "one target, no pattern (B1)"


def _server(server: ServerSettings) -> Iterator[Wrong]:
    if not server.host or not server.host.isprintable() or " " in server.host:
        yield "host", repr(server.host), "an address to listen on, such as 127.0.0.1"
    for name in server.names:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", name):
            yield (
                "names",
                repr(name),
                "the name of a host without a port, no pattern, such as aiops.example.com",
            )


def _cluster(cluster: ClusterSettings) -> Iterator[Wrong]:
    if not re.fullmatch(r"[A-Za-z0-9._/-]{0,253}", cluster.name):
        yield "name", repr(cluster.name), "a name of letters, digits and . _ / -"


CHECKS: Mapping[type, Sequence[Check]] = {
    Breaker: (
        NotAbove("failures", "of_last", "the outcomes that are looked at"),
        NotAbove("at_least", "of_last", "the outcomes that are looked at"),
    ),
    ClusterSettings: (_cluster,),
    Detection: (NotAbove("open_after", "open_of", "the samples that are looked at"), _detection),
    Edge: (_edge,),
    FreezeWindow: (_window, namespaces),
    Policy: (_policy, namespaces),
    Scope: (_scope,),
    ServerSettings: (_server,),
    Signal: (_signal,),
    TargetMapping: (_mapping,),
    Verification: (
        NotAbove("good", "of", "the samples that are looked at"),
        NotAbove("settle_s", "deadline_s", "or nothing could ever be verified"),
    ),
    **BOOK_CHECKS,
    **PEOPLE_CHECKS,
}
