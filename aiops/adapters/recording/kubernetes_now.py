"""Kubernetes now: objects and events as the API server has them at the end of a recording.

Read only: list calls, each with a timeout. What may not be listed stays unknown; the rest is used. Events of
the API server reach back an hour or so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from aiops.adapters.kubernetes.calls import pages
from aiops.adapters.kubernetes.connect import Api, connect
from aiops.adapters.kubernetes.fields import target
from aiops.adapters.kubernetes.kinds import BY_NAME, FACTS
from aiops.adapters.kubernetes.objects import seen_event
from aiops.adapters.kubernetes.picture import Picture
from aiops.errors import ConfigError, Forbidden, InputError, NotFound, PortError, Problem, Rejected
from aiops.model import Access, KubernetesSettings
from aiops.model.recording import NOTHING_KNOWN, Fact, FactLine, NamespaceLabels

KINDS = tuple(
    kind for kind in BY_NAME.values() if not kind.extra and kind.name not in ("Service", "ConfigMap")
)
READ_S = 20.0  # between two pieces of an answer

Objects = Mapping[str, Sequence[Mapping[str, Any]]]


def read_now(kubeconfig: Path, context: str, at_ms: int) -> tuple[tuple[FactLine, ...], frozenset[str]]:
    """(lines as of ``at_ms``, kinds of fact that are known at that time).

    InputError for a kubeconfig that cannot be used; PortError where the API server does not answer, or
    refuses everything.
    """
    listed: dict[str, list[dict[str, Any]]] = {}
    refused: PortError | None = None
    with closing(_api(kubeconfig, context)) as api:
        for kind in KINDS:
            try:
                listed[kind.name] = [item for page in pages(api, kind.path) for item in page.items]
            except (Forbidden, NotFound) as error:
                refused = error
    if not listed and refused is not None:
        raise refused
    try:
        lines = tuple(_lines(listed, at_ms))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Rejected(f"the API server answered with an object that is none: {error!r:.120}") from error
    return lines, known(listed)


def known(listed: Objects) -> frozenset[str]:
    """The kinds of fact that a recording can tell by what was ``listed``."""
    return frozenset(name for name in NOTHING_KNOWN if name in FACTS and set(FACTS[name]) <= set(listed))


def state(listed: Objects, at_ms: int) -> Iterator[Fact]:
    """All objects as facts."""
    picture = Picture()
    for kind in KINDS:
        items = listed.get(kind.name, ())
        picture.replace(kind.name, {target(kind.name, one): kind.read(one, at_ms) for one in items}, at_ms)
    facts = picture.facts(at_ms, frozenset(listed))
    for name, labels in facts.namespace_labels.items():
        yield NamespaceLabels(name, labels, facts.namespace_annotations.get(name))
    yield from facts.nodes.values()
    yield from facts.pods.values()
    yield from facts.autoscalers.values()
    yield from facts.workloads.values()
    yield from facts.claims.values()


def _lines(listed: Objects, at_ms: int) -> Iterator[FactLine]:
    told = [event for item in listed.get("Event", ()) if (event := seen_event(item, at_ms)) is not None]
    for event in sorted(told, key=lambda one: (one.at_ms, one.target, one.detail)):
        if event.at_ms <= at_ms:
            yield FactLine(event.at_ms, event)
    for value in state(listed, at_ms):
        yield FactLine(at_ms, value)


def _api(kubeconfig: Path, context: str) -> Api:
    settings = KubernetesSettings(Access.KUBECONFIG, str(kubeconfig), context, read_timeout_s=READ_S)
    try:
        api = connect(settings)
    except ConfigError as error:
        raise InputError(
            [Problem(f"--kubeconfig {kubeconfig}", one.got, one.expected) for one in error.problems]
        ) from error
    assert api is not None  # noqa: S101 - a kubeconfig was named
    return api
