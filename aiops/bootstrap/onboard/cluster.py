"""Cluster: which of the clusters behind one server is meant. Known or asked, never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.adapters.prometheus.source import PrometheusSource
from aiops.bootstrap.onboard.survey import evidence, external_labels, values_of
from aiops.errors import InputError
from aiops.model.prometheus import LABEL_NAME

LABELS = (
    "cluster",
    "cluster_name",
    "k8s_cluster",
    "k8s_cluster_name",
    "kubernetes_cluster",
    "cluster_id",
    "prometheus_cluster",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The matchers of our cluster, what the server must say it is, and why."""

    name: str = ""
    matchers: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    why: str = "no label tells clusters apart: the server holds one"


def choose(source: PrometheusSource, at_ms: int, label: str | None, name: str | None) -> Choice:
    """InputError that lists the clusters where only a person can say which is meant."""
    if label is not None and not LABEL_NAME.match(label):
        raise InputError(f"--cluster-label: expected the name of a label, got {label!r}")
    external = external_labels(source)
    found = _candidates(source, at_ms, label)
    if label and not found:
        raise InputError(f"--cluster-label: expected a label of nodes, pods or targets there, got {label!r}")
    own = next((one for one in LABELS if one in external), "")
    identity = {own: external[own]} if own else {}
    if not found:
        if name and name not in external.values():
            raise InputError(f"--cluster: expected no name, for no label tells clusters apart, got {name!r}")
        return Choice(external.get(own, ""), {}, identity)
    label = max(found, key=lambda one: len(found[one]) > 1)  # the first that tells several apart
    values = found[label]
    chosen, why = _chosen(label, values, external, name)
    if identity and identity[own] != chosen:
        identity = {}  # the server is one for all; it says of itself something else than we ask it for
    others = tuple(sorted(set(values) - {chosen}))
    return Choice(chosen, {label: chosen}, identity, others, why)


def _candidates(source: PrometheusSource, at_ms: int, label: str | None) -> dict[str, dict[str, int]]:
    """Labels that may tell clusters apart, with how much has which value. Of our own list only those that
    most have: a few series with such a label are of something that has clusters of its own."""
    metric, there = evidence(source, at_ms)
    found = {}
    for one in (label,) if label else LABELS:
        values = values_of(source, metric, one, at_ms) if one in there else {}
        without = values.pop("", 0)
        if values and (label or without < sum(values.values())):
            found[one] = values
    return found


def _chosen(
    label: str, values: Mapping[str, int], external: Mapping[str, str], name: str | None
) -> tuple[str, str]:
    if name is not None:
        if name not in values:
            raise InputError(f"--cluster: expected one of {_listed(values)} (label {label}), got {name!r}")
        return name, f"label {label}, as asked for"
    if len(values) == 1:
        return next(iter(values)), f"label {label} has this one value"
    if external.get(label) in values:
        return external[label], f"label {label}, and the server's own external label says which"
    raise InputError(
        f"several clusters behind one server, told apart by label {label}: {_listed(values)};"
        " say which is meant with --cluster NAME"
    )


def _listed(values: Mapping[str, int]) -> str:
    shown = sorted(values)[:20]
    more = f" and {len(values) - 20} more" if len(values) > 20 else ""
    return ", ".join(f"{value!r} ({values[value]} series)" for value in shown) + more
