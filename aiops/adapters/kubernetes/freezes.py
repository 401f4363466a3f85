"""Freezes: rules of Argo CD and Flux that nothing is changed now, and which workloads they own.

Argo CD: a deny window that is open, or allow windows of which none is (sync windows of a project, for the
applications, namespaces or clusters that it names). Flux: an object that somebody suspended, which is what
people do who work by hand on what it manages.

Source:  Argo CD, "Sync Windows"; Flux, "Suspend" of Kustomization and HelmRelease.
"""

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiops.adapters.kubernetes.cron import Cron, cron, duration_ms
from aiops.adapters.kubernetes.fields import Json, named, part, target
from aiops.model import Freeze, Target, Workload

_OWNED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})


@dataclass(frozen=True, slots=True)
class Window:
    """One sync window. ``cron`` is None where it cannot be read: then it counts as closed for syncs."""

    allows: bool
    schedule: str
    cron: Cron | None
    lasts_ms: int
    applications: tuple[str, ...]
    namespaces: tuple[str, ...]
    clusters: tuple[str, ...]

    def concerns(self, app: "Application") -> bool:
        """Whether ``app`` is one of those it names; all three lists are globs, any one suffices."""
        return any(
            fnmatch.fnmatchcase(value, glob)
            for value, globs in (
                (app.target.name, self.applications),
                (app.namespace, self.namespaces),
                (app.server, self.clusters),
            )
            for glob in globs
        )

    def open_until(self, at_ms: int) -> int | None:
        """When the opening that ``at_ms`` is in ends; None outside, and where the schedule is unreadable."""
        begun = None if self.cron is None else self.cron.last(at_ms, self.lasts_ms)
        return None if begun is None else begun + self.lasts_ms


@dataclass(frozen=True, slots=True)
class Project:
    """A project of Argo CD with its windows."""

    target: Target
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Application:
    """An application of Argo CD: where it goes and what it made."""

    target: Target
    project: str
    namespace: str
    server: str
    workloads: frozenset[Target]


@dataclass(frozen=True, slots=True)
class Suspended:
    """A Kustomization or HelmRelease of Flux."""

    target: Target
    suspended: bool
    prefix: str  # of the labels that it puts on what it makes


def seen_project(item: Json, now_ms: int) -> Project:  # noqa: ARG001 - as all readers
    """A project."""
    found = part(item, "spec").get("syncWindows") or ()
    return Project(target("AppProject", item), tuple(_window(one) for one in found if isinstance(one, dict)))


def _window(one: Json) -> Window:
    schedule = str(one.get("schedule", ""))
    return Window(
        one.get("kind") == "allow",
        schedule,
        cron(schedule, str(one.get("timeZone") or "UTC")),
        duration_ms(str(one.get("duration", ""))) or 0,
        *(
            tuple(str(glob) for glob in one.get(key) or ())
            for key in ("applications", "namespaces", "clusters")
        ),
    )


def seen_application(item: Json, now_ms: int) -> Application:  # noqa: ARG001 - as all readers
    """An application."""
    spec, goes = part(item, "spec"), part(item, "spec", "destination")
    made = part(item, "status").get("resources") or ()
    workloads = frozenset(
        named(one["kind"], one.get("namespace") or goes.get("namespace"), one["name"])
        for one in made
        if isinstance(one, dict) and one.get("kind") in _OWNED and one.get("name")
    )
    project = str(spec.get("project") or "default")
    place, server = str(goes.get("namespace") or ""), str(goes.get("server") or goes.get("name") or "")
    return Application(target("Application", item), project, place, server, workloads)


def seen_flux(kind: str) -> Callable[[Json, int], Suspended]:
    """How a Kustomization or HelmRelease is read."""
    prefix = {"Kustomization": "kustomize", "HelmRelease": "helm"}[kind] + ".toolkit.fluxcd.io/"

    def read(item: Json, now_ms: int) -> Suspended:  # noqa: ARG001 - as all readers
        return Suspended(target(kind, item), bool(part(item, "spec").get("suspend")), prefix)

    return read


def freezes(
    seen: Mapping[str, Mapping[Target, Any]], workloads: Mapping[Target, Workload], at_ms: int
) -> Iterator[Freeze]:
    """All freezes at ``at_ms`` by what was seen of Argo CD and Flux."""
    yield from of_argo(seen["AppProject"].values(), seen["Application"].values(), at_ms)
    yield from of_flux([*seen["Kustomization"].values(), *seen["HelmRelease"].values()], workloads)


def of_argo(projects: Iterable[Project], apps: Iterable[Application], at_ms: int) -> Iterator[Freeze]:
    """One freeze an application and namespace that may not be synced at ``at_ms``."""
    known = {one.target.name: one for one in projects}
    for app in apps:
        project = known.get(app.project)
        if project is None:
            continue
        if (closed := _closed(project, app, at_ms)) is not None:
            name, until_ms = closed
            for space in sorted({one.namespace for one in app.workloads} or {app.namespace} - {""}):
                own = frozenset(one for one in app.workloads if one.namespace == space)
                yield Freeze(f"{name} of project {app.project}", space, until_ms, own)


def _closed(project: Project, app: Application, at_ms: int) -> tuple[str, int | None] | None:
    """Which window keeps ``app`` from being synced, and until when; None where none does."""
    mine = [one for one in project.windows if one.concerns(app)]
    for window in mine:
        until_ms = window.open_until(at_ms)
        if not window.allows and (until_ms is not None or window.cron is None):
            return f"Argo CD sync window deny {window.schedule}", until_ms
    allowing = [one for one in mine if one.allows]
    if allowing and all(one.open_until(at_ms) is None for one in allowing):
        return f"Argo CD sync window allow {allowing[0].schedule}, closed now,", None
    return None


def of_flux(suspended: Iterable[Suspended], workloads: Mapping[Target, Workload]) -> Iterator[Freeze]:
    """One freeze a suspended object and namespace in which it has made workloads."""
    wanted = {
        (one.prefix, one.target.namespace, one.target.name): one.target for one in suspended if one.suspended
    }
    if not wanted:
        return
    made: dict[tuple[Target, str], set[Target]] = {}
    for workload in workloads.values():
        for prefix in ("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"):
            space, name = (workload.labels.get(f"{prefix}{key}", "") for key in ("namespace", "name"))
            if (by := wanted.get((prefix, space, name))) is not None:
                made.setdefault((by, workload.target.namespace), set()).add(workload.target)
    for (by, space), own in sorted(made.items()):
        yield Freeze(f"Flux {by.kind} {by.namespace}/{by.name} is suspended", space, None, frozenset(own))
